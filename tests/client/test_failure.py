"""The recorded exception is read, and cannot harm."""

import pickle

import pytest

from mfwidgets.client import failure


def failed_task(client, runs):
    return next(task for task in client.get(runs["failing"])["divide"] if task.status == "failed")


def test_the_exception_of_a_failed_task(client, runs):
    task = failed_task(client, runs)
    assert failure.exception_line(client._scope, task._record) == "ZeroDivisionError: division by zero"
    caught = client.get(runs["retry"])["hopeless"].task
    assert failure.exception_line(client._scope, caught._record) == "ZeroDivisionError: division by zero"
    good = client.get(runs["linear"])["start"].task
    assert failure.exception_line(client._scope, good._record) == ""
    killed = client.get(runs["killed"])["join"].task
    assert failure.exception_line(client._scope, killed._record) == ""


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle ran code",))


@pytest.mark.parametrize("content", [pickle.dumps(Bomb()), pickle.dumps("no exception"), b"junk", b""])
def test_other_bytes_are_no_exception(client, runs, monkeypatch, content):
    monkeypatch.setattr(failure, "read_bytes", lambda *_: content)
    assert failure.exception_line(client._scope, failed_task(client, runs)._record) == ""


def test_a_huge_one_is_not_read(client, runs, monkeypatch):
    monkeypatch.setattr(failure, "LARGEST", 10)
    assert failure.exception_line(client._scope, failed_task(client, runs)._record) == ""
