"""An explorer follows what runs: its rows and the open pane, with few requests, until it ends or the widget closes."""

import threading
from collections import Counter

import pytest
from running_flow import running_flow
from waiting import waits_for

from mfwidgets import Metaflow
from mfwidgets.concurrency import LatestTask
from mfwidgets.widgets.explorer import answers, run_reader
from mfwidgets.widgets.explorer.widget import Explorer

from .explorer_script import Script


@pytest.fixture
def running(tmp_path):
    with running_flow(tmp_path) as flow:
        client = Metaflow(metadata=f"local@{flow.folder}", namespace=None)
        script = Script(Explorer(client, client["WaitingFlow"])).settle()
        script.ask("rows", start=0, stop=20)
        yield flow, script
        script.explorer.close()


def test_the_row_and_the_pane_of_a_running_run(running):
    flow, script = running
    assert script.column("status") == ["running"]
    assert script.table["running"] == 1
    asked = {"pathspec": flow.run, "tab": "Overview"}
    assert script.ask("pane", **asked)["running"]
    answer = script.ask("follow", **asked)
    assert answer["pause_ms"] >= 1000 * answers.FOLLOW_S
    assert answer["pane"]["running"]
    assert "running" in answer["pane"]["html"]
    flow.go()
    assert flow.process.wait(120) == 0
    answer = script.ask("follow", **asked)
    assert answer["changed"]
    assert not answer["pane"]["running"]
    assert "completed" in answer["pane"]["html"]
    assert script.column("status") == ["completed"]
    assert script.table["running"] == 0
    assert not script.ask("follow")["changed"]
    assert "pane" not in script.ask("follow")


def test_a_look_at_many_running_runs_is_bounded(running, monkeypatch):
    _, script = running
    reader = script.explorer._answers.table.reader
    monkeypatch.setattr(run_reader, "MAX_FOLLOWED", 3)
    (known,) = reader.runs.runs
    with reader.lock:
        reader.runs.runs += [known] * 9
    provider = script.explorer._answers.client._context.provider
    asked, read = Counter(), type(provider).run
    monkeypatch.setattr(type(provider), "run", lambda self, *path: asked.update([path]) or read(self, *path))
    script.ask("follow")
    assert sum(asked.values()) == 3


def test_a_look_that_was_replaced_changes_nothing(running, monkeypatch):
    _, script = running
    reader = script.explorer._answers.table.reader
    looking, go_on = threading.Event(), threading.Event()
    read = run_reader.run_rows

    def slow(*arguments, **more):
        looking.set()
        go_on.wait(60)
        return read(*arguments, **more)

    monkeypatch.setattr(run_reader, "run_rows", slow)
    task, heard = LatestTask(), []
    task.ask(reader.follow, heard.append, heard.append)
    assert waits_for(looking.is_set)
    number = reader.runs.read_count
    task.close()
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("mfwidgets-pane"):
            thread.join(60)
    assert heard == []
    assert reader.runs.read_count == number
