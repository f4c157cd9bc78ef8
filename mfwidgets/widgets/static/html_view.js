// Shows HTML that mfwidgets rendered, and reports clicks and ticks on the objects in it, by mouse or keyboard.
// The templates have escaped all text in the HTML. It contains no scripts, and innerHTML would not run them.

const CHOICES = "[data-pathspec]", TICKS = "input[data-tick]";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** @param {Element} root @param {string} group */
const all = (root, group) => [...root.querySelectorAll(group)];

/** Make a group of elements reachable by keyboard: Tab goes to the first, arrow keys go to the others. */
function rove(nodes) {
  nodes.forEach((node, place) => { node.tabIndex = place === 0 ? 0 : -1; });
}

function prepare(root, selected) {
  const choices = all(root, CHOICES);
  rove(choices);
  for (const node of choices) {
    node.setAttribute("role", "button");
    if (!node.getAttribute("aria-label")) node.setAttribute("aria-label", `open ${node.dataset.pathspec}`);
    if (node.dataset.pathspec === selected) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
}

/** Add a checkbox to each table row that is about an object. */
function addTicks(root) {
  for (const table of root.querySelectorAll("table:has(tbody [data-pathspec])")) {
    for (const row of table.rows) {
      const cell = row.insertCell(0);
      const pathspec = row.querySelector(CHOICES)?.dataset.pathspec;
      if (!pathspec) continue;
      const box = document.createElement("input");
      box.type = "checkbox";
      box.dataset.tick = pathspec;
      box.title = "compare";
      box.setAttribute("aria-label", `compare ${pathspec}`);
      cell.append(box);
    }
  }
  rove(all(root, TICKS));
}

function setTicks(root, ticked) {
  for (const box of all(root, TICKS)) box.checked = ticked.includes(box.dataset.tick);
}

/** Return which sections are open and which element has the focus, to restore them in new HTML. */
function remembered(root) {
  const active = root.contains(document.activeElement) ? document.activeElement.dataset : {};
  return {
    closed: all(root, "details:not([open]) > summary").map(node => node.textContent),
    opened: all(root, "details[open] > summary").map(node => node.textContent),
    chosen: active.pathspec,
    ticked: active.tick,
  };
}

function restored(root, before) {
  for (const summary of root.querySelectorAll("details > summary")) {
    if (before.closed.includes(summary.textContent)) summary.parentElement.removeAttribute("open");
    if (before.opened.includes(summary.textContent)) summary.parentElement.setAttribute("open", "");
  }
  const had = (before.chosen && all(root, CHOICES).find(node => node.dataset.pathspec === before.chosen))
    || (before.ticked && all(root, TICKS).find(node => node.dataset.tick === before.ticked));
  if (had) had.focus();
}

/** Run `work`, and show an error in the widget. Otherwise the widget would be empty. */
function guarded(root, work) {
  try {
    work();
  } catch (error) {
    root.textContent = `This could not be shown: ${error}`;
    root.setAttribute("role", "alert");
  }
}

/** Copy the line, and show the result in the button for 1.5 seconds. */
async function copied(button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed here";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
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
        if (model.get("tickable")) {
          addTicks(root);
          setTicks(root, model.get("ticked"));
        }
        prepare(root, model.get("selected"));
        restored(root, before);
      });
    const mark = () => guarded(root, () => prepare(root, model.get("selected")));
    const tick = () => guarded(root, () => setTicks(root, model.get("ticked")));
    const wait = () => {
      root.classList.toggle("mfw-busy", model.get("busy"));
      root.setAttribute("aria-busy", String(model.get("busy")));
    };
    const choose = node => model.send({ chosen: node.dataset.pathspec });
    root.addEventListener("click", event => {
      const button = event.target.closest("[data-copy]");
      if (button) return void copied(button);
      const node = event.target.closest(CHOICES);
      if (node && root.contains(node)) choose(node);
    });
    root.addEventListener("change", event => {
      const { tick: pathspec } = event.target.dataset;
      if (pathspec) model.send({ ticked: pathspec, on: event.target.checked });
    });
    root.addEventListener("keydown", event => {
      const group = event.target.matches(TICKS) ? TICKS : CHOICES;
      const node = event.target.closest(group);
      if (!node) return;
      if (event.key in STEPS) {
        const nodes = all(root, group);
        nodes[Math.min(Math.max(nodes.indexOf(node) + STEPS[event.key], 0), nodes.length - 1)].focus();
      } else if (group === CHOICES && (event.key === "Enter" || event.key === " ")) {
        choose(node);
      } else {
        return;
      }
      // JupyterLab has its own shortcuts for these keys.
      event.preventDefault();
      event.stopPropagation();
    });
    const changes = { html: show, selected: mark, ticked: tick, busy: wait };
    for (const [name, act] of Object.entries(changes)) model.on(`change:${name}`, act);
    show();
    guarded(root, wait);
    return () => {
      for (const [name, act] of Object.entries(changes)) model.off(`change:${name}`, act);
    };
  },
};
