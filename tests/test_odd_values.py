"""Values that are hard to write, hash or compare, on every surface: displays, tables, dicts, JSON, searches, explorer, sidebar."""

import json
import math
import warnings
from collections import Counter, OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest
from local_world import World
from waiting import PATIENCE_S

from mfwidgets import Metaflow, compare
from mfwidgets.cli.main import main
from mfwidgets.errors import MetaflowException, ValuesNotRead
from mfwidgets.server import tree
from mfwidgets.widgets.explorer.run_panes import TABS


def nested(levels, wrap):
    value = 1
    for _ in range(levels):
        value = wrap(value)
    return value


ITSELF = []
ITSELF.append(ITSELF)


def without_unit(kind, value):
    """Return a time of numpy without a unit, which numpy 2.5 deprecates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return kind(value)


ODD = {
    "long_int": 10**5_000, "long_negative": -(10**5_000), "int_64": 2**64, "nan": math.nan, "inf": math.inf, "minus_inf": -math.inf,
    "large_float": 1e308, "minus_zero": -0.0, "surrogate": "a\ud800b", "surrogate_key": {"\udfff": "\ud800"}, "nul": "\0\x1b[31m\u202e",
    "huge_text": "x" * 90_000, "lines": "\n" * 5_000, "bytes": bytes(range(256)), "no_bytes": b"", "byte_array": bytearray(b"\xff\0"),
    "deep_list": nested(90, lambda value: [value]), "too_deep": nested(400, lambda value: (value,)), "deep_dict": nested(50, lambda value: {"a": value}),
    "itself": ITSELF, "long_in_list": [10**5_000], "long_in_key": {10**5_000: 1}, "keys": {(1, None): 1, 2.5: 2, b"x": 3, True: 4, None: 5},
    "mixed_set": {1, "a", None, 2.5}, "complex": complex(math.nan, -math.inf), "range": range(2**62), "slice": slice(None, 2**62), "empty": "",
    "first_day": date.min, "last_time": datetime.max.replace(tzinfo=UTC), "odd_zone": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=-23, minutes=-59))),
    "largest_delta": timedelta.max, "smallest_delta": timedelta.min, "ordered": OrderedDict(b=1, a=math.nan), "counts": Counter("banana"),
    "attoseconds": np.datetime64(5, "as"), "huge_unit": np.datetime64(3, "1000000D"), "far_year": np.array([2**62, 1], dtype="M8[Y]"), "nat": without_unit(np.datetime64, "NaT"),
    "no_unit": without_unit(np.timedelta64, 5), "long_double": np.longdouble(1) / 3, "uint64": np.uint64(2**64 - 1), "no_dimension": np.array(1.5),
    "many_dimensions": np.zeros((1,) * 30), "no_rows": np.zeros((0, 5)), "nan_array": np.array([math.nan, math.inf]), "text_array": np.array(["a\0b", "\U0010ffff"]),
    "ellipsis": ..., "not_implemented": NotImplemented, "type": int, "function": len,
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Two runs with all values, as parameters and as artifacts of the end. The second has one value less."""
    world = World(tmp_path_factory.mktemp("odd"))
    for run in ("1", "2"):
        for step, task in (("_parameters", "0"), ("start", "1"), ("end", "2")):
            world.task("F", run, step, task)
        for name, value in list(ODD.items())[: len(ODD) if run == "1" else -1]:
            world.artifact(f"F/{run}/end/2", name, value)
            world.artifact(f"F/{run}/_parameters/0", name, value)
        parameters = [{"name": name} for name in ODD]
        world.artifact(f"F/{run}/_parameters/0", "_graph_info", {"parameters": parameters, "steps": STEPS})
        world.artifact(f"F/{run}/end/2", "plain", int(run))
    return Metaflow(metadata=f"local@{world.base}", namespace=None)


STEPS = {
    "start": {"name": "start", "type": "start", "next": ["end"]},
    "end": {"name": "end", "type": "end", "next": []},
}


