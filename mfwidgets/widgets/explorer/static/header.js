// The header of a column: its name, its order, and a small picture of its values that filters.

import { html, useRef, useState } from "./preact_htm.js";
import { brushed } from "./rows.js";

const HEIGHT = 26;

/** A histogram. A drag over it filters by a range, a click by one bin. */
function Bins({ facts, onRange }) {
  const [drag, setDrag] = useState(null);
  const box = useRef(null);
  const count = facts.bins.length;
  const share = event => {
    const place = box.current.getBoundingClientRect();
    return (event.clientX - place.left) / Math.max(place.width, 1);
  };
  const down = event => {
    if (event.button !== 0) return;
    event.stopPropagation();
    box.current.setPointerCapture(event.pointerId);
    setDrag([share(event), share(event)]);
  };
  const up = event => {
    if (!drag) return;
    const [first, last] = brushed(drag[0], share(event), count);
    setDrag(null);
    onRange(facts.bins[first][0], facts.bins[last][1]);
  };
  const range = drag && brushed(drag[0], drag[1], count);
  return html`<svg ref=${box} class="mfwx-bins" viewBox="0 0 ${count} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"
      onPointerDown=${down} onPointerMove=${event => drag && setDrag([drag[0], share(event)])} onPointerUp=${up}
      onPointerCancel=${() => setDrag(null)} onClick=${event => event.stopPropagation()}>
    ${facts.bins.map(([low, high, size, title], place) => html`<g key=${place}>
      <rect class="mfwx-catch" x=${place} y="0" width="1" height=${HEIGHT}><title>${title}</title></rect>
      <rect class=${range && (place < range[0] || place > range[1]) ? "mfwx-pile mfwx-out" : "mfwx-pile"} x=${place + 0.06}
        y=${HEIGHT - Math.max(size * HEIGHT, size ? 1.5 : 0)} width="0.88" height=${Math.max(size * HEIGHT, size ? 1.5 : 0)}
        pointer-events="none" /></g>`)}
  </svg>`;
}

/** The most frequent values as pieces of a bar. A click on one filters. */
function Counts({ column, onValue }) {
  const { counts, all } = column.facts;
  const rest = Math.max(all - counts.reduce((sum, one) => sum + one[1], 0), 0);
  return html`<div class="mfwx-counts" aria-hidden="true">
    ${counts.map(([text, number, value]) => html`<span key=${value} title="${text}: ${number.toLocaleString("en")}"
      class="mfwx-count ${column.name === "status" ? `mfwx-is-${value}` : ""}" style=${{ flexGrow: number }}
      onClick=${event => { event.stopPropagation(); onValue(value); }}>${text}</span>`)}
    ${rest > 0 && html`<span class="mfwx-count mfwx-rest" style=${{ flexGrow: rest }} title="others">\u2026</span>`}
  </div>`;
}

export function HeaderCell({ column, id, width, sort, active, onSort, onMenu, onRange, onValue, onResize }) {
  const place = sort.findIndex(key => key[0] === column.name);
  const rises = place >= 0 && sort[place][1];
  const sign = place < 0 ? "" : `${rises ? "\u25b2" : "\u25bc"}${sort.length > 1 ? place + 1 : ""}`;
  const { facts } = column;
  const start = useRef(null);
  const grip = {
    onPointerDown: event => {
      event.stopPropagation();
      event.target.setPointerCapture(event.pointerId);
      start.current = event.clientX - width;
    },
    onPointerMove: event => start.current !== null && onResize(Math.max(event.clientX - start.current, 56)),
    onPointerUp: () => { start.current = null; },
    onClick: event => event.stopPropagation(),
  };
  return html`<div role="columnheader" id=${id}
      aria-sort=${place < 0 ? "none" : rises ? "ascending" : "descending"} data-column=${column.name}
      class="mfwx-head ${active ? "mfwx-active" : ""} mfwx-k-${column.kind}">
    <div class="mfwx-headline" title="${column.heading}: click to sort, with Shift to add a key" onClick=${event => onSort(event.shiftKey)}>
      <span class="mfwx-name">${column.heading}</span><span class="mfwx-sign">${sign}</span>
      <span class="mfwx-more ${column.filtered ? "mfwx-filtered" : ""}" title=${column.filtered ? "filtered; more" : "more"}
        onClick=${event => { event.stopPropagation(); onMenu(event.currentTarget); }}>${column.filtered ? "\u25cf" : "\u22ee"}</span>
    </div>
    ${facts.bins && html`<${Bins} facts=${facts} onRange=${column.filters ? onRange : () => {}} />
      <div class="mfwx-range"><span>${facts.low}</span><span>${facts.high}</span></div>`}
    ${facts.counts && html`<${Counts} column=${column} onValue=${column.filters ? onValue : () => {}} />`}
    <span class="mfwx-grip" ...${grip}></span>
  </div>`;
}
