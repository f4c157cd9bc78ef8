"""Many waits at once: their order, their errors, and the bar that shows when they take long."""

import time

import pytest

from mfwidgets import fan_out, options


def slowly(number):
    time.sleep(0.02)
    return 2 * number


@pytest.mark.parametrize("at_once", [1, 4])
def test_results_come_in_order(at_once):
    assert fan_out.each(slowly, range(6), at_once=at_once) == [0, 2, 4, 6, 8, 10]


def test_the_first_error_is_raised():
    def fail(number):
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        fan_out.each(fail, range(6))


def test_a_bar_shows_when_it_takes_long(monkeypatch, capsys):
    fan_out.each(slowly, range(20), title="runs")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(fan_out, "MOMENT", 0.01)
    fan_out.each(slowly, range(40), title="runs")
    assert "runs:" in capsys.readouterr().err
    with options(progress=False):
        fan_out.each(slowly, range(40), title="runs")
    assert capsys.readouterr().err == ""
