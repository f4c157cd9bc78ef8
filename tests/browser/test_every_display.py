"""Each display of the album: its size, its accessibility, and what stays readable without style sheet and pictures.

GitHub shows saved notebooks without them.
"""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from axe_playwright_python.sync_playwright import Axe

import mfwidgets
from mfwidgets.magic.dispatch import run_line
from mfwidgets.queries.context import preserve_context
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.views.show import full_view

from .every_display import DISPLAYS, Watched, example_diff
from .jupyterlab import browser
from .themes import THEMES, themed

SHOWN = [shown for shown in DISPLAYS if shown.runs == "sample" and shown.group != "Errors"]

_MAX_BYTES = 64_000
"""The most bytes of a display, without the pages of cards."""

_BLOCKS = {"div", "p", "dl", "dt", "dd", "tr", "td", "th", "table", "details", "summary", "pre", "br", "h1", "h2", "li"}
_REMOVED = {"style", "svg", "iframe"}


class Sanitised(HTMLParser):
    """The text that remains without style sheets, pictures and frames. Only blocks and cells separate words."""

    def __init__(self, page):
        super().__init__()
        self.text, self._inside = "", 0
        self.feed(page)

    def handle_starttag(self, tag, _):
        self._inside += tag in _REMOVED
        self.text += "\n" if tag in _BLOCKS else ""

    def handle_endtag(self, tag):
        self._inside -= tag in _REMOVED
        self.text += "\n" if tag in _BLOCKS else ""

    def handle_data(self, data):
        self.text += "" if self._inside else data


@pytest.fixture(scope="module")
def views():
    """The view of each display."""
    restore, views = preserve_context(), {}
    mfwidgets.sample()
    names = {name: getattr(mfwidgets, name) for name in mfwidgets.__all__} | {
        "mflow": run_line,
        "example_diff": example_diff,
        "Watched": Watched,
    }
    with mfwidgets.options(time_zone="UTC"):
        for shown in SHOWN:
            restore_sample = preserve_context()
            views[shown.title] = full_view(eval(shown.code, dict(names)))
            restore_sample()
    yield views
    restore()


@pytest.mark.parametrize("title", [shown.title for shown in SHOWN])
def test_facts_stay_with_separators(views, title):
    view = views[title]
    text, html = text_of(replace(view, parts=tuple(map(_as_table, view.parts)))), html_of(view)
    seen = set(re.split(r"[\s,:;()]+", Sanitised(html).text))
    facts = {word for line in text.splitlines() for word in _words(line)}
    assert facts - seen == set()


def _as_table(part):
    """Return the numbers of a chart as a table. Its axes are in the picture only."""
    return part.numbers if part.part == "chart" else part


def _words(line):
    """Return the words of a line. Times are tooltips in HTML, which shows their age, and bars and blocks are pictures."""
    line = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "", line)
    return [word for word in re.split(r"[\s,:;()]+", line) if re.search(r"\w", word)]


@pytest.mark.parametrize("title", [shown.title for shown in SHOWN])
def test_a_screen_reader_hears_names_before_values(views, title):
    html = html_of(views[title])
    for table in re.findall(r"<table.*?</table>", html, flags=re.DOTALL):
        assert table.index("<thead>") < table.index("<tbody>")
        assert "<th>" not in table  # each heading says whether it is of a column or of a group of rows
    for picture in re.findall(r"<svg[^>]*>", html):
        assert 'aria-hidden="true"' in picture or "aria-label=" in picture
    for image in re.findall(r"<img[^>]*>", html):
        assert "alt=" in image
    assert not re.search(r'tabindex="[1-9]', html)


@pytest.mark.parametrize("title", [shown.title for shown in SHOWN])
def test_a_display_is_small(views, title):
    html = re.sub(r'srcdoc="[^"]*"', "", html_of(views[title]))
    assert len(html.encode()) <= _MAX_BYTES


@pytest.mark.parametrize("theme", THEMES)
def test_every_display_is_accessible(views, theme, tmp_path):
    """axe-core, with all rules that it has for the content of a page. Cards are pages of other people."""
    with browser(tmp_path) as page:
        found = []
        for title, view in views.items():
            page.set_content(themed(re.sub(r"<iframe.*?</iframe>", "", html_of(view), flags=re.DOTALL), theme))
            response = Axe().run(page, context=".mfw").response
            found += [(title, one["id"], one["nodes"][0]["html"][:160]) for one in response["violations"]]
    assert found == []
