"""Recorded exceptions are read without running their code."""

import pickle

import pytest

from mfwidgets.queries.status import recorded_exceptions
from mfwidgets.queries.status.recorded_exceptions import RecordedException


def failed_task(client, runs):
    return next(task for task in client.get(runs["failing"])["divide"] if task.status == "failed")


def test_the_exception_of_a_failed_task(client, runs):
    task = failed_task(client, runs)
    assert recorded_exceptions.exception_line(client._context, task._record) == "ZeroDivisionError: division by zero"
    caught = client.get(runs["retry"])["hopeless"].task
    assert recorded_exceptions.exception_line(client._context, caught._record) == "ZeroDivisionError: division by zero"
    good = client.get(runs["linear"])["start"].task
    assert recorded_exceptions.exception_line(client._context, good._record) == ""
    killed = client.get(runs["killed"])["join"].task
    assert recorded_exceptions.exception_line(client._context, killed._record) == ""


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle ran code",))


@pytest.mark.parametrize("content", [pickle.dumps(Bomb()), pickle.dumps("no exception"), b"junk", b""])
def test_other_bytes_are_not_an_exception(client, runs, monkeypatch, content):
    monkeypatch.setattr(recorded_exceptions, "read_bytes", lambda *_: content)
    assert recorded_exceptions.exception_line(client._context, failed_task(client, runs)._record) == ""


def test_a_huge_one_is_not_read(client, runs, monkeypatch):
    monkeypatch.setattr(recorded_exceptions, "MAX_EXCEPTION_BYTES", 10)
    assert recorded_exceptions.exception_line(client._context, failed_task(client, runs)._record) == ""


TRACEBACK = 'Traceback (most recent call last):\n  File "/home/ann/flow.py", line 7, in start\n    parse()\n'


@pytest.mark.parametrize(
    ("traceback", "line"),
    [
        (TRACEBACK + "ValueError: inner said:\nTraceback (most recent call last):\n  nothing", 7),
        (
            (
                '  + Exception Group Traceback (most recent call last):\n  |   File "/home/ann/flow.py", line 9, in start\n'
                "  |     raise group\n  | ExceptionGroup: eg (2 sub-exceptions)"
            ),
            9,
        ),
        (
            (
                'Traceback (most recent call last):\n  File "/home/ann/metaflow/project/flow.py", line 3, in parse\n    loads()\n'
                '  File "/usr/lib/python3.11/json/decoder.py", line 353, in raw_decode\n'
            ),
            3,
        ),
        (TRACEBACK + '  File "/opt/metaflow/metaflow/task.py", line 99, in run\n    x()\nE', 7),
    ],
)
def test_where_it_was_raised(traceback, line):
    assert RecordedException("ValueError", "x", traceback).where.line == line
