"""Cards are the same as in Metaflow's client, and the namespace does not change."""

import pytest

import mfwidgets
from mfwidgets import Metaflow, get_cards
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


@pytest.mark.parametrize("name", ["cards-sysroot", "cards-localroot", "cards-both"])
@pytest.mark.parametrize("configured", [True, False])
def test_cards_in_other_folders(name, configured, small, monkeypatch):
    monkeypatch.chdir(small.folder(name))
    environ = small.environ(name)
    for variable, value in environ.items() if configured else ():
        monkeypatch.setenv(variable, value)
    root = environ.get("METAFLOW_DATASTORE_SYSROOT_LOCAL", small.folder(name))
    client = Metaflow(namespace=None) if configured else Metaflow(metadata=str(root), namespace=None)
    task = client.get(small[name])["start"].task
    cards = get_cards(task)
    assert [card.id for card in cards] == ["first", "second"]
    assert "first" in cards[0].get()
    assert cards[0].size() == len(cards[0].get().encode())
    assert "2 cards" in repr(cards)
    assert cards[0].hash[:5] in task._repr_html_()


def test_a_folder_of_cards_that_is_configured_is_searched(own_client, own_runs, tmp_path, monkeypatch):
    task = own_client.get(own_runs["linear"])["start"].task
    path = task.path_components
    folder = tmp_path / "cards" / f"{path[0]}/runs/{path[1]}/steps/start/tasks/{path[3]}/cards"
    folder.mkdir(parents=True)
    (folder / "blank-0123456789abcdef.html").write_text("<p>here")
    with pytest.raises(CardNotPresentException):
        get_cards(task)
    monkeypatch.setenv("METAFLOW_CARD_LOCALROOT", str(tmp_path / "cards"))
    fresh = Metaflow(metadata=own_client.metadata, namespace=None).get(task.pathspec)
    assert get_cards(fresh)[0].get() == "<p>here"


def test_a_message_names_the_folders_that_were_searched(small, monkeypatch):
    name = "cards-sysroot"
    monkeypatch.chdir(small.folder(name).parent)  # the cards are where the run was started
    root = small.environ(name)["METAFLOW_DATASTORE_SYSROOT_LOCAL"]
    task = Metaflow(metadata=root, namespace=None).get(small[name])["start"].task
    with pytest.raises(CardNotPresentException, match="may also have written them where the run was started") as error:
        get_cards(task)
    assert f"{root}/.metaflow" in str(error.value)


def test_mistakes(task, client, runs):
    with pytest.raises(CardNotPresentException, match="has no cards"):
        get_cards(client.get(runs["cards"])["end"].task)
    with pytest.raises(IncorrectPathspecException, match="FlowName/RunID/StepName/TaskID"):
        get_cards("CardFlow/1")
    with pytest.raises(IncorrectArgumentException, match="got int"):
        get_cards(7)


def test_the_html_of_a_card_is_only_in_frames(task):
    cards = get_cards(task)
    for shown in (cards, cards[0]):
        html = shown._repr_html_()
        assert "<script" not in html
        assert cards[0].hash[:5] in html
