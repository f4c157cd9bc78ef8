"""The runs under test: real Metaflow runs ``tests/flows`` once, into a folder under the user's cache folder.

The folder is named after the flows, this file and Metaflow's version, so that a change of any makes new runs. They are
made in place, because Metaflow records absolute paths and its own client is the oracle for them.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from made_once import made_once
from platformdirs import user_cache_path
from s3_server import S3, s3_server
from service.running import Running, running

MADE = "made.json"
"""Names the runs of a folder. Written last."""

FLOWS = Path(__file__).parent / "flows"
PACKED = {"METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE": "1"}

# name: (user, flow file, command and options, environment, exit code or None for any). A list is made in this order.
RUNS = [
    {
        "linear": ("ann", "linear_flow.py", ["run", "--tag", "team:blue", "--tag", "nightly"], {}, 0),
        "linear-bob": ("bob", "linear_flow.py", ["run", "--alpha", "2", "--tag", "nightly"], {}, 0),
        "linear-hostile": (
            "<img src=x onerror=alert(1)>",
            "linear_flow.py",
            ["run", "--tag", "<script>alert('tag')</script>", "--label", "<script>alert('label')</script>"],
            {},
            0,
        ),
        "foreach": ("ann", "foreach_flow.py", ["run"], {}, 0),
        "logs": ("ann", "log_flow.py", ["run"], {}, 0),
        "many": ("ann", "many_flow.py", ["run"], {}, 0),
        "cards": ("ann", "card_flow.py", ["run"], {"BREAK": "1"}, 1),
        "cards-resumed": ("ann", "card_flow.py", ["resume"], {}, 0),
        "parameters": ("ann", "parameter_flow.py", ["run"], {}, 0),
        "project": ("ann", "project_flow.py", ["run"], {}, 0),
        "project-branch": ("bob", "project_flow.py", ["--branch", "fast", "run"], {}, 0),
        "branch": ("ann", "branch_flow.py", ["run"], {}, 0),
        "values": ("ann", "value_flow.py", ["run"], PACKED, 0),
        "values-other": ("bob", "value_flow.py", ["run", "--rate", "0.5", "--kind", "forest"], PACKED, 0),
        "values-deep": ("ann", "value_flow.py", ["run", "--depth", "4"], {}, 0),
        "packed": ("ann", "foreach_flow.py", ["run"], PACKED, 0),
    },
    {
        "failing": ("ann", "failing_flow.py", ["run", "--tag", "nightly"], {}, 1),
        "resumed": ("ann", "failing_flow.py", ["resume"], {"REPAIRED": "1"}, 0),
        "retry": ("bob", "retry_flow.py", ["run"], {}, 0),
        "killed": ("bob", "retry_flow.py", ["run"], {"SUICIDE": "1"}, 1),
        "loop": ("ann", "loop_flow.py", ["run"], {}, 0),
        "loop-broken": ("ann", "loop_flow.py", ["run"], {"BREAK": "1", **PACKED}, 1),
        "loop-resumed": ("ann", "loop_flow.py", ["resume"], PACKED, 0),
        "died-at-import": ("ann", "death_flow.py", ["run"], {"DEATH": "import"}, 1),
        "died-hard": ("ann", "death_flow.py", ["run"], {"DEATH": "hard"}, 1),
        "abandoned": ("ann", "death_flow.py", ["run"], {"DEATH": "scheduler"}, -9),
        "exited": ("ann", "death_flow.py", ["run"], {"DEATH": "sys.exit"}, None),
        "unpicklable": ("ann", "death_flow.py", ["run"], {"DEATH": "unpicklable"}, 1),
    },
]


S3_RUNS = ["linear", "foreach", "parameters", "cards", "cards-resumed", "retry", "packed", "many"]
"""Those of them that are made on S3 as well."""

SERVICE_S3_RUNS = ["linear", "foreach", "parameters", "failing", "resumed", "values", "values-other", "values-deep"]
"""The runs that are made on a metadata service and S3."""


@dataclass(frozen=True)
class Corpus:
    """The folder of the runs, and their pathspecs by name."""

    folder: Path
    pathspecs: dict[str, str]

    @property
    def root(self) -> Path:
        """The ``.metaflow`` folder."""
        return self.folder / ".metaflow"

    def __getitem__(self, name: str) -> str:
        return self.pathspecs[name]


def corpus() -> Corpus:
    """Return the runs; they are made first where they are not there yet (about 40 seconds)."""
    folder = _folder("corpus")
    with made_once(folder, MADE) as to_make:
        if to_make:
            with ThreadPoolExecutor() as pool:
                lists = list(pool.map(lambda runs: {name: _make(folder, run) for name, run in runs.items()}, RUNS))
            _metaflow(folder, "ann", "linear_flow.py", ["spin", "start", "--persist"], {}, 0)
            _note(folder, lists)
    return _noted(folder)


@contextmanager
def s3_corpus() -> Iterator[tuple[Corpus, S3]]:
    """Serve a copy of a few runs with data in S3, and yield them with their server."""
    folder = _folder("s3")
    with made_once(folder, MADE) as to_make:
        if to_make:
            with s3_server(folder / "server") as server:
                runs = RUNS[0] | RUNS[1]
                made = {name: _make(folder, runs[name], server.environ, ["--datastore=s3"]) for name in S3_RUNS}
                _note(folder, [made])
    with tempfile.TemporaryDirectory(prefix="mfwidgets-tests-s3-") as copy:
        shutil.copytree(folder / "server", Path(copy) / "server")
        with s3_server(Path(copy) / "server") as server:
            yield _noted(folder), server


@contextmanager
def service_corpus() -> Iterator[tuple[Corpus, Running]]:
    """Serve the runs as a metadata service has them, their data in a local folder, and the service."""
    folder = _folder("service")
    store = folder / "store.json"
    with made_once(folder, MADE, store.name) as to_make:
        if to_make:
            _make_in_service(folder, store)
    with running(tables=store) as service:
        yield _noted(folder), service


def _make_in_service(folder: Path, store: Path) -> None:
    with running(store=store) as service:
        environ = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": service.url}
        with ThreadPoolExecutor() as pool:
            made = pool.map(lambda runs: {name: _make(folder, run, environ) for name, run in runs.items()}, RUNS)
        _note(folder, list(made))


@contextmanager
def service_s3_corpus() -> Iterator[tuple[Corpus, Running, S3]]:
    """Serve a few runs as most teams have them: metadata in the service, data in S3."""
    folder = _folder("service-s3")
    store = folder / "store.json"
    with made_once(folder, MADE, store.name) as to_make:
        if to_make:
            with s3_server(folder / "server") as server, running(store=store) as service:
                environ = {
                    "METAFLOW_DEFAULT_METADATA": "service",
                    "METAFLOW_SERVICE_URL": service.url,
                    **server.environ,
                }
                runs = RUNS[0] | RUNS[1]
                made = {name: _make(folder, runs[name], environ, ["--datastore=s3"]) for name in SERVICE_S3_RUNS}
                _note(folder, [made])
    with tempfile.TemporaryDirectory(prefix="mfwidgets-tests-s3-") as copy:
        shutil.copytree(folder / "server", Path(copy) / "server")
        with s3_server(Path(copy) / "server") as server, running(tables=store) as service:
            yield _noted(folder), service, server


def _folder(kind: str) -> Path:
    return user_cache_path("mfwidgets-tests", appauthor=False) / kind / _fingerprint()


def _note(folder: Path, made: list[dict[str, str]]) -> None:
    (folder / MADE).write_text(json.dumps({name: pathspec for part in made for name, pathspec in part.items()}))


def _noted(folder: Path) -> Corpus:
    return Corpus(folder, json.loads((folder / MADE).read_text()))


def _make(
    folder: Path, run: tuple[Any, ...], environ: Mapping[str, str] = MappingProxyType({}), options: Sequence[str] = ()
) -> str:
    """Make a run and return its pathspec."""
    user, flow, words, extra, exit_code = run
    output = _metaflow(folder, user, flow, [*options, *words], {**environ, **extra}, exit_code)
    run_id = re.search(r"run-id (\S+?)\)", output)
    name = re.search(r"executing (\w+)", output)
    assert run_id, output
    assert name, output
    return f"{name[1]}/{run_id[1]}"


def _metaflow(
    folder: Path, user: str, flow: str, words: list[str], extra: dict[str, str], exit_code: int | None
) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "METAFLOW_HOME": str(folder / "home"),
        "METAFLOW_USER": user,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **extra,
    }
    made = subprocess.run(
        [sys.executable, str(FLOWS / flow), *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    output = made.stdout + made.stderr
    if exit_code is not None and made.returncode != exit_code:
        raise RuntimeError(f"{flow} {words} ended with {made.returncode}:\n{output}")
    return output


def _fingerprint() -> str:
    digest = hashlib.sha256(version("metaflow").encode())
    for file in (Path(__file__), *sorted(FLOWS.glob("*.*"))):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
