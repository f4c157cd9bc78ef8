"""Every table, compared with the facts of each object in Metaflow's client: local, service, service and S3."""

import re
from types import MappingProxyType

import pandas as pd
import pytest
import questions
from corpus import service_s3_corpus
from oracle import answers

from mfwidgets import Metaflow

pytestmark = pytest.mark.filterwarnings("ignore::mfwidgets.errors.ValuesNotRead")

# Intended differences between tables and Metaflow's objects (see test_differential.INTENDED).
ENDS_OF_ITS_OWN = "LoopFlow/"
"""Metaflow's client does not find the end of resumed runs of this flow."""


@pytest.fixture(scope="module", params=["local", "service", "service and S3"])
def world(request):
    """A client, and the answers of Metaflow's client about each object."""
    if request.param == "local":
        runs = request.getfixturevalue("runs")
        yield _world(runs, f"local@{runs.folder}", namespaces=questions.NAMESPACES)
    elif request.param == "service":
        runs, service = request.getfixturevalue("on_service")
        yield _world(runs, f"service@{service.url}")
    else:
        with service_s3_corpus() as (runs, service, server), pytest.MonkeyPatch.context() as patch:
            for name, value in server.environ.items():
                patch.setenv(name, value)
            yield _world(runs, f"service@{service.url}", server.environ)


def _world(runs, selector, environ=MappingProxyType({}), namespaces=(None,)):
    asked = answers(runs, selector, environ, namespaces)["objects"]
    theirs = {key.split(" ")[1]: answer for key, answer in asked.items() if re.fullmatch(r"None \S+ None", key)}
    return Metaflow(metadata=selector, namespace=None), theirs


def metaflow_fact(theirs, pathspec, fact):
    kind, written = theirs[pathspec][fact]
    return written if kind == "is" else kind


def written_time(value):
    """Write a cell as the facts of objects are written; tests run in UTC."""
    if value is None or value is pd.NA or value is pd.NaT:
        return "NoneType None"
    if isinstance(value, pd.Timestamp):
        return questions.written(value.tz_localize(None).to_pydatetime())
    return questions._short(
        questions.written(value.item() if hasattr(value, "item") and not hasattr(value, "shape") else value)
    )


def test_flows(world):
    client, theirs = world
    frame = client.to_pandas()
    assert set(frame.flow) == {pathspec for pathspec in theirs if "/" not in pathspec}
    for row in frame.itertuples():
        assert f"Run({row.latest_run!r})" == metaflow_fact(theirs, row.flow, "latest_run")


def test_runs(world):
    client, theirs = world
    seen = set()
    for flow in client:
        for row in flow.runs().to_pandas(times=True).itertuples():
            seen.add(row.pathspec)
            assert written_time(row.created_at) == metaflow_fact(theirs, row.pathspec, "created_at")
            assert questions.written(frozenset(row.user_tags)) == metaflow_fact(theirs, row.pathspec, "user_tags")
            assert questions.written(frozenset(row.system_tags)) == metaflow_fact(theirs, row.pathspec, "system_tags")
            if not row.pathspec.startswith(ENDS_OF_ITS_OWN):
                assert (row.status == "completed") == (metaflow_fact(theirs, row.pathspec, "successful") == "bool True")
                if row.status == "completed":
                    assert written_time(row.finished_at) == metaflow_fact(theirs, row.pathspec, "finished_at")
    assert seen == {pathspec for pathspec in theirs if pathspec.count("/") == 1}


def test_tasks(world):
    client, theirs = world
    seen = set()
    for flow in client:
        for run in flow:
            for row in run.tasks().to_pandas().itertuples():
                seen.add(row.pathspec)
                assert written_time(row.created_at) == metaflow_fact(theirs, row.pathspec, "created_at")
                assert (row.status == "completed") == (metaflow_fact(theirs, row.pathspec, "successful") == "bool True")
                index = metaflow_fact(theirs, row.pathspec, "index")
                assert (
                    written_time(row.foreach_index) in (index, index.replace("int ", "int64 "))
                    or f"int {row.foreach_index}" == index
                )
                if row.attempts:
                    assert f"int {row.attempt}" == metaflow_fact(
                        theirs, row.pathspec, "current_attempt"
                    ) or row.status in (
                        "failed",
                        "killed",
                    )
    assert seen == {pathspec for pathspec in theirs if pathspec.count("/") == 3 and "/_" not in pathspec}


def test_artifacts(world):
    client, theirs = world
    seen = set()
    for flow in client:
        for run in flow:
            for row in run.artifacts().to_pandas(details=True).itertuples():
                seen.add(row.pathspec)
                assert questions.written(row.sha) == metaflow_fact(theirs, row.pathspec, "sha")
                size = metaflow_fact(theirs, row.pathspec, "size")
                if (
                    row.type != "metaflow.includefile.IncludedFile"
                    and "ManyFlow" not in row.pathspec
                    and size != "raises"
                ):
                    assert f"int {row.size}" == size
    assert seen == {pathspec for pathspec in theirs if pathspec.count("/") == 4 and "/_" not in pathspec}


def test_values(world):
    client, theirs = world
    compared = 0
    for flow in client:
        for run in flow:
            names = sorted({artifact.id for artifact in run.artifacts()} - {"model", "large"})
            if not names or len(names) > 50:
                continue
            rows = run.tasks().to_dicts(artifacts=names, max_bytes=1_000_000)
            for row in rows:
                for name in names:
                    if row[f"artifact.{name}"] is not None:
                        compared += 1
                        written = questions._short(questions.written(row[f"artifact.{name}"]))
                        assert written == metaflow_fact(theirs, f"{row['pathspec']}/{name}", "data")
    assert compared > 100


def test_parameters(world):
    client, theirs = world
    for flow in client:
        for row in flow.runs().to_dicts(params=True):
            for name, value in row.items():
                if name.startswith("param.") and value is not None:
                    task = f"{row['pathspec']}/_parameters"
                    holder = next(
                        key
                        for key in theirs
                        if key.startswith(f"{task}/") and key.endswith(name.replace("param.", "/"))
                    )
                    assert questions._short(questions.written(value)) == metaflow_fact(theirs, holder, "data")


def test_metadata_events(world):
    client, theirs = world
    compared = 0
    for flow in client:
        for run in flow:
            events = pd.DataFrame(run.metadata_events().to_dicts())
            for pathspec, mine in events.groupby("pathspec"):
                # A clone also has the fields of its origin. A foreach stack is a list in local files and a str in the table.
                if not {"origin-task-id", "foreach-stack"}.intersection(mine.name):
                    compared += 1
                    written = questions._short("each " + "; ".join(sorted(_event(row) for row in mine.itertuples())))
                    assert written == theirs[pathspec]["metadata"][1], pathspec
    assert compared > 10


def _event(row):
    created = round(row.created_at.timestamp() * 1000)
    return f"list(str {row.name!r}, str {row.value!r}, int {created}, str {row.type!r})"


def test_logs(world):
    client, theirs = world
    for flow in client:
        if flow.id in ("LogFlow", "DeathFlow"):  # we return more than Metaflow's client (test_differential)
            continue
        for run in flow:
            for task in run.tasks():
                frame = task.logs().to_pandas()
                lines = [(row.time.tz_localize(None), row.message) for row in frame.itertuples()]
                kind, asked = theirs[task.pathspec]["loglines stdout"]
                if kind == "is" and lines and "characters of sha" not in asked:
                    assert all(repr(message) in asked for _, message in lines)
                    assert asked.count("tuple(") == len(lines)
