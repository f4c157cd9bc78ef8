"""Asks Metaflow's own client the questions of ``questions.py`` about all runs under test.

``oracle.py FOLDER SELECTOR NAMESPACES FILE`` runs in a separate process. The answers are cached in the folder of the runs,
until the runs or the questions change.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import questions
from corpus import Corpus


def answers(
    runs: Corpus, selector: str, environ: Mapping[str, str] = MappingProxyType({}), namespaces: Sequence[Any] = (None,)
) -> dict[str, Any]:
    """Return Metaflow's answers. The first call asks for them (up to a minute)."""
    digest = hashlib.sha256(Path(questions.__file__).read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    file = runs.folder / f"answers-{digest}.json"
    if not file.is_file():
        environment = os.environ | {"METAFLOW_CLIENT_CACHE_PATH": str(runs.folder / "client-cache")}
        arguments = [str(runs.folder), selector, json.dumps(namespaces), str(file)]
        subprocess.run([sys.executable, __file__, *arguments], check=True, env=environment | environ)
    return json.loads(file.read_text())


def _all_objects(m: Any) -> list[str]:
    """Return the pathspecs of all objects, including those of ``_parameters``."""
    pathspecs = []
    for flow in m.Metaflow():
        pathspecs.append(flow.pathspec)
        for run in flow:
            pathspecs.append(run.pathspec)
            for step in (*run, run["_parameters"]):
                pathspecs.append(step.pathspec)
                for task in step:
                    pathspecs += [task.pathspec, *(artifact.pathspec for artifact in task)]
    return pathspecs


def _ask(folder: str, selector: str, namespaces: str, file: str) -> None:
    import metaflow as m

    runs = json.loads(Path(folder, "made.json").read_text())
    m.metadata(selector)
    m.namespace(None)
    listed = sorted(_all_objects(m))
    asked: dict[str, Any] = {"listed": listed, "objects": {}, "nobody": {}}
    for namespace in json.loads(namespaces):
        for pathspec, attempt in questions.subjects(listed, namespace):
            key = f"{namespace} {pathspec} {attempt}"
            asked["objects"][key] = questions.asked(m, pathspec, attempt, namespace)
    for name, ask in questions.OF_NOBODY.items():
        m.metadata(selector)
        m.namespace(None)
        asked["nobody"][name] = questions.answer(ask, m, runs)
    made = Path(f"{file}.half")
    made.write_text(json.dumps(asked))
    made.replace(file)


if __name__ == "__main__":
    _ask(*sys.argv[1:])
