"""Finds the documents of the project, their links, their headings and their code."""

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
"""All Markdown files of the root folder and of the documentation."""


def name_of(page: Path) -> str:
    """Return the id of a page in the names of tests."""
    return page.relative_to(ROOT).as_posix()


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Yield each link and picture as a pair of its paragraph's line and its target."""
    for block in MarkdownIt().enable("table").parse(page.read_text()):
        for token in block.children or ():
            target = token.attrGet("href") or token.attrGet("src")
            if target:
                yield (block.map or [0])[0] + 1, str(target)


@cache
def anchors(page: Path) -> frozenset[str]:
    """Return the anchors of a page's headings, by the rules of GitHub and MyST."""
    tokens = MarkdownIt().parse(page.read_text())
    titles = [text for before, text in pairwise(tokens) if before.type == "heading_open"]
    slugs: list[str] = []
    for title in titles:
        text = "".join(part.content for part in title.children or ())
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        slugs.append(f"{slug}-{slugs.count(slug)}" if slug in slugs else slug)
    return frozenset(slugs)


def python_blocks(page: Path) -> Iterator[Example]:
    """Yield the Python code blocks of a page."""
    yield from parsed(page, CodeBlockParser("python", _no_evaluator))


def parsed(page: Path, *parsers: CodeBlockParser | SkipParser) -> Document:
    """Parse a page into examples."""
    return Sybil(parsers).parse(page)


def _no_evaluator(example: Example) -> None:
    """Do nothing: the code is parsed but not run."""
