"""Packs mfwidgets and the pure Python packages that it needs, for the page that runs it in the browser.

Nothing is fetched: the packages are those of the environment that builds the documentation. Compiled packages come from
Pyodide's own distribution when a reader starts the page.
"""

import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

from sphinx.application import Sphinx

import mfwidgets

PACKAGES = (
    "anywidget",
    "asttokens",
    "comm",
    "executing",
    "ipython",
    "ipython-pygments-lexers",
    "ipywidgets",
    "jinja2",
    "matplotlib-inline",
    "platformdirs",
    "prompt-toolkit",
    "psygnal",
    "pure-eval",
    "pygments",
    "rich",
    "stack-data",
    "tqdm",
    "traitlets",
    "typing-extensions",
    "wcwidth",
)
"""The packages in the archive: what mfwidgets imports to show the sample."""

COMPILED = ("markupsafe", "pandas", "regex")
"""The packages that a page loads from Pyodide's distribution."""

ARCHIVE = PurePosixPath("_static", "browser", "packages.zip")
"""The place of the archive in the built documentation."""

_SUFFIXES = {".py", ".js", ".css", ".json", ".typed"}


def write_archive(target: Path) -> int:
    """Write the archive. Return its size in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, name in _files():
            archive.write(path, str(name))
    return target.stat().st_size


def _files() -> Iterator[tuple[Path, PurePosixPath]]:
    package = Path(mfwidgets.__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path, PurePosixPath(package.name, *path.relative_to(package).parts)
    for package_name in PACKAGES:
        installed = distribution(package_name)
        for file in sorted(installed.files or ()):
            path = Path(str(installed.locate_file(file)))
            if path.is_file() and _is_needed(file):
                yield path, file


def _is_needed(file: PurePosixPath) -> bool:
    if file.parts[0] in {"..", "etc", "share"}:  # programs and settings for other places
        return False
    if file.parts[0].endswith(".dist-info"):
        return file.name in {"METADATA", "entry_points.txt"} or "licen" in str(file).lower()
    return file.suffix in _SUFFIXES


def _write(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        write_archive(Path(app.outdir, *ARCHIVE.parts))


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the archive after the pages."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
