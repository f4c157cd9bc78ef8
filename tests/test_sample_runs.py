"""The sample in the package: its content, and that using it is safe."""

import hashlib
import importlib
import importlib.resources
import io
import re
import sys
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
def unpacked(tmp_path_factory):
    """Return a cache folder for the tests that only read: unpacking takes seconds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def selected(unpacked, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(unpacked))
    mfwidgets.sample()


@pytest.fixture(scope="module")
def archive():
    return importlib.resources.files("mfwidgets").joinpath("data", "sample.tar.gz").read_bytes()


def test_using_the_sample_prints_the_selection(cache, capsys):
    metaflow = mfwidgets.sample()
    printed = capsys.readouterr().out
    assert f"namespace {mfwidgets.get_namespace()}" in printed
    assert "~" in printed
    assert "default_metadata() and default_namespace() switch back" in printed
    assert [flow.id for flow in metaflow] == [
        "ForecastFlow",
        "HelloFlow",
        "ImportFlow",
        "ReportFlow",
        "SweepFlow",
        "TuningFlow",
    ]
    assert mfwidgets.get_metadata().startswith(f"local@{cache}")


def test_it_has_runs_of_every_kind(selected):
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


def test_the_tuning_has_results_to_compare(selected):
    results = ["rmse", "accuracy", "epochs", "verdict", "beats_baseline"]
    frame = Flow("TuningFlow").runs().to_pandas(params=True, artifacts=results)
    assert len(frame) == 40
    assert frame.status.value_counts()[["completed", "failed"]].tolist() == [36, 4]
    assert frame.origin_run_id.notna().sum() == 1
    assert set(frame["param.optimizer"]) == {"adam", "rmsprop", "sgd"}
    assert set(frame["param.dataset"]) == {"bicycles-2025"}
    assert frame["param.learning_rate"].max() > 1000 * frame["param.learning_rate"].min()
    good = frame[frame.status == "completed"]
    assert good["artifact.rmse"].nunique() == 36
    assert frame[frame.status == "failed"]["artifact.rmse"].isna().all()
    assert set(good["artifact.beats_baseline"]) == {True, False}
    assert good["artifact.epochs"].between(20, 60).all()
    branches = {tag for tags in frame.system_tags for tag in tags if tag.startswith("project_branch:")}
    assert branches == {"project_branch:prod", "project_branch:test.deep", "project_branch:user.ann"}


@pytest.mark.filterwarnings("ignore:The _yaml extension module")  # importing Metaflow causes it
def test_the_best_run_of_the_tuning_stored_a_model_and_a_picture(selected, monkeypatch):
    frame = Flow("TuningFlow").runs().to_pandas(artifacts=["rmse"])
    end = Flow("TuningFlow")[frame.sort_values("artifact.rmse").run_id.iloc[0]]["end"].task
    assert "candidate" in end.tags
    assert len(end["loss_history"].data) == end["epochs"].data
    assert end["confusion_matrix"].data.sum() == len(end["predictions"].data) == 73
    assert set(end["metrics"].data) == {"auc", "f1"}
    assert end["response"].data.startswith(b"\x89PNG")
    # The class is in the script of the flow, which is in the copy of the sample.
    monkeypatch.syspath_prepend(sample_runs.unpack())
    tuning_flow = importlib.import_module("tuning_flow")
    monkeypatch.setattr(sys.modules["__main__"], "Network", tuning_flow.Network, raising=False)
    _, features, rented = tuning_flow.bicycles()
    errors = end["model"].data.predict(features[-73:]) - rented[-73:]
    assert (errors**2).mean() ** 0.5 == pytest.approx(end["rmse"].data)


def test_the_sweep_failed_once_and_caught_once(selected):
    caught, failed = Flow("SweepFlow")
    settings = caught["start"].task["settings"].data
    assert [len({str(setting[key]) for setting in settings}) for key in ("lr", "depth", "optimizer")] == [5, 3, 2]
    tasks = caught["fit"].tasks().to_pandas(artifacts=["rmse", "seconds_per_epoch"])
    assert tasks.status.value_counts()[["completed", "caught"]].tolist() == [28, 2]
    assert tasks["artifact.rmse"].notna().sum() == tasks["artifact.seconds_per_epoch"].notna().sum() == 28
    assert caught.data.rmse == tasks["artifact.rmse"].min()
    tasks = failed["fit"].tasks().to_pandas()
    assert tasks.status.value_counts()["failed"] == 2
    assert len(tasks) < 30


def test_the_first_runs_are_as_they_were(archive):
    """Documents and notebooks name them and show their values."""
    found = hashlib.sha256()
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        for member in opened:
            if re.match(r"\.metaflow/(ForecastFlow|HelloFlow|ImportFlow|ReportFlow|mf\.cards)/", member.name):
                stream = opened.extractfile(member) if member.isfile() else None
                found.update(member.name.encode() + (stream.read() if stream else b""))
    assert found.hexdigest() == "10dcbb2e2477b200ac863b288a65b069603fd21e48e749e06124d4420c6d83f5"


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
