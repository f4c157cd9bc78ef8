"""Links inside the project lead to existing files and headings. Links to other sites are not checked."""

import re

import pytest
from documents.pages import DOCS, PAGES, ROOT, anchors, links, name_of

OUTSIDE = re.compile(r"[a-z]+:")


def target_of(page, place):
    """Return the file that a link names. Tutorial pages are copies of the notebooks."""
    target = (page.parent / place).resolve() if place else page
    is_tutorial = target.parent == DOCS / "tutorial" and target.suffix == ".ipynb"
    return ROOT / "notebooks" / target.name if is_tutorial else target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_have_targets(page):
    broken = []
    for line, link in links(page):
        place, _, anchor = link.partition("#")
        if OUTSIDE.match(link):
            continue
        target = target_of(page, place)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{name_of(page)}:{line}: {link}")
    assert not broken


def test_there_are_links():
    assert any(link == "notebooks/01_quickstart.ipynb" for _, link in links(ROOT / "README.md"))
    assert "what-differs-and-why" not in anchors(ROOT / "README.md")
    assert "where-we-differ-from-metaflows-client-on-purpose" in anchors(ROOT / "README.md")
