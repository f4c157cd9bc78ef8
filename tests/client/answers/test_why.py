"""Why runs failed, compared with the known failures of the corpus."""

import json

import pytest

from mfwidgets import Metaflow
from mfwidgets.queries.status.recorded_exceptions import Frame, RecordedException, exception_in


@pytest.mark.parametrize(
    ("name", "task", "exception", "where", "attempts"),
    [
        (
            "failing",
            "divide",
            "ZeroDivisionError: division by zero",
            "failing_flow.py:19 in divide: self.quotient = 1 / divisor",
            1,
        ),
        ("loop-broken", "finish", "RuntimeError: broken at the finish", "loop_flow.py:38 in finish", 1),
        ("cards", "end", "RuntimeError: broken", "card_flow.py:23 in end", 1),
        (
            "died-at-import",
            "start",
            "ImportError: this module cannot be imported inside a task",
            "death_flow.py:12 in <module>",
            2,
        ),
        ("died-hard", "start", None, None, 2),
        ("killed", "join", None, None, 1),
        ("exited", "start", None, None, 1),
        ("retry", "hopeless", "ZeroDivisionError: division by zero", "retry_flow.py:28 in hopeless", 1),
    ],
)
def test_the_cause(name, task, exception, where, attempts, client, runs):
    why = client.get(runs[name]).why()
    assert why.task.path_components[2] == task
    assert (str(why.exception) if why.exception else None) == exception
    if where:
        assert str(why.exception.where).startswith(where)
        assert why.exception.where.is_users
    assert len(why.attempts) == attempts
    assert why.attempt.number == attempts - 1  # the task in its reason
    assert why.other_failed_tasks == 0


def test_item_log_and_last_good_run(client, runs):
    why = client.get(runs["failing"]).why()
    assert why.item == "1: 0"
    assert [line.message for line in why.log][-3:] == ["ZeroDivisionError: division by zero", "", "Task failed."]
    assert len(why.log) == 20
    assert why.last_good is None
    assert why.differences is None
    killed = client.get(runs["killed"]).why()
    assert killed.last_good == client.get(runs["retry"])
    assert killed.causes() == []
    assert "none in parameters, tags, versions and metadata; no code is stored" in str(killed)
    assert [line.message for line in client.get(runs["died-hard"]).why().log] == ["Task failed."]


def test_what_differs_from_the_last_good_run(own_runs, client, runs):
    why = client.get(runs["loop-broken"]).why()
    assert why.last_good.pathspec == runs["loop"]
    assert [(one.section, one.name) for one in why.causes()] == [("code", "package")]
    assert "package" in str(why)
    assert {one.section for one in why.differences.differences} >= {"code", "status"}


def test_runs_that_did_not_fail(client, runs):
    why = client.get(runs["linear"]).why()
    assert (why.task, why.exception, why.attempt, why.log) == (None, None, None, [])
    assert "The run completed. It did not fail." in str(why)
    assert repr(why) == f"<why {runs['linear']} is completed>"
    assert why.to_dict()["task"] is None
    assert why.to_dict()["exception"] is None


def test_a_caught_failure_is_named(client, runs):
    why = client.get(runs["retry"]).why()
    assert (why.status, why.caught_tasks, why.attempt.status) == ("completed", 1, "caught")
    assert "raised ZeroDivisionError: division by zero. @catch handled it, and the run went on." in str(why)
    assert why.to_dict()["caught_tasks"] == 1
    assert client.get(runs["linear"]).why().caught_tasks == 0
    for shown in client.get(runs["retry"])._repr_mimebundle_().values():
        assert "Tasks whose failure @catch handled" in shown
        assert "ZeroDivisionError: division by zero" in shown
    row = client.get(runs["retry"])["hopeless"].tasks().to_dicts()[0]
    assert (row["status"], row["reason"].endswith("handled by @catch")) == ("caught", True)


