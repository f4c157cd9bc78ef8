"""The estimate of the time that a run will still need."""

import pytest
from timed_tasks import START, line_of, task

from mfwidgets.queries.time_left import TimeLeft, time_left
from mfwidgets.queries.usual_durations import Usual
from mfwidgets.views.run_progress import RunProgress, left_words, progress_of_run

NODES = line_of(["start", "fit", "join", "end"])
USUAL = {"start": Usual(1_000, 3), "fit": Usual(60_000, 3), "join": Usual(5_000, 3), "end": Usual(1_000, 3)}
DONE = task("start/1", 0, [(0, 1_000)])


def foreach(done, running, planned):
    """Return tasks of 10 s each, of which ``running`` began 4 s ago."""
    ended = [task(f"fit/{n}", 1_000, [(1_000, 11_000)], item=f"i{n}", planned=planned) for n in range(done)]
    begun = [
        task(f"fit/{done + n}", 11_000, [(11_000, None)], "running", f"i{done + n}", planned) for n in range(running)
    ]
    return [DONE, *ended, *begun]


def test_the_other_tasks_of_a_foreach_take_as_long_as_those_that_ended():
    # 2 run and need 6 s more, 6 wait and need 10 s: 72 s of work for two machines.
    left = time_left(foreach(2, 2, 10), NODES, {}, START + 15_000)
    assert left == TimeLeft(36_000, "fit")
    assert left_words(left) == "about 35 s left in fit"


def test_with_the_usual_durations_of_the_other_steps_the_whole_run_is_estimated():
    assert time_left(foreach(2, 2, 10), NODES, USUAL, START + 15_000) == TimeLeft(36_000 + 5_000 + 1_000, "")
    waiting = [DONE, task("fit/2", 1_000, [(1_000, None)], "running")]
    assert time_left(waiting, NODES, USUAL, START + 21_000) == TimeLeft(40_000 + 6_000, "")


@pytest.mark.parametrize("now", [61_001, 10**7])
def test_a_step_that_takes_longer_than_usual_is_not_estimated(now):
    waiting = [DONE, task("fit/2", 1_000, [(1_000, None)], "running")]
    assert time_left(waiting, NODES, USUAL, START + now) is None


def test_one_task_that_ended_is_too_little():
    assert time_left(foreach(1, 2, 10), NODES, {}, START + 15_000) is None


def test_a_run_that_fails_is_not_estimated():
    rows = [*foreach(2, 2, 10), task("fit/99", 1_000, [(1_000, 2_000)], "failed", "i99", 10)]
    assert time_left(rows, NODES, USUAL, START + 15_000) is None


def test_a_switch_can_skip_steps():
    nodes = line_of(["start", "fit", "join", "end"]) | {
        "start": {"name": "start", "type": "split-switch", "next": ["fit"]}
    }
    assert time_left(foreach(2, 2, 10), nodes, USUAL, START + 15_000) == TimeLeft(36_000, "fit")


def test_of_branches_the_longest_counts():
    nodes = {
        "start": {"type": "split-and", "next": ["short", "long"]},
        "short": {"type": "linear", "next": ["end"]},
        "long": {"type": "linear", "next": ["end"]},
        "end": {"type": "end", "next": []},
    }
    usual = {"short": Usual(2_000, 3), "long": Usual(30_000, 3), "end": Usual(1_000, 3)}
    rows = [DONE, task("short/2", 1_000, [(1_000, None)], "running"), task("long/3", 1_000, [(1_000, None)], "running")]
    assert time_left(rows, nodes, usual, START + 2_000) == TimeLeft(30_000, "")
    assert time_left([], nodes, {}, START) is None
    assert time_left([DONE], {}, {}, START) is None


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "about 5 s left"),
        (117_600, "about 2 m left"),
        (191_000, "about 3 m left"),
        (7_260_000, "about 2 h 01 m left"),
    ],
)
def test_estimates_are_rounded(ms, words):
    assert left_words(TimeLeft(ms, "")) == words


def test_progress_names_the_running_steps():
    progress = progress_of_run(foreach(18, 2, 40), NODES, TimeLeft(60_000, ""))
    assert progress == RunProgress("fit: 18 of 40 tasks", 18, 40, "about 1 m left")
    assert progress.share == 18 / 40
    assert progress.spoken == "fit, 40%"
    assert progress_of_run(foreach(19, 1, 40), NODES, None).spoken == "fit, 40%"  # a reader need not hear each task
    alone = progress_of_run([DONE, task("fit/2", 1_000, [(1_000, None)], "running")], NODES, None)
    assert alone[:3] == ("fit", 1, 4)
    assert progress_of_run([], NODES, None) == RunProgress("", 0, 4, "")


def test_many_running_steps_are_counted():
    rows = [task(f"s{n}/{n}", 0, [(0, None)], "running") for n in range(6)]
    assert progress_of_run(rows, {}, None).words == "s0, s1, s2, 3 more steps"
