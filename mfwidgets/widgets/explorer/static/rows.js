// What is known about the table: its columns, and the rows that Python has sent. It is pure.

export const ROW_HEIGHT = 26, OVERSCAN = 8, KEPT = 400;

const WIDTHS = { code: 150, status: 120, time: 160, number: 96, tags: 140, text: 120 };
const SHORT_WIDTHS = { code: 92, time: 104 };

export const EMPTY_TABLE = {
  version: -1, columns: [], available: [], rows: new Map(), loaded: 0, total: 0, known: 0, complete: false, sort: [],
  lines: 0, running: 0, frozen: 1, pins: [], flows: [], namespaces: [], notes: [], working: "Opening\u2026", problem: "",
};

/** Return the table after a message of Python. Rows of another order, with other columns or far from those sent are forgotten. */
export function withMessage(table, message) {
  const { push, start = 0, rows: sent = [], ...facts } = message;
  // What is equal stays the same object, so that it is not drawn again.
  for (const name of Object.keys(facts)) if (typeof facts[name] === "object" && JSON.stringify(facts[name]) === JSON.stringify(table[name])) facts[name] = table[name];
  const columns = facts.columns ?? table.columns;
  const names = list => list.map(column => column.name).join("\n");
  const same = message.version === table.version && (columns === table.columns || names(columns) === names(table.columns));
  const near = index => index > start - KEPT && index < start + sent.length + KEPT;
  const rows = new Map(same ? [...table.rows].filter(([index]) => sent.length === 0 || near(index)) : []);
  sent.forEach((row, number) => {
    const before = rows.get(start + number);
    rows.set(start + number, before && JSON.stringify(before) === JSON.stringify(row) ? before : row);
  });
  return { ...table, ...facts, rows };
}

/** Return the first and the last row to draw, with some around those in view. */
export function inView(scrollTop, height, total) {
  const first = Math.max(Math.floor(scrollTop / ROW_HEIGHT) - OVERSCAN, 0);
  const last = Math.min(Math.ceil((scrollTop + height) / ROW_HEIGHT) + OVERSCAN, total);
  return [Math.min(first, last), last];
}

/** Return the rows in the order of their nodes. A row that scrolls into view takes the node of one that has left, so no node is made. */
export const inSlots = (rows, count) => [...rows].sort((one, other) => (one % count) - (other % count));

/** Return how many columns stay visible at the left: those that are pinned, as long as they leave room for others. */
export function frozenIn(widths, frozen, room) {
  let sum = 0, count = 0;
  while (count < Math.min(frozen, widths.length) && (count === 0 || sum + widths[count] < room * 0.6)) sum += widths[count++];
  return count;
}

/** Return the keys of folded groups after a click on one of them. */
export const toggled = (folded, key) => (folded.includes(key) ? folded.filter(one => one !== key) : [...folded, key]);

/** Return an id for this page. Each explorer has these modules for itself, so a counter would repeat. */
export const uniqueId = name => `mfwx-${name}-${Math.random().toString(36).slice(2, 10)}`;

/** Return widths as the tracks of a grid. */
export const tracks = widths => widths.map(width => `${width}px`).join(" ");

/** Return the width of a column: as the user left it, or as its heading and its kind need. */
export function widthOf(column, widths, short = false) {
  const natural = Math.min(Math.max(column.heading.length * 7.5 + 34, WIDTHS[column.kind] ?? 110), 240);
  return widths[column.name] ?? ((short && SHORT_WIDTHS[column.kind]) || Math.round(natural));
}

/** Return whether ids and times are shortened, because otherwise not all columns are in view. */
export const isShort = (columns, widths, room) => columns.reduce((sum, column) => sum + widthOf(column, widths), 0) > room;

/** Return a time without its year and its seconds. The tooltip has the whole. */
export const shortTime = text => /^\d{4}-(\d\d-\d\d \d\d:\d\d)/.exec(text)?.[1] ?? text;

/** Return the order after a click on a header: rising, falling, none. With `add`, the other keys stay. */
export function sortedBy(sort, name, add) {
  const place = sort.findIndex(key => key[0] === name);
  const others = add ? sort.filter(key => key[0] !== name) : [];
  if (place < 0) return [...others, [name, true]];
  if (!sort[place][1]) return others;
  return add ? sort.map((key, number) => (number === place ? [name, false] : key)) : [[name, false]];
}

/** Return the names of columns after one of them has moved to the left (-1) or to the right (1). */
export function moved(names, name, by) {
  const place = names.indexOf(name), other = place + by;
  if (place < 0 || other < 0 || other >= names.length) return names;
  const result = [...names];
  [result[place], result[other]] = [result[other], result[place]];
  return result;
}

/** Return the numbers of bins that a drag from x to another x covers. Both are shares of the width. */
export function brushed(from, to, count) {
  const place = share => Math.min(Math.max(Math.floor(share * count), 0), count - 1);
  return [place(Math.min(from, to)), place(Math.max(from, to))];
}

/** Return the active cell after a key. Row -1 is the header. Null if the key does not move. */
export function movedBy(key, [row, column], rowCount, columnCount, page) {
  const to = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  const clampRow = next => Math.min(Math.max(next, -1), rowCount - 1);
  if (to) return [clampRow(row + to[0]), Math.min(Math.max(column + to[1], 0), columnCount - 1)];
  if (key === "PageDown") return [clampRow(row + page), column];
  if (key === "PageUp") return [Math.max(clampRow(row - page), Math.min(row, 0)), column];
  if (key === "Home") return [Math.min(row, 0), column];
  if (key === "End") return [rowCount - 1, column];
  return null;
}
