"""The pure parts of the explorer: the filter line, the headers of columns, names of variables, the joined script."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from IPython.display import DisplayHandle

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries.expressions.parsing import parse_expression
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.render.view import View
from mfwidgets.widgets.explorer.column_facts import column_facts
from mfwidgets.widgets.explorer.filter_line import (
    has_column,
    ids_line,
    with_range,
    with_value,
    without_column,
)
from mfwidgets.widgets.explorer.run_panes import free_name
from mfwidgets.widgets.explorer.script import FOLDER, joined_script
from mfwidgets.widgets.snapshot import Snapshot

NAMES = ["param.alpha", "param.name", "artifact.alpha", "artifact.rmse"]


def test_a_range_replaces_former_conditions_on_its_column():
    assert with_range("rmse<3 status:failed", "artifact.rmse", NAMES, 0.1, 0.25) == "status:failed rmse>=0.1 rmse<=0.25"
    assert with_range("", "artifact.alpha", NAMES, -1, 1e9) == "artifact.alpha>=-1 artifact.alpha<=1e+09"


def test_a_range_of_times():
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    line = with_range(
        "since:7d alpha=1", "started_at", NAMES, start.timestamp() * 1000, (start.timestamp() + 60) * 1000
    )
    assert line == "alpha=1 since:2026-01-02T03:04:05+00:00 until:2026-01-02T03:05:05+00:00"
    parse_expression(line)


@pytest.mark.parametrize("value", ["adam", "a b", 'a"b', "1", "true", "x=1", "a,b", "-x", ""])
def test_a_value_is_a_condition_that_the_language_reads(value):
    if value == "":
        return
    line = with_value("", "param.name", NAMES, value)
    (term,) = parse_expression(line).terms
    assert term.name == "name"
    assert str(term.values[0]).lower() == value.lower() or term.text == value
    assert with_value(line, "param.name", NAMES, value) == ""
    assert has_column(line, "param.name", NAMES)


def test_values_of_facts():
    assert with_value("status:failed", "status", NAMES, "running") == "status:running"
    assert with_value("user:ann", "user", NAMES, "ann") == ""
    assert with_value("tag:a", "user_tags", NAMES, "b c") == 'tag:a tag:"b c"'
    assert with_value("tag:a tag:b", "user_tags", NAMES, "a") == "tag:b"
    assert without_column("since:7d until:1d rmse<1", "started_at", NAMES) == "rmse<1"
    with pytest.raises(MetaflowInvalidArgument):
        with_value("(", "status", NAMES, "running")


@pytest.mark.parametrize("ids", [["17"], ["17", "argo-x"], ["a b", 'c"d', "e,f"]])
def test_ids_are_read_as_they_are(ids):
    (term,) = parse_expression(ids_line(ids)).terms
    assert term.values == tuple(ids)
    assert ids_line([]) == ""


def test_the_header_of_numbers():
    facts = column_facts("artifact.rmse", [0.5, None, 0.25, 0.125, NotRead("too large")])
    assert sum(round(size) for _, _, size, _ in facts["bins"] if size == 1) >= 1
    assert facts["bins"][0][0] <= 0.125
    assert facts["bins"][-1][1] >= 0.5
    assert facts["best"] == 0.125
    assert column_facts("artifact.accuracy", [0.5, 0.25])["best"] == 0.5
    assert column_facts("artifact.other", [0.5, 0.25])["best"] is None
    assert column_facts("artifact.rmse", [1.0, 1.0]) == {}
    assert column_facts("artifact.rmse", [None, None]) == {}


def test_the_header_of_other_values():
    facts = column_facts("param.name", ["b", "a", "b", "x" * 300])
    assert facts == {"counts": [["b", 2, "b"], ["a", 1, "a"]], "others": 1, "all": 4}
    assert column_facts("artifact.ok", [True, True, False])["counts"] == [["true", 2, "true"], ["false", 1, "false"]]
    assert column_facts("user_tags", [["a", "b"], ["a"], []])["counts"] == [["a", 2, "a"], ["b", 1, "b"]]
    statuses = column_facts("status", ["failed", "failed", "completed"])
    assert [name for name, _, _ in statuses["counts"]] == ["completed", "failed"]
    assert column_facts("run_id", ["1", "2"]) == {}


def test_the_header_of_times():
    start = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
    facts = column_facts("started_at", [start, start + timedelta(minutes=50)])
    assert all(re.fullmatch(r"\d\d:\d\d", facts[end]) for end in ("low", "high"))
    facts = column_facts("started_at", [start, start + timedelta(seconds=20)])
    assert re.fullmatch(r"\d\d:\d\d:\d\d", facts["low"])
    facts = column_facts("started_at", [start, start + timedelta(days=50)])
    assert facts["high"].startswith("2026-02")
    assert column_facts("duration", [timedelta(seconds=1), timedelta(seconds=9)])["high"].endswith("s")


@pytest.mark.parametrize("proposed", ["class", "1x", "a-b", "öl", "", "x" * 200, "__import__('os')"])
def test_a_variable_has_a_name_that_is_one(proposed):
    name = free_name(proposed, {})
    assert name.isidentifier()
    compile(f"{name} = 1", "name", "exec")
    assert free_name(proposed, [name]) == f"{name}_2"


def test_the_joined_script_has_every_module_once():
    script = joined_script()
    files = [file.name for file in FOLDER.glob("*.js") if file.name != "main.js"]
    for name in files:
        assert script.count(f"const module_{name.removesuffix('.js')} = (") == 1, name
    assert re.findall(r"^(?:import|export) .*", script, re.MULTILINE) == ["export default {"]
    for forbidden in ("eval(", "new Function", "http://", "https://"):
        assert forbidden not in "".join((FOLDER / name).read_text() for name in files if name != "preact_htm.js")
    assert "eval(" not in script
    assert "Function(" not in script
    lines = {name: len((FOLDER / name).read_text().splitlines()) for name in files}
    assert max(lines.values()) < 400


@pytest.mark.parametrize(("shell", "pictures"), [("TerminalInteractiveShell", 0), ("ZMQInteractiveShell", 1)])
def test_a_terminal_does_not_print_a_picture_again(monkeypatch, shell, pictures):
    monkeypatch.setattr("IPython.core.getipython.get_ipython", type(shell, (), {}))
    monkeypatch.setattr("mfwidgets.widgets.snapshot.call_later", lambda _, take: take() or (lambda: None))
    updated = []
    monkeypatch.setattr(DisplayHandle, "display", lambda _, _bundle, raw: None)
    monkeypatch.setattr(DisplayHandle, "update", lambda _, bundle, raw: updated.append(bundle))
    snapshot = Snapshot(lambda: View("Explorer", "HelloFlow"))
    snapshot.display({})
    snapshot.update()
    assert len(updated) == pictures


def test_pictures_are_taken_of_the_last_change_only(monkeypatch):
    monkeypatch.setattr("mfwidgets.widgets.snapshot.PAUSE_S", 1_000)
    names, taken = iter("abc"), []
    snapshot = Snapshot(lambda: View("Explorer", next(names)))
    snapshot.update()
    assert taken == []
    snapshot.keep_in(taken.append)
    snapshot.finish()
    snapshot.update()
    snapshot.update()
    snapshot.finish()
    snapshot.finish()
    assert ["a" in taken[0], "c" in taken[-1], len(taken)] == [True, True, 3]
