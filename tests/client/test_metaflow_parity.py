"""Code for Metaflow's client keeps working: errors, iterators, subclasses, filters, resumed runs, its own objects."""

import json
import pickle

import pytest
from local_world import World

import mfwidgets
from mfwidgets import Metaflow, Run, Trigger, compare, get_cards
from mfwidgets.client.metaflow_objects import ours
from mfwidgets.client.step import CONTROL_TASK
from mfwidgets.client.trigger import trigger_of
from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound, UnloadableClass, UnloadableModule
from mfwidgets.pickles.metaflow_types import ConfigValue
from mfwidgets.widgets.api import explore, watch


@pytest.fixture
def here(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    yield runs
    mfwidgets.default_metadata()


def _pickle(module, name):
    return (
        b"\x80\x04\x8c"
        + bytes([len(module)])
        + module.encode()
        + b"\x8c"
        + bytes([len(name)])
        + name.encode()
        + b"\x93)\x81."
    )


@pytest.mark.parametrize(
    ("module", "name", "error", "builtin"),
    [("nosuchmodule", "X", UnloadableModule, ImportError), ("json", "Nothing", UnloadableClass, AttributeError)],
)
def test_values_that_cannot_be_loaded_raise_what_users_catch(tmp_path, module, name, error, builtin):
    world = World(tmp_path)
    world.task("F")
    world.artifact("F/1/start/1", "x", content=_pickle(module, name))
    data = Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1/start/1").data
    with pytest.raises(builtin):
        data.x  # noqa: B018 - it raises
    with pytest.raises(error, match=f"'{name}' of module '{module}'"):
        data.x  # noqa: B018 - it raises
    if builtin is AttributeError:
        assert getattr(data, "x", "other") == "other"
        assert not hasattr(data, "x")


def test_errors_have_a_headline_and_a_message(client):
    with pytest.raises(MetaflowNotFound) as error:
        client["NoFlow"]
    assert error.value.headline == "Object not found"
    assert error.value.message == str(error.value)
    assert (error.value.line_no, error.value.source_file) == (None, None)


def test_a_subclass_is_a_run_and_leaves_the_others_alone(here):
    class MyRun(Run):
        def last(self):
            return self.id[-3:]

    run = MyRun(here["linear"])
    assert run.last() == run.id[-3:]
    assert run == Run(here["linear"])
    assert type(Run(here["linear"])["start"].parent) is Run
    assert len(compare(run, Run(here["linear-bob"])).objects) == 2


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"user_name:eq": "bob"}, ["linear-bob"]),
        ({"user_name:eq": "nobody"}, []),
        ({"tags:all": "nightly"}, ["linear-bob", "linear"]),
        ({"tags:all": ["nightly", "team:blue"]}, ["linear"]),
        ({"status:eq": "failed"}, []),
        ({"status:eq": "failed,completed"}, ["linear-hostile", "linear-bob", "linear"]),
        ({"ts_epoch:ge": 1}, ["linear-hostile", "linear-bob", "linear"]),
        ({"ts_epoch:lt": 1000}, []),
    ],
)
def test_runs_take_the_filters_of_metaflow(client, runs, filters, expected):
    found = client["LinearFlow"].runs(filters=filters, page_size=1)
    assert [run.pathspec for run in found] == [runs[name] for name in expected]


def test_runs_have_a_maximum(client):
    flow = client["LinearFlow"]
    assert [run.id for run in flow.runs(max_runs=2)] == [run.id for run in flow][:2]
    assert flow.runs(max_runs=2, limit=1).count() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": {"colour:eq": 1}}, "got the filter 'colour:eq'"),
        ({"filters": {"last_heartbeat_ts:ge": 1}}, "local runs have no heartbeat"),
        ({"page_size": 0}, "page_size= to be a number from 1"),
        ({"max_runs": True}, "max_runs= to be a number from 1"),
    ],
)
def test_filters_that_cannot_be_honoured_are_refused_by_name(client, arguments, message):
    with pytest.raises(MetaflowInvalidArgument, match=message):
        client["LinearFlow"].runs(**arguments)


def test_lines_of_a_log_take_the_metadata(client, runs):
    task = client.get(runs["logs"])["start"].task
    assert list(task.loglines("stdout", meta_dict=task.metadata_dict)) == list(task.loglines("stdout"))


def test_a_trigger_is_made_from_runs(client, runs, metaflow):
    names = ["linear", "linear-bob"]
    trigger = Trigger.from_runs([client.get(runs[name]) for name in names])
    from metaflow.events import Trigger as Theirs

    theirs = Theirs.from_runs([metaflow.Run(runs[name]) for name in names])
    assert [event.name for event in trigger] == [event.name for event in theirs.events]
    assert [run.pathspec for run in trigger.runs] == [run.pathspec for run in theirs.runs]
    assert trigger["LinearFlow"] == trigger.run
    assert list(Trigger.from_runs([])) == []
    mine = Trigger.from_runs(run for run in (metaflow.Run(runs[name]) for name in (*names, *names)))
    assert list(mine) == list(trigger)
    assert mine.runs == trigger.runs
    with pytest.raises(MetaflowInvalidArgument, match=r"Expected runs such as .* got Task"):
        Trigger.from_runs([client.get(runs["linear"]).end_task])


