"""The display of a run: parameters, graph, timeline, steps that did not run, and its cost in requests."""

import re

import pytest

from mfwidgets import Metaflow
from mfwidgets.views.earlier_runs import USUAL_RUNS


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


def test_the_map_and_steps_that_did_not_run(client, runs):
    text, page = shown(client.get(runs["loop"]))
    assert re.findall(r"(\w+) +([●○╯╰├─]+) +[✓✗!n]", text[text.index("Steps (") :])[:6] == [
        ("begin", "●"),
        ("count", "●"),
        ("choose", "●"),
        ("detour", "├─○"),
        ("meet", "●─╯"),
        ("finish", "●"),
    ]
    assert re.search(r"detour .*not run +0\b", text)
    assert page.count("mfw-idle") >= 1
    assert "count, choose (switch)" in page  # for readers without pictures
    text, page = shown(client.get(runs["failing"]))
    assert re.search(r"end .*○ +not run", text)
    assert re.search(r'<circle class="mfw-node mfw-failed"', page)


def test_the_graph(client, runs):
    text, page = shown(client.get(runs["loop"]).dag())
    assert re.findall(r'data-step="(\w+)"', page) == ["begin", "count", "choose", "detour", "meet", "finish"]
    assert re.search(r"count +✓ completed +3 .*count, choose \(switch\)", text)
    _, page = shown(client.get(runs["failing"]).dag())
    assert 'class="mfw-node mfw-failed" data-step="divide"' in page


def test_attempts_and_their_time_are_in_the_map(client, runs):
    text, page = shown(client.get(runs["retry"]))
    assert re.search(r"flaky .*✓ completed +1 +1 \(\d+ ms\) .*[▓█]", text)
    assert re.search(r'<span title="flaky/\d+: completed, .*, 2 attempts, critical path" style="left:', page)
    bar = next(bar for bar in re.findall(r"<g>(.*?)</g>", page) if "mfw-failed" in bar)
    assert re.findall(r'class="mfw-(\w+)"', bar) == ["waiting", "failed", "waiting", "completed", "critical"]


def test_the_timeline(client, runs):
    text, page = shown(client.get(runs["retry"]).timeline())
    tasks = text[text.index("Tasks\n") :]
    assert re.search(r"flaky +\d+ +✓ completed .* 2 +\d+ ms +critical", tasks)
    assert tasks.count("critical") == 4
    assert "mfw-track" in page
    text, page = shown(client.get(runs["foreach"]).timeline())
    assert re.search(r"work .*✓ completed +4 ", text)
    assert "ü/d" in text[text.index("Tasks\n") :]
    assert "x" * 50 in page  # the whole item, not the 30 characters of its metadata


@pytest.mark.parametrize("name", ["branch", "values", "loop", "failing", "killed", "foreach"])
def test_what_it_costs_on_a_service(name, on_service):
    runs, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(runs[name])
    steps = len(list(run))
    service.reset()
    text, _ = shown(run)
    paths = [request["path"] for request in service.requests()]
    asked = [path for path in paths if f"/runs/{run.id}/" in f"{path}/"]
    assert len(paths) - len(asked) <= 1 + 2 * USUAL_RUNS  # the results of earlier runs, which are remembered
    failures = 1 if "Tasks that failed" in text else 0
    assert len(asked) <= 3 + steps + failures, asked
    assert "Parameters" in text or name != "values"
    assert "Steps (" in text


def test_a_service_and_local_files_show_the_same_parts(client, runs, on_service):
    there, service = on_service
    other = Metaflow(metadata=service.url, namespace=None)
    for name in ("branch", "values", "loop"):
        parts = [
            re.findall(r"^([A-Z]\w+)", shown(one)[0], re.MULTILINE)
            for one in (client.get(runs[name]), other.get(there[name]))
        ]
        assert parts[0] == parts[1]


def test_pictures_leave_no_words_in_an_untrusted_notebook(client, runs):
    """JupyterLab then removes the elements of pictures, but keeps their text. It takes CDATA for a comment."""
    for name in ("foreach", "branch", "loop", "failing", "retry"):
        run = client.get(runs[name])
        for display in (run, run.timeline(), run.dag()):
            page = display._repr_html_()
            left = re.sub(r"<!\[CDATA\[.*?]]>", "", page)
            for picture in re.findall(r"<svg.*?</svg>", left, re.DOTALL):
                words = re.sub(r"<[^>]*>", "", picture).strip()
                assert not words, words
    assert "<![CDATA[" in client.get(runs["branch"]).dag()._repr_html_()
