// Charts of the runs in the table. Python draws them. A click opens a run, a drag selects runs.

import { html, useEffect, useState } from "./preact_htm.js";
import { CodeLine } from "./code_line.js";
import { MadeHtml } from "./made_html.js";

const KINDS = [["history", "over time"], ["scatter", "scatter"], ["histogram", "histogram"], ["parallel", "parallel coordinates"], ["curves", "curves"], ["durations", "durations of steps"]];
const NEEDS = { history: ["y", "color"], scatter: ["x", "y", "color"], histogram: ["y"], parallel: ["color"], curves: ["curve"], durations: [] };
const LABELS = { x: "x", y: "y", color: "colour" };

/** Return the axes that a chart begins with: a result over time. */
export function firstChart(columns) {
  const numbers = columns.filter(column => column.kind === "number");
  const result = numbers.find(column => column.group === "results" && column.facts.best !== null && column.facts.best !== undefined)
    ?? numbers.find(column => column.group === "results") ?? numbers[0];
  const parameter = numbers.find(column => column.group === "parameters");
  return { kind: "history", x: parameter?.name ?? "started_at", y: result?.name ?? "duration", color: "", curve: "" };
}

function Axis({ label, value, available, optional, onChange }) {
  return html`<label>${label} <select value=${value} onChange=${event => onChange(event.target.value)}>
    ${optional && html`<option value="">status</option>`}
    ${available.map(([name, heading]) => html`<option key=${name} value=${name} selected=${name === value}>${heading}</option>`)}</select></label>`;
}

export function ChartPane({ table, chart, connection, ticked, current, onChart, onOpen, onTicked }) {
  const [answer, setAnswer] = useState({ html: "" }), [busy, setBusy] = useState(false);
  const shown = { ...firstChart(table.columns), ...chart };
  const needs = NEEDS[shown.kind] ?? [];
  const sort = JSON.stringify(table.sort);
  useEffect(() => {
    if (shown.kind === "curves" && !shown.curve) return void setAnswer({ html: "", problem: "Write the name of a list, such as loss_history." });
    setBusy(true);
    const content = { kind: shown.kind, x: shown.x, y: shown.kind === "curves" ? shown.curve : shown.y, color: needs.includes("color") ? shown.color : "" };
    connection.ask("chart", content, found => { setBusy(false); setAnswer(found); });
  }, [shown.kind, shown.x, shown.y, shown.color, shown.curve, table.version, table.complete, sort]);
  const change = part => onChart({ ...shown, ...part });
  const curve = event => { event.preventDefault(); change({ curve: event.target.elements.curve.value.trim() }); };
  return html`<div class="mfwx-side">
    <div class="mfwx-form">
      <label>Chart <select value=${shown.kind} onChange=${event => change({ kind: event.target.value })}>
        ${KINDS.map(([kind, words]) => html`<option key=${kind} value=${kind} selected=${kind === shown.kind}>${words}</option>`)}</select></label>
      ${needs.filter(need => need in LABELS).map(need => html`<${Axis} key=${need} label=${LABELS[need]} value=${shown[need]} available=${table.available}
        optional=${need === "color"} onChange=${name => change({ [need]: name })} />`)}
      ${needs.includes("curve") && html`<form onSubmit=${curve}><label>list <input name="curve" type="text" size="14" value=${shown.curve} onKeyDown=${event => event.stopPropagation()} /></label> <button type="submit">Draw</button></form>`}
      <span class="mfwx-faint">Drag over the chart to select runs.</span></div>
    <div class="mfwx-body" tabindex="0" role="region" aria-label="Chart">
      ${answer.problem && html`<p role="alert" class="mfwx-problem">${answer.problem}</p>`}
      <${MadeHtml} source=${answer.html ?? ""} busy=${busy} ticked=${ticked} current=${current} onOpen=${onOpen} onBrush=${found => found.length && onTicked(found)} /></div>
  </div>`;
}

export function ComparePane({ ticked, connection, onOpen }) {
  const [answer, setAnswer] = useState({ html: "" }), [busy, setBusy] = useState(false);
  useEffect(() => {
    setBusy(true);
    connection.ask("compare", {}, found => { setBusy(false); setAnswer(found); });
  }, [ticked.join("\n")]);
  return html`<div class="mfwx-side"><div class="mfwx-body" tabindex="0" role="region" aria-label="Comparison">
    ${answer.problem && html`<p role="alert" class="mfwx-problem">${answer.problem}</p>`}
    <${MadeHtml} source=${answer.html ?? ""} busy=${busy} onOpen=${onOpen} /></div>
    ${answer.code && html`<${CodeLine} code=${answer.code} />`}</div>`;
}
