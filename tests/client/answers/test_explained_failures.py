"""Explanations of runs that broke in many ways: code, own log lines, equal errors, earlier runs, lines to try."""

import re
import shutil
import sys
from pathlib import Path

import pytest
from local_world import World
from local_world import package as tarball

from mfwidgets import Metaflow
from mfwidgets.client.answers.advice import lines_to_try, meanings, resume_line
from mfwidgets.client.answers.own_log import own_lines, reported_failure
from mfwidgets.client.answers.source_lines import lines_around, names_in_package
from mfwidgets.datastore.logs import LogLine
from mfwidgets.display_options import options
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.error_groups import end_text, normalised, signature_of
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.queries.status.tracebacks import Frame
from mfwidgets.redaction import remember_secrets

FILE = Path(__file__).parents[2] / "small_flows" / "broken_flow.py"


@pytest.fixture
def broken(small):
    """Return why a run of broken_flow.py failed."""
    client = Metaflow(metadata=f"local@{small.folder('broken-good')}", namespace=None)
    return lambda way: client.get(small[f"broken-{way}"]).why()


@pytest.fixture
def own_broken(small, tmp_path):
    """The same for a copy that the test can change, and the folder of the flow."""
    shutil.copytree(small.folder("broken-good") / ".metaflow", tmp_path / ".metaflow")
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    return lambda way: client.get(small[f"broken-{way}"]).why(), tmp_path / ".metaflow" / "BrokenFlow"


def shown(why):
    return why._repr_mimebundle_()


# -- code ---------------------------------------------------------------------------------------------------------------


def test_lines_of_code_from_the_package(broken):
    source = broken("items").source
    lines = FILE.read_text().splitlines()
    assert (source.file, source.line, source.origin) == ("broken_flow.py", 21, "code package")
    assert source.lines == tuple(lines[source.first - 1 : source.first - 1 + len(source.lines)])
    assert lines[20].strip() == "raise ValueError("
    assert source.first == 18  # the function begins there


def test_lines_stop_at_the_next_function(broken):
    source = broken("pool").source
    assert source.lines == ("def price_of(order):", '    return order["price"] * 1.19')


def test_lines_of_code_from_the_traceback(client, runs):
    why = client.get(runs["failing"]).why()
    assert (why.source.line, why.source.lines, why.source.origin) == (19, ("self.quotient = 1 / divisor",), "traceback")
    assert "from the traceback; no code package is stored" in str(why)


@pytest.mark.parametrize("way", ["items", "chained", "pandas", "group"])
def test_the_failing_line_is_marked_by_a_sign(broken, way):
    why = broken(way)
    text, page = shown(why).values()
    assert re.search(rf"^  → {why.source.line}  ", text, re.MULTILINE)
    assert f'<span class="mfw-margin">→ {why.source.line}  </span>' in page


def test_frames_of_libraries_are_folded(broken):
    text, page = shown(broken("pandas")).values()
    assert "called by 3 frames of metaflow" in text
    assert "2 frames of pandas deeper, the last is base.py:" in text
    assert re.search(r"<details class=\"mfw-frames\"><summary>2 frames of pandas deeper", page)


def test_the_order_of_a_display(broken):
    """A reader sees the sentence, the own code, the own log, what differs, and what to try, in this order."""
    for text in shown(broken("items")).values():
        places = [
            text.index(words)
            for words in (
                "3 of 6 tasks of score failed with the same error. First, score/",
                "broken_flow.py:21 in check",
                "Logged before the failure",
                "Differs from the last completed run BrokenFlow/",
                "What to try",
                "Whole traceback",
            )
        ]
        assert places == sorted(places)


def test_a_code_that_changed_is_not_shown():
    frame = Frame("/x/flow.py", 2, "f", "raise ValueError")
    assert lines_around(frame, "flow.py", "def f():\n    raise ValueError\n").line == 2
    assert lines_around(frame, "flow.py", "def f():\n    raise KeyError\n") is None
    assert lines_around(frame, "flow.py", "def f():") is None
    assert lines_around(Frame("/x/flow.py", 0, "f"), "flow.py", "x") is None