def drawn(shown):
    """Return the text of a display. Its HTML and its text are valid UTF-8."""
    bundle = shown._repr_mimebundle_()
    for text in bundle.values():
        assert "Cannot show" not in str(text)
        str(text).encode()
    return bundle["text/plain"]


def test_odd_values_everywhere(client, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ValuesNotRead)
        run, task = client.get("F/1"), client.get("F/1/end/2")
        _displays(client, run, task)
        _tables(client)
        _json(client, capsys)
        _searches(client)
        _comparison(client)
    _sidebar(client)
    _explorer(client)


def _displays(client, run, task):
    for shown in (run, run["end"], task, task.artifacts, task.data, client["F"], client["F"].runs(), run.why()):
        drawn(shown)
    texts = {name: drawn(task[name]) for name in ODD}
    assert "int of 5,001 digits" in texts["long_int"]


def _tables(client):
    frame = client["F"].runs().to_pandas(params=True, artifacts=list(ODD))
    assert len(frame) == 2
    repr(frame)
    assert frame["param.int_64"].tolist() == [2**64, 2**64]
    assert frame["param.large_float"].tolist() == [1e308, 1e308]
    dicts = client["F"].runs().to_dicts(params=True, artifacts=list(ODD))
    assert [one["param.surrogate"] for one in dicts] == ["a\ud800b"] * 2


def _json(client, capsys):
    folder = client._context.provider.selector.removeprefix("local@")
    for words in (["F/1"], ["F/1/end/2"], ["diff", "F/1", "F/2"], *(["F/1/end/2/" + name] for name in ODD)):
        assert main([f"--metadata={folder}", "--namespace=none", *words, "--json"]) == 0
        json.loads(capsys.readouterr().out)
        assert main([f"--metadata={folder}", "--namespace=none", *words]) == 0
        capsys.readouterr().out.encode()


def _searches(client):
    runs, messages = client["F"].runs, []
    for name, value in ODD.items():
        for condition in ({name: value}, {name: repr}, {name: lambda value: value > 0}):
            found = runs().where(condition)
            repr(found)
            try:
                assert len(list(found)) <= 2
                drawn(found)
            except MetaflowException as error:
                messages.append(str(error))
    assert all(map(str.isprintable, messages))
    for name in ("int_64", "large_float", "huge_text", "deep_list", "counts", "surrogate"):
        assert len(list(runs().where({name: ODD[name]}))) == 2
    long = 10**5_000
    for ask in (
        lambda: runs(limit=-long), lambda: runs(since=long), lambda: runs(user=long), lambda: runs(status=[long]), lambda: runs()[[long]],
        lambda: runs(long), lambda: compare([long], long), lambda: client.get("\ud800"), lambda: client.get(long), lambda: runs().where(long),
        lambda: client.get("F/1/end/2").logs(tail=-long), lambda: runs().to_pandas(artifacts=[long]),
    ):  # fmt: skip
        with pytest.raises(MetaflowException) as error:
            ask()
        str(error.value).encode()


def _comparison(client):
    compared = compare(client.get("F/1"), client.get("F/2"))
    drawn(compared)
    repr(compared.to_pandas())
    names = [row["name"] for row in compared.to_dicts() if row["section"] != "run"]
    assert "plain" in names


def _sidebar(client):
    items = tree.list_children(client._context, "F/1/end/2")["items"]
    json.dumps(items).encode()
    assert "long_int" in {item["name"] for item in items}


def _explorer(client):
    explorer = client.explore()
    try:
        for pathspec in ("F/1", "F/1/end/2", *("F/1/end/2/" + name for name in ODD)):
            explorer.choose(pathspec)
            assert explorer.wait(PATIENCE_S)
            assert explorer.selected.pathspec == pathspec
            for tab in TABS:
                shown = explorer._answers.panes.pane(pathspec, tab, 0)["html"]
                assert "Cannot show" not in shown, (pathspec, tab)
    finally:
        explorer.close()
