"""The context of one display returns the same as its provider."""

import pytest

from mfwidgets import Metaflow
from mfwidgets.queries.snapshot_provider import remembering_context, snapshot_context, snapshot_small_run


@pytest.mark.parametrize("name", ["failing", "foreach", "loop", "resumed", "retry"])
@pytest.mark.parametrize(
    "make", [lambda context, _: remembering_context(context), snapshot_context, snapshot_small_run]
)
@pytest.mark.parametrize("where", ["local", "service"])
def test_it_answers_as_its_provider(where, make, name, client, runs, on_service):
    there, service = on_service
    run = (
        client.get(runs[name]) if where == "local" else Metaflow(metadata=service.url, namespace=None).get(there[name])
    )
    record, asked = run._record, run._context.provider
    context = make(run._context, record)
    remembering = context.provider
    assert context.remembers
    assert make(context, record).provider is remembering
    assert (remembering.selector, remembering.address, remembering.remote) == (
        asked.selector,
        asked.address,
        asked.remote,
    )
    assert remembering.run(*record.path) == asked.run(*record.path)
    assert remembering.tasks(record) == asked.tasks(record)
    assert _all(remembering.metadata(record.path)) == _all(asked.metadata(record.path))
    assert _all(remembering.run_metadata(record)) == _all(asked.run_metadata(record))
    assert _all(remembering.artifacts(record.path)) == _all(asked.artifacts(record.path))
    for step in asked.steps(record):
        place = (*record.path, step.step)
        assert remembering.step(record, step.step) == step
        assert remembering.tasks(record, step.step) == asked.tasks(record, step.step)
        assert _all(remembering.metadata(place, {"attempt"})) == _all(asked.metadata(place, {"attempt"}))
        for task in asked.tasks(record, step.step)[:2]:
            assert remembering.task(record, step.step, task.task_id) == task
            assert remembering.artifact(task.path, "_success") == asked.artifact(task.path, "_success")
            assert remembering.artifact(task.path, "_success", 0) == asked.artifact(task.path, "_success", 0)
            public = {"names": None, "attempt": 0, "public_only": True}
            assert _all(remembering.artifacts(task.path, **public)) == _all(asked.artifacts(task.path, **public))
            both = (task.path, {"attempt", "attempt_ok"}, {"_task_ok", "_success"})
            assert list(map(_all, remembering.metadata_and_artifacts(*both))) == list(
                map(_all, asked.metadata_and_artifacts(*both))
            )
    assert remembering.task(record, "nowhere", "1") is None
    assert remembering.run(record.flow, "none") is None


def _all(records):
    return sorted(map(repr, records))
