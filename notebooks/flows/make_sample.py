"""Makes ``mfwidgets/data/sample.tar.gz``: real Metaflow runs the flows beside this file (``make sample``).

Everything runs in one neutral folder with a neutral environment, because Metaflow writes paths and names into what it
records; at the end the archive is searched for whatever names this machine and its user.
"""

import getpass
import gzip
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import metaflow

FLOWS = Path(__file__).parent
TARGET = FLOWS.parents[1] / "mfwidgets" / "data" / "sample.tar.gz"
MAKE_IN = Path(tempfile.gettempdir()) / "metaflow-sample"
LIMIT = 2_000_000

# (user, flow file, arguments, environment, should succeed)
RUNS = [
    ("ann", "hello_flow.py", "run --tag tutorial", {}, True),
    ("bob", "hello_flow.py", "run --greeting Servus", {}, True),
    ("ann", "forecast_flow.py", "run --alpha 0.1 --tag experiment:baseline", {}, True),
    ("ann", "forecast_flow.py", "run --alpha 0.5 --tag experiment:alpha", {}, True),
    ("bob", "forecast_flow.py", "run --season False --tag experiment:no-season", {}, True),
    ("ann", "forecast_flow.py", "run --tag experiment:alpha --tag nightly", {"BROKEN_SENSOR": "1"}, False),
    ("ann", "forecast_flow.py", "resume --tag experiment:alpha --tag repaired", {}, True),
    ("ann", "import_flow.py", "run --tag nightly", {}, True),
    ("bob", "import_flow.py", "run --tag nightly", {"OUTAGE": "1"}, True),
    ("ann", "import_flow.py", "run --tag nightly", {"OUTAGE": "3"}, False),
    ("ann", "report_flow.py", "run", {}, True),
    ("ann", "hello_flow.py", "run --greeting Grüezi", {}, True),
]


def main() -> None:
    """Make the runs and pack them."""
    shutil.rmtree(MAKE_IN, ignore_errors=True)
    MAKE_IN.mkdir()
    # Tracebacks name the files of metaflow: seen through this link they name no environment of anybody.
    (MAKE_IN / "lib").symlink_to(Path(metaflow.__file__).parents[1])
    for flow in FLOWS.glob("*_flow.py"):
        shutil.copy(flow, MAKE_IN)
    for user, flow, arguments, extra, should_succeed in RUNS:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(MAKE_IN / "home"),
            "METAFLOW_HOME": str(MAKE_IN / "home"),
            "METAFLOW_USER": user,
            "PYTHONPATH": str(MAKE_IN / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **extra,
        }
        print(user, flow, arguments)
        made = subprocess.run(
            [sys.executable, flow, *arguments.split()], cwd=MAKE_IN, env=environment, capture_output=True, text=True
        )
        if (made.returncode == 0) != should_succeed:
            raise SystemExit(made.stdout + made.stderr)
    content = pack(MAKE_IN)
    check_neutral(content)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(content):,} bytes")
    shutil.rmtree(MAKE_IN)


def pack(root: Path) -> bytes:
    """Return the ``.metaflow`` folder as an archive without owners and times."""

    def neutral(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(root / ".metaflow", ".metaflow", filter=neutral)
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def check_neutral(content: bytes) -> None:
    """Refuse an archive that is too large, or that holds a name of this machine, of its user or of their folders."""
    if len(content) > LIMIT:
        raise SystemExit(f"The archive has {len(content):,} bytes, {LIMIT:,} are the limit.")
    names = {str(Path.home()), str(FLOWS), sys.prefix, sys.base_prefix, socket.gethostname(), f"user:{getpass.getuser()}"}
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            raw = stream.read() if stream else b""
            if raw[:2] == b"\x1f\x8b":
                raw = gzip.decompress(raw)
            found = [name for name in names if len(name) > 2 and name.encode() in raw]
            if found:
                raise SystemExit(f"{member.name} holds {found}")


if __name__ == "__main__":
    main()
