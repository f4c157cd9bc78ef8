"""The map of a run: one table with rails and bars that agrees with the rows of its tasks, also for extreme runs."""

import re
from dataclasses import replace
from itertools import pairwise
from statistics import median

import pytest
from hostile import Inspector
from hypothesis import given, settings
from hypothesis import strategies as st
from timed_tasks import START, line_of, task

from mfwidgets import Metaflow
from mfwidgets.display_options import options
from mfwidgets.queries.usual_durations import Usual
from mfwidgets.render.html import html_of
from mfwidgets.render.step_map.model import StepMap
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.sample_runs import unpack
from mfwidgets.times import duration_text
from mfwidgets.views import step_map as step_map_module
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.earlier_runs import USUAL_RUNS
from mfwidgets.views.step_cells import RunFacts
from mfwidgets.views.step_map import step_map
from mfwidgets.views.task_bars import TaskMarks

FOREACH = {
    "start": {"type": "split-foreach", "next": ["fit"]},
    "fit": {"type": "linear", "next": ["join"]},
    "join": {"type": "join", "next": ["end"]},
    "end": {"type": "end", "next": []},
}


def shown(facts, limits=None, *, detailed=False):
    (part,) = step_map(facts, limits or Limits(), detailed=detailed)
    view = View("Run", "F/1", parts=(part,))
    return part, text_of(view), html_of(view)


def wide(count):
    rows = [task("start/1", 0, [(500, 900)])]
    for number in range(count):
        begin = 1000 + number // 100 * 4000
        status = "failed" if number % 97 == 0 else "completed"
        rows.append(task(f"fit/{number + 2}", begin, [(begin + 300, begin + 3500)], status, f"item {number}"))
    return rows


@pytest.mark.parametrize("detailed", [False, True])
def test_five_thousand_tasks_are_an_area(detailed):
    part, text, page = shown(RunFacts(wide(5000), FOREACH), detailed=detailed)
    area = part.tracks[1].area
    assert area.peak == 100
    assert dict.fromkeys(status for status, _ in area.layers).keys() == {"failed", "completed", "waiting"}
    size = part_length(part)
    worked = sum(sum(levels) for status, levels in area.layers if status != "waiting") * size / len(area.layers[0][1])
    assert worked == pytest.approx(5000 * 3200)
    assert len(page.encode()) <= options.display_max_bytes / 2
    assert "5,000 tasks, at most 100 at once" in page
    assert re.search(r"fit +╰─✗ +✗ failed +5,000, 52 failed +[▁-█ ]+", text)


def part_length(part):
    """Return the milliseconds of the axis, from a tick of seconds or from a bar."""
    bar = part.tracks[0].bars[0]
    return 900 / bar.pieces[-1].end


def test_a_hundred_steps_stay_small_and_show_what_matters():
    names = [f"step_{number}" for number in range(100)]
    rows = [
        task(
            f"{name}/{number}",
            number * 1000,
            [(number * 1000, number * 1000 + 900)],
            "failed" if number == 80 else "completed",
        )
        for number, name in enumerate(names[:81])
    ]
    part, text, page = shown(RunFacts(rows, line_of(names)))
    assert len(page.encode()) <= options.display_max_bytes
    assert "40 of 100" in text
    assert re.search(r"step_80 +✗ +✗ failed", text)
    assert [row.column for row in part.rails.rows] == [0] * 40


def test_a_run_of_one_step_without_duration():
    _, text, page = shown(RunFacts([task("only/1", 0, [(0, 0)])], line_of(["only"])))
    assert re.search(r"only +● +✓ completed +1 +█ +0 ms", text)
    assert "<rect" in page


def test_names_are_never_cut_and_always_escaped():
    name = "a_step_<b>whose<b>_name_" + "is_long_" * 12
    rows = [task(f"{name}/1", 0, [(10, 20)], item="<script>alert(1)</script>")]
    _, text, page = shown(RunFacts(rows, line_of([name, "end"])), detailed=True)
    assert name in text
    assert name.replace("<", "&lt;").replace(">", "&gt;") in page
    Inspector(page)


