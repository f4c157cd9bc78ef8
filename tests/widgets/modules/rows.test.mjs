// The pure parts of the table: what is known of it, what is in view, how keys and clicks change it.

import assert from "node:assert/strict";
import test from "node:test";
import {
  EMPTY_TABLE, ROW_HEIGHT, brushed, frozenIn, inSlots, inView, isShort, moved, movedBy, shortTime, sortedBy, toggled, tracks, uniqueId, widthOf, withMessage,
} from "./explorer/static/rows.js";

const column = (name, more = {}) => ({ name, heading: name, kind: "text", group: "facts", facts: {}, ...more });
const row = number => [`F/${number}`, `${number}`, [[`${number}`, ""]]];
const opened = () => withMessage(EMPTY_TABLE, { push: "table", version: 1, columns: [column("a")], loaded: 3, start: 0, rows: [row(1), row(2)] });

test("rows are added to those that are known", () => {
  const table = withMessage(opened(), { push: "rows", version: 1, start: 2, rows: [row(3)] });
  assert.deepEqual([...table.rows.keys()], [0, 1, 2]);
  assert.equal(table.loaded, 3);
});

test("rows of another order or with other columns are forgotten", () => {
  const other = withMessage(opened(), { push: "table", version: 2, start: 1, rows: [row(9)] });
  assert.deepEqual([...other.rows], [[1, row(9)]]);
  const columns = withMessage(opened(), { push: "table", version: 1, columns: [column("b")], start: 0, rows: [row(1)] });
  assert.deepEqual([...columns.rows.keys()], [0]);
});

test("equal parts stay the same objects, so they are not drawn again", () => {
  const before = opened();
  const after = withMessage(before, { push: "table", version: 1, columns: [column("a")], start: 0, rows: [row(1), row(7)] });
  assert.equal(after.columns, before.columns);
  assert.equal(after.rows.get(0), before.rows.get(0));
  assert.deepEqual(after.rows.get(1), row(7));
  assert.notEqual(withMessage(before, { push: "table", version: 1, columns: [column("a", { kind: "number" })] }).columns, before.columns);
});

test("a table that was scrolled far keeps few rows", () => {
  let table = opened();
  for (let start = 0; start < 50_000; start += 50) {
    table = withMessage(table, { push: "rows", version: 1, start, rows: Array.from({ length: 50 }, (_, at) => row(start + at)) });
  }
  assert.ok(table.rows.size < 1_000, `${table.rows.size}`);
  assert.ok(table.rows.has(49_999));
});

test("the rows in view, with some around them", () => {
  assert.deepEqual(inView(0, 10 * ROW_HEIGHT, 1_000), [0, 18]);
  assert.deepEqual(inView(100 * ROW_HEIGHT, 10 * ROW_HEIGHT, 1_000), [92, 118]);
  assert.deepEqual(inView(1e9, 260, 40), [40, 40]);
  assert.deepEqual(inView(0, 260, 0), [0, 0]);
});

test("each row in view has its own slot", () => {
  for (const first of [0, 5, 27, 1_001]) {
    const rows = Array.from({ length: 28 }, (_, at) => first + at), slots = inSlots(rows, 28);
    assert.deepEqual(slots.map(index => index % 28), Array.from({ length: 28 }, (_, at) => at));
    assert.deepEqual(new Set(slots), new Set(rows));
  }
});

test("a click sorts up, down and not at all, with Shift the other keys stay", () => {
  assert.deepEqual(sortedBy([], "a"), [["a", true]]);
  assert.deepEqual(sortedBy([["a", true]], "a"), [["a", false]]);
  assert.deepEqual(sortedBy([["a", false]], "a"), []);
  assert.deepEqual(sortedBy([["a", false]], "b", true), [["a", false], ["b", true]]);
  assert.deepEqual(sortedBy([["a", true], ["b", true]], "a", true), [["a", false], ["b", true]]);
  assert.deepEqual(sortedBy([["a", false], ["b", true]], "a", true), [["b", true]]);
  assert.deepEqual(sortedBy([["a", true]], "b"), [["b", true]]);
});

test("columns move within their ends", () => {
  assert.deepEqual(moved(["a", "b", "c"], "b", 1), ["a", "c", "b"]);
  assert.deepEqual(moved(["a", "b"], "a", -1), ["a", "b"]);
  assert.deepEqual(moved(["a", "b"], "x", 1), ["a", "b"]);
});

test("a brush covers bins in both directions, and not more than there are", () => {
  assert.deepEqual(brushed(0.1, 0.45, 10), [1, 4]);
  assert.deepEqual(brushed(0.9, -0.2, 10), [0, 9]);
  assert.deepEqual(brushed(1, 1, 10), [9, 9]);
});

test("keys move the active cell, and stay within the table", () => {
  const go = (key, from) => movedBy(key, from, 100, 4, 10);
  assert.deepEqual(go("ArrowDown", [-1, 0]), [0, 0]);
  assert.deepEqual(go("ArrowUp", [-1, 2]), [-1, 2]);
  assert.deepEqual(go("ArrowRight", [5, 3]), [5, 3]);
  assert.deepEqual(go("PageDown", [95, 1]), [99, 1]);
  assert.deepEqual(go("PageUp", [5, 1]), [0, 1]);
  assert.deepEqual(go("End", [0, 1]), [99, 1]);
  assert.deepEqual(go("Home", [50, 1]), [0, 1]);
  assert.equal(go("a", [0, 0]), null);
});

test("pinned columns leave room for others, and the first one always stays", () => {
  assert.equal(frozenIn([150, 100, 100], 3, 2_000), 3);
  assert.equal(frozenIn([150, 100, 100], 2, 2_000), 2);
  assert.equal(frozenIn([150, 100, 100], 3, 450), 2);
  assert.equal(frozenIn([400, 100], 2, 300), 1);
  assert.equal(frozenIn([], 1, 300), 0);
});

test("a group is folded and unfolded", () => {
  assert.deepEqual(toggled(["a"], "b"), ["a", "b"]);
  assert.deepEqual(toggled(["a", "b"], "a"), ["b"]);
});

test("ids differ, also between copies of the module", () => {
  const ids = Array.from({ length: 200 }, () => uniqueId("table"));
  assert.equal(new Set(ids).size, 200);
  assert.match(ids[0], /^mfwx-table-[a-z0-9]+$/);
});

test("ids and times are shortened if the columns do not fit, but not those that the user made wider", () => {
  const columns = [column("id", { kind: "code" }), column("started (UTC)", { kind: "time" }), column("a")];
  assert.equal(isShort(columns, {}, 430), false);
  assert.equal(isShort(columns, {}, 429), true);
  assert.deepEqual(columns.map(one => widthOf(one, {}, true)), [92, 104, 120]);
  assert.equal(widthOf(columns[1], { "started (UTC)": 200 }, true), 200);
});

test("a short time has no year and no seconds", () => {
  assert.equal(shortTime("2026-11-26 18:46:16"), "11-26 18:46");
  assert.equal(shortTime(""), "");
  assert.equal(shortTime("unknown"), "unknown");
});

test("widths have bounds, and those of the user win", () => {
  assert.equal(widthOf(column("a".repeat(90)), {}), 240);
  assert.equal(widthOf(column("a", { kind: "code" }), {}), 150);
  assert.equal(widthOf(column("a"), { a: 77 }), 77);
  assert.equal(tracks([30, 150]), "30px 150px");
});
