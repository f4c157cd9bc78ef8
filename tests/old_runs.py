"""Runs that old versions of Metaflow made (``make_old_runs.py``), and the questions about them."""

import gzip
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import questions

FLOWS = Path(__file__).parent / "old_flows"
DATA = Path(__file__).parent / "data" / "old"
VERSIONS = ("2.0.5-python2", "2.0.5", "2.4.0", "2.7.1", "2.10.11", "2.12.4", "2.15.0")

Answers = dict[str, dict[str, questions.Answer]]
"""The answers about each object, by pathspec, and by pathspec and attempt."""


def unpack(version: str, folder: Path) -> Path:
    """Unpack the runs of a version, and return the folder that contains their ``.metaflow``."""
    with tarfile.open(DATA / f"{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def expected(version: str) -> Answers:
    """Return the answers of Metaflow's client."""
    return json.loads(gzip.decompress((DATA / f"{version}.json.gz").read_bytes()))


def answers_of(m: Any) -> Answers:
    """Return the answers of a client."""
    m.namespace(None)
    listed = list(_objects(m))  # questions change the namespace
    return {f"{pathspec} {attempt}": questions.asked(m, pathspec, attempt, None) for pathspec, attempt in listed}


def _objects(m: Any) -> Iterator[tuple[str, int | None]]:
    """Yield all objects, the attempts of tasks, and the artifacts of the smaller flow."""
    for flow in m.Metaflow():
        yield flow.pathspec, None
        for run in flow:
            yield run.pathspec, None
            for step in (*run, run["_parameters"]):
                yield step.pathspec, None
                for task in step:
                    small = flow.id == "ShakyFlow"
                    yield from ((task.pathspec, attempt) for attempt in (None, *((0, 1) if small else ())))
                    yield from ((artifact.pathspec, None) for artifact in (task if small else ()))
