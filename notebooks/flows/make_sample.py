"""Adds runs to ``mfwidgets/data/sample.tar.gz``: real Metaflow runs the flows in this folder (``make sample``).

Examples in the documentation name runs by id and show their values. So the runs in the archive stay as they are, byte
for byte. Only flows without a run in the archive are run. To add a flow, write its file and append its runs to ``RUNS``.
To make the runs of a flow again, name it: ``make_sample.py TuningFlow``. Then run the notebooks again, and correct the
examples that name its runs.

Everything runs in one neutral folder with a neutral environment, because Metaflow writes paths and names into what it
records. At the end, the archive is searched for names of this machine and its user. The runs take three minutes.
"""

import getpass
import gzip
import io
import os
import random
import re
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


def tuning() -> list[tuple[str, str, str, dict[str, str], bool]]:
    """Return the runs of TuningFlow: a random search, with a run that lacked space on the disk and was resumed."""
    rng = random.Random(21)
    runs = []
    for number in range(39):
        rate = float(f"{10 ** rng.uniform(-3.5, -0.2):.2g}")
        depth, optimizer = rng.randint(1, 4), rng.choice(["adam", "adam", "sgd", "sgd", "rmsprop"])
        parameters = f"--learning_rate {rate} --depth {depth} --optimizer {optimizer} --seed {rng.randint(1, 5)}"
        branch = "--production" if number % 3 else "--branch deep" if depth > 2 else ""
        tags = "--tag nightly" * (number % 3 > 0) + " --tag candidate" * (number in CANDIDATES)
        full = number == DISK_FULL
        diverges = optimizer == "sgd" and rate * depth > 1
        runs.append(
            ("ann", "tuning_flow.py", f"{branch} run {parameters} {tags}", {"DISK_FULL": "1"} if full else {}, not (full or diverges))
        )
        if full:
            runs.append(("ann", "tuning_flow.py", f"{branch} resume {tags} --tag repaired", {}, True))
    return runs


CANDIDATES = {2, 3, 13, 24, 37}
"""The runs with the smallest errors."""

DISK_FULL = 20

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
    *tuning(),
    ("ann", "sweep_flow.py", "run --max-workers 4 --tag sweep", {}, False),
    ("ann", "sweep_flow.py", "run --max-workers 4 --tag sweep", {"LENIENT": "1"}, True),
]


def main(again: list[str]) -> None:
    """Make the runs that the archive does not have, and those of the flows in ``again``, and pack all."""
    shutil.rmtree(MAKE_IN, ignore_errors=True)
    MAKE_IN.mkdir()
    if TARGET.exists():
        with tarfile.open(TARGET) as archive:
            archive.extractall(MAKE_IN, filter="data")
    for name in again:
        shutil.rmtree(MAKE_IN / ".metaflow" / name)
        shutil.rmtree(MAKE_IN / ".metaflow" / "mf.cards" / name, ignore_errors=True)
    packed = {path.name for path in (MAKE_IN / ".metaflow").glob("*Flow")}
    # Tracebacks name the files of metaflow: seen through this link they name no environment of anybody.
    (MAKE_IN / "lib").symlink_to(Path(metaflow.__file__).parents[1])
    for flow in FLOWS.glob("*_flow.py"):
        shutil.copy(flow, MAKE_IN)
    for user, flow, arguments, extra, should_succeed in RUNS:
        if flow_name(flow) not in packed:
            run(user, flow, arguments, extra, should_succeed)
    content = pack(MAKE_IN)
    check_neutral(content)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_bytes(content)
    with tarfile.open(TARGET) as archive:
        files = [member.size for member in archive if member.isfile()]
    print(f"{TARGET.name}: {len(content):,} bytes, {len(files):,} files of {sum(files):,} bytes")
    shutil.rmtree(MAKE_IN)


def flow_name(script: str) -> str:
    """Return the name of the flow in a script: the class that derives from FlowSpec."""
    return re.findall(r"^class (\w+)\(FlowSpec\)", (FLOWS / script).read_text(encoding="utf-8"), re.MULTILINE)[0]


def run(user: str, flow: str, arguments: str, extra: dict[str, str], should_succeed: bool) -> None:
    """Run a flow as a user in the neutral folder. Stop if it does not end as it should."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(MAKE_IN / "home"),
        "METAFLOW_HOME": str(MAKE_IN / "home"),
        "METAFLOW_USER": user,
        "PYTHONPATH": str(MAKE_IN / "lib"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        **extra,
    }
    print(user, flow, arguments, flush=True)
    made = subprocess.run(
        [sys.executable, flow, *arguments.split()], cwd=MAKE_IN, env=environment, capture_output=True, text=True
    )
    if (made.returncode == 0) != should_succeed:
        raise SystemExit(made.stdout + made.stderr)


def pack(root: Path) -> bytes:
    """Return the ``.metaflow`` folder and the flows as an archive without owners and times."""

    def neutral(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = member.mtime = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(root / ".metaflow", ".metaflow", filter=neutral)
        for flow in sorted(root.glob("*_flow.py")):
            archive.add(flow, flow.name, filter=neutral)
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
    main(sys.argv[1:])
