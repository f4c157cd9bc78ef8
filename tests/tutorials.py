"""The tutorials in the metaflow package: real Metaflow runs their flows once, and both clients run their notebooks.

``tutorials.py CLIENT NOTEBOOK [OLD NEW]...`` runs in a separate process. It executes the code of a notebook with the client
of the package CLIENT (``metaflow`` or ``mfwidgets``), after replacing each OLD with NEW.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from made_once import made_once
from platformdirs import user_cache_path

PLOTTING = ("matplotlib.pyplot", "plotly.figure_factory")
"""Modules for plots. The tests print their arguments instead."""

ON_KUBERNETES = "    @kubernetes(cpu=1, memory=500)\n"
"""The only line of a flow that needs another machine."""


def folder() -> Path:
    """Return the folder of the tutorials in the installed package, without importing it."""
    spec = importlib.util.find_spec("metaflow")
    assert spec, "metaflow is not installed"
    assert spec.origin
    return Path(spec.origin).parent / "tutorials"


def tutorial_runs() -> Path:
    """Return a folder with runs of the tutorials' flows. The first call runs them (20 seconds)."""
    made = user_cache_path("mfwidgets-tests", appauthor=False) / "tutorials" / _fingerprint()
    with made_once(made, "made.json") as to_make:
        if to_make:
            with ThreadPoolExecutor() as pool:
                first = [
                    pool.submit(_run, made, folder() / name)
                    for name in ("01-playlist/playlist.py", "02-statistics/stats.py")
                ]
                told = [one.result() for one in first]
            told += [
                _run(made, folder() / "03-playlist-redux/playlist.py"),
                _run(made, _here(made, "05-hello-cloud/hello-cloud.py")),
            ]
            told += [_run(made, _ours(made, "03-playlist-redux/playlist.py"))]
            (made / "made.json").write_text(json.dumps(told))
    return made


def executed(made: Path, client: str, notebook: str, changes: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Execute the code of a notebook with a client, in the folder with the runs."""
    changed = [text for change in changes.items() for text in change]
    return subprocess.run(
        [sys.executable, __file__, client, notebook, *changed],
        cwd=made,
        env=_environment(made),
        capture_output=True,
        text=True,
        check=False,
    )


def _here(made: Path, name: str) -> Path:
    """Return a copy of a flow that runs all steps on this machine."""
    source = (folder() / name).read_text()
    assert ON_KUBERNETES in source
    copy = made / Path(name).name
    copy.write_text(source.replace(ON_KUBERNETES, ""))
    return copy


def _ours(made: Path, name: str) -> Path:
    """Return a copy of a flow whose steps read runs with mfwidgets."""
    source, imported = (folder() / name).read_text(), "from metaflow import Flow, get_metadata\n"
    assert imported in source
    copy = made / f"ours_{Path(name).name}"
    copy.write_text(source.replace(imported, imported.replace("metaflow", "mfwidgets")))
    return copy


def _run(made: Path, flow: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(flow), "run"],
        cwd=made,
        env=_environment(made),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{flow.name} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def _environment(made: Path) -> dict[str, str]:
    home = str(made / "home")
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return kept | {
        "HOME": home,
        "METAFLOW_HOME": home,
        "METAFLOW_CLIENT_CACHE_PATH": str(made / "client-cache"),
        "METAFLOW_USER": "ann",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _fingerprint() -> str:
    return hashlib.sha256(version("metaflow").encode() + Path(__file__).read_bytes()).hexdigest()[:16]


class _Printing(ModuleType):
    """A module whose functions print their arguments."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def called(*args: Any, **settings: Any) -> Any:
            sys.stdout.write(f"{self.__name__}.{name} {args} {sorted(settings.items())}\n")
            return _Printing(f"{self.__name__}.{name}()")

        return called


def _execute(client: str, notebook: str, *changes: str) -> None:
    if client == "mfwidgets":  # warnings of Metaflow do not matter here
        warnings.simplefilter("error")
    for name in PLOTTING:
        package, _, module = name.partition(".")
        sys.modules[name] = printing = _Printing(name)
        sys.modules[package] = ModuleType(package)
        setattr(sys.modules[package], module, printing)
    cells = json.loads((folder() / notebook).read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    for what, by in [("from metaflow import", f"from {client} import"), *zip(changes[::2], changes[1::2], strict=True)]:
        assert what in code, what
        code = code.replace(what, by)
    exec(compile(code, notebook, "exec"), {"__name__": "__main__"})
    assert client == "metaflow" or "metaflow" not in sys.modules


if __name__ == "__main__":
    _execute(*sys.argv[1:])
