"""Runs of a foreach within a foreach, one that completed and one that failed. They are made once, as in ``small_runs.py``."""

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

from corpus import Corpus
from platformdirs import user_cache_path
from small_runs import run_flow

FLOW = Path(__file__).parent / "nested_flows" / "nested_flow.py"


def nested_runs() -> Corpus:
    """Return the runs ``completed`` and ``failed``. The first call makes them (about 20 seconds)."""
    name = hashlib.sha256(version("metaflow").encode() + FLOW.read_bytes()).hexdigest()[:16]
    folder = user_cache_path("mfwidgets-tests", appauthor=False) / "nested" / name
    made = folder / "made.json"
    if not made.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        pathspecs = {
            "completed": run_flow(folder, FLOW, ["run"]),
            "failed": run_flow(folder, FLOW, ["run"], {"BREAK": "1"}, 1),
        }
        made.write_text(json.dumps(pathspecs))
    return Corpus(folder, json.loads(made.read_text()))
