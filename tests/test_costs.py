"""The cost of calls: which files are opened, and how often. Times are not measured."""

import hashlib
import json
import pickle
import re
import shutil
import sys
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from wide import widen

from mfwidgets import Metaflow, compare
from mfwidgets.cli.json import json_text
from mfwidgets.datastore.task_files import artifact_infos
from mfwidgets.display_options import options

_recording: list[str] = []
_listings: list[str] = []
_on = False


def _hook(event: str, arguments: tuple) -> None:
    if _on and event in ("open", "os.scandir") and isinstance(arguments[0], str):
        (_recording if event == "open" else _listings).append(arguments[0])


sys.addaudithook(_hook)  # audit hooks cannot be removed


@contextmanager
def opened(root: Path):
    """Collect the opened files below a root."""
    global _on  # noqa: PLW0603 - the hook is the process's
    files: Counter[str] = Counter()
    _recording.clear()
    _on = True
    try:
        yield files
    finally:
        _on = False
        inside = [Path(file) for file in _recording if file.startswith(str(root))]
        files.update(str(file.relative_to(root)) for file in inside if file.is_file())


@contextmanager
def listed(root: Path):
    """Collect the listed folders below a root."""
    folders: Counter[str] = Counter()
    _listings.clear()
    with opened(root):
        yield folders
    folders.update(str(Path(folder).relative_to(root)) for folder in _listings if folder.startswith(str(root)))


@pytest.fixture
def many(own_runs):
    """The flow of linear runs, with 40 copies of one run."""
    flow, run_id = own_runs["linear"].split("/")
    for number in range(1, 41):
        shutil.copytree(own_runs.root / flow / run_id, own_runs.root / flow / str(int(run_id) - number))
    return own_runs


def test_the_newest_run_of_many_costs_two_files(many, own_client):
    flow = own_client["LinearFlow"]
    with opened(many.root) as files:
        assert flow.latest_run is not None
    assert files.total() == 2
    with opened(many.root) as files:
        assert flow.latest_successful_run is not None
    assert files.total() <= 6


@pytest.fixture
def slow_disk(monkeypatch):
    """Make each read of a file slow."""
    from mfwidgets.datastore import base
    from mfwidgets.files import read_file
    from mfwidgets.providers import local_files

    def slow_read(file, *limit):
        time.sleep(0.02)
        return read_file(file, *limit)

    for module in (base, local_files):
        monkeypatch.setattr(module, "read_file", slow_read)


@pytest.mark.usefixtures("slow_disk")
def test_work_that_was_given_up_reads_no_more_files(many, own_client):
    from mfwidgets.concurrency import call_with_timeout
    from mfwidgets.views.show import mimebundle

    flow = own_client["LinearFlow"]
    assert "timed out" in mimebundle(flow, seconds=0.2)["text/plain"]
    with opened(many.root) as files:
        time.sleep(1)
    assert files.total() <= 1  # a file that was being opened
    tasks = [run[step].task for run in flow.runs()[:10] for step in ("start", "end")]
    with pytest.raises(TimeoutError):
        call_with_timeout(
            0.2, lambda: [artifact_infos(task._context.datastore("local", ""), task._record.path, 0) for task in tasks]
        )
    with opened(many.root) as files:
        time.sleep(1)
    assert files.total() <= 1


def test_a_table_of_runs_costs_six_files_per_run(many, own_client):
    with opened(many.root) as files:
        frame = own_client["LinearFlow"].runs().to_pandas()
    assert len(frame) == 43
    assert set(frame.status) == {"completed"}
    assert max(files.values()) == 1  # no file twice
    assert files.total() <= 6 * 43 + 1


def test_a_table_with_values_lists_no_folder_twice(many, own_client):
    with listed(many.root) as folders:
        frame = own_client["LinearFlow"].runs().to_pandas(params=True, artifacts=["x"], results=True)
    assert len(frame) == 43
    assert max(folders.values()) == 1
    with listed(many.root) as folders:
        own_client["LinearFlow"].runs().sort_by("x").first()
    assert max(folders.values()) == 1


