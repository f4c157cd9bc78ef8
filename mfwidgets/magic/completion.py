"""Completes ``%mflow`` lines, and pathspecs in ``Flow("…")`` and the other classes. It knows nothing about IPython."""

import re
from typing import NamedTuple

from mfwidgets.code_lines import is_plain, is_quotable, quote
from mfwidgets.magic.command import HELP_WORDS, Argument, Command, Kind
from mfwidgets.magic.completion_sources import completion_candidates
from mfwidgets.magic.tokenize import BLANKS, scan

_MAGIC = re.compile(r"^(?:[^'\"#=]+=)?\s*(?P<cell>%?)%mflow\s+(?P<rest>.*)$")
_STRING = re.compile(r"\b(?P<name>Flow|Run|Step|Task|DataArtifact)\(\s*(?P<quote>['\"])(?P<word>[^'\"\n]*)$")
_OF_CLASS: dict[str, Kind] = {
    "Flow": "flow",
    "Run": "run",
    "Step": "step",
    "Task": "task",
    "DataArtifact": "artifact",
}
_FOR_CELLS = ("ns", "metadata", "profile")


class Completion(NamedTuple):
    """A completion.

    Attributes
    ----------
    text
        What replaces the unfinished word.
    kind
        The kind of the argument, or ``command`` or ``option``.
    detail
        Facts about the object in one line: ``✗ failed · 3 min ago``. Can be empty.
    """

    text: str
    kind: str
    detail: str = ""


def complete(text: str, above: str = "") -> tuple[str, list[Completion]]:
    """Return the unfinished word at the end of a line, and its completions, the most likely first.

    Parameters
    ----------
    text
        The line up to the cursor.
    above
        The lines above it.
    """
    if above.endswith("\\") or any(above.count(quotes) % 2 for quotes in ('"""', "'''")):
        return "", []  # the line is inside a string, which may be an f-string
    in_string = _STRING.search(text)
    if in_string:
        word, kind = in_string["word"], _OF_CLASS[in_string["name"]]
        found = completion_candidates(kind, word, "", aliases=False)
        plain = [Completion(one.name, kind, one.detail) for one in found if is_plain(one.name)]
        return word, _matching(word, plain)
    magic = _MAGIC.search(text)
    if not magic:
        return "", []
    before, word, opened = _split_at_cursor(magic["rest"])
    candidates = _matching(word, _candidates(before, word, for_cell=bool(magic["cell"])))
    return word, [
        one._replace(text=line) for one in candidates if (line := _inserted(one.text, one.kind, opened)) is not None
    ]


def _inserted(name: str, kind: str, opened: str) -> str | None:
    """Return a candidate as it is inserted. None if it would not be read back, or would mean something else."""
    if kind in ("command", "option"):
        return name
    if not is_quotable(name) or name.startswith("-") or name in HELP_WORDS or (opened and opened in name):
        return None
    return name if opened else quote(name)


def _split_at_cursor(rest: str) -> tuple[list[str], str, str]:
    """Return the finished words, the unfinished word, and the open quote around the unfinished word, if there is one.

    In ``--tag=nightly``, the option is a finished word and the value is the unfinished word.
    """
    words = scan(rest)
    # After a blank, the next word has not begun. A blank inside quotes is part of the last word.
    unfinished = words.pop() if words and (words[-1].open_quote is not None or rest[-1] not in BLANKS) else None
    before = [part for word in words for part in _option_and_value(word.text)]
    if unfinished is None:
        return before, "", ""
    if unfinished.open_quote is not None:
        outside = rest[unfinished.start : unfinished.open_quote]
        opened = rest[unfinished.open_quote]
        if outside and not (outside.startswith("--") and outside.endswith("=")):
            return [""], "", ""  # a word that is quoted in part is not completed, and no command has an empty name
        return [*before, *filter(None, [outside.removesuffix("=")])], rest[unfinished.open_quote + 1 :], opened
    text = rest[unfinished.start :]
    if not text.startswith("--") or "=" not in text:
        return before, text, ""
    option, _, value = text.partition("=")
    return [*before, option], value, ""


def _option_and_value(word: str) -> list[str]:
    """Split ``--tag=nightly`` into option and value. Return other words unchanged."""
    option, equals, value = word.partition("=")
    return [option, value] if equals and word.startswith("--") else [word]


def _candidates(before: list[str], word: str, *, for_cell: bool) -> list[Completion]:
    """Return all candidates for the unfinished word, given the words before it."""
    from mfwidgets.magic.dispatch import COMMANDS

    if not before:
        if for_cell:
            return [_command(COMMANDS[name]) for name in _FOR_CELLS]
        found = completion_candidates("pathspec", word, "")
        # The name of a command always means the command: %mflow show NAME shows a flow of that name.
        pathspecs = [Completion(one.name, "pathspec", one.detail) for one in found if one.name not in COMMANDS]
        return [*map(_command, COMMANDS.values()), *pathspecs]
    command = COMMANDS.get(before[0])
    if command is None:
        return []
    if command.name == "help":
        return list(map(_command, COMMANDS.values())) if len(before) == 1 else []
    return _arguments(command, before[1:], word)


def _arguments(command: Command, before: list[str], word: str) -> list[Completion]:
    options = {argument.name: argument for argument in command.arguments if argument.is_option}
    waiting = options.get(before[-1]) if before else None
    about = next((earlier for earlier in before if not earlier.startswith("-")), "")
    if waiting and waiting.takes_value:
        return _values(waiting, word, about)
    if word.startswith("-"):
        return _still_possible(options, before)
    places = [argument for argument in command.arguments if not argument.is_option]
    positional_count = _positional_count(options, before)
    if positional_count < len(places):
        return _values(places[positional_count], word, about)
    return _still_possible(options, before)


def _command(command: Command) -> Completion:
    return Completion(command.name, "command", _brief(command.meaning))


_MAX_MEANING = 48
"""The popup shows at most this many characters of the meaning of a command or an option."""


def _brief(meaning: str) -> str:
    """Return the first part of a meaning."""
    brief = re.split(r"[;,(:]", meaning)[0].strip()
    return brief if len(brief) <= _MAX_MEANING else f"{brief[:_MAX_MEANING].rpartition(' ')[0]} …"


def _values(argument: Argument, word: str, about: str) -> list[Completion]:
    if argument.kind == "text":
        return []
    found = completion_candidates(argument.kind, word, about)
    return [Completion(one.name, argument.kind, one.detail) for one in found]


def _positional_count(options: dict[str, Argument], before: list[str]) -> int:
    """Return the number of words that are neither options nor the values of options."""
    count, skip = 0, False
    for earlier in before:
        if skip:
            skip = False
        elif earlier in options:
            skip = options[earlier].takes_value
        else:
            count += 1
    return count


def _still_possible(options: dict[str, Argument], before: list[str]) -> list[Completion]:
    """Return the options that can follow, with their meanings."""
    used = {options[option].group or option for option in before if option in options}
    return [
        Completion(name, "option", _brief(option.meaning))
        for name, option in options.items()
        if option.settings.get("action") == "append" or (option.group or name) not in used
    ]


def _matching(word: str, candidates: list[Completion]) -> list[Completion]:
    """Return the candidates that begin with the word. If there are none, ignore case."""
    exact = [candidate for candidate in candidates if candidate.text.startswith(word)]
    return exact or [candidate for candidate in candidates if candidate.text.lower().startswith(word.lower())]
