"""What strangers found wrong in tables, searches and comparisons, each mended."""

import concurrent.futures
import datetime as dt
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from mfwidgets import Metaflow, compare, errors, tables
from mfwidgets.client.answers import code_diff
from mfwidgets.queries.status.recorded_exceptions import RecordedException
from mfwidgets.queries.values.reading import equal


def column(*values):
    return tables._value_column(list(values))


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (({"lr": 0.1, "n": 3}, {}), "object"),
        ((2**63 + 1, 2**63 + 3), "object"),
        ((2**60 + 1, 0.5), "object"),
        ((10**400, 0.5), "object"),
        ((np.uint64(2**64 - 1), 1), "object"),
        ((2**53, 0.5), "float64"),
        ((3, None), "Int64"),
        (("a\ud800b", "c"), None),
        (([1], [2, 3]), "object"),
        ((np.arange(3), None), "object"),
    ],
)
def test_columns_keep_what_they_hold(values, dtype):
    found = column(*values)
    if dtype:
        assert str(found.dtype) == dtype
    for one, other in zip(found, values, strict=True):
        assert pd.isna(one) if other is None else np.array_equal(one, other), (one, other)
        if isinstance(other, dict):
            assert type(one) is dict


def test_texts_that_no_utf8_holds_do_not_break_tables(own_client, own_runs):
    run = own_client.get(own_runs["linear"])
    file = next((own_runs.root / run.pathspec / "_meta").glob("_self.json"))
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"tags": ["a\ud800"], "user_name": "a\ud800b"}))
    assert len(own_client["LinearFlow"].runs().to_pandas()) == 3


def test_attempts_are_compared_as_such(client, runs):
    task = client.get(runs["retry"])["flaky"].task
    first, second = client.get(task.pathspec, attempt=0), client.get(task.pathspec, attempt=1)
    found = compare(first, second)
    facts = {one.name: one.values for one in found.differences}  # noqa: PD011
    assert facts["status"] == ("failed", "completed")
    assert facts["attempt_seen"] == (0, 1)
    names = found.names()
    assert names == [f"{task.pathspec}, attempt 0", f"{task.pathspec}, attempt 1"]
    assert list(found.to_pandas().columns[4:]) == names
    run = client.get(runs["linear"])
    assert len(set(compare(run, run, client.get(runs["linear-bob"])).names())) == 3


def test_missing_is_not_none(client, runs):
    found = compare(client.get(runs["linear"]), client.get(runs["values"]))
    notes = {one["name"]: one["note"] for one in found.to_dicts()}
    assert notes["nothing"] == f"missing in {runs['values']}"
    assert notes["seed"] == f"missing in {runs['linear']}"


def test_parameters_are_not_told_again_where_a_step_did_not_run(client, runs):
    found = compare(client.get(runs["failing"]), client.get(runs["resumed"]))
    assert [one.name for one in found.differences if one.section == "artifacts"] == ["quotient"]


def test_the_name_of_the_flow_is_no_name_of_the_users(client, runs):
    assert list(client["LinearFlow"].runs().where(name="other")) == []
    assert len(list(client["LinearFlow"].runs().where(name="LinearFlow"))) == 3  # at the end, where nothing else has it
    found = compare(client.get(runs["linear"]), client.get(runs["values"]))
    assert not any(one.name == "name" for one in found.differences)


def test_one_task_meets_all_conditions(client, runs):
    flow = client["ValueFlow"]
    assert list(flow.runs().where(fold=1, loss=0.05, step="train")) == []
    assert {run.pathspec for run in flow.runs().where(fold=2, loss=0.05, step="train")} == {
        runs["values"],
        runs["values-deep"],
    }
    assert [run.pathspec for run in flow.runs().where(rate=0.5, fold=1, loss=0.5, step="train")] == [
        runs["values-other"]
    ]


