"""The files that differ between two code packages, with the number of lines that were added and removed.

Lines are counted, not aligned: that takes time in proportion to the files, whatever is in them.
"""

from collections import Counter

from mfwidgets.client.answers.source_lines import MAX_PACKAGE_BYTES, MAX_SOURCE_BYTES
from mfwidgets.client.code import MetaflowCode
from mfwidgets.errors import TooLarge
from mfwidgets.fast_dataclass import fast_dataclass

MAX_FILES = 100
"""The files that are compared at most."""


@fast_dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that differs between two code packages.

    Attributes
    ----------
    name
        Its name in the package.
    added, removed
        The number of lines that only the second package has, and that only the first has. None if it is not text, or large.
    is_new, is_gone
        Whether only the second package has it, or only the first.
    """

    name: str
    added: int | None
    removed: int | None
    is_new: bool = False
    is_gone: bool = False

    def __str__(self) -> str:
        words = "new file" if self.is_new else "removed" if self.is_gone else ""
        if self.added is None or self.removed is None:
            return words or "differs"
        lines = f"+{self.added:,} -{self.removed:,} lines"
        return f"{words}, {lines}" if words else lines


def changed_files(first: MetaflowCode, second: MetaflowCode) -> list[ChangedFile]:
    """Return the user's files that differ, by name. Costs two downloads of at most 20 MB each, and none if the hashes are equal.

    Raises
    ------
    DataException
        A package is damaged or too large.
    """
    if first.sha == second.sha:
        return []
    before, after = (code._package(MAX_PACKAGE_BYTES) for code in (first, second))
    names = sorted({*before.sizes(), *after.sizes()})[:MAX_FILES]
    changed = []
    for name in names:
        contents = []
        for package in (before, after):
            try:
                contents.append(package.read(name, MAX_SOURCE_BYTES))
            except TooLarge:
                contents.append(b"\0")
        if contents[0] != contents[1]:
            changed.append(_changed(name, *contents))
    return changed


def _changed(name: str, before: bytes | None, after: bytes | None) -> ChangedFile:
    is_new, is_gone = before is None, after is None
    try:
        old, new = (Counter((content or b"").decode().splitlines()) for content in (before, after))
    except UnicodeDecodeError:
        return ChangedFile(name, None, None, is_new, is_gone)
    if b"\0" in (before or b"") + (after or b""):
        return ChangedFile(name, None, None, is_new, is_gone)
    return ChangedFile(name, (new - old).total(), (old - new).total(), is_new, is_gone)
