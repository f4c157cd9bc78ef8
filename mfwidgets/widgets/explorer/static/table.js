// The table of runs: only the rows in view are in the page. One Tab stop, arrow keys move the active cell.

import { h, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "./preact_htm.js";
import { HeaderCell } from "./header.js";
import { ROW_HEIGHT, frozenIn, inSlots, inView, isShort, movedBy, sortedBy, tracks, uniqueId, widthOf } from "./rows.js";
import { GroupRow, Row } from "./table_row.js";

const TICK_WIDTH = 30, ASK_MS = 100;

/** Ask for the rows in view, also while the user scrolls, but not at each step. */
function useRows(connection, table, range) {
  const asked = useRef(""), timer = useRef(0), viewport = useRef(range);
  viewport.current = { range, version: table.version };
  const ask = () => {
    timer.current = 0;
    const { range: [start, stop], version } = viewport.current, key = `${version}:${start}:${stop}`;
    if (asked.current === key || stop === 0) return;
    asked.current = key;
    connection.ask("rows", { start, stop });
  };
  useEffect(() => { timer.current ||= setTimeout(ask, ASK_MS); }, [table.version, range[0], range[1]]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

/** What stands in a table without rows: why there are none, or that they are being read. */
function Nothing({ table, onNoFilter }) {
  if (!table.complete) return html`<div class="mfwx-empty"><p>${table.working || "Reading runs\u2026"}</p><p class="mfwx-faint mfwx-late">This takes long. The notebook can be used meanwhile, and rows appear when they come.</p></div>`;
  return html`<div class="mfwx-empty"><p>${table.notes.join(" ")}</p>${onNoFilter && html`<button type="button" onClick=${onNoFilter}>Remove the filter</button>`}</div>`;
}

/** Return the number of the column that an element of a row belongs to. -1 for the checkbox. */
function placeOf(node) {
  const cell = node.closest("[role=gridcell]");
  return cell ? [...cell.closest("[role=row]").querySelectorAll("[role=gridcell]")].indexOf(cell) - 1 : 0;
}

export function Table({ table, begins, connection, ticked, current, sort, group, onSort, onOpen, onNoFilter, onFold, onPin, onTicked, onMenu, onFilter, resized, onResize }) {
  const scroller = useRef(null), head = useRef(null), anchor = useRef(0);
  const [prefix] = useState(() => uniqueId("table"));
  const [view, setView] = useState({ top: 0, height: 400, width: 800 });
  const [active, setActive] = useState([-1, 0]);
  const { columns } = table;
  const count = group ? table.lines : table.complete ? table.loaded : Math.max(table.total, table.loaded), reach = group ? table.lines : table.loaded;
  const tight = isShort(columns, resized, view.width - TICK_WIDTH);
  const widths = columns.map(column => widthOf(column, resized, tight));
  const short = useMemo(() => columns.map(column => tight && !(column.name in resized)), [columns, resized, tight]);
  const width = widths.reduce((sum, one) => sum + one, TICK_WIDTH);
  const range = inView(view.top, view.height, Math.min(count, reach));
  const frozen = frozenIn(widths, table.frozen, view.width);
  useRows(connection, table, range);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => setView(old => ({ ...old, height: scroller.current?.clientHeight ?? 400, width: scroller.current?.clientWidth ?? 800 })));
    watch.observe(scroller.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => { if (scroller.current) scroller.current.scrollTop = 0; }, [begins]);

  const selected = useMemo(() => new Set(ticked), [ticked]);
  const activeId = active[0] < 0 ? `${prefix}-head-${active[1]}` : `${prefix}-${active[0]}-${active[1]}`;
  const rowAt = index => table.rows.get(index);
  const open = index => {
    const row = rowAt(index);
    if (row) row[3] ? onFold(row[3].key) : onOpen(row[0]);
  };
  const tick = (index, extend) => {
    const row = rowAt(index);
    if (!row && !extend) return;
    if (row?.[3] && !extend) return void connection.ask("select", { group: row[3].key });
    if (extend) {
      const [first, last] = [Math.min(anchor.current, index), Math.max(anchor.current, index)];
      const between = [...Array(last - first + 1)].map((_, number) => rowAt(first + number)?.[0]);
      if (between.every(Boolean) && !group) onTicked([...new Set([...ticked, ...between])]);
      else connection.ask("select", { first, last });  // Python knows the rows that this page has not seen
    } else {
      anchor.current = index;
      onTicked(selected.has(row[0]) ? ticked.filter(one => one !== row[0]) : [...ticked, row[0]]);
    }
  };
  const reveal = ([row, column]) => {
    const node = scroller.current, top = row * ROW_HEIGHT, header = head.current.offsetHeight;
    if (row >= 0 && top < node.scrollTop) node.scrollTop = top;
    if (row >= 0 && top + ROW_HEIGHT > node.scrollTop + node.clientHeight - header) node.scrollTop = top + ROW_HEIGHT - node.clientHeight + header;
    const left = widths.slice(0, column).reduce((sum, one) => sum + one, TICK_WIDTH);
    const stuck = widths.slice(0, frozen).reduce((sum, one) => sum + one, TICK_WIDTH);
    if (column >= frozen && left - stuck < node.scrollLeft) node.scrollLeft = left - stuck;
    if (column >= frozen && left + widths[column] > node.scrollLeft + node.clientWidth) node.scrollLeft = left + widths[column] - node.clientWidth;
    if (column === 0) node.scrollLeft = 0;
  };
  const key = event => {
    if (event.target.closest("input")) return;
    const page = Math.max(Math.floor(view.height / ROW_HEIGHT) - 4, 1);
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const [row, column] = active;
    const next = plain && movedBy(event.key, active, reach, columns.length, page);
    if (next) {
      if (event.shiftKey && next[0] !== row && row >= 0) {
        if (!selected.has(rowAt(row)?.[0])) anchor.current = row;
        tick(next[0], true);
      }
      setActive(next);
      reveal(next);
    } else if (event.key === "Enter" && row < 0) onSort(sortedBy(sort, columns[column].name, event.shiftKey));
    else if (event.key === "Enter") open(row);
    else if (event.key === " " && row < 0 || (event.key === "ArrowDown" && event.altKey) || event.key === "ContextMenu")
      onMenu(columns[column], head.current.querySelectorAll("[role=columnheader]")[column + 1] ?? head.current);
    else if (event.key === " ") tick(row, event.shiftKey);
    else if (event.key === "p" && plain && rowAt(row)?.[0]) onPin(rowAt(row)[0]);
    else if (event.key === "Escape" && ticked.length) onTicked([]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const click = (index, event) => {
    scroller.current.focus({ preventScroll: true });
    setActive([index, Math.max(placeOf(event.target), 0)]);
    if (event.ctrlKey || event.metaKey || event.shiftKey) tick(index, event.shiftKey);
    else { if (!rowAt(index)?.[3]) anchor.current = index; open(index); }
  };
  /** Give a cell its title when the pointer comes, because titles of all cells cost time while scrolling. */
  const entitled = event => {
    const cell = event.target.closest("[role=gridcell]"), place = cell ? placeOf(cell) : -1;
    if (place < 0) return;
    const line = cell.closest("[role=row]"), row = line.dataset.pin ? table.pins[Number(line.dataset.pin)] : rowAt(Number(line.getAttribute("aria-rowindex")) - 2);
    const [text, title] = row?.[2][place] ?? ["", ""];
    cell.title = title || text;
  };
  // While the table scrolls, unchanged headers and rows are the same nodes, so they are not drawn again.
  const drawn = useRef({ key: [], nodes: new Map() }), spare = useRef(0);
  const acts = useRef({});
  acts.current = { onSort, onMenu, onFilter, onResize, click, tick };
  const shown = [columns, selected, current, frozen, group, short];
  if (shown.some((one, place) => one !== drawn.current.key[place])) drawn.current = { key: shown, nodes: new Map() };
  const rowNode = index => {
    const place = active[0] === index ? active[1] : -1, row = rowAt(index), kept = drawn.current.nodes.get(index);
    if (kept && kept.place === place && kept.row === row) return kept;
    const node = h(row?.[3] ? GroupRow : Row, {
      key: index % spare.current, row, index, columns, frozen, short, level: group ? 2 : undefined, id: activeId, active: place, ticked: !!row && selected.has(row[0]),
      current: !!row && (current === row[0] || current.startsWith(`${row[0]}/`)),
      onClick: event => acts.current.click(index, event), onTick: extend => acts.current.tick(index, extend),
    });
    return { place, row, node };
  };
  const heads = useMemo(() => columns.map((column, number) => html`<${HeaderCell} key=${column.name} column=${column} number=${number} width=${widths[number]}
        id="${prefix}-head-${number}" sort=${sort} active=${active[0] < 0 && active[1] === number}
        onSort=${add => acts.current.onSort(sortedBy(sort, column.name, add))} onMenu=${node => acts.current.onMenu(column, node)}
        onRange=${(low, high) => acts.current.onFilter({ column: column.name, low, high })} onValue=${value => acts.current.onFilter({ column: column.name, value })}
        onResize=${wide => acts.current.onResize(column.name, wide)} />`),
    [columns, JSON.stringify(widths), sort, active[0] < 0 ? active[1] : -1]);
  const rows = [...Array(range[1] - range[0])].map((_, number) => range[0] + number);
  const nodes = new Map(rows.map(index => [index, rowNode(index)]));
  drawn.current.nodes = nodes;
  const slots = inSlots(rows, spare.current = Math.max(spare.current, rows.length));
  const all = rows.map(index => rowAt(index)?.[0]).filter(Boolean), allTicked = all.length > 0 && all.every(one => selected.has(one));
  return html`<div ref=${scroller} class="mfwx-grid" role=${group ? "treegrid" : "grid"} tabindex="0" aria-label="Runs" aria-rowcount=${count + 1} aria-colcount=${columns.length + 1}
      aria-multiselectable="true" aria-activedescendant=${active[0] < 0 || nodes.has(active[0]) ? activeId : undefined} aria-busy=${table.working ? "true" : "false"} data-lm-suppress-shortcuts="true"
      style=${{ "--mfwx-frozen": tracks([TICK_WIDTH, ...widths.slice(0, frozen)]), "--mfwx-rest": tracks(widths.slice(frozen)) }}
      onKeyDown=${key} onPointerOver=${entitled} onScroll=${event => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight, width: event.currentTarget.clientWidth })}>
    <div ref=${head} class="mfwx-top" role="rowgroup" style=${{ width }}>
    <div class="mfwx-heads" role="row" aria-rowindex="1" style=${{ width }}>
      <div role="presentation" class="mfwx-frozen"><div role="columnheader" class="mfwx-head mfwx-tick">
        <input type="checkbox" tabindex="-1" aria-label="select the runs in view" checked=${allTicked}
          onClick=${() => onTicked(allTicked ? ticked.filter(one => !all.includes(one)) : [...new Set([...ticked, ...all])])} /></div>
        ${heads.slice(0, frozen)}</div>
      <div role="presentation" class="mfwx-rest">${heads.slice(frozen)}</div>
    </div>
    ${table.pins.map((row, index) => h(Row, {
      key: row[0], row, index, columns, frozen, short, pinned: true, level: group ? 1 : undefined, active: -1, ticked: selected.has(row[0]), current: current === row[0] || current.startsWith(`${row[0]}/`),
      onClick: () => onOpen(row[0]), onTick: () => onTicked(selected.has(row[0]) ? ticked.filter(one => one !== row[0]) : [...ticked, row[0]]),
    }))}
    </div>
    <div class="mfwx-space" role="rowgroup" style=${{ height: count * ROW_HEIGHT, width }}>
      ${slots.map(index => nodes.get(index).node)}
    </div>
    ${table.loaded === 0 && !table.problem && html`<${Nothing} table=${table} onNoFilter=${onNoFilter} />`}
  </div>`;
}
