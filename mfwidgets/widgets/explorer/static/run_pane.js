// The pane of the selected object: its parents, tabs of one height, tags, the value of an artifact.

import { html, useEffect, useRef, useState } from "./preact_htm.js";
import { CodeLine } from "./code_line.js";
import { MadeHtml } from "./made_html.js";
import { LogPane } from "./log_pane.js";

export const TABS = ["Overview", "DAG", "Timeline", "Tasks", "Artifacts", "Code", "Logs", "Cards"];

/** Tabs: arrow keys go to the next one, as in the pattern of tabs. */
export function Tabs({ names, labels = {}, value, label, onChange }) {
  const key = event => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    const next = names[(names.indexOf(value) + by + names.length) % names.length];
    onChange(next);
    event.currentTarget.querySelector(`[data-tab="${CSS.escape(next)}"]`)?.focus();
  };
  return html`<div role="tablist" aria-label=${label} class="mfwx-tabs" onKeyDown=${key} data-lm-suppress-shortcuts="true">
    ${names.map(name => html`<button type="button" role="tab" key=${name} data-tab=${name} aria-selected=${name === value}
      tabindex=${name === value ? 0 : -1} onClick=${() => onChange(name)}>${labels[name] ?? name}</button>`)}</div>`;
}

/** The value's own display. HTML of other packages is in a frame that runs no scripts and sends no requests. */
function Value({ value }) {
  const policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">";
  return html`<div class="mfwx-value">
    <p>${value.name ? html`The value (${value.type}) is in the variable <code>${value.name}</code> and in <code>.loaded</code>.` : html`The value (${value.type}) is in <code>.loaded</code>.`}</p>
    ${value.png && html`<img alt="the value" src="data:image/png;base64,${value.png}" />`}
    ${value.frame && html`<iframe title="the value" sandbox="" srcdoc=${policy + value.frame}></iframe>`}
    ${value.text && html`<pre>${value.text}</pre>`}</div>`;
}

function Tags({ tags, pathspec, connection, onChanged }) {
  const [text, setText] = useState(""), [problem, setProblem] = useState("");
  const change = content => {
    setProblem("Changing tags\u2026");
    connection.ask("tags", { pathspec, ...content }, answer => {
      setProblem(answer.problem ?? "");
      if (answer.tags) onChanged(answer.tags);
    });
  };
  const add = event => {
    event.preventDefault();
    if (text.trim()) change({ add: [text.trim()] });
    setText("");
  };
  return html`<form class="mfwx-tagline" onSubmit=${add}>
    <span class="mfwx-faint">tags</span>
    ${tags.map(tag => html`<span class="mfwx-tag" key=${tag}>${tag}<button type="button" aria-label="Remove the tag ${tag}" title="Remove the tag"
      onClick=${() => change({ remove: [tag] })}>\u2715</button></span>`)}
    <input type="text" aria-label="Add a tag" placeholder="add a tag" size="9" value=${text} onInput=${event => setText(event.target.value)}
      onKeyDown=${event => event.stopPropagation()} />
    ${problem && html`<span role="status" class="mfwx-problem">${problem}</span>`}</form>`;
}

export function RunPane({ pathspec, tab, connection, refreshed, seen, onAlive, onTab, onOpen, onClose, back, forward, onBack, onForward }) {
  const [answer, setAnswer] = useState(null), [busy, setBusy] = useState(false), [problem, setProblem] = useState("");
  const [card, setCard] = useState(0), [value, setValue] = useState(null), [again, setAgain] = useState(0);
  const body = useRef(null), former = useRef("");
  useEffect(() => {
    setBusy(true);
    const other = former.current !== `${pathspec}\n${tab}`;
    former.current = `${pathspec}\n${tab}`;
    connection.ask("pane", { pathspec, tab, card }, found => {
      setBusy(false);
      setProblem(found.problem ?? "");
      if (found.problem) return;
      setAnswer(found);
      onAlive(found.running);
      if (other && body.current) body.current.scrollTop = 0;
    });
  }, [pathspec, tab, card, refreshed, again]);
  // A running run is looked at again. What is equal stays, so nothing flickers.
  useEffect(() => {
    if (!seen || seen.asked.pathspec !== pathspec || seen.asked.tab !== tab || card) return;
    setAnswer(seen.pane);
    onAlive(seen.pane.running);
  }, [seen]);
  useEffect(() => { setValue(null); setCard(0); onAlive(false); }, [pathspec]);
  const load = () => {
    setValue({ waiting: true });
    connection.ask("load", { pathspec }, found => setValue(found));
  };
  const shown = answer ?? { html: "", crumbs: [], tags: [], cards: [], kind: "", code: "" };
  return html`<section class="mfwx-pane" aria-label="Selected object">
    <div class="mfwx-crumbs">
      <button type="button" aria-label="Back" title="Back" disabled=${!back} onClick=${onBack}>\u2190</button>
      <button type="button" aria-label="Forward" title="Forward" disabled=${!forward} onClick=${onForward}>\u2192</button>
      <nav aria-label="Parents">${shown.crumbs.map(([name, path], number) => html`<span key=${path}>${number > 0 && html`<span class="mfwx-faint"> / </span>`}${
        number === 0 ? html`<span>${name}</span>` : number === shown.crumbs.length - 1 ? html`<b aria-current="page">${name}</b>` : html`<button type="button" class="mfwx-link" onClick=${() => onOpen(path)}>${name}</button>`}</span>`)}</nav>
      <span class="mfwx-grow"></span>
      ${shown.loadable && html`<button type="button" title="Unpickle the artifact. This runs code in the pickle." onClick=${load}>Load</button>`}
      <button type="button" aria-label="Close the pane" title="Close the pane" onClick=${onClose}>\u2715</button>
    </div>
    ${shown.crumbs.length > 1 && html`<${Tags} tags=${shown.tags} pathspec=${shown.crumbs[1][1]} connection=${connection}
      onChanged=${tags => setAnswer(old => ({ ...old, tags }))} />`}
    <${Tabs} names=${TABS} value=${tab} label="Parts of the object" onChange=${onTab} />
    ${tab === "Cards" && shown.cards.length > 1 && html`<label class="mfwx-form">Card <select onChange=${event => setCard(Number(event.target.value))}>
      ${shown.cards.map((name, number) => html`<option key=${number} value=${number} selected=${number === card}>${name}</option>`)}</select></label>`}
    ${tab === "Logs" && !problem ? html`<${LogPane} pathspec=${pathspec} connection=${connection} refreshed=${refreshed} />` : html`<div ref=${body} class="mfwx-body" role="tabpanel" aria-label=${tab} tabindex="0">
      ${problem && html`<p role="alert" class="mfwx-problem">${problem} <button type="button" onClick=${() => setAgain(again + 1)}>Try again</button></p>`}
      ${!answer && busy && html`<div class="mfwx-empty"><p role="status">Reading ${pathspec}\u2026</p><p class="mfwx-faint mfwx-late">This takes long. Another click replaces it.</p></div>`}
      ${value && (value.waiting ? html`<p role="status">Loading\u2026</p>` : value.problem ? html`<p role="alert" class="mfwx-problem">${value.problem}</p>` : html`<${Value} value=${value} />`)}
      <${MadeHtml} source=${shown.html} busy=${busy} onOpen=${onOpen} /></div>`}
    ${shown.code && html`<${CodeLine} code=${shown.code} />`}
  </section>`;
}
