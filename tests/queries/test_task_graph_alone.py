"""Parents, children and critical paths of runs that are made by hand: without Metaflow, and for each shape of a flow."""

import math
from itertools import product

import pytest
from hand_made import HandMadeRun

from mfwidgets.queries.lineage.task_graph import (
    _leads,
    child_tasks,
    critical_tasks,
    is_join,
    iteration_in_stack,
    load_task_graph,
    parent_tasks,
    steps_in_transition,
)
from mfwidgets.queries.run_snapshot import load_tasks, run_tasks


def made(steps, *tasks, **details):
    """A run with tasks ``step/id path``. ``details`` are arguments of ``add`` by the id of the task, as ``t3={...}``."""
    run = HandMadeRun(steps)
    for key, _, path in (task.partition(" ") for task in tasks):
        run.add(key, path, **details.get(f"t{key.partition('/')[2]}", {}))
    return run


LINEAR = made(
    {"start": ("start", "middle"), "middle": ("linear", "end"), "end": ("end", "")},
    "start/1", "middle/2", "end/3",
    t1={"to": "elsewhere"},  # only the transition of a switch decides
)  # fmt: skip
BRANCH = made(
    {
        "start": ("split", "left right"), "left": ("linear", "join"), "right": ("linear", "join"),
        "join": ("join", "end"), "end": ("end", ""),
    },
    "start/1", "left/2", "right/3", "join/4", "end/5",
    t2={"ms": 15}, t3={"ms": 12},  # created in another order than the graph has
)  # fmt: skip
FOREACH = made(
    {"start": ("split-foreach", "work"), "work": ("linear", "join"), "join": ("join", "end"), "end": ("end", "")},
    "start/1", "work/2 start:0", "work/3 start:1", "join/4", "end/5",
)  # fmt: skip
PARALLEL = made(
    {"start": ("split-parallel", "work"), "work": ("linear", "end"), "end": ("end", "")},
    "start/1", "work/2 start:0", "work/3 start:1", "end/4",
)  # fmt: skip
NESTED = made(
    {
        "start": ("linear", "outer"), "outer": ("split-foreach", "inner"), "inner": ("split-foreach", "work"),
        "work": ("linear", "near"), "near": ("join", "far"), "far": ("join", "end"), "end": ("end", ""),
    },
    "start/1", "outer/2", "inner/3 outer:0", "inner/4 outer:1",
    "work/5 outer:0,inner:0", "work/6 outer:0,inner:1", "work/7 outer:1,inner:0",
    "near/8 outer:0", "near/9 outer:1", "far/10", "end/11",
)  # fmt: skip
BRANCH_IN_FOREACH = made(
    {
        "start": ("split-foreach", "fork"), "fork": ("split", "a b"), "a": ("linear", "meet"), "b": ("linear", "meet"),
        "meet": ("join", "join"), "join": ("join", ""),
    },
    "start/1", "fork/2 start:0", "fork/3 start:1", "a/4 start:0", "a/5 start:1", "b/6 start:0", "b/7 start:1",
    "meet/8 start:0", "meet/9 start:1", "join/10",
)  # fmt: skip
SWITCH = made(
    {
        "start": ("split-switch", "a b"), "a": ("linear", "end"), "b": ("linear", "end"), "end": ("end", ""),
    },
    "start/1", "b/2", "end/3",
    t1={"to": "b"},
)  # fmt: skip
SWITCH_IN_FOREACH = made(
    {
        "start": ("split-foreach", "pick"), "pick": ("split-switch", "a b"), "a": ("linear", "after"),
        "b": ("linear", "after"), "after": ("linear", "join"), "join": ("join", ""),
    },
    "start/1", "pick/2 start:0", "pick/3 start:1", "a/4 start:0", "b/5 start:1", "after/6 start:0", "after/7 start:1",
    "join/8",
    t2={"to": "a"}, t3={"to": "b"},
)  # fmt: skip
LOOP = made(
    {"start": ("linear", "count"), "count": ("split-switch", "count end"), "end": ("end", "")},
    "start/1", "count/2", "count/3", "count/4", "end/5",
    t2={"to": "count", "iteration": 0}, t3={"to": "count", "iteration": 1}, t4={"to": "end", "iteration": 2},
)  # fmt: skip
CLONED_LOOP = made(  # a resumed run clones the iterations in any order
    {"start": ("linear", "count"), "count": ("split-switch", "count end"), "end": ("end", "")},
    "start/1", "count/2", "count/3", "count/4", "end/5",
    t2={"to": "end", "iteration": 2}, t3={"to": "count", "iteration": 0}, t4={"to": "count", "iteration": 1},
)  # fmt: skip
LOOP_WITHOUT_NUMBERS = made(
    {"start": ("linear", "count"), "count": ("split-switch", "count end"), "end": ("end", "")},
    "start/1", "count/3", "count/2", "end/4",
    t3={"to": "count"}, t2={"to": "end"},
)  # fmt: skip
LOOP_IN_FOREACH = made(
    {
        "start": ("split-foreach", "count"), "count": ("split-switch", "count join"), "join": ("join", ""),
    },
    "start/1", "count/2 start:0", "count/3 start:1", "count/4 start:0", "count/5 start:1", "join/6",
    t2={"to": "count", "iteration": 0}, t3={"to": "count", "iteration": 0},
    t4={"to": "join", "iteration": 1}, t5={"to": "join", "iteration": 1},
)  # fmt: skip
UNFINISHED = made(  # failed before the join
    {
        "start": ("split", "left right"), "left": ("linear", "join"), "right": ("linear", "join"),
        "join": ("join", "end"), "end": ("end", ""),
    },
    "start/1", "left/2",
)  # fmt: skip
WITHOUT_PARENTS = made(
    {"start": ("start", "middle"), "middle": ("linear", "end"), "end": ("end", "")}, "start/1", "end/3", "extra/4"
)
FOREACH_WITH_GAPS = made(  # a parent is missing, and a task has no foreach path
    {"start": ("split-foreach", "work"), "work": ("linear", "end"), "end": ("end", "")},
    "start/1", "work/2", "work/3 start:0", "work/4 start:0,work:1",
)  # fmt: skip
REPEATED = made({"start": ("start", "end"), "end": ("end", "")}, "start/1", "end/2", "end/3")
UNKNOWN_STEP = made({"start": ("start", "gone end"), "end": ("end", "")}, "start/1", "gone/2", "end/3")
WITHOUT_GRAPH = made({}, "start/1", "end/2")

