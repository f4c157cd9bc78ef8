"""Objects of Metaflow's own classes in artifacts are our objects where metaflow is not installed."""

import json
import subprocess
import sys
from datetime import datetime

import pytest

from mfwidgets import Metaflow, Run, Task
from mfwidgets.client.trigger import MetaflowEvent
from mfwidgets.errors import (
    MetaflowInternalError,
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    UnloadableArtifact,
    UnloadableClass,
    UnloadableModule,
)
from mfwidgets.pickles.metaflow_types import ClientState, ConfigValue, client_state
from mfwidgets.pickles.unpickle import load_value
from mfwidgets.queries.context import namespace
from mfwidgets.queries.stored_objects import reading_in

ASK = """
import json, sys
sys.modules["metaflow"] = None
from mfwidgets import Metaflow
run = Metaflow(metadata=sys.argv[1], namespace=None).get(sys.argv[2])
start, end = run["start"].task.data, run["end"].task.data
print(json.dumps(eval(sys.argv[3])))
"""


def asked(folder, run, what):
    """Return the value of an expression about the tasks of a run, from a process in which metaflow is missing."""
    command = [sys.executable, "-c", ASK, str(folder), run, what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_parts_of_a_config_are_dicts_with_attributes(small):
    what = """[start.model["depth"], start.model.depth, start.model.names, start.everything.model.depth,
        start.parts[0].depth, start.parts[1][0].seed, start.parts[1][1]["deep"].depth,
        isinstance(start.model, dict), hasattr(start.model, "width"), start.everything.to_dict()]"""
    assert asked(small.folder("kept"), small["kept"], what) == [
        4, 4, ["a", "b"], 4, 4, 11, 4, True, False, {"model": {"depth": 4, "names": ["a", "b"]}, "seed": 11}
    ]  # fmt: skip


def test_objects_of_its_client_are_ours(small):
    what = """[repr(start.me), start.me.id, repr(end.chain), repr(end.artifact), end.artifact.data, repr(end.attempt),
        [repr(event) for event in end.trigger], type(start.me).__module__, len(list(start.me)), repr(start.me.parent)]"""
    run = small["kept"]
    task = f"Task('{run}/start/1')"
    assert asked(small.folder("kept"), run, what) == [
        f"Run('{run}')",
        run.partition("/")[2],
        repr({"flow": "F", "task": ["T"], "step": "S"}).replace("'F'", "Flow('KeptFlow')").replace("'T'", task)
        .replace("'S'", f"Step('{run}/start')"),
        f"DataArtifact('{run}/start/1/number')",
        7,
        f"Task('{run}/start/1', attempt=0)",
        [repr(MetaflowEvent("data.ready", "event-1", datetime.fromtimestamp(1_700_000_000), "event"))],  # noqa: DTZ006 - naive, as in Metaflow
        "mfwidgets.client.run",
        2,
        "Flow('KeptFlow')",
    ]  # fmt: skip


def test_a_table_reads_them_on_request(small):
    what = """repr(run["start"].tasks().to_pandas(artifacts=["me"], unpickle=True)["artifact.me"][0])"""
    assert asked(small.folder("kept"), small["kept"], what) == f"Run('{small['kept']}')"


STATES = [
    (
        {"version": "2.12.27", "data": ["F/1", None, "local@/x", "user:ann", True]},
        ("F/1", None, "local@/x", "user:ann"),
    ),
    ({"version": "2.12.27", "data": ["F/1", 0, "local@/x", "user:ann", False]}, ("F/1", 0, "local@/x", None)),
    ({"version": "2.12.4", "data": ["F/1", None, "user:ann", True]}, ("F/1", None, None, "user:ann")),
    ({"version": "2.8.4", "data": ["F/1", 1, True]}, ("F/1", 1, None, None, True)),
    ({"version": "2.8.4", "data": ["F/1", 1, False]}, ("F/1", 1, None, None, False)),
    ({"_pathspec": "F/1", "_attempt": 2, "_object": {}}, ("F/1", 2)),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_states_of_all_versions(state, expected):
    assert client_state(state) == ClientState(*expected)


@pytest.mark.parametrize(
    "state", [{}, {"version": "9.1", "data": []}, {"version": "2.12.27", "data": [1]}, {"_pathspec": None}]
)
def test_a_state_of_an_unknown_version_is_refused(state):
    with pytest.raises(MetaflowInternalError, match="Try a newer mfwidgets"):
        client_state(state)


def restored(kind, state):
    value = kind.__new__(kind)
    value.__setstate__(state)
    return value


def test_an_object_belongs_to_the_context_of_its_artifact(runs, tmp_path):
    client = Metaflow(metadata=f"local@{runs.folder}", namespace="user:bob")
    gone = {"version": "2.12.27", "data": [runs["linear-bob"], None, f"local@{tmp_path}/gone", "user:bob", True]}
    with reading_in(client._context):
        run = restored(Run, gone)  # the folder was moved
        assert run._context.provider is client._context.provider
        assert run._context.namespace == "user:bob"
        with pytest.raises(MetaflowNamespaceMismatch):
            restored(Run, {"version": "2.8.4", "data": [runs["linear"], None, True]})
        assert restored(Run, {"version": "2.8.4", "data": [runs["linear"], None, False]}).pathspec == runs["linear"]
        task = f"{runs['linear']}/start/1"
        assert restored(Task, {"version": "2.12.4", "data": [task, "0", None, False]}) == Task._in_context(
            client._context.in_all_namespaces(), tuple(task.split("/")), 0
        )
    namespace(None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ImportError("no part"), UnloadableModule),
        (AttributeError("no such name"), UnloadableClass),
        (ValueError("no"), UnloadableArtifact),
        (MetaflowNotFound("gone"), MetaflowNotFound),
    ],
)
def test_errors_of_constructors_are_what_users_catch(error, kind, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr(ConfigValue, "fail", fail, raising=False)
    content = b"\x80\x04\x8c\x1emfwidgets.pickles.metaflow_types\x8c\x10ConfigValue.fail\x93)R."
    content = content.replace(b"\x1e", bytes([len("mfwidgets.pickles.metaflow_types")]))
    with pytest.raises(kind) as raised:
        load_value(content, "pickle-v4", "x")
    assert type(raised.value) is kind
    assert isinstance(raised.value, type(error)) is (type(error) is not ValueError)
