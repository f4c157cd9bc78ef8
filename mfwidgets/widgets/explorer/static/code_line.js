// A line of code with a button that copies it.

import { html, useEffect, useRef, useState } from "./preact_htm.js";

/** The button shows for 1.5 seconds whether the line was copied. A page that is not secure has no clipboard. */
export function CodeLine({ code }) {
  const [words, setWords] = useState("Copy code");
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      setWords("Copied");
    } catch {
      setWords("Not allowed here");
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setWords("Copy code"), 1500);
  };
  return html`<div class="mfwx-code"><code title=${code}>${code}</code><button type="button" onClick=${copy}>${words}</button></div>`;
}
