"""Wrong types in any record that Metaflow writes for itself: the run and its task are shown, tables are made."""

import shutil
import warnings

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.errors import MetaflowException

ARTIFACTS = [
    "_graph_info", "_foreach_stack", "_transition", "_foreach_num_splits", "_exception", "_success", "_task_ok", "_current_step",
    "_iteration_stack", "_catch_exception", "name", "_control_mapper_tasks", "_parallel_ubf_iter", "alpha",
]  # fmt: skip
VALUES = [
    None, 5, "x", [1], {"a": 1}, [[1]], {1: 2}, [{"x": 1}], b"x", 10**30, 1.5, True, (1, 2), ([5], None), ("x", 5), ([["a"]], 1),
    {"steps": [1]}, {"steps": {"start": 5}}, {"steps": {"start": {"next": 5, "type": [], "name": {}}}}, {"parameters": [1, {"name": 5}], "steps": {}},
    {"steps": {5: {"x": 1}, "b": None, "start": {"name": 5, "next": ["end", 5]}}, "parameters": 5},
    {"file": 5, "steps": {"start": {"type": "linear", "next": ["end"], "decorators": [5, {"name": "retry", "attributes": {"times": 1e400}}], "doc": 5}}},
]  # fmt: skip
FIELDS = [
    "attempt", "attempt-done", "attempt_ok", "ds-type", "ds-root", "origin-run-id", "origin-task-id", "code-package", "foreach-indices",
    "foreach-execution-path", "foreach-stack", "parent-task-ids", "execution-triggers", "conda_env_prefix", "end_step", "start_step", "task-index",
]  # fmt: skip
TEXTS = [
    None, 5, "", "x", "[", "{}", "[]", "[1]", '{"a":1}', "null", "[[1]]", '[{"a":5}]', '[{"type":"run","id":5,"timestamp":1e40}]', "9" * 50, -1, True,
    {"a": 1}, [1], "\ud800", "/" * 50, "a:b:c,d:e", "start:1,start:2", "NaN", "start:" + "9" * 5000,
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


def _shows(folder):
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    run, task = client.get("F/1"), client.get("F/1/start/1")
    shown = [
        run,
        task,
        client["F"],
        run.dag,
        run.timeline,
        run["start"].grid,
        run.why,
    ]
    for show in shown:
        try:
            text = (show() if callable(show) else show)._repr_mimebundle_()["text/plain"]
        except MetaflowException:
            continue
        assert "Cannot show" not in text
    questions = [
        lambda: client["F"].runs().to_pandas(params=True), lambda: run.tasks().to_pandas(), run.to_dict, task.to_dict,
        lambda: list(task.child_tasks), lambda: list(task.parent_tasks), lambda: task.index, lambda: run.trigger and run.trigger.runs,
        lambda: task.exception, lambda: run.code, lambda: task.metadata_dict, lambda: (run.successful, run.status, task.finished_at),
    ]  # fmt: skip
    for question in questions:
        try:
            question()
        except MetaflowException:
            continue


@settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.tuples(st.sampled_from(ARTIFACTS), st.sampled_from(VALUES))
    | st.tuples(st.sampled_from(FIELDS), st.sampled_from(TEXTS))
)
@example(("_graph_info", VALUES[-1]))
@example(("_graph_info", VALUES[17]))
@example(("_foreach_stack", [{"x": 1}]))
@example(("execution-triggers", "[1]"))
@example(("origin-run-id", "\ud800"))
@example(("ds-root", "x" * 5000))
@example(("ds-root", "\ud800"))
@example(("foreach-execution-path", "start:" + "9" * 5000))
def test_everything_else_is_shown(folder, odd):
    name, value = odd
    shutil.rmtree(folder / ".metaflow", ignore_errors=True)
    world = World(folder)
    for step, task in (("start", "1"), ("end", "2"), ("_parameters", "0")):
        world.task("F", "1", step, task)
    steps = {
        "start": {"name": "start", "type": "foreach", "next": ["end"]},
        "end": {"name": "end", "type": "join", "next": []},
    }
    world.artifact("F/1/_parameters/0", "_graph_info", {"steps": steps, "parameters": [{"name": "alpha"}]})
    if name in FIELDS:
        world.event("F", "1", "start", "1", name, value)
    else:
        world.artifact("F/1/_parameters/0" if name in ("_graph_info", "alpha") else "F/1/start/1", name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _shows(folder)
