"""The code of the documents: all of it is Python, and that of the how-to pages runs on the sample and says what it says there."""

import ast
import re
from unittest import SkipTest

import pytest
from documents.pages import DOCS, HOWTO, PAGES, ROOT, name_of, parsed, python_blocks
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.capture import capture_output
from sybil.parsers.myst import CodeBlockParser, SkipParser

import mfwidgets

BEFORE = HOWTO / "index.md"
"""Its code stands before that of each of the others."""

PROMPT = re.compile(r"^Out\[\d+\]: \n?", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_is_python(page):
    for example in python_blocks(page):
        source = TransformerManager().transform_cell(example.parsed)
        ast.parse(source, f"{name_of(page)}:{example.line}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a folder for a copy of the sample that nobody else tags."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def cell(shell, monkeypatch, cache):
    """Run cells as a fresh kernel does, in a folder of their own."""
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    shell.reset(new_session=False)

    def run(source):
        with capture_output() as captured:
            result = shell.run_cell(source)
        result.raise_error()
        return PROMPT.sub("", captured.stdout) + "".join(f"{one.data['text/plain']}\n" for one in captured.outputs)

    yield run
    shell.run_line_magic("unload_ext", "mfwidgets")
    mfwidgets.options.reset()


@pytest.mark.parametrize("page", [page for page in sorted(HOWTO.glob("*.md")) if page != BEFORE], ids=name_of)
def test_a_how_to_runs_and_says_what_it_says(page, cell):
    said = ""

    def run(example):
        nonlocal said
        said = cell(example.parsed)

    def compare(example):
        assert lines(said) == lines(example.parsed), f"{name_of(page)}:{example.line}"

    for example in parsed(BEFORE, CodeBlockParser("python", run)):
        example.evaluate()
    for example in parsed(page, CodeBlockParser("python", run), CodeBlockParser("text", compare), SkipParser()):
        try:
            example.evaluate()
        except SkipTest:  # with a reason, in the page; that it is Python is tested above
            said = ""


def lines(text):
    """Return lines as they compare: blanks at their ends do not count, nor how wide a column of a table is."""
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def test_code_is_found():
    assert sum(1 for _ in python_blocks(ROOT / "README.md")) >= 1
    assert sum(1 for page in HOWTO.glob("*.md") for _ in python_blocks(page)) > 30
    assert DOCS / "index.md" in PAGES
