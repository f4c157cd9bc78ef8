"""Writes names into lines that people run: words of ``%mflow`` and of a shell, and Python expressions.

A name is chosen by the author of a run. It must not become code, so each line that the package writes (completions,
hints, cells of the sidebar, code of explorers) is written here. ``lines.js`` has the same rules in JavaScript.
"""

import re
from collections.abc import Iterable

from mfwidgets.errors import UnquotableName
from mfwidgets.hidden_characters import has_hidden, visible

_PLAIN = re.compile(r"(?![~=])(?!.*[=:]~)[\w./:@+=,~-]+\Z")
"""Words that need no quotes in ``%mflow``, in IPython and in a shell.

A backslash would continue the line at its end. A shell replaces ``~`` at the beginning, and in ``x=~`` and ``x=a:~``.
"""

_SPECIAL_IN_SHELLS = re.compile(r'["$`\\!]')
"""Characters with a meaning between double quotes in a shell."""

_PLAIN_PATHSPEC = re.compile(r"\w[\w./:@+=,-]*\Z")


def is_quotable(name: str) -> bool:
    """Return whether a name can be part of a line: it has no hidden characters."""
    return not has_hidden(name)


def check_quotable(name: str) -> str:
    """Return the name.

    Raises
    ------
    UnquotableName
        It has hidden characters. A line with them is not what it looks like.
    """
    if not is_quotable(name):
        raise UnquotableName(f"Expected a name without control characters, got {name[:100]!r}.", pathspec=name)
    return name


def quote(word: str) -> str:
    """Return a word as the user must type it after ``%mflow``, and in a shell.

    Raises
    ------
    UnquotableName
        The word has hidden characters.
    """
    if _PLAIN.match(check_quotable(word)):
        return word
    if "'" in word and not _SPECIAL_IN_SHELLS.search(word):
        return f'"{word}"'
    return "'" + word.replace("'", "'\"'\"'") + "'"


def mflow_line(command: str, *names: str, option: str = "") -> str:
    """Return a line of ``%mflow``. Empty if a name has hidden characters: then no line can be written.

    Parameters
    ----------
    command
        The name of the command.
    names
        Its arguments. They are quoted. None of them is read as an option, or as the question for help.
    option
        An option without a value.
    """
    if not all(map(is_quotable, names)):
        return ""
    words = list(map(quote, names))
    words = [option, "--", *words] if any(name[:1] in ("-", "?") for name in names) else [*words, option]
    return " ".join(filter(None, ["%mflow", command, *words]))


def show_line(pathspec: str) -> str:
    """Return the line that shows an object. Empty if no line can be written."""
    return mflow_line("" if "/" in pathspec and pathspec[0] not in "-?" else "show", pathspec)


def hint(form: str, *lines: str) -> str:
    """Return a sentence with lines, such as ``Try {}.``, after a blank. Empty if one of the lines cannot be written."""
    return f" {form.format(*lines)}" if all(lines) else ""


def listed(names: Iterable[str]) -> str:
    """Return names for a message that the reader may copy: separated by commas, and quoted if they need it."""
    return ", ".join(quote(name) if is_quotable(name) else f"'{visible(name)}'" for name in names)


def is_plain(pathspec: str) -> bool:
    """Return whether a pathspec can be inserted without quotes, and into any string."""
    return is_quotable(pathspec) and bool(_PLAIN_PATHSPEC.match(pathspec))


def string_literal(text: str) -> str:
    """Return a literal of Python whose value is the text. It is on one line and has only visible characters."""
    return visible(repr(text))
