// The JupyterLab sidebar: a tree, fields above it, and commands for its objects. remoteEntry.js passes JupyterLab's modules.

import { cell, portable } from "./lines.js";
import { Tree } from "./tree.js";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16"><g class="jp-icon3" fill="#616161">
<rect x="1" y="6" width="4" height="4" rx="1"/><rect x="11" y="1.500" width="4" height="4" rx="1"/>
<rect x="11" y="10.500" width="4" height="4" rx="1"/><path d="M5 7.600h2.600V3.100H11v.900H8.500v3.600zM5 8.400h2.600v4.500H11v-.900H8.500V8.400z"/></g></svg>`;

const ID = "mfwidgets-sidebar";
const HERE = ".mfw-tree-row[data-kind]";

/** Request the children of an object from the server. Failures are Errors that say what to do. */
function asker({ ServerConnection }, { URLExt }, folder) {
  return async wanted => {
    const settings = ServerConnection.makeSettings();
    const given = Object.entries({ ...wanted, folder: folder() }).filter(([, value]) => value);
    const url = URLExt.join(settings.baseUrl, "mfwidgets/api/tree") + `?${new URLSearchParams(given)}`;
    let response;
    try {
      response = await ServerConnection.makeRequest(url, {}, settings);
    } catch {
      throw new Error("Jupyter Server does not answer.");
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    if (response.status === 404 && !("message" in answer && !("reason" in answer))) {
      throw new Error(
        "Jupyter Server does not know mfwidgets. Install it in the server's environment, "
        + "run 'jupyter server extension enable mfwidgets.server' and restart the server."
      );
    }
    throw new Error(answer.message || `Jupyter Server answered ${response.status}.`);
  };
}

/** Insert a cell below the current one, with %load_ext if it is missing. Return whether a notebook is open. */
function insert({ NotebookActions }, tracker, line) {
  const panel = tracker?.currentWidget;
  if (!panel?.content?.model) return undefined;
  const before = [...panel.content.model.sharedModel.cells].map(cell => cell.getSource());
  const load = before.some(source => /%(re)?load_ext\s+mfwidgets/.test(source)) ? "" : "%load_ext mfwidgets\n";
  NotebookActions.insertBelow(panel.content);
  panel.content.activeCell.model.sharedModel.setSource(load + line);
  return panel;
}

function style() {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL("sidebar.css", import.meta.url).href;
  document.head.append(link);
}

function field(label, placeholder) {
  const made = document.createElement("input");
  made.type = "search";
  made.placeholder = placeholder;
  made.setAttribute("aria-label", label);
  made.title = label;
  made.className = "mfw-tree-field";
  return made;
}

export async function plugin(shared) {
  const [application, apputils, coreutils, services, notebook, ui, lumino] = await Promise.all(
    ["application", "apputils", "coreutils", "services", "notebook", "ui-components"]
      .map(name => shared(`@jupyterlab/${name}`))
      .concat(shared("@lumino/widgets"))
  );

  function activate(app, tracker, restorer) {
    style();
    const folder = () => {
      const path = tracker?.currentWidget?.context?.path ?? "";
      return path.includes(":") ? "" : path.split("/").slice(0, -1).join("/");
    };
    const namespace = field("namespace; none sees all runs", "namespace");
    const text = field("filter", "filter");
    const ask = asker(services, coreutils, folder);
    const tree = new Tree({
      ask: wanted => ask({ ...wanted, namespace: namespace.value.trim() }),
      act: pathspec => app.commands.execute("mfwidgets:insert", { pathspec }),
    });
    const refresh = document.createElement("button");
    refresh.className = "mfw-tree-refresh";
    refresh.textContent = "\u21bb";
    refresh.title = "Refresh";
    refresh.setAttribute("aria-label", "Refresh");
    refresh.addEventListener("click", () => tree.refresh());
    namespace.addEventListener("change", () => tree.refresh());
    let typing = 0;
    text.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => tree.filter(text.value.trim()), 300);
    });

    const bar = document.createElement("div");
    bar.className = "mfw-tree-bar";
    bar.append(text, namespace, refresh);
    const panel = new lumino.Widget();
    panel.id = ID;
    panel.addClass("mfw-tree-panel");
    panel.title.caption = "Metaflow runs";
    panel.title.icon = new ui.LabIcon({ name: "mfwidgets:runs", svgstr: ICON });
    panel.node.append(bar, tree.node);
    let shown = false, last;
    panel.node.setAttribute("aria-label", "Metaflow runs");
    // Request nothing before the sidebar is open. Another folder may have other runs.
    const look = () => {
      if (!panel.isVisible || (shown && last === folder())) return;
      shown = true;
      last = folder();
      void tree.refresh();
    };
    new MutationObserver(look).observe(panel.node, { attributes: true, attributeFilter: ["class"] });
    tracker?.currentChanged.connect(look);

    const chosen = args =>
      args?.pathspec || app.contextMenuHitTest(node => Boolean(node.dataset?.pathspec))?.dataset.pathspec || tree.current;
    const command = (name, label, act) =>
      app.commands.addCommand(`mfwidgets:${name}`, { label, execute: args => act(chosen(args)) });
    const refused = problem => void apputils.Notification.error(problem.message, { autoClose: 6000 });
    const said = (action, pathspec) => {
      let source;
      try {
        source = cell(action, pathspec);
      } catch (problem) {
        return refused(problem);
      }
      const panel = insert(notebook, tracker, source);
      if (!panel) apputils.Notification.info("Open a notebook first: the cell is inserted there.", { autoClose: 4000 });
      return panel;
    };
    const run = async (action, pathspec) => {
      const panel = said(action, pathspec);
      if (panel) await notebook.NotebookActions.run(panel.content, panel.sessionContext);
    };
    command("insert", "Insert a Cell That Shows It", pathspec => void said("show", pathspec));
    command("copy-pathspec", "Copy Pathspec", pathspec => {
      try {
        apputils.Clipboard.copyToSystem(portable(pathspec));
      } catch (problem) {
        refused(problem);
      }
    });
    command("explore", "Open Explorer", pathspec => run("explore", pathspec));
    command("logs", "Show Logs", pathspec => run("logs", pathspec));
    ["insert", "copy-pathspec", "explore"].forEach((name, rank) =>
      app.contextMenu.addItem({ command: `mfwidgets:${name}`, selector: HERE, rank }));
    for (const kind of ["run", "step", "task"]) {
      app.contextMenu.addItem({ command: "mfwidgets:logs", selector: `.mfw-tree-row[data-kind=${kind}]`, rank: 3 });
    }

    app.shell.add(panel, "left", { rank: 850, type: "Metaflow" });
    restorer?.add(panel, ID);
  }

  return {
    id: `${ID}:plugin`,
    description: "A tree of Metaflow's flows, runs, steps, tasks and artifacts.",
    autoStart: true,
    optional: [notebook.INotebookTracker, application.ILayoutRestorer],
    activate,
  };
}
