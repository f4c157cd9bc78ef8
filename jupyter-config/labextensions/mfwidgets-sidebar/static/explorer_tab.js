// Opens an explorer as a tab of JupyterLab's main area. Its kernel is that of the open notebook, so that a loaded value has
// its name there. Without a notebook, the tab is a console whose kernel ends with it. JupyterLab's own code connects widgets
// to notebooks and consoles, so nothing here depends on how.

import { opened } from "./lines.js";

let tabs = 0;

/** Give a tab its name, and keep the explorer as high as the tab. */
function dress(tab, content, kernel, icon) {
  tab.addClass("mfw-explorer-tab");
  tab.title.label = "Explorer";
  tab.title.caption = `Metaflow runs, with ${kernel}`;
  tab.title.icon = icon;
  tab.title.closable = true;
  const fit = new ResizeObserver(() => content.style.setProperty("--mfw-tab-height", `${content.clientHeight}px`));
  fit.observe(content);
  tab.disposed.connect(() => fit.disconnect());
}

/** A tab for the output of code that runs in the kernel of a notebook. The notebook does not change. */
function tabOfNotebook(app, { apputils, outputarea, icon }, panel, code) {
  const model = new outputarea.OutputAreaModel({ trusted: true });
  const content = new outputarea.SimplifiedOutputArea({ model, rendermime: panel.content.rendermime });
  const tab = new apputils.MainAreaWidget({ content });
  tab.id = `mfwidgets-explorer-${++tabs}`;
  dress(tab, content.node, `the kernel of ${panel.title.label}`, icon);
  app.shell.add(tab, "main");
  app.shell.activateById(tab.id);
  content.future = panel.sessionContext.session.kernel.requestExecute({ code, stop_on_error: false, store_history: false });
  return content.future.done;
}

/** A console that shows only the output of its one cell. Its kernel starts in a folder and ends with the tab. */
async function tabOfConsole(app, { icon }, folder, code) {
  const { kernelspecs } = app.serviceManager;
  await kernelspecs.ready;
  const kernelPreference = { name: kernelspecs.specs?.default, autoStartDefault: true, shutdownOnDispose: true };
  const panel = await app.commands.execute("console:create", { basePath: folder, kernelPreference, activate: true });
  dress(panel, panel.console.node, "its own kernel", icon);
  // JupyterLab writes the name of the session into the title.
  panel.title.changed.connect(() => { if (panel.title.label !== "Explorer") panel.title.label = "Explorer"; });
  await panel.sessionContext.ready;
  await panel.console.inject(code);
}

/** Open the tab. `pathspec` is selected first. Throws an Error for an impossible name, or if no kernel starts. */
export async function openTab(app, modules, tracker, { pathspec, namespace, folder }) {
  const code = opened(pathspec, namespace);  // first, because an impossible name starts nothing
  const panel = tracker?.currentWidget;
  await (panel?.sessionContext?.session?.kernel ? tabOfNotebook(app, modules, panel, code) : tabOfConsole(app, modules, folder, code));
}
