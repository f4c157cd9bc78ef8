"""The events and runs that triggered a run, and the runs that it triggered: the same on all surfaces, across flows."""

import json
import shutil
import time
from collections import Counter

import pytest
from corpus import Corpus

from mfwidgets import Metaflow
from mfwidgets.cli.main import main
from mfwidgets.client import trigger
from mfwidgets.queries.task_metadata import TRIGGERS
from mfwidgets.views.show import full_view


def write_trigger(runs, run, events, step="start"):
    """Write what an event-triggered deployment records into the start task of a run."""
    meta = next((runs.root / run / step).glob("[0-9]*/_meta"))
    record = json.loads(max(meta.glob("sysmeta_ds-type*")).read_text())
    record.update(field_name=TRIGGERS, type=TRIGGERS, value=json.dumps(events))
    (meta / f"sysmeta_{TRIGGERS}_{record['ts_epoch']}.json").write_text(json.dumps(record))


def ended(run, step="end", seconds=1_700_000_000):
    return {
        "type": "run",
        "timestamp": seconds,
        "name": f"metaflow.{run.partition('/')[0]}.{step}",
        "id": f"{run}/end/9",
    }


READY = {"type": "event", "timestamp": 1_600_000_000, "name": "data.ready", "id": "event-1"}


@pytest.fixture
def own_runs(runs, tmp_path):
    """A copy of runs of several flows."""
    for name in ("linear", "foreach", "loop", "retry", "failing", "cards", "cards-resumed"):
        flow = runs[name].partition("/")[0]
        for part in (runs[name], f"{flow}/_meta", f"{flow}/data"):
            shutil.copytree(runs.root / part, tmp_path / ".metaflow" / part, dirs_exist_ok=True)
    return Corpus(tmp_path, runs.pathspecs)


@pytest.fixture
def chain(own_runs):
    """Runs of which the first triggered the second."""
    write_trigger(own_runs, own_runs["foreach"], [READY, ended(own_runs["linear"])])
    return own_runs


def test_all_surfaces_have_the_same_words(chain, own_client, capsys):
    first, second = own_client.get(chain["linear"]), own_client.get(chain["foreach"])
    assert second.trigger.runs == [first]
    assert second.trigger.run.parent.id == "LinearFlow"
    assert first.triggers() == [second]
    assert (first.trigger, second.triggers()) == (None, [])
    facts = {
        first: {"triggered_by": [], "triggers": [second.pathspec]},
        second: {"triggered_by": [first.pathspec, "data.ready"], "triggers": []},
    }
    for run, expected in facts.items():
        assert main([f"--metadata={chain.folder}", "--namespace=none", run.pathspec, "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        text = " ".join(run._repr_mimebundle_()["text/plain"].split())
        for name, values in expected.items():
            assert run.to_dict()[name] == printed[name] == values
            label = name.replace("_", " ")
            assert f"{label} {', '.join(values)}" in text if values else f"{label} " not in text
    assert dict(full_view(first).facts)["triggers"].pathspec == second.pathspec  # explorers open it


def test_a_run_of_two_events_is_named_once(own_client, own_runs):
    run = own_runs["linear"]
    write_trigger(own_runs, own_runs["foreach"], [ended(run, "finish"), ended(run)])
    assert own_client.get(own_runs["foreach"]).to_dict()["triggered_by"] == [run]
    assert [one.pathspec for one in own_client.get(own_runs["foreach"]).trigger.runs] == [run]


def test_runs_with_other_names_of_steps(own_client, own_runs):
    loop = own_client.get(own_runs["loop"])
    start = loop["_parameters"].task.metadata_dict["start_step"]
    write_trigger(own_runs, loop.pathspec, [ended(own_runs["retry"])], start)
    assert own_client.get(own_runs["retry"]).triggers() == [loop]
    assert loop.to_dict()["triggered_by"] == [own_runs["retry"]]


def test_only_the_end_of_a_completed_run_triggers(own_client, own_runs):
    write_trigger(own_runs, own_runs["retry"], [ended(own_runs["failing"])])
    assert own_client.get(own_runs["failing"]).triggers() == []
    assert own_client.get(own_runs["failing"]).to_dict()["triggers"] == []


def test_a_resumed_run_has_the_trigger_of_its_origin_but_was_not_triggered(own_client, own_runs):
    write_trigger(own_runs, own_runs["cards"], [ended(own_runs["linear"])])
    resumed = own_client.get(own_runs["cards-resumed"])
    assert resumed.trigger.runs == [own_client.get(own_runs["linear"])]
    assert resumed.to_dict()["triggered_by"] == [own_runs["linear"]]
    assert own_client.get(own_runs["linear"]).to_dict()["triggers"] == [own_runs["cards"]]


def test_a_triggering_run_that_is_gone_is_still_named(own_client, own_runs):
    write_trigger(own_runs, own_runs["linear"], [ended("UpFlow/7")])
    run = own_client.get(own_runs["linear"])
    assert run.to_dict()["triggered_by"] == ["UpFlow/7"]
    assert "triggered by UpFlow/7" in " ".join(run._repr_mimebundle_()["text/plain"].split())


@pytest.mark.parametrize(
    "events",
    [
        [{"type": "run", "id": "UpFlow", "name": "<b>x</b>"}, 7, None, {"name": ["a"] * 9, "id": {"a": 1}}],
        [{"type": "event", "name": "e" * 1_000, "id": "x", "timestamp": float("nan")}] * 2_000,
        [{"type": "run", "name": f"n{number}", "id": f"F/{number}/end/1"} for number in range(2_000)],
        {"type": "run"},
    ],
)
def test_odd_events_are_bounded_text(own_client, own_runs, events):
    write_trigger(own_runs, own_runs["linear"], events)
    bundle = own_client.get(own_runs["linear"])._repr_mimebundle_()
    assert "Cannot show" not in bundle["text/plain"]
    assert "<b>" not in bundle["text/html"]
    assert len(bundle["text/html"]) < 100_000


def test_the_search_reads_no_run_of_another_time(own_client, own_runs, monkeypatch):
    provider = own_client._context.provider
    read = Counter()
    monkeypatch.setattr(type(provider), "_run", lambda self, flow, run, **_: read.update([f"{flow}/{run}"]))
    query = trigger.RunQuery(since_ms=1, until_ms=2)
    assert list(provider.runs("LinearFlow", query)) == []
    query = trigger.RunQuery(since_ms=int(time.time() * 1000) + 3_600_000)
    assert list(provider.runs("LinearFlow", query)) == []
    assert not [name for name in read if name.rpartition("/")[2].isdecimal()]


def test_the_search_is_bounded(chain, own_client, monkeypatch):
    run = own_client.get(chain["linear"])
    monkeypatch.setattr(trigger, "_MAX_RUNS_PER_FLOW", 0)
    assert run.triggers() == []
    monkeypatch.undo()
    monkeypatch.setattr(trigger, "_MAX_FLOWS", 0)
    assert run.triggers() == []


def test_a_display_of_a_service_does_not_search(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["linear"])
    service.reset()
    assert run.to_dict()["triggers"] is None
    assert not [request for request in service.requests() if request["path"].endswith(("/flows", "/runs"))]
    service.reset()
    assert run.triggers() == []
    assert len(service.requests()) < 120
