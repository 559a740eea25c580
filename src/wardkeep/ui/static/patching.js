// SPDX-License-Identifier: Apache-2.0
// Makes what is shown like a tree of names and words (parts.py), changing only what
// differs: focus, scroll, open details and what is being typed stay.

function grown(tree) {
  if (typeof tree === "string") return document.createTextNode(tree);
  const [name, attributes, ...children] = tree;
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.map(grown));
  return node;
}

function keyOf(tree) {
  return typeof tree === "string" ? "" : (tree[1]["data-key"] ?? tree[1].id ?? "");
}

function keyOfNode(node) {
  return node.dataset ? (node.dataset.key ?? node.id) : "";
}

function isLike(node, tree) {
  if (typeof tree === "string") return node.nodeType === Node.TEXT_NODE;
  return node.localName === tree[0] && keyOfNode(node) === keyOf(tree);
}

function patchAttributes(node, wanted) {
  // Whether it is open, or held because the page is not live, is not the server's.
  if ("disabled" in wanted) delete node.dataset.held;
  const ours = new Set("held" in node.dataset ? ["data-held", "disabled", "open"] : ["open"]);
  for (const { name } of [...node.attributes]) {
    if (!(name in wanted) && !ours.has(name)) node.removeAttribute(name);
  }
  for (const [name, value] of Object.entries(wanted)) {
    if (node.getAttribute(name) !== value && name !== "open") node.setAttribute(name, value);
  }
}

function patchNode(node, tree) {
  if (typeof tree === "string") {
    if (node.data !== tree) node.data = tree;
    return;
  }
  const [, attributes, ...children] = tree;
  patchAttributes(node, attributes);
  patchChildren(node, children);
}

function patchChildren(parent, trees) {
  const keys = new Set(trees.map(keyOf));
  for (const node of [...parent.childNodes]) {
    const key = keyOfNode(node);
    if (key && !keys.has(key)) node.remove();
  }
  let next = parent.firstChild;
  for (const tree of trees) {
    let found = next && isLike(next, tree) ? next : null;
    if (!found && keyOf(tree)) {
      found = [...parent.children].find((one) => isLike(one, tree));
    }
    if (found) patchNode(found, tree);
    else found = grown(tree);
    if (found === next) next = next.nextSibling;
    else parent.insertBefore(found, next);
  }
  while (next) {
    const last = next;
    next = next.nextSibling;
    last.remove();
  }
}

export function patch(part, trees) {
  const focused = document.activeElement;
  patchChildren(part, trees);
  // What is moved in a list loses the focus.
  const isLost = focused !== document.activeElement && part.contains(focused);
  if (isLost) focused.focus({ preventScroll: true });
}
