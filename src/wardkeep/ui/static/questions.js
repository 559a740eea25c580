// SPDX-License-Identifier: Apache-2.0
// Hides the questions of a form that are not asked, given the answers to others.
// The server judges the same conditions again; without this script all are shown, each
// with its condition in words.

const questions = [...document.querySelectorAll("[data-when]")];

function answersTo(form, field) {
  const found = [];
  for (const [name, value] of new FormData(form)) {
    if (name === field && value.trim()) found.push(value.trim());
    const ticked = name.startsWith(`${field}-o`) && /^\d+$/.test(name.slice(field.length + 2));
    if (ticked) found.push(name.slice(field.length + 2));
  }
  return found;
}

function compared(operator, mine, wanted) {
  if (Array.isArray(wanted)) return wanted.includes(mine);
  const [a, b] = [Number(mine.replace(",", ".")), Number(wanted)];
  const areNumbers = !Number.isNaN(a) && !Number.isNaN(b);
  const [one, other] = areNumbers ? [a, b] : [mine, wanted];
  switch (operator) {
    case ">": return one > other;
    case "<": return one < other;
    case ">=": return one >= other;
    case "<=": return one <= other;
    default: return one === other;
  }
}

function holds(form, when) {
  const hiddenBy = document.getElementsByName(when.field)[0]?.closest("[data-when]");
  const mine = hiddenBy?.hidden ? [] : answersTo(form, when.field);
  if (when.operator === "exists") return (mine.length > 0) === when.exists;
  if (when.operator === "!=") return !mine.some((one) => compared("=", one, when.is));
  return mine.some((one) => compared(when.operator, one, when.is));
}

function look() {
  for (const question of questions) {
    const { any, all } = JSON.parse(question.dataset.when);
    const form = question.closest("form");
    const held = all.map((when) => holds(form, when));
    question.hidden = !(any ? held.some(Boolean) : held.every(Boolean));
  }
}

for (const note of document.querySelectorAll(".wk-only-if")) note.hidden = true;
document.addEventListener("input", look);
look();
