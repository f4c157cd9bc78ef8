"""Frames: fixed columns and dtypes, the same facts as the objects give."""

import pandas as pd
import pytest

from mfwidgets import frames

RUNS = [
    "pathspec", "flow", "run_id", "status", "created_at", "started_at", "finished_at", "duration", "user", "user_tags",
    "system_tags", "origin_run_id",
]  # fmt: skip
TASKS = [
    "pathspec", "step", "task_id", "status", "attempt", "attempts", "created_at", "started_at", "finished_at",
    "duration", "foreach_index", "foreach_value", "runtime",
]  # fmt: skip
ARTIFACTS = ["pathspec", "name", "type", "size", "sha", "encoding"]
UTC = "datetime64[ms, UTC]"


def local(ms_series):
    """What the objects give for a UTC-aware time; tests run in UTC."""
    return [None if pd.isna(time) else time.tz_localize(None).to_pydatetime() for time in ms_series]


def test_runs(client, runs):
    frame = client["FailingFlow"].runs().to_pandas()
    assert list(frame.columns) == RUNS
    assert list(frame.pathspec) == [runs["resumed"], runs["failing"]]
    assert list(frame.status) == ["completed", "failed"]
    objects = list(client["FailingFlow"])
    assert local(frame.created_at) == [run.created_at for run in objects]
    assert local(frame.finished_at) == [run.finished_at for run in objects]
    assert frame.duration[0].to_pytimedelta() == objects[0].duration
    assert pd.isna(frame.duration[1])
    assert list(frame.user) == ["ann", "ann"]
    assert frame.user_tags[1] == ["nightly"]
    assert "runtime:dev" in frame.system_tags[1]
    assert frame.origin_run_id[0] == objects[1].id
    assert frame.origin_run_id[1] is pd.NA
    assert client["FailingFlow"].to_pandas().equals(frame)


def test_tasks(client, runs):
    frame = client.get(runs["foreach"]).to_pandas()
    assert list(frame.columns) == TASKS
    assert list(frame.step) == ["start", "work", "work", "work", "work", "join", "end"]
    work = frame[frame.step == "work"].sort_values("foreach_index")
    assert list(work.foreach_index) == [0, 1, 2, 3]
    assert list(work.foreach_value) == ["a", "b=c", "ü/d", "x" * 30]
    assert frame.foreach_index[0] is pd.NA
    assert set(frame.runtime) == {"dev"}
    task = client.get(frame.pathspec[1])
    assert local(frame.started_at)[1] == task.started_at
    assert frame.duration[1].to_pytimedelta() == task.duration
    retried = client.get(runs["retry"]).to_pandas().set_index("step")
    assert (retried.attempt["flaky"], retried.attempts["flaky"]) == (1, 2)
    assert retried.status["hopeless"] == "caught"
    assert client.get(runs["foreach"])["work"].to_pandas().step.unique() == ["work"]


def test_artifacts(client, runs):
    task = client.get(runs["linear"])["start"].task
    frame = task.to_pandas().set_index("name")
    assert ["pathspec", *frame.columns[1:]] == [column for column in ARTIFACTS if column != "name"]
    assert frame.type["numbers"] == "list"
    assert frame["size"]["x"] == 5
    assert frame.sha["x"] == task["x"].sha
    assert frame.encoding["x"] == "pickle-v4"
    assert frame.pathspec["x"] == f"{task.pathspec}/x"


def test_empty_frames_have_the_same_columns_and_dtypes(client):
    some, none = client["LinearFlow"].runs().to_pandas(), client["LinearFlow"].runs("no-such-tag").to_pandas()
    assert len(none) == 0
    assert dict(none.dtypes) == dict(some.dtypes)
    assert dict(some.dtypes) == {
        "pathspec": "string", "flow": "string", "run_id": "string", "status": pd.CategoricalDtype(frames.STATUSES),
        "created_at": UTC, "started_at": UTC, "finished_at": UTC, "duration": "timedelta64[ms]", "user": "string",
        "user_tags": "object", "system_tags": "object", "origin_run_id": "string",
    }  # fmt: skip


@pytest.mark.parametrize(("make", "columns"), [(frames.tasks_frame, TASKS), (frames.artifacts_frame, ARTIFACTS)])
def test_no_rows(make, columns):
    frame = make([])
    assert list(frame.columns) == columns
    assert {str(dtype) for dtype in frame.dtypes} <= {"string", "Int64", "category", UTC, "timedelta64[ms]"}
