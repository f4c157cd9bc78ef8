// The entry point that JupyterLab loads: a hand-written container of a federated extension. It passes JupyterLab's own modules
// to sidebar.js, so there is no bundle and no build. It implements webpack's module federation (init and get), like every
// labextension of JupyterLab 3 and 4. A browser test checks it.
(() => {
  const base = document.currentScript.src;
  let scope = {};

  /** One of JupyterLab's own modules, by name. Each exists once. */
  async function shared(name) {
    const [version] = Object.values(scope[name] ?? {});
    if (!version) throw new Error(`This JupyterLab shares no ${name}.`);
    return (await version.get())();
  }

  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB["mfwidgets-sidebar"] = {
    init(given) {
      scope = given;
    },
    async get() {
      const { plugin } = await import(new URL("sidebar.js", base).href);
      const made = await plugin(shared);
      return () => ({ __esModule: true, default: made });
    },
  };
})();
