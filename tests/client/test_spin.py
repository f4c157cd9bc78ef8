"""Spins: steps that Metaflow ran alone, in a separate folder."""

import pytest

import mfwidgets
from mfwidgets import Flow
from mfwidgets.errors import InvalidSelector


def test_spins_are_next_to_the_runs(runs):
    mfwidgets.namespace(None)
    mfwidgets.inspect_spin(str(runs.folder))
    assert mfwidgets.get_metadata() == f"spin@{runs.folder}"
    run = Flow("LinearFlow").latest_run
    assert [step.id for step in run] == ["start"]
    task = run["start"].task
    assert task.status == "completed"
    assert task.data.numbers == list(range(10))
    assert not run.successful  # it has no end step
    assert "out: first" in task.stdout
    assert "LinearFlow" in mfwidgets.Metaflow()._repr_html_()


def test_there_can_be_no_spins(tmp_path):
    with pytest.raises(InvalidSelector, match=r"contains the \.metaflow_spin"):
        mfwidgets.inspect_spin(str(tmp_path))