def test_a_running_step_says_how_many_tasks_have_begun_and_when_it_usually_ends(monkeypatch):
    now = START + 20_000
    monkeypatch.setattr(step_map_module, "now_ms", lambda: now)
    rows = [task("start/1", 0, [(500, 900)], now=now)]
    rows += [task(f"fit/{number}", 1000, [(2000, 9000)], planned=40, now=now) for number in range(2, 14)]
    rows += [task(f"fit/{number}", 9100, [(9500, None)], "running", planned=40, now=now) for number in range(14, 20)]
    rows = [replace(row, run_status="running") for row in rows]
    usual = {"fit": Usual(25_000, 4)}
    part, text, page = shown(RunFacts(rows, FOREACH, usual=usual, is_running=True))
    assert re.search(r"fit .*▶ +▶ running +18 of 40, 6 running", text)
    assert re.search(r"join +○─╯ +pending", text)
    length = 900 / part.tracks[0].bars[0].pieces[-1].end
    assert part.tracks[1].usual * length == pytest.approx(27_000)
    assert part.now * length == pytest.approx(20_000)
    assert "20.0 s so far" in text
    assert "usually 25.0 s: median of 4 earlier runs" in page
    ends = {bar.pieces[-1].end for bar in part.tracks[1].bars if bar.pieces[-1].status == "running"}
    assert {round(end * length) for end in ends} == {20_000}


def test_tasks_without_times_have_no_bars():
    rows = [task("x/1", 0, status="unknown"), task("y/2", 5, [(None, None)], "unknown")]
    part, text, _ = shown(RunFacts(rows, {}))
    assert part.tracks[0].bars == ()
    assert "? unknown" in text


def test_without_a_graph_and_tasks_there_is_no_map():
    assert step_map(RunFacts([], {}), Limits()) == ()


def test_clones_and_the_critical_path_are_marked():
    rows = [task("start/1", 0, [(5, 6)]), task("fit/2", 7, [(8, 9)]), task("fit/3", 7, [(8, 99)])]
    marks = TaskMarks({("start", "1"), ("fit", "3")}, {("start", "1")})
    part, text, page = shown(RunFacts(rows, FOREACH, marks))
    assert [[bar.critical for bar in track.bars] for track in part.tracks] == [[True], [False, True], [], []]
    assert "1, cloned" in text
    assert page.count('<rect class="mfw-critical"') == 3  # one in the legend
    assert [kind for kind, _ in part.legend] == ["waiting", "critical", "cloned"]


def test_bars_of_a_lane_do_not_overlap():
    rows = [task(f"fit/{number}", number * 70, [(number * 70 + 10, number * 70 + 400)]) for number in range(20)]
    part, _, _ = shown(RunFacts(rows, FOREACH))
    lanes = {}
    for bar in part.tracks[1].bars:
        lanes.setdefault(bar.lane, []).append((bar.pieces[0].start, bar.pieces[-1].end))
    assert 1 < len(lanes) <= 7
    for spans in lanes.values():
        ordered = sorted(spans)
        assert all(one[1] <= other[0] for one, other in pairwise(ordered))


moments = st.one_of(st.none(), st.integers(-10, 10**9), st.sampled_from([0, 10**13]))  # later ones count as missing
odd_tasks = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(-(10**6), 10**9),
        st.lists(st.tuples(moments, moments), max_size=3),
        st.sampled_from(["completed", "caught", "failed", "killed", "running", "unknown"]),
        st.text(max_size=10),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(odd_tasks, st.booleans(), st.booleans())
def test_any_times_are_drawn_within_the_axis(drawn, is_running, detailed):
    rows = [
        task(f"{step}/{number}", queued, attempts, status, item)
        for number, (step, queued, attempts, status, item) in enumerate(drawn)
    ]
    part, _, page = shown(RunFacts(rows, line_of("abcd"), is_running=is_running), detailed=detailed)
    Inspector(page)
    assert isinstance(part, StepMap)
    assert len(part.tracks) == len(part.table.rows) == 4
    for number in re.findall(r' (?:x|width|x1)="(-?[\d.e+-]+)%"', page.partition("</style>")[2]):
        assert 0 <= float(number) <= 100
    assert all(0 <= tick.share <= 1 for tick in part.ticks)


@pytest.fixture
def client():
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


def test_steps_are_compared_with_the_median_of_earlier_good_runs(client):
    runs = list(client["TuningFlow"])
    good = [run for run in runs if run.successful]
    newest, earlier = good[0], good[1 : 1 + USUAL_RUNS]
    expected = {
        step: duration_text(round(median(run[step].duration.total_seconds() * 1000 for run in earlier)))
        for step in ("start", "train", "end")
    }
    for display in (newest.timeline(), newest):  # the run shows what the timeline has read
        (part,) = (part for part in build_view(display, Limits()).parts if isinstance(part, StepMap))
        place = part.table.columns.index("usual")
        assert {row[0].text: row[place].text for row in part.table.rows} == expected
        assert all(f"{len(earlier)} earlier runs" in row[place].title for row in part.table.rows)


def test_two_earlier_runs_are_not_usual(client):
    good = [run for run in list(client["TuningFlow"])[::-1] if run.successful]
    (part,) = (part for part in build_view(good[2].timeline(), Limits()).parts if isinstance(part, StepMap))
    assert "usual" not in part.table.columns
