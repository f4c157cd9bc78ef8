"""``python -m mfwidgets`` in its own process: streams, exit codes, terminals, closed pipes."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from running_flow import running_flow
from waiting import PATIENCE_S

import mfwidgets

# IPython 7.34 itself opens a file without an encoding.
WARNINGS = ("-X", "warn_default_encoding", "-W", "error", "-W", "ignore::EncodingWarning:IPython.utils.io")

PYTHON = [sys.executable, *WARNINGS]

PATIENT = """
import sys
from mfwidgets.cli.main import main
from mfwidgets.display_options import options

options.display_timeout_s = 120
sys.exit(main())
"""

LISTENING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Listens to interrupts. A shell makes programs in the background ignore them."""

PROGRAM = [*PYTHON, "-c", PATIENT]
"""The program with a long timeout for displays, because test machines can be busy."""


def ran(*words, environ=None, **settings):
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **(environ or {})},
        check=False,
        **settings,
    )


def on(runs):
    return f"--metadata={runs.folder}", "--namespace=none"


def test_python_dash_m_runs():
    made = subprocess.run([*PYTHON, "-m", "mfwidgets", "--version"], capture_output=True, text=True, check=True)
    assert made.stdout == f"mfwidgets {mfwidgets.__version__}\n"


def test_a_failed_run_as_text(runs):
    made = ran(*on(runs), runs["failing"])
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith(f"Run {runs['failing']}  ✗ failed\n")
    assert "ZeroDivisionError" in made.stdout
    assert "\x1b" not in made.stdout


def test_the_same_as_data(runs):
    made = ran("why", runs["failing"], "--json", *on(runs))
    data = json.loads(made.stdout)
    assert (data["kind"], data["run"], data["status"]) == ("why", runs["failing"], "failed")
    assert data["exception"]["type"] == "ZeroDivisionError"
    assert made.stdout.isascii()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["LinearFlow/99"], 1, "has no run '99'"),
        (["LinearFlow/99/a/b/c/d"], 1, "has 6 parts"),
        (["logs"], 2, "Usage: mfwidgets logs PATHSPEC"),
        (["runs", "LinearFlow", "--status", "good"], 2, "'good'"),
        (["LinaerFlow"], 1, "Did you mean 'LinearFlow'?"),
        (["run", "LinearFlow"], 2, "Did you mean mfwidgets runs?"),
        (["--colour"], 2, "Expected a pathspec or a command, got '--colour'"),
        (["--rows", "many"], 2, "invalid number value: 'many'"),
        (["--rows", "0"], 2, "Expected a number above 0 for --rows"),
        (["--metadata"], 2, "expected one argument"),
        (["explore", "LinearFlow"], 2, "needs a notebook"),
        (["ns", "user:bob"], 2, "Try --namespace NAME with each command"),
        (["profile", "production"], 2, "Try --profile NAME with each command"),
        (["runs", "LinearFlow", "--df"], 2, "Try --json"),
        (["logs", "LinearFlow/latest/start", "--follow", "--json"], 2, "Expected either --follow or --json"),
        (["--sample", "--profile", "x"], 2, "--sample"),
        (["wait", "LinearFlow/99"], 4, "has no run '99'"),
        (["why", "LinearFlow/99", "--exit-code"], 4, "has no run '99'"),
        (["watch", "LinearFlow/99"], 4, "has no run '99'"),
        (["watch", "LinearFlow", "--json"], 2, "Try wait with --json"),
        (["wait", "LinearFlow", "--timeout", "soon"], 2, "invalid duration value: 'soon'"),
        (["wait", "LinearFlow", "--poll", "0"], 2, "invalid interval value: '0'"),
        (["runs", "LinearFlow", "--exit-code"], 2, "Expected a command that shows a run, step or task"),
    ],
)
def test_errors_are_one_line_with_a_remedy(runs, words, code, message):
    made = ran(*words, *(on(runs) if "--metadata" not in words and "--sample" not in words else ()))
    assert made.returncode == code
    assert made.stdout == ""
    assert made.stderr.count("\n") == 1
    assert made.stderr.startswith("mfwidgets: ")
    assert message in made.stderr
    assert "%mflow" not in made.stderr


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        (["wait"], "linear", 0),
        (["wait", "--json"], "failing", 3),
        (["watch"], "linear", 0),
        (["watch"], "failing", 3),
        (["why", "--exit-code"], "failing", 3),
        (["why", "--exit-code"], "linear", 0),
        (["show", "--exit-code"], "failing", 3),
        (["--exit-code"], "failing", 3),
        (["show"], "failing", 0),
        (["why"], "failing", 0),
    ],
)
def test_exit_codes_by_outcome(runs, words, name, code):
    made = ran(*words, runs[name], *on(runs))
    assert (made.returncode, made.stderr) == (code, "")
    assert runs[name] in made.stdout


def test_waiting_ends_with_the_time(tmp_path):
    with running_flow(tmp_path) as running:
        here = f"--metadata={tmp_path}", "--namespace=none"
        late = ran("wait", "WaitingFlow/latest", "--timeout", "0", *here)
        going_on = ran("show", running.run, "--exit-code", *here)
        running.go()
        ended = ran("wait", "WaitingFlow", "--timeout", "2h", "--poll", "0.2s", *here)
    assert (late.returncode, late.stdout) == (124, "")
    assert "has not ended within 0 ms: running, " in late.stderr
    assert going_on.returncode == 0
    assert ended.returncode == 0
    assert "completed" in ended.stdout