SHAPES = [
    (LINEAR, {"middle/2": "start/1", "end/3": "middle/2"}),
    (BRANCH, {"left/2": "start/1", "right/3": "start/1", "join/4": "right/3 left/2", "end/5": "join/4"}),
    (FOREACH, {"work/2": "start/1", "work/3": "start/1", "join/4": "work/2 work/3", "end/5": "join/4"}),
    (PARALLEL, {"work/2": "start/1", "work/3": "start/1", "end/4": "work/2 work/3"}),
    (
        NESTED,
        {
            "outer/2": "start/1", "inner/3": "outer/2", "inner/4": "outer/2", "work/5": "inner/3", "work/6": "inner/3",
            "work/7": "inner/4", "near/8": "work/5 work/6", "near/9": "work/7", "far/10": "near/8 near/9",
            "end/11": "far/10",
        },
    ),
    (
        BRANCH_IN_FOREACH,
        {
            "fork/2": "start/1", "fork/3": "start/1", "a/4": "fork/2", "b/6": "fork/2", "a/5": "fork/3", "b/7": "fork/3",
            "meet/8": "a/4 b/6", "meet/9": "a/5 b/7", "join/10": "meet/8 meet/9",
        },
    ),
    (SWITCH, {"b/2": "start/1", "end/3": "b/2"}),
    (
        SWITCH_IN_FOREACH,
        {
            "pick/2": "start/1", "pick/3": "start/1", "a/4": "pick/2", "b/5": "pick/3", "after/6": "a/4",
            "after/7": "b/5", "join/8": "after/6 after/7",
        },
    ),
    (LOOP, {"count/2": "start/1", "count/3": "count/2", "count/4": "count/3", "end/5": "count/4"}),
    (CLONED_LOOP, {"count/3": "start/1", "count/4": "count/3", "count/2": "count/4", "end/5": "count/2"}),
    (LOOP_WITHOUT_NUMBERS, {"count/3": "start/1", "count/2": "count/3", "end/4": "count/2"}),
    (
        LOOP_IN_FOREACH,
        {
            "count/2": "start/1", "count/3": "start/1", "count/4": "count/2", "count/5": "count/3",
            "join/6": "count/4 count/5",
        },
    ),
    (UNFINISHED, {"left/2": "start/1"}),
    (WITHOUT_PARENTS, {}),
    (FOREACH_WITH_GAPS, {"work/3": "start/1"}),
    (REPEATED, {"end/2": "start/1", "end/3": "start/1"}),
    (WITHOUT_GRAPH, {}),
]  # fmt: skip
NAMES = [
    "linear", "branch", "foreach", "parallel", "nested", "branch-in-foreach", "switch", "switch-in-foreach", "loop",
    "cloned-loop", "loop-without-numbers", "loop-in-foreach", "unfinished", "without-parents", "foreach-with-gaps",
    "repeated", "without-graph",
]  # fmt: skip


