"""The types that a user's type checker sees: mypy checks a sample script against the annotations of the package."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

import mfwidgets
from mfwidgets.queries.run_filter import RUN_STATUSES, RunStatus
from mfwidgets.queries.status.rules import STATUSES, Status, StatusName

PACKAGE = Path(mfwidgets.__file__).parent
CACHE = Path.home() / ".cache" / "mfwidgets-tests" / "mypy"

SCRIPT = """
from mfwidgets import Flow, Metaflow, Run, StatusName, Step, Task, DataArtifact, compare, get_cards, watch

run = Run("A/1")
reveal_type(run["start"])                                   # Step
reveal_type(run["start"]["1"])                              # Task
reveal_type(run["start"]["1"]["x"])                         # DataArtifact
reveal_type(Flow("A")["1"])                                 # Run
reveal_type(Metaflow()["A"])                                # Flow

reveal_type([one for one in Metaflow()])                    # list[Flow]
reveal_type([one for one in Flow("A")])                     # list[Run]
reveal_type([one for one in run])                           # list[Step]
reveal_type([one for one in run["start"]])                  # list[Task]
reveal_type([one for one in run["start"]["1"]])             # list[DataArtifact]

flow = Flow("A")
reveal_type(flow.runs(status="failed"))                     # Runs
reveal_type(flow.runs(status=StatusName.FAILED))            # Runs
reveal_type(flow.runs(status=run.status))                   # Runs
reveal_type(flow.runs()[0])                                 # Run
reveal_type(flow.runs()[:2])                                # list[Run]
reveal_type(flow.runs().first())                            # Run
reveal_type(flow.runs().where(alpha=1))                     # Runs
flow.runs(status="fialed")                                  # error: arg-type
flow.runs(status="killed")                                  # error: arg-type

reveal_type(flow.latest_run)                                # Run | None
reveal_type(flow.latest_successful_run)                     # Run | None
reveal_type(run.steps().first())                            # Step
reveal_type(run.tasks().first())                            # Task
reveal_type(run.artifacts().first())                        # DataArtifact
reveal_type(run.status)                                     # Status
reveal_type(run.status.name)                                # StatusName
reveal_type(run.status.reason)                              # str
reveal_type(run.end_task)                                   # Task | None
reveal_type(run.parent)                                     # Flow
reveal_type(run["start"].parent)                            # Run
reveal_type(run["start"].task)                              # Task | None

task = Task("A/1/start/1")
reveal_type(task.data)                                      # MetaflowData
reveal_type(task.data.x)                                    # Any
reveal_type(task.artifacts.x)                               # DataArtifact
reveal_type(task["x"].data)                                 # Any
reveal_type(task["x"].parent)                               # Task
reveal_type(get_cards(task))                                # CardContainer
reveal_type(get_cards("A/1/start/1")[0].get())              # str
reveal_type(compare(run, "A/2").differences[0].values)      # tuple[Any, ...]
reveal_type(run.why().causes())                             # list[Difference]
reveal_type(run.trigger)                                    # Trigger | None
reveal_type(flow.to_pandas())                               # DataFrame

reveal_type(Metaflow().get("A/1"))                          # Flow | Run | Step | Task | DataArtifact
reveal_type(Metaflow().get("A/1/start/1", attempt=0))       # Task | DataArtifact
found = Metaflow().get("A/1")
if isinstance(found, Run):
    reveal_type(found["start"])                             # Step
found.latest_run                                            # error: union-attr
run.sucessful                                               # error: attr-defined
"""


def bare(type_name: str) -> str:
    """Return a type as mypy writes it, without the modules of its names."""
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", type_name).replace("builtins.", "")


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[int, str]:
    """The messages of mypy for each line of the script."""
    script = tmp_path_factory.mktemp("types") / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    command += ["--ignore-missing-imports", "--no-error-summary", "--show-error-codes", "--hide-error-context"]
    command += [f"--cache-dir={CACHE}", str(script)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=script.parent,
        env={**os.environ, "MYPYPATH": str(PACKAGE.parent)},
    )
    messages: dict[int, str] = {}
    for line in done.stdout.splitlines():
        place, _, message = line.partition(" ")
        number = int(place.split(":")[1])
        revealed = re.search(r'Revealed type is "(.*)"', message)
        code = re.search(r"\[([a-z-]+)\]$", message)
        messages[number] = bare(revealed[1]) if revealed else f"error: {code[1]}" if code else message
    assert messages, done.stderr
    return messages


def test_types_of_each_line(found):
    expected = {number: line.partition("# ")[2] for number, line in enumerate(SCRIPT.splitlines(), 1) if "# " in line}
    assert found == expected


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_statuses_are_an_enum():
    literal, *_ = get_args(RunStatus)
    assert get_args(literal) == RUN_STATUSES == tuple(name for name in STATUSES if name != "killed")
    members = (
        StatusName.COMPLETED,
        StatusName.CAUGHT,
        StatusName.FAILED,
        StatusName.KILLED,
        StatusName.RUNNING,
        StatusName.UNKNOWN,
    )
    assert tuple(StatusName) == members == STATUSES
    assert {type(name) for name in STATUSES} == {str}


def test_a_status_equals_its_name_and_its_str():
    status = Status("failed", "attempt 0 failed")
    assert status == StatusName.FAILED == "failed"
    assert (status.name, status.reason) == (StatusName.FAILED, "attempt 0 failed")
    assert Status(StatusName.FAILED, "") == status
    assert f"{Status(StatusName.FAILED, '')}" == "failed"
    assert {StatusName.FAILED: 1}[status] == {status: 1}["failed"] == 1
    with pytest.raises(ValueError, match="fialed"):
        Status("fialed", "")
