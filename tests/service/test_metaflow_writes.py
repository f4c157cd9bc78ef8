"""Real Metaflow runs flows on the service, and its own client reads them."""

import gzip
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from service.running import TABLES, running

FLOWS = Path(__file__).parents[1] / "flows"
RECORDINGS = json.loads(gzip.decompress((TABLES.parent / "recordings.json.gz").read_bytes()))

LOOK = """
import json
from metaflow import Flow, namespace
namespace(None)
flow = Flow({flow!r})
print(json.dumps([
    {{
        "pathspec": run.pathspec, "successful": run.successful, "finished": run.finished, "tags": sorted(run.user_tags),
        "steps": {{
            step.id: [
                {{
                    "successful": task.successful,
                    "artifacts": sorted(artifact.id for artifact in task.artifacts),
                    "metadata": task.metadata_dict,
                }}
                for task in step
            ]
            for step in run
        }},
    }}
    for run in flow
]))
"""


@pytest.fixture
def service():
    with running() as found:
        yield found


@pytest.fixture
def python(service, tmp_path):
    """Return a function that runs Python with Metaflow on the service, with data in the test's folder."""
    names = ("PATH", "SYSTEMROOT")
    environment = {name: os.environ[name] for name in names if name in os.environ} | {
        "HOME": str(tmp_path),
        "METAFLOW_HOME": str(tmp_path / "home"),
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(tmp_path),
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "METAFLOW_DEFAULT_METADATA": "service",
        "METAFLOW_SERVICE_URL": service.url,
        "METAFLOW_USER": "ann",
    }

    def call(*arguments, fails=False):
        done = subprocess.run(
            [sys.executable, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout

    return call


def get(service, path):
    with urllib.request.urlopen(service.url + path, timeout=30) as answer:
        return json.load(answer)


def test_a_run_that_succeeds(python, service):
    service.reset()
    python(FLOWS / "linear_flow.py", "run", "--tag", "nightly")
    posted = {request["path"].rpartition("/")[2] for request in service.requests() if request["method"] == "POST"}
    assert posted - {"heartbeat"} == {"LinearFlow", "run", "step", "task", "artifact", "metadata"}

    [run] = json.loads(python("-c", LOOK.format(flow="LinearFlow")))
    assert run["successful"]
    assert run["finished"]
    assert "nightly" in run["tags"]
    [task] = run["steps"]["start"]
    assert {"x", "text", "nothing", "numbers", "alpha", "label"} <= set(task["artifacts"])
    assert task["metadata"]["attempt_ok"] == "True"
    assert list(run["steps"]) == ["end", "start"]
    assert get(service, "/flows/LinearFlow/runs?status=completed")[0]["status"] == "completed"


def test_a_run_that_fails(python, service):
    python(FLOWS / "failing_flow.py", "run", fails=True)

    [run] = json.loads(python("-c", LOOK.format(flow="FailingFlow")))
    assert not run["successful"]
    assert not run["finished"]
    assert list(run["steps"]) == ["divide", "start"]
    ends = sorted(task["metadata"].get("attempt_ok", "none") for task in run["steps"]["divide"])
    assert "False" in ends
    assert len(ends) == 3
    turns = {task["metadata"]["foreach-stack"] for task in run["steps"]["divide"]}
    assert turns == {"{items=1}", "{items=0}", "{items=2}"}  # arrays in the notation of PostgreSQL
    assert get(service, "/flows/FailingFlow/runs?status=running")[0]["status"] == "running"  # for six minutes


def test_string_ids(python, service):
    """Orchestrators name runs and tasks, and call each step."""
    flow, run = FLOWS / "linear_flow.py", "/flows/LinearFlow/runs/argo-1"
    python(flow, "--quiet", "init", "--run-id", "argo-1", "--task-id", "params")
    for _ in range(2):  # a second call of a step adds no second task
        given = ("--run-id", "argo-1", "--task-id", "t-1", "--input-paths", "argo-1/_parameters/params")
        python(flow, "--quiet", "step", "start", *given)

    assert get(service, run)["run_number"] == "argo-1"
    [task] = get(service, f"{run}/steps/start/tasks")
    assert (task["run_number"], task["task_id"]) == ("argo-1", "t-1")
    [found] = json.loads(python("-c", LOOK.format(flow="LinearFlow")))
    assert found["pathspec"] == "LinearFlow/argo-1"
    assert found["steps"]["start"][0]["metadata"]["attempt_ok"] == "True"


def test_rows_have_the_recorded_columns(python, service):
    """Rows have the same columns and types as the recorded rows of the real service."""
    python(FLOWS / "linear_flow.py", "run")
    run = "/flows/LinearFlow/runs/1"
    start = f"{run}/steps/start"
    [task] = get(service, f"{start}/tasks")
    listings = {
        "flows": "/flows",
        "runs": "/flows/LinearFlow/runs",
        "steps": f"{run}/steps",
        "tasks": f"{start}/tasks",
        "artifacts": f"{start}/artifacts",
        "metadata": f"{start}/tasks/{task['task_id']}/metadata",
    }
    for kind, path in listings.items():
        expected = {shape(row) for row in recorded(kind)}
        assert {shape(row) for row in get(service, path)} <= expected, kind

    written = {(row["type"], row["field_name"]) for row in get(service, listings["metadata"])}
    assert written <= {(row["type"], row["field_name"]) for row in recorded("metadata")}
    assert {"attempt", "attempt_ok", "attempt-done", "ds-root", "runtime"} <= {field for _, field in written}


def recorded(kind):
    for exchange in RECORDINGS[kind]:
        if exchange["path"].endswith(f"/{kind}") and isinstance(exchange.get("json"), list):
            yield from exchange["json"]


def shape(row):
    return tuple(sorted((name, type(value).__name__) for name, value in row.items()))
