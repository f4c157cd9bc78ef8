"""Runs that old versions of Metaflow made (``make_old_runs.py``), and the questions about them."""

import gzip
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import questions
from service.store import as_text

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


def shorten_ids(folder: Path) -> None:
    """Rename the runs to 1, 2 and so on, as a metadata service numbers them. Its database refuses longer numbers."""
    for number, run in enumerate(sorted(folder.glob(".metaflow/*/[0-9]*")), start=1):
        for file in folder.glob(".metaflow/**/_meta/*.json"):
            file.write_text(file.read_text().replace(run.name, str(number)))
        run.rename(run.with_name(str(number)))


def service_tables(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the records of a folder as the rows of a metadata service. Their bytes stay in the folder."""
    tables: dict[str, list[dict[str, Any]]] = {}
    names = {2: "flows_v3", 3: "runs_v3", 4: "steps_v3", 5: "tasks_v3"}
    for number, file in enumerate(sorted(folder.glob(".metaflow/**/_meta/*.json")), start=1):
        text = file.read_text().replace("/tmp/metaflow-old/.metaflow", str(folder / ".metaflow"))
        row = {"user_name": None, "tags": [], "system_tags": [], "run_id": None, "task_name": None, **json.loads(text)}
        row |= {key: int(row[key]) for key in ("run_number", "task_id") if key in row}
        depth = len(file.relative_to(folder).parts) - 2
        table = "metadata_v3" if "field_name" in row else "artifact_v3" if "sha" in row else names[depth]
        row |= {"id": number, "value": as_text(row["value"])} if table == "metadata_v3" else {}
        row |= {"last_heartbeat_ts": None} if table in ("runs_v3", "tasks_v3") else {}
        tables.setdefault(table, []).append(row)
    return tables


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
