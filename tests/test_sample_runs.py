"""The sample in the package: its content, and that using it is safe."""

import importlib.resources
import re
import tarfile

import pytest

import mfwidgets
from mfwidgets import Flow, sample_runs
from mfwidgets.errors import SampleError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def archive():
    return importlib.resources.files("mfwidgets").joinpath("data", "sample.tar.gz").read_bytes()


def test_using_the_sample_prints_the_selection(cache, capsys):
    metaflow = mfwidgets.sample()
    printed = capsys.readouterr().out
    assert f"namespace {mfwidgets.get_namespace()}" in printed
    assert "~" in printed
    assert "default_metadata() and default_namespace() switch back" in printed
    assert [flow.id for flow in metaflow] == ["ForecastFlow", "HelloFlow", "ImportFlow", "ReportFlow"]
    assert mfwidgets.get_metadata().startswith(f"local@{cache}")


def test_it_has_runs_of_every_kind(cache):
    mfwidgets.sample()
    mfwidgets.namespace(None)
    frame = Flow("ForecastFlow").runs().to_pandas()
    assert sorted(frame.status) == ["completed"] * 4 + ["failed"]
    assert frame.origin_run_id.notna().sum() == 1
    assert set(frame.user) == {"ann", "bob"}
    good = Flow("ForecastFlow").latest_successful_run
    assert good["fit"].tasks().count() == 12
    assert good["fit"].task["demand"].data.shape == (52,)
    assert list(good.data.errors.columns) == ["mean_error"]
    retried = [len(task.attempts) for run in Flow("ImportFlow") for task in run["fetch"]]
    assert sorted(retried) == [1, 2, 3]
    cards = list((sample_runs.unpack() / ".metaflow" / "mf.cards").rglob("*.html"))
    assert len(cards) == 1


def test_the_copy_is_made_once_and_can_be_changed(cache):
    folder = sample_runs.unpack()
    (folder / "mine").write_text("kept")
    assert sample_runs.unpack() == folder
    assert (folder / "mine").read_text() == "kept"
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(SampleError, match=r"cannot be unpacked to .*setting XDG_CACHE_HOME"):
        sample_runs.unpack()


def test_it_is_small_and_names_no_machine(archive, tmp_path):
    assert len(archive) < 2_000_000
    (tmp_path / "a.tar.gz").write_bytes(archive)
    with tarfile.open(tmp_path / "a.tar.gz") as opened:
        for member in opened:
            assert (member.uid, member.gid, member.uname, member.gname, member.mtime) == (0, 0, "", "", 0)
            stream = opened.extractfile(member)
            content = stream.read() if stream and member.name.endswith((".json", ".log")) else b""
            foreign = re.findall(rb"/(?:root|home|work|Users|opt)/\S*", content)
            assert not foreign, (member.name, foreign)