def test_a_trigger_is_made_from_events_as_in_metaflow(here, metaflow):
    from metaflow.events import Trigger as Theirs

    run = here["linear"]
    events = [
        {"name": "data.ready", "id": "1", "timestamp": 1_700_000_000, "type": "event"},
        {"name": "metaflow.LinearFlow.end", "id": f"{run}/end/2", "timestamp": 1_700_000_001, "type": "run"},
    ]
    ours_, theirs = Trigger(list(events)), Theirs(list(events))
    assert [tuple(event) for event in ours_] == [tuple(event) for event in theirs]
    assert ours_.run == Run(run)
    assert ours_.run.pathspec == theirs.run.pathspec
    assert Trigger().events is Theirs().events is None
    assert Trigger().event is Theirs().event is None


def test_a_run_with_another_end_step_sends_two_events_but_triggers_once(client, runs, metaflow):
    run = client.get(runs["loop"])
    trigger = Trigger.from_runs([run])
    assert [event.name for event in trigger] == ["metaflow.LoopFlow.finish", "metaflow.LoopFlow.end"]
    assert trigger.runs == [run]
    recorded = [{"name": event.name, "id": event.id, "timestamp": 7, "type": event.type} for event in trigger]
    assert trigger_of(client._context, json.dumps(recorded)).runs == [run]


def test_a_resumed_run_has_the_trigger_and_the_control_task_of_its_origin(tmp_path):
    world = World(tmp_path)
    for run in ("1", "2", "3"):
        world.task("F", run)
        world.task("F", run, "start", "5")
    world.event(
        "F", "1", "start", "1", "execution-triggers", '[{"timestamp":1,"id":"e","name":"data.ready","type":"event"}]'
    )
    world.event("F", "1", "start", "1", "internal_task_type", CONTROL_TASK)
    for run, origin in (("2", "1"), ("3", "2")):
        world.event("F", run, "start", "1", "origin-run-id", origin)
        world.event("F", run, "start", "1", "origin-task-id", "1")
    client = Metaflow(metadata=f"local@{tmp_path}", namespace=None)
    for run in ("1", "2", "3"):
        assert [task.id for task in client.get(f"F/{run}")["start"].control_tasks()] == ["1"]
    assert client.get("F/1")["start"].control_task.pathspec == "F/1/start/1"


@pytest.fixture
def metaflow_on_parts(small, metaflow):
    """Metaflow's client for the runs of a @parallel step."""
    before = metaflow.get_metadata()
    metaflow.metadata(f"local@{small.folder('parts')}")
    yield metaflow
    metaflow.metadata(before)


def test_control_tasks_of_a_parallel_step_and_of_its_clones(small, metaflow_on_parts):
    client = Metaflow(metadata=f"local@{small.folder('parts')}", namespace=None)
    for name in ("parts", "parts-resumed"):
        ours, theirs = client.get(f"{small[name]}/part"), metaflow_on_parts.Step(f"{small[name]}/part")
        assert ours.control_task.pathspec == theirs.control_task.pathspec
        assert [task.pathspec for task in ours.control_tasks()] == [task.pathspec for task in theirs.control_tasks()]
        assert len(list(ours.control_tasks())) == 1 < ours.tasks().count()


def test_cards_name_the_task_that_made_them(client, runs):
    (card, *_) = get_cards(client.get(runs["cards-resumed"])["start"].task)
    assert card.from_resumed
    assert card.origin_pathspec.startswith(runs["cards"])
    (card, *_) = get_cards(client.get(runs["cards"])["start"].task)
    assert (card.from_resumed, card.origin_pathspec) == (False, None)


# -- Metaflow's own objects ----------------------------------------------------------------------------------------------


def test_metaflows_own_objects_are_taken(here, metaflow):
    theirs, other = metaflow.Run(here["linear"]), metaflow.Run(here["linear-bob"])
    assert ours(theirs) == Run(here["linear"])
    assert str(compare(theirs, other)) == str(compare(here["linear"], here["linear-bob"]))
    assert len(get_cards(metaflow.Task(f"{here['cards']}/start/1"))) == len(get_cards(f"{here['cards']}/start/1"))
    explorer = explore(theirs)
    assert explorer.wait()
    assert explorer.selected == Run(here["linear"])
    explorer.close()
    watching = watch(theirs)
    assert watching.wait(120)
    watching.close()


def test_results_of_runners_lead_to_their_run(here, metaflow):
    class ExecutingRun:
        run = metaflow.Run(here["linear"])

    ExecutingRun.__module__ = "metaflow.runner.metaflow_runner"
    assert ours(ExecutingRun()) == Run(here["linear"])
    ExecutingRun.run = None
    with pytest.raises(MetaflowNotFound, match="Expected a run that has begun"):
        ours(ExecutingRun())
    assert ours("x") == "x"


def test_a_config_is_a_dict_with_attributes():
    value = ConfigValue({"a": {"b": [{"c": 1}]}})
    assert value.a.b[0].c == 1
    assert value == {"a": {"b": [{"c": 1}]}}
    assert pickle.loads(pickle.dumps(value)) == value
    with pytest.raises(AttributeError):
        value.nothing  # noqa: B018 - it raises