def text(keys):
    return " ".join("/".join(key) for key in keys)


def tasks_text(tasks):
    return text(task.key for task in tasks)


@pytest.mark.parametrize(("run", "parents"), SHAPES, ids=NAMES)
def test_the_graph_of_a_run_has_the_parents_and_children_of_each_task(run, parents):
    graph = load_task_graph(run.context, run.record)
    assert {text([key]): text(keys) for key, keys in graph.parents.items() if keys} == parents
    children = {}
    for child in graph.tasks:
        for parent in parents.get(text([child]), "").split():
            children[parent] = f"{children.get(parent, '')} {text([child])}".strip()
    assert {text([key]): text(keys) for key, keys in graph.children.items() if keys} == children
    assert [task.created_ms for task in graph.tasks.values()] == sorted(
        task.created_ms for task in run.tasks(run.record)
    )


@pytest.mark.parametrize(("run", "parents"), SHAPES, ids=NAMES)
def test_single_tasks_have_the_parents_and_children_of_the_graph(run, parents):
    graph = load_task_graph(run.context, run.record)
    for key, task in graph.tasks.items():
        assert tasks_text(parent_tasks(run.context, task)) == parents.get(text([key]), ""), key
        assert tasks_text(child_tasks(run.context, task)) == text(graph.children[key]), key


def test_a_task_without_a_recorded_place_has_no_parents_of_other_places():
    """It was killed before it recorded its place. All tasks of the step before were its parents."""
    made = HandMadeRun({"start": ("split-foreach", "work"), "work": ("linear", "after"), "after": ("linear", "")})
    made.add("start/1")
    for number in range(3):
        made.add(f"work/{number}", f"work:{number}")
    made.add("after/4", "work:1")
    made.add("after/5")
    graph = load_task_graph(made.context, made.record)
    for key in ("after/4", "after/5"):
        found = [task.key for task in parent_tasks(made.context, made.task(key))]
        assert found == graph.parents[tuple(key.split("/"))] == ([("work", "1")] if key == "after/4" else [])


def test_a_step_that_the_graph_does_not_describe_breaks_nothing():
    graph = load_task_graph(UNKNOWN_STEP.context, UNKNOWN_STEP.record)
    assert text(graph.parents["end", "3"]) == "start/1"
    assert tasks_text(child_tasks(UNKNOWN_STEP.context, UNKNOWN_STEP.task("start/1"))) == "end/3"


def test_a_switch_without_a_readable_transition_leads_to_each_branch():
    steps = {"start": ("split-switch", "a b"), "a": ("linear", "end"), "b": ("linear", "end"), "end": ("end", "")}
    tasks = ("start/1", "a/2", "b/3", "end/4")
    not_recorded, damaged, not_valid = (made(steps, *tasks) for _ in range(3))
    damaged.forget(damaged.store("start", "1", "_transition", (["a"], None)))
    not_valid.store("start", "1", "_transition", "a")
    for run in (not_recorded, damaged, not_valid):
        graph = load_task_graph(run.context, run.record)
        assert text(graph.children["start", "1"]) == "a/2 b/3"
        assert tasks_text(child_tasks(run.context, run.task("start/1"))) == "a/2 b/3"
        assert tasks_text(parent_tasks(run.context, run.task("b/3"))) == "start/1"


