// Puts a widget into its cell, hides the static picture below it, and says what went wrong if it cannot be shown.

import { render } from "../explorer/static/preact_htm.js";

const PATIENCE_MS = 5000;

const WORDS = "No kernel answers, so this is a picture of the last state. The explorer appears as soon as one does.";

/** Show what `make` returns for the element of the widget. Returns a function that removes it. */
export function mount(model, el, make) {
  const root = document.createElement("div");
  root.className = "mfwx-root";
  el.append(root);
  const hiding = document.createElement("style");
  if (model.get("hides")) {
    // The static picture below is for notebooks that are read without a kernel.
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

/**
 * Show the static picture instead of the widget while Python has said nothing: in a page without a kernel, and after a
 * reload while the kernel is busy. Returns a function that ends it.
 */
export function pictured(model, el) {
  const root = el.querySelector(".mfwx-root"), hiding = el.querySelector("style"), still = document.createElement("div");
  const heard = () => {
    clearTimeout(timer);
    model.off("msg:custom", heard);
    still.remove();
    root.hidden = false;
    if (hiding) hiding.disabled = false;
  };
  const show = () => {
    const picture = model.get("picture"), below = hiding && document.querySelector(`.${CSS.escape(model.get("hides"))}`);
    if (!picture && !below) return;
    still.className = "mfwx-still";
    still.innerHTML = picture ?? "";
    const words = document.createElement("p");
    words.setAttribute("role", "status");
    words.textContent = WORDS;
    still.prepend(words);
    el.append(still);
    root.hidden = true;
    if (hiding) hiding.disabled = true;
  };
  const timer = setTimeout(show, PATIENCE_MS);
  model.on("msg:custom", heard);
  return heard;
}
