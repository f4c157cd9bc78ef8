"""Each line that is written for a name names exactly that name, in the package and in the sidebar."""

import ast
import json
import random
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mfwidgets.cli.text import in_cli_words
from mfwidgets.code_lines import hint, is_plain, is_quotable, listed, mflow_line, quote, show_line, string_literal
from mfwidgets.errors import UnquotableName
from mfwidgets.hidden_characters import has_hidden, visible
from mfwidgets.magic.command import HELP_WORDS
from mfwidgets.magic.dispatch import COMMANDS
from mfwidgets.magic.tokenize import tokenize
from mfwidgets.pathspec import parse_alias

SIDEBAR = Path(__file__).parents[1] / "jupyter-config/labextensions/mfwidgets-sidebar/static"

HIDDEN = [
    "1\n!touch x", "\x1b[2J", "a\x00", "\u202egnp", "a\u2028b", "\x9b2J", "\ud800", "\r", "\t", "a\u200b", "a\u2066", "\ufeff",
    "\x7f", "\x85", "\U000e0041", "\u3164",
]  # fmt: skip

PLAIN = ["F/2", "F/2/start/1/x", "Flüsse/日本", "A-b.c:d@e+f=g,h", "Flow"]

ODD = [
    "F/{__import__('os').getpid()}", "F/$run", "F/it's", 'F/"; x', "F/a'b\"c", "F/a\\", "F/a b", "F/x?", "-F/1", "~/1", "F/%run",
    "F/`id`", "F/;", "F/#", "F/!ls", "F/$(id)", "F/😀", "?", "--help", "=ls", "a=~root", "F/%mflow ns x", "F/'%mflow'", "F/\\'",
]  # fmt: skip

LOWER = [*COMMANDS, "flow", "a-b.c:d@e+f=g,h", "_"]

ALIASES = ["F/latest", "F/latest-ok/start", "F/latest~12/start/1"]

SCRIPT = """
import { readFileSync } from "node:fs";
import { cell, opened, portable } from "./lines.js";
const tried = act => { try { return act(); } catch (error) { return null; } };
const { names, codes } = JSON.parse(readFileSync("given.json", "utf8"));
console.log(JSON.stringify({
  lines: names.map(name => [...["show", "explore", "logs", "why"].map(action => tried(() => cell(action, name))), tried(() => opened(name)), tried(() => opened("F", name)), tried(() => portable(name))]),
  refused: codes.filter(code => tried(() => portable(String.fromCodePoint(code))) === null),
}));
"""


def _made_up_names():
    made_up = random.Random(2)
    letters = "F1a/ {}$'\"\\;&|<>()[]!?#%~=+-.:,@`*^\n\x1bé日😀\u202e"
    return ["".join(made_up.choices(letters, k=made_up.randint(1, 12))) for _ in range(400)]


NAMES = [*PLAIN, *ODD, *LOWER, *ALIASES, *(name for name in HIDDEN if name != "\ud800"), *_made_up_names()]

CODES = [code for code in range(0x110000) if code < 0x10000 or code % 0x10000 > 0xFFF0 or 0xE0000 <= code < 0xE1000]


