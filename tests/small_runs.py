"""Small runs of real Metaflow, each in its own working folder, for tests of single features.

They are separate from ``corpus.py``, so that a new one does not make all runs again. As there, the runs are made once, into a
folder under the user's cache folder that is named after the flows, this file and Metaflow's version.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

from made_once import made_once
from platformdirs import user_cache_path

FLOWS = Path(__file__).parent / "small_flows"
CARD_FLOW = Path(__file__).parent / "flows" / "card_flow.py"
PACKAGE = Path(__file__).parent.parent

PACKED = {"METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE": "1"}

_WAYS = "retried chained while pandas group pool missing file memory killed timeout recursion long subprocess syntax"
BROKEN = {
    way: ["--branch", "deep", "run", *words]
    for way, words in {
        "": [],
        "items": ["--alpha", "0.7", "--tag", "nightly"],
        **{way: [] for way in _WAYS.split()},
    }.items()
}
"""The ways in which broken_flow.py breaks, and the words of its runs."""

# name: (folder, flow file, words, environment, exit code). Folders are made at the same time, the runs in one in this order.
# In the environment, FOLDER stands for the folder.
RUNS = {
    "kept": ("kept", FLOWS / "kept_flow.py", ["run"], {}, 0),
    "parts": ("parts", FLOWS / "parts_flow.py", ["run"], {"BREAK": "1"}, 1),
    "progress": ("progress", FLOWS / "progress_flow.py", ["run"], {}, 1),
    "gallery": ("gallery", FLOWS / "gallery_flow.py", ["run"], {}, 0),
    "killed": ("killed", FLOWS / "killed_flow.py", ["run"], {}, 1),
    **{
        f"broken-{way or 'good'}": ("broken", FLOWS / "broken_flow.py", words, {"WAY": way, **PACKED}, 1 if way else 0)
        for way, words in BROKEN.items()
    },
    "parts-resumed": ("parts", FLOWS / "parts_flow.py", ["resume"], {}, 0),
    "cards-sysroot": ("sysroot", CARD_FLOW, ["run"], {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "FOLDER/store"}, 0),
    "cards-localroot": ("localroot", CARD_FLOW, ["run"], {"METAFLOW_CARD_LOCALROOT": "FOLDER/cards"}, 0),
    "cards-both": (
        "both",
        CARD_FLOW,
        ["run"],
        {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "FOLDER/store", "METAFLOW_CARD_LOCALROOT": "FOLDER/cards"},
        0,
    ),
}


class SmallRuns:
    """The runs: ``runs["kept"]`` is a pathspec, ``runs.folder("kept")`` is the working folder of its scheduler."""

    def __init__(self, base: Path, pathspecs: dict[str, str]) -> None:
        self._base, self._pathspecs = base, pathspecs

    def __getitem__(self, name: str) -> str:
        return self._pathspecs[name]

    def folder(self, name: str) -> Path:
        return self._base / RUNS[name][0]

    def environ(self, name: str) -> dict[str, str]:
        """Return the variables of Metaflow that were set for the run."""
        return environ_of(self.folder(name), RUNS[name][3])


def small_runs() -> SmallRuns:
    """Return the runs. The first call makes them (about 15 seconds)."""
    base = user_cache_path("mfwidgets-tests", appauthor=False) / "small" / _fingerprint()
    made = base / "made.json"
    with made_once(base, made.name) as to_make:
        if to_make:
            folders = dict.fromkeys(run[0] for run in RUNS.values())
            with ThreadPoolExecutor(2) as pool:
                parts = list(pool.map(lambda folder: _make_all(base / folder, folder), folders))
            made.write_text(json.dumps({name: pathspec for part in parts for name, pathspec in part.items()}))
    return SmallRuns(base, json.loads(made.read_text()))


def environ_of(folder: Path, environ: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("FOLDER", str(folder)) for name, value in environ.items()}


def run_flow(
    folder: Path, flow: Path, words: list[str], environ: dict[str, str] | None = None, exit_code: int = 0
) -> str:
    """Run a flow as the user ann in a folder, and return the pathspec of the run."""
    (folder / ".metaflow").mkdir(parents=True, exist_ok=True)
    environment = {
        # @parallel starts "python"
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": str(PACKAGE),
        "HOME": str(folder / "home"),
        "METAFLOW_HOME": str(folder / "home"),
        "METAFLOW_USER": "ann",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **environ_of(folder, environ or {}),
    }
    command = [sys.executable, str(flow), "--no-pylint", *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    run_id, name = re.search(r"run-id (\S+?)\)", output), re.search(r"executing (\w+)", output)
    assert done.returncode == exit_code, output
    assert run_id, output
    assert name, output
    return f"{name[1]}/{run_id[1]}"


def _make_all(base: Path, folder: str) -> dict[str, str]:
    return {
        name: run_flow(base, flow, words, environ, exit_code)
        for name, (place, flow, words, environ, exit_code) in RUNS.items()
        if place == folder
    }


def _fingerprint() -> str:
    digest = hashlib.sha256(version("metaflow").encode())
    for file in (Path(__file__), CARD_FLOW, *sorted(FLOWS.glob("*.py"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
