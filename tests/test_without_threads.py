"""Without threads, as in Pyodide: displays, tables, %mflow, completion and widgets do their work in the caller's thread."""

import threading

import pytest
from command_lines import command_lines
from hostile import everything

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.magic.completion import complete
from mfwidgets.magic.dispatch import COMMANDS, run_line
from mfwidgets.widgets.log_viewer import LogViewer


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)


def test_every_kind_of_object_shows_itself(client):
    kinds = set()
    for shown in everything(client):
        if shown is not None and type(shown) not in kinds:
            kinds.add(type(shown))
            bundle = shown._repr_mimebundle_()
            assert 'class="mfw' in bundle["text/html"], shown
            assert "given up" not in bundle["text/plain"], shown
    assert len(kinds) > 25


def test_a_service_answers(on_service):
    _, service = on_service
    client = Metaflow(service.url, None)
    run = next(run for run in client["FailingFlow"].runs() if run.status == "failed")
    for shown in (client, client["FailingFlow"], run, run.why(), run.tasks(), run["divide"].grid()):
        assert "given up" not in shown._repr_mimebundle_()["text/plain"], shown
    assert len(run.tasks().to_pandas()) == len(list(run.tasks()))


def test_tables_have_all_values(client, runs):
    frame = client.runs().to_pandas(params=True, results=True)
    assert "param.alpha" in frame
    assert set(frame["status"]) >= {"completed", "failed"}
    assert len(client.get(runs["foreach"]).tasks().to_pandas(artifacts=["item"])) > 3


def test_every_command(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    lines = command_lines(runs)
    assert set(lines) == set(COMMANDS)
    for line, _ in lines.values():
        assert run_line(line, {}) is not None, line
    assert [one.text for one in complete("%mflow LinearFl")[1]] == ["LinearFlow"]


def test_an_explorer_answers_and_keeps_its_picture(client, runs, monkeypatch):
    from IPython.display import DisplayHandle

    pictures = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    monkeypatch.setattr(DisplayHandle, "update", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    explorer = client.explore()
    explorer._ipython_display_()
    explorer.choose(runs["failing"])
    assert explorer.wait(0)
    assert "ZeroDivisionError" in pictures[-1]
    explorer.where = "status:failed"
    assert explorer.wait(0)
    assert explorer.pathspec == runs["failing"]
    explorer.close()


def test_a_log_viewer_searches_and_keeps_its_picture(client, runs, monkeypatch):
    from IPython.display import DisplayHandle

    pictures = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    monkeypatch.setattr(DisplayHandle, "update", lambda _, bundle, **_more: pictures.append(bundle["text/plain"]))
    viewer = LogViewer(client.get(runs["failing"])["divide"].task)
    viewer._ipython_display_()
    viewer._search.value = "nothing like this"
    assert viewer.wait(0)
    assert "no match" in viewer._message.value
    assert runs["failing"] in pictures[-1]
    viewer.close()
