"""Following a log in a terminal, where printed lines stay."""

import threading

import pytest
from running_flow import running_flow

import mfwidgets
from mfwidgets.client.answers.logs import Logs
from mfwidgets.datastore.logs import LogLine
from mfwidgets.magic.commands import follow
from mfwidgets.magic.dispatch import run_line


def test_an_ended_task_is_printed_once(runs, shell, capsys):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    followed = run_line(f"logs {runs['linear']}/start --follow")
    printed = capsys.readouterr().out
    assert printed.count("out: first") == 1
    assert "[The task is completed: attempt 0 succeeded at " in printed
    assert isinstance(followed, follow.FollowedLog)
    assert str(followed).startswith(("out: first", "err: first"))  # both streams began at once
    assert "out: first" in followed._repr_mimebundle_()["text/plain"]  # evaluating it again shows it again


def line(text, stream="stdout"):
    return LogLine("2026-01-02T03:04:05", text, stream)


@pytest.fixture
def printed(runs, client, capsys, monkeypatch):
    """Follow a log in a terminal, and return the printed lines."""
    output = follow._Terminal()

    def show(tail, *states):
        logs = client.get(runs["linear"])["start"].task.logs("both", tail=tail)
        for state in states:
            monkeypatch.setattr(Logs, "__iter__", lambda _, state=state: iter(state))
            output.show(follow.Progress(logs, "going on"))
        return capsys.readouterr().out.splitlines()

    return show


def test_each_line_is_printed_once(printed):
    a, b, c = line("a"), line("b"), line("c")
    assert printed(None, [a], [a], [a, b, c]) == ["a", "[going on]", "b", "c"]


def test_a_tail_prints_all_new_lines(printed):
    lines = [line(str(number)) for number in range(12)]
    assert printed(3, lines[:5], lines[:7], lines) == ["2", "3", "4", "[going on]", *map(str, range(5, 12))]


def test_late_lines_of_the_other_stream_are_printed(printed):
    out, late = [line(f"out {number}") for number in range(3)], [line(f"err {number}", "stderr") for number in range(2)]
    shown = printed(None, out[:2], [late[0], *out[:2]], [late[0], *out, late[1]])
    assert sorted(shown) == ["[going on]", "err 0", "err 1", "out 0", "out 1", "out 2"]


FLOW = """
import os, time
from metaflow import FlowSpec, current, retry, step

class AgainFlow(FlowSpec):
    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        print("attempt", current.retry_count)
        if current.retry_count == 0:
            while not os.path.exists("go"):
                time.sleep(0.05)
            raise ValueError("once more")
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    AgainFlow()
"""


def test_the_next_attempt_is_followed(tmp_path, shell, capsys):
    with running_flow(tmp_path, FLOW) as running:
        mfwidgets.metadata(str(tmp_path))
        mfwidgets.namespace(None)
        threading.Timer(1, running.go).start()
        followed = run_line(f"logs {running.run}/start --follow")
    assert followed.attempt == 1
    assert str(followed) == "attempt 1\n"
    assert "[The task is completed: attempt 1 succeeded" in capsys.readouterr().out
