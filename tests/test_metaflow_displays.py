"""Our displays of Metaflow's own objects, with the real package in a real shell."""

import subprocess
import sys
import time

import pytest

from mfwidgets import options


@pytest.fixture
def shown(shell):
    shell.run_line_magic("load_ext", "mfwidgets")
    yield lambda thing: shell.display_formatter.format(thing)[0]
    shell.run_line_magic("unload_ext", "mfwidgets")


def test_every_class_has_a_display(shown, runs, metaflow):
    run = metaflow.Run(runs["retry"])
    task = run["flaky"].task
    for theirs in (metaflow.Flow("RetryFlow"), run, run["flaky"], task, task["attempt_seen"]):
        data = shown(theirs)
        assert theirs.pathspec in data["text/html"]
        assert data["text/html"].startswith('<div class="mfw">')
        assert theirs.pathspec in data["text/plain"]
    assert "✓ completed" in shown(run)["text/plain"]
    assert "RetryFlow" in shown(metaflow.Metaflow())["text/html"]
    assert "attempt 0" in shown(metaflow.Task(task.pathspec, attempt=0))["text/plain"]


def test_their_namespace_is_used_and_not_changed(shown, runs, metaflow):
    metaflow.namespace("user:bob")
    try:
        assert runs["linear"].split("/")[1] not in shown(metaflow.Flow("LinearFlow"))["text/html"]
        assert "ForeachFlow" not in shown(metaflow.Metaflow())["text/html"]
        assert metaflow.get_namespace() == "user:bob"
    finally:
        metaflow.namespace(None)


def test_metaflow_need_not_be_imported_when_loading(runs):
    program = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "mfwidgets")
assert "metaflow" not in sys.modules
import metaflow
metaflow.metadata({str(runs.folder)!r})
metaflow.namespace(None)
print(shell.display_formatter.format(metaflow.Run({runs["linear"]!r}))[0]["text/html"])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert '<div class="mfw">' in run.stdout
    assert runs["linear"] in run.stdout


def test_errors_fall_back_to_their_own_repr(shown, runs, metaflow, monkeypatch):
    run = metaflow.Run(runs["linear"])
    monkeypatch.setattr("mfwidgets.client.metaflow_objects.ours", lambda theirs: 1 / 0)
    assert shown(run) == {"text/plain": repr(run)}
    monkeypatch.setattr("mfwidgets.client.metaflow_objects.ours", lambda theirs: time.sleep(60))
    monkeypatch.setattr(options, "display_timeout_s", 0.2)
    assert shown(run) == {"text/plain": repr(run)}


def test_unloading_restores_their_display(shell, runs, metaflow):
    run = metaflow.Run(runs["linear"])
    shell.run_line_magic("load_ext", "mfwidgets")
    assert "text/html" in shell.display_formatter.format(run)[0]
    shell.run_line_magic("unload_ext", "mfwidgets")
    assert shell.display_formatter.format(run)[0] == {"text/plain": repr(run)}
