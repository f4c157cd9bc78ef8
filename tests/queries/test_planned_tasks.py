"""Steps of an unfinished foreach: running until all planned tasks are completed, everywhere the same."""

import time

import pytest
from local_world import CREATED_MS, World

from mfwidgets import Metaflow
from mfwidgets.queries.step_timings import status_of_step

STEPS = {
    "start": ("split-foreach", ["work"]),
    "work": ("linear", ["polish"]),
    "polish": ("linear", ["join"]),
    "join": ("join", ["end"]),
    "end": ("end", []),
}


@pytest.fixture
def run(tmp_path):
    """Return a function that makes a run whose foreach has 40 planned tasks, and these tasks by step."""

    def make(*, joined=False, splits=40, failed=0, running="", **tasks):
        world = World(tmp_path)
        world.task("F", "1", "_parameters", "0")
        graph = {name: {"name": name, "type": kind, "next": following} for name, (kind, following) in STEPS.items()}
        world.artifact("F/1/_parameters/0", "_graph_info", {"steps": graph, "parameters": []})
        world.task("F", "1", "start", "1")
        world.artifact("F/1/start/1", "_foreach_num_splits", splits)
        for step, count in tasks.items():
            for number in range(count):
                task = f"{step}{number}"
                world.task("F", "1", step, task, ok=number >= failed or step != "work")
                world.event("F", "1", step, task, "foreach-execution-path", f"work:{number}")
        if running:
            task = world.task("F", "1", running, "open")
            world.event("F", "1", running, "open", "foreach-execution-path", "work:39")
            for file in (*task.glob("0.*"), *task.glob("_meta/sysmeta_attempt[-_][do]*")):
                file.unlink()
        if joined:
            world.task("F", "1", "join", "9")
            entry = world.root / "F/1/join/9/_meta/_self.json"
            entry.write_text(entry.read_text().replace("1735689600000", "1735689600001"))
        return Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")

    return make


@pytest.fixture
def clock(monkeypatch):
    """Stop the clock this many seconds after all records."""
    monkeypatch.setattr(time, "time_ns", lambda: (CREATED_MS + 20_000) * 1_000_000)
    return 20


def _everywhere(run, step):
    """Return what each surface says about a step: the status, the number of tasks and of planned tasks."""
    (row,) = [facts for facts in run.to_dict()["steps"] if facts["step"] == step]
    (timing,) = [facts for facts in run.parent.runs().timings().to_dicts() if facts["step"] == step]
    (node,) = [facts for facts in run.dag().to_dict()["steps"] if facts["step"] == step]
    own = run[step].to_dict()
    found = {(facts["status"], facts["task_count"], facts["planned_tasks"]) for facts in (row, timing, node, own)}
    assert found == {(run[step].status, own["task_count"], own["planned_tasks"])}
    assert own["finished_at"] == row["finished_at"]
    return found.pop(), row


def test_a_step_is_not_completed_before_its_planned_tasks_are(run):
    found = run(work=18)
    (status, count, planned), facts = _everywhere(found, "work")
    assert (status, count, planned) == ("unknown", 18, 40)  # nothing has happened since January 2025
    assert facts["finished_at"] is None
    assert facts["reason"] == "18 of 40 planned tasks have begun"
    for shown in (found, found["work"], found.dag(), found["work"].grid()):
        html, text = (shown._repr_mimebundle_()[kind] for kind in ("text/html", "text/plain"))
        assert "18 of 40" in html + text


def test_a_failure_counts_what_never_started(run):
    found = run(work=23, failed=3)
    (status, _, planned), facts = _everywhere(found, "work")
    assert (status, planned) == ("failed", 40)
    assert facts["reason"].endswith("; 23 of 40 planned tasks have begun")
    text = found._repr_mimebundle_()["text/html"]
    assert "23 of 40, 3 failed" in text


def test_each_step_of_the_foreach_has_the_same_number(run):
    found = run(work=40, polish=8)
    assert _everywhere(found, "work")[0] == ("completed", 40, 40)
    assert _everywhere(found, "polish")[0] == ("unknown", 8, 40)
    assert _everywhere(found, "start")[0] == ("completed", 1, 1)


def test_steps_of_a_failed_run_do_not_run(run, clock):
    found = run(work=40, failed=1, polish=8)
    assert found.status == "failed"
    (status, _, planned), facts = _everywhere(found, "polish")
    assert (status, planned) == ("unknown", 40)
    assert facts["reason"] == "8 of 40 planned tasks have begun, and the run failed"
    assert (facts["duration"], facts["elapsed"]) == (found["polish"].duration.total_seconds(), None)


def test_steps_of_a_running_run_do(run, clock):
    found = run(work=39, polish=8, running="work")
    assert found.status == "running"
    for step, count in (("work", 40), ("polish", 8)):
        (status, *numbers), facts = _everywhere(found, step)
        assert (status, numbers) == ("running", [count, 40])
        assert facts["duration"] is None
        assert facts["elapsed"] == clock


def test_a_part_of_the_tasks_says_nothing_about_steps(run):
    found = run(work=18)
    for part in (found.tasks(limit=3), found["work"].tasks(limit=3), found.critical_path()):
        assert {row.planned for row in part._rows()} == {None}
    assert {row.planned for row in found["work"].tasks()._rows()} == {40}


def test_a_join_proves_that_all_tasks_ended(run):
    found = run(joined=True, work=3, polish=3)
    assert _everywhere(found, "join")[0][0] == "completed"
    row = next(facts for facts in found.to_dict()["steps"] if facts["step"] == "work")
    assert (row["status"], row["planned_tasks"]) == ("completed", 3)


@pytest.mark.parametrize("splits", [None, "x", -1, 10**30, True])
def test_an_odd_number_of_splits_is_ignored(run, splits):
    assert _everywhere(run(work=2, splits=splits), "work")[0] == ("completed", 2, 2)


def test_a_step_without_tasks_has_no_status():
    assert status_of_step([]) is None
