"""Writes names into lines that people run: words of ``%mflow`` and of a shell, and Python expressions.

A name is chosen by the author of a run. It must not become code, so each line that the package writes (completions,
hints, cells of the sidebar, code of explorers) is written here. ``sidebar.js`` has the same rules in JavaScript.
"""

import re
import shlex
import unicodedata

from mfwidgets.errors import UnquotableName

_PLAIN = re.compile(r"[\w./:@+=,%~-]+(?<!%)\Z")
"""Words that need no quotes in ``%mflow``, in IPython and in a shell. A backslash would continue the line at its end."""

_SPECIAL_IN_SHELLS = re.compile(r'["$`\\!]')
"""Characters with a meaning between double quotes in a shell."""

_PLAIN_PATHSPEC = re.compile(r"\w[\w./:@+=,-]*\Z")

_DIRECTIONS = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that reorder or hide others: a line with them would not be what it looks like."""


def is_quotable(name: str) -> bool:
    """Return whether a name can be part of a line: it has no control characters and can be encoded."""
    if name.isprintable():
        return True
    return not _DIRECTIONS.search(name) and all(
        unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") for character in name
    )


def check_quotable(name: str) -> str:
    """Return the name.

    Raises
    ------
    UnquotableName
        It has control characters, which no line can contain.
    """
    if not is_quotable(name):
        raise UnquotableName(f"Expected a name without control characters, got {name[:100]!r}.", pathspec=name)
    return name


def quote(word: str) -> str:
    """Return a word as the user must type it after ``%mflow``, and in a shell.

    Raises
    ------
    UnquotableName
        The word has control characters.
    """
    if _PLAIN.match(check_quotable(word)):
        return word
    return f'"{word}"' if "'" in word and not _SPECIAL_IN_SHELLS.search(word) else shlex.quote(word)


def mflow_line(*words: str) -> str:
    """Return the line of ``%mflow`` with these words. A word with control characters is replaced by an ellipsis."""
    return " ".join(["%mflow", *(quote(word) if is_quotable(word) else "…" for word in words)])


def is_plain(pathspec: str) -> bool:
    """Return whether a pathspec can be inserted without quotes."""
    return bool(_PLAIN_PATHSPEC.match(pathspec))


def string_literal(text: str) -> str:
    """Return a literal of Python whose value is the text. It is on one line and has only visible characters."""
    return repr(text)


def fits_string(text: str, quote_character: str) -> bool:
    """Return whether this can be inserted into a string that was opened with this quote: it neither ends nor changes it."""
    return is_quotable(text) and quote_character not in text and "\\" not in text
