// What JupyterLab loads first: the container of a federated extension, written by hand. It hands JupyterLab's own modules on to
// sidebar.js, so that nothing is bundled and nothing is built. The contract is webpack's module federation (init and get), which
// every labextension of JupyterLab 3 and 4 keeps; a browser test holds it.
(() => {
  const base = document.currentScript.src;
  let scope = {};

  /** One of JupyterLab's own modules, by its name; each is there once. */
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
