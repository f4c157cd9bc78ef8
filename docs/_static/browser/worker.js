// Runs Python in a worker, so that the page stays usable.

let pyodide, shell;
const loaded = new Set();
const post = message => self.postMessage(message);

async function read(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status} ${response.statusText}`);
  return response;
}

async function load(names) {
  const missing = names.filter(name => !loaded.has(name));
  if (!missing.length) return;
  post({ type: "progress", text: `Loading ${missing.join(" and ")} …` });
  const failures = [];
  await pyodide.loadPackage(missing, { messageCallback: () => {}, errorCallback: text => failures.push(text) });
  if (failures.length) throw new Error(failures.join(" "));
  missing.forEach(name => loaded.add(name));
}

async function start({ distribution, here, compiled }) {
  post({ type: "progress", text: "Loading Python …" });
  const { loadPyodide } = await import(`${distribution}pyodide.mjs`);
  const packages = read(`${here}packages.zip`).then(response => response.arrayBuffer());
  const source = read(`${here}shell.py`).then(response => response.text());
  pyodide = await loadPyodide({ indexURL: distribution });
  await load(compiled);
  post({ type: "progress", text: "Loading mfwidgets …" });
  const folder = pyodide.runPython("import site; site.getsitepackages()[0]");
  pyodide.unpackArchive(await packages, "zip", { extractDir: folder });
  pyodide.FS.writeFile(`${folder}/page_shell.py`, await source);
  pyodide.runPython("import importlib; importlib.invalidate_caches()");
  shell = pyodide.pyimport("page_shell");
  shell.start(message => post({ type: "comm", message }));
}

async function run({ code }) {
  if (/\bto_pandas\b|\bpandas\b/.test(code)) await load(["pandas"]);
  post({ type: "progress", text: "Running …" });
  return JSON.parse(shell.run(code));
}

const work = { start, run, comm: ({ id, data }) => shell.receive(id, data) };
let queue = Promise.resolve();

self.onmessage = ({ data: message }) => {
  queue = queue.then(async () => {
    try {
      post({ type: "done", number: message.number, result: (await work[message.type](message)) ?? null });
    } catch (error) {
      post({ type: "done", number: message.number, error: String(error.message ?? error) });
    }
  });
};
