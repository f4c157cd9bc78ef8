"""The search for the last good run is bounded, says so, and never delays what failed."""

import json

import pytest
from service.copies import many_runs
from service.running import TABLES, running
from service.store import read_tables

from mfwidgets import Metaflow
from mfwidgets.client.answers import why as why_module
from mfwidgets.display_options import options
from mfwidgets.errors import RunsNotChecked

FAILED = "FailingFlow/10"
TASK = f"{FAILED}/risky/142"


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A flow whose newest 1,000 runs failed, on a service, which does not know the name of its last step."""
    tables = many_runs(read_tables(str(TABLES)), "FailingFlow", 10, 1000, full=2)
    for row in tables["metadata_v3"]:
        if row["field_name"] == "end_step":
            row["value"] = "finish"
    file = tmp_path_factory.mktemp("failing") / "tables.json"
    file.write_text(json.dumps(tables))
    with running(tables=file) as found:
        yield found


@pytest.fixture
def service(failing):
    failing.faults([])
    failing.latency(0)
    failing.reset()
    return failing


@pytest.fixture
def run(service):
    return Metaflow(metadata=service.url, namespace=None).get(FAILED)


def test_a_display_shows_what_failed_and_how_far_the_search_went(run, service):
    service.latency(0.02)
    service.reset()
    text = run.why()._repr_mimebundle_()["text/plain"]
    assert TASK in text
    assert "none before this run (the newest 100 were checked)" in text
    assert len(service.requests()) <= 5 * 100 + 2


def test_a_search_that_hangs_does_not_hide_what_failed(run, service):
    why = run.why()
    service.faults([{"match": r"/runs\?", "times": None, "kind": "hang"}])
    with options(display_timeout_s=6):
        shown = why._repr_mimebundle_()
    for text in shown.values():
        assert TASK in text
        assert "The comparison with the last good run is not finished." in text
        assert "last good run started" not in text
    service.faults([])
    assert "the newest 100 were checked" in why._repr_mimebundle_()["text/plain"]


def test_a_search_that_was_given_up_continues(run, service):
    why = run.why()
    service.faults([{"match": "/runs/999919/", "times": None, "kind": "hang"}])  # the 91st run before this one
    with options(display_timeout_s=8):
        text = str(why)
    checked = why._search.checked
    assert f"{checked} runs before this one were checked" in text
    assert 16 <= checked < 100
    service.faults([])
    service.reset()
    assert why.last_good is None
    assert why._search.checked == 100
    assert len(service.requests()) <= 5 * (100 - checked) + 5


def test_a_search_that_fails_does_not_hide_what_failed(run, service):
    why = run.why()
    service.faults([{"match": r"/runs\?", "times": None, "status": 400, "body": '"no"'}])
    text = str(why)
    assert TASK in text
    assert "The comparison with the last good run failed: The metadata service at" in text


def test_the_last_successful_run_of_many_that_failed(service):
    flow = Metaflow(metadata=service.url, namespace=None)["FailingFlow"]
    service.reset()
    with pytest.warns(RunsNotChecked, match="Only the newest 200 runs of FailingFlow were checked"):
        assert flow.latest_successful_run is None
    assert len(service.requests()) <= 5 * 200 + 4


def test_the_limit_is_that_of_the_documentation():
    assert why_module.MAX_RUNS_SEARCHED == 100
    assert "None if none of the 100 runs" in why_module.Why.last_good.__doc__
