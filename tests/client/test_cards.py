"""Cards are the same as in Metaflow's client, and the namespace does not change."""

import pytest

import mfwidgets
from mfwidgets import get_cards
from mfwidgets.errors import CardNotPresentException, IncorrectArgumentException, IncorrectPathspecException


@pytest.fixture
def task(client, runs):
    return client.get(runs["cards"])["start"].task


def described(cards):
    return sorted((card.type, card.id, card.hash, card.path, card.get(), card.get_data()) for card in cards)


def test_cards_are_as_metaflow_sees_them(task, metaflow):
    from metaflow.cards import get_cards as their_cards

    cards = get_cards(task)
    assert len(cards) == 2
    assert [card.id for card in cards] == ["first", "second"]
    assert cards[0] == next(iter(cards))
    theirs = their_cards(metaflow.Task(task.pathspec))
    assert described(cards)[0][:5] == described(theirs)[0][:5]
    assert [card[:5] for card in described(cards)] == [card[:5] for card in described(theirs)]
    assert not cards.from_resumed


def test_filters(task):
    assert [card.id for card in get_cards(task, id="second")] == ["second"]
    assert len(get_cards(task, type="blank")) == 2
    assert len(get_cards(task, id="third")) == 0


def test_a_resumed_run_has_the_cards_of_its_origin(task, client, runs):
    resumed = client.get(runs["cards-resumed"])["start"].task
    cards = get_cards(resumed)
    assert cards.from_resumed
    assert cards.origin_pathspec == task.pathspec
    assert [card.hash for card in cards] == [card.hash for card in get_cards(task)]
    with pytest.raises(CardNotPresentException):
        get_cards(resumed, follow_resumed=False)


def test_the_namespace_stays(task, runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace("user:bob")
    assert len(get_cards(task.pathspec)) == 2
    assert mfwidgets.get_namespace() == "user:bob"


def test_mistakes(task, client, runs):
    with pytest.raises(CardNotPresentException, match="has no cards"):
        get_cards(client.get(runs["cards"])["end"].task)
    with pytest.raises(IncorrectPathspecException, match="FlowName/RunID/StepName/TaskID"):
        get_cards("CardFlow/1")
    with pytest.raises(IncorrectArgumentException, match="got int"):
        get_cards(7)


def test_a_list_of_cards_reads_no_html(task):
    cards = get_cards(task)
    for shown in (cards, cards[0]):
        html = shown._repr_html_()
        assert "<script" not in html
        assert cards[0].hash[:5] in html
