"""The display of all flows: what failed, what runs, flows by activity. Its facts equal those of the objects."""

import re
import time
from pathlib import Path
from statistics import median

import pytest
from busy_folder import DAY, HOUR, MINUTE, SECOND, BusyFolder
from hostile import Inspector, assert_visible

from mfwidgets import Metaflow
from mfwidgets.display_options import options
from mfwidgets.queries import activity
from mfwidgets.render.text import lines_of
from mfwidgets.render.text_width import width
from mfwidgets.render.view import Table, text_of_line
from mfwidgets.times import start_of_yesterday
from mfwidgets.views import home_facts
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.show import terminal_view

NOW = 1_795_700_000_000
"""2026-11-26 13:33:20 UTC."""


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: NOW * 1_000_000)


@pytest.fixture
def folder(tmp_path):
    return BusyFolder(tmp_path)


def client_of(folder: BusyFolder, namespace: str | None = None) -> Metaflow:
    return Metaflow(metadata=f"local@{folder.base}", namespace=namespace)


@pytest.fixture
def busy(folder):
    """Three flows: one fails since yesterday, one runs, one failed a week ago."""
    for number in range(25):
        folder.run(
            "TrainFlow",
            NOW - 2 * HOUR - number * DAY,
            "failed" if number in (0, 4) else "completed",
            seconds=60 + number,
            results={"rmse": 0.5 + number / 100, "rows": 1000},
            exception=("ValueError", f"loss diverged {number}"),
        )
    folder.run("ImportFlow", NOW - 20 * MINUTE, "running", done=18, planned=40)
    folder.run("ImportFlow", NOW - 3 * HOUR, seconds=120, user="bob")
    folder.run("OldFlow", NOW - 8 * DAY, "failed", exception=("KeyError", "'week'"))
    folder.run("OldFlow", NOW - 9 * DAY)
    return folder


def part(view, heading) -> Table:
    return next(part for part in view.parts if part.heading == heading)


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def view_of(shown, rows=20):
    return build_view(shown, Limits(rows=rows))


def test_what_failed_since_yesterday_is_explained(busy):
    table = part(view_of(client_of(busy)), "Failed since yesterday")
    (row,) = texts(table)
    run = client_of(busy)["TrainFlow"].latest_run
    assert row[:3] == ["TrainFlow", run.id, "failed"]
    assert table.rows[0][3].title == "1 h ago"
    assert row[5] == f"{run.why().exception} · fit · train_flow.py:33"
    assert row[4] == f"Metaflow('local@{busy.base}', None).get('{run.pathspec}').why()"
    assert eval(row[4], {"Metaflow": Metaflow}).run == run


def test_the_line_is_short_in_the_current_context(busy, monkeypatch):
    import mfwidgets

    mfwidgets.metadata(str(busy.base))
    mfwidgets.namespace(None)
    table = part(view_of(Metaflow()), "Failed since yesterday")
    assert texts(table)[0][4] == f"%mflow why TrainFlow/{(NOW - 2 * HOUR) * 1000}"


def test_what_runs_shows_its_progress(busy):
    table = part(view_of(client_of(busy)), "Running")
    (row,) = texts(table)
    assert row[0] == "ImportFlow"
    assert row[2] == "fit: 18 of 40 tasks"
    assert table.rows[0][2].segments[0].end == pytest.approx(18 / 40)
    assert table.rows[0][3].title == "20 min ago"
    assert row[4] == "2 m 00 s"


def test_flows_come_by_activity_with_their_runs(busy):
    client = client_of(busy)
    table = part(view_of(client), "Flows")
    assert [row[0] for row in texts(table)] == ["ImportFlow", "TrainFlow", "OldFlow", ""]
    for cells in table.rows[:3]:
        runs = client[cells[0].text].runs(limit=home_facts.STRIP_RUNS)[:]
        assert cells[1].text == runs[0].status
        assert [mark.status for mark in cells[3].runs] == [run.status for run in reversed(runs)]
        assert [mark.pathspec for mark in cells[3].runs] == [run.pathspec for run in reversed(runs)]
        assert all(run.id in mark.title for run, mark in zip(reversed(runs), cells[3].runs, strict=True))
    train = table.rows[1]
    assert train[4].text == "1 m 10 s"
    assert len(train[4].levels) == 18  # completed runs among the last 20
    completed = client["TrainFlow"].runs(status="completed", limit=home_facts.RESULT_RUNS)
    newest, *earlier = [run.data.rmse for run in completed]
    assert train[5].text == f"rmse {newest}, {1 - newest / median(earlier):.0%} better"
    assert table.rows[3][1].text == "KeyError: 'week' · fit · train_flow.py:33"
    assert table.rows[3][1].span == 5


