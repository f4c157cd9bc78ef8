"""Text of pictures: browsers read it unchanged, and it cannot become markup, whether or not the picture is kept."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mfwidgets.render.html import _environment, picture_text

TEMPLATE = '{% import "svg_text.j2" as svg %}<svg><text>{{ svg.text(words) }}</text></svg>'


def rendered(words):
    return _environment().from_string(TEMPLATE).render(words=words)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])))
def test_a_browser_reads_the_same(words):
    assert (ET.fromstring(rendered(words))[0].text or "") == words


@given(st.text(st.sampled_from("<>&'\"[]!-CDATA x")))
def test_no_text_begins_or_ends_an_element(words):
    class Elements(HTMLParser):
        def __init__(self):
            super().__init__()
            self.names = []

        def handle_starttag(self, tag, _):
            self.names.append(tag)

        def handle_endtag(self, tag):
            self.names.append(f"/{tag}")

    for page in (rendered(words), rendered(words).replace("<svg><text>", "<p>").replace("</text></svg>", "</p>")):
        found = Elements()
        found.feed(page)
        found.close()
        assert found.names in (["svg", "text", "/text", "/svg"], ["p", "/p"])


@pytest.mark.parametrize("words", ["]]>", "a<b", "x>y", "<![CDATA["])
def test_angle_brackets_are_escaped(words):
    assert picture_text(words) == []
    assert "<![CDATA[" not in rendered(words)
