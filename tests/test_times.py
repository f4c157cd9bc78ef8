import os
import time

import pytest

from mfwidgets import options
from mfwidgets.times import duration_text, iso_text, local_datetime, now_ms, time_text, zone_text


@pytest.fixture
def in_zone(monkeypatch):
    def switch(zone):
        monkeypatch.setenv("TZ", zone)
        time.tzset()

    yield switch
    monkeypatch.undo()
    assert os.environ["TZ"] == "UTC"
    time.tzset()


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (-5, "0 ms"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1.0 s"),
        (59_940, "59.9 s"),
        (59_970, "1 m 00 s"),
        (60_000, "1 m 00 s"),
        (125_000, "2 m 05 s"),
        (3_599_700, "1 h 00 m"),
        (11_400_000, "3 h 10 m"),
        (86_400_000, "1 d 0 h"),
        (352_800_000, "4 d 2 h"),
    ],
)
def test_durations_have_two_units(ms, text):
    assert duration_text(ms) == text


def test_times_are_local_and_name_their_zone(in_zone):
    ms = 1_751_328_000_123  # 2025-07-01 00:00 UTC, summer in Berlin
    in_zone("Europe/Berlin")
    assert time_text(ms) == "2025-07-01 02:00:00"
    assert local_datetime(ms).hour == 2
    assert local_datetime(ms).tzinfo is None
    assert zone_text() == "CET/CEST"
    assert iso_text(ms) == "2025-07-01T00:00:00.123+00:00"
    in_zone("Asia/Kolkata")
    assert time_text(ms) == "2025-07-01 05:30:00"
    assert zone_text() == "IST"


def test_a_selected_zone():
    with options(time_zone="Asia/Tokyo"):
        assert time_text(0) == "1970-01-01 09:00:00"
        assert zone_text() == "Asia/Tokyo"
    assert time_text(0) == "1970-01-01 00:00:00"
    assert zone_text() == "UTC"


def test_now_is_in_milliseconds():
    before = time.time()
    assert before * 1000 - 1 <= now_ms() <= time.time() * 1000
    assert isinstance(now_ms(), int)