@pytest.mark.parametrize("name", ["failing", "killed", "retry", "linear", "abandoned", "loop-broken", "unpicklable"])
def test_it_converts(name, client, runs):
    why = client.get(runs[name]).why()
    facts = why.to_dict()
    assert json.loads(json.dumps(facts, default=str))["run"] == runs[name]
    shown = why._repr_mimebundle_()
    assert shown["text/plain"] == str(why)
    if facts["task"] is None:
        assert facts["reason"] in str(why)
    else:
        assert facts["task"] in str(why)
    if facts["exception"]:
        assert facts["exception"]["type"] in shown["text/html"]


def test_the_same_on_a_service(on_service):
    runs, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    run = client.get(runs["failing"])
    steps = len(list(run))
    service.reset()
    why = run.why()
    # status (metadata of the run), tasks, their facts, the exception of the cause and the location of its log
    assert len(service.requests()) <= 2 + (1 + steps) + 2 + 2 + 2
    assert str(why.exception) == "ZeroDivisionError: division by zero"
    assert why.exception.where.line == 19
    killed = client.get(runs["killed"]).why()
    assert killed.last_good == client.get(runs["retry"])


def test_an_unreachable_datastore_leaves_the_rest(client, runs, monkeypatch):
    from mfwidgets.client.answers import logs
    from mfwidgets.errors import DataException
    from mfwidgets.queries.status import recorded_exceptions

    def fail(*_):
        raise DataException("it is gone")

    monkeypatch.setattr(recorded_exceptions, "read_bytes", fail)
    monkeypatch.setattr(logs, "read_tail", fail)
    why = client.get(runs["failing"]).why()
    assert why.task.path_components[2] == "divide"
    assert (why.exception, why.log) == (None, [])
    assert "divide" in str(why)


@pytest.mark.parametrize(
    ("file", "is_users"),
    [
        ("/home/ann/flow.py", True),
        ("C:\\Users\\ann\\flow.py", True),
        ("flow.py", True),
        ("/home/ann/metaflow_flows/flow.py", True),
        ("/usr/lib/python3.11/json/decoder.py", False),
        ("C:\\Python311\\Lib\\site-packages\\numpy\\core.py", False),
        ("/x/site-packages/pandas/core/frame.py", False),
        ("/opt/metaflow/task.py", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_frames_of_users_and_libraries(file, is_users):
    assert Frame(file, 1, "f").is_users is is_users


def test_tracebacks():
    text = (
        'Traceback (most recent call last):\n  File "/a/flow.py", line 3, in start\n    self.x = load()\n'
        '  File "/v/site-packages/lib.py", line 7, in load\n    raise KeyError("k")\n             ^^^^^\nKeyError: \'k\'\n\n'
        "The above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "/a/flow.py", line 5, in start\n    raise ValueError("v") from e\n'
        '  File "/v/site-packages/lib.py", line 9, in deep\nValueError: v'
    )
    found = RecordedException("ValueError", "v", text)
    assert [frame.line for frame in found.frames] == [5, 9]
    assert found.where == Frame("/a/flow.py", 5, "start", 'raise ValueError("v") from e')
    assert RecordedException("E", "").frames == []
    assert RecordedException("E", "").where is None
    only_libraries = RecordedException(
        "E", "", 'Traceback (most recent call last):\n  File "/v/site-packages/l.py", line 9, in f\nE'
    )
    assert only_libraries.where.line == 9
    assert str(exception_in(["x", *text.splitlines(), "Task failed."])) == "ValueError: v"
    assert exception_in(["no traceback"]) is None
    assert exception_in([]) is None
    assert exception_in(["Traceback (most recent call last):", '  File "a", line 1, in f']) is None


def test_the_newest_failed_attempt_is_shown():
    from mfwidgets.client.answers.why import AttemptOutcome, Why
    from mfwidgets.queries.status.recorded_exceptions import RecordedException
    from mfwidgets.queries.status.rules import Status

    why = Why.__new__(Why)
    raised = [RecordedException("KeyError", "first"), RecordedException("TypeError", "second")]
    why.attempts = [AttemptOutcome(number, Status("failed", ""), one) for number, one in enumerate(raised)]
    why._printed = None
    assert (why.attempt.number, str(why.exception)) == (1, "TypeError: second")