def test_iterations_without_a_readable_number_come_last():
    steps = {"start": ("linear", "count"), "count": ("split-switch", "count end"), "end": ("end", "")}
    run = made(steps, "start/1", "count/2", "count/3", t2={"to": "end"}, t3={"to": "count", "iteration": 0})
    sha = run.store("count", "2", "_iteration_stack", [1, "damaged"])
    for change in (lambda: None, lambda: run.forget(sha)):
        change()
        assert tasks_text(child_tasks(run.context, run.task("count/3"))) == "count/2"
        assert tasks_text(parent_tasks(run.context, run.task("count/3"))) == "start/1"
        assert text(load_task_graph(run.context, run.record).parents["count", "2"]) == "count/3"


def test_a_task_that_its_provider_does_not_list_has_the_parent_of_the_first_iteration():
    gone = HandMadeRun({"start": ("linear", "count"), "count": ("split-switch", "count end"), "end": ("end", "")})
    gone.add("start/1")
    listed = made({}, "count/9")
    assert tasks_text(parent_tasks(gone.context, listed.task("count/9"))) == "start/1"
    assert child_tasks(gone.context, listed.task("count/9")) == []


@pytest.mark.parametrize("kind", ["split-foreach", "split-parallel"])
def test_an_edge_of_a_foreach_goes_one_level_in(kind):
    paths = [(), ("s:0",), ("s:1",), ("s:0", "t:0")]
    leads = {
        (before, after)
        for before, after in product(paths, paths)
        if _leads({"type": kind}, before, {"type": "linear"}, after)
    }
    assert leads == {((), ("s:0",)), ((), ("s:1",)), (("s:0",), ("s:0", "t:0"))}


@pytest.mark.parametrize(("kind", "joins"), [("join", True), ("end", True), ("linear", False), (None, False)])
def test_an_edge_to_a_join_stays_in_its_level_or_goes_one_level_out(kind, joins):
    after = {"type": kind} if kind else {}
    assert is_join(after) is joins
    assert _leads({"type": "linear"}, ("s:0",), after, ("s:0",))
    assert _leads({}, ("s:0",), after, ()) is joins
    assert _leads({"type": "linear"}, ("s:0", "t:1"), after, ("s:0",)) is joins
    assert not _leads({"type": "linear"}, ("s:0", "t:1"), after, ("s:1",))
    assert not _leads({"type": "linear"}, ("s:0", "t:1"), after, ())
    assert not _leads({"type": "linear"}, (), after, ("s:0",))


@pytest.mark.parametrize(
    ("transition", "steps"),
    [((["a", "b"], None), ["a", "b"]), ((("a",),), ["a"]), (None, None), ((), None), (([], None), None), ("a", None)],
)
def test_a_transition_names_steps_or_is_not_valid(transition, steps):
    assert steps_in_transition(transition) == steps


@pytest.mark.parametrize(
    ("stack", "number"), [([3], 3), ([0, 4], 4), ([], math.inf), (None, math.inf), ((3,), math.inf), (["3"], math.inf)]
)
def test_an_iteration_stack_ends_with_the_number_of_the_innermost_loop(stack, number):
    assert iteration_in_stack(stack) == number


def critical(run):
    return tasks_text(
        critical_tasks(load_tasks(run.context, run.record, run.record.path, run_tasks(run.context, run.record)))
    )


@pytest.mark.parametrize(("left", "right", "path"), [(90, 40, "left/2"), (40, 90, "right/3")])
def test_the_critical_path_goes_through_the_parent_that_ended_last(left, right, path):
    steps = {
        "start": ("split", "left right"), "left": ("linear", "join"), "right": ("linear", "join"), "join": ("join", ""),
    }  # fmt: skip
    tasks = ("start/1", "left/2", "right/3", "join/4")
    run = made(steps, *tasks, t1={"end": 5}, t2={"end": left}, t3={"end": right}, t4={"end": 99})
    assert critical(run) == f"start/1 {path} join/4"
    failed = made(steps, *tasks[:3], t1={"end": 5}, t2={"end": left}, t3={"end": right})
    assert critical(failed) == f"start/1 {path}"


def test_the_critical_path_without_recorded_ends_leads_to_the_newest_task():
    assert critical(LINEAR) == "start/1 middle/2 end/3"
    assert critical(WITHOUT_PARENTS) == "extra/4"
    assert critical(HandMadeRun({})) == ""
