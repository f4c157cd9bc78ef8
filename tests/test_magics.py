"""%mflow in a real shell."""

import pytest
from IPython.core.error import UsageError

import mfwidgets
from mfwidgets import Flow, Metaflow, Run, Step, Task
from mfwidgets.client.logs import Logs
from mfwidgets.errors import MetaflowException, MetaflowNotFound
from mfwidgets.magics import Help


@pytest.fixture
def mflow(shell, runs):
    shell.run_line_magic("load_ext", "mfwidgets")
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    yield lambda line: shell.run_line_magic("mflow", line)
    shell.run_line_magic("unload_ext", "mfwidgets")


def test_a_pathspec_returns_its_object(mflow, runs):
    assert mflow("LinearFlow") == Flow("LinearFlow")
    assert mflow("LinearFlow/latest").pathspec == runs["linear-hostile"]
    assert mflow("RetryFlow/latest-ok").pathspec == runs["retry"]
    assert mflow("LinearFlow/latest~2").pathspec == runs["linear"]
    assert isinstance(mflow(f"{runs['linear']}/start"), Step)
    task = mflow(f"{runs['linear']}/start").task.pathspec
    assert mflow(task) == Task(task)
    assert mflow(f"{task}/x").data == 1
    assert mflow(f"show '{runs['linear']}'") == Run(runs["linear"])


def test_logs(mflow, runs):
    logs = mflow(f"logs {runs['linear']}/start --tail 1")
    assert isinstance(logs, Logs)
    assert str(logs).startswith("out: ünïcode")
    assert str(mflow(f"logs {Run(runs['linear'])['start'].task.pathspec} --stderr")) == "err: first\n"
    with pytest.raises(UsageError, match=r"has several tasks.*ForeachFlow/\d+/work/\d"):
        mflow(f"logs {runs['foreach']}/work")
    with pytest.raises(UsageError, match="has no log, a task has"):
        mflow(f"logs {runs['foreach']}")


def test_namespaces(mflow, runs):
    assert isinstance(mflow("ns user:bob"), Metaflow)
    assert mfwidgets.get_namespace() == "user:bob"
    mflow("ns")
    assert mfwidgets.get_namespace() == "user:bob"
    mflow("ns none")
    assert mfwidgets.get_namespace() is None
    mflow("ns default")
    assert mfwidgets.get_namespace() == "user:ann"
    mflow('ns "team blue"')
    assert mfwidgets.get_namespace() == "team blue"


def test_metadata(mflow, own_runs):
    assert mflow(f"metadata {own_runs.folder}").metadata == f"local@{own_runs.folder}"
    assert mfwidgets.get_metadata() == f"local@{own_runs.folder}"
    mflow("metadata default")
    assert mfwidgets.get_metadata() != f"local@{own_runs.folder}"
    with pytest.raises(MetaflowException, match=r"no folder .*C:\\runs"):
        mflow(r"metadata C:\runs")  # a backslash is a character like any other


def test_alone_it_helps(mflow, runs):
    shown = mflow("")
    assert isinstance(shown, Help)
    assert isinstance(mflow("help"), Help)
    text = shown._repr_mimebundle_()["text/plain"]
    assert "%mflow logs PATHSPEC [--stderr] [--tail N]" in text
    assert "none: all runs are seen" in text


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("LinearFlow/7", MetaflowNotFound, "has no run '7'"),
        ("LinearFlow/", MetaflowException, "empty part"),
        ("logs", UsageError, "Usage: %mflow logs PATHSPEC [--stderr] [--tail N]"),
        ("logs LinearFlow/latest/end --tail many", UsageError, "invalid number of lines value: 'many'"),
        ("logs LinearFlow/latest/end --tail -1", UsageError, "Usage: %mflow logs"),
        ("ns a b", UsageError, "Usage: %mflow ns [NAME|none|default]"),
        ("show", UsageError, "Usage: %mflow show PATHSPEC"),
        ("LinearFlow extra", UsageError, "unrecognized arguments: extra"),
        ("'LinearFlow", UsageError, "No closing quotation"),
    ],
)
def test_mistakes_are_one_line(mflow, shell, capsys, line, error, said):
    with pytest.raises(error) as caught:
        mflow(line)
    assert said in str(caught.value)
    shell.run_cell(f"%mflow {line}")
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert said in printed.out + printed.err


def test_python_values_expand(mflow, shell, runs):
    shell.user_ns["pathspec"] = runs["linear"]
    shell.run_cell("found = %mflow {pathspec}")
    assert shell.user_ns["found"] == Run(runs["linear"])


def test_loading_twice_and_unloading(shell):
    for _ in range(2):
        shell.run_line_magic("load_ext", "mfwidgets")
        shell.run_line_magic("reload_ext", "mfwidgets")
    assert "mflow" in shell.magics_manager.magics["line"]
    shell.run_line_magic("unload_ext", "mfwidgets")
    assert "mflow" not in shell.magics_manager.magics["line"]
