// A tree that requests its branches page by page when they are opened. It does not depend on JupyterLab.

import { portable } from "./lines.js";

export const SIGNS = { completed: "✓", caught: "!", failed: "✗", killed: "✗", running: "▶", unknown: "?" };

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** How long ago, in its largest unit: 3 d, 5 h, 12 m. */
export function age(iso, now = Date.now()) {
  const seconds = Math.max((now - Date.parse(iso)) / 1000, 0);
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / length)} ${unit}`;
}

export function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A branch: an object and its loaded children. */
class Branch {
  constructor(item, parent) {
    this.item = item;
    this.parent = parent;
    this.level = parent ? parent.level + 1 : 0;
    this.open = !parent;
    this.forget();
  }

  forget() {
    this.below = [];
    this.more = false;
    this.asked = false;
    this.error = "";
  }
}

const ROOT = { pathspec: "", name: "", kind: "root", leaf: false };

export class Tree {
  /**
   * @param {(query: {pathspec: string, text: string, offset: number}) => Promise<object>} ask for the children of an object
   * @param {(pathspec: string, other: boolean) => void} act on a click on a name, or Enter. `other` with Shift
   */
  constructor({ ask, act }) {
    this.ask = ask;
    this.act = act;
    this.root = new Branch(ROOT, null);
    this.text = "";
    this.failed = false;
    this.round = 0;
    this.current = "";
    this.node = element("div", "mfw-tree");
    this.list = element("div", "mfw-tree-list");
    this.list.setAttribute("role", "tree");
    this.list.setAttribute("aria-label", "Metaflow runs");
    this.note = element("p", "mfw-tree-note");
    this.note.setAttribute("role", "status");
    this.node.append(this.note, this.list);
    this.list.addEventListener("click", event => this.clicked(event));
    this.list.addEventListener("keydown", event => this.pressed(event));
    this.list.addEventListener("dragstart", event => this.dragged(event));
    this.list.addEventListener("focusin", event => { this.current = event.target.dataset.pathspec ?? this.current; });
  }

  /** Request all open branches again. */
  async refresh() {
    this.round += 1;
    const open = new Set(this.branches().filter(one => one.open).map(one => one.item.pathspec));
    const fresh = new Branch(ROOT, null);
    await this.load(fresh, open);
    this.draw();
  }

  /** Show only flows and runs that match a string; an empty string shows all. */
  filter(text) {
    this.text = text;
    return this.refresh();
  }

  /** Show only what failed, or everything. */
  onlyFailed(failed) {
    this.failed = failed;
    return this.refresh();
  }

  /** Request a page of a branch, and the open branches below it. The newest round of requests wins. */
  async load(branch, open = new Set()) {
    const round = this.round;
    const isRoot = branch.item.kind === "root";
    this.list.setAttribute("aria-busy", "true");
    const waiting = setTimeout(() => this.say("Loading…"), 300);
    let error = "";
    try {
      // The filter applies to flows and runs. Below a run, everything is shown.
      const text = isRoot || branch.item.kind === "flow" ? this.text : "";
      const answer = await this.askBelow(branch, text);
      if (round !== this.round) return;
      const known = new Set(branch.below.map(one => one.item.pathspec));
      const items = answer.items.filter(item => !known.has(item.pathspec));
      branch.below.push(...items.map(item => new Branch(item, branch)));
      branch.more = answer.more;
      branch.asked = true;
      if (isRoot) this.where = `${answer.metadata}, ${answer.namespace ?? "all runs"}`;
    } catch (problem) {
      error = problem.message;
    } finally {
      clearTimeout(waiting);
    }
    if (round !== this.round) return;
    this.list.setAttribute("aria-busy", "false");
    branch.error = error;
    // Old children stay if a new request fails.
    if (isRoot && error && this.root.below.length) this.root.error = error;
    else if (isRoot) this.root = branch;
    const again = branch.below.filter(one => open.has(one.item.pathspec) && !one.asked);
    for (const one of again) one.open = true;
    await Promise.all(again.map(one => this.load(one, open)));
    if (round === this.round) this.draw();
  }

  /** If the name of a flow matches, all its runs are shown. */
  async askBelow(branch, text) {
    const parameters = { pathspec: branch.item.pathspec, offset: branch.below.length, failed: this.failed ? "1" : "" };
    const named = branch.item.kind === "flow" && branch.item.name.toLowerCase().includes(text.toLowerCase());
    const answer = await this.ask({ ...parameters, text: named ? "" : text });
    // If no flow name matches, runs may match: then all flows are shown, so that the user can open them.
    if (branch.item.kind === "root" && text && !answer.items.length) return this.ask({ ...parameters, text: "" });
    return answer;
  }

  say(text) {
    this.note.textContent = text;
  }

  branches(from = this.root) {
    return from.below.flatMap(one => [one, ...this.branches(one)]);
  }

  /** The visible branches, from the top. */
  shown(from = this.root) {
    return from.below.flatMap(one => [one, ...(one.open ? this.shown(one) : [])]);
  }

  draw() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const rows = [];
    const add = (row, key) => {
      row.dataset.key = key;
      row.tabIndex = -1;
      rows.push(row);
    };
    const walk = branch => {
      for (const one of branch.below) {
        add(this.row(one), one.item.pathspec);
        if (one.open) walk(one);
      }
      const level = branch.level + 1;
      if (branch.error && branch !== this.root) add(this.again(branch, level, `${branch.error} Try again.`, "mfw-tree-error"), `!${branch.item.pathspec}`);
      else if (branch.asked && !branch.below.length && branch !== this.root) add(this.extra(level, this.failed ? "nothing failed" : "nothing"), `0${branch.item.pathspec}`);
      if (branch.more) add(this.again(branch, level, "More…", "mfw-tree-more"), `+${branch.item.pathspec}`);
    };
    walk(this.root);
    this.list.replaceChildren(...rows);
    const first = rows.find(row => row.dataset.pathspec === this.current) ?? rows[0];
    if (first) first.tabIndex = 0;
    rows.find(row => row.dataset.key === focused)?.focus();
    this.node.classList.toggle("mfw-tree-broken", Boolean(this.root.error));
    this.say(this.root.error || (rows.length ? this.where : `No flows${this.failed ? " with failed runs among their newest 50" : ""}: ${this.where ?? ""}`));
  }

  row(branch) {
    const { item } = branch;
    const row = element("div", "mfw-tree-row");
    Object.assign(row.dataset, { pathspec: item.pathspec, kind: item.kind, status: item.status ?? "" });
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", branch.level);
    if (!item.leaf) row.setAttribute("aria-expanded", String(branch.open));
    row.draggable = true;
    row.style.paddingLeft = `${4 + 14 * (branch.level - 1)}px`;
    const began = item.started_at ? age(item.started_at) : "";
    row.append(element("span", "mfw-tree-twisty", item.leaf ? "" : branch.open ? "▾" : "▸"));
    if (item.status) {
      const sign = element("span", `mfw-tree-sign mfw-tree-${item.status}`, SIGNS[item.status] ?? "?");
      sign.setAttribute("aria-label", item.status);
      sign.setAttribute("role", "img");
      row.append(sign);
    }
    row.append(element("span", "mfw-tree-name", item.name), element("span", "mfw-tree-detail", [began, item.detail].filter(Boolean).join(" · ")));
    return row;
  }

  extra(level, text, className = "") {
    const row = element("div", `mfw-tree-row mfw-tree-extra ${className}`, text);
    row.setAttribute("role", "treeitem");
    row.setAttribute("aria-level", level);
    row.style.paddingLeft = `${22 + 14 * (level - 1)}px`;
    return row;
  }

  /** A row that requests more children of a branch. */
  again(branch, level, text, className) {
    const row = this.extra(level, text, className);
    row.dataset.more = branch.item.pathspec;
    return row;
  }

  found(pathspec) {
    return pathspec === "" ? this.root : this.branches().find(one => one.item.pathspec === pathspec);
  }

  async toggle(branch, open = !branch.open) {
    if (branch.item.leaf) return;
    branch.open = open;
    if (open && !branch.asked) {
      branch.forget();
      await this.load(branch);
    }
    this.draw();
  }

  clicked(event) {
    const row = event.target.closest(".mfw-tree-row");
    if (!row) return;
    this.focus(row);
    if (row.dataset.more !== undefined) return void this.load(this.found(row.dataset.more));
    if (!row.dataset.pathspec) return;
    if (event.target.closest(".mfw-tree-twisty")) void this.toggle(this.found(row.dataset.pathspec));
    else this.act(row.dataset.pathspec, event.shiftKey);
  }

  focus(row) {
    for (const one of this.list.children) one.tabIndex = -1;
    row.tabIndex = 0;
    row.focus();
  }

  pressed(event) {
    const row = event.target.closest(".mfw-tree-row");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const branch = row.dataset.pathspec ? this.found(row.dataset.pathspec) : undefined;
    const rows = [...this.list.children], at = rows.indexOf(row);
    const go = place => { if (rows[place]) this.focus(rows[place]); };
    const keys = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => (branch && !branch.open && !branch.item.leaf ? void this.toggle(branch, true) : go(at + 1)),
      ArrowLeft: () => {
        if (branch?.open) return void this.toggle(branch, false);
        const above = rows.slice(0, at).findLast(one => one.ariaLevel < row.ariaLevel);
        if (above) this.focus(above);
      },
      Enter: () => (branch ? this.act(branch.item.pathspec, event.shiftKey) : row.click()),
      " ": () => (branch ? void this.toggle(branch) : row.click()),
    };
    if (!(event.key in keys)) return;
    keys[event.key]();
    // JupyterLab also handles these keys.
    event.preventDefault();
    event.stopPropagation();
  }

  dragged(event) {
    const { pathspec } = event.target.closest(".mfw-tree-row").dataset;
    if (!pathspec) return;
    try {
      event.dataTransfer.setData("text/plain", portable(pathspec));
    } catch {
      event.preventDefault();
    }
  }
}
