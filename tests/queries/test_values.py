"""Values in tables: small plain parameters and artifacts, with every provider."""

import concurrent.futures
import math
import multiprocessing
import pickle
import sys

import numpy as np
import pandas as pd
import pytest
import requests
from corpus import service_s3_corpus

from mfwidgets import Metaflow, errors
from mfwidgets.queries.values import reading


@pytest.fixture(scope="module")
def _on_both():
    with service_s3_corpus() as found:
        yield found


@pytest.fixture(params=["local", "service", "service and S3"])
def world(request, runs, monkeypatch, tmp_path):
    """Return the runs with values, and their client."""
    if request.param == "local":
        return runs, Metaflow(metadata=runs.folder, namespace=None)
    if request.param == "service":
        found, service = request.getfixturevalue("on_service")
        return found, Metaflow(metadata=service.url, namespace=None)
    found, service, s3 = request.getfixturevalue("_on_both")
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    return found, Metaflow(metadata=service.url, namespace=None)


def frame_of(world, **how):
    found, client = world
    frame = client["ValueFlow"].runs().to_pandas(**how).set_index("pathspec")
    return frame.loc[[found["values"], found["values-other"], found["values-deep"]]].reset_index()


def test_parameters(world):
    frame = frame_of(world, params=True)
    assert [name for name in frame.columns if "." in name] == ["param.depth", "param.kind", "param.rate"]
    assert list(frame["param.rate"]) == [0.1, 0.5, 0.1]
    assert list(frame["param.depth"]) == [3, 3, 4]
    assert [str(frame[f"param.{name}"].dtype) for name in ("rate", "depth", "kind")] == ["float64", "Int64", "string"]
    mixed = world[1]["ParameterFlow"].runs().to_dicts(params=True)[0]
    assert mixed["param.settings"] == {"depth": {"max": 4}}
    assert mixed["param.words"] == "eins\nzwei\nüç\n"
    assert mixed["param.bits"].startswith(b'"""Parameters')
    assert "param.CONSTANT" not in mixed


def test_artifacts_of_the_last_step(world):
    frame = frame_of(world, artifacts=["score", "passed", "losses", "weights", "mixed", "seed"])
    assert list(frame["artifact.score"]) == pytest.approx([0.3, 1.5, 0.4])
    assert str(frame["artifact.score"].dtype) == "float64"
    assert list(frame["artifact.passed"]) == [True, True, True]
    assert frame["artifact.losses"][1] == [0.5, 0.25, 0.5 / 3]
    assert isinstance(frame["artifact.weights"][0], np.ndarray)
    assert list(frame["artifact.weights"][1]) == [0.0, 0.5, 1.0, 1.5]
    assert list(frame["artifact.mixed"]) == ["few", "few", 4]
    assert str(frame["artifact.seed"].dtype) == "Int64"


def test_artifacts_of_tasks(world):
    found, client = world
    frame = client.get(found["values-other"])["train"].to_pandas()
    assert "artifact.loss" not in frame
    frame = client.get(found["values-other"])["train"].tasks().to_pandas(artifacts=["loss", "fold"])
    assert list(frame["artifact.fold"]) == [int(value) for value in frame.foreach_value]
    assert list(frame["artifact.loss"] * frame["artifact.fold"]) == pytest.approx([0.5] * 3)
    of_run = client.get(found["values"]).tasks().to_pandas(artifacts="fold")
    assert of_run["artifact.fold"].notna().sum() == 3


@pytest.mark.filterwarnings("ignore::mfwidgets.errors.ValuesNotRead")
def test_a_step_with_several_values_has_no_value(world):
    with pytest.warns(errors.ValuesNotRead, match=r"artifact.loss: 3 of 3 values are missing: 3 tasks have different"):
        frame = frame_of(world, artifacts=["loss", "seed"], step="train")
    assert frame["artifact.loss"].isna().all()
    assert list(frame["artifact.seed"]) == [7, 7, 7]  # all have the same value


@pytest.mark.parametrize(
    ("name", "how", "message"),
    [
        ("large", {}, r"artifact.large: 3 of 3 values are missing: larger than 100,000 bytes \(max_bytes= sets"),
        ("score", {"max_bytes": 5}, r"artifact.score: 3 of 3 .* larger than 5 bytes"),
        ("model", {"unpickle": True}, r"artifact.model: 3 of 3 .* has an object of 'Model' of module '__main__'"),
        ("scoer", {}, r"artifact.scoer: 3 of 3 .* no artifact has this name"),
    ],
)
def test_unread_values_are_missing_and_warn(world, name, how, message):
    with pytest.warns(errors.ValuesNotRead, match=message) as caught:
        frame = frame_of(world, artifacts=[name], **how)
    ours = [warning for warning in caught if warning.category is errors.ValuesNotRead]
    assert ours[0].filename == __file__  # it names the caller's line
    assert frame[f"artifact.{name}"].isna().all()


