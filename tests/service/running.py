"""Runs the metadata service of the tests for the time of a block."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVER = Path(__file__).parent / "server.py"
TABLES = Path(__file__).parents[1] / "data" / "service" / "tables.json.gz"


@dataclass(frozen=True)
class Running:
    """A running service."""

    url: str
    process: subprocess.Popen[str] = field(compare=False, repr=False)

    def stop(self) -> None:
        """Stop the service."""
        self.process.terminate()
        self.process.wait(30)

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the last reset."""
        return self._control("requests")

    def load(self) -> tuple[int, int]:
        """Return the number of requests in flight, and the largest number since the last reset."""
        now, maximum = self._control("load")
        return now, maximum

    def was_asked(self, word: str) -> bool:
        """Return whether the path of a request since the last reset contains a word."""
        return any(word in request["path"] for request in self.requests())

    def reset(self) -> None:
        """Forget the requests."""
        self._control("reset")

    def latency(self, seconds: float) -> None:
        """Delay each response by this time."""
        self._control("latency", {"seconds": seconds})

    def faults(self, faults: list[dict[str, Any]]) -> None:
        """Let requests fail. A fault has ``match``, ``times`` (None: always), and ``status`` or ``kind``."""
        self._control("faults", faults)

    def _control(self, what: str, given: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_test/{what}", json.dumps(given).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)


@contextmanager
def running(
    *,
    release: str = "head",
    tables: Path | None = None,
    store: Path | None = None,
    latency: float = 0.0,
    costs: bool = False,
    port: int = 0,
) -> Iterator[Running]:
    """Run a service, initially with these rows. ``store`` is a file that keeps its rows for the next time.

    ``port`` is that of a service that has stopped, to start it again. With ``costs`` it takes as long as a real service.
    """
    options = ["--release", release, "--latency", str(latency), "--port", str(port)]
    options += ["--tables", str(tables)] if tables else []
    options += ["--store", str(store)] if store else []
    options += ["--costs"] if costs else []
    process = subprocess.Popen([sys.executable, str(SERVER), *options], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the service did not start: see its output above"
        yield Running(url, process)
    finally:
        process.terminate()
        try:
            process.wait(30)
        finally:
            process.kill()
            process.stdout.close()
