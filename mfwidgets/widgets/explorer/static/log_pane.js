// The log of a task. Python has the lines, the page those in view. While a task runs, the log is followed.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { showLines } from "../../static/log_lines.js";

const POLL_MS = 2000, ROW = 18;

/** A model for the lines: they ask it for pages, and it asks Python. */
function linesModel(connection, onColumns) {
  const state = { total: 0, version: -1, current: -1, start: -1, top: 0, columns: 0, follow: false, height: 300, snapshot: "" };
  const listeners = new Map();
  const fire = (name, content) => [...(listeners.get(name) ?? [])].forEach(act => act(content));
  return {
    get: name => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      if (name === "columns") onColumns(value);
      fire(`change:${name}`);
    },
    put: (name, value) => { state[name] = value; },
    on: (name, act) => listeners.set(name, [...(listeners.get(name) ?? []), act]),
    off: (name, act) => listeners.set(name, (listeners.get(name) ?? []).filter(one => one !== act)),
    save_changes: () => {},
    send: content => connection.ask("lines", content),
    hear: content => fire("msg:custom", content),
  };
}

function download({ name, text }) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function LogPane({ pathspec, connection, refreshed }) {
  const [asked, setAsked] = useState({ stream: "both", attempt: -1, since: "", until: "", search: "", regex: false });
  const [columns, setColumns] = useState(0), [wrap, setWrap] = useState(true), [follow, setFollow] = useState(false);
  const [answer, setAnswer] = useState({ words: "Reading\u2026", attempts: [], found: [] }), [at, setAt] = useState(0);
  const box = useRef(null), model = useRef(null), timer = useRef(0), offered = useRef("");
  useEffect(() => {
    model.current = linesModel(connection, setColumns);
    const done = showLines({ model: model.current, el: box.current });
    const stop = connection.listen(message => message.push === "lines" && model.current.hear(message));
    const sized = new ResizeObserver(() => model.current.set("height", Math.max(box.current.clientHeight, 80)));
    sized.observe(box.current);
    return () => { sized.disconnect(); stop(); done(); clearTimeout(timer.current); };
  }, []);
  const go = (found, place) => {
    model.current.put("current", -1);
    model.current.set("current", found.length ? found[place] : -1);
  };
  const read = () => {
    const rows = Math.floor((box.current?.clientHeight ?? 300) / ROW);
    connection.ask("log", { pathspec, rows, version: model.current.get("version"), columns: wrap ? columns : 0, ...asked }, found => {
      if (found.problem) return void setAnswer(old => ({ ...old, words: "", problem: found.problem }));
      setAnswer({ attempts: [], found: [], ...found });
      if (found.goes_on && offered.current !== pathspec) setFollow(true);
      offered.current = pathspec;
      const lines = model.current;
      lines.put("follow", follow);
      if (found.version !== lines.get("version")) {
        lines.put("current", -1);
        lines.put("start", found.start ?? -1);
        lines.put("total", found.total);
        lines.set("version", found.version);
        setAt(0);
        if (found.found?.length) go(found.found, 0);
      } else lines.set("total", found.total);
      clearTimeout(timer.current);
      if (follow && found.goes_on) timer.current = setTimeout(() => latest.current(), POLL_MS);
      else if (follow) setFollow(false);
    });
  };
  const latest = useRef(read);
  latest.current = read;
  const key = JSON.stringify([pathspec, asked, wrap ? columns : 0, refreshed, follow]);
  useEffect(() => { if (columns) read(); }, [key]);
  useEffect(() => setAsked(old => ({ ...old, attempt: -1 })), [pathspec]);
  const step = by => {
    const count = answer.found.length;
    const next = (at + by + count) % count;
    setAt(next);
    go(answer.found, next);
  };
  const change = name => event => setAsked({ ...asked, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
  const quiet = event => event.stopPropagation();
  return html`<div class="mfwx-side">
    <form class="mfwx-form" onSubmit=${event => event.preventDefault()} onKeyDown=${quiet}>
      <input type="search" aria-label="Search the lines" placeholder="search" size="14" value=${asked.search} onChange=${change("search")} />
      <label><input type="checkbox" checked=${asked.regex} onChange=${change("regex")} /> regex</label>
      <button type="button" aria-label="Previous match" title="Previous match" disabled=${!answer.found.length} onClick=${() => step(-1)}>\u25b2</button>
      <button type="button" aria-label="Next match" title="Next match" disabled=${!answer.found.length} onClick=${() => step(1)}>\u25bc</button>
      <label><span class="mfwx-hidden">Stream</span><select aria-label="Stream" onChange=${change("stream")}>
        ${["both", "stdout", "stderr"].map(name => html`<option key=${name} value=${name} selected=${name === asked.stream}>${name}</option>`)}</select></label>
      <select aria-label="Attempt" onChange=${event => setAsked({ ...asked, attempt: Number(event.target.value) })}>
        <option value="-1" selected=${asked.attempt === -1}>newest attempt</option>
        ${answer.attempts.map(([number, name]) => html`<option key=${number} value=${number} selected=${number === asked.attempt}>${name}</option>`)}</select>
      <input type="text" aria-label="From" placeholder="from 12:03" size="8" value=${asked.since} onChange=${change("since")} />
      <input type="text" aria-label="To" placeholder="to 12:05" size="8" value=${asked.until} onChange=${change("until")} />
      <label><input type="checkbox" checked=${wrap} onChange=${event => setWrap(event.target.checked)} /> wrap</label>
      <label><input type="checkbox" checked=${follow} onChange=${event => setFollow(event.target.checked)} /> follow</label>
      <button type="button" onClick=${() => connection.ask("text", {}, download)}>Download</button></form>
    <p role="status" class="mfwx-logwords mfwx-faint">${answer.words}${answer.found.length > 0 && `, ${at + 1} of ${answer.found.length}`}</p>
    ${answer.problem && html`<p role="alert" class="mfwx-problem">${answer.problem}</p>`}
    <div ref=${box} class="mfwx-log"></div></div>`;
}
