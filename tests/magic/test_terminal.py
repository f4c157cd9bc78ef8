"""Displays in IPython's terminal, in real processes with a pseudo terminal."""

import os
import subprocess
import sys

import pytest

from mfwidgets import Run
from mfwidgets.magic.terminal import MIME

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal is POSIX's")

KEPT = """
import json
outputs = get_ipython().history_manager.output_hist_reprs
print("KEPT", json.dumps(list(outputs.values())))
"""


def typed(lines, environ=None, options=()):
    """Type lines into IPython, and return the output of the terminal."""
    import pty

    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit", *options]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=theirs,
        stderr=theirs,
        env={**clean, "TERM": "xterm", "PYTHONUTF8": "1", **(environ or {})},
    ) as program:
        os.close(theirs)
        program.stdin.write("\n".join([*lines, "exit", ""]).encode())
        program.stdin.close()
        written = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # the terminal was closed
                break
            if not some:
                break
            written += some
        program.wait()
    os.close(ours)
    return written.decode()


@pytest.fixture
def begin(runs):
    look = f"import mfwidgets as m; _ = m.metadata({str(runs.folder)!r}); m.namespace(None);"
    return ["%load_ext mfwidgets", look]


RED = "\x1b[31m✗ failed"


def test_colours_are_printed_and_not_stored(begin, runs):
    shown = typed([*begin, f"%mflow {runs['failing']}", *KEPT.strip().splitlines()])
    assert RED in shown
    assert f"Run {runs['failing']}" in shown
    kept = shown.rpartition("KEPT")[2]
    assert "failed" in kept
    assert "u001b" not in kept


def test_displayed_objects_have_colours(begin, runs):
    shown = typed([*begin, f"display(m.Run({runs['failing']!r}))"])
    assert RED in shown


@pytest.mark.parametrize(
    ("environ", "options"),
    [({"NO_COLOR": "1"}, ()), ({"TERM": "dumb"}, ()), ({}, ("--colors=NoColor",))],
    ids=["NO_COLOR", "dumb", "NoColor"],
)
def test_colours_can_be_turned_off(begin, runs, environ, options):
    shown = typed([*begin, f"m.Run({runs['failing']!r})"], environ, options)
    assert "✗ failed" in shown
    assert "\x1b[31m" not in shown


def test_unloading_removes_the_colours(begin, runs):
    shown = typed([*begin, "%unload_ext mfwidgets", f"m.Run({runs['failing']!r})"])
    assert "✗ failed" in shown
    assert RED not in shown


def test_a_notebook_shell_is_not_changed(shell, runs, client):
    shell.run_line_magic("load_ext", "mfwidgets")
    try:
        found, _ = shell.display_formatter.format(client.get(runs["failing"]))
    finally:
        shell.run_line_magic("unload_ext", "mfwidgets")
    assert isinstance(client.get(runs["failing"]), Run)
    assert MIME not in found
    assert set(found) == {"text/plain", "text/html"}
