"""All code of the documents is valid Python. The code of the how-to pages runs on the sample and prints the output shown."""

import ast
import re
from unittest import SkipTest

import pytest
from documents.pages import DOCS, HOWTO, PAGES, ROOT, name_of, parsed, python_blocks
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.capture import capture_output
from sybil.parsers.myst import CodeBlockParser, SkipParser

import mfwidgets
from mfwidgets.widgets.explorer.widget import Explorer
from mfwidgets.widgets.snapshot import Snapshot

BEFORE = HOWTO / "index.md"
"""Its code runs before the code of every other page."""

PROMPT = re.compile(r"^Out\[\d+\]: \n?", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_code_is_python(page):
    for example in python_blocks(page):
        source = TransformerManager().transform_cell(example.parsed)
        ast.parse(source, f"{name_of(page)}:{example.line}")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a folder for a copy of the sample that no other test tags."""
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def cell(shell, monkeypatch, cache):
    """Run cells as in a new kernel, with their own cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", cache)
    shell.reset(new_session=False)
    monkeypatch.setattr(Snapshot, "update", lambda _: None)  # a later picture would be part of another cell's output

    def run(source):
        with capture_output() as captured:
            result = shell.run_cell(source)
        result.raise_error()
        return PROMPT.sub("", captured.stdout) + "".join(
            f"{output.data['text/plain']}\n" for output in captured.outputs
        )

    yield run
    for explorer in [value for value in shell.user_ns.values() if isinstance(value, Explorer)]:
        explorer.close()  # otherwise its threads would print into the next page
        explorer.wait()
    shell.run_line_magic("unload_ext", "mfwidgets")
    mfwidgets.options.reset()


@pytest.mark.filterwarnings("ignore:The _yaml extension module:DeprecationWarning")  # a flow file imports metaflow
@pytest.mark.parametrize(
    "page", [*(page for page in sorted(HOWTO.glob("*.md")) if page != BEFORE), DOCS / "browser.md"], ids=name_of
)
def test_how_to_code_prints_the_output_shown(page, cell):
    printed = ""

    def run(example):
        nonlocal printed
        printed = cell(example.parsed)

    def compare(example):
        assert lines(printed) == lines(example.parsed), f"{name_of(page)}:{example.line}"

    for example in parsed(BEFORE, CodeBlockParser("python", run)):
        example.evaluate()
    for example in parsed(page, CodeBlockParser("python", run), CodeBlockParser("text", compare), SkipParser()):
        try:
            example.evaluate()
        except SkipTest:  # the page gives the reason; test_code_is_python checks the syntax
            printed = ""


def lines(text):
    """Return lines for comparison, with each run of blanks as one: table columns may differ in width."""
    return [" ".join(line.split()) for line in text.strip().splitlines()]


def test_there_is_code():
    assert sum(1 for _ in python_blocks(ROOT / "README.md")) >= 1
    assert sum(1 for page in HOWTO.glob("*.md") for _ in python_blocks(page)) > 30
    assert DOCS / "index.md" in PAGES
