// Puts a widget into its cell, hides the static picture below it, and says what went wrong if it cannot be shown.

import { render } from "../explorer/static/preact_htm.js";

/** Show what `make` returns for the element of the widget. Returns a function that removes it. */
export function mount(model, el, make) {
  const root = document.createElement("div");
  root.className = "mfwx-root";
  el.append(root);
  if (model.get("hides")) {
    // The static picture below is for notebooks that are read without a kernel.
    const hiding = document.createElement("style");
    hiding.textContent = `.${CSS.escape(model.get("hides"))}{display:none}`;
    el.append(hiding);
  }
  try {
    render(make(root), root);
  } catch (error) {
    root.textContent = `This could not be shown: ${error}`;
    root.setAttribute("role", "alert");
  }
  return () => render(null, root);
}
