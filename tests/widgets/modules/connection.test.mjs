// Questions to Python, with a stub of the model: the newest question of a topic wins.

import assert from "node:assert/strict";
import test from "node:test";
import { Connection } from "./explorer/static/connection.js";
import { firstChart } from "./explorer/static/chart_pane.js";
import { marksIn } from "./explorer/static/made_html.js";

function stub() {
  const listeners = new Set(), sent = [];
  return {
    sent, listeners,
    model: { on: (_, act) => listeners.add(act), off: (_, act) => listeners.delete(act), send: content => sent.push(content) },
    tell: content => [...listeners].forEach(act => act(content)),
  };
}

test("an answer goes to the newest question of its topic alone", () => {
  const { model, sent, tell } = stub(), connection = new Connection(model), heard = [];
  connection.ask("pane", { tab: "DAG" }, answer => heard.push(answer.html));
  connection.ask("pane", { tab: "Logs" }, answer => heard.push(answer.html));
  connection.ask("chart", {}, answer => heard.push(answer.html));
  assert.deepEqual(sent.map(one => [one.ask, one.tab]), [["pane", "DAG"], ["pane", "Logs"], ["chart", undefined]]);
  tell({ push: "answer", ask: "pane", id: sent[0].id, html: "late" });
  assert.ok(connection.waits("pane"));
  tell({ push: "answer", ask: "pane", id: sent[1].id, html: "new" });
  tell({ push: "answer", ask: "pane", id: sent[1].id, html: "twice" });
  tell({ push: "answer", ask: "chart", id: sent[2].id, html: "chart" });
  assert.deepEqual(heard, ["new", "chart"]);
  assert.ok(!connection.waits("pane"));
});

test("listeners hear what Python pushes, until they stop", () => {
  const { model, listeners, tell } = stub(), connection = new Connection(model), heard = [];
  const stop = connection.listen(content => heard.push(content.push));
  for (const odd of [null, "x", undefined]) tell(odd);
  tell({ push: "table" });
  stop();
  tell({ push: "rows" });
  assert.deepEqual(heard, ["table"]);
  connection.close();
  assert.equal(listeners.size, 0);
});

test("a chart begins with a result that has a goal", () => {
  const columns = [
    { name: "duration", kind: "number", group: "facts", facts: {} },
    { name: "artifact.count", kind: "number", group: "results", facts: {} },
    { name: "artifact.rmse", kind: "number", group: "results", facts: { best: 0.1 } },
    { name: "param.alpha", kind: "number", group: "parameters", facts: {} },
  ];
  assert.deepEqual([firstChart(columns).y, firstChart(columns).x], ["artifact.rmse", "param.alpha"]);
  assert.equal(firstChart(columns.slice(0, 2)).y, "artifact.count");
  assert.deepEqual([firstChart([]).y, firstChart([]).x], ["duration", "started_at"]);
});

test("a brush finds the marks whose centres it covers", () => {
  const mark = (pathspec, left, top) => ({ dataset: { pathspec }, getBoundingClientRect: () => ({ left, right: left + 10, top, bottom: top + 10 }) });
  const marks = [mark("F/1", 0, 0), mark("F/2", 20, 20), mark("F/2", 22, 22), mark("F/3", 90, 90)];
  assert.deepEqual(marksIn(marks, { left: 10, right: 50, top: 10, bottom: 50 }), ["F/2"]);
  assert.deepEqual(marksIn(marks, { left: 4, right: 5, top: 4, bottom: 5 }), ["F/1"]);
});
