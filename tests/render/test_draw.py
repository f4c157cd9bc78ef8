"""Text and HTML of a view have the same facts, and nothing in a view becomes markup."""

import re
from html.parser import HTMLParser

import pytest

from mfwidgets.render.cell import SIGNS, Cell, Segment
from mfwidgets.render.html import bar_style, html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import Branch, Preformatted, Span, Table, Tree, View, plain_line

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</style></pre>&amp;"


class Page(HTMLParser):
    """Collects the tags and the text of a fragment, without style sheets."""

    VOID = frozenset({"img", "br", "hr", "input", "meta", "link"})

    def __init__(self, html):
        super().__init__()
        self.tags, self.open, self.words, self.attributes = [], [], [], []
        self.cut, self.is_cut = "", False
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self.is_cut = ("class", "mfw-cut") in attributes  # the hidden beginning of an id
        if tag == "time":  # shown as an age
            self.words.append(dict(attributes).get("title", ""))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        if self.is_cut:
            self.cut, self.is_cut = data, False
        else:
            self.words.append(self.cut + data)
            self.cut = ""

    def unknown_decl(self, data):
        self.words.append(data.removeprefix("CDATA["))  # the text of a picture

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def full_view(text):
    cells = tuple(
        Cell(text, kind, title=text, items=(text, text), value=text)
        for kind in ("text", "code", "number", "status", "time", "tags", "dim")
    )
    return View(
        kind=text,
        name=text,
        status=Cell("failed", "status", title=text),
        reason=text,
        facts=tuple((text, cell) for cell in cells),
        notes=(text,),
        parts=(
            Table(text, (text,) * len(cells), (cells,), note=text),
            Preformatted(text, (plain_line(text), (Span(text, ("red",)),)), note=text, margin=(text, text)),
            Tree(text, (Branch(text, (Cell(text),), (Branch(text, (Cell(text, "code"),)),), note=text),), note=text),
        ),
    )


def test_no_text_becomes_markup():
    harmless, hostile = Page(html_of(full_view("h" * len(HOSTILE)))), Page(html_of(full_view(HOSTILE)))
    assert hostile.tags == harmless.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in harmless.attributes]
    assert not {"script", "img", "iframe", "svg"} & set(hostile.tags)
    assert not any(name.startswith("on") or name in ("id", "href", "src") for name, _ in hostile.attributes)
    assert HOSTILE in hostile.text


def test_drawing_is_deterministic():
    assert html_of(full_view("a")) == html_of(full_view("a"))


@pytest.mark.parametrize("status", SIGNS)
def test_a_status_has_a_sign_and_a_word(status):
    view = View("Run", "F/1", status=Cell(status, "status"))
    sign_and_word = f"{SIGNS[status]} {status}"
    assert sign_and_word in text_of(view)
    assert sign_and_word in Page(html_of(view)).text


def test_text_and_html_have_the_same_facts():
    words = [f"word{number:02}" for number in range(19)]
    view = View(
        kind=words[0],
        name=words[1],
        reason=words[2],
        facts=((words[3], Cell(words[4], "code")),),
        notes=(words[5],),
        parts=(
            Table(words[6], (words[7],), ((Cell(words[8], "time"),),), note=words[9]),
            Preformatted(words[10], (plain_line(words[11]),)),
            Tree(
                words[12],
                (Branch(words[13], (Cell(words[14]),), (Branch(words[15], (Cell(words[16]),)),), words[17]),),
                words[18],
            ),
        ),
    )
    for word in words:
        assert text_of(view).count(word) == 1
        assert Page(html_of(view)).text.count(word) == 1


def test_columns_are_aligned_whatever_their_script():
    rows = ((Cell("你好"), Cell("5", "number")), (Cell("a"), Cell("1,000", "number")))
    lines = text_of(View("X", "", parts=(Table("T", ("name", "n"), rows),))).splitlines()
    assert lines == ["X", "T", "  name      n", "  你好      5", "  a     1,000"]


@pytest.mark.parametrize(
    "segments",
    [
        [("waiting", 0.2, 0.999), ("completed", 0.999, 1.0)],
        [("waiting", 0.0, 1.0), ("failed", 1.0, 1.0), ("waiting", 1.0, 1.0), ("failed", 1.0, 1.0)],
        [("completed", 0.0, 0.0)],
        [("failed", number / 400, number / 400) for number in range(400)],
    ],
)
def test_each_segment_of_a_bar_can_be_seen(segments):
    style = bar_style(Cell("", "bar", segments=tuple(Segment(*one) for one in segments)))
    stops = [float(stop) for stop in re.findall(r"(-?[0-9.]+)%", style)]
    assert stops == sorted(stops)
    assert stops[0] >= 0
    assert stops[-1] == 100
    assert len(segments) > 100 or all(last - first >= 0.5 for first, last in zip(stops[2::4], stops[3::4], strict=True))


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("plain", 5),
        ("日本語", 6),
        ("한국", 4),
        ("e\u0301te\u0301", 3),  # combining marks
        ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", 2),
        ("ﾊﾝｶｸ", 4),  # half-width
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}" * 2, 4),  # full-width
    ],
)
def test_columns_align_with_wide_letters(text, columns):
    view = View(
        "Run",
        "F/1",
        facts=(("long label ", Cell("|")), (text, Cell("|"))),
        parts=(Table("T", (text, "next"), ((Cell("long content"), Cell("|")), (Cell(text), Cell("|")))),),
    )
    _, _, fact, _, header, content, last = text_of(view).split("\n")
    assert fact == f"  {text}{' ' * (11 - columns)}  |"
    assert header == f"  {text}{' ' * (12 - columns)}  next"
    assert content == "  long content  |"
    assert last == f"  {text}{' ' * (12 - columns)}  |"


def test_numbers_are_right_aligned():
    rows = tuple((Cell(text, "number"),) for text in ("1", "1,000", ""))
    assert text_of(View("K", "", parts=(Table("T", ("数",), rows),))).split("\n") == [
        "K",
        "T",
        "     数",
        "      1",
        "  1,000",
        "",
    ]


def test_small_charts_have_their_range_as_text():
    cells = (Cell("0 to 9", "bins", levels=(0.0, 0.5, 1.0)), Cell("1 to 2", "curve", levels=(0.0, None, 1.0)))
    view = View("X", "", parts=(Table("T", ("a", "b"), (cells,)),))
    assert " ▅█ 0 to 9  ▁ █ 1 to 2" in text_of(view)
    html = html_of(view)
    assert html.count("<svg") == html.count("<path") == 2
    assert Page(html).text.endswith("0 to 9 1 to 2")


def test_a_long_curve_is_resampled_in_text():
    cell = Cell("", "curve", levels=tuple(place / 99 for place in range(100)))
    assert "▁▁▁▂▂▂▃▃▃▄▄▄▅▅▅▆▆▆▇▇▇███" in text_of(View("X", "", facts=(("a", cell),)))
