"""Filters by the values of parameters and artifacts, with every provider."""

import math

import numpy as np
import pytest
from corpus import service_s3_corpus

from mfwidgets import Metaflow, errors
from mfwidgets.queries.values import reading, value_filter


@pytest.fixture(scope="module")
def _on_both():
    with service_s3_corpus() as found:
        yield found


@pytest.fixture(params=["local", "service", "service and S3"])
def world(request, runs, monkeypatch, tmp_path):
    """Return the names of the runs with values, and their flow."""
    if request.param == "local":
        found, client = runs, Metaflow(metadata=runs.folder, namespace=None)
    elif request.param == "service":
        found, service = request.getfixturevalue("on_service")
        client = Metaflow(metadata=service.url, namespace=None)
    else:
        found, service, s3 = request.getfixturevalue("_on_both")
        for name, value in s3.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
        client = Metaflow(metadata=service.url, namespace=None)
    return {found[name]: name for name in ("values", "values-other", "values-deep")}, client["ValueFlow"]


def names(world, **conditions):
    known, flow = world
    return sorted(known[run.pathspec] for run in flow.runs().where(**conditions))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"rate": 0.1}, ["values", "values-deep"]),
        ({"rate": 0.1, "depth": 3}, ["values"]),
        ({"depth": 3.0}, ["values", "values-other"]),
        ({"depth": np.int64(4)}, ["values-deep"]),
        ({"kind": "forest"}, ["values-other"]),
        ({"kind": lambda kind: kind.startswith("t")}, ["values", "values-deep"]),
        ({"score": lambda score: score > 0.35}, ["values-deep", "values-other"]),
        ({"score": 1.5}, ["values-other"]),  # a numpy scalar, whose hash is not that of a float
        ({"passed": True}, ["values", "values-deep", "values-other"]),
        ({"passed": 1}, ["values", "values-deep", "values-other"]),
        ({"passed": False}, []),
        ({"losses": [0.5, 0.25, 0.5 / 3]}, ["values-other"]),
        ({"weights": np.arange(4) * 0.5}, ["values-other"]),
        ({"weights": np.arange(3)}, []),
        ({"mixed": 4}, ["values-deep"]),
        ({"mixed": "few"}, ["values", "values-other"]),
        ({"rate": math.nan}, []),
        ({"rate": math.inf}, []),
        ({"rate": None}, []),
        ({"fold": 2, "step": "train"}, ["values", "values-deep", "values-other"]),
        ({"loss": lambda loss: loss == 0.5, "step": "train"}, ["values-other"]),
    ],
)
def test_values(world, conditions, expected):
    assert names(world, **conditions) == expected


def test_it_composes_and_is_lazy(world):
    known, flow = world
    runs = flow.runs(user="ann").where(rate=0.1).where(depth=lambda depth: depth < 4)
    assert [known[run.pathspec] for run in runs] == ["values"]
    assert repr(runs) == "<runs of ValueFlow by ann where rate == 0.1 where depth matches <lambda>>"
    assert [known[run.pathspec] for run in flow.runs(status="completed").where(rate=0.5)] == ["values-other"]
    assert len(list(flow.runs(limit=1).where(rate=0.1))) == 1
    frame = flow.runs().where(rate=0.1).to_pandas(params=True, artifacts=["score"])
    assert list(frame["param.rate"]) == [0.1, 0.1]
    assert flow.runs().where(rate=0.1).count() == 2
    assert flow.runs().where(rate=0.5).first().user == "bob"
    assert "where rate == 0.1" in runs._repr_mimebundle_()["text/plain"]
    assert flow.runs().where({"rate": 0.1}, depth=4).first().data.mixed == 4


def test_equal_hashes_need_no_read(world, monkeypatch):
    asked = []
    actual = reading.read_bytes
    monkeypatch.setattr(
        reading, "read_bytes", lambda context, record, most: asked.append(record) or actual(context, record, most)
    )
    assert names(world, rate=0.1) == ["values", "values-deep"]
    assert [record.name for record in asked] == ["rate"]  # the only other hash
    asked.clear()
    assert names(world, seed=7, passed=True) == ["values", "values-deep", "values-other"]
    assert [record.name for record in asked] == ["passed"] * (len(asked) == 1)  # numpy's True


