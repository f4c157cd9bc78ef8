"""Displays of all objects: their facts, within limits, for any content."""

import gc
import inspect
import json
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "render"))
from test_draw import Page

from mfwidgets import Metaflow
from mfwidgets.client.answers.logs import Logs
from mfwidgets.display_options import options
from mfwidgets.views import show

TRIPWIRE = "<img src=x onerror=alert('x')>"


BARS = "·█▓▒░▁▂▃▄▅▆▇✓✗▶!?★"

RAILS = re.compile(r"^( {2}[^\W\d]\w* +)[╭╮╯╰├┤┬┴┼│─ ]*[●○✗▶?][╭╮╯╰├┤┬┴┼│─ ]* ")
"""The rails that follow the name of a step in a map."""


def both(shown):
    """Return the text and the HTML of an object, after checking that both have the same facts."""
    bundle = shown._repr_mimebundle_()
    page = Page(bundle["text/html"])
    for whole_line in bundle["text/plain"].splitlines():
        line = RAILS.sub(r"\1", whole_line)
        if "│" in line or "└" in line:  # a chart, whose table has the same facts
            continue
        for word in filter(lambda word: word.strip(BARS), line.split()):
            shown_word = word.strip("(),:")
            assert shown_word in page.text or shown_word in "".join(page.words)  # code has a span for each token
    return bundle["text/plain"], page


def everything(client):
    """Yield all objects below a client, and their collections."""
    yield client
    for flow in client:
        yield from (flow, flow.runs(), flow.runs("no-such-tag"))
        for run in flow:
            yield from (run, run.steps(), run.tasks())
            for step in run:
                yield from (step, step.tasks())
                for task in step:
                    yield from (task, task.logs("stdout"), task.logs("stderr", tail=3), task.data, *task)


def test_everything_shows_itself(client):
    shown = list(everything(client))
    assert len(shown) > 200
    for item in shown:
        text, page = both(item)
        assert "Cannot show" not in text
        assert not {"script", "img", "iframe", "i", "b"} & set(page.tags)
        assert len(item._repr_html_().encode()) <= options.display_max_bytes


def test_a_run_that_failed(client, runs):
    text, page = both(client.get(runs["failing"]))
    assert text.startswith(f"Run {runs['failing']}  ✗ failed\n  {runs['failing']}/divide/")
    assert re.search(r"divide .*✗ failed +3, 1 failed", text)
    assert "Tasks that failed" in page.text
    assert re.search(r"\d+ +1  0 +✗ failed", text)  # the second item, whose value is 0
    assert "nightly" in page.text
    assert "user ann" in page.text


def test_a_task_with_attempts(client, runs):
    text, _ = both(client.get(runs["retry"])["flaky"].task)
    assert re.search(r"attempt_seen +1 +int ", text)
    assert re.search(r"stdout \(times in UTC, 20\d\d-\d\d-\d\d\)\n  \d\d:\d\d:\d\d  attempt 1", text)


def test_a_resumed_run_names_its_origin(client, runs):
    assert f"resumed from {runs['failing']}" in both(client.get(runs["resumed"]))[1].text


def test_logs_show_their_end(client, runs):
    task = client.get(runs["linear"])["start"].task
    assert "out: ünïcode red <i>markup</i>" in both(task.logs())[1].text
    assert "last 1 of 2 lines" in both(task.logs(tail=1))[0]
    assert "Nothing was logged to stderr" in both(client.get(runs["linear"])["end"].task.logs("stderr"))[0]
    dead = client.get(runs["died-at-import"])["start"].task.logs("stdout")
    assert re.search(r"Nothing was logged to stdout\.\n +These lines are from stderr\.\n", both(dead)[0])
    assert "ImportError: this module cannot be imported" in both(dead)[1].text
    long = client.get(runs["logs"])["start"].task.logs(tail=100_000)
    assert len(long._repr_html_().encode()) <= options.display_max_bytes
    assert re.search(r"last [3-9]\d\d lines of 9.3 MB", both(long)[0])
    assert "last 200 lines of 9.3 MB" in both(client.get(runs["logs"])["start"].task.logs())[0]


def test_hostile_runs_are_shown_as_text(own_client, own_runs):
    """Every field that users can write contains markup."""
    flow, run_id = own_runs["linear"].split("/")
    run_folder = own_runs.root / flow / run_id
    for file in run_folder.rglob("*.json"):
        content = json.loads(file.read_bytes())
        if file.parent.name != "_meta":
            continue
        for key in ("user_name", "type", "content_type", "value"):
            if key in content and content.get("field_name") not in ("attempt", "attempt-done", "end_step"):
                content[key] = TRIPWIRE
        content |= {"tags": [TRIPWIRE, *content.get("tags", [])], "system_tags": [TRIPWIRE]}
        file.write_text(json.dumps(content))
    for file in run_folder.rglob("*.data.json"):
        content = json.loads(file.read_bytes())
        for info in content["info"].values():
            info["type"] = TRIPWIRE
        file.write_text(json.dumps(content))
    (artifact,) = run_folder.glob("start/*/_meta/0_artifact_text.json")
    artifact.rename(artifact.with_name(f"0_artifact_{TRIPWIRE.replace('/', '')}.json"))
    (own_runs.root / flow / run_id).rename(own_runs.root / flow / TRIPWIRE)
    (own_runs.root / flow).rename(own_runs.root / "<b>Flow")
    for shown in everything(own_client):
        _, page = both(shown)
        assert not {"script", "img", "iframe", "i"} & set(page.tags)
        assert page.tags.count("b") == 0
    assert TRIPWIRE in both(own_client["<b>Flow"])[1].text


