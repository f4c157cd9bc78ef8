// Turns the code of this page into cells that run in the reader's browser.

import { Models } from "./models.js";

const HERE = new URL(".", import.meta.url).href;
const WIDGET = "application/vnd.jupyter.widget-view+json";
const PANDAS = /\bto_pandas\b|\bpandas\b/;
const place = document.querySelector(".page-browser");
const article = place.closest("article");
const status = make("span", { className: "page-status", role: "status" });
const startButton = make("button", { type: "button", className: "page-start", textContent: "Start Python in this page" });
const allButton = make("button", { type: "button", textContent: "Run all", disabled: true });
const stopButton = make("button", { type: "button", textContent: "Stop", disabled: true, title: "Stop Python. Start runs a new one without your variables." });
const cells = [];
let python = null;

function make(tag, properties = {}, ...children) {
  const { role, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (role) element.setAttribute("role", role);
  element.append(...children);
  return element;
}

/** Python in a worker: `ask` sends a request and returns a promise of its result. */
class Python {
  constructor() {
    this.asked = new Map();
    this.worker = new Worker(`${HERE}worker.js`, { type: "module" });
    this.models = new Models((id, data) => this.ask({ type: "comm", id, data: JSON.stringify(data) }).catch(showError));
    this.worker.onmessage = ({ data }) => this.received(data);
    this.worker.onerror = event => this.end(new Error(event.message || "The worker could not be loaded."));
  }

  ask(message) {
    const number = this.asked.size ? Math.max(...this.asked.keys()) + 1 : 0;
    return new Promise((resolve, reject) => {
      this.asked.set(number, { resolve, reject });
      this.worker.postMessage({ ...message, number });
    });
  }

  received(message) {
    if (message.type === "progress") status.textContent = message.text;
    if (message.type === "comm") this.models.received(JSON.parse(message.message));
    if (message.type !== "done") return;
    const { resolve, reject } = this.asked.get(message.number);
    this.asked.delete(message.number);
    if (message.error === undefined) resolve(message.result);
    else reject(new Error(message.error));
  }

  end(error) {
    this.worker.terminate();
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }
}

function showError(error) {
  status.textContent = `This did not work: ${error.message}`;
}

async function start() {
  startButton.disabled = true;
  python = new Python();
  stopButton.disabled = false;
  try {
    const compiled = place.dataset.compiled.split(" ");
    await python.ask({ type: "start", distribution: place.dataset.distribution, here: HERE, compiled });
    allButton.disabled = false;
    for (const cell of cells) cell.button.disabled = false;
    await runFirst();
    place.dataset.state = "ready";
  } catch (error) {
    stop();
    place.dataset.state = "failed";
    showError(error);
  }
}

function stop() {
  python?.end(new Error("stopped"));
  python = null;
  startButton.disabled = false;
  stopButton.disabled = allButton.disabled = true;
  for (const cell of cells) cell.button.disabled = true;
  status.textContent = "Stopped.";
}

async function runAll() {
  for (const cell of cells) await cell.run();
}

/** Run the cells that need nothing more from the network. */
async function runFirst() {
  for (const cell of cells) if (!PANDAS.test(cell.code.value)) await cell.run();
}

/** One cell: its code, a button, and its output. */
class Cell {
  constructor(block) {
    this.code = make("textarea", { value: block.textContent.trimEnd(), spellcheck: false, ariaLabel: "Code" });
    this.button = make("button", { type: "button", textContent: "Run", disabled: true, title: "Shift+Enter" });
    this.output = make("div", { className: "cell_output page-output" });
    this.button.onclick = () => this.run();
    this.code.oninput = () => this.fit();
    this.code.onkeydown = event => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.run();
      }
    };
    this.element = make("div", { className: "page-cell" }, make("div", { className: "page-code" }, this.code, this.button), this.output);
    this.element.dataset.runs = 0;
    block.closest("div[class*=highlight-]").replaceWith(this.element);
    this.fit();
  }

  fit() {
    this.code.rows = this.code.value.split("\n").length;
  }

  async run() {
    if (!python || this.button.disabled) return;
    this.output.setAttribute("aria-busy", "true");
    try {
      const outputs = await python.ask({ type: "run", code: this.code.value });
      this.output.replaceChildren(...outputs.map(output => this.drawn(output)));
      status.textContent = "Ready.";
    } catch (error) {
      showError(error);
    } finally {
      this.output.removeAttribute("aria-busy");
      this.element.dataset.runs++;
    }
  }

  drawn({ kind, data }) {
    if (kind === WIDGET) return python.models.view(data);
    if (kind === "text/html" || kind === "image/svg+xml") {
      const element = make("div", { className: "output text_html" });
      element.innerHTML = data;
      return element;
    }
    return make("div", { className: "output text_plain" }, make("pre", { textContent: data, className: `page-${kind.replace("/", "-")}` }));
  }
}

for (const block of article.querySelectorAll("div.highlight-python pre, div.highlight-ipython3 pre")) cells.push(new Cell(block));
startButton.onclick = start;
stopButton.onclick = stop;
allButton.onclick = runAll;
place.replaceChildren(startButton, allButton, stopButton, status);
if (location.protocol === "file:") {
  startButton.disabled = true;
  status.textContent = "A browser starts no worker for a page of a local file. Serve the folder: python -m http.server";
}
