"""Options of displays, whole pages and plain data."""

import json
import re
from datetime import datetime

import pytest

import mfwidgets
from mfwidgets import errors, options


@pytest.fixture(autouse=True)
def _reset():
    yield
    options.reset()


def test_rows(client):
    options.reset()
    flow = client["LinearFlow"]
    with options(display_max_rows=2):
        assert "2 of 3" in flow._repr_mimebundle_()["text/plain"]
    assert "2 of 3" not in flow._repr_mimebundle_()["text/plain"]
    options.display_max_rows = 1
    assert "1 of 3" in flow._repr_mimebundle_()["text/plain"]
    assert (
        repr(options)
        == "options(display_max_rows=1, display_max_bytes=64000, display_timeout_s=2.0, time_zone=None, progress_bars=True, remember=True)"
    )


def test_time_zone(client, runs):
    run = client.get(runs["linear"])
    assert "started (UTC)" in run._repr_mimebundle_()["text/plain"]
    with options(time_zone="Asia/Tokyo"):
        text = run._repr_mimebundle_()["text/plain"]
    assert "started (Asia/Tokyo)" in text
    shown = re.search(r"started \(Asia/Tokyo\) +(\S+ \d+)", text)[1]
    assert int(shown[-2:]) == (run.created_at.hour + 9) % 24


def test_bytes_and_seconds(client, runs):
    run = client.get(runs["branch"])
    whole = len(run._repr_html_())
    with options(display_max_bytes=9_000):
        assert len(run._repr_html_()) < whole
    with options(display_timeout_s=0.000001):
        assert "timed out after 1e-06 s" in run._repr_html_()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (
            {"rwos": 5},
            "Expected an option (display_max_rows, display_max_bytes, display_timeout_s, time_zone, progress_bars, remember), got 'rwos'.",
        ),
        ({"display_max_rows": 0}, "Expected a number above 0 for display_max_rows, got 0."),
        ({"display_max_rows": 2.5}, "Expected a number above 0 for display_max_rows"),
        ({"display_max_rows": True}, "Expected a number above 0 for display_max_rows"),
        ({"display_timeout_s": -1}, "Expected a number above 0 for display_timeout_s"),
        ({"time_zone": "Berlin"}, "Expected a time zone such as"),
        ({"time_zone": 5}, "Expected a time zone such as"),
        ({"progress_bars": "no"}, "Expected True or False for progress_bars"),
        ({"remember": None}, "Expected True or False for remember"),
    ],
)
def test_bad_options(chosen, message):
    with (
        pytest.raises(errors.MetaflowInvalidArgument, match=re.escape(message)),
        options(**{"display_max_rows": 7} | chosen),
    ):
        pass
    assert options.display_max_rows == 20


def test_a_page(client, runs, tmp_path):
    file = client.get(runs["branch"]).to_html(tmp_path / "run.html")
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f"<title>Run {runs['branch']}</title>" in page
    assert "<svg" in page
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert file == tmp_path / "run.html"
    hostile = client.get(runs["linear-hostile"]).to_html(str(tmp_path / "hostile.html")).read_text()
    assert "<script" not in hostile
    assert "onerror=alert" not in re.sub(r"&lt;.*?&gt;", "", hostile)


def test_plain_data(client, runs):
    for shown in (client, client["LinearFlow"], client.get(runs["failing"]), client.get(runs["retry"])["flaky"].task):
        assert shown.to_dict()["kind"] == type(shown).__name__.lower()
    run = client.get(runs["failing"])
    facts = run.to_dict()
    assert facts["status"] == "failed"
    assert facts["duration"] == run.duration.total_seconds()
    assert datetime.fromisoformat(facts["started_at"]).replace(tzinfo=None) == run.started_at  # tests run in UTC
    assert json.loads(json.dumps(facts)) == facts
    assert [step["step"] for step in facts["steps"]] == ["start", "divide"]
    assert [step["status"] for step in run.dag().to_dict()["steps"]] == ["completed", "failed", None, None]


def test_the_ui(client, runs, monkeypatch):
    monkeypatch.setenv("METAFLOW_UI_URL", "https://ui.example.org/")
    run = mfwidgets.Metaflow(metadata=runs.folder, namespace=None).get(runs["linear"])
    assert f'<a href="https://ui.example.org/{runs["linear"]}"' in run._repr_html_()
    monkeypatch.setenv("METAFLOW_UI_URL", "javascript:alert(1)")
    run = mfwidgets.Metaflow(metadata=runs.folder, namespace=None).get(runs["linear"])
    assert "javascript" not in run._repr_html_()
