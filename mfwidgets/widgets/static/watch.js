// A run while it runs: a bar with its progress, and its display below. Python polls; the page counts the seconds.

import { html, useEffect, useState } from "../explorer/static/preact_htm.js";
import { useTrait } from "../explorer/static/connection.js";
import { MadeHtml } from "../explorer/static/made_html.js";
import { mount } from "./mount.js";

const SIGNS = { completed: "\u2713", caught: "!", failed: "\u2717", running: "\u25b6", unknown: "?" };

/** After twice the time to the next poll and this much more, the kernel counts as lost. */
const PATIENCE_MS = 30_000;

/** A duration in at most two units, as Python writes it: 12 s, 2 m 05 s, 3 h 10 m, 4 d 2 h. */
export function durationText(ms) {
  const seconds = Math.floor(ms / 1000), two = number => String(number).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds / 3600) % 24} h`;
}

/** The time since the last message, in milliseconds. It counts while the watching goes on. */
function useSince(live) {
  const [since, setSince] = useState(0);
  useEffect(() => {
    const heard = performance.now();
    setSince(0);
    if (live.ended) return undefined;
    const timer = setInterval(() => setSince(performance.now() - heard), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return since;
}

function Bar({ live, since, lost, send }) {
  const status = live.status || "unknown";
  const elapsed = live.elapsed_ms === null ? "" : durationText(live.elapsed_ms + (live.ended || lost ? 0 : since));
  const took = live.ended && live.duration_ms !== null ? `took ${durationText(live.duration_ms)}` : "";
  const shows = !live.ended && live.planned > 0;
  return html`<div class="mfwx-bar mfww-bar">
    <b class="mfww-status mfww-${status}">${SIGNS[status] ?? "?"} ${live.status || "reading\u2026"}</b>
    ${shows && html`<div role="progressbar" class="mfww-progress" aria-label="Progress of the run" aria-valuemin="0" aria-valuemax=${live.planned}
      aria-valuenow=${Math.min(live.done, live.planned)} aria-valuetext=${live.words || `${live.done} of ${live.planned} steps`}><div style=${{ width: `${100 * Math.min(live.done / live.planned, 1)}%` }}></div></div>`}
    <span class="mfww-words">${live.words}</span>
    <span class="mfwx-grow"></span>
    ${!live.ended && live.left && html`<span>${live.left}</span>`}
    ${(took || elapsed) && html`<span class="mfwx-faint" title="Time since the start of the run">${took || elapsed}</span>`}
    ${live.followed && !live.ended && html`<button type="button" class="mfwx-link" title="Show the log of the task that began last" onClick=${() => send({ follow: "" })}>log of the newest task</button>`}
    ${live.ended
      ? live.again && html`<button type="button" onClick=${() => send({ again: true })}>Watch again</button>`
      : html`<button type="button" title="The run continues" onClick=${() => send({ stop: true })}>Stop watching</button>`}
  </div>`;
}

function Watch({ model }) {
  const [live] = useTrait(model, "live"), [source] = useTrait(model, "html");
  const since = useSince(live);
  const lost = !live.ended && since > 2000 * live.next_s + PATIENCE_MS;
  const send = content => model.send(content);
  return html`<section class="mfww" aria-label=${`Watching ${live.pathspec}`} data-lm-suppress-shortcuts="true">
    <${Bar} live=${live} since=${since} lost=${lost} send=${send} />
    <p role="status" aria-live="polite" class="mfwx-hidden">${live.ended || [live.status, live.spoken].filter(Boolean).join(", ")}</p>
    ${lost && html`<p role="alert" class="mfwx-problem">No news for ${durationText(since)}. The kernel may have stopped. The run does not depend on it.</p>`}
    ${live.problem && html`<p role="status" class="mfwx-problem">${live.problem}</p>`}
    ${live.ended && html`<p class="mfww-ended">${live.ended}</p>`}
    <div class="mfww-body mfw-live"><${MadeHtml} source=${source} morphs onOpen=${pathspec => send({ follow: pathspec })} /></div>
  </section>`;
}

export default {
  render({ model, el }) {
    return mount(model, el, () => html`<${Watch} model=${model} />`);
  },
};