def test_timings_read_only_the_tasks_and_each_graph_once(many, own_client):
    with opened(many.root) as files, listed(many.root) as folders:
        timings = own_client["LinearFlow"].runs().timings().to_dicts()
    assert len(timings) == 2 * 43
    assert max(files.values()) == 1
    assert sum("/data/" in file for file in files) <= 3  # the graphs, equal in nearly all runs
    parameters = Counter(Path(file).name for file in files if "/_parameters/" in file)
    assert set(parameters) == {"_self.json", "0_artifact__graph_info.json"}
    assert max(folders.values()) == 1


def test_a_filter_reads_each_distinct_value_once(many, own_client, monkeypatch):
    monkeypatch.setattr(options, "remember", False)
    runs = own_client["LinearFlow"].runs()
    with opened(many.root) as files:
        assert runs.where("alpha>0").count() == 43  # in two batches
    values = [file for file in files if "/data/" in file]
    assert values
    assert {files[file] for file in values} == {1}


def test_the_search_for_a_successful_run_reads_two_results_of_each_failed_one(many, own_client):
    flow = many.root / "LinearFlow"
    false = hashlib.sha1(pickle.dumps(obj=False, protocol=4)).hexdigest()
    for run in sorted(path for path in flow.iterdir() if path.name.isdecimal())[1:]:
        for name in ("_success", "_task_ok"):
            (record,) = run.glob(f"end/*/_meta/0_artifact_{name}.json")
            record.write_text(json.dumps(json.loads(record.read_text()) | {"sha": false}))
    with opened(many.root) as files:
        latest = own_client["LinearFlow"].latest_successful_run
    assert latest.id == min(path.name for path in flow.iterdir() if path.name.isdecimal())
    assert files.total() <= 1 + (2 + 3) * 43  # the flow, the runs, and the results of their ends
    assert not any("/_parameters/0/" in file for file in files)


def test_a_list_of_artifacts_costs_a_file_per_task(client, runs):
    run = client.get(runs["foreach"])
    with opened(runs.root) as files:
        frame = run.artifacts().to_pandas()
    assert len(frame) == 18
    assert files.total() == len(set(frame.pathspec.str.rsplit("/", n=1).str[0])) == 7
    assert all(file.endswith("/0.data.json") for file in files)


def test_a_value_costs_its_record_and_its_blob(client, runs):
    data = client.get(runs["many"]).data
    with opened(runs.root) as files:
        assert data.mapping["ü"][0] == 1
    assert files.total() == 1
    artifact = client.get(f"{runs['many']}/only").task["large"]
    with opened(runs.root) as files:
        assert artifact.size > 30_000_000
        assert artifact.type == "bytes"
    assert not any("/data/" in file for file in files)


def test_parents_of_a_join_cost_one_file_each(client, runs):
    task = client.get(runs["foreach"])["join"].task
    with opened(runs.root) as files:
        assert len(list(task.parent_tasks)) == 4
    assert max(files.values()) == 1
    assert files.total() <= 4 + 4  # the records of the parents; the graph, and the place of the join


def test_sizes_of_logs_are_known_without_reading_them(client, runs):
    task = client.get(runs["logs"])["start"].task
    with opened(runs.root) as files:
        assert task.stdout_size > 1_000_000
    assert not any(file.endswith(".log") for file in files)
    with opened(runs.root) as files:
        assert len(task.stdout.splitlines()) == 100_000
    assert sum(file.endswith(".log") for file in files) <= 2


