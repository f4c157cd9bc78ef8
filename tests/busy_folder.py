"""Writes local runs with given times and outcomes, for displays of many flows: a few small files for each run."""

import gzip
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

from pickle_bombs import PROTOCOL, glob

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000

GRAPH = {
    "start": {"name": "start", "type": "start", "next": ["fit"]},
    "fit": {"name": "fit", "type": "linear", "next": ["end"]},
    "end": {"name": "end", "type": "end", "next": []},
}
WIDE = GRAPH | {
    "start": {"name": "start", "type": "split-foreach", "next": ["fit"], "matching_join": "join"},
    "fit": {"name": "fit", "type": "linear", "next": ["join"]},
    "join": {"name": "join", "type": "join", "next": ["end"]},
}


def exception_pickle(kind: str, message: str, file: str = "/home/ann/train_flow.py", line: int = 33) -> bytes:
    """Return a recorded exception as Metaflow pickles it."""
    trace = f'Traceback (most recent call last):\n  File "{file}", line {line}, in fit\n    raise {kind}\n{kind}: {message}\n'
    facts = {"type": kind, "exception": message, "stacktrace": trace}
    state = b"".join(_text(name) + _text(fact) for name, fact in facts.items())
    return PROTOCOL + glob("metaflow.exception", "MetaflowExceptionWrapper") + b"N\x85R}(" + state + b"ub."


def _text(content: str) -> bytes:
    written = content.encode("utf-8", "surrogatepass")
    return b"X" + len(written).to_bytes(4, "little") + written


class BusyFolder:
    """A folder that holds a ``.metaflow``: ``base`` is the folder of ``local@``, ``root`` is its ``.metaflow``."""

    def __init__(self, base: Path) -> None:
        self.base, self.root = Path(base), Path(base) / ".metaflow"

    def run(  # noqa: PLR0913 - one for each fact
        self,
        flow: str,
        started_ms: int,
        status: str = "completed",
        *,
        seconds: float = 60,
        results: dict[str, Any] | None = None,
        exception: tuple[str, str] = ("ValueError", "loss diverged"),
        user: str = "ann",
        tags: tuple[str, ...] = (),
        run_id: str = "",
        done: int = 0,
        planned: int = 0,
    ) -> str:
        """Write a run, and return its pathspec.

        ``failed`` fails in the step ``fit``, ``running`` runs there, ``begun`` has no task. ``planned`` is the number of tasks
        of a foreach in ``fit``, of which ``done`` are done.
        """
        run_id = run_id or str(started_ms * 1000)
        if not (self.root / flow / "_meta" / "_self.json").exists():
            self._write(self.root / flow / "_meta" / "_self.json", ts_epoch=started_ms, tags=[], system_tags=[])
        where = self.root / flow / run_id
        entry = {"ts_epoch": started_ms, "user_name": user, "tags": list(tags), "system_tags": [f"user:{user}"]}
        self._write(where / "_meta" / "_self.json", **entry)
        self._write(where / "_parameters" / "_meta" / "_self.json", **entry)
        graph = {"steps": WIDE if planned else GRAPH, "parameters": []}
        self._task(where / "_parameters" / "0", entry, started_ms, started_ms, {"_graph_info": graph})
        if status == "begun":
            return f"{flow}/{run_id}"
        middle, end = started_ms + SECOND, started_ms + round(seconds * SECOND)
        splits = {"_foreach_num_splits": planned} if planned else {}
        self._task(where / "start" / "1", entry, started_ms + 1, middle, splits)
        for number in range(done):
            self._task(where / "fit" / str(10 + number), entry, middle, middle + SECOND, {}, place=f"fit:{number}")
        place = f"fit:{done}" if planned else ""
        last = where / "fit" / "9"
        if status == "failed":
            raw = exception_pickle(*exception)
            self._task(last, entry, middle, end, {"_task_ok": False, "_success": False, "_exception": raw}, ok=False)
        elif status == "running":
            self._task(last, entry, middle, None, {}, place=place)
        else:
            self._task(last, entry, middle, end - 1, {}, place=place)
            values = {"_transition": None, **(results or {})}
            self._task(where / "end" / "99", entry, end - 1, end, values)
        return f"{flow}/{run_id}"

    def _task(
        self,
        folder: Path,
        entry: dict[str, Any],
        begun_ms: int,
        done_ms: int | None,
        values: dict[str, Any],
        *,
        ok: bool = True,
        place: str = "",
    ) -> None:
        step = folder.parent / "_meta" / "_self.json"
        if not step.exists():
            self._write(step, **entry | {"ts_epoch": begun_ms})
        self._write(folder / "_meta" / "_self.json", **entry | {"ts_epoch": begun_ms})
        events = {"attempt": "0", "ds-type": "local", "ds-root": str(self.root)}
        events |= {"foreach-execution-path": place} if place else {}
        for name, value in events.items():
            self._event(folder, name, value, begun_ms)
        if done_ms is None:
            (folder / "0.attempt.json").write_text(json.dumps({"time": begun_ms / 1000}))
            return
        for name, value in {"attempt-done": "0", "attempt_ok": str(ok)}.items():
            self._event(folder, name, value, done_ms)
        objects, info = {}, {}
        for name, value in ({"_task_ok": True, "_success": True} | values).items():
            content = value if isinstance(value, bytes) else pickle.dumps(value, 4)
            sha = hashlib.sha1(content).hexdigest()
            blob = self.root / folder.parts[-4] / "data" / sha[:2] / sha
            if not blob.exists():
                blob.parent.mkdir(parents=True, exist_ok=True)
                blob.write_bytes(gzip.compress(content, 1))
            objects[name] = sha
            info[name] = {
                "size": len(content),
                "type": f"<class '{type(value).__name__}'>",
                "encoding": "gzip+pickle-v4",
            }
            record = {
                "ts_epoch": done_ms,
                "name": name,
                "sha": sha,
                "content_type": "gzip+pickle-v4",
                "ds_type": "local",
            }
            record |= {"location": f":root:{self.root}", "type": "object", "attempt_id": 0, "tags": ["attempt_id:0"]}
            self._write(folder / "_meta" / f"0_artifact_{name}.json", **record)
        self._write(folder / "0.data.json", objects=objects, info=info)
        (folder / "0.DONE.lock").write_text("")

    def _event(self, folder: Path, name: str, value: str, ms: int) -> None:
        content = {"ts_epoch": ms, "field_name": name, "type": name, "value": value, "tags": ["attempt_id:0"]}
        self._write(folder / "_meta" / f"sysmeta_{name}_{ms}.json", **content)

    def _write(self, file: Path, **content: Any) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
