// The explorer: a bar with the filter line, the table or charts on the left, the selected object on the right.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { Connection, useFollowing, useTrait } from "./connection.js";
import { EMPTY_TABLE, toggled, uniqueId, withMessage } from "./rows.js";
import { Table } from "./table.js";
import { FilterLine } from "./filter_line.js";
import { ColumnMenu, ColumnsMenu, ViewsMenu } from "./menus.js";
import { ChartPane, ComparePane } from "./chart_pane.js";
import { RunPane, Tabs } from "./run_pane.js";
import { mount, pictured } from "../../static/mount.js";

const NARROW = 720, PLACES = ["runs", "charts", "compare"], MAX_PINNED = 8;

/** A line that the user drags, or moves with arrow keys. */
function Separator({ label, value, vertical, onMove, keys }) {
  const from = useRef(null);
  return html`<div role="separator" tabindex="0" aria-label=${label} aria-orientation=${vertical ? "vertical" : "horizontal"}
    aria-valuenow=${Math.round(value)} aria-valuemin="0" aria-valuemax="2000" class=${vertical ? "mfwx-splitter" : "mfwx-bottom"} data-lm-suppress-shortcuts="true"
    onPointerDown=${event => { from.current = true; event.target.setPointerCapture(event.pointerId); }}
    onPointerMove=${event => from.current && onMove(event)} onPointerUp=${() => { from.current = null; }}
    onKeyDown=${event => { if (event.key in keys) { keys[event.key](); event.preventDefault(); event.stopPropagation(); } }}></div>`;
}

/** Return the objects that were selected before, as a browser does. */
function useHistory(pathspec, setPathspec) {
  const past = useRef([]), future = useRef([]), now = useRef("");
  useEffect(() => {
    if (pathspec === now.current) return;
    if (now.current) past.current.push(now.current);
    future.current = [];
    now.current = pathspec;
  }, [pathspec]);
  const go = (from, to) => () => {
    if (!from.current.length) return;
    to.current.push(now.current);
    now.current = from.current.pop();
    setPathspec(now.current);
  };
  return { back: past.current.length > 0, forward: future.current.length > 0, onBack: go(past, future), onForward: go(future, past) };
}

function counted(table, ticked) {
  const known = table.complete ? "" : table.total > table.loaded ? ` of ${table.total.toLocaleString("en")}` : " so far";
  const selected = ticked.length ? `, ${ticked.length.toLocaleString("en")} selected` : "";
  return `${table.loaded.toLocaleString("en")}${known} run${table.loaded === 1 ? "" : "s"}${selected}`;
}

