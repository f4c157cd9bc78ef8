"""Runs of old versions of Metaflow: the answers of its present client, and the truth that the tasks recorded."""

import json
import re
import shutil

import pytest
from old_runs import VERSIONS, answers_of, expected, service_tables, shorten_ids, unpack
from service.running import running

import mfwidgets
from mfwidgets import Metaflow

NEIGHBOURS = "(parent|child)_(steps|tasks|task_pathspecs)"
LOGS = "stdout|stderr|stdout_size|stderr_size|loglines.*"
INTENDED = [
    ("origin_pathspec", ".*", "/None", "NoneType None"),  # a run that was not resumed has no origin
    (NEIGHBOURS, ".*", "KeyError|NotFound", "each "),  # no graph, a pseudo step, or a step that did not run
    (NEIGHBOURS, ".*", "each ", "each "),  # places are not in metadata: test_parents_and_children has the truth
    (LOGS, ".*", r"str '\\+n'|NoneType None, str ''", r"str ''|list\(\)"),  # no log: nothing, not an empty line
    (LOGS, ".*/start/1 0", "", "attempt 0|Traceback|int|list"),  # there it is the log of the next attempt
    ("loglines.*", ".*", "NoneType None, str ''", "tuple.3000"),  # logs of the oldest versions have lines without times
    ("finished_at", ".*/start/1 0", "2026", "2026"),  # an earlier attempt ended when it was stored
    ("data", ".*/raw None", "UnicodeDecodeError", "UnloadableArtifact"),  # bytes of Python 2
]
"""Intended differences: the question, the object and its attempt, the answer of Metaflow's client, and ours."""


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module")
def folder(version, tmp_path_factory):
    return unpack(version, tmp_path_factory.mktemp("old"))


@pytest.fixture(scope="module")
def towns(folder):
    """The runs of a foreach in a foreach: one that failed at its last join, and its resumed run."""
    resumed, failed = Metaflow(metadata=f"local@{folder}", namespace=None)["TownsFlow"]
    return [failed, resumed]


def differs(subject, fact, theirs, ours):
    if theirs == ours or (theirs[0] == "raises" == ours[0] and theirs[1][0] in ours[1]):
        return False
    return not any(
        re.fullmatch(line[0], fact)
        and re.fullmatch(line[1], subject)
        and re.search(line[2], str(theirs))
        and re.search(line[3], str(ours))
        for line in INTENDED
    )


def test_answers_are_those_of_metaflows_client(version, folder):
    mfwidgets.metadata(f"local@{folder}")
    theirs, ours = expected(version), answers_of(mfwidgets)
    assert theirs.keys() == ours.keys()
    wrong = [
        f"{fact} of {subject}: {answer!s:.200}, but we say {ours[subject][fact]!s:.200}"
        for subject, answers in theirs.items()
        for fact, answer in answers.items()
        if differs(subject, fact, answer, ours[subject][fact])
    ]
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:30])


def test_parents_and_children(towns):
    for run in towns:
        tasks = [task for task in run.tasks() if task.status != "failed"]
        by_name = {task.data.me: task for task in tasks}
        assert len(tasks) == len(by_name) >= 26
        children = {name: [] for name in by_name}
        for name, task in by_name.items():
            recorded = task.data.parents
            assert sorted(parent.data.me for parent in task.parent_tasks) == recorded, task
            for parent in recorded:
                children[parent].append(name)
        for name, task in by_name.items():
            found = [child for child in task.child_tasks if child.status != "failed"]
            assert sorted(child.data.me for child in found) == sorted(children[name]), task


def test_lineage_of_the_whole_run(towns):
    for run in towns:
        last = run["all_done"].task
        assert last.ancestors().count() == 26
        assert run["start"].task.descendants().count() == run.tasks().count() - 1
        shop = next(task for task in run["shop"] if (task.data.town_name, task.data.spot) == ("Graz", 10))
        assert {task.parent.id for task in shop.ancestors()} == {"start", "town", "hall", "market", "opened", "counted"}
        assert {task.data.town_name for task in list(shop.ancestors()) if task.parent.id == "counted"} == {"Graz"}
        path = [task.parent.id for task in run.critical_path()]
        assert path[:2] + path[3:8] == ["start", "town", "opened", "counted", "shop", "town_done", "all_done"]


def test_indexes_and_grids(towns):
    for run in towns:
        frame = run.to_pandas().set_index("pathspec")
        for task in run.tasks():
            if task.status != "failed":
                spot = task.data.spot
                assert task.index == spot == (None if spot is None else frame.foreach_index[task.pathspec]), task
        lines = run["shop"].grid().lines
        assert [[cell.row.foreach_index for cell in line] for line in lines.values()] == [list(range(11)), [0, 1]]


def test_the_graph_has_its_types(towns):
    for run in towns:
        steps = {one["step"]: one for one in run.dag().to_dict()["steps"]}
        assert list(steps)[:2] == ["start", "town"]
        assert [name for name in steps if name.endswith("_done")] == ["town_done", "all_done"]
        assert steps["town"]["next"] == ["hall", "market"]
        text = run.dag()._repr_mimebundle_()["text/plain"]
        assert "hall, market (static)" in text
        assert "town (foreach)" in text
        assert [step.id for step in run["opened"].parent_steps] == ["hall", "market"]


