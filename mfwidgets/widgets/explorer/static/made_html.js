// Shows HTML that Python's templates made, and reports clicks on the objects in it, by mouse or keyboard.
// The templates have escaped all text in it. It contains no scripts, and innerHTML would not run them.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { morph } from "../../static/morph.js";

const CHOICES = "[data-pathspec]", STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Make objects reachable by keyboard: Tab goes to the first, arrow keys go to the others. */
function prepare(root) {
  const seen = new Set();
  let first = true;
  for (const node of root.querySelectorAll(CHOICES)) {
    node.tabIndex = first ? 0 : -1;
    first = false;
    node.setAttribute("role", "button");
    if (!node.getAttribute("aria-label")) node.setAttribute("aria-label", `open ${node.dataset.pathspec}`);
    seen.add(node.dataset.pathspec);
  }
}

/** Return which sections are open and which object has the focus, to restore them in new HTML. */
function remembered(root) {
  return {
    sections: new Map([...root.querySelectorAll("details > summary")].map(node => [node.textContent, node.parentElement.open])),
    focused: root.contains(document.activeElement) ? document.activeElement.dataset.pathspec : undefined,
  };
}

function restore(root, before) {
  for (const summary of root.querySelectorAll("details > summary")) {
    if (before.sections.has(summary.textContent)) summary.parentElement.open = before.sections.get(summary.textContent);
  }
  if (before.focused) [...root.querySelectorAll(CHOICES)].find(node => node.dataset.pathspec === before.focused)?.focus();
}

/** Return the pathspecs of the marks whose centres are in a rectangle. */
export function marksIn(nodes, box) {
  const found = new Set();
  for (const node of nodes) {
    const place = node.getBoundingClientRect();
    const x = (place.left + place.right) / 2, y = (place.top + place.bottom) / 2;
    if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) found.add(node.dataset.pathspec);
  }
  return [...found];
}

/** With `onBrush`, a drag over a chart selects its marks. With `morphs`, new HTML changes only what differs. */
export function MadeHtml({ source, busy, morphs, ticked = [], current = "", onOpen, onBrush }) {
  const root = useRef(null), from = useRef(null), moved = useRef(false);
  const [box, setBox] = useState(null);
  useEffect(() => {
    const before = remembered(root.current);
    if (morphs) morph(root.current, source);
    else root.current.innerHTML = source;
    prepare(root.current);
    restore(root.current, before);
  }, [source]);
  useEffect(() => {
    const chosen = new Set([...ticked, current]);
    for (const node of root.current.querySelectorAll("svg [data-pathspec]")) node.classList.toggle("mfwx-marked", chosen.has(node.dataset.pathspec));
  }, [source, ticked, current]);
  const click = event => {
    if (moved.current) { moved.current = false; return; }
    const node = event.target.closest(CHOICES);
    if (node && root.current.contains(node)) onOpen(node.dataset.pathspec);
  };
  const key = event => {
    const node = event.target.closest(CHOICES);
    if (!node || !root.current.contains(node)) return;
    if (event.key in STEPS) {
      const nodes = [...root.current.querySelectorAll(CHOICES)];
      nodes[Math.min(Math.max(nodes.indexOf(node) + STEPS[event.key], 0), nodes.length - 1)].focus();
    } else if (event.key === "Enter" || event.key === " ") onOpen(node.dataset.pathspec);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const rectangle = event => ({
    left: Math.min(from.current.x, event.clientX), right: Math.max(from.current.x, event.clientX),
    top: Math.min(from.current.y, event.clientY), bottom: Math.max(from.current.y, event.clientY),
  });
  const brush = onBrush && {
    onPointerDown: event => {
      if (event.button === 0 && event.target.closest("svg.mfw-chart")) from.current = { x: event.clientX, y: event.clientY };
    },
    onPointerMove: event => {
      if (!from.current) return;
      const place = rectangle(event);
      if (place.right - place.left + place.bottom - place.top < 6) return;
      event.preventDefault();
      setBox(place);
    },
    onPointerUp: event => {
      if (from.current && box) {
        moved.current = true;
        setTimeout(() => { moved.current = false; });
        onBrush(marksIn(root.current.querySelectorAll("svg [data-pathspec]"), rectangle(event)));
      }
      from.current = null;
      setBox(null);
    },
    onPointerLeave: () => { from.current = null; setBox(null); },
  };
  const frame = root.current?.parentElement.getBoundingClientRect();
  return html`<div class="mfwx-made ${busy ? "mfwx-busy" : ""}" aria-busy=${busy ? "true" : "false"} ...${brush ?? {}}>
    <div ref=${root} class="mfwx-html" onClick=${click} onKeyDown=${key}></div>
    ${box && frame && html`<div class="mfwx-brush" style=${{ left: box.left - frame.left, top: box.top - frame.top + root.current.parentElement.scrollTop, width: box.right - box.left, height: box.bottom - box.top }}></div>`}
  </div>`;
}
