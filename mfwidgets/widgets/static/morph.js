// Changes the content of an element into new HTML, and touches only what differs. So text stays selected, blocks stay
// scrolled, sections stay open, and nothing flickers.

/** Attributes that the page sets, or the user changes. They stay if the new HTML has none. */
const KEPT = new Set(["open", "role", "tabindex", "aria-label"]);

/** What makes an element the same one in new HTML: its kind, and the heading of a section or the object that it names. */
function identity(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
  const key = node.localName === "details" ? node.querySelector("summary")?.firstChild?.textContent : node.dataset?.pathspec;
  return `${node.nodeName} ${key ?? ""}`;
}

function matchAttributes(node, target) {
  for (const { name } of [...node.attributes]) {
    if (!target.hasAttribute(name) && !KEPT.has(name)) node.removeAttribute(name);
  }
  for (const { name, value } of [...target.attributes]) {
    if (name !== "open" && node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
}

function matchChildren(node, target) {
  let here = node.firstChild;
  for (const next of [...target.childNodes]) {
    const same = identity(next);
    let found = here;
    while (found && identity(found) !== same) found = found.nextSibling;
    if (!found) {
      node.insertBefore(next, here);
      continue;
    }
    while (here !== found) {
      const gone = here;
      here = here.nextSibling;
      gone.remove();
    }
    here = found.nextSibling;
    if (found.isEqualNode(next)) continue;
    if (found.nodeType === Node.ELEMENT_NODE) {
      matchAttributes(found, next);
      matchChildren(found, next);
    } else found.data = next.data;
  }
  while (here) {
    const gone = here;
    here = here.nextSibling;
    gone.remove();
  }
}

/** Make the content of `root` equal to `source`: HTML of Python's templates. Scripts in it would not run. */
export function morph(root, source) {
  const target = document.createElement("template");
  target.innerHTML = source;
  matchChildren(root, target.content);
}
