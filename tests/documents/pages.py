"""The documents of the project: which there are, their links, their headings, their code."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from sybil import Document, Sybil
from sybil.example import Example
from sybil.parsers.myst import CodeBlockParser, SkipParser

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
HOWTO = DOCS / "howto"

PAGES = sorted(path for folder in (ROOT, DOCS, *DOCS.glob("[a-z]*/")) for path in folder.glob("*.md"))
"""README and its kin, and the pages of the documentation."""


def name_of(page: Path) -> str:
    """Return how a page is called in a test's name."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield the line of each paragraph with a link or a picture, and where that leads."""
    for block in MarkdownIt().enable("table").parse(page.read_text()):
        for token in block.children or ():
            found = token.attrGet("href") or token.attrGet("src")
            if found:
                yield (block.map or [0])[0] + 1, str(found)


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    tokens = MarkdownIt().parse(page.read_text())
    titles = [text for before, text in pairwise(tokens) if before.type == "heading_open"]
    found: list[str] = []
    for title in titles:
        text = "".join(part.content for part in title.children or ())
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
    return frozenset(found)


def python_blocks(page: Path) -> Iterator[Example]:
    """Yield the blocks of Python code of a page."""
    yield from parsed(page, CodeBlockParser("python", _no_evaluator))


def parsed(page: Path, *parsers: CodeBlockParser | SkipParser) -> Document:
    """Return a page as examples."""
    return Sybil(parsers).parse(page)


def _no_evaluator(example: Example) -> None:
    """Do nothing: the code is only looked at."""
