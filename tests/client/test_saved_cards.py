"""Cards are saved as stored, under safe names, and nothing is overwritten without a word."""

import os
import re
from types import SimpleNamespace

import pytest

from mfwidgets.client.saved_cards import file_names
from mfwidgets.errors import BlobMissing, DataException, FileExists, MetaflowException

HOSTILE = [
    "../../etc/passwd",
    "a/b\\c",
    "<b>\u202ex",
    "",
    ".hidden",
    "CON",
    "x" * 500,
    "ünïcode",
    "nul\0",
    "-rf",
    "a b;$(x)",
]


@pytest.fixture
def cards(client, runs):
    return client.get(runs["cards"]).cards()


def test_the_stored_bytes_are_written(cards, tmp_path):
    files = cards.save(tmp_path / "new" / "folder")
    assert len(files) == len(cards) == 2
    for card, file in zip(cards, files, strict=True):
        assert file.read_text() == card.get()
        assert file.stat().st_size == card.size()
        assert file.name == f"start-1-blank-{card.id}-{card.hash[:10]}.html"
    assert {file.name for file in (tmp_path / "new" / "folder").iterdir()} == {file.name for file in files}
    assert "2 files written to" in cards._repr_html_()


def test_existing_files_stay(cards, tmp_path):
    first, second = cards.save(tmp_path)
    first.unlink()
    second.write_text("mine")
    with pytest.raises(FileExists, match=r"exists already in .* Nothing was written") as caught:
        cards.save(tmp_path)
    assert isinstance(caught.value, FileExistsError | MetaflowException)
    assert not first.exists()
    assert second.read_text() == "mine"
    cards.save(tmp_path, overwrite=True)
    assert second.read_text() == cards[1].get()


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(cards, tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    first = cards.save(tmp_path / "cards")[0]
    first.unlink()
    first.symlink_to(mine)
    cards.save(tmp_path / "cards", overwrite=True)
    assert mine.read_text() == "mine"
    assert not first.is_symlink()
    first.unlink()
    first.symlink_to(tmp_path / "missing")
    with pytest.raises(FileExists):
        cards.save(tmp_path / "cards")


def test_a_missing_card_hides_no_other(cards, tmp_path, monkeypatch):
    def gone():
        raise BlobMissing("The card is gone.")

    monkeypatch.setattr(cards[0], "_stored", gone)
    with pytest.raises(BlobMissing, match=r"The card is gone\. 1 of 2 cards were written"):
        cards.save(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_made(cards, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataException, match="cannot be made"):
        cards.save(tmp_path / "file")


def test_hostile_names_are_safe():
    cards = [SimpleNamespace(pathspec=f"F/1/{name}/{name}", type=name, id=name, hash="0" * 40) for name in HOSTILE]
    names = file_names(cards)
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*\.html", name), name
        assert len(name) < 255


def test_names_that_differ_only_in_case_are_numbered():
    cards = [SimpleNamespace(pathspec="F/1/start/1", type=kind, id=None, hash="1" * 40) for kind in ("Blank", "blank")]
    assert file_names(cards) == ["start-1-Blank-1111111111.html", "start-1-blank-1111111111-2.html"]
