"""A real run that waits until a test lets it continue, for tests of watching and following."""

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from waiting import PATIENCE_S

WAITING = """
import os, time
from metaflow import FlowSpec, step

class WaitingFlow(FlowSpec):
    @step
    def start(self):
        print("begins", flush=True)
        while not os.path.exists("go"):
            time.sleep(0.05)
        print("ends", flush=True)
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    WaitingFlow()
"""
"""The default flow. Any flow is possible whose first task waits for a file named ``go``."""


@dataclass(frozen=True)
class RunningFlow:
    """A running run.

    Attributes
    ----------
    folder
        The folder that contains its ``.metaflow``.
    task
        The pathspec of its first task, which waits.
    process
        The process of the run.
    """

    folder: Path
    task: str
    process: subprocess.Popen

    @property
    def run(self) -> str:
        """The pathspec of the run."""
        return "/".join(self.task.split("/")[:2])

    def go(self) -> None:
        """Let the first task continue."""
        (self.folder / "go").touch()

    def log(self, text: str) -> None:
        """Write the task's output so far to its log with Metaflow's own helpers, as in a container."""
        printed = self.folder / "printed"
        printed.mkdir(exist_ok=True)
        for name in ("stdout", "stderr"):
            (printed / name).write_bytes(b"")
        environment = os.environ | {
            "MFLOG_STDOUT": str(printed / "stdout"),
            "MFLOG_STDERR": str(printed / "stderr"),
            "MF_PATHSPEC": self.task,
            "MF_DATASTORE": "local",
            "MF_DATASTORE_ROOT": str(self.folder / ".metaflow"),
            "MF_ATTEMPT": "0",
        }
        decorate = [sys.executable, "-m", "metaflow.mflog.tee", "task", str(printed / "stdout")]
        subprocess.run(decorate, input=text.encode(), env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([sys.executable, "-m", "metaflow.mflog.save_logs"], env=environment, check=True, cwd=self.folder)


@contextmanager
def running_flow(folder: Path, source: str = WAITING):
    """Run a flow in a folder. It has started when this yields, and has ended after the block."""
    (folder / "waiting_flow.py").write_text(source)
    name = re.search(r"class (\w+)\(FlowSpec\)", source)[1]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "waiting_flow.py", "run"], cwd=folder, stdout=output, stderr=output, env=os.environ
        )
    try:
        while not (begun := list(folder.glob(f".metaflow/{name}/*/start/1/_meta/sysmeta_attempt_*.json"))):
            assert process.poll() is None, (folder / "output").read_text()
            time.sleep(0.1)
        yield RunningFlow(folder, "/".join(begun[0].parts[-6:-2]), process)
    finally:
        (folder / "go").touch()
        process.wait(PATIENCE_S)