def test_statuses_and_logs(folder):
    run = Metaflow(metadata=f"local@{folder}", namespace=None)["ShakyFlow"].latest_run
    assert (run.status, run["risky"].task.status, run["risky"].status) == ("completed", "caught", "caught")
    assert [attempt.status for attempt in run["start"].task.attempts] == ["failed", "completed"]
    first, second = run["start"].task.attempts
    for task, number in ((first, 0), (second, 1), (run["start"].task, 1)):
        assert task.stdout.startswith(f"attempt {number}\nsecond line\n")
        assert task.stderr.startswith("to stderr\n")
        assert [line.message for line in task.logs(tail=1)] == [line.message for line in task.logs()][-1:]
        assert task.stdout_size >= len(task.stdout)
    assert run["risky"].task.recorded_exception.type.endswith("ZeroDivisionError")
    assert "ZeroDivisionError" in str(run.why())


def test_foreach_values_are_those_of_the_table(towns, version):
    for run in towns:
        values = {row["pathspec"]: row["foreach_value"] for row in run.to_dicts()}
        for task in run.tasks():
            assert task.foreach_values[-1:] == tuple(value for value in [values[task.pathspec]] if value is not None)
            if version == "2.15.0" and task.parent.id == "shop":
                assert task.foreach_values == (task.data.town_name, task.data.thing)


@pytest.mark.parametrize(
    ("place", "name", "requests"),
    [("2.0.5", "TownsFlow/3", 19), ("2.4.0", "ShakyFlow/1", 9), ("2.12.4", "TownsFlow/2", 17)],
)
def test_a_metadata_service_gives_the_same_answers(place, name, requests, tmp_path):
    folder = unpack(place, tmp_path)
    shorten_ids(folder)
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(service_tables(folder)))
    with running(tables=file) as service:
        on_service = Metaflow(metadata=f"service@{service.url}", namespace=None)
        local = Metaflow(metadata=f"local@{folder}", namespace=None)
        assert facts_of(on_service.get(name)) == facts_of(local.get(name))
        last = on_service.get(name).tasks()[0]
        service.reset()
        assert last.ancestors().count() >= 2
        assert len(service.requests()) <= requests


def facts_of(run):
    """Return facts about a run that do not depend on the provider. Tasks that cost many requests are those of a path."""
    path = list(run.critical_path())
    rows = run.tasks().to_dicts()
    facts = ("pathspec", "status", "reason", "foreach_index", "foreach_value")
    return {
        "run": [str(run.status), str(run.status.reason), run.dag().to_dict(), list(map(repr, path))],
        "grids": {step.id: grid_of(step) for step in run},
        "table": sorted([row[fact] for fact in facts] for row in rows),
        "tasks": [
            [
                [task.index, task.foreach_values, str(task.status), task.stdout],
                sorted(parent.pathspec for parent in task.parent_tasks),
                sorted(child.pathspec for child in task.child_tasks),
            ]
            for task in path[-4:]
        ],
    }


def grid_of(step):
    return {name: [cell.row.pathspec for cell in cells] for name, cells in step.grid().lines.items()}


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("place", ["2.0.5", "2.12.4", "2.15.0"])
def test_clones_of_runs_of_old_versions(place, deleted, tmp_path):
    """A new Metaflow resumed the run. Clones have no places, and neither has their origin, or it was deleted."""
    root = unpack(place, tmp_path) / ".metaflow" / "TownsFlow"
    failed, resumed = sorted(folder for folder in root.iterdir() if folder.name.isdecimal())
    entry = resumed / "_meta" / "_self.json"
    facts = json.loads(entry.read_text())
    facts["system_tags"] = [re.sub("(metaflow_version:).*", r"\g<1>2.19.39", tag) for tag in facts["system_tags"]]
    entry.write_text(json.dumps(facts))
    if place == "2.0.5":
        _record_origins(resumed, failed.name)
    if deleted:
        shutil.rmtree(failed)
    run = Metaflow(metadata=f"local@{tmp_path}", namespace=None)["TownsFlow"][resumed.name]
    for task in run["shop"]:
        assert [parent.data.me for parent in task.parent_tasks] == task.data.parents
    assert run["all_done"].task.ancestors().count() == 26
    assert run["shop"].to_pandas().foreach_index.tolist().count(1) == 2


def _record_origins(run, origin):
    """Record the origins of clones as newer versions do."""
    for data in run.glob("*/*/0.data.json"):
        if task := json.loads(data.read_text()).get("origin"):
            for field, value in (("origin-run-id", origin), ("origin-task-id", task.rpartition("/")[2])):
                facts = {"field_name": field, "type": field, "value": value, "tags": [], "ts_epoch": 1}
                (data.parent / "_meta" / f"sysmeta_{field}_1.json").write_text(json.dumps(facts))
