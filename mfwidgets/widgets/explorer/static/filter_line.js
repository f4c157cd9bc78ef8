// The filter line, with completion of its last term.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { uniqueId } from "./rows.js";

const PAUSE_MS = 80;

export function FilterLine({ value, problem, connection, onChange }) {
  const [text, setText] = useState(value);
  const [lines, setLines] = useState([]);
  const [place, setPlace] = useState(-1);
  const timer = useRef(0), box = useRef(null), [id] = useState(() => uniqueId("lines"));
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const close = () => { setLines([]); setPlace(-1); };
  const complete = typed => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      connection.ask("complete", { text: typed }, answer => {
        setLines((answer.lines ?? []).filter(line => line !== typed));
        setPlace(-1);
      });
    }, PAUSE_MS);
  };
  const typed = event => {
    setText(event.target.value);
    complete(event.target.value);
  };
  const apply = line => {
    clearTimeout(timer.current);
    close();
    setText(line);
    if (line.trim() !== value) onChange(line.trim());
  };
  const take = line => {
    setText(line);
    close();
    box.current.focus();
    if (/[:=<>~]$/.test(line)) complete(line);
  };
  const key = event => {
    event.stopPropagation();
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && lines.length) setPlace((place + by + lines.length + 1) % (lines.length + 1) === lines.length ? -1 : (place + by + lines.length + 1) % (lines.length + 1));
    else if (by && event.altKey) complete(text);
    else if (event.key === "Tab" && lines.length && !event.shiftKey) take(lines[Math.max(place, 0)]);
    else if (event.key === "Enter") place >= 0 ? take(lines[place]) : apply(text);
    else if (event.key === "Escape" && lines.length) close();
    else if (event.key === "Escape") setText(value);
    else return;
    event.preventDefault();
  };
  const before = text.length - (text.split(/\s/).pop() ?? "").length;
  return html`<div class="mfwx-filter">
    <input ref=${box} type="text" role="combobox" aria-label="Filter" aria-expanded=${lines.length > 0} aria-controls=${id}
      aria-autocomplete="list" aria-invalid=${problem ? "true" : "false"} spellcheck=${false} autocomplete="off"
      aria-activedescendant=${place >= 0 ? `${id}-${place}` : ""} value=${text}
      placeholder="Filter: rmse<0.3 optimizer=adam status:failed since:7d tag:nightly text"
      onInput=${typed} onKeyDown=${key} onBlur=${() => setTimeout(close, 150)} />
    ${value && html`<button type="button" class="mfwx-clear" aria-label="Remove the filter" title="Remove the filter" onClick=${() => apply("")}>\u2715</button>`}
    <ul id=${id} role="listbox" aria-label="Completions" class="mfwx-lines" hidden=${lines.length === 0}>
      ${lines.map((line, number) => html`<li key=${line} id="${id}-${number}" role="option" aria-selected=${number === place}
        onPointerDown=${event => { event.preventDefault(); take(line); }}>${line.slice(before)}</li>`)}
    </ul></div>`;
}