def test_a_broken_run_is_shown_with_its_reason(own_client, own_runs):
    own_runs.root.joinpath(*own_runs["linear"].split("/"), "_meta", "_self.json").write_text("{")
    text, page = both(own_client["LinearFlow"])
    assert text.count("✓ completed") == 2
    assert text.count("? unknown") == 1
    assert "is broken" in page.text


def test_a_broken_disk_does_not_raise(own_client, monkeypatch):
    flow = own_client["LinearFlow"]
    monkeypatch.setattr(type(flow._context.provider), "runs", lambda *_: 1 / 0)
    text, page = both(flow)
    assert "ZeroDivisionError: division by zero" in text
    assert "Flow('LinearFlow')" in page.text


def test_a_display_times_out(client, monkeypatch):
    flow = client["LinearFlow"]
    monkeypatch.setattr(type(flow._context.provider), "runs", lambda *_: time.sleep(60))
    bundle = show.mimebundle(flow, seconds=0.2)
    assert "The display timed out after 0.2 s." in bundle["text/plain"]
    assert "Flow('LinearFlow')" in Page(bundle["text/html"]).text


def test_long_names_and_many_tags_stay_within_bounds(own_client, own_runs):
    flow, run_id = own_runs["linear"].split("/")
    source = own_runs.root / flow / run_id
    tags = [f"{'<&>' * 160}{number}" for number in range(50)]
    import shutil

    for number in range(40):
        target = own_runs.root / flow / f"19999999999999{number:02}"
        shutil.copytree(source, target)
        entry = target / "_meta" / "_self.json"
        entry.write_text(json.dumps(json.loads(entry.read_bytes()) | {"tags": tags, "user_name": "<" * 100_000}))
    html = own_client[flow]._repr_html_()
    assert len(html.encode()) <= options.display_max_bytes
    assert " of 43" in Page(html).text


def test_failed_tasks_are_shown_first(own_client, own_runs):
    step = own_runs.root.joinpath(*own_runs["failing"].split("/"), "divide")
    good = next(task for task in own_client.get(own_runs["failing"])["divide"] if task.status == "completed")
    import shutil

    for number in range(100, 130):
        shutil.copytree(step / good.id, step / str(number))
    text, _ = both(own_client.get(own_runs["failing"])["divide"])
    assert "✗ failed" in text.partition("Tasks that did not complete\n")[2].splitlines()[1]
    assert "Other tasks (20 of 33)" in text


def test_an_empty_namespace_explains_itself(runs, client):
    empty = Metaflow(metadata=f"local@{runs.folder}", namespace="user:nobody")
    text, _ = both(empty)
    assert (
        f"No flow has runs in the namespace 'user:nobody'. Other namespaces have runs of {len(client.flows)} flows."
        in text
    )
    assert "%mflow ns user:ann" in text
    assert "%mflow ns none" in text


def test_an_empty_filter_result_explains_itself(client):
    assert "No run in this namespace matches." in both(client["LinearFlow"].runs("x"))[0]


def test_an_empty_folder_explains_itself(tmp_path):
    (tmp_path / ".metaflow").mkdir()
    text, _ = both(Metaflow(metadata=str(tmp_path), namespace=None))
    assert "There are no flows in local@" in text
    assert "%mflow metadata SELECTOR" in text


def test_text_and_html_share_one_read(client, monkeypatch):
    flow = client["LinearFlow"]
    looks = []
    provider = type(flow._context.provider)
    true_runs = provider.runs
    monkeypatch.setattr(
        provider, "runs", lambda self, name, *choice: looks.append(name) or true_runs(self, name, *choice)
    )
    flow._repr_mimebundle_()
    assert looks == ["LinearFlow"] * 2  # the shown runs, and the tags of a hundred


def test_a_repr_never_fetches(client, monkeypatch):
    shown = list(everything(client))
    provider = type(client._context.provider)
    methods = [name for name, value in inspect.getmembers(provider, inspect.isfunction) if not name.startswith("_")]
    assert {"flows", "runs", "tasks", "metadata", "artifacts", "metadata_and_artifacts"} <= set(methods)
    for name in methods:
        monkeypatch.setattr(provider, name, lambda *_, **__: pytest.fail("a repr fetched"))
    kinds = {type(item).__name__: repr(item) for item in shown}
    assert kinds.keys() >= {"Metaflow", "Flow", "Run", "Step", "Task", "DataArtifact", "Runs", "Tasks", "Logs"}
    for item in shown:
        assert "\n" not in repr(item)
        if not isinstance(item, Logs):  # str() of a log is the log
            assert str(item) == repr(item)


def test_the_garbage_collector_pauses_while_something_is_drawn(monkeypatch, client):
    states = []
    true_render = show.render_to_fit
    monkeypatch.setattr(show, "render_to_fit", lambda shown: states.append(gc.isenabled()) or true_render(shown))
    show.mimebundle(client)
    assert (states, gc.isenabled()) == ([False], True)


@pytest.mark.parametrize("error", [ValueError, TimeoutError])
def test_the_garbage_collector_runs_again_after_an_error(monkeypatch, client, error):
    def fail(shown):
        raise error(repr(shown))

    monkeypatch.setattr(show, "render_to_fit", fail)
    assert "Metaflow" in show.mimebundle(client)["text/plain"]
    assert gc.isenabled()


def test_the_garbage_collector_stays_off_if_the_user_turned_it_off(client):
    gc.disable()
    try:
        show.mimebundle(client)
        assert not gc.isenabled()
    finally:
        gc.enable()