def test_names_in_a_package():
    names = {"flow.py", "lib/flow.py", "../flow.py", "/etc/passwd"}
    assert list(names_in_package("C:\\x\\lib\\flow.py", names)) == ["lib/flow.py", "flow.py"]
    assert list(names_in_package("/etc/passwd", names)) == []
    assert list(names_in_package("", names)) == []


TRACEBACK = 'Traceback (most recent call last):\n  File "/x/flow.py", line 2, in start\n    raise ValueError("v")\nValueError: v\n'


def failing_world(folder, package, traceback=TRACEBACK):
    from hostile import exception_record

    world = World(folder)
    world.run("Flow")
    world.task("Flow", "1", "start", "1", ok=False)
    record = exception_record(ValueError("v"))
    record.stacktrace = traceback
    world.artifact("Flow/1/start/1", "_exception", record)
    world.artifact("Flow/1/start/1", "_task_ok", value=False)
    world.package("Flow/1/start/1", package)
    return Metaflow(metadata=f"local@{folder}", namespace=None).get("Flow/1").why()


SOURCE = b'def start(self):\n    raise ValueError("v")\n'


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (b"", "the code package has no such line|is not a readable|is empty"),
        (b"no archive", "is not a readable gzipped tar"),
        (tarball([("flow.py", SOURCE)])[:-40], "is not a readable gzipped tar|the code package has no such line"),
        (tarball([("/x/flow.py", SOURCE), ("../flow.py", SOURCE)]), "the code package has no such line"),
        (tarball([("flow.py", b"\xff\xfe" + SOURCE)]), "flow.py in the code package"),
        (tarball([("flow.py", SOURCE * 100_000)]), "from the traceback; .*has 4,.* bytes"),
        (
            tarball([("flow.py", b'\x1b[2J\n    raise ValueError("v")  \n\xe2\x80\xae' + b"x" * 10_000)]),
            "in the code package",
        ),
    ],
)
def test_broken_packages_leave_the_traceback(tmp_path, package, expected):
    why = failing_world(tmp_path, package)
    text, page = shown(why).values()
    assert re.search(expected, text), text
    assert 'raise ValueError("v")' in text
    assert "\x1b" not in text + page
    assert "\u202e" not in text + page
    assert len(page) < 64_000


def test_a_package_that_is_a_link_or_a_special_file(tmp_path):
    import tarfile

    link = tarfile.TarInfo("flow.py")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    text = str(failing_world(tmp_path, tarball([(link, None)])))
    assert "root:" not in text
    assert "the code package has no such line" in text


# -- log ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "way",
    ["items", "chained", "pandas", "group", "pool", "missing", "killed", "timeout", "recursion", "long", "syntax"],
)
def test_own_log_lines(broken, way):
    lines = [line.message for line in broken(way).own_log]
    name = first_shop(broken) if way == "items" else "shop-00"
    expected = {f"scoring {name}", "a warning of the user"}
    assert expected <= set(lines)
    assert len(lines) <= len(expected) + (way == "timeout")  # @timeout logs another line


def first_shop(broken):
    """Return which of the tasks with the items failed first. They ran at the same time."""
    return re.search(r"ValueError: (shop-0[135])", str(broken("items")))[1]


def test_lines_of_metaflow_are_not_the_users():
    messages = ["loading", "[KILLED BY ORCHESTRATOR]", "Task failed."]
    assert [line.message for line in own_lines([LogLine("", message, "stderr") for message in messages])] == ["loading"]


def test_a_traceback_whose_beginning_was_not_read():
    lines = [
        LogLine("", message, "stderr")
        for message in ("    code()", '  File "/x.py", line 3, in f', "    raise E", "E: m", "after")
    ]
    assert [line.message for line in own_lines(lines)] == ["after"]


