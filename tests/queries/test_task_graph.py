"""The graph of tasks of whole runs, compared with Metaflow's client, and for loops with the output of the flow."""

import re
from itertools import pairwise

import pytest

from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound
from mfwidgets.providers.records import RunRecord, TaskRecord
from mfwidgets.queries.lineage.task_graph import TaskGraph, load_task_graph

RUNS = [
    "linear",
    "foreach",
    "failing",
    "retry",
    "branch",
    "cards",
    "values",
    "loop",
    "loop-broken",
    "loop-resumed",
    "resumed",
]


@pytest.mark.parametrize("name", RUNS)
def test_each_edge_matches_the_reads_of_single_tasks(name, client, runs):
    run = client.get(runs[name])
    graph = load_task_graph(client._context, run._record)
    tasks = {task._record.key: task for task in run.tasks()}
    assert graph.tasks.keys() == tasks.keys()
    for key, task in tasks.items():
        assert [graph.tasks[one].task_id for one in graph.parents[key]] == [one.id for one in task.parent_tasks], key
        assert [graph.tasks[one].task_id for one in graph.children[key]] == [one.id for one in task.child_tasks], key


@pytest.mark.parametrize("name", ["linear", "foreach", "retry", "branch", "values"])
def test_ancestors_and_descendants_are_those_of_metaflow(name, client, runs, metaflow):
    def walk(task, ways, found):
        for one in getattr(task, ways):
            if one.pathspec not in found:
                found[one.pathspec] = one
                walk(one, ways, found)
        return found

    for task in [task for step in metaflow.Run(runs[name]) for task in step]:
        ours = client.get(task.pathspec)
        assert {one.pathspec for one in ours.ancestors()} == walk(task, "parent_tasks", {}).keys()
        assert {one.pathspec for one in ours.descendants()} == walk(task, "child_tasks", {}).keys()


def test_related_tasks_are_sorted_and_convert(client, runs):
    run = client.get(runs["branch"])
    end = run["end"].task
    ancestors = end.ancestors()
    assert len(list(ancestors)) == len(list(run.tasks())) - 1
    frame = ancestors.to_pandas()
    assert frame.step[0] == "start"
    assert list(frame.created_at) == sorted(frame.created_at)
    assert repr(ancestors) == f"<ancestors of {end.pathspec}>"
    assert "Ancestors of" in ancestors._repr_mimebundle_()["text/plain"]
    assert list(end.descendants()) == []
    assert list(run["start"].task.ancestors()) == []


def test_the_critical_path(client, runs):
    run = client.get(runs["branch"])
    path = list(run.critical_path())
    assert [path[0].parent.id, path[-1].parent.id] == ["start", "end"]
    for before, after in pairwise(path):
        parents = list(after.parent_tasks)
        assert before in parents
        assert before.finished_at == max(task.finished_at for task in parents)
    # right is done long before the nested foreaches of left are
    assert [task.parent.id for task in path][1:4] == ["left", "fan", "work"]
    assert [task.parent.id for task in client.get(runs["linear"]).critical_path()] == ["start", "end"]
    assert [task.parent.id for task in client.get(runs["loop"]).critical_path()] == [
        "begin", "count", "count", "count", "choose", "meet", "finish",
    ]  # fmt: skip


def test_the_critical_path_of_a_run_that_did_not_end(client, runs):
    run = client.get(runs["failing"])
    path = list(run.critical_path())
    assert path[0].parent.id == "start"
    assert path[-1].finished_at == max(task.finished_at for task in run.tasks() if task.finished_at)
    assert len(list(client.get(runs["died-at-import"]).critical_path())) >= 1


def test_an_artifact_that_was_passed_on(client, runs):
    run = client.get(runs["values"])
    lineage = run["end"].task["seed"].lineage()
    assert lineage.producer == run["start"].task
    assert [task.parent.id for task in lineage.holders] == ["train", "train", "train", "join", "end"]
    assert sorted(run.pathspec for run in lineage.earlier_runs) == sorted(
        one.pathspec for one in client["ValueFlow"] if one.created_at < run.created_at
    )
    fold = run["train"].task["fold"].lineage()
    assert fold.producer == run["train"].task
    assert list(fold.holders) == []
    assert run["end"].task["score"].lineage().producer.parent.id == "join"


