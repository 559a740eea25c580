// SPDX-License-Identifier: Apache-2.0
// Tables marked data-sortable sort by their heads; a cell's data-value goes before its words.

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
}

function compare(one, other) {
  const [a, b] = [Number(one), Number(other)];
  if (one !== "" && other !== "" && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return one.localeCompare(other, "en-GB");
}

function sort(table, column, head) {
  const isUp = head.getAttribute("aria-sort") !== "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", isUp ? "ascending" : "descending");
  const [body] = table.tBodies;
  const rows = [...body.rows].sort(
    (a, b) => (isUp ? 1 : -1) * compare(valueOf(a, column), valueOf(b, column)),
  );
  body.append(...rows);
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if ("unsorted" in head.dataset) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "wk-sort";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, column, head));
  });
}