def test_failures_that_metaflow_reports(client, runs):
    why = client.get(runs["unpicklable"]).why()
    assert why.reported == 'Cannot pickle artifact: Cannot pickle dump artifact named "bad"'
    assert [line.message for line in why.own_log] == ["last words"]
    assert "start/1 failed: Cannot pickle artifact" in str(why)
    assert "cannot be pickled" in why.meanings()[0]
    assert reported_failure([LogLine("", "    not: a report", "stderr")]) == ""
    assert reported_failure([]) == ""


def test_a_huge_log_is_read_from_its_end(own_broken, monkeypatch):
    from mfwidgets.datastore.base import LocalDatastore

    _, flow = own_broken
    log = next(flow.glob("*/score/2/0.runtime_stdout.log"))
    run = "/".join(log.parts[-5:-3])
    with log.open("ab") as stream:
        stream.write(b"[MFLOG|0|2026-11-26T22:00:00.000000Z|task|x]noise of a loop\n" * 500_000)
        stream.write(b"[MFLOG|0|2026-11-26T22:00:01.000000Z|task|x]the last line\n")
    true_read = LocalDatastore.read

    def read(self, key, *limit):
        assert not key.endswith("stdout.log"), "the log was read as a whole"
        return true_read(self, key, *limit)

    monkeypatch.setattr(LocalDatastore, "read", read)
    client = Metaflow(metadata=f"local@{flow.parents[1]}", namespace=None)
    own = [line.message for line in client.get(run).why().own_log]
    assert "the last line" in own


# -- equal errors -------------------------------------------------------------------------------------------------------


def test_tasks_with_the_same_error_are_one_group(broken):
    (group,) = broken("items").errors
    assert (group.step, len(group.tasks)) == ("score", 3)
    assert group.error.startswith(f"ValueError: {first_shop(broken)}")
    assert f"name {first_shop(broken)}" in str(broken("items"))


def test_errors_that_are_the_same():
    def signature(kind, message, line="x = 1"):
        text = f'Traceback (most recent call last):\n  File "/a/flow.py", line 3, in f\n    {line}\n{kind}: {message}'
        return signature_of(RecordedException(kind, message, text))

    first = signature("ValueError", "shop 17: price -3.5 of 'a'")
    assert first.is_same(signature("ValueError", "shop 99: price 4e3 of 'b'", "other()"))
    assert first.is_same(signature("ValueError", "another message"))
    assert not first.is_same(signature("ValueError", "another message", "other()"))
    assert not first.is_same(signature("KeyError", "shop 17: price -3.5 of 'a'"))
    assert signature_of(None, "attempt 0 was killed by signal 9 (SIGKILL)").is_same(
        signature_of(None, "attempt 2 was killed by signal 9 (SIGKILL)")
    )
    unknown = signature_of(None, "attempt 0 failed at 2026-11-22 20:22:04")
    assert not unknown.is_same(unknown)
    assert "17" not in repr(first)
    assert normalised("0xdeadbeef at 12.5%") == "# at #%"
    assert end_text("attempt 1 was killed by signal 9 (SIGKILL)") == "killed by signal 9 (SIGKILL)"
    assert end_text("attempt 1 failed at 2026-11-22 20:22:04") == "failed"


def test_the_same_error_in_earlier_runs(broken, small):
    history = broken("retried").history
    assert ["/".join(run.path) for run in history.same] == [small["broken-items"]]
    assert (history.runs, history.failed, history.not_compared) == (3, 2, 0)
    assert f"the same error in 2 of the last 3 runs, since {small['broken-items']}" in str(broken("retried"))
    assert "the only failure in the last 2 runs" in str(broken("items"))
    assert "new: not in the " in str(broken("killed"))
    assert broken("good").history is None


def test_signatures_of_runs_are_remembered(own_broken):
    explain, _ = own_broken
    first = explain("long").history
    why = explain("long")
    opened = []
    recording = True
    sys.addaudithook(lambda event, args: opened.append(str(args[0])) if recording and event == "open" else None)
    assert why.history == first
    recording = False
    assert not [file for file in opened if "artifact" in file or "sysmeta" in file]


