"""Makes ``data/old/NAME.tar.gz`` and its answers: ``python tests/make_old_runs.py NAME INTERPRETER [REQUIREMENT ...]``.

NAME is a version of Metaflow, such as ``2.0.5``, or ``2.0.5-python2``. INTERPRETER is a Python that this version supports.
Real Metaflow of that version runs ``old_flows`` in a neutral folder, because it records paths and names. Then the present
Metaflow's client, in this Python, answers the questions of ``questions.py`` about the runs. The answers are the expected
values of ``client/test_old_versions.py``. The archives were made with:

    2.0.5-python2   Python 2.7    --no-deps click==7.1.2 requests==2.27.1 urllib3==1.26.18 chardet==4.0.0 idna==2.10
                                  certifi==2021.10.8 boto3==1.17.112 botocore==1.20.112 s3transfer==0.4.2 futures==3.3.0
                                  jmespath==0.10.0 six==1.16.0 python-dateutil==2.8.2
    2.0.5           Python 3.7    click==7.1.2 setuptools<60
    2.4.0           Python 3.8    click==7.1.2
    2.7.1           Python 3.9
    2.10.11         Python 3.10   setuptools<80
    2.12.4          Python 3.11   setuptools<80
    2.15.0          Python 3.11   setuptools<80
"""

import getpass
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from old_runs import DATA, FLOWS, Answers, answers_of

ROOM = Path(tempfile.gettempdir()) / "metaflow-old"
"""The folder where all runs were made. Tracebacks and records name it."""

LINES: list[tuple[str, dict[str, str], int]] = [
    ("shaky_flow.py run --tag nightly", {}, 0),
    ("towns_flow.py run --tag nightly", {"BREAK": "1"}, 1),
    ("towns_flow.py resume", {}, 0),
]


def main(name: str, python: str, *requirements: str) -> None:
    """Make the runs of a version, pack them, and ask Metaflow's client about them."""
    shutil.rmtree(ROOM, ignore_errors=True)
    ROOM.mkdir()
    metaflow = f"metaflow=={name.partition('-')[0]}"
    install = [python, "-m", "pip", "install", "--quiet", "--target", str(ROOM / "lib"), metaflow, *requirements]
    subprocess.run(install, check=True)
    for file in FLOWS.iterdir():
        shutil.copy(file, ROOM)
    environment = {
        "PATH": os.pathsep.join([str(Path(python).parent), os.defpath]),
        "HOME": str(ROOM / "home"),
        "METAFLOW_USER": "ann",
        "PYTHONPATH": str(ROOM / "lib"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    for line, more, exit_code in LINES:
        flow, *words = line.split()
        made = subprocess.run([python, flow, "--no-pylint", *words], cwd=ROOM, env=environment | more, check=False)
        if made.returncode != exit_code:
            raise SystemExit(f"{line} ended with {made.returncode}.")
    content = pack(ROOM)
    DATA.joinpath(f"{name}.tar.gz").write_bytes(content)
    answers = gzip.compress(json.dumps(ask(ROOM), indent=0, sort_keys=True).encode(), 9, mtime=0)
    DATA.joinpath(f"{name}.json.gz").write_bytes(answers)
    sys.stdout.write(f"{name}: {len(content):,} bytes of runs, {len(answers):,} bytes of answers\n")
    shutil.rmtree(ROOM)


def pack(folder: Path) -> bytes:
    """Return the ``.metaflow`` folder as an archive without owners and times, after a search for names of this machine."""
    packed = io.BytesIO()
    names = {getpass.getuser(), socket.gethostname(), str(Path.home())} - {"root", "ann"}
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(path for path in (folder / ".metaflow").rglob("*") if path.is_file()):
            content = file.read_bytes()
            plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            for name in names:
                assert name.encode() not in plain, f"{file} names {name}"
            if plain.startswith(b"\x1f\x8b"):
                continue  # a code package
            member = tarfile.TarInfo(str(file.relative_to(folder)))
            member.size, member.mtime, member.mode = len(content), 1_700_000_000, 0o644
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), 9, mtime=0)


def ask(folder: Path) -> Answers:
    """Return the answers of Metaflow's client about the runs of a folder."""
    import metaflow

    metaflow.metadata(f"local@{folder}")
    return answers_of(metaflow)


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    main(*sys.argv[1:])
