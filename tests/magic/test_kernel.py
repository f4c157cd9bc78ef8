"""%mflow through the kernel's protocol: requests of a front end, and the replies."""

import os
from pathlib import Path

import pytest
from command_lines import command_lines
from IPython import version_info
from jupyter_client.manager import start_new_kernel
from running_flow import running_flow
from waiting import PATIENCE_S

from mfwidgets.magic.dispatch import COMMANDS

TESTS = Path(__file__).parents[1]

PATIENT = "from mfwidgets.magic import completion_sources\ncompletion_sources.TIMEOUT_S = 30\n"
"""A busy machine must not change the completions."""


class Kernel:
    """A real kernel."""

    def __init__(self, client):
        self._client = client

    def begin(self, code):
        return self._client.execute(code)

    def messages(self, asked, timeout=PATIENCE_S):
        """Yield all messages of the kernel for a request."""
        while True:
            message = self._client.get_iopub_msg(timeout=timeout)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                return
            yield message

    def run(self, code):
        """Return the outputs of a cell: texts, errors and streams, in order.

        A widget of an earlier cell may update its own display meanwhile. Such an update is not an output of this cell.
        """
        outputs, displayed = [], set()
        for message in self.messages(self.begin(code)):
            display_id = message["content"].get("transient", {}).get("display_id")
            if message["msg_type"] == "display_data":
                displayed.add(display_id)
            if message["msg_type"] == "update_display_data" and display_id not in displayed:
                continue
            if output_of(message):
                outputs.append(output_of(message))
        return outputs

    def complete(self, code):
        asked = self._client.complete(code, len(code))
        while True:
            reply = self._client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]

    def reply(self, asked):
        while True:
            reply = self._client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"]


def output_of(message):
    content = message["content"]
    if message["msg_type"] in ("execute_result", "display_data", "update_display_data"):
        return message["msg_type"], content["data"].get("text/plain", "")
    if message["msg_type"] == "error":
        return "error", "\n".join(content["traceback"])
    if message["msg_type"] == "stream":
        return "stream", content["text"]
    return None


@pytest.fixture(scope="module")
def kernel(runs, tmp_path_factory):
    environment = os.environ | {"IPYTHONDIR": str(tmp_path_factory.mktemp("ipython"))}
    manager, client = start_new_kernel(kernel_name="python3", env=environment, cwd=str(tmp_path_factory.mktemp("cwd")))
    started = Kernel(client)
    started.run(
        f"%load_ext mfwidgets\nimport mfwidgets\n{PATIENT}mfwidgets.metadata('local@{runs.folder}')\nmfwidgets.namespace(None)"
    )
    yield started
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def changed_only_by(shown):
    """Exclude updates of widgets of earlier cells."""
    return [one for one in shown if one[0] != "update_display_data"]


def test_every_command(kernel, runs):
    known = command_lines(runs)
    assert set(known) == set(COMMANDS)
    for command, (line, part) in known.items():
        shown = changed_only_by(kernel.run(f"%mflow {line}"))
        widget = command in ("explore", "watch")
        assert shown[0][0] == ("display_data" if widget else "execute_result"), (command, shown)
        assert widget or len(shown) == 1, (command, shown)
        assert any(part in text for _, text in shown), (command, shown)
        # A widget that works in a thread may change its output at any time.
        assert changed_only_by(kernel.run(f"kept = %mflow {line}")) == []
        answered = [one for one in kernel.run("kept is not None") if one[0] != "update_display_data"]
        assert answered == [("execute_result", "True")], command


def test_errors_are_one_line(kernel):
    for line in ("log x", "LinearFlow/7", "logs LinearFlow/latest/end --tail x", "ns a b", "tasks", "'"):
        shown = kernel.run(f"%mflow {line}")
        # An explorer of an earlier cell may still update its output.
        printed = [one for one in shown if one[0] != "update_display_data"]
        assert {kind for kind, _ in printed} in ({"error"}, {"stream"}), printed
        text = "".join(text for _, text in printed)  # a busy kernel sends a stream in pieces
        assert text.strip().count("\n") == 0, text
        assert "Traceback" not in text


def test_a_cell_on_other_metadata(kernel):
    shown = kernel.run("%%mflow ns user:bob\nprint(mfwidgets.get_namespace())\nmfwidgets.get_namespace()")
    assert shown[0] == ("stream", "user:bob\n")
    assert shown[1][1] == "'user:bob'"
    assert kernel.run("mfwidgets.get_namespace() is None") == [("execute_result", "True")]
    asked = kernel.begin("%%mflow ns user:bob\n1 / 0")
    errors = [text for kind, text in filter(None, map(output_of, kernel.messages(asked))) if kind == "error"]
    assert "ZeroDivisionError" in errors[0]
    assert len(errors) == 1
    assert "mfwidgets" not in errors[0]
    assert kernel.reply(asked)["status"] == "error"  # so that running a whole notebook stops there
    assert kernel.run("mfwidgets.get_namespace() is None") == [("execute_result", "True")]
    nested = kernel.run("%%mflow ns user:bob\n%%mflow ns user:ann\nx = mfwidgets.get_namespace()\nx")
    assert nested == [("execute_result", "'user:ann'")]
    assert kernel.run("x, mfwidgets.get_namespace()") == [("execute_result", "('user:ann', None)")]
    line_magic = kernel.run("%%mflow ns user:bob\ny = %mflow ns\ny.namespace")
    assert line_magic == [("execute_result", "'user:bob'")]
    assert "cannot await" in kernel.run("%%mflow ns none\nimport asyncio\nawait asyncio.sleep(0)")[0][1]