def test_earlier_errors_cost_few_requests_on_a_service(on_service):
    runs, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    for name in ("unpicklable", "failing", "killed"):
        why = client.get(runs[name]).why()
        service.reset()
        why.history  # noqa: B018 - it is read
        assert len(service.requests()) <= 1 + 3


# -- advice -------------------------------------------------------------------------------------------------------------


def run(run_id="17", *tags):
    return RunRecord("Flow", run_id, 0, "ann", frozenset(), frozenset(tags))


@pytest.mark.parametrize(
    ("record", "script", "line"),
    [
        (run(), "flow.py", "python flow.py resume --origin-run-id 17"),
        (run("17", "project_branch:user.ann"), "flow.py", "python flow.py resume --origin-run-id 17"),
        (run("17", "project_branch:test.a b"), "flow.py", "python flow.py --branch 'a b' resume --origin-run-id 17"),
        (run("17", "project_branch:prod"), "flow.py", "python flow.py --production resume --origin-run-id 17"),
        (
            run("17", "project_branch:prod.x"),
            "flow.py",
            "python flow.py --production --branch x resume --origin-run-id 17",
        ),
        (run("$(rm -rf ~)"), "my flow.py", "python 'my flow.py' resume --origin-run-id '$(rm -rf ~)'"),
        (run("-17"), "-flow.py", "python ./-flow.py resume --origin-run-id=-17"),
        (run("17\n18"), "flow.py", ""),
        (run(), "flow\x1b.py", ""),
        (run(), "", "python FLOW.py resume --origin-run-id 17"),
    ],
)
def test_the_line_that_resumes(record, script, line):
    assert resume_line(record, script) == line


def test_lines_to_try(broken, small):
    resume, logs = broken("killed").what_to_try()
    run_id = small["broken-killed"].partition("/")[2]
    assert resume.line == f"python broken_flow.py --branch deep resume --origin-run-id {run_id}"
    assert logs.line == f"%mflow logs {broken('killed').task.pathspec}"
    assert broken("good").what_to_try() == []
    assert lines_to_try(run("1\n"), "flow.py", "F/1\n/s/1") == []
    assert "FLOW.py stands for the file of Flow" in lines_to_try(run(), "", "")[0].meaning


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("killed", "memory runs out"),
        ("timeout", "@timeout"),
        ("missing", "does not have the module surely_missing"),
        ("file", "relative to the folder"),
        ("memory", "more memory"),
        ("items", None),
        ("pandas", None),
    ],
)
def test_meanings_of_known_failures(broken, way, words):
    found = broken(way).meanings()
    assert [words in sentence for sentence in found] == ([True] if words else [])


