"""Copies of real runs in which every field that a user can write contains an attack."""

import gzip
import hashlib
import io
import itertools
import json
import os
import pickle
import shutil
import tarfile
import warnings
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd

from mfwidgets import Metaflow, compare, get_cards

FIRE = "window.fired=1;fetch('http://tripwire.invalid/')"
NAME = '<img src=x onerror="window.fired=1">\u202egpj'
"""It contains no slash, so it can be the name of a folder."""

ATTACKS = (
    f'<img src=x onerror="{FIRE}">',
    f"</style></pre></code></details></iframe><script>{FIRE}</script>",
    f'" onmouseover="{FIRE}" autofocus onfocus=\'{FIRE}\' x="',
    f"<svg onload={FIRE}><a href='javascript:{FIRE}'>",
    "{{7*7}}{% raw %}${7*7}",
    "\u202eevil\u2066\u200b\ufeff",
    "\x1b[31mred\x1b[0m\x00\x07\x1b]0;title\x07\r\x9b31m",
    "&lt;script&gt;&#x3c;",
    "<" * 10_000,
)

CARD = f"""<!doctype html><title>card</title><script>
{FIRE}
try {{ parent.fired = 1; top.fired = 1; top.document.body.innerHTML = ""; }} catch (error) {{ }}
try {{ top.location = "http://tripwire.invalid/top"; }} catch (error) {{ }}
new Image().src = "http://tripwire.invalid/image";
</script><img src="http://tripwire.invalid/pixel"><form action="http://tripwire.invalid/form"><h1>a card</h1>"""

_KEPT = {
    "attempt",
    "attempt-done",
    "attempt_ok",
    "ds-type",
    "ds-root",
    "origin-run-id",
    "origin-task-id",
    "code-package",
}
_KEPT |= {"foreach-execution-path", "start_step", "end_step"}


class Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.system, (f"touch '{self.file}'",)


def exception_record(error: Exception):
    """Return what Metaflow records of an exception."""
    with warnings.catch_warnings(action="ignore"):  # Metaflow's own imports
        from metaflow.exception import MetaflowExceptionWrapper
    return MetaflowExceptionWrapper(error)


class World:
    """A folder of hostile runs.

    Attributes
    ----------
    folder
        Holds the ``.metaflow``.
    bomb
        A file that is there when anything was unpickled.
    """

    def __init__(self, runs, folder: Path):
        self.folder, self.bomb = folder, folder / "bomb"
        self.root = folder / ".metaflow"
        self._attacks = itertools.cycle(ATTACKS)
        for name in ("linear", "failing", "retry", "cards", "packed"):
            flow, run_id = runs[name].split("/")
            shutil.copytree(runs.root / flow / run_id, self.root / flow / run_id)
            shutil.copytree(runs.root / flow / "data", self.root / flow / "data", dirs_exist_ok=True)
            shutil.copytree(runs.root / flow / "_meta", self.root / flow / "_meta", dirs_exist_ok=True)
            cards = runs.root / "mf.cards" / flow / "runs" / run_id
            if cards.exists():
                shutil.copytree(cards, self.root / "mf.cards" / flow / "runs" / run_id)
        for task in sorted(path.parent for path in self.root.glob("*/*/*/*/_meta")):
            self._poison_task(task)
        for file in sorted(self.root.glob("*/**/_meta/*.json")):
            self._poison_record(file)
        for card in self.root.glob("mf.cards/**/*.html"):
            card.write_text(CARD)
        for flow in [flow for flow in self.root.iterdir() if (flow / "data").is_dir()]:
            for run in [run for run in flow.iterdir() if (run / "_parameters").is_dir()]:
                self._poison_graph(flow, run)
                if flow.name == "LinearFlow":
                    run.rename(flow / NAME)
        (self.root / "LinearFlow").rename(self.root / NAME)

    def _poison_task(self, task: Path) -> None:
        flow = task.parents[2]
        values = {
            f"{NAME} {number}": value
            for number, value in enumerate(
                (
                    Bomb(self.bomb),
                    {attack: [attack] for attack in ATTACKS[:8]},
                    ATTACKS[-1],
                    "\n".join(ATTACKS[:8]),
                    pd.DataFrame({attack: [attack] for attack in ATTACKS[:4]}),
                    np.array(ATTACKS[:4]),
                    b"\x89PNG\r\n\x1a\n" + ATTACKS[0].encode(),
                    [Bomb(self.bomb)],
                )
            )
        }
        values |= {"x" * 200: 1}
        if (task / "_meta" / "0_artifact__exception.json").exists():
            values["_exception"] = exception_record(ValueError(ATTACKS[0] + ATTACKS[5]))
            values["_exception"].stacktrace = "Traceback (most recent call last):\n" + "\n".join(
                f'  File "{attack}", line 3, in {attack}\n    {attack}' for attack in ATTACKS
            )
        for name, value in values.items():
            self._store(flow, task, name, value)
        for log in task.glob("*.log"):
            lines = (f"[MFLOG|0|2026-01-02T03:04:05.000001Z|task|x]{attack}" for attack in ATTACKS)
            log.write_bytes("\n".join([*lines, *ATTACKS]).encode("utf-8", "surrogateescape") + b"\xff\n")

    def _store(self, flow: Path, task: Path, name: str, value: object) -> None:
        content = pickle.dumps(value, 4)
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        blob = flow / "data" / sha[:2] / sha
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(gzip.compress(content))
        example = next((task / "_meta").glob("0_artifact_*.json"), None)
        if example is None:
            return
        record = json.loads(example.read_bytes()) | {"name": name, "sha": sha}
        (task / "_meta" / f"0_artifact_{name}.json").write_text(json.dumps(record))
        data = task / "0.data.json"
        if data.exists():
            known = json.loads(data.read_bytes())
            known["objects"][name] = sha
            known["info"][name] = {
                "size": len(content),
                "type": f"<class '{next(self._attacks)}'>",
                "encoding": "pickle-v4",
            }
            data.write_text(json.dumps(known))

    def _poison_record(self, file: Path) -> None:
        record = json.loads(file.read_bytes())
        kept = record.get("field_name") in _KEPT or "artifact" in file.name
        for key in ("user_name", "type", "value"):
            if key in record and not (kept and key != "user_name"):
                record[key] = next(self._attacks)
        if "foreach-stack" in file.name:
            record["value"] = [f"items={next(self._attacks)}"]
        if record.get("field_name") == "code-package":
            record["value"] = json.dumps(json.loads(record["value"]) | {"sha": self._package(file.parents[4])})
        if not file.name.startswith(("sysmeta", "0_artifact")):
            record |= {
                "tags": [next(self._attacks) for _ in range(3)],
                "system_tags": [next(self._attacks), "user:ann"],
            }
        file.write_text(json.dumps(record))

    def _package(self, flow: Path) -> str:
        stream = io.BytesIO()
        info = dict.fromkeys(
            ("python_version", "metaflow_version", "commit_sha", "branch_name", "repo_url"), ATTACKS[0]
        )
        files = {"INFO": json.dumps(info | {"script": f"{NAME}.py"}), f"{NAME}.py": "\n".join(ATTACKS)}
        files |= {f"{NAME}/{number}.py": attack for number, attack in enumerate(ATTACKS)}
        with tarfile.open(fileobj=stream, mode="w:gz") as archive:
            for name, text in files.items():
                content = text.encode("utf-8", "surrogateescape")
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        sha = hashlib.sha1(stream.getvalue(), usedforsecurity=False).hexdigest()
        blob = flow / "data" / sha[:2] / sha
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(stream.getvalue())
        return sha

    def _poison_graph(self, flow: Path, run: Path) -> None:
        task = next((run / "_parameters").iterdir())
        sha = json.loads((task / "_meta" / "0_artifact__graph_info.json").read_bytes())["sha"]
        graph = pickle.loads(gzip.decompress((flow / "data" / sha[:2] / sha).read_bytes()))
        end = graph["steps"]["end"]
        graph["steps"] |= {attack: end | {"name": attack, "type": attack, "doc": attack} for attack in ATTACKS}
        graph["steps"]["end"] = end | {"next": list(ATTACKS)}
        graph["parameters"] = [*graph.get("parameters", []), {"name": f"{NAME} 1"}, {"name": f"{NAME} 3"}]
        self._store(flow, task, "_graph_info", graph)

    def client(self) -> Metaflow:
        """Return a client for all of these runs."""
        return Metaflow(metadata=f"local@{self.folder}", namespace=None)


