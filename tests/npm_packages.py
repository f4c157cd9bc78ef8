"""Packages of npm for tests, installed once into the user's cache folder."""

import shutil
import subprocess
from pathlib import Path

from platformdirs import user_cache_path


def has_npm() -> bool:
    """Return whether npm is installed."""
    return shutil.which("npm") is not None


def npm_file(package: str, version: str, file: str) -> Path:
    """Return a file of a package, such as a program in ``../.bin``. Install the package if it is missing.

    Parameters
    ----------
    package
        The name of the package.
    version
        Its version. Another version is another folder.
    file
        The path of the file inside the package.
    """
    folder = user_cache_path("mfwidgets-tests", appauthor=False) / f"{package.rpartition('/')[2]}-{version}"
    found = folder / "node_modules" / package / file
    if not found.exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = shutil.which("npm")
        assert npm
        install = [npm, "install", "--no-audit", "--no-fund", f"{package}@{version}"]
        subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return found