def test_the_end_of_a_log_is_read_from_its_end(client, runs, monkeypatch):
    from mfwidgets.datastore.base import LocalDatastore

    task = client.get(runs["logs"])["start"].task
    whole = [line.message for line in task.logs()]
    read = []
    true_read = LocalDatastore.read_from
    monkeypatch.setattr(
        LocalDatastore,
        "read",
        lambda self, key, max_bytes=None: pytest.fail(f"{key} was read whole") if key.endswith("log") else None,
    )
    monkeypatch.setattr(
        LocalDatastore, "read_from", lambda self, key, start: read.append(start) or true_read(self, key, start)
    )
    assert [line.message for line in task.logs(tail=3)] == whole[-3:]
    assert str(task.logs(tail=2)) == "line 99998\nline 99999\n"
    assert len(read) == 2
    assert [line.message for line in task.logs(tail=5000)] == whole[-5000:]
    assert list(task.logs(tail=0)) == []
    assert "last 200 lines of " in task.logs()._repr_mimebundle_()["text/plain"]
    assert "last 10 lines of " in task._repr_mimebundle_()["text/plain"]


@pytest.mark.parametrize("name", ["linear", "many", "failing", "branch", "cards", "resumed"])
def test_showing_a_run_opens_only_parameters_results_and_items(name, client, runs):
    run = client.get(runs[name])
    with opened(runs.root) as files:
        for shown in (run, *run, run.tasks(), run.artifacts(), run.parent):
            shown._repr_mimebundle_()
    inert = {
        task[artifact].sha
        for task in (*run.tasks(), run["_parameters"].task)
        for artifact in (
            "_graph_info",
            "_exception",
            "_foreach_stack",
            "_foreach_num_splits",
            "_catch_exception",
            "_transition",
            "_iteration_stack",
        )
        if artifact in task
    }
    parameters = {artifact.sha for artifact in run["_parameters"].task}
    blobs = {Path(file).name for file in files if "/data/" in file}
    split = {artifact.sha for task in run.tasks() for artifact in task if artifact.id in ("items", "inner", "outer")}
    ends = [other[other.end_task.path_components[2]].task for other in run.parent if other.end_task]
    made = [*ends, *(task for task in run.tasks() if task.index is not None)]
    results = {artifact.sha for task in made for artifact in task}  # at most 10 kB of each are read
    failures = {task["_exception"].sha for other in run.parent for task in other.tasks() if "_exception" in task}
    assert blobs <= inert | parameters | split | results | failures


def test_showing_a_task_reads_only_small_artifacts(client, runs):
    task = client.get(runs["many"])["only"].task
    with opened(runs.root) as files:
        text = task._repr_mimebundle_()["text/plain"]
    assert "30.0 MB" in text
    small = {artifact.sha for artifact in task if artifact.size <= 100_000}
    graph = {artifact.sha for artifact in client.get(runs["many"])["_parameters"].task}
    graph |= {task["_foreach_stack"].sha, client.get(runs["many"])["_parameters"].task["_graph_info"].sha}
    blobs = {Path(file).name for file in files if "/data/" in file}
    assert blobs - graph
    assert blobs <= small | graph


def displays(run):
    """Yield the displays of a run, each with a function that makes it."""
    for part in (run.dag, run.timeline, run.why, run.tasks, run.artifacts, run.steps, run.critical_path):
        yield part.__name__, part
    for whole in (run, run.parent, run.parent.runs(), *run):
        yield repr(whole), partial(lambda one: one, whole)
    for step in run:
        yield f"grid of {step.pathspec}", step.grid
        for task in list(step)[:2]:
            yield task.pathspec, partial(lambda one: one, task)
            for name in ("artifacts", "data"):
                yield f"{name} of {task.pathspec}", partial(getattr, task, name)
            for logs in (task.logs(), task.logs("both")):
                yield repr(logs), partial(lambda one: one, logs)
            for part in (task.ancestors, task.descendants):
                yield f"{part.__name__} of {task.pathspec}", part
            for artifact in list(task)[:2]:
                yield artifact.pathspec, partial(lambda one: one, artifact)
                yield f"lineage of {artifact.pathspec}", artifact.lineage


