// Shows HTML that mfwidgets drew, and reports which object was chosen in it: by mouse, or by keyboard.
// Every text in that HTML was escaped where it was drawn; no script of it would run here, and none is in it.

/** @param {Element} root */
const choices = root => [...root.querySelectorAll("[data-pathspec]")];

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Let each object be reached by keyboard: one of them by Tab, the others from there by arrow keys. */
function prepare(root, selected) {
  choices(root).forEach((node, place) => {
    node.setAttribute("role", "button");
    node.tabIndex = place === 0 ? 0 : -1;
    if (!node.getAttribute("aria-label")) {
      node.setAttribute("aria-label", `open ${node.dataset.pathspec}`);
    }
    if (node.dataset.pathspec === selected) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  });
}

/** What is open and what has the focus, so that new HTML can have it again. */
function remembered(root) {
  const active = document.activeElement;
  return {
    closed: [...root.querySelectorAll("details:not([open]) > summary")].map(node => node.textContent),
    opened: [...root.querySelectorAll("details[open] > summary")].map(node => node.textContent),
    focused: root.contains(active) ? active.dataset.pathspec : undefined,
  };
}

function restored(root, before) {
  for (const summary of root.querySelectorAll("details > summary")) {
    if (before.closed.includes(summary.textContent)) summary.parentElement.removeAttribute("open");
    if (before.opened.includes(summary.textContent)) summary.parentElement.setAttribute("open", "");
  }
  if (before.focused) choices(root).find(node => node.dataset.pathspec === before.focused)?.focus();
}

/** Do something, and show in the widget itself what goes wrong: by default it would be an empty box. */
function guarded(root, work) {
  try {
    work();
  } catch (error) {
    root.textContent = `This could not be shown: ${error}`;
    root.setAttribute("role", "alert");
  }
}

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    root.className = "mfw-live";
    el.append(root);
    if (model.get("snapshot")) {
      // The static picture below is for notebooks that are read without a kernel.
      const hiding = document.createElement("style");
      hiding.textContent = `.${CSS.escape(model.get("snapshot"))}{display:none}`;
      el.append(hiding);
    }
    const show = () =>
      guarded(root, () => {
        const before = remembered(root);
        root.innerHTML = model.get("html");
        prepare(root, model.get("selected"));
        restored(root, before);
      });
    const mark = () => guarded(root, () => prepare(root, model.get("selected")));
    const choose = node => model.send({ chosen: node.dataset.pathspec });
    root.addEventListener("click", event => {
      const node = event.target.closest("[data-pathspec]");
      if (node && root.contains(node)) choose(node);
    });
    root.addEventListener("keydown", event => {
      const node = event.target.closest("[data-pathspec]");
      if (!node) return;
      if (event.key === "Enter" || event.key === " ") {
        choose(node);
      } else if (event.key in STEPS) {
        const all = choices(root);
        all[Math.min(Math.max(all.indexOf(node) + STEPS[event.key], 0), all.length - 1)].focus();
      } else {
        return;
      }
      // JupyterLab has meanings of its own for these keys.
      event.preventDefault();
      event.stopPropagation();
    });
    model.on("change:html", show);
    model.on("change:selected", mark);
    show();
    return () => {
      model.off("change:html", show);
      model.off("change:selected", mark);
    };
  },
};
