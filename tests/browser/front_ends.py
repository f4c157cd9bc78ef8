"""Servers of other front ends for a browser: marimo, Voila and nbclassic."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from .jupyterlab import free_port, wait_until_up


@contextmanager
def running(home: Path, *command: str, path: str = "", folder: Path | None = None, **environment: str):
    """Run a program of this Python that serves a page, and yield the address of the page.

    Parameters
    ----------
    home
        The folder for its settings and its log.
    *command
        The name of the module and its arguments. ``{port}`` becomes a free port.
    path
        The path of the page.
    folder
        The working folder of the program. None means that of this process.
    **environment
        More variables of its environment.
    """
    port = free_port()
    home.mkdir(exist_ok=True)
    places = {
        name: str(home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "XDG_CONFIG_HOME")
    }
    arguments = [part.format(port=port) for part in command]
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=os.environ | places | environment,
        )
    address = f"http://127.0.0.1:{port}/{path}"
    try:
        wait_until_up(address, process, home / "server.log")
        yield address
    finally:
        process.terminate()
        process.wait(60)
