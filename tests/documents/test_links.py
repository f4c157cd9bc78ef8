"""Links inside the project lead somewhere: to a file that is there, to a heading that it has. Others are not asked."""

import re

import pytest
from documents.pages import DOCS, PAGES, ROOT, anchors, links, name_of

OUTSIDE = re.compile(r"[a-z]+:")


def target_of(page, place):
    """Return the file that a place names; the pages of notebooks are copies of these."""
    found = (page.parent / place).resolve() if place else page
    return ROOT / "notebooks" / found.name if found.parent == DOCS / "tutorial" and found.suffix == ".ipynb" else found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    broken = []
    for line, link in links(page):
        place, _, anchor = link.partition("#")
        if OUTSIDE.match(link):
            continue
        target = target_of(page, place)
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(f"{name_of(page)}:{line}: {link}")
    assert not broken


def test_links_are_found():
    assert any(link == "notebooks/01_quickstart.ipynb" for _, link in links(ROOT / "README.md"))
    assert "what-differs-and-why" not in anchors(ROOT / "README.md")
    assert "where-we-differ-from-metaflows-client-on-purpose" in anchors(ROOT / "README.md")
