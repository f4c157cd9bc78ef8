"""Pyodide's distribution for a browser without a network: the files of its npm package, and stand-ins for compiled wheels.

The npm package holds the interpreter and the list of packages, not the packages. So the stand-ins are: the pure Python of
markupsafe, and a ``regex`` that is Python's ``re`` without a time limit. pandas has none.
"""

import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from importlib.util import find_spec
from pathlib import Path

from platformdirs import user_cache_path

TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".zip": "application/zip"}

REGEX = """
import re
from re import *
from re import Pattern, error


class Timed:
    def __init__(self, pattern):
        self._pattern = pattern

    def __getattr__(self, name):
        method = getattr(self._pattern, name)
        if not callable(method):
            return method
        return lambda *values, timeout=None, concurrent=None, **options: method(*values, **options)


def compile(pattern, flags=0, **options):
    return Timed(re.compile(pattern, flags))
"""


class Mirror:
    """The files that a page requests from Pyodide's distribution.

    Parameters
    ----------
    distribution
        The address that the page requests, with the version.
    """

    def __init__(self, distribution: str) -> None:
        self.distribution = distribution
        match = re.search(r"/v(\d+\.\d+\.\d+)/full/$", distribution)
        assert match, distribution
        self._folder = _npm_package(match[1])
        self.lock = json.loads((self._folder / "pyodide-lock.json").read_text())
        self._wheels = {
            "markupsafe": self._wheel(
                "markupsafe",
                {f"markupsafe/{name}": _source("markupsafe", name) for name in ("__init__.py", "_native.py")},
            ),
            "regex": self._wheel("regex", {"regex.py": REGEX}),
        }
        self.requested: list[str] = []

    def answer(self, route) -> None:
        """Answer one request of the page."""
        name = route.request.url.removeprefix(self.distribution)
        self.requested.append(name)
        wheels = {self.lock["packages"][package]["file_name"]: wheel for package, wheel in self._wheels.items()}
        if name == "pyodide-lock.json":
            body = json.dumps(self._lock_of_stand_ins()).encode()
        elif name in wheels:
            body = wheels[name]
        elif (self._folder / name).is_file():
            body = (self._folder / name).read_bytes()
        else:
            route.fulfill(status=404)
            return
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Content-Type": TYPES.get(Path(name).suffix, "application/octet-stream"),
        }
        route.fulfill(status=200, headers=headers, body=body)

    def _wheel(self, package: str, files: dict[str, str]) -> bytes:
        listed = self.lock["packages"][package]
        metadata = f"Metadata-Version: 2.1\nName: {listed['name']}\nVersion: {listed['version']}\n"
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
            archive.writestr(f"{package}-{listed['version']}.dist-info/METADATA", metadata)
        return stream.getvalue()

    def _lock_of_stand_ins(self) -> dict:
        lock = json.loads(json.dumps(self.lock))
        for package, wheel in self._wheels.items():
            lock["packages"][package]["sha256"] = hashlib.sha256(wheel).hexdigest()
        return lock


def _npm_package(version: str) -> Path:
    folder = user_cache_path("mfwidgets-tests", appauthor=False) / f"pyodide-{version}"
    package = folder / "node_modules" / "pyodide"
    if not (package / "pyodide.mjs").exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        assert npm
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"pyodide@{version}"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return package


def _source(package: str, name: str) -> str:
    spec = find_spec(package)
    assert spec
    assert spec.origin
    return Path(spec.origin).with_name(name).read_text()
