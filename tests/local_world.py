"""Writes local ``.metaflow`` folders by hand, with names and files that Metaflow would never write."""

import contextlib
import gzip
import hashlib
import io
import json
import os
import pickle
import socket
import tarfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pickle_bombs import glob, text

CREATED_MS = 1735689600000
"""Milliseconds since the epoch."""

MB = 2**20


def write_json(file: Path, content: Any) -> None:
    """Write a JSON file, with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


class World:
    """A folder that holds a ``.metaflow``: ``base`` is the folder of ``local@``, ``root`` is its ``.metaflow``.

    A name can be any file name.
    """

    def __init__(self, base: Path) -> None:
        self.base = Path(base)
        self.root = self.base / ".metaflow"
        self.root.mkdir(parents=True, exist_ok=True)

    def _self(self, folder: Path, **more: Any) -> None:
        entry = {"ts_epoch": CREATED_MS, "user_name": "ann", "tags": [], "system_tags": ["user:ann"], **more}
        write_json(folder / "_meta" / "_self.json", entry)

    def flow(self, flow: str) -> None:
        """Make a flow."""
        self._self(self.root / flow)

    def run(self, flow: str, run: str = "1", tags: Iterable[str] = (), **more: Any) -> None:
        """Make a run with its ``_parameters``, and its flow if it is missing."""
        if not (self.root / flow / "_meta").exists():
            self.flow(flow)
        folder = self.root / flow / run
        self._self(folder, tags=list(tags), **more)
        self._self(folder / "_parameters")
        self._self(folder / "_parameters" / "0")

    def task(self, flow: str, run: str = "1", step: str = "start", task: str = "1", *, ok: bool = True) -> Path:
        """Make a task that is over, and its missing parents; return its folder."""
        if not (self.root / flow / run / "_meta").exists():
            self.run(flow, run)
        self._self(self.root / flow / run / step)
        folder = self.root / flow / run / step / task
        self._self(folder)
        fields = {
            "attempt": "0",
            "attempt-done": "0",
            "attempt_ok": str(ok),
            "ds-type": "local",
            "ds-root": str(self.root),
        }
        for field, value in fields.items():
            self.event(flow, run, step, task, field, value)
        if not (folder / "0.data.json").exists():
            write_json(folder / "0.data.json", {"objects": {}, "info": {}})
        (folder / "0.DONE.lock").write_text("")
        return folder

    def event(self, flow: str, run: str, step: str, task: str, field: str, value: Any, kind: str = "") -> None:
        """Write a metadata event of a task."""
        entry = {
            "ts_epoch": CREATED_MS,
            "field_name": field,
            "type": kind or field,
            "value": value,
            "tags": ["attempt_id:0"],
            "user_name": "ann",
        }
        write_json(self.root / flow / run / step / task / "_meta" / f"sysmeta_{field}_{CREATED_MS}.json", entry)

    def artifact(  # noqa: PLR0913 - each is optional
        self,
        where: str,
        name: str,
        value: Any = None,
        *,
        content: bytes | None = None,
        stored: bytes | None = None,
        size: int | None = None,
        kind: str = "object",
        sha: str = "",
        encoding: str = "gzip+pickle-v4",
        location: str = "",
    ) -> Path:
        """Write an artifact of the task at ``where`` (``flow/run/step/task``); return the file of its content.

        ``content`` is its pickle, ``stored`` the bytes in the datastore, ``size`` the recorded size. What is not
        passed follows from the others.
        """
        if content is None:
            content = pickle.dumps(value, 4)
        folder = self.root / where
        sha = sha or hashlib.sha1(content).hexdigest()
        blob = self.root / where.split("/", maxsplit=1)[0] / "data" / sha[:2] / sha
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(gzip.compress(content, 1) if stored is None else stored)
        entry = {
            "ts_epoch": CREATED_MS,
            "name": name,
            "sha": sha,
            "content_type": encoding,
            "ds_type": "local",
            "location": location or f":root:{self.root}",
            "type": kind,
            "attempt_id": 0,
            "tags": ["attempt_id:0"],
            "user_name": "ann",
            "system_tags": [],
        }
        write_json(folder / "_meta" / f"0_artifact_{name}.json", entry)
        data = folder / "0.data.json"
        known = json.loads(data.read_text()) if data.exists() else {"objects": {}, "info": {}}
        known["objects"][name] = sha
        recorded = len(content) if size is None else size
        known["info"][name] = {"size": recorded, "type": f"<class '{kind}'>", "encoding": encoding}
        write_json(data, known)
        return blob

    def parameter(self, flow: str, name: str, value: Any = None, **more: Any) -> None:
        """Write a parameter of run 1, as the newest Metaflow does: an artifact, and its name in the graph."""
        where = f"{flow}/1/_parameters/0"
        self.task(flow, "1", "_parameters", "0")
        self.artifact(where, name, value, **more)
        steps = {"start": {"name": "start", "type": "start", "next": ["end"]}}
        self.artifact(where, "_graph_info", {"parameters": [{"name": name}], "steps": steps})

    def log(self, where: str, content: str, stream: str = "stdout") -> None:
        """Write the log of a task."""
        (self.root / where / f"0.task_{stream}.log").write_text(content)

    def card(self, where: str, name: str, html: str, number: int = 0) -> None:
        """Write a card of a task."""
        flow, run, step, task = where.split("/")
        folder = self.root / "mf.cards" / flow / "runs" / run / "steps" / step / "tasks" / task / "cards"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"default-{name}-{number:02x}ab.html").write_text(html)

    def package(self, where: str, content: bytes) -> None:
        """Add a code package to a task."""
        sha = hashlib.sha1(content).hexdigest()
        flow, run, step, task = where.split("/")
        file = self.root / flow / "data" / sha[:2] / sha
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        record = {"location": str(file), "sha": sha, "ds_type": "local"}
        self.event(flow, run, step, task, "code-package", json.dumps(record))


# --- special files ---------------------------------------------------------------------------------------------------


def _sparse(file: Path) -> None:
    with file.open("wb") as opened:
        opened.truncate(5 * 2**30)


def _socket(file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, contextlib.chdir(file.parent):  # the path itself is too long
        server.bind(file.name)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "zero": lambda file: file.symlink_to("/dev/zero"),
    "sparse": _sparse,
    "folder": lambda file: file.mkdir(),
    "loop": lambda file: file.symlink_to(file),
    "socket": _socket,
    "deep": lambda file: file.write_text("[" * 100_000),
}
"""Replacements of a file: nobody writes to the FIFO, the sparse file has 5 GiB, the JSON 100,000 levels."""


def instead(file: Path, special: str) -> None:
    """Replace a file by a special one."""
    if file.exists() or file.is_symlink():
        file.unlink()
    file.parent.mkdir(parents=True, exist_ok=True)
    SPECIAL[special](file)


# --- included files --------------------------------------------------


def packed_zeros(megabytes: int, head: bytes = b"", tail: bytes = b"", fill: bytes = b"\0") -> bytes:
    """Return a gzip of ``head``, this many mebibytes of one byte, and ``tail``."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = [packer.compress(head)]
    packed += [packer.compress(fill * MB) for _ in range(megabytes)]
    return b"".join([*packed, packer.compress(tail), packer.flush()])


