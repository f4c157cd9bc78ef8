"""``mfwidgets runs`` sorts, filters and chooses columns, as text and as JSON."""

import json

import pytest

from mfwidgets import Metaflow
from mfwidgets.cli.main import main
from mfwidgets.display_options import options
from mfwidgets.sample_runs import unpack


@pytest.fixture
def ran(capsys):
    def run(*words):
        with options(display_timeout_s=120):
            code = main([f"--metadata=local@{unpack()}", "--namespace=none", "runs", "TuningFlow", *words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def tuned():
    return list(Metaflow(metadata=f"local@{unpack()}", namespace=None)["TuningFlow"])


def test_the_best_runs_as_text(ran, tuned):
    code, out, err = ran(
        "--sort", "rmse", "--where", "optimizer=adam", "--columns", "learning_rate,rmse", "--limit", "3"
    )
    assert (code, err) == (0, "")
    adam = [run for run in tuned if run.successful and run["start"].task["optimizer"].data == "adam"]
    best = [run.id for run in sorted(adam, key=lambda run: run.data.rmse)][:3]
    shown = [line.split()[0] for line in out.splitlines() if line.strip()[:4].isdigit()]
    assert shown == best
    assert "accuracy" not in out


def test_the_worst_runs_as_json(ran, tuned):
    code, out, err = ran("--sort", "rmse:desc", "--limit", "2", "--json")
    assert (code, err) == (0, "")
    worst = sorted((run for run in tuned if run.successful), key=lambda run: -run.data.rmse)[:2]
    assert [(run["run_id"], run["columns"]) for run in json.loads(out)["runs"]] == [
        (run.id, {"artifact.rmse": run.data.rmse}) for run in worst
    ]


def test_an_unknown_column_is_named(ran):
    for words in (("--sort", "rsme"), ("--columns", "rsme"), ("--columns", "rsme", "--json")):
        code, out, err = ran(*words)
        assert code != 0 or "no column 'rsme'" in out
        assert "no column 'rsme'. Did you mean artifact.rmse?" in out + err


def test_a_filter_by_a_value_that_is_no_column(ran):
    code, out, _ = ran("--where", "artifact.metrics.auc>0.99", "--json")
    assert code == 0
    assert all(run["columns"]["artifact.metrics.auc"] > 0.99 for run in json.loads(out)["runs"])