def test_a_parameter_comes_from_the_start(client, runs):
    lineage = client.get(runs["values-other"])["train"].task["rate"].lineage()
    assert lineage.producer.pathspec.split("/")[2] == "_parameters"
    assert lineage.to_dict()["producer"] == lineage.producer.pathspec
    assert lineage.earlier_runs == []


def test_the_number_of_earlier_runs_is_an_argument(client, runs):
    newest = client["LinearFlow"].latest_run
    assert len(newest["end"].task["text"].lineage().earlier_runs) == 2
    assert len(newest["end"].task["text"].lineage(runs=1).earlier_runs) == 1
    assert newest["end"].task["text"].lineage(runs=0).earlier_runs == []


def test_lineage_of_clones_names_their_origin(client, runs):
    run = client.get(runs["resumed"])
    task = run["start"].task
    name = next(iter(task)).id
    lineage = task[name].lineage()
    assert lineage.origin == f"{task.origin_pathspec}/{name}"


def test_lineage_shows_itself(client, runs):
    lineage = client.get(runs["values"])["end"].task["seed"].lineage()
    shown = lineage._repr_mimebundle_()
    assert "created by" in shown["text/plain"]
    assert re.search(rf"created by +start/{lineage.producer.id}\n", shown["text/plain"])
    assert lineage.producer.pathspec in shown["text/html"]
    assert "5 tasks" in shown["text/plain"]
    assert repr(lineage) == f"<lineage of {lineage.artifact.pathspec}>"
    facts = lineage.to_dict()
    assert facts["sha"] == lineage.artifact.sha
    assert len(facts["holders"]) == 5


def test_what_it_costs_on_a_service(on_service):
    from mfwidgets import Metaflow

    runs, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(runs["branch"])
    end = run["end"].task
    service.reset()
    assert len(list(end.ancestors())) == len(list(run.tasks())) - 1
    asked = [one["path"] for one in service.requests()]
    steps = len(list(run))
    assert len(asked) <= 2 * (1 + steps) + 4
    service.reset()
    doubled = run["work"].task["doubled"]
    service.reset()
    doubled.lineage(runs=0)
    assert len(service.requests()) <= 8 + steps + 5
    service.reset()
    list(run.critical_path())
    assert len(service.requests()) <= 1 + steps + 6


def test_bad_input(client, runs):
    artifact = client.get(runs["linear"])["end"].task["x"]
    for runs_ in (-1, "many", None):
        with pytest.raises(MetaflowInvalidArgument, match="Expected runs= to be a number from 0"):
            artifact.lineage(runs=runs_)
    with pytest.raises(MetaflowNotFound):
        client.get(f"{runs['linear']}/end/99")


def record(step, task_id, ms):
    return TaskRecord(RunRecord("F", "1", 0), step, task_id, ms)


def test_a_graph_of_tasks_alone():
    tasks = {("a", "1"): record("a", "1", 1), ("c", "4"): record("c", "4", 9), ("b", "2"): record("b", "2", 3)}
    tasks |= {("b", "3"): record("b", "3", 2), ("d", "5"): record("d", "5", 10)}
    edges = [(("b", "2"), ("c", "4")), (("a", "1"), ("b", "2")), (("a", "1"), ("b", "3")), (("b", "3"), ("c", "4"))]
    graph = TaskGraph(tasks, [*edges, edges[0]])
    assert list(graph.tasks) == [("a", "1"), ("b", "3"), ("b", "2"), ("c", "4"), ("d", "5")]
    assert graph.children[("a", "1")] == [("b", "3"), ("b", "2")]
    assert graph.parents[("c", "4")] == [("b", "3"), ("b", "2")]  # oldest first, each once
    assert graph.parents[("a", "1")] == graph.children[("d", "5")] == []
    assert [task.task_id for task in graph.before(("c", "4"))] == ["1", "3", "2"]
    assert [task.task_id for task in graph.after(("a", "1"))] == ["3", "2", "4"]
    assert graph.before(("d", "5")) == graph.after(("x", "0")) == []


def test_a_graph_with_a_cycle_ends():
    tasks = {("a", str(number)): record("a", str(number), number) for number in range(3)}
    graph = TaskGraph(tasks, [(("a", "0"), ("a", "1")), (("a", "1"), ("a", "0"))])
    assert [task.task_id for task in graph.after(("a", "0"))] == ["0", "1"]