def test_the_counts_equal_those_of_a_table(busy):
    since = start_of_yesterday(NOW)
    frame = client_of(busy).runs().to_pandas()
    recent = frame[frame.started_at.dt.as_unit("ms").astype("int64") >= since]
    words = dict(view_of(client_of(busy)).facts)["since yesterday"].text
    assert words.startswith(f"{len(recent)} runs: ")
    for status, count in recent.status.value_counts().items():
        assert (f"{count} {status}" in words) == (count > 0)


def test_everything_fine(folder):
    folder.run("TrainFlow", NOW - HOUR)
    view = view_of(client_of(folder))
    assert [part.heading for part in view.parts] == ["Flows"]
    assert dict(view.facts)["since yesterday"].text == "1 run: ✓ 1 completed"
    assert view.notes == ()


def test_nothing_since_yesterday(folder):
    folder.run("TrainFlow", NOW - 9 * DAY)
    assert dict(view_of(client_of(folder)).facts)["since yesterday"].text == "no run started"


def test_a_flow_without_a_visible_run_is_not_shown(folder):
    folder.run("TrainFlow", NOW - HOUR, user="bob")
    folder.run("OtherFlow", NOW - 2 * HOUR, user="ann")
    view = view_of(client_of(folder, "user:ann"))
    assert [row[0] for row in texts(part(view, "Flows"))] == ["OtherFlow"]
    assert dict(view.facts)["flows"].text == "1"
    (note,) = view_of(client_of(folder, "user:eve")).notes
    assert "No flow has runs in the namespace 'user:eve'" in note
    assert "%mflow ns none" in note


def test_runs_from_the_future_and_without_tasks(folder):
    folder.run("AheadFlow", NOW + 2 * DAY, "begun")
    folder.run("SkewedFlow", NOW + 5 * MINUTE)
    folder.run("LostFlow", NOW - HOUR, "begun")
    view = view_of(client_of(folder))
    ages = {row[0].text: row[2].title for row in part(view, "Flows").rows}
    assert ages == {"AheadFlow": "in 2 d", "SkewedFlow": "just now", "LostFlow": "60 min ago"} | {"LostFlow": "1 h ago"}
    assert "✗ failed" not in client_of(folder)._repr_mimebundle_()["text/plain"]
    lost = texts(part(view, "Failed since yesterday"))
    assert ["LostFlow", "unknown"] in [[row[0], row[2]] for row in lost]


HOSTILE = "<script>alert(1)</script>\"'&`$(x)\x1b[31m\u202e"


def test_hostile_names_and_exceptions_stay_text(folder):
    for number, name in enumerate(("Flow<b>", "Flow'\"$(x)`", "Überflüssig" * 10, "-rf")):
        folder.run(
            name,
            NOW - HOUR - number,
            "failed",
            exception=("Error" + HOSTILE, HOSTILE * 300),
            user=HOSTILE,
            results={"rmse": 1.0, HOSTILE[:10].replace("/", ""): 2},
        )
        folder.run(name, NOW - 2 * HOUR - number, results={"rmse": float("nan")})
        folder.run(name, NOW - 3 * HOUR - number, results={"rmse": float("inf")})
    bundle = client_of(folder)._repr_mimebundle_()
    assert "Cannot show" not in bundle["text/plain"]
    assert_visible(bundle["text/plain"])
    Inspector(bundle["text/html"])
    assert len(bundle["text/html"].encode()) <= options.display_max_bytes + 10_000


def test_a_folder_that_is_not_a_flow_is_left_out(folder):
    folder.run("TrainFlow", NOW - HOUR)
    (folder.root / "mf.cards" / "TrainFlow").mkdir(parents=True)
    (folder.root / "mf.cards" / "1795700000000000").mkdir(parents=True)
    assert [row[0] for row in texts(part(view_of(client_of(folder)), "Flows"))] == ["TrainFlow"]


def test_a_broken_run_hides_no_other(folder):
    folder.run("TrainFlow", NOW - HOUR)
    broken = folder.run("BadFlow", NOW - 2 * HOUR, "failed")
    (folder.root / broken / "fit" / "9" / "_meta" / "_self.json").write_text("{")
    (folder.root / "BadFlow" / "_meta" / "_self.json").write_text("[")
    view = view_of(client_of(folder))
    assert [row[0] for row in texts(part(view, "Flows"))][:2] == ["TrainFlow", "BadFlow"]


def test_each_folder_is_listed_once_and_few_runs_are_read(folder, monkeypatch):
    from mfwidgets.providers import local_files

    folder.run("TrainFlow", NOW - HOUR)
    source = folder.root / "TrainFlow" / str((NOW - HOUR) * 1000)
    for number in range(1, 3_000):
        (folder.root / "TrainFlow" / str(int(source.name) - number)).symlink_to(source)
    for number in range(300):
        folder.run(f"Flow{number:03}", NOW - DAY * 3 - number * MINUTE, "begun")
    listed, read = [], []
    true_names, true_read = local_files.names_in, local_files.read_file
    monkeypatch.setattr(
        local_files, "names_in", lambda folder, **more: listed.append(folder) or true_names(folder, **more)
    )
    monkeypatch.setattr(local_files, "read_file", lambda file, *more: read.append(file) or true_read(file, *more))
    view = view_of(client_of(folder))
    assert len(part(view, "Flows").rows) == 20
    assert len(listed) == len(set(listed))
    assert sum(Path(one).parent == folder.root for one in listed) == 301
    runs = {re.sub(rf"{folder.root}/([^/]+)/([^/]+)/.*", r"\1/\2", one) for one in read if one.count("/_meta/_self")}
    assert len(runs) < 300  # at most 200 of TrainFlow since yesterday, and those that are shown
    assert "21 of" not in str(part(view, "Flows").note)