def everything(client: Metaflow):
    """Yield all objects of these runs that can be shown."""
    yield from (client, client.runs(), client.disk_usage())
    for flow in client:
        yield from (flow, flow.runs(), flow.runs(NAME), flow.runs().plot.durations(), flow.runs().grid())
        for run in flow:
            yield from (run, run.why(), run.steps(), run.tasks(), run.artifacts(), run.code)
            yield from (run.timeline(), run.dag(), run.packages())
            for step in run:
                yield from (step, step.tasks(), step.grid(), step.grid("duration"))
                for task in step:
                    yield from (task, *task.attempts, task.logs("stdout"), task.logs("stderr", tail=3))
                    yield from (task.data, task.artifacts, *task)
                    if run.id.startswith("1") and flow.id == "CardFlow" and step.id == "start":
                        cards = get_cards(task)
                        yield from (cards, *cards)
        yield from (artifact.lineage() for artifact in list(run.end_task or ())[:2])
    retried = client["RetryFlow"].latest_run
    yield compare(retried, client["FailingFlow"].latest_run)
    for flow in client:
        runs = flow.runs()
        names = [name for name in runs.to_pandas(params=True, results=True) if "." in name]
        yield from (runs.group_by(names[0]), runs.plot(names[0]), runs.plot.hist(names[0])) if names else ()
        yield runs.plot.parallel(names[:4]) if len(names) > 1 else None


class Inspector(HTMLParser):
    """Checks that a page contains only elements and attributes of our templates."""

    TAGS = frozenset(
        {
            "div",
            "style",
            "p",
            "span",
            "strong",
            "dl",
            "dt",
            "dd",
            "details",
            "summary",
            "table",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "pre",
            "code",
            "time",
            "a",
            "img",
            "iframe",
            "svg",
            "g",
            "rect",
            "circle",
            "line",
            "text",
            "path",
            "title",
            "html",
            "head",
            "meta",
            "body",
            "main",
        }
    )
    VOID = frozenset({"img", "meta"})

    def __init__(self, page: str):
        super().__init__()
        self.open, self.frames, self.words = [], 0, []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in self.TAGS, tag
        for name, value in attributes:
            assert not name.startswith("on"), (name, value)
            assert name != "href" or value.startswith(("https://", "http://")), value
            assert name != "src" or value.startswith("data:image/"), value
            assert name != "style" or "url(" not in value, value
        if tag == "iframe":
            self.frames += 1
            assert dict(attributes)["sandbox"] == "allow-scripts"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            assert_visible(data)
            self.words.append(data)


def assert_visible(text: str) -> None:
    """Check that a str has no hidden, reordering or control characters."""
    hidden = [hex(ord(sign)) for sign in text if ord(sign) < 0x20 and sign != "\n"]
    hidden += [hex(ord(sign)) for sign in text if sign in "\u202e\u2066\u200b\ufeff\x7f\x9b"]
    assert not hidden, hidden
