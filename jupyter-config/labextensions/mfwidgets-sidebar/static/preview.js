// A small card with a few facts about the row under the pointer, or the row with the focus. It does not depend on JupyterLab.

import { element, SIGNS } from "./tree.js";

/** The pointer rests this long before anything is requested. The focus rests longer, because arrow keys pass many rows. */
const POINTER_MS = 350, FOCUS_MS = 700;

export class Preview {
  /**
   * @param {import("./tree.js").Tree} tree
   * @param {(pathspec: string) => Promise<object>} ask for the facts of an object
   */
  constructor(tree, ask) {
    this.tree = tree;
    this.ask = ask;
    this.cache = new Map();
    this.number = 0;
    this.timer = 0;
    this.row = null;
    this.node = element("div", "mfw-tree-preview");
    this.node.id = "mfw-tree-preview";
    this.node.setAttribute("role", "tooltip");
    this.node.hidden = true;
    const { list } = tree;
    list.addEventListener("mouseover", event => this.over(event, POINTER_MS));
    list.addEventListener("focusin", event => this.over(event, FOCUS_MS));
    list.addEventListener("mouseleave", () => this.hide());
    list.addEventListener("focusout", () => this.hide());
    list.addEventListener("mousedown", () => this.hide());
    tree.node.addEventListener("scroll", () => this.hide());
    list.addEventListener("keydown", event => {
      if (event.key !== "Escape" || this.node.hidden) return;
      this.hide();
      event.stopPropagation();
    });
  }

  over(event, pause) {
    const row = event.target.closest(".mfw-tree-row[data-pathspec]");
    if (row === this.row) return;
    this.hide();
    this.row = row;
    if (row) this.timer = setTimeout(() => void this.show(row), pause);
  }

  hide() {
    clearTimeout(this.timer);
    this.number += 1;
    this.row?.removeAttribute("aria-describedby");
    this.row = null;
    this.node.hidden = true;
  }

  forget() {
    this.cache.clear();
    this.hide();
  }

  async show(row) {
    const { pathspec } = row.dataset, number = this.number;
    const branch = this.tree.found(pathspec);
    if (!branch || !row.isConnected) return;
    const { item } = branch;
    const known = this.cache.get(pathspec);
    this.draw(row, known ?? { pathspec, status: item.status, reason: item.reason, facts: [] }, known ? "" : "Reading\u2026");
    if (known) return;
    let answer, problem = "";
    try {
      answer = await this.ask(pathspec);
      if (answer.status !== "running") this.cache.set(pathspec, answer);
    } catch (error) {
      problem = error.message;
    }
    if (number !== this.number) return;
    this.draw(row, answer ?? { pathspec, status: item.status, reason: item.reason, facts: [] }, problem);
  }

  draw(row, { pathspec, status, reason, facts }, note) {
    const head = element("p", "mfw-tree-preview-head", pathspec);
    const parts = [head];
    if (status) {
      const line = element("p", "mfw-tree-preview-status");
      line.append(element("span", `mfw-tree-sign mfw-tree-${status}`, `${SIGNS[status] ?? "?"} ${status}`));
      parts.push(line);
    }
    if (reason) parts.push(element("p", "mfw-tree-preview-reason", reason));
    const list = element("dl", "");
    for (const [label, text] of facts) list.append(element("dt", "", label), element("dd", label === "exception" ? "mfw-tree-preview-error" : "", text));
    if (facts.length) parts.push(list);
    if (note) parts.push(element("p", "mfw-tree-preview-note", note));
    this.node.replaceChildren(...parts);
    if (!this.node.isConnected) document.body.append(this.node);
    this.node.hidden = false;
    row.setAttribute("aria-describedby", this.node.id);
    const place = row.getBoundingClientRect(), panel = this.tree.node.getBoundingClientRect();
    const right = panel.right + 6 + this.node.offsetWidth <= window.innerWidth;
    this.node.style.left = `${right ? panel.right + 6 : Math.max(panel.left - this.node.offsetWidth - 6, 0)}px`;
    this.node.style.top = `${Math.max(Math.min(place.top, window.innerHeight - this.node.offsetHeight - 8), 0)}px`;
  }
}
