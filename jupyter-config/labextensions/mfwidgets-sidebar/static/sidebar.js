// The JupyterLab sidebar: a tree, fields above it, and commands for its objects. remoteEntry.js passes JupyterLab's modules.

import { cell, portable } from "./lines.js";
import { openTab } from "./explorer_tab.js";
import { Preview } from "./preview.js";
import { Tree } from "./tree.js";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16"><g class="jp-icon3" fill="#616161">
<rect x="1" y="6" width="4" height="4" rx="1"/><rect x="11" y="1.500" width="4" height="4" rx="1"/>
<rect x="11" y="10.500" width="4" height="4" rx="1"/><path d="M5 7.600h2.600V3.100H11v.900H8.500v3.600zM5 8.400h2.600v4.500H11v-.900H8.500V8.400z"/></g></svg>`;

const ID = "mfwidgets-sidebar";
const HERE = ".mfw-tree-row[data-kind]";

/** Request facts from the server: children of an object, or a preview. Failures are Errors that say what to do. */
function asker({ ServerConnection }, { URLExt }, folder) {
  return async (route, parameters) => {
    const settings = ServerConnection.makeSettings();
    const given = Object.entries({ ...parameters, folder: folder() }).filter(([, value]) => value);
    const url = URLExt.join(settings.baseUrl, `mfwidgets/api/${route}`) + `?${new URLSearchParams(given)}`;
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

function button(text, label, className) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.className = `mfw-tree-button ${className}`;
  return made;
}

const press = (node, on) => node.setAttribute("aria-pressed", String(on));

export async function plugin(shared) {
  const [application, apputils, coreutils, services, notebook, ui, outputarea, registry, lumino] = await Promise.all(
    ["application", "apputils", "coreutils", "services", "notebook", "ui-components", "outputarea", "settingregistry"]
      .map(name => shared(`@jupyterlab/${name}`))
      .concat(shared("@lumino/widgets"))
  );

  function activate(app, tracker, restorer, settings) {
    style();
    const icon = new ui.LabIcon({ name: "mfwidgets:runs", svgstr: ICON });
    const folder = () => {
      const path = tracker?.currentWidget?.context?.path ?? "";
      return path.includes(":") ? "" : path.split("/").slice(0, -1).join("/");
    };
    const namespace = field("namespace; none sees all runs", "namespace");
    const text = field("filter", "filter");
    const ask = asker(services, coreutils, folder);
    const tree = new Tree({
      ask: parameters => ask("tree", { ...parameters, namespace: namespace.value.trim() }),
      act: (pathspec, other) => app.commands.execute("mfwidgets:insert", { pathspec, run: runs !== other }),
    });
    const preview = new Preview(tree, pathspec => ask("preview", { pathspec, namespace: namespace.value.trim() }));
    const refresh = button("\u21bb", "Refresh", "mfw-tree-refresh");
    const read = () => {
      preview.forget();
      return tree.refresh();
    };
    refresh.addEventListener("click", read);
    namespace.addEventListener("change", read);
    const failed = button("\u2717 failed", "Only what failed", "mfw-tree-only-failed");
    press(failed, false);
    failed.addEventListener("click", () => {
      press(failed, !tree.failed);
      void tree.onlyFailed(!tree.failed);
    });
    // Without JupyterLab's settings, the choice holds until the page is closed.
    let runs = false, stored;
    const running = button("\u25b6 run", "Run inserted cells. Shift does the opposite", "mfw-tree-runs");
    const setRuns = on => {
      runs = on;
      press(running, on);
    };
    setRuns(false);
    running.addEventListener("click", () => {
      setRuns(!runs);
      void stored?.set("runInserted", runs).catch(() => {});
    });
    settings?.load(`${ID}:plugin`).then(loaded => {
      stored = loaded;
      const changed = () => setRuns(loaded.get("runInserted").composite === true);
      loaded.changed.connect(changed);
      changed();
    }, () => {});
    const explorer = button("Explorer", "Open an explorer in a tab", "mfw-tree-explorer");
    explorer.addEventListener("click", () => app.commands.execute("mfwidgets:explorer-tab", { pathspec: tree.current }));
    let typing = 0;
    text.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => tree.filter(text.value.trim()), 300);
    });

    const bar = document.createElement("div");
    bar.className = "mfw-tree-bar";
    bar.append(text, namespace, refresh, failed, running, explorer);
    const panel = new lumino.Widget();
    panel.id = ID;
    panel.addClass("mfw-tree-panel");
    panel.title.caption = "Metaflow runs";
    panel.title.icon = icon;
    panel.node.append(bar, tree.node);
    let shown = false, last;
    panel.node.setAttribute("aria-label", "Metaflow runs");
    // Request nothing before the sidebar is open. Another folder may have other runs.
    const look = () => {
      if (!panel.isVisible || (shown && last === folder())) return;
      shown = true;
      last = folder();
      void read();
    };
    new MutationObserver(look).observe(panel.node, { attributes: true, attributeFilter: ["class"] });
    tracker?.currentChanged.connect(look);

    const chosen = args =>
      args?.pathspec || app.contextMenuHitTest(node => Boolean(node.dataset?.pathspec))?.dataset.pathspec || tree.current;
    const command = (name, label, act) =>
      app.commands.addCommand(`mfwidgets:${name}`, { label, execute: args => act(chosen(args), args?.run ?? runs) });
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
    command("insert", "Insert a Cell That Shows It", (pathspec, runsIt) => (runsIt ? run : said)("show", pathspec));
    // Why a run failed: also for its steps and tasks.
    command("why", "Why Did It Fail?", (pathspec, runsIt) => (runsIt ? run : said)("why", pathspec.split("/").slice(0, 2).join("/")));
    const modules = { apputils, outputarea, icon };
    command("explorer-tab", "Open Explorer in a Tab", pathspec =>
      openTab(app, modules, tracker, { pathspec, namespace: namespace.value.trim(), folder: folder() }).catch(refused));
    command("copy-pathspec", "Copy Pathspec", pathspec => {
      try {
        apputils.Clipboard.copyToSystem(portable(pathspec));
      } catch (problem) {
        refused(problem);
      }
    });
    command("explore", "Open Explorer", pathspec => run("explore", pathspec));
    command("logs", "Show Logs", pathspec => run("logs", pathspec));
    ["insert", "copy-pathspec", "explore", "explorer-tab"].forEach((name, rank) =>
      app.contextMenu.addItem({ command: `mfwidgets:${name}`, selector: HERE, rank }));
    for (const status of ["failed", "killed", "unknown", "caught"]) {
      app.contextMenu.addItem({ command: "mfwidgets:why", selector: `.mfw-tree-row:not([data-kind=flow])[data-status=${status}]`, rank: 0 });
    }
    for (const kind of ["run", "step", "task"]) {
      app.contextMenu.addItem({ command: "mfwidgets:logs", selector: `.mfw-tree-row[data-kind=${kind}]`, rank: 4 });
    }

    app.shell.add(panel, "left", { rank: 850, type: "Metaflow" });
    restorer?.add(panel, ID);
  }

  return {
    id: `${ID}:plugin`,
    description: "A tree of Metaflow's flows, runs, steps, tasks and artifacts.",
    autoStart: true,
    optional: [notebook.INotebookTracker, application.ILayoutRestorer, registry.ISettingRegistry],
    activate,
  };
}
