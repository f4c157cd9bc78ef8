"""CallOnce calls a function once per key."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mfwidgets.concurrency import CallOnce


def test_concurrent_callers_cause_one_call():
    calls = []

    def work(key):
        calls.append(key)
        time.sleep(0.05)
        return key * 2

    once = CallOnce(work)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(once, [1, 2] * 8)) == [2, 4] * 8
    assert sorted(calls) == [1, 2]
    assert 1 in once
    assert 3 not in once


def test_an_error_is_not_cached():
    answers = iter([OSError("away"), "back"])

    def work(_):
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    once = CallOnce(work)
    with pytest.raises(OSError, match="away"):
        once("key")
    assert once("key") == "back"