def test_warnings_name_the_line_of_the_caller_and_the_step(client):
    runs = client["ValueFlow"].runs(status="completed")
    with pytest.warns(
        errors.ValuesNotRead, match=r"none of 3 runs has a parameter or an artifact of step 'tarin'"
    ) as caught:
        list(runs.where(loss=1, step="tarin"))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(errors.ValuesNotRead, match="there is no artifact of this name in step 'tarin'"):
        runs.to_pandas(artifacts=["loss"], step="tarin")


def test_frames_are_equal_to_frames():
    frame = pd.DataFrame({"a": [1, 2]})
    assert equal(frame, frame.copy())
    assert not equal(frame, frame + 1)
    assert not equal(frame, pd.DataFrame({"a": [1]}))
    assert not equal(math.nan, math.nan)


def test_local_artifacts_by_name_have_type_and_size(client):
    frame = client["ValueFlow"].runs().find_artifacts("score").to_pandas()
    assert set(frame.type) == {"numpy.float64"}
    assert frame["size"].notna().all()


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


def test_the_first_attempt_begins_a_step(client, runs):
    timings = client["RetryFlow"].runs().timings().to_pandas()
    flaky = timings[(timings.step == "flaky") & (timings.run_id == runs["retry"].partition("/")[2])].iloc[0]
    first = client.get(client.get(runs["retry"])["flaky"].task.pathspec, attempt=0)
    assert flaky.started_at.tz_localize(None).to_pydatetime() == first.started_at


def test_diffs_of_odd_files():
    diff = code_diff._file_diff
    assert diff(("a/__init__.py", None), ("b/__init__.py", b"")) == "--- /dev/null\n+++ b/__init__.py\n"
    found = diff(("a/u.py", b'B = "x\x0cy"\n'), ("b/u.py", b'B = "x\x0cz"\n'))
    assert found == '--- a/u.py\n+++ b/u.py\n@@ -1 +1 @@\n-B = "x\x0cy"\n+B = "x\x0cz"\n'


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda runs: runs.to_pandas(step=5, artifacts=["x"]), "step= is the name of a step"),
        (lambda runs: runs.where(alpha=0.1, step=5), "step= is the name of a step"),
        (lambda runs: runs.where(alpha=0.1, step=""), "step= is the name of a step"),
        (lambda runs: runs.where(5), "where() takes names and values"),
        (lambda runs: runs.where([("a", 1)]), "where() takes names and values"),
        (lambda runs: runs["a":], "are sliced by numbers"),
        (lambda runs: runs[::0], "A slice has a step other than 0"),
        (lambda runs: runs.to_pandas(artifacts=["text"], executor=ended()), "The executor takes no work"),
    ],
)
def test_bad_input(client, ask, said):
    with pytest.raises(errors.MetaflowException, match=re.escape(said)):
        ask(client["LinearFlow"].runs())


def ended():
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()
    return executor


@pytest.mark.parametrize("since", ["99999999w", dt.datetime.max.replace(tzinfo=dt.UTC)])
def test_moments_out_of_reach(client, since):
    with pytest.raises(errors.MetaflowInvalidArgument, match="since= is a datetime"):
        client["LinearFlow"].runs(since=since)
    assert len(list(client["LinearFlow"].runs(since="999999w"))) == 3


def test_broken_numbers_of_attempts(own_runs):
    client = Metaflow(metadata=own_runs.folder, namespace=None)
    run = client.get(own_runs["linear"])
    meta = own_runs.root / run["start"].task.pathspec / "_meta"
    for file in [*meta.glob("sysmeta_attempt_*.json"), *meta.glob("sysmeta_attempt-done_*.json")]:
        file.write_text(json.dumps(json.loads(file.read_text()) | {"value": str(10**30)}))
    assert len(run.tasks().to_pandas()) == 2
    assert len(list(run.critical_path())) == 2
    assert len(run["end"].task.ancestors().to_pandas()) == 1
