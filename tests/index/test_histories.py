"""An answer with the index equals the answer without it, whatever happens to the runs in between."""

import json
import os
import random
import shutil
import time
from itertools import count

import pytest

import mfwidgets
from mfwidgets import Metaflow, options
from mfwidgets.client.answers.comparison_facts import facts_of
from mfwidgets.index import deployments
from mfwidgets.queries.run_snapshot import load_run_snapshot

FLOW = "HistoryFlow"
TRUE = "868436778cb011a1c6230bc12534683ab0b7f1c3"
"""The hash of a pickle of True."""
pytestmark = pytest.mark.filterwarnings("ignore::mfwidgets.errors.ValuesNotRead")

KINDS = ("linear", "failing", "retry", "resumed", "foreach", "killed")
_START_NS = time.time_ns() - 10_000_000_000_000


def answers(flow):
    """Return the answers to questions about many runs. Ages are left out, because they change from one question to the next."""
    runs = flow.runs()
    frame = runs.to_dicts(params=True, artifacts=["x", "total"])
    timings = runs.timings().to_dicts()
    for row in (*frame, *timings):
        del row["elapsed"]
        if row["status"] in ("running", "unknown"):
            del row["reason"]
    return {
        "frame": frame,
        "timings": timings,
        "count": runs.count(),
        "failed": [run.id for run in flow.runs(status="failed")],
        "running": [run.id for run in flow.runs(status="running")],
        "tagged": [run.id for run in flow.runs("tag1")],
        "alpha": [run.id for run in runs.where(alpha=lambda value: value > 0)],
        "successful": [run.id for run in runs.successful()],
        "latest": repr(flow.latest_successful_run),
        "displays": [display_facts(run) for run in runs],
    }


def display_facts(run):
    """Return what the display and the comparison of a run read from the folders of its tasks."""
    snapshot = load_run_snapshot(run._context, run._record)
    compared = {
        name: fact.key
        for name, fact in facts_of(run).items()
        if name.section in ("artifacts", "metadata", "parameters", "versions", "tags", "code")
    }
    return snapshot.record, snapshot.tasks, snapshot.metadata, snapshot.artifacts, snapshot.files, compared


