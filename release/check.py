"""Checks the distributions in a folder: their sizes, their content, and the wheel in an empty environment.

``make release-check`` builds them first. The only file used from the source tree is a copy of the quickstart notebook.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

MAX_BYTES = 6_000_000
"""The largest allowed size of a distribution. The source has recorded runs of old versions of Metaflow, and notebooks with outputs."""

DATA_FILES = {
    "py.typed",
    "data/sample.tar.gz",
    "render/templates/mfwidgets.css",
    "widgets/static/watch.js",
    "widgets/static/log_lines.js",
}
"""Files of the wheel that are not modules. Tests of the source tree would not miss them."""

SHARED_FILES = (
    "etc/jupyter/jupyter_server_config.d/mfwidgets.json",
    "share/jupyter/labextensions/mfwidgets-sidebar/package.json",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/remoteEntry.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/sidebar.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/sidebar.css",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/tree.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/preview.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/explorer_tab.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/schemas/mfwidgets-sidebar/plugin.json",
)
"""Files for JupyterLab and Jupyter Server, relative to the environment."""

SOURCE_ENTRIES = {
    *("mfwidgets", "jupyter-config", "tests", "notebooks", "docs", "release"),
    *(
        "AGENTS.md",
        "CHANGELOG.md",
        "CITATION.cff",
        "CODE_OF_CONDUCT.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "SECURITY.md",
        "Makefile",
        "pyproject.toml",
        "PKG-INFO",
        ".gitignore",
    ),
}
"""The top-level files and folders of the source archive."""

NOTEBOOK = Path("notebooks/01_quickstart.ipynb")


def main(folder: Path) -> None:
    """Check the distributions in a folder."""
    wheel, source = only_file(folder, "*.whl"), only_file(folder, "*.tar.gz")
    for file in (wheel, source):
        size = file.stat().st_size
        print(f"{file.name}: {size:,} bytes")
        expect(size < MAX_BYTES, f"{file.name} has {size:,} bytes, more than {MAX_BYTES:,}")
    check_wheel(wheel)
    check_source(source)
    with tempfile.TemporaryDirectory(prefix="mfwidgets-release-") as temporary:
        use(wheel, Path(temporary))
    print("The distributions are correct.")


def only_file(folder: Path, pattern: str) -> Path:
    """Return the only file that matches a pattern."""
    files = list(folder.glob(pattern))
    expect(len(files) == 1, f"expected one file {pattern} in {folder}, got {len(files)}")
    return files[0]


def check_wheel(wheel: Path) -> None:
    """Expect the whole package and nothing else."""
    with ZipFile(wheel) as archive:
        names = {PurePosixPath(name) for name in archive.namelist()}
    tops = {name.parts[0] for name in names}
    unexpected = {top for top in tops if top != "mfwidgets" and not top.endswith((".dist-info", ".data"))}
    expect(not unexpected, f"{wheel.name} contains {', '.join(sorted(unexpected))}")
    here = {PurePosixPath(file.as_posix()) for file in Path("mfwidgets").rglob("*.py")}
    missing = (here | {PurePosixPath("mfwidgets") / name for name in DATA_FILES}) - names
    expect(not missing, f"{wheel.name} lacks {', '.join(map(str, sorted(missing)))}")


def check_source(source: Path) -> None:
    """Expect exactly the listed files and folders."""
    with tarfile.open(source) as archive:
        tops = {PurePosixPath(name).parts[1] for name in archive.getnames() if "/" in name}
    expect(tops <= SOURCE_ENTRIES, f"{source.name} contains {', '.join(sorted(tops - SOURCE_ENTRIES))}")
    missing = SOURCE_ENTRIES - tops - {".gitignore"}
    expect(not missing, f"{source.name} lacks {', '.join(sorted(missing))}")


def use(wheel: Path, folder: Path) -> None:
    """Install the wheel in an empty environment, read the sample with it, and run the quickstart."""
    venv.create(folder / "venv", with_pip=True)
    scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("METAFLOW_", "PYTHON"))}
    # HOME stays as it is: it may hold the pip configuration of this machine.
    environ |= {"XDG_CACHE_HOME": str(folder / "cache"), "IPYTHONDIR": str(folder / "ipython")}

    def run(*words: str | Path) -> str:
        process = subprocess.run(
            [scripts / words[0], *words[1:]],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        expect(process.returncode == 0, f"{' '.join(map(str, words))} returned {process.returncode}:\n{process.stderr}")
        return process.stdout

    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel.resolve())
    version = wheel.name.split("-")[1]
    for file in SHARED_FILES:
        expect((folder / "venv" / file).is_file(), f"the wheel did not put {file} where Jupyter looks for it")
    expect(run("mfwidgets", "--version").strip() == f"mfwidgets {version}", "the program prints another version")
    expect(
        run("python", "-m", "mfwidgets", "--version").strip() == f"mfwidgets {version}",
        "the module prints another version",
    )
    expect(
        '"status": "failed"' in run("python", "-m", "mfwidgets", "--sample", "ForecastFlow/latest~1", "--json"),
        "--json does not print the status",
    )
    expect(
        "✗ failed" in run("mfwidgets", "--sample", "why", "ForecastFlow/latest~1"),
        "why does not show the failed sample run",
    )
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nbconvert", "ipykernel")
    expect("metaflow" not in run("python", "-m", "pip", "list").split(), "metaflow was installed too")
    (folder / NOTEBOOK.name).write_bytes(NOTEBOOK.read_bytes())
    run("jupyter", "nbconvert", "--log-level=ERROR", "--execute", "--to", "html", NOTEBOOK.name)
    page = (folder / NOTEBOOK.name).with_suffix(".html").read_text(encoding="utf-8")
    expect("mfwidgets" in page and "ForecastFlow" in page, "the quickstart shows nothing")
    print("In an empty environment, the program and the quickstart run.")


def expect(condition: bool, message: str) -> None:  # noqa: FBT001 - like assert
    """Exit with a message if a condition is false."""
    if not condition:
        sys.exit(f"release-check: {message}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