def test_other_objects_are_described_and_warn(world):
    message = r"artifact.model: 3 of 3 .* not a plain value: an object of __main__\.Model \(unpickle=True reads"
    with pytest.warns(errors.ValuesNotRead, match=message) as caught:
        frame = frame_of(world, artifacts=["model"])
    assert caught[0].filename == __file__
    assert list(map(str, frame["artifact.model"])) == ["Model(weight=0.5)"] * 3


def test_max_bytes_reads_larger_values(world):
    assert set(frame_of(world, artifacts=["large"], max_bytes=1_000_000)["artifact.large"].str.len()) == {300_000}


def test_equal_bytes_are_read_once(world, monkeypatch):
    read = []
    actual = reading.read_bytes
    monkeypatch.setattr(
        reading, "read_bytes", lambda context, record, most: read.append(record.sha) or actual(context, record, most)
    )
    frame_of(world, artifacts=["seed", "passed", "score"])
    assert len(read) == len(set(read)) == 1 + 3 + 1  # seed; three scores; one numpy True


def test_missing_blobs(client, monkeypatch):
    actual = reading.read_bytes

    def read(context, record, most):
        if record.name == "text":
            raise errors.BlobMissing("Artifact text: its bytes are missing from there.")
        return actual(context, record, most)

    monkeypatch.setattr(reading, "read_bytes", read)
    with pytest.warns(errors.ValuesNotRead, match=r"artifact\.text: 3 of 3 .*are missing from there"):
        frame = client["LinearFlow"].runs().to_pandas(artifacts=["x", "text"])
    assert list(frame["artifact.x"]) == [2, 2, 2]
    assert frame["artifact.text"].isna().all()


def thread_pool():
    return concurrent.futures.ThreadPoolExecutor(2)


def process_pool():
    # IPython's reset() deletes the spec that new processes look up, if a test with a shell ran before.
    sys.modules["__main__"].__dict__.setdefault("__spec__", None)
    return concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("make", [thread_pool, process_pool])
def test_executors_return_the_same_values(world, make):
    names = ["score", "losses", "weights", "mixed"]
    expected = frame_of(world, params=True, artifacts=names)
    with make() as executor:
        found = frame_of(world, params=True, artifacts=names, executor=executor)
        timings = world[1]["ValueFlow"].runs().timings()
        assert timings.to_pandas(executor=executor).equals(timings.to_pandas())
        tasks = world[1].get(world[0]["values"]).tasks()
        assert tasks.to_pandas(artifacts=["fold"], executor=executor).equals(tasks.to_pandas(artifacts=["fold"]))
    pd.testing.assert_frame_equal(found, expected)


def test_secrets_are_not_pickled(on_service):
    runs, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None, headers={"X-Key": "secret"})["ValueFlow"]
    with thread_pool() as executor, pytest.raises(errors.NotPicklableError, match="may contain a key"):
        flow.runs().to_pandas(artifacts=["score"], executor=executor)
    for headers in (lambda: {"X-Key": "secret"}, type("Token", (), {"__call__": lambda self: {}})()):
        client = Metaflow(metadata=service.url, namespace=None, headers=headers)
        with pytest.raises(errors.NotPicklableError, match="of an importable module"):
            pickle.dumps(client.get(runs["values"]))
    with_session = Metaflow(metadata=service.url, namespace=None, session=requests.Session())
    with pytest.raises(errors.NotPicklableError, match="session="):
        pickle.dumps(with_session.get(runs["values"]))


def test_a_function_is_pickled_by_name(on_service, tmp_path, monkeypatch):
    (tmp_path / "tokens_of_tests.py").write_text("def headers():\n    return {'X-Team': 'blue'}\n")
    monkeypatch.syspath_prepend(tmp_path)
    from tokens_of_tests import headers

    runs, service = on_service
    run = Metaflow(metadata=service.url, namespace=None, headers=headers).get(runs["values"])
    content = pickle.dumps(run)
    assert b"blue" not in content
    service.reset()
    assert pickle.loads(content) == run
    assert {request["headers"]["X-Team"] for request in service.requests()} == {"blue"}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"artifacts": 5}, "Expected artifacts= to be a list of names"),
        ({"artifacts": ["a", 5]}, "Expected artifacts= to be a list of names"),
        ({"artifacts": ["a"], "max_bytes": -1}, "Expected max_bytes= to be a number of bytes"),
        ({"artifacts": ["a"], "max_bytes": "1 MB"}, "Expected max_bytes= to be a number of bytes"),
        ({"artifacts": ["a"], "executor": 4}, "Expected executor= to be a concurrent.futures.Executor"),
    ],
)
def test_bad_input(client, how, message):
    with pytest.raises(errors.MetaflowInvalidArgument, match=message):
        client["LinearFlow"].runs().to_pandas(**how)


def test_frames_are_equal_to_frames():
    frame = pd.DataFrame({"a": [1, 2]})
    assert reading.equal(frame, frame.copy())
    assert not reading.equal(frame, frame + 1)
    assert not reading.equal(frame, pd.DataFrame({"a": [1]}))
    assert not reading.equal(math.nan, math.nan)