@pytest.mark.parametrize(
    ("kind", "message", "reason", "words"),
    [
        (None, "", "attempt 0 exited with code 137 without a result", "memory"),
        (None, "", "attempt 0 exited with code 1 before the step started", "before Metaflow called the step"),
        (None, "", "attempt 0 exited with code 3 without a result", None),
        (None, "", "no heartbeat for 10 m", "signs of life"),
        ("OSError", "[Errno 28] No space left on device", "", "disk"),
        ("TypeError", "cannot pickle 'generator' object", "", "pickled"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/data/x'", "", "absolute"),
        ("ValueError", "TimeoutException", "", None),
        ("asyncio.TimeoutError", "", "", None),
    ],
)
def test_meanings_of_ends(kind, message, reason, words):
    exception = RecordedException(kind, message) if kind else None
    found = list(meanings(exception, reason, None))
    assert [words in sentence for sentence in found] == ([True] if words else [])


# -- displays -----------------------------------------------------------------------------------------------------------


def test_secrets_are_hidden(broken):
    remember_secrets(["Schwenningen-shop-01-secret", "a warning of the user"])
    for text in shown(broken("items")).values():
        assert "a warning of the user" not in text
        assert "***" in text


def test_secret_parameters_are_not_compared_in_the_open(own_broken):
    why = own_broken[0]("items")
    from mfwidgets.client.answers.differences import Difference

    why.differences.differences.append(Difference("parameters", "", "api_key", ("sk-old-1", "sk-new-2")))
    for text in shown(why).values():
        assert "sk-old-1" not in text
        assert "not shown" in text


def test_the_facts_as_data(broken, small):
    facts = broken("items").to_dict()
    assert facts["source"]["line"] == 21
    assert [error["step"] for error in facts["errors"]] == ["score"]
    assert len(facts["errors"][0]["tasks"]) == 3
    assert facts["same_error"] == {"runs": [], "compared_runs": 2, "failed_runs": 1, "not_compared": 0}
    assert {line["message"] for line in facts["own_log"]} == {f"scoring {first_shop(broken)}", "a warning of the user"}
    assert facts["try"][0]["line"].startswith("python broken_flow.py --branch deep resume")
    assert facts["last_good"] == small["broken-good"]
    exceptions = broken("chained").to_dict()["exceptions"]
    assert [(part["type"], part["relation"]) for part in exceptions] == [("RuntimeError", ""), ("KeyError", "cause")]


@pytest.mark.parametrize("way", ["items", "long", "recursion", "group", "timeout", "good"])
def test_displays_stay_small(broken, way):
    page = shown(broken(way))["text/html"]
    assert len(page.encode()) < options.display_max_bytes
    assert "<script" not in page


def test_files_that_changed_since_the_last_good_run(own_broken):
    explain, flow = own_broken
    why = explain("items")
    content = tarball([("broken_flow.py", FILE.read_bytes().replace(b"1.19", b"1.07")), ("new.py", b"a\nb\n")])
    world = World(flow.parents[1])
    good = why.last_good["start"].task
    for recorded in flow.glob(f"{why.last_good.id}/*/*/_meta/*code-package*"):
        recorded.unlink()
    world.package(good.pathspec, content)
    why = explain("items")
    changed = {file.name: str(file) for file in why.changed_files}
    assert changed["broken_flow.py"] == "+1 -1 lines"
    assert changed["new.py"] == "removed, +0 -2 lines"
    assert changed["kept_flow.py"].startswith("new file, +")
    text = str(why)
    assert re.search(r"broken_flow.py +\+1 -1 lines +has the failing line", text)
    assert "why.differences.code() shows the lines" in text
    assert {"file": "broken_flow.py", "added": 1, "removed": 1} in why.to_dict()["changed_files"]


def test_tasks_that_ended_alike_are_one_group(broken):
    from dataclasses import replace

    from mfwidgets.queries.error_groups import group_errors
    from mfwidgets.queries.status.rules import Status

    row = broken("killed")._failed[0]
    states = [
        replace(row.state, status=Status("failed", f"attempt {n} exited with code 1 without a result")) for n in (0, 1)
    ]
    rows = [replace(row, state=state) for state in states]
    (group,) = group_errors((row, None) for row in rows)
    assert (len(group.tasks), group.error) == (2, "exited with code 1 without a result")


def test_no_file_that_a_traceback_names_is_read(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text('password = "hunter2"\n    raise ValueError("v")\n')
    traceback = TRACEBACK.replace("/x/flow.py", str(secret))
    why = failing_world(tmp_path / "world", tarball([("flow.py", SOURCE)]), traceback)
    text = str(why)
    assert f"{secret.name}:2 in start" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("way", ["items", "pool", "long"])
def test_displays_fit_into_terminals(broken, way, columns):
    from mfwidgets.render.text import lines_of
    from mfwidgets.render.text_width import width
    from mfwidgets.render.view import text_of_line
    from mfwidgets.views.show import full_view

    why = broken(way)
    for shown_object in (why, why.task):
        lines = [text_of_line(line) for line in lines_of(full_view(shown_object), columns)]
        assert max(map(width, lines)) <= columns