def test_watching_prints_lines_and_ends_with_the_time_or_an_interrupt(tmp_path):
    with running_flow(tmp_path) as running:
        here = f"--metadata={tmp_path}", "--namespace=none"
        late = ran("watch", "WaitingFlow/latest", "--timeout", "0", *here)
        words = [*PYTHON, "-c", f"{LISTENING}{PATIENT}", "watch", running.run, *here]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        ) as program:
            first = program.stdout.readline()
            program.send_signal(signal.SIGINT)
            out, said = program.communicate(timeout=PATIENCE_S)
    assert (late.returncode, late.stderr) == (124, "")
    assert "The time limit is over. The run was still running." in late.stdout
    assert first.endswith("  running, start\n")
    assert program.returncode == 130
    assert "Watching was stopped. The run continues." in out
    assert "Running tasks" in out  # the last state stays on the screen
    assert said == f"mfwidgets: The run continues. Go on with: mfwidgets watch {running.run}, and the same options.\n"


@pytest.mark.parametrize("columns", [40, 200])
def test_watching_in_a_terminal(tmp_path, columns):
    import pty

    with running_flow(tmp_path) as running:
        ours, theirs = pty.openpty()
        environ = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "COLUMNS": str(columns), "LINES": "24"}
        words = [*PROGRAM, "watch", running.run, f"--metadata={tmp_path}", "--namespace=none"]
        with subprocess.Popen(words, stdout=theirs, env=environ) as program:
            os.close(theirs)
            written = b""
            while b"running" not in written:
                written += os.read(ours, 4096)
            running.go()
            with suppress(OSError):  # the terminal was closed
                while some := os.read(ours, 4096):
                    written += some
        os.close(ours)
    assert program.returncode == 0
    assert b"\x1b[?25h" in written  # the cursor is back
    screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    assert max(len(line.rstrip("\r")) for line in re.split(r"\r?\n|\r", screen)) <= columns
    assert "The run is completed." in screen


def test_another_namespace_is_suggested_as_an_option(runs):
    made = ran(f"--metadata={runs.folder}", "--namespace=user:carl", runs["linear"])
    assert made.returncode == 1
    assert made.stderr.endswith("Here: --namespace none\n")


def test_missing_metadata():
    made = ran("--metadata=/no/such/folder", "LinearFlow")
    assert made.returncode == 1
    assert "/no/such/folder" in made.stderr


def test_a_profile_selects_the_metadata(runs, tmp_path):
    (tmp_path / "config_team.json").write_text(
        json.dumps({"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(runs.folder), "METAFLOW_USER": "bob"}), encoding="utf-8"
    )
    environ = {"METAFLOW_HOME": str(tmp_path)}
    environ |= {"METAFLOW_USER": "bob"}  # the environment takes precedence over the profile
    made = ran("--profile=team", "--json", environ=environ)
    data = json.loads(made.stdout)
    assert data["namespace"] == "user:bob"
    assert [flow["flow"] for flow in data["flows"]] == sorted(flow["flow"] for flow in data["flows"])
    assert "LinearFlow" in made.stdout
    missing = ran("--profile=production", environ=environ)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "(default, team)" in missing.stderr


def test_a_service_prints_the_same(runs, on_service):
    there, service = on_service
    data = json.loads(ran(f"--metadata=service@{service.url}", "--namespace=none", "--json", there["failing"]).stdout)
    here = json.loads(ran(*on(runs), "--json", runs["failing"]).stdout)
    assert [step["task_statuses"] for step in data["steps"]] == [step["task_statuses"] for step in here["steps"]]
    assert (data["status"], data["parameters"]) == (here["status"], here["parameters"])


def test_a_closed_pipe_is_not_an_error(runs):
    words = ["logs", f"{runs['logs']}/start", "--all", *on(runs)]
    with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait() == 0


def test_characters_missing_in_the_encoding_are_replaced(runs):
    environ = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    made = ran(*on(runs), runs["failing"], environ=environ)
    assert made.returncode == 0
    assert f"Run {runs['failing']}  ? failed\n" in made.stdout


def test_the_version_loads_nothing_heavy():
    program = "import sys; from mfwidgets.cli.main import main; main(['--version']); print(*sys.modules)"
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    version, modules = made.stdout.splitlines()
    assert version == f"mfwidgets {mfwidgets.__version__}"
    heavy = {"pandas", "ipywidgets", "IPython", "requests", "jinja2", "rich", "argparse"}
    assert not heavy.intersection(name.partition(".")[0] for name in modules.split())


def test_showing_loads_neither_pandas_nor_widgets(runs):
    program = f"import sys; from mfwidgets.cli.main import main; main({[*on(runs), runs['linear']]!r})"
    made = subprocess.run(
        [sys.executable, "-c", f"{program}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in made.stdout.splitlines()[-1].split()}
    assert not loaded.intersection({"pandas", "ipywidgets", "anywidget", "metaflow", "rich"})


def test_the_sample_is_available(tmp_path):
    made = ran("--sample", "--json", environ={"XDG_CACHE_HOME": str(tmp_path)})
    data = json.loads(made.stdout)
    assert (data["kind"], len(data["flows"])) == ("metaflow", 6)
    assert made.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo terminal is POSIX's")
@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["terminal", "NO_COLOR", "dumb"],
)
def test_statuses_have_colours_on_a_terminal(runs, environ, coloured):
    import pty

    ours, theirs = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    words = [*PROGRAM, *on(runs), runs["failing"]]
    with subprocess.Popen(
        words, stdout=theirs, env={**clean, "TERM": "xterm", "PYTHONUTF8": "1", **environ}
    ) as program:
        os.close(theirs)
        written = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # the terminal was closed
                break
            if not some:
                break
            written += some
        assert program.wait() == 0
    os.close(ours)
    assert ("\x1b[31m✗ failed".encode() in written) is coloured
    assert (b"\x1b" in written) is coloured
