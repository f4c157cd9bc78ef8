// A row of the table: a checkbox and cells of text. Few nodes with few attributes, because a scroll draws many of them.

import { h } from "./preact_htm.js";
import { ROW_HEIGHT, shortTime } from "./rows.js";

const SIGNS = { completed: "\u2713", caught: "!", failed: "\u2717", killed: "\u2717", running: "\u25b6", unknown: "?" };

const isBest = (column, cell) =>
  typeof column.facts.best === "number" && cell && cell[0] !== "" && Number(cell[1] || cell[0].replaceAll(",", "")) === column.facts.best;

function cellOf(column, cell, id, active, short) {
  const known = cell !== null, text = cell ? cell[0] : known ? "" : "\u2026";
  const classes = `mfwx-cell mfwx-k-${column.kind}${active ? " mfwx-active" : ""}${known ? "" : " mfwx-unread"}`;
  const props = { role: "gridcell", key: column.name, class: classes };
  if (active) props.id = id;
  if (column.kind === "status" && cell && text) {
    props["data-status"] = text;
    return h("div", props, h("span", { class: "mfwx-status" }, `${SIGNS[text] ?? "?"} ${text}`));
  }
  if (column.kind === "code") return h("div", props, h("span", { class: "mfwx-id" }, text));
  if (short && column.kind === "time") return h("div", props, shortTime(text));
  return isBest(column, cell) ? h("div", props, text, h("span", { class: "mfwx-best", title: "the best" }, "\u2605")) : h("div", props, text);
}

/** Return the row of a group: its value, how many runs it has, and the best and the median of numbers. */
export function GroupRow({ row, index, columns, frozen, id, active, ticked, onClick, onTick }) {
  const { open, count } = row[3];
  const drawn = columns.map((column, number) => h("div", {
    role: "gridcell", key: column.name, id: active === number ? id : undefined,
    class: `mfwx-cell mfwx-k-${number ? column.kind : "text"}${active === number ? " mfwx-active" : ""}`,
  }, number ? row[2][number]?.[0] : h("span", null, open ? "\u25be " : "\u25b8 ", row[1])));
  const box = h("div", { role: "gridcell", class: "mfwx-cell mfwx-tick" }, h("input", {
    type: "checkbox", tabindex: -1, checked: ticked, "aria-label": `select the ${count} runs of ${row[1]}`,
    onClick: event => { event.preventDefault(); event.stopPropagation(); onTick(false); },
  }));
  return h("div", {
    role: "row", "aria-rowindex": index + 2, "aria-expanded": open, "aria-level": 1, onClick, class: "mfwx-row mfwx-group",
    style: { transform: `translateY(${index * ROW_HEIGHT}px)` },
  }, h("div", { role: "presentation", class: "mfwx-frozen" }, box, drawn.slice(0, frozen)), h("div", { role: "presentation", class: "mfwx-rest" }, drawn.slice(frozen)));
}

/** Return the row of a run. `frozen` columns stay visible while the table scrolls to the right. Times in `short` columns are cut. */
export function Row({ row, index, columns, frozen, short, id, level, pinned, ticked, current, active, onClick, onTick }) {
  const cells = row ? row[2] : [];
  const drawn = columns.map((column, number) => cellOf(column, cells[number], id, active === number, short[number]));
  const box = h("div", { role: "gridcell", class: "mfwx-cell mfwx-tick" }, h("input", {
    type: "checkbox", tabindex: -1, checked: ticked, "aria-label": `select ${row ? row[1] : index + 1}`,
    onClick: event => { event.stopPropagation(); onTick(event.shiftKey); },
  }));
  return h("div", {
    role: "row", "aria-rowindex": pinned ? undefined : index + 2, "aria-level": level, "aria-selected": ticked, "data-pin": pinned ? index : undefined, "aria-current": current ? "true" : undefined, onClick,
    style: pinned ? undefined : { transform: `translateY(${index * ROW_HEIGHT}px)` },
    class: `mfwx-row${pinned ? " mfwx-pinned" : ""}${row ? "" : " mfwx-unknown"}${ticked ? " mfwx-ticked" : ""}${current ? " mfwx-current" : ""}`,
  }, h("div", { role: "presentation", class: "mfwx-frozen" }, box, drawn.slice(0, frozen)), h("div", { role: "presentation", class: "mfwx-rest" }, drawn.slice(frozen)));
}
