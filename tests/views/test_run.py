"""The display of a run: parameters, graph, timeline, steps that did not run, and its cost in requests."""

import re

import pytest

from mfwidgets import Metaflow


def shown(run):
    bundle = run._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"]


def test_parameters(client, runs):
    text, _ = shown(client.get(runs["parameters"]))
    assert re.search(r"number +3\n", text)
    assert re.search(r"settings +\{'depth': \{'max': 4\}\}", text)
    assert "CONSTANT" not in text
    _, page = shown(client.get(runs["linear-hostile"]))
    assert "&lt;script&gt;alert(&#39;label&#39;)" in page


def test_the_graph_and_steps_that_did_not_run(client, runs):
    text, page = shown(client.get(runs["loop"]))
    assert re.findall(r'data-step="(\w+)"', page) == ["begin", "count", "choose", "detour", "meet", "finish"]
    assert page.count("mfw-idle") >= 1
    assert re.search(r"detour +not run +0 .*meet", text)
    assert re.search(r"count +✓ completed +3 .*count, choose \(switch\)", text)
    text, page = shown(client.get(runs["failing"]))
    assert re.search(r"end +not run", text)
    assert 'class="mfw-node mfw-failed" data-step="divide"' in page


def test_the_timeline(client, runs):
    text, page = shown(client.get(runs["retry"]))
    timeline = text[text.index("Timeline") : text.index("Steps\n")]
    assert re.search(r"flaky +\d+ .*[▓█].* 2 +critical", timeline)
    assert timeline.count("critical") == 4
    assert "linear-gradient" in page
    text, _ = shown(client.get(runs["foreach"]))
    assert re.search(r"work +4 tasks", text)
    assert "ü/d" in text[text.index("Timeline") : text.index("Steps\n")]


@pytest.mark.parametrize("name", ["branch", "values", "loop", "failing", "killed", "foreach"])
def test_what_it_costs_on_a_service(name, on_service):
    runs, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(runs[name])
    steps = len(list(run))
    service.reset()
    text, _ = shown(run)
    asked = [request["path"] for request in service.requests()]
    failures = 1 if "Tasks that failed" in text else 0
    assert len(asked) <= 3 + steps + failures, asked
    assert "Parameters" in text or name != "values"
    assert "Timeline" in text


def test_a_service_and_local_files_show_the_same_parts(client, runs, on_service):
    there, service = on_service
    other = Metaflow(metadata=service.url, namespace=None)
    for name in ("branch", "values", "loop"):
        parts = [
            re.findall(r"^([A-Z]\w+)", shown(one)[0], re.MULTILINE)
            for one in (client.get(runs[name]), other.get(there[name]))
        ]
        assert parts[0] == parts[1]
