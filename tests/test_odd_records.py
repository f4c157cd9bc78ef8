"""Wrong types in any record that Metaflow writes for itself: the run and its task are shown, tables are made."""

import json
import shutil
import warnings

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.errors import MetaflowException, MetaflowNotFound

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


@pytest.mark.parametrize("number", ["9" * 5000, 10**400, "9" * 40, "\u0663", "\u00b2", -1, 1.5, None])
def test_an_odd_number_of_an_attempt_counts_as_none(tmp_path, number):
    world = World(tmp_path)
    for run in ("1", "2"):
        world.task("F", run)
    world.artifact("F/1/start/1", "x", 1)
    for field in ("attempt", "attempt-done"):
        world.event("F", "1", "start", "1", field, number)
    event = next((world.root / "F/1/start/1/_meta").glob("sysmeta_attempt_ok_*.json"))
    event.write_text(json.dumps(json.loads(event.read_bytes()) | {"tags": [f"attempt_id:{number}"]}))
    _shows_tables(tmp_path)
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    assert client.get("F/1/start/1").current_attempt == 0
    assert client.get("F/1/start/1").logs(tail=3).text == ""


@pytest.mark.parametrize("number", ["9" * 200, "\u0663", "00000000000000000000"])
def test_an_odd_number_in_the_name_of_a_file_counts_as_none(tmp_path, number):
    folder = World(tmp_path).task("F")
    World(tmp_path).artifact("F/1/start/1", "x", 1)
    for name in ("attempt.json", "DONE.lock", "data.json"):
        (folder / f"{number}.{name}").write_text("{}")
    shutil.copy(folder / "_meta/0_artifact_x.json", folder / f"_meta/{number}_artifact_x.json")
    _shows_tables(tmp_path)


@pytest.mark.parametrize("size", [2**63, 10**4000, -1, 1.5, "5", True, None])
def test_an_odd_size_is_missing(tmp_path, size):
    world = World(tmp_path)
    world.task("F")
    world.artifact("F/1/start/1", "x", 1)
    data = world.root / "F/1/start/1/0.data.json"
    content = json.loads(data.read_bytes())
    content["info"]["x"]["size"] = size
    data.write_text(json.dumps(content))
    (world.root / "F/1/start/1/0.runtime").write_text(json.dumps({"return_code": size, "killed": True}))
    _shows_tables(tmp_path)
    frame = Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1").artifacts().to_pandas()
    assert frame["size"].isna().all()


def _shows_tables(folder):
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    client["F"].runs().to_pandas(times=True)
    for table in (client.get("F/1").tasks(), client.get("F/1").artifacts()):
        table.to_pandas()
    for path in ("F", "F/1", "F/1/start/1", "F/1/start/1/x"):
        try:
            assert "Cannot show" not in client.get(path)._repr_mimebundle_()["text/plain"]
        except MetaflowNotFound:
            assert path.endswith("x")