def included(descriptor: Any) -> bytes:
    """Return the pickle of an ``IncludedFile`` with that descriptor."""
    body = pickle.dumps(descriptor, 3)[2:-1]
    return b"\x80\x04" + glob("metaflow.includefile", "IncludedFile") + b")\x81}" + text("_descriptor") + body + b"sb."


def descriptor(base: Path, **changed: Any) -> dict[str, Any]:
    """Return the descriptor of an uploaded file, with some of its entries changed."""
    plain = {"type": "uploader-v1", "sub-type": "uploaded", "is_text": True, "encoding": "utf-8", "size": 10}
    return {**plain, "url": f"local://{base}/{'a' * 40}", **changed}


def stored_file(base: Path, content: bytes = b"hello", **changed: Any) -> dict[str, Any]:
    """Store a file as Metaflow does, and return its descriptor, with some of its entries changed."""
    sha = hashlib.sha1(content).hexdigest()
    (base / sha).write_bytes(gzip.compress(content))
    return descriptor(base, url=f"local://{base}/{sha}", **changed)


# --- code packages ---------------------------------------------------------------------------------------------------

INFO = {"script": "flow.py", "python_version": "3", "metaflow_version": "x"}

Member = tuple[str | tarfile.TarInfo, bytes | None]


def member(name: str, kind: bytes, link: str = "", **more: Any) -> Member:
    """Return a member that is not a file: a link, a device."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    for key, value in more.items():
        setattr(made, key, value)
    return made, None


def package(members: Iterable[Member], info: Any = INFO, **more: Any) -> bytes:
    """Return a packed code package. ``info`` None leaves INFO out; bytes are written unchanged."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w:gz", **more) as archive:
        if info is not None:
            members = [("INFO", info if isinstance(info, bytes) else json.dumps(info).encode()), *members]
        for name, content in members:
            made = tarfile.TarInfo(name) if isinstance(name, str) else name
            if content is not None:
                made.size = len(content)
            archive.addfile(made, io.BytesIO(content) if content is not None else None)
    return written.getvalue()


def package_bomb(name: str, megabytes: int, kind: bytes = b"0") -> bytes:
    """Return a package whose one member is said to have 1.5 GB: a file, or the header of one (``x`` of PAX, ``L`` a name).

    ``megabytes`` of it are there.
    """
    info = gzip.decompress(package([]))[:1024]
    header = tarfile.TarInfo(name)
    header.size, header.type = 1500 * MB, kind
    return packed_zeros(megabytes, info + header.tobuf(tarfile.GNU_FORMAT), b"\0" * 1024)


def many_members(count: int) -> bytes:
    """Return a code package with this many empty files of different names."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    plain = gzip.decompress(package([("flow.py", b"x")]))[:2048]
    header = bytearray(tarfile.TarInfo("f0000000.py").tobuf(tarfile.USTAR_FORMAT))
    zeros = sum(b"0000000")
    total = int(header[148:154], 8)
    packed = [packer.compress(plain)]
    for number in range(count):
        digits = b"%07d" % number
        header[1:8] = digits
        header[148:156] = b"%06o\0 " % (total - zeros + sum(digits))
        packed.append(packer.compress(bytes(header)))
    return b"".join([*packed, packer.compress(b"\0" * 1024), packer.flush()])
