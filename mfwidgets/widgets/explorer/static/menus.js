// Menus that open below a button: of a column, of all columns, and of saved views.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { moved, toggled } from "./rows.js";

/** A box below an anchor. Escape and a click elsewhere close it. The first control in it gets the focus. */
export function Popup({ anchor, root, label, onClose, children }) {
  const box = useRef(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useEffect(() => {
    const from = anchor.getBoundingClientRect(), frame = root.getBoundingClientRect();
    const width = box.current.offsetWidth;
    const top = from.bottom - frame.top + 2;
    setPlace({
      left: Math.max(Math.min(from.left - frame.left, frame.width - width - 8), 4),
      top: Math.min(top, Math.max(frame.height - box.current.offsetHeight - 8, 4)),
    });
    box.current.querySelector("button,input,select")?.focus();
    const away = event => { if (!box.current?.contains(event.target)) onClose(false); };
    const timer = setTimeout(() => document.addEventListener("pointerdown", away, true));
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerdown", away, true);
    };
  }, [anchor]);
  const key = event => {
    const controls = [...box.current.querySelectorAll("button,input,select")];
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") onClose(true);
    else if (by) controls[Math.min(Math.max(controls.indexOf(document.activeElement) + by, 0), controls.length - 1)]?.focus();
    else return void event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div ref=${box} class="mfwx-popup" role="dialog" aria-label=${label} data-lm-suppress-shortcuts="true"
    style=${{ left: place.left, top: place.top }} onKeyDown=${key}>${children}</div>`;
}

const Item = ({ onClick, children, title }) =>
  html`<button type="button" class="mfwx-item" title=${title} onClick=${onClick}>${children}</button>`;

/** The range of numbers that a filter keeps. */
function Range({ onRange }) {
  const low = useRef(null), high = useRef(null);
  const apply = event => {
    event.preventDefault();
    const [from, to] = [low.current.value, high.current.value].map(text => (text.trim() === "" ? NaN : Number(text)));
    if (!Number.isNaN(from) && !Number.isNaN(to)) onRange(from, to);
  };
  return html`<form class="mfwx-form" onSubmit=${apply}>
    <label>from <input ref=${low} type="text" inputmode="decimal" size="7" /></label>
    <label>to <input ref=${high} type="text" inputmode="decimal" size="7" /></label>
    <button type="submit">Filter</button></form>`;
}

export function ColumnMenu({ column, names, sort, group, pinnedColumns, onSort, onGroup, onPinned, onColumns, onRange, onValue, onClear, onWider, ...popup }) {
  const then = act => () => { act(); popup.onClose(true); };
  const others = sort.filter(key => key[0] !== column.name);
  const { facts } = column;
  return html`<${Popup} label="Column ${column.heading}" ...${popup}>
    <${Item} onClick=${then(() => onSort([[column.name, true]]))}>\u25b2 Sort, small first</${Item}>
    <${Item} onClick=${then(() => onSort([[column.name, false]]))}>\u25bc Sort, large first</${Item}>
    ${others.length > 0 && html`<${Item} onClick=${then(() => onSort([...others, [column.name, true]]))}>\u25b2 Sort also by this</${Item}>`}
    ${sort.length > 0 && html`<${Item} onClick=${then(() => onSort([]))}>Newest first</${Item}>`}
    <hr />
    ${column.name !== "run_id" && html`<${Item} onClick=${then(() => onGroup(group === column.name ? "" : column.name))}>${group === column.name ? "No groups" : "\u25be Group by this"}</${Item}>`}
    ${names[0] !== column.name && html`<${Item} onClick=${then(() => onPinned(toggled(pinnedColumns, column.name)))}>${pinnedColumns.includes(column.name) ? "Unpin the column" : "Pin to the left"}</${Item}>`}
    <${Item} onClick=${then(() => onColumns(moved(names, column.name, -1)))}>\u2190 Move to the left</${Item}>
    <${Item} onClick=${then(() => onColumns(moved(names, column.name, 1)))}>\u2192 Move to the right</${Item}>
    <${Item} onClick=${() => onWider(24)}>Wider</${Item}>
    <${Item} onClick=${() => onWider(-24)}>Narrower</${Item}>
    ${names.length > 1 && html`<${Item} onClick=${then(() => onColumns(names.filter(name => name !== column.name)))}>Hide</${Item}>`}
    ${column.filters && html`<hr />
      ${column.filtered && html`<${Item} onClick=${then(onClear)}>Remove this filter</${Item}>`}
      ${facts.bins && column.kind === "number" && html`<${Range} onRange=${(low, high) => then(() => onRange(low, high))()} />`}
      ${facts.counts && facts.counts.map(([text, number, value]) => html`<${Item} key=${value} onClick=${then(() => onValue(value))}>
        <span class="mfwx-grow">${text}</span><span class="mfwx-faint">${number.toLocaleString("en")}</span></${Item}>`)}
      ${facts.others > 0 && html`<p class="mfwx-faint">and ${facts.others.toLocaleString("en")} other values</p>`}`}
  </${Popup}>`;
}

export function ColumnsMenu({ available, names, isChosen, onColumns, ...popup }) {
  const [text, setText] = useState("");
  const groups = ["facts", "parameters", "results"];
  const toggle = name => onColumns(names.includes(name) ? names.filter(one => one !== name) : [...names, name]);
  const matching = available.filter(one => one[1].toLowerCase().includes(text.toLowerCase()));
  return html`<${Popup} label="Columns" ...${popup}>
    <input type="search" class="mfwx-search" placeholder="find a column" aria-label="Find a column" value=${text}
      onInput=${event => setText(event.target.value)} />
    <div class="mfwx-list">
      ${groups.map(group => {
        const inGroup = matching.filter(one => one[2] === group);
        return inGroup.length > 0 && html`<fieldset key=${group}><legend>${group}</legend>
          ${inGroup.map(([name, heading]) => html`<label key=${name} class="mfwx-check">
            <input type="checkbox" checked=${names.includes(name)} disabled=${names.length === 1 && names[0] === name}
              onChange=${() => toggle(name)} /> ${heading}</label>`)}</fieldset>`;
      })}
    </div>
    ${isChosen && html`<${Item} onClick=${() => { onColumns([]); popup.onClose(true); }}>Let the explorer choose</${Item}>`}
  </${Popup}>`;
}

export function ViewsMenu({ views, onOpen, onSave, onDelete, ...popup }) {
  const [name, setName] = useState("");
  const save = event => {
    event.preventDefault();
    if (name.trim()) onSave(name.trim().slice(0, 60));
    setName("");
  };
  return html`<${Popup} label="Saved views" ...${popup}>
    ${Object.keys(views).map(one => html`<div class="mfwx-line" key=${one}>
      <${Item} onClick=${() => { onOpen(views[one]); popup.onClose(true); }}>${one}</${Item}>
      <button type="button" aria-label="Delete the view ${one}" onClick=${() => onDelete(one)}>\u2715</button></div>`)}
    <form class="mfwx-form" onSubmit=${save}>
      <input type="text" aria-label="Name of the view" placeholder="name" size="16" value=${name} onInput=${event => setName(event.target.value)} />
      <button type="submit">Save this view</button></form>
    <p class="mfwx-faint">A view keeps the filter, the order, the columns and the groups.</p>
  </${Popup}>`;
}
