"""Writes cards into a folder. Types and ids come from a datastore, so they can be anything."""

import os
import re
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from mfwidgets.concurrency import parallel_map
from mfwidgets.errors import BlobMissing, DataException, FileExists

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mfwidgets.client.cards import Card

_MAX_PART_CHARS = 40
"""The rest of a longer name is cut: file systems allow 255 bytes for a file name."""

_HASH_CHARS = 10

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def save_cards(cards: "Sequence[Card]", folder: Path, *, overwrite: bool) -> list[Path]:
    """Write cards into a folder and return the files. See :meth:`CardContainer.save`.

    Raises
    ------
    FileExists
        A file exists already, and ``overwrite`` is False. Nothing is written then.
    BlobMissing
        A card no longer exists. The others are written.
    DataException
        A file cannot be written.
    """
    files = [folder / name for name in file_names(cards)]
    existing = [file.name for file in files if os.path.lexists(file)]
    if existing and not overwrite:
        more = f" and {len(existing) - 1} others" if existing[1:] else ""
        raise FileExists(
            f"{existing[0]}{more} exist{'' if more else 's'} already in {folder}. Nothing was written. Try overwrite=True, "
            "or --overwrite on a line."
        )

    def save(card_and_file: "tuple[Card, Path]") -> BlobMissing | None:
        card, file = card_and_file
        try:
            _write(file, card._stored(), overwrite=overwrite)
        except BlobMissing as error:
            return error
        except OSError as error:
            raise DataException(f"{file} cannot be written: {error}.") from error
        return None

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataException(f"The folder {folder} cannot be made: {error}.") from error
    pairs = list(zip(cards, files, strict=True))
    problems = [error for error in parallel_map(save, pairs) if error]
    if problems:
        raise BlobMissing(f"{problems[0]} {len(files) - len(problems)} of {len(files)} cards were written to {folder}.")
    return files


def file_names(cards: "Sequence[Card]") -> list[str]:
    """Return a safe file name for each card. No two are the same, also on file systems that ignore case."""
    names: list[str] = []
    used = set()
    for card in cards:
        parts = [*card.pathspec.split("/")[2:4], card.type, card.id or "", card.hash[:_HASH_CHARS]]
        stem = "-".join(filter(None, map(_safe, parts))) or "card"
        name, number = f"{stem}.html", 1
        while name.lower() in used:
            number += 1
            name = f"{stem}-{number}.html"
        used.add(name.lower())
        names.append(name)
    return names


def _safe(part: str) -> str:
    """Return a part of a file name: no separators, no hidden file, nothing that a shell or Windows treats specially."""
    return _UNSAFE.sub("_", part)[:_MAX_PART_CHARS].strip(".-")


def _write(file: Path, content: bytes, *, overwrite: bool) -> None:
    """Write a file. An existing one is replaced as a whole: a link is replaced, not followed."""
    if not overwrite:
        with file.open("xb") as output:
            output.write(content)
        return
    with NamedTemporaryFile(dir=file.parent, prefix=".mfwidgets-", delete=False) as temporary:
        temporary.write(content)
    Path(temporary.name).replace(file)
