"""Many waits at once: their order, their errors, and the bar that shows when they take long."""

import time

import pytest

from mfwidgets import concurrency, options


def slowly(number):
    time.sleep(0.02)
    return 2 * number


@pytest.mark.parametrize("max_concurrency", [1, 4])
def test_results_come_in_order(max_concurrency):
    assert concurrency.parallel_map(slowly, range(6), max_concurrency=max_concurrency) == [0, 2, 4, 6, 8, 10]


def test_the_first_error_is_raised():
    def fail(number):
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        concurrency.parallel_map(fail, range(6))


def test_a_bar_shows_when_it_takes_long(monkeypatch, capsys):
    concurrency.parallel_map(slowly, range(20), title="runs")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(concurrency, "PROGRESS_DELAY_S", 0.01)
    concurrency.parallel_map(slowly, range(40), title="runs")
    assert "runs:" in capsys.readouterr().err
    with options(progress_bars=False):
        concurrency.parallel_map(slowly, range(40), title="runs")
    assert capsys.readouterr().err == ""
