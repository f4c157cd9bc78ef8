"""The order and the number of the runs in the folder of a flow, from the names in it."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mfwidgets import files
from mfwidgets.providers import local_runs
from mfwidgets.providers.records import RunRecord

IDS = st.from_regex(r"[0-9]{16}", fullmatch=True)
OTHERS = st.one_of(
    st.sampled_from(["_meta", "data", "argo-1", "1", "-5", "٣" * 16, "0" * 15, "0" * 17, "179537891947503x", "/", ":"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine draws slowly
@given(st.lists(st.one_of(IDS, OTHERS), unique=True), st.lists(IDS, unique=True, max_size=3))
def test_names_are_start_times_or_others(names, more):
    names = sorted({*names, *more})
    numeric, others = local_runs.split_names(names)
    assert numeric == [name for name in names if re.fullmatch("[0-9]{16}", name)]
    assert sorted([*numeric, *others]) == names


def test_ids_of_the_usual_kind_are_not_looked_at_one_by_one(monkeypatch):
    ids = [str(1_795_378_919_475_034 + number) for number in range(1_000)]
    monkeypatch.setattr(local_runs, "MICROSECONDS", None)  # a match would fail
    assert local_runs.split_names([*ids, "_meta", "data"]) == (ids, ["_meta", "data"])


def test_runs_of_both_kinds_are_merged_by_their_start():
    times = {"1700000000000000": 1_700_000_000_000, "argo": 1_700_000_000_500, "1700000001000000": 1_700_000_001_000}
    runs = local_runs.newest_first(
        "F",
        "",
        local_runs.split_names(sorted([*times, "data"])),
        lambda name: _run(name, times[name]) if name in times else None,
        None,
    )
    assert [run.run_id for run in runs] == ["1700000001000000", "argo", "1700000000000000"]


def test_many_runs_come_from_the_newest_to_the_oldest():
    ids = [str(1_795_378_919_475_034 + number) for number in range(1_234)]
    names = local_runs.split_names(ids)
    for _ in range(2):  # the names stay as they are
        runs = local_runs.newest_first("F", "", names, lambda name: _run(name, int(name) // 1000), None)
        assert [run.run_id for run in runs] == ids[::-1]


def _run(run_id, created_ms):
    return RunRecord("F", run_id, created_ms, "ann", frozenset(), frozenset(), None, "")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_folders_are_found_behind_many_files(tmp_path, monkeypatch, count):
    monkeypatch.setattr(files, "_NAMES_PER_CHECK", count)
    for number in range(8):
        (tmp_path / f"file{number}").touch()
    for name in ("a", "z"):
        (tmp_path / name).mkdir()
    assert files.names_in_folder(str(tmp_path), only_folders=True) == ["a", "z"]
    assert len(files.names_in_folder(str(tmp_path))) == 10
