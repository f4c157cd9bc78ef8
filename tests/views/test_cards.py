"""The display of cards: the only card, a gallery with names, a list that stays, and heights of frames."""

import base64
import json
import re

import pytest

from mfwidgets import Metaflow
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.views import cards as cards_view
from mfwidgets.views.build_view import build_view
from mfwidgets.views.card_height import DEFAULT_HEIGHT, MAX_HEIGHT, MIN_HEIGHT, card_height
from mfwidgets.views.cells import Limits


@pytest.fixture
def run(small):
    return Metaflow(metadata=str(small.folder("gallery")), namespace=None).get(small["gallery"])


def view_of(shown):
    return build_view(shown, Limits())


def test_the_only_card_is_shown(run):
    first, table = view_of(next(iter(run["fit"])).cards()).parts
    assert (first.part, first.heading, table.folded) == ("iframe", "fit", True)
    assert "window.__MF_DATA__" in first.page
    assert view_of(run.cards()[0]).parts[0].height == first.height


def test_several_cards_are_a_gallery_with_names(run):
    gallery, table = view_of(run["end"].cards()).parts
    assert gallery.part == "gallery"
    assert [frame.heading for frame in gallery.frames] == ["long", "short", "plain"]
    html = html_of(view_of(run["end"].cards()))
    assert len(re.findall(f'<details name="{gallery.group}" class="mfw-card"( open)?>', html)) == 3
    assert len(re.findall('class="mfw-card" open', html)) == 1
    assert html.count('sandbox="allow-scripts" loading="lazy"') == 3
    assert [row[2].text for row in table.rows] == ["long", "short", "plain"]


def test_cards_of_a_run_are_named_by_task_and_item(run):
    cards = run.cards()
    assert [card.pathspec.split("/")[2] for card in cards] == ["fit", "fit", "end", "end", "end"]
    gallery, table = view_of(cards).parts
    assert [frame.heading for frame in gallery.frames][:2] == ["fit/2 Hamburg fit", "fit/3 İzmir fit"]
    assert table.columns[:3] == ("cards[…]", "task", "foreach item")
    assert [row[2].text for row in table.rows][:2] == ["Hamburg", "İzmir"]


def test_a_gallery_has_a_limit_and_the_list_has_all(run, monkeypatch):
    monkeypatch.setattr(cards_view, "MAX_GALLERY_BYTES", 2_500_000)
    view = view_of(run.cards())
    assert len(view.parts[0].frames) == 2
    assert view.parts[0].note.startswith("2 of 5")
    assert not view.parts[1].folded
    assert len(view.parts[1].rows) == 5
    assert "To see the next one: cards[2]" in view.notes[0]


def test_filters_of_cards(run):
    assert [card.id for card in run.cards(id="short")] == ["short"]
    assert len(run["end"].cards(type="html")) == 1
    none = run.cards(id="nothing")
    assert len(none) == 0
    assert view_of(none).notes[0] == "There are no cards."
    assert "No card of this task has this id" in view_of(next(iter(run["end"])).cards(id="nothing")).notes[1]


def test_text_has_the_list(run):
    text = text_of(view_of(run.cards()))
    assert re.search(
        r"List of cards .*\n +cards\[…\] +task +foreach item +type +id +hash\n +0 +fit/2 +Hamburg +blank", text
    )


def test_a_card_that_is_gone_hides_no_other(run, monkeypatch):
    cards = run["end"].cards()
    monkeypatch.setattr(type(cards[1]), "size", lambda card: 1 if card is cards[0] else _raise(card))
    view = view_of(cards)
    assert view.parts[0].heading == "long"
    assert "is missing" in view.notes[0]
    assert len(view.parts[1].rows) == 3


def _raise(card):
    raise card._gone()


def test_many_tasks_are_searched_up_to_a_limit(run, monkeypatch):
    from mfwidgets.client import cards as client_cards

    monkeypatch.setattr(client_cards, "MAX_TASKS", 1)
    cards = run.cards()
    assert len(cards) == 1
    assert "The first 1 of 3 tasks with @card were searched." in view_of(cards).notes


def test_heights_follow_the_content(run):
    heights = {card.id: view_of(card).parts[0].height for card in run.cards()}
    assert MIN_HEIGHT <= heights["short"] < 300
    assert 400 < heights["fit"] < 700
    assert heights["long"] == MAX_HEIGHT
    assert heights["plain"] < 350
    html = html_of(view_of(run["end"].cards(id="short")))
    assert f'style="height:{heights["short"]}px;min-height:80px;resize:vertical;overflow:hidden' in html


def payload(data):
    return f'<script>window.__MF_DATA__["x"] = "{base64.b64encode(json.dumps(data).encode()).decode()}"</script>'


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"components": "x"},
        {"components": [7, None, {"type": {}}, {"type": "table", "data": 7}, {"type": "dag", "data": 7}]},
        {"components": [{"type": "page", "contents": [{"type": "markdown", "source": 5}]}]},
        {
            "components": [
                {"type": "table", "data": [[{"type": "pythonCode", "data": None}]]},
                {"type": "html", "data": []},
            ]
        },
        {"components": [{"type": "markdown", "source": "x" * 1_000_000}] * 3},
        {"components": [{"type": "text"}] * 100_000},
    ],
)
def test_odd_cards_have_a_height(data):
    assert MIN_HEIGHT <= card_height(payload(data)) <= MAX_HEIGHT


def test_deep_components_have_a_height():
    inner = {"type": "title"}
    for _ in range(400):
        inner = {"type": "section", "contents": [inner]}
    assert MIN_HEIGHT <= card_height(payload({"components": [inner]})) <= MAX_HEIGHT


def test_other_pages():
    assert card_height("<p>hi") == MIN_HEIGHT
    assert card_height("<img src='data:,'>") == DEFAULT_HEIGHT
    assert card_height("x" * 1_000_000) == DEFAULT_HEIGHT
    assert card_height('window.__MF_DATA__["x"] = "%%%"') == MIN_HEIGHT
    assert card_height('window.__MF_DATA__["x"] = "AAAA"') == MIN_HEIGHT


def test_a_terminal_gets_the_list_without_reading_a_card(run, small, monkeypatch, capsys):
    from mfwidgets.cli.main import main
    from mfwidgets.client.cards import Card

    monkeypatch.setattr(Card, "get", lambda card: pytest.fail("it was read"))
    assert main([f"--metadata={small.folder('gallery')}", "--namespace=none", "cards", small["gallery"]]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"\n +1 +fit/3 +İzmir +blank +fit ", printed)
    assert "sandboxed" not in printed
    assert [card["task"] for card in run["end"].cards().to_dict()["cards"]] == [run["end"].task.pathspec] * 3