def test_completion(kernel, runs):
    def completed(code):
        """Return the lines after completion. Versions of IPython differ in the part that they replace."""
        answer = kernel.complete(code)
        return [code[: answer["cursor_start"]] + text for text in answer["matches"]]

    linear = runs["linear"]
    assert completed(f"%mflow logs {linear}/") == [f"%mflow logs {linear}/{name}" for name in ("start", "end")]
    assert completed("x = %mflow runs LinearFlow --status fa") == ["x = %mflow runs LinearFlow --status failed"]
    assert "%%mflow ns user:bob" in completed("%%mflow ns user")
    assert completed(f"Task('{linear}/start/") == [f"Task('{linear}/start/1"]
    names = ("latest", "latest-ok", "latest~1")
    assert completed("%mflow LinearFlow/")[:3] == [f"%mflow LinearFlow/{name}" for name in names]


@pytest.mark.skipif(version_info < (8, 6), reason="this IPython shows no facts next to completions")
def test_facts_next_to_completions(kernel, runs):
    answer = kernel.complete(f"%mflow logs {runs['linear']}/")
    assert answer["matches"] == ["start", "end"]  # JupyterLab keeps the order of short names
    newest = kernel.complete("%mflow LinearFlow/")["metadata"]["_jupyter_types_experimental"][0]["type"]
    assert newest.startswith("✓\N{NO-BREAK SPACE}completed\N{NO-BREAK SPACE}·")
    types = kernel.complete("%mflow wh")["metadata"]["_jupyter_types_experimental"]
    assert [(one["text"], one["type"]) for one in types] == [
        ("why", "explain why a run failed".replace(" ", "\N{NO-BREAK SPACE}"))
    ]


def test_completion_while_a_service_sleeps(kernel, on_service, runs):
    _, service = on_service
    service.latency(10)
    try:
        kernel.run(f"mfwidgets.metadata('{service.url}')\ncompletion_sources.TIMEOUT_S = 0.35")
        assert "LinearFlow" not in kernel.complete("%mflow Lin")["matches"]
        assert kernel.complete("%mflow lo")["matches"] == ["logs"]
    finally:
        service.latency(0)
        kernel.run(f"mfwidgets.metadata('local@{runs.folder}')\ncompletion_sources.TIMEOUT_S = 30")


def test_load_unload_reload(kernel):
    assert kernel.run("%unload_ext mfwidgets") == []
    assert "mflow" in kernel.run("%mflow")[0][1]  # IPython reports a missing magic
    assert "logs" not in kernel.complete("%mflow lo")["matches"]
    kernel.run("%load_ext mfwidgets\n%reload_ext mfwidgets")
    assert "Commands" in kernel.run("%mflow")[0][1]
    assert kernel.complete("%mflow lo")["matches"] == ["logs"]


# -- following --------------------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path):
    """A run whose first task waits."""
    with running_flow(tmp_path) as found:
        yield found


def until(kernel, asked, expected, seen):
    """Read messages until one matches."""
    for message in kernel.messages(asked):
        if output_of(message):
            seen.append(output_of(message))
            if expected in seen[-1][1]:
                return
    raise AssertionError(f"{expected!r} was not shown: {seen}")


def test_a_local_task_is_shown_when_it_ends(kernel, running):
    folder, task = running.folder, running.task
    asked, seen = (
        kernel.begin(f"mfwidgets.metadata('{folder}'); x = %mflow logs {task} --follow".replace("; ", "\n")),
        [],
    )
    until(kernel, asked, "Metaflow writes the log of a local task when the task ends", seen)
    running.go()
    seen += [output_of(message) for message in kernel.messages(asked) if output_of(message)]
    assert {kind for kind, _ in seen} == {"display_data", "update_display_data"}
    assert "begins" in seen[-1][1]
    assert "ends" in seen[-1][1]
    assert "The task is completed" in seen[-1][1]
    assert [kind for kind, _ in seen].count("display_data") == 1  # one output, updated in place
    assert "begins" in kernel.run("x")[0][1]  # evaluating it again shows it again


def test_a_growing_log_is_updated_in_place(kernel, running):
    folder, task = running.folder, running.task
    kernel.run(f"mfwidgets.metadata('{folder}')")
    running.log("first line\n")
    asked, seen = kernel.begin(f"%mflow logs {task} --follow"), []
    until(kernel, asked, "first line", seen)
    running.log("first line\nsecond line\n")
    until(kernel, asked, "second line", seen)
    assert "Interrupt the kernel to stop" in seen[-1][1]
    running.go()
    seen += [output_of(message) for message in kernel.messages(asked) if output_of(message)]
    assert "second line" in seen[-1][1]
    assert "The task is completed" in seen[-1][1]
    assert [kind for kind, _ in seen].count("display_data") == 1
    assert "execute_result" not in [kind for kind, _ in seen]  # the cell shows it once


def test_following_can_be_interrupted(kernel, running, request):
    folder, task = running.folder, running.task
    kernel.run(f"mfwidgets.metadata('{folder}')")
    running.log("so far\n")
    asked, seen = (
        kernel.begin(
            "import os, signal, threading\n"
            "threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
            f"%mflow logs {task} --follow"
        ),
        [],
    )
    until(kernel, asked, "Following was interrupted", seen)
    assert "so far" in seen[-1][1]
    assert [output_of(message) for message in kernel.messages(asked) if output_of(message)] == []
    assert kernel.run("1 + 1") == [("execute_result", "2")]


def test_following_times_out(kernel, running):
    folder, task = running.folder, running.task
    kernel.run(f"mfwidgets.metadata('{folder}')")
    shown = kernel.run(f"%mflow logs {task} --follow --timeout 0")
    assert "The task is still running" in shown[-1][1]