@pytest.mark.parametrize("value", [0, 1, -1, 7, 0.0, 1.0, 0.1, True, False, None, "", "x", "ü" * 300, 2**70, 1e300])
def test_proofs_are_the_hashes_of_equal_values(value):
    import hashlib
    import pickle

    equals = [
        other
        for other in (0, 1, -1, 7, 0.0, 1.0, 0.1, True, False, None, "", "x", "ü" * 300, 2**70, 1e300)
        if other == value
    ]
    for other in equals:
        for protocol in (2, 4):
            assert hashlib.sha1(pickle.dumps(other, protocol)).hexdigest() in value_filter.proofs_of(value)


def test_unread_values_warn(world):
    _, flow = world
    with pytest.warns(
        errors.ValuesNotRead, match=r"where\(model=\): skipped runs whose value was not read: not a plain value"
    ):
        assert list(flow.runs().where(model=lambda model: True)) == []
    with pytest.warns(errors.ValuesNotRead, match=r"where\(large=\): .* larger than 100,000 bytes"):
        assert list(flow.runs().where(large="x" * 300_000 + "y")) == []
    assert len(list(flow.runs().where(large="x" * 300_000))) == 3  # its hash is enough
    with pytest.warns(errors.ValuesNotRead, match=r"where\(alhpa=\): none of 3 runs has a parameter or an artifact"):
        assert list(flow.runs().where(alhpa=1)) == []
    with pytest.raises(
        errors.MetaflowInvalidArgument, match=r"where\(kind=\): the function raised TypeError .* ValueFlow/.*'t"
    ):
        list(flow.runs().where(kind=lambda kind: kind > 0.9))


def test_bad_input(client):
    for conditions in ({}, {5: 1}):
        with pytest.raises(errors.MetaflowInvalidArgument, match="Expected conditions such as where"):
            client["ValueFlow"].runs().where(conditions)
    for name in ("", 5, None):
        with pytest.raises(errors.MetaflowInvalidArgument, match="Expected the name of an artifact"):
            client["ValueFlow"].runs().find_artifacts(name)
    for how in ({"project": 5}, {"branch": ""}):
        with pytest.raises(errors.MetaflowInvalidArgument, match="= to be a name"):
            client["ValueFlow"].runs(**how)


def test_artifacts_by_name(world):
    _, flow = world
    found = flow.runs().find_artifacts("loss")
    assert len(list(found)) == 9
    assert {artifact.path_components[2] for artifact in found} == {"train"}
    frame = flow.runs().where(rate=0.5).find_artifacts("loss").to_pandas(details=True)
    assert list(frame.type) == ["float"] * 3
    run = found[0].parent.parent.parent
    assert {artifact.id for artifact in run.find_artifacts("seed")} == {"seed"}
    assert len(list(run.find_artifacts("seed"))) == 6  # start, three of train, join, end
    assert list(run.find_artifacts("nothing")) == []
    assert "loss" in found._repr_mimebundle_()["text/plain"]


def test_projects(client, runs):
    flow = client["ProjectFlow"]
    project = next(tag for tag in client.get(runs["project"]).system_tags if tag.startswith("project:")).partition(":")[
        2
    ]
    assert len(list(flow.runs(project=project))) == 2
    branch = next(
        tag for tag in client.get(runs["project-branch"]).tags if tag.startswith("project_branch:")
    ).partition(":")[2]
    assert [run.pathspec for run in flow.runs(project=project, branch=branch)] == [runs["project-branch"]]
    assert list(flow.runs(project="other")) == []


def test_the_artifact_with_the_flow_name_comes_last(client):
    assert list(client["LinearFlow"].runs().where(name="other")) == []
    assert len(list(client["LinearFlow"].runs().where(name="LinearFlow"))) == 3


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
    with pytest.warns(errors.ValuesNotRead, match="no artifact has this name in step 'tarin'"):
        runs.to_pandas(artifacts=["loss"], step="tarin")