@pytest.mark.parametrize(
    "name",
    [
        "linear",
        "many",
        "failing",
        "retry",
        "branch",
        "foreach",
        "loop",
        "loop-resumed",
        "killed",
        "resumed",
        "exited",
        "cards",
        "cards-resumed",
        "values",
        "values-deep",
        "parameters",
        "died-at-import",
        "abandoned",
        "unpicklable",
    ],
)
def test_no_display_reads_a_file_twice(name, client, runs, monkeypatch):
    monkeypatch.setattr(options, "display_timeout_s", 60)
    twice = {}
    for what, make in displays(client.get(runs[name])):
        with opened(runs.root) as files:
            text = make()._repr_mimebundle_()["text/plain"]
        assert "Cannot show" not in text, what
        assert "timed out" not in text, what
        twice |= {f"{what}: {file}": times for file, times in files.items() if times > 1}
    assert not twice


@pytest.mark.parametrize("name", ["failing", "foreach", "loop", "linear"])
def test_comparisons_and_json_read_no_file_twice(name, client, runs, monkeypatch):
    monkeypatch.setattr(options, "display_timeout_s", 60)
    run, other = client.get(runs[name]), client.get(runs["retry"])
    with opened(runs.root) as files:
        compare(run, other)._repr_mimebundle_()
    assert max(files.values()) == 1
    for shown in (run, run.dag(), run.timeline(), *run, *run.tasks()):
        with opened(runs.root) as files:
            json_text(shown)
        assert max(files.values()) == 1, shown


def test_a_display_of_a_run_costs_six_files_per_task(runs, tmp_path, monkeypatch):
    """Its own record, its start, its item and place, and two results. It was nine, and a second listing."""
    monkeypatch.setattr(options, "display_timeout_s", 60)
    flow = runs["foreach"].split("/")[0]
    root = tmp_path / ".metaflow"
    shutil.copytree(runs.root / flow, root / flow)
    run = Metaflow(metadata=str(tmp_path), namespace=None).get(runs["foreach"])
    step = max(run, key=lambda step: len(list(step))).id
    widen(root / runs["foreach"], step, 50)
    with opened(root) as files:
        assert re.search(rf"{step} .*● .*✓ completed  50 ", run._repr_mimebundle_()["text/plain"])
    tasks = {file.rpartition("/_meta/")[0] for file in files if f"/{step}/" in file}
    assert len(tasks) == 50
    assert sum(file.startswith(tuple(f"{task}/" for task in tasks)) for file in files) <= 6 * 50 + 1


def test_a_display_of_a_failed_run_opens_fifty_files(client, runs):
    """It opened 91 files before, 39 of them more than once."""
    with opened(runs.root) as files:
        client.get(runs["failing"])._repr_mimebundle_()
    assert files.total() <= 54  # two of them say how many tasks its foreach has


@pytest.mark.parametrize(
    "name", ["linear", "failing", "retry", "foreach", "branch", "loop", "resumed", "cards", "values"]
)
def test_no_display_sends_a_request_twice(name, on_service, monkeypatch):
    monkeypatch.setattr(options, "display_timeout_s", 60)
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there[name])
    twice = {}
    for what, make in displays(run):
        service.reset()
        text = make()._repr_mimebundle_()["text/plain"]
        assert "Cannot show" not in text, what
        asked = Counter(f"{request['method']} {request['path']} {request['query']}" for request in service.requests())
        twice |= {f"{what}: {request}": times for request, times in asked.items() if times > 1}
    assert not twice


def test_a_second_look_at_all_flows_opens_few_files(many, own_client):
    with opened(many.root) as files:
        own_client._repr_mimebundle_()
    assert max(files.values()) == 1
    assert files.total() <= 160 * 3  # flows
    time.sleep(0.1)  # what changed just now is not remembered
    own_client._repr_mimebundle_()
    with opened(many.root) as files:
        own_client._repr_mimebundle_()
    assert files.total() <= 4 * 3