class History:
    """A flow whose runs appear, grow, fail, are tagged, vanish and come back, as real runs did."""

    def __init__(self, runs, folder, seed, metaflow=None):
        self.corpus, self.folder, self.metaflow = runs, folder / "runs", metaflow
        self.random = random.Random(seed)
        self.ids, self.clock = count(1_700_000_000_000_000), count(_START_NS, 7_000_000_001)
        self.alive, self.removed = {}, {}
        flow = self.root / FLOW
        (flow / "_meta").mkdir(parents=True)
        (flow / "_meta" / "_self.json").write_text('{"ts_epoch": 1}')
        for kind in KINDS:
            data = self.corpus.root / self.corpus.pathspecs[kind].split("/")[0] / "data"
            shutil.copytree(data, flow / "data", dirs_exist_ok=True)
        self.settle()

    @property
    def root(self):
        return self.folder / ".metaflow"

    def settle(self):
        """Give everything that changed its own time in the past, since this test does not wait for a clock."""
        now = next(self.clock)
        for path in (self.root, *self.root.rglob("*")):
            if path.stat().st_mtime_ns > _START_NS + 9_000_000_000_000:
                os.utime(path, ns=(now, now))

    def step(self):
        """Let one thing happen, and return its name."""
        others = [
            self.grow, self.grow, self.tag, self.tag_elsewhere, self.tag_by_metaflow, self.retry_in_place, self.remove,
            self.restore, self.touch, self.move, self.set_clock_back,
        ]  # fmt: skip
        happens = self.random.choice([self.add, *(others if self.alive else [])])
        happens()
        self.settle()
        return happens.__name__

    def add(self):
        kind = self.random.choice(KINDS)
        run_id = str(next(self.ids))
        self.alive[run_id] = [kind, 0]
        self._copy(run_id)

    def grow(self):
        """Let more of the records of a run arrive, in the order in which they were written."""
        run_id = self.random.choice(list(self.alive))
        self.alive[run_id][1] += 1
        self._copy(run_id)

    def _copy(self, run_id):
        kind, stage = self.alive[run_id]
        source = self.corpus.root / self.corpus.pathspecs[kind]
        files = sorted((path for path in source.rglob("*") if path.is_file()), key=lambda path: path.stat().st_mtime_ns)
        part = (0.3, 0.6, 0.8, 1)[min(stage, 3)]
        for file in files[: max(int(len(files) * part), 3)]:
            target = self.root / FLOW / run_id / file.relative_to(source)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)

    def tag(self):
        run = self.client().get(f"{FLOW}/{self.random.choice(list(self.alive))}")
        run.add_tag(f"tag{self.random.randrange(5)}")

    def tag_elsewhere(self):
        """Replace the file with the tags, as Metaflow's client does."""
        file = self.root / FLOW / self.random.choice(list(self.alive)) / "_meta" / "_self.json"
        entry = json.loads(file.read_text())
        new = file.with_name("new")
        new.write_text(json.dumps(entry | {"tags": [f"metaflow{self.random.randrange(5)}"]}))
        new.replace(file)

    def tag_by_metaflow(self):
        run_id = self.random.choice(list(self.alive))
        self.metaflow.metadata(f"local@{self.folder}")
        try:
            self.metaflow.Run(f"{FLOW}/{run_id}").add_tag(f"metaflow{self.random.randrange(5)}")
        finally:
            self.metaflow.metadata(f"local@{self.corpus.folder}")

    def retry_in_place(self):
        """Add a second attempt, which succeeds, to a task that is over. Schedulers can do that in a run that failed."""
        run_id = self.random.choice(list(self.alive))
        tasks = [
            path.parent.parent for path in (self.root / FLOW / run_id).glob("[!_]*/*/_meta/0_artifact__success.json")
        ]
        if not tasks:
            return
        task = self.random.choice(sorted(tasks))
        for file in (*task.glob("0.*"), *task.glob("_meta/0_artifact_*.json")):
            new = file.with_name(f"1{file.name[1:]}")
            shutil.copyfile(file, new)
            if new.suffix == ".json" and "_artifact_" in new.name:
                success = {"sha": TRUE} if file.name.endswith(("__success.json", "__task_ok.json")) else {}
                self._rewrite(new, attempt_id=1, ts_epoch=json.loads(file.read_text())["ts_epoch"] + 60_000, **success)
        for file in task.glob("_meta/sysmeta_attempt*.json"):
            name, _, ms = file.stem.rpartition("_")
            new = file.with_name(f"{name}_{int(ms) + 60_000}.json")
            shutil.copyfile(file, new)
            value = "True" if name.endswith("attempt_ok") else "1"
            self._rewrite(new, value=value, tags=["attempt_id:1"], ts_epoch=int(ms) + 60_000)

    def _rewrite(self, file, **changes):
        file.write_text(json.dumps(json.loads(file.read_text()) | changes))

    def move(self):
        """Move the folder. Another deployment has the runs now, and nothing is where it was."""
        target = self.folder.with_name(f"runs{self.random.randrange(10**9)}")
        self.folder.rename(target)
        self.folder = target

    def set_clock_back(self):
        """Let the clock jump an hour back. What changes from now on is older than what changed before."""
        self.clock = count(next(self.clock) - 3_600_000_000_000, 7_000_000_003)
        self.tag_elsewhere()

    def remove(self):
        run_id = self.random.choice(list(self.alive))
        self.removed[run_id] = self.alive.pop(run_id)
        (self.root / FLOW / run_id).rename(self.folder / run_id)

    def restore(self):
        if self.removed:
            run_id = self.random.choice(list(self.removed))
            self.alive[run_id] = self.removed.pop(run_id)
            (self.folder / run_id).rename(self.root / FLOW / run_id)

    def touch(self):
        """Replace a run by a copy of it: other inodes and times, the same content."""
        run_id = self.random.choice(list(self.alive))
        place = self.root / FLOW / run_id
        shutil.copytree(place, self.folder / "copy")
        shutil.rmtree(place)
        (self.folder / "copy").rename(place)

    def client(self):
        return Metaflow(metadata=f"local@{self.folder}", namespace=None)


@pytest.mark.parametrize("seed", range(5))
def test_the_index_changes_no_answer(runs, metaflow, tmp_path, monkeypatch, seed):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    history = History(runs, tmp_path, seed, metaflow)
    happened = []
    for number in range(22):
        happened.append(history.step())
        if number % 7 == 3:
            deployments._open.clear()  # a new process
        remembered = answers(history.client().get(FLOW))
        with options(remember=False):
            assert answers(history.client().get(FLOW)) == remembered, happened
    assert history.client().get(FLOW).runs().count() == len(history.alive)
    assert mfwidgets.cache_info().runs > 1
    deployments.forget_all()


def test_a_retry_in_place_changes_a_remembered_status(runs, tmp_path):
    history = History(runs, tmp_path, 0)
    history.alive["1700000000000000"] = ["failing", 3]
    history._copy("1700000000000000")
    history.settle()
    seen = []
    for _ in range(40):  # each task is retried at least once
        flow = history.client().get(FLOW)
        seen.append(str(flow.latest_run.status))
        assert str(flow.latest_run.status) == next(row["status"] for row in flow.runs().to_dicts())
        if seen[-1] != "failed":
            break
        history.retry_in_place()
        history.settle()
    assert seen[0] == "failed"
    assert seen[-1] != "failed"


def test_a_moved_folder_and_another_one_in_its_place(runs, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, ("linear", "failing")), (second, ("retry",))):
        for name in names:
            flow = runs[name].split("/")[0]
            shutil.copytree(runs.root / flow, folder / ".metaflow" / flow, dirs_exist_ok=True)
    flow = runs["linear"].split("/")[0]
    before = answers(Metaflow(metadata=f"local@{first}", namespace=None).get(flow))
    first.rename(tmp_path / "moved")
    assert answers(Metaflow(metadata=f"local@{tmp_path / 'moved'}", namespace=None).get(flow)) == before
    second.rename(first)
    assert [found.id for found in Metaflow(metadata=f"local@{first}", namespace=None)] == [runs["retry"].split("/")[0]]
