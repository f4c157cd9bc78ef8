"""Checks the distributions in a folder as a stranger meets them: sizes, content, and the wheel in a bare environment.

``make release-check`` builds them first. Nothing of the source tree is used but the quickstart notebook, as a copy.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

LARGEST = 3_000_000
"""Bytes of a distribution."""

NEEDED = {
    "py.typed",
    "data/sample.tar.gz",
    "render/templates/mfwidgets.css",
    "widgets/static/html_view.js",
    "widgets/static/log_lines.js",
}
"""What is no module, and is missed only when it is used."""

PLACED = (
    "etc/jupyter/jupyter_server_config.d/mfwidgets.json",
    "share/jupyter/labextensions/mfwidgets-sidebar/package.json",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/remoteEntry.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/sidebar.js",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/sidebar.css",
    "share/jupyter/labextensions/mfwidgets-sidebar/static/tree.js",
)
"""What lies outside the package, for JupyterLab and Jupyter Server; below an environment."""

CHOSEN = {
    *("mfwidgets", "jupyter-config", "tests", "notebooks", "docs", "release"),
    *(
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "README.md",
        "Makefile",
        "pyproject.toml",
        "PKG-INFO",
        ".gitignore",
    ),
}
"""What an archive of the source holds."""

NOTEBOOK = Path("notebooks/01_quickstart.ipynb")


def main(folder: Path) -> None:
    """Check what lies in a folder."""
    wheel, source = one(folder, "*.whl"), one(folder, "*.tar.gz")
    for file in (wheel, source):
        size = file.stat().st_size
        print(f"{file.name}: {size:,} bytes")
        expect(size < LARGEST, f"{file.name} has {size:,} bytes, more than {LARGEST:,}")
    check_wheel(wheel)
    check_source(source)
    with tempfile.TemporaryDirectory(prefix="mfwidgets-release-") as elsewhere:
        use(wheel, Path(elsewhere))
    print("The distributions are well.")


def one(folder: Path, pattern: str) -> Path:
    """Return the only file of a kind."""
    found = list(folder.glob(pattern))
    expect(len(found) == 1, f"{folder} holds {len(found)} files {pattern}")
    return found[0]


def check_wheel(wheel: Path) -> None:
    """Expect the package, all of it, and nothing else."""
    with ZipFile(wheel) as archive:
        names = {PurePosixPath(name) for name in archive.namelist()}
    tops = {name.parts[0] for name in names}
    strange = {top for top in tops if top != "mfwidgets" and not top.endswith((".dist-info", ".data"))}
    expect(not strange, f"{wheel.name} holds {', '.join(sorted(strange))}")
    here = {PurePosixPath(file.as_posix()) for file in Path("mfwidgets").rglob("*.py")}
    missing = (here | {PurePosixPath("mfwidgets") / name for name in NEEDED}) - names
    expect(not missing, f"{wheel.name} lacks {', '.join(map(str, sorted(missing)))}")


def check_source(source: Path) -> None:
    """Expect what was chosen."""
    with tarfile.open(source) as archive:
        tops = {PurePosixPath(name).parts[1] for name in archive.getnames() if "/" in name}
    expect(tops <= CHOSEN, f"{source.name} holds {', '.join(sorted(tops - CHOSEN))}")
    expect(tops >= CHOSEN - {".gitignore"}, f"{source.name} lacks {', '.join(sorted(CHOSEN - tops))}")


def use(wheel: Path, elsewhere: Path) -> None:
    """Install the wheel where nothing else is, ask the sample something, and run the quickstart."""
    venv.create(elsewhere / "venv", with_pip=True)
    scripts = elsewhere / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("METAFLOW_", "PYTHON"))}
    # The pip configuration of this machine may lie in its home folder, which stays.
    environ |= {"XDG_CACHE_HOME": str(elsewhere / "cache"), "IPYTHONDIR": str(elsewhere / "ipython")}

    def run(*words: str | Path) -> str:
        made = subprocess.run(
            [scripts / words[0], *words[1:]],
            cwd=elsewhere,
            env=environ,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        expect(made.returncode == 0, f"{' '.join(map(str, words))} ended with {made.returncode}:\n{made.stderr}")
        return made.stdout

    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel.resolve())
    version = wheel.name.split("-")[1]
    for file in PLACED:
        expect((elsewhere / "venv" / file).is_file(), f"the wheel did not put {file} where Jupyter looks for it")
    expect(run("mfwidgets", "--version").strip() == f"mfwidgets {version}", "the program tells another version")
    expect(run("python", "-m", "mfwidgets", "--version").strip() == f"mfwidgets {version}", "so does the module")
    expect(
        '"status": "failed"' in run("python", "-m", "mfwidgets", "--sample", "ForecastFlow/latest~1", "--json"), "no"
    )
    expect("✗ failed" in run("mfwidgets", "--sample", "why", "ForecastFlow/latest~1"), "the sample does not show")
    run("python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "nbconvert", "ipykernel")
    expect("metaflow" not in run("python", "-m", "pip", "list").split(), "metaflow was installed as well")
    (elsewhere / NOTEBOOK.name).write_bytes(NOTEBOOK.read_bytes())
    run("jupyter", "nbconvert", "--log-level=ERROR", "--execute", "--to", "html", NOTEBOOK.name)
    page = (elsewhere / NOTEBOOK.name).with_suffix(".html").read_text(encoding="utf-8")
    expect("mfwidgets" in page and "ForecastFlow" in page, "the quickstart shows nothing")
    print("The wheel, installed alone: the program answers, the quickstart runs.")


def expect(well: bool, trouble: str) -> None:  # noqa: FBT001 - as assert takes it
    """End with what is wrong."""
    if not well:
        sys.exit(f"release-check: {trouble}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