@pytest.fixture(scope="module")
def sidebar(tmp_path_factory):
    """The lines that the sidebar's own script writes for each name, and the characters that it refuses."""
    node = shutil.which("node")
    if not node:
        pytest.skip("node is missing")
    folder = tmp_path_factory.mktemp("sidebar")
    shutil.copy(SIDEBAR / "lines.js", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "cells.js").write_text(SCRIPT)
    (folder / "given.json").write_text(json.dumps({"names": NAMES, "codes": CODES}))
    done = subprocess.run([node, "cells.js"], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _path_of(source):
    """Return the pathspec that a cell of Python reads, which must be the only thing in it besides imports."""
    *imports, last = ast.parse(source).body
    assert all(isinstance(line, ast.ImportFrom) and line.module == "mfwidgets" for line in imports)
    call = last.value
    if call.func.__class__ is ast.Name:
        assert call.func.id == "explore"
        (call,) = call.args
    assert ast.unparse(call.func) == "Metaflow().get"
    return ast.literal_eval(call.args[0])


def _is_alias(pathspec):
    return bool(parse_alias([*pathspec.split("/"), ""][1]))


def test_cells_of_the_sidebar_name_exactly_their_object(sidebar):
    for name, (show, explore, logs, why, tab, within, copied) in zip(NAMES, sidebar["lines"], strict=True):
        if not is_quotable(name) or _is_alias(name):
            assert (show, explore, logs, why, tab, copied) == (None,) * 6
            assert within is None or is_quotable(name)
            continue
        namespace = ast.parse(within, mode="eval").body.args[0].func.value.keywords[0].value
        assert ast.literal_eval(namespace) == name
        call = ast.parse(tab, mode="eval").body  # the tab's code is one call, and the name is a literal in it
        assert ast.unparse(call.func) == "__import__('mfwidgets').explore"
        assert ast.unparse(call.args[0].func) == "__import__('mfwidgets').Metaflow().get"
        assert ast.literal_eval(call.args[0].args[0]) == name
        assert COMMANDS["why"].parse(tokenize(why.removeprefix("%mflow why "))).pathspec == name
        assert why.count("\n") == 0
        if is_plain(name):
            assert why == f"%mflow why {name}"
            assert show == (f"%mflow show {name}" if re.fullmatch("[a-z]+", name) else f"%mflow {name}")
            assert (explore, logs, copied) == (f"%mflow explore {name}", f"%mflow logs {name}", name)
        else:
            assert [_path_of(source) for source in (show, explore, copied)] == [name] * 3
            assert tokenize(logs.removeprefix("%mflow "), {"run": "x"})[-1] == name
            assert COMMANDS["logs"].parse(tokenize(logs.removeprefix("%mflow logs "))).pathspec == name
            assert logs.count("\n") == 0


def test_plain_names_are_inserted_without_quotes(sidebar):
    lines = dict(zip(NAMES, sidebar["lines"], strict=True))
    for name in PLAIN:
        assert lines[name][:4] == [f"%mflow {verb}{name}" for verb in ("", "explore ", "logs ", "why ")]
        assert lines[name][-1] == name
    for name in COMMANDS:
        assert lines[name][0] == f"%mflow show {name}"


def test_the_sidebar_refuses_the_same_characters(sidebar):
    assert sidebar["refused"] == [code for code in CODES if has_hidden(chr(code))]


def test_plain_names_need_no_quotes():
    assert all(is_plain(name) and quote(name) == name for name in [*PLAIN, *LOWER])
    assert not any(is_plain(name) for name in [*ODD, *HIDDEN])


@given(st.text() | st.text("%mflow ns'\"\\{}$-?=~ ", max_size=30))
@example("As a line: %mflow")
@example("As a line: %mflow ns none")
def test_hints_name_exactly_their_object_in_cells_and_in_shells(name):
    line = mflow_line("logs", name, option="--stderr")
    if has_hidden(name):
        assert line == show_line(name) == hint("Try {}.", line) == ""
        return
    assert COMMANDS["logs"].parse(tokenize(line)[2:]).pathspec == name
    assert COMMANDS["logs"].parse(shlex.split(in_cli_words(line))[2:]).pathspec == name
    shown = tokenize(show_line(name))[1:]
    assert shown == [name] if "/" in name and name[0] not in "-?" else shown[0] == "show" and shown[-1] == name
    assert hint("Try {}.", line) == f" Try {line}."
    assert tokenize(listed([name, "F/2"])) == [f"{name},", "F/2"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell of POSIX")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_shells_read_each_hint_as_that_name(shell, tmp_path):
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"{shell} is missing")
    names = [name for name in NAMES if is_quotable(name)]
    script = "\n".join(f"printf '%s\\0' {quote(name)}" for name in names)
    done = subprocess.run([program, "-c", script], cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == names
    assert done.stderr == b""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", HIDDEN)
def test_names_with_hidden_characters_are_refused(name):
    with pytest.raises(UnquotableName, match="Expected a name without control characters, got") as error:
        quote(name)
    assert not has_hidden(str(error.value))
    assert mflow_line("runs", name) == ""
    assert not has_hidden(listed([name, "F/2"]))
    assert not is_plain(name)


@given(st.text())
def test_visible_text_has_no_hidden_character(text):
    assert not has_hidden(visible(text))
    assert not has_hidden(visible(text, lines=True).replace("\n", "").replace("\t", ""))
    assert visible(text) == text or has_hidden(text)


@given(st.text())
def test_a_literal_of_any_text_has_one_line_and_that_value(text):
    literal = string_literal(text)
    assert ast.literal_eval(literal) == text
    assert not has_hidden(literal)


def test_help_words_are_not_plain_pathspecs():
    assert not any(map(is_plain, HELP_WORDS))
