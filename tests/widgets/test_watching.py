"""Watching runs: one that has ended, one that really runs."""

import os
import subprocess
import sys

import pytest

import mfwidgets
from mfwidgets import Metaflow, Run
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.widgets.watching import Watch

FLOW = """
import os, time
from metaflow import FlowSpec, step

class WatchedFlow(FlowSpec):
    @step
    def start(self):
        while not os.path.exists("go"):
            time.sleep(0.05)
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    WatchedFlow()
"""


def test_a_run_that_has_ended_is_shown_and_frozen_at_once(client, runs):
    watched = Watch(client.get(runs["failing"]))
    assert watched.wait(20)
    assert watched.ended == "The run is failed."
    assert "divide" in watched._live.html
    assert "not run" in watched._live.html
    assert watched._stop.disabled
    watched.close()


def test_a_run_is_watched_to_its_end(tmp_path):
    (tmp_path / "watched_flow.py").write_text(FLOW)
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "watched_flow.py", "run"], cwd=tmp_path, stdout=output, stderr=output, env=os.environ
        )
    try:
        while not list(tmp_path.glob(".metaflow/WatchedFlow/*/start/1/_meta/sysmeta_attempt_*.json")):
            assert process.poll() is None, (tmp_path / "output").read_text()
        run = Metaflow(metadata=str(tmp_path), namespace=None)["WatchedFlow"].latest_run
        watched = Watch(run)
        assert not watched.wait(2)
        assert "▶ running" in watched._live.html
        (tmp_path / "go").touch()
        assert watched.wait(60)
        assert watched.ended == "The run is completed."
        assert "The run is completed." in watched._live.html
    finally:
        (tmp_path / "go").touch()
        process.wait(60)


def test_it_can_be_stopped_and_takes_no_longer_than_it_may(client, runs, monkeypatch):
    run = client.get(runs["abandoned"])
    monkeypatch.setattr(Watch, "_look", lambda _: ("running", "as before"))  # after a day it counts as unknown
    watched = Watch(run)
    watched._stop.click()
    assert watched.wait(20)
    assert watched.ended == "Watching was stopped; the run goes on by itself."
    brief = Watch(run, minutes=0)
    assert brief.wait(20)
    assert "long enough" in brief.ended


def test_a_service_that_goes_away_and_comes_back(on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there["failing"])
    service.faults([{"match": "metadata", "times": 2, "status": 400}])
    try:
        watched = Watch(run)
        assert watched.wait(30)
    finally:
        service.faults([])
    assert watched.ended == "The run is failed."


def test_opening(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    assert mfwidgets.watch(runs["linear"]).wait(20)
    assert mfwidgets.watch(Run(runs["linear"])).wait(20)
    with pytest.raises(MetaflowInvalidArgument, match="takes a run or its pathspec"):
        mfwidgets.watch(f"{runs['linear']}/start")
