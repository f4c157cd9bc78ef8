// Shows a log of any length. Only the visible lines are in the page. They are fetched in pages when they become visible.

const LINE = 18; // pixels; ROW_HEIGHT in log_lines.py must be the same
const PADDING = 8; // pixels, left and right of a line
const PAGE = 500; // lines per message; PAGE in log_lines.py must be the same
const AROUND = 20; // lines drawn above and below the visible ones, so that slow scrolling shows no gaps
const TALLEST = 8_000_000; // pixels; browsers limit the height of elements, so scrolling in a longer log is scaled

function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}

/** Return the spans of a line, with terminal colours and marked matches of the search. */
function drawn(spans, ranges, current) {
  const parts = [];
  let at = 0;
  for (const [text, tones] of spans) {
    const end = at + text.length;
    let from = at;
    for (const [first, last] of ranges) {
      const begin = Math.max(first, at), stop = Math.min(last, end);
      if (begin >= stop) continue;
      if (begin > from) parts.push(span(text.slice(from - at, begin - at), tones));
      parts.push(span(text.slice(begin - at, stop - at), tones, current ? "mfw-found mfw-now" : "mfw-found"));
      from = stop;
    }
    if (from < end) parts.push(span(text.slice(from - at), tones));
    at = end;
  }
  return parts;
}

function span(text, tones, markClass = "") {
  const node = document.createElement(markClass ? "mark" : "span");
  node.className = [...tones.map(tone => `mfw-${tone}`), markClass].join(" ").trim();
  node.textContent = text;
  return node;
}

/** Show lines. The model has the traits of `LogLines`. */
export function showLines({ model, el }) {
  const pages = new Map(), requested = new Set();
  const box = element("div", "mfw-lines");
  const space = element("div", "mfw-space"), shown = element("div", "mfw-shown");
  box.tabIndex = 0;
  box.setAttribute("role", "log");
  box.setAttribute("aria-label", "lines of the log");
  space.append(shown);
  box.append(space);
  el.append(box);
  if (model.get("snapshot")) {
    const hiding = document.createElement("style");
    hiding.textContent = `.${CSS.escape(model.get("snapshot"))}{display:none}`;
    el.append(hiding);
  }

  const total = () => model.get("total");
  const full = () => Math.min(total() * LINE, TALLEST);
  // In a log that is too long for a browser, one pixel of scrolling moves by more than one pixel of lines.
  const scale = () => Math.max((total() * LINE - box.clientHeight) / Math.max(full() - box.clientHeight, 1), 1);
  const first = () => Math.floor((box.scrollTop * scale()) / LINE);

  function fetch(page) {
    if (requested.has(page)) return;
    requested.add(page);
    model.send({ page, version: model.get("version") });
  }

  /** Send the number of characters that fit into a line to the kernel, which wraps lines. */
  function measure() {
    const probe = box.appendChild(element("span", "mfw-probe", "m".repeat(100)));
    const columns = Math.floor((box.clientWidth - 2 * PADDING) / (probe.getBoundingClientRect().width / 100));
    probe.remove();
    if (columns > 0 && columns !== model.get("columns")) {
      model.set("columns", columns);
      model.save_changes();
    }
  }

  function draw() {
    box.style.height = `${model.get("height")}px`;
    const from = Math.max(first() - AROUND, 0);
    const to = Math.min(first() + Math.ceil(box.clientHeight / LINE) + AROUND, total());
    space.style.height = `${full()}px`;
    shown.style.top = `${box.scrollTop - (first() - from) * LINE - (scale() > 1 ? 0 : box.scrollTop % LINE)}px`;
    const lines = [];
    for (let number = from; number < to; number++) {
      const page = Math.floor(number / PAGE);
      const row = pages.get(page)?.[number - page * PAGE];
      if (!row) fetch(page);
      const line = element("div", "mfw-line");
      line.dataset.line = number;
      if (number === model.get("current")) line.classList.add("mfw-current");
      line.append(element("span", "mfw-margin", row ? row.margin : "…"));
      if (row) line.append(...drawn(row.spans, row.found, number === model.get("current")));
      lines.push(line);
    }
    shown.replaceChildren(...lines);
  }

  // A scroll that the kernel does not know yet, as a share of the height. The kernel cannot keep that place when it wraps lines.
  let unsent = -1;

  function restart() {
    pages.clear();
    requested.clear();
    draw();
    const share = unsent;
    place();
    if (share < 0) return;
    box.scrollTop = share * Math.max(full() - box.clientHeight, 0);
    draw();
  }

  /** Scroll to the row at which the log opens. A box that is not visible yet cannot scroll: it does so later. */
  let waiting = false, placed = -1;
  function place() {
    const row = model.get("start");
    if (row < 0 || model.get("current") >= 0) return;
    waiting = box.clientHeight === 0;
    box.scrollTop = (row * LINE) / scale();
    placed = first();
    draw();
  }

  function grow() {
    // The last page may have been incomplete. The new lines are in it.
    const last = Math.max(...pages.keys(), -1);
    if (last >= 0) { pages.delete(last); requested.delete(last); }
    const follows = model.get("follow");
    draw();
    if (follows) end();
  }

  function end() {
    box.scrollTop = full();
    draw();
  }

  function go() {
    const line = model.get("current");
    if (line < 0) return draw();
    box.scrollTop = Math.max((line * LINE - box.clientHeight / 2) / scale(), 0);
    draw();
  }

  function received(message) {
    if (message.version !== model.get("version") || message.page === undefined) return;
    pages.set(message.page, message.lines);
    requested.delete(message.page);
    draw();
  }

  function keep(message) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([message.text], { type: "text/plain" }));
    link.download = message.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  const onMessage = message => (message.text === undefined ? received(message) : keep(message));
  let frame = 0, pause = 0;
  box.addEventListener("scroll", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(draw);
    clearTimeout(pause);
    pause = setTimeout(report, 200);
    unsent = first() === placed ? -1 : box.scrollTop / Math.max(box.scrollHeight - box.clientHeight, 1);
  });

  /** Send the row at the top to the kernel, which keeps it there when it wraps lines anew. */
  function report() {
    unsent = -1;
    if (first() === placed || first() === model.get("top")) return;
    model.set("top", first());
    model.save_changes();
  }

  const sized = new ResizeObserver(() => {
    measure();
    draw();
    if (waiting && box.clientHeight > 0) place();
  });
  sized.observe(box);
  const changes = { version: restart, total: grow, current: go, height: draw };
  for (const [name, act] of Object.entries(changes)) model.on(`change:${name}`, act);
  model.on("msg:custom", onMessage);
  draw();
  place();
  if (model.get("follow")) requestAnimationFrame(end);
  return () => {
    sized.disconnect();
    clearTimeout(pause);
    for (const [name, act] of Object.entries(changes)) model.off(`change:${name}`, act);
    model.off("msg:custom", onMessage);
  };
}

export default { render: showLines };