function Explorer({ model, root, connection }) {
  const [table, setTable] = useState(EMPTY_TABLE), [menu, setMenu] = useState(null);
  const [refreshed, setRefreshed] = useState(0), [alive, setAlive] = useState(false), [seen, setSeen] = useState(null), [narrow, setNarrow] = useState(false), [resized, setResized] = useState({});
  const [flow, setFlow] = useTrait(model, "flow"), [namespace, setNamespace] = useTrait(model, "namespace");
  const [where, setWhere] = useTrait(model, "where"), [sort, setSort] = useTrait(model, "sort");
  const [columns, setColumns] = useTrait(model, "columns"), [ticked, setTicked] = useTrait(model, "ticked");
  const [pathspec, setPathspec] = useTrait(model, "pathspec"), [tab, setTab] = useTrait(model, "tab");
  const [place, setPlace] = useTrait(model, "place"), [chart, setChart] = useTrait(model, "chart");
  const [group, setGroup] = useTrait(model, "group"), [folded, setFolded] = useTrait(model, "folded");
  const [pinned, setPinned] = useTrait(model, "pinned"), [pinnedColumns, setPinnedColumns] = useTrait(model, "pinned_columns");
  const [views, setViews] = useTrait(model, "views"), [height, setHeight] = useTrait(model, "height"), [share, setShare] = useTrait(model, "share");
  const sides = useRef(null);
  const [listId] = useState(() => uniqueId("namespaces"));
  useEffect(() => {
    const stop = connection.listen(message => {
      if (message.push === "table" || message.push === "rows") setTable(old => withMessage(old, message));
      if (message.push === "refreshed") setRefreshed(old => old + 1);
    });
    const watch = new ResizeObserver(() => setNarrow(root.clientWidth > 0 && root.clientWidth < NARROW));
    watch.observe(root);
    connection.ask("hello", {});
    return () => { stop(); watch.disconnect(); };
  }, []);
  const paneAsks = alive && pathspec ? { pathspec, tab } : {};
  useFollowing(connection, table.running > 0 || (alive && !!pathspec), paneAsks, (asked, pane) => setSeen({ asked, pane }));
  const history = useHistory(pathspec, setPathspec);
  const grid = () => root.querySelector(".mfwx-grid");
  const close = back => {
    if (back) (menu?.kind === "column" ? grid() : menu?.anchor)?.focus();
    setMenu(null);
  };
  const pop = { root, onClose: close, anchor: menu?.anchor };
  const filter = content => connection.ask("filter", content);
  const resize = (name, width) => setResized(old => ({ ...old, [name]: width }));
  const headWidth = name => [...root.querySelectorAll(".mfwx-head")].find(node => node.dataset.column === name)?.offsetWidth ?? 120;
  const column = menu?.kind === "column" && table.columns.find(one => one.name === menu.name);
  const names = columns.length ? columns : table.columns.map(one => one.name);
  const groupBy = name => { setFolded([]); setGroup(name); };
  const changeFlow = name => { setTicked([]); setPathspec(""); setSort([]); setColumns([]); setWhere(""); groupBy(""); setPinned([]); setPinnedColumns([]); setFlow(name); };
  const openView = view => { setWhere(view.where ?? ""); setSort(view.sort ?? []); setColumns(view.columns ?? []); groupBy(view.group ?? ""); setPinnedColumns(view.pinned ?? []); };
  const flows = table.flows.includes(flow) || !flow ? table.flows : [flow, ...table.flows];
  const split = event => {
    const box = sides.current.getBoundingClientRect();
    setShare(Math.min(Math.max((event.clientX - box.left) / box.width, 0.25), 0.8));
  };
  const labels = { runs: "Runs", charts: "Charts", compare: ticked.length ? `Compare (${ticked.length})` : "Compare" };
  return html`<div class="mfwx ${narrow ? "mfwx-narrow" : ""} ${pathspec ? "mfwx-opened" : ""}" style=${{ height }}>
    <div class="mfwx-bar" role="toolbar" aria-label="Explorer">
      <label class="mfwx-flow"><span class="mfwx-hidden">Flow</span><select aria-label="Flow" value=${flow} onChange=${event => changeFlow(event.target.value)}>
        ${flows.map(name => html`<option key=${name} value=${name} selected=${name === flow}>${name}</option>`)}</select></label>
      <${FilterLine} value=${where} problem=${table.problem} connection=${connection} onChange=${setWhere} />
      <input type="text" class="mfwx-namespace" aria-label="Namespace" title="Namespace. Empty for all runs" placeholder="all runs" value=${namespace} size="11" list=${`${listId}`}
        onChange=${event => setNamespace(event.target.value.trim())} onKeyDown=${event => event.stopPropagation()} />
      <datalist id=${listId}>${table.namespaces.map(name => html`<option key=${name} value=${name} />`)}</datalist>
      <button type="button" aria-haspopup="dialog" onClick=${event => setMenu({ kind: "columns", anchor: event.currentTarget })}>Columns</button>
      <button type="button" aria-haspopup="dialog" onClick=${event => setMenu({ kind: "views", anchor: event.currentTarget })}>Views</button>
      <button type="button" title="Read everything again" onClick=${() => connection.ask("refresh", {})}>Refresh</button>
    </div>
    <div ref=${sides} class="mfwx-sides">
      <div class="mfwx-left" style=${pathspec && !narrow ? { flex: `0 0 ${share * 100}%` } : {}}>
        <div class="mfwx-line"><${Tabs} names=${PLACES} labels=${labels} value=${place} label="Runs, charts and comparison" onChange=${setPlace} />
          <span class="mfwx-grow"></span>
          ${table.sort.length > 0 && html`<button type="button" class="mfwx-link" onClick=${() => setSort([])}>newest first</button>`}
          ${group && html`<button type="button" class="mfwx-link" onClick=${() => groupBy("")}>no groups</button>`}
          ${pinned.length > 0 && html`<button type="button" class="mfwx-link" onClick=${() => setPinned([])}>unpin</button>`}
          ${ticked.length > 0 && html`<button type="button" class="mfwx-link" title="Keep the selected runs at the top (p pins one)" onClick=${() => setPinned([...new Set([...pinned, ...ticked])].slice(0, MAX_PINNED))}>pin</button>
            <button type="button" class="mfwx-link" onClick=${() => setTicked([])}>select none</button>`}
          <span role="status" class="mfwx-faint">${table.working ? `${table.working} ` : ""}${counted(table, ticked)}</span></div>
        ${table.problem && html`<p role="alert" class="mfwx-problem">${table.problem}
          ${table.retry && html` <button type="button" onClick=${() => connection.ask("refresh", {})}>Try again</button>`}</p>`}
        ${place === "runs" && html`<${Table} table=${table} begins=${`${flow}\n${where}\n${JSON.stringify(sort)}`} connection=${connection} ticked=${ticked} current=${pathspec} sort=${sort} group=${group} onSort=${setSort}
          onNoFilter=${where && (() => setWhere(""))} onFold=${key => setFolded(toggled(folded, key))} onPin=${one => setPinned(toggled(pinned, one).slice(-MAX_PINNED))}
          onOpen=${setPathspec} onTicked=${setTicked} onFilter=${filter} resized=${resized} onResize=${resize}
          onMenu=${(one, anchor) => setMenu({ kind: "column", name: one.name, anchor })} />`}
        ${place === "charts" && html`<${ChartPane} table=${table} chart=${chart} connection=${connection} ticked=${ticked} current=${pathspec.split("/").slice(0, 2).join("/")} onChart=${setChart} onOpen=${setPathspec} onTicked=${setTicked} />`}
        ${place === "compare" && html`<${ComparePane} ticked=${ticked} connection=${connection} onOpen=${setPathspec} />`}
      </div>
      ${pathspec && !narrow && html`<${Separator} label="Width of the left side" value=${share * 100} vertical onMove=${split}
        keys=${{ ArrowLeft: () => setShare(Math.max(share - 0.03, 0.25)), ArrowRight: () => setShare(Math.min(share + 0.03, 0.8)) }} />`}
      ${pathspec && html`<${RunPane} pathspec=${pathspec} tab=${tab} connection=${connection} refreshed=${refreshed} seen=${seen} onAlive=${setAlive} onTab=${setTab} onOpen=${setPathspec}
        onClose=${() => setPathspec("")} ...${history} />`}
    </div>
    <${Separator} label="Height of the explorer" value=${height} onMove=${event => setHeight(Math.round(Math.min(Math.max(event.clientY - root.getBoundingClientRect().top, 320), 1600)))}
      keys=${{ ArrowUp: () => setHeight(Math.max(height - 40, 320)), ArrowDown: () => setHeight(Math.min(height + 40, 1600)) }} />
    ${column && html`<${ColumnMenu} ...${pop} column=${column} names=${names} sort=${sort} group=${group} pinnedColumns=${pinnedColumns} onSort=${setSort} onGroup=${groupBy} onPinned=${setPinnedColumns} onColumns=${setColumns}
      onRange=${(low, high) => filter({ column: column.name, low, high })} onValue=${value => filter({ column: column.name, value })}
      onClear=${() => filter({ column: column.name })} onWider=${by => resize(column.name, Math.max(headWidth(column.name) + by, 56))} />`}
    ${menu?.kind === "columns" && html`<${ColumnsMenu} ...${pop} available=${table.available} names=${names} isChosen=${columns.length > 0} onColumns=${setColumns} />`}
    ${menu?.kind === "views" && html`<${ViewsMenu} ...${pop} views=${views} onOpen=${openView} onSave=${name => setViews({ ...views, [name]: { where, sort, columns: names, group, pinned: pinnedColumns } })}
      onDelete=${name => setViews(Object.fromEntries(Object.entries(views).filter(one => one[0] !== name)))} />`}
  </div>`;
}

export default {
  render({ model, el }) {
    const connection = new Connection(model);
    const close = mount(model, el, root => html`<${Explorer} model=${model} root=${root} connection=${connection} />`);
    const end = pictured(model, el);
    return () => {
      end();
      close();
      connection.close();
    };
  },
};
