"""The display of a run shows its results next to what is usual, as brute force over the earlier runs gives."""

from statistics import median

import pytest

from mfwidgets import Metaflow
from mfwidgets.render.numbers import number_text
from mfwidgets.render.text import text_of
from mfwidgets.render.view import Figures
from mfwidgets.sample_runs import unpack
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.earlier_runs import USUAL_RUNS, EarlierRuns
from mfwidgets.views.measures import difference_text
from mfwidgets.views.run_results import results_parts


@pytest.fixture
def client():
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


def _figures(run):
    parts = [part for part in build_view(run, Limits()).parts if isinstance(part, Figures)]
    return {figure.label: figure for part in parts for figure in part.figures}


def test_numbers_are_compared_with_the_median_of_earlier_runs(client):
    runs = list(client["TuningFlow"])
    good = [run for run in runs if run.successful]
    newest, earlier = good[0], good[1 : 1 + USUAL_RUNS]
    figures = _figures(newest)
    for name, of_run in (("rmse", lambda run: run.data.rmse), ("metrics.auc", lambda run: run.data.metrics["auc"])):
        usual = median(map(of_run, earlier))
        assert figures[name].text == number_text(of_run(newest))
        assert figures[name].title == repr(of_run(newest))
        assert number_text(usual) in figures[name].note
        assert difference_text(of_run(newest), usual).lstrip("+-") in figures[name].note
        is_better = (of_run(newest) < usual) == (name == "rmse")
        assert figures[name].verdict == ("better" if is_better else "worse")
    assert figures["epochs"].verdict == ""


def test_a_run_without_earlier_ones_has_no_comparison(client):
    first = next(run for run in list(client["TuningFlow"])[::-1] if run.successful)
    assert {figure.note for figure in _figures(first).values()} == {""}


def test_other_results_are_shown_in_words_and_small_pictures(client):
    run = client["TuningFlow"].latest_successful_run
    text, html = (run._repr_mimebundle_()[mime] for mime in ("text/plain", "text/html"))
    assert run.data.verdict in text
    assert "73 rows, 4 columns" in text
    assert "learning_rate" not in text.partition("Parameters")[0]
    assert "better than usual" in html or "worse than usual" in html


def test_a_failed_run_has_no_results(client):
    failed = client["TuningFlow"].runs(status="failed").first()
    assert _figures(failed) == {}


def test_a_run_without_numbers_has_no_figures(client, monkeypatch):
    run = client["HelloFlow"].latest_run
    assert "Results" not in text_of(build_view(run, Limits())) or _figures(run) == {}
    monkeypatch.setattr("mfwidgets.views.run_results.in_time", lambda *_: None)
    snapshot = build_snapshot(run)
    assert results_parts(snapshot, EarlierRuns(snapshot.context, snapshot.record), Limits()) == ()


def build_snapshot(run):
    from mfwidgets.queries.run_snapshot import load_run_snapshot

    return load_run_snapshot(run._context, run._record)
