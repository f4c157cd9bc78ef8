"""Following in a terminal, where what is printed stays."""

from mfwidgets.magic import follow
from mfwidgets.magic.line import run_line


def test_of_a_task_that_has_ended_all_is_printed_once(runs, shell, capsys):
    import mfwidgets

    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    followed = run_line(f"logs {runs['linear']}/start --follow")
    printed = capsys.readouterr().out
    assert printed.count("out: first") == 1
    assert "[The task is completed: attempt 0 succeeded at " in printed
    assert isinstance(followed, follow.Followed)
    assert str(followed).startswith("out: first")


def test_lines_that_come_are_printed_as_they_come(runs, client, capsys, monkeypatch):
    task = client.get(runs["linear"])["start"].task
    logs = task.logs()
    output = follow._Terminal()
    lines = list(logs)
    for shown in (lines[:1], lines[:1], lines):
        monkeypatch.setattr(type(logs), "__iter__", lambda _, shown=shown: iter(shown))
        output.show(follow.Progress(logs, "going on"))
    assert capsys.readouterr().out.splitlines() == ["out: first", "[going on]", "out: ünïcode red <i>markup</i>"]