def test_a_namespace_of_few_runs_is_searched_within_bounds(folder, monkeypatch):
    monkeypatch.setattr(activity, "MAX_RUNS_SEARCHED", 30)
    for number in range(50):
        folder.run("BobFlow", NOW - HOUR - number * SECOND, "begun", user="bob")
    folder.run("AnnFlow", NOW - DAY, user="ann")
    folder.run("OldFlow", NOW - 30 * DAY, user="ann")
    view = view_of(client_of(folder, "user:ann"))
    assert not any(part.heading == "Flows" for part in view.parts)
    (note,) = view.notes
    assert re.match(r"Only runs since 2026-11-26 12:3\d:\d\d were searched in time\. ", note)
    assert dict(view.facts)["flows"].text == "at least 0"


@pytest.mark.parametrize("columns", [40, 80, 130, 200])
def test_the_text_fits_and_has_the_strips(busy, columns):
    lines = [text_of_line(line) for line in lines_of(terminal_view(client_of(busy)), columns)]
    assert max(map(width, lines)) <= columns
    text = " ".join("\n".join(lines).split())
    assert "✓✓✓✗✓✓✓✗" in text.replace(" ", "")
    assert "ValueError: loss diverged 0 · fit · train_flow.py:33" in text
    assert "1 h ago" in text


def test_a_slow_folder_is_shown_in_part(busy, monkeypatch):
    from mfwidgets.providers import local_files

    true_read = local_files.read_file

    def slow_read(file, *more):
        if "OldFlow" in str(file) and "/fit/" in str(file):
            time.sleep(0.3)
        return true_read(file, *more)

    monkeypatch.setattr(local_files, "read_file", slow_read)
    monkeypatch.setattr(options, "display_timeout_s", 1.5)
    text = client_of(busy)._repr_mimebundle_()["text/plain"]
    assert "timed out" not in text
    assert "TrainFlow" in text
    assert "were not all read in time. Show this again: what was read is remembered." in text


def test_a_flow_shows_trends_the_last_failure_and_what_runs(busy):
    client = client_of(busy)
    view = view_of(client["TrainFlow"])
    facts = dict(view.facts)
    runs = client["TrainFlow"].runs(limit=20)[:]
    assert facts["20 runs"].text == "✓ 18 completed, ✗ 2 failed"
    assert [mark.pathspec for mark in facts["20 runs"].runs] == [run.pathspec for run in reversed(runs)]
    assert facts["typical duration"].text.startswith("1 m 10 s")
    completed = [run.data.rmse for run in runs if run.successful]
    assert facts["main result"].text == f"rmse {completed[0]}, {1 - completed[0] / median(completed[1:]):.0%} better"
    assert len(facts["main result"].levels) == len(completed)
    assert facts["last failure"].text == "1 h ago: ValueError: loss diverged 0 · fit · train_flow.py:33"
    assert facts["why"].text == f"Metaflow('local@{busy.base}', None).get('{runs[0].pathspec}').why()"
    assert not any(part.heading == "Running" for part in view.parts)
    running = part(view_of(client["ImportFlow"]), "Running")
    assert texts(running)[0][2] == "fit: 18 of 40 tasks"


def test_the_command_line_shows_its_own_words(busy, capsys):
    from mfwidgets.cli.main import main

    assert main([f"--metadata={busy.base}", "--namespace=none"]) == 0
    text = capsys.readouterr().out
    assert f"mfwidgets why TrainFlow/{(NOW - 2 * HOUR) * 1000}" in text
    assert "%mflow" not in text
    assert main([f"--metadata={busy.base}", "--namespace=none", "runs", "--status", "failed", "--limit", "2"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("First 2 runs of all flows with status failed")
    assert text.count("✗ failed") >= 2


def test_a_narrow_page_keeps_the_headings(busy):
    page = client_of(busy)._repr_html_()
    tables = re.findall(r'mfw-stack" tabindex="0"><table style="--mfw-n:(\d)">\s*<thead><tr>(.*?)</tr>', page)
    headings = [(int(number), re.findall(r">([^<]+)</th>", row)) for number, row in tables]
    assert [(number, len(names)) for number, names in headings] == [(5, 6), (3, 6)]
    assert headings[1][1][:3] == ["flow", "last run", "started"]
    assert headings[0][1][-2:] == ["why", "what happened"]  # the last one is below the others, without a heading
