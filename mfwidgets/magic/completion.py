"""Completion of ``%mflow`` lines, and of pathspecs inside ``Flow("…")`` and the other classes: IPython's matchers, version 2."""

import re
from typing import TYPE_CHECKING, Any

from mfwidgets.magic.command import Argument, Command, Kind
from mfwidgets.magic.completion_sources import ANSWERS, completion_candidates
from mfwidgets.magic.tokenize import BLANKS, quote, scan

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

_MAGIC = re.compile(r"(?:^|=)\s*(?P<cell>%?)%mflow\s+(?P<rest>.*)$")
_STRING = re.compile(r"\b(?P<name>Flow|Run|Step|Task|DataArtifact)\(\s*(?P<quote>['\"])(?P<word>[^'\"\n]*)$")
_OF_CLASS: dict[str, Kind] = {
    "Flow": "flow",
    "Run": "run",
    "Step": "step",
    "Task": "task",
    "DataArtifact": "artifact",
}
_FOR_CELLS = ("ns", "metadata", "profile")


def complete(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what of a line is being typed, and what it can be: words with their kinds.

    Parameters
    ----------
    text
        The line up to the cursor.
    """
    in_string = _STRING.search(text)
    if in_string:
        word, kind = in_string["word"], _OF_CLASS[in_string["name"]]
        return word, _matching(
            word, [(candidate, kind) for candidate in completion_candidates(kind, word, "", aliases=False)]
        )
    magic = _MAGIC.search(text)
    if not magic:
        return "", []
    before, word, in_quotes = _split_at_cursor(magic["rest"])
    candidates = _matching(word, _candidates(before, word, for_cell=bool(magic["cell"])))
    return word, candidates if in_quotes else [(quote(text), kind) for text, kind in candidates]


def _split_at_cursor(rest: str) -> tuple[list[str], str, bool]:
    """Return the whole words before the one that is being typed, that one, and whether a quote is open before it.

    Of ``--tag=nightly``, the option is a whole word and the value is what is being typed.
    """
    words = scan(rest)
    # After a blank, nothing of the next word is typed yet; a blank inside quotes is a part of the last word.
    typed = words.pop() if words and (words[-1].open_quote is not None or rest[-1] not in BLANKS) else None
    before = [part for word in words for part in _option_and_value(word.text)]
    if typed is None:
        return before, "", False
    if typed.open_quote is not None:
        outside = rest[typed.start : typed.open_quote]
        return [*before, *filter(None, [outside.removesuffix("=")])], rest[typed.open_quote + 1 :], True
    text = rest[typed.start :]
    if not text.startswith("--") or "=" not in text:
        return before, text, False
    option, _, value = text.partition("=")
    return [*before, option], value, False


def _option_and_value(word: str) -> list[str]:
    """Return ``--tag`` and ``nightly`` of ``--tag=nightly``; other words as they are."""
    option, equals, value = word.partition("=")
    return [option, value] if equals and word.startswith("--") else [word]


def _candidates(before: list[str], word: str, *, for_cell: bool) -> list[tuple[str, str]]:
    """Return what can stand where a word is being typed, after the words before it."""
    from mfwidgets.magic.dispatch import COMMANDS

    if not before:
        commands = [(name, "command") for name in (_FOR_CELLS if for_cell else COMMANDS)]
        return (
            commands
            if for_cell
            else [*commands, *((candidate, "pathspec") for candidate in completion_candidates("pathspec", word, ""))]
        )
    command = COMMANDS.get(before[0])
    if command is None:
        return []
    if command.name == "help":
        return [(name, "command") for name in COMMANDS] if len(before) == 1 else []
    return _arguments(command, before[1:], word)


def _arguments(command: Command, before: list[str], word: str) -> list[tuple[str, str]]:
    options = {argument.name: argument for argument in command.arguments if argument.is_option}
    waiting = options.get(before[-1]) if before else None
    about = next((earlier for earlier in before if not earlier.startswith("-")), "")
    if waiting and waiting.takes_value:
        return _values(waiting, word, about)
    if word.startswith("-"):
        return [(name, "option") for name in _still_possible(options, before)]
    places = [argument for argument in command.arguments if not argument.is_option]
    taken = _at_their_place(options, before)
    if taken < len(places):
        return _values(places[taken], word, about)
    return [(name, "option") for name in _still_possible(options, before)]


def _values(argument: Argument, word: str, about: str) -> list[tuple[str, str]]:
    if argument.kind == "text":
        return []
    return [(candidate, argument.kind) for candidate in completion_candidates(argument.kind, word, about)]


def _at_their_place(options: dict[str, Argument], before: list[str]) -> int:
    """Return how many words stand at their place, neither options nor the values of options."""
    taken, skip = 0, False
    for earlier in before:
        if skip:
            skip = False
        elif earlier in options:
            skip = options[earlier].takes_value
        else:
            taken += 1
    return taken


def _still_possible(options: dict[str, Argument], before: list[str]) -> list[str]:
    used = {options[option].group or option for option in before if option in options}
    return [
        name
        for name, option in options.items()
        if option.settings.get("action") == "append" or (option.group or name) not in used
    ]


def _matching(word: str, candidates: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what begins as the word does; where nothing does, what begins so whatever the case."""
    exact = [candidate for candidate in candidates if candidate[0].startswith(word)]
    return exact or [candidate for candidate in candidates if candidate[0].lower().startswith(word.lower())]


def _matcher(context: "CompletionContext") -> "SimpleMatcherResult":
    """Give IPython the completions of our lines; nothing of anybody else's, and never an exception."""
    from IPython.core.completer import SimpleCompletion

    try:
        word, candidates = complete(context.text_until_cursor)
    except Exception:  # noqa: BLE001 - a completion must not print a traceback into the cell
        word, candidates = "", []
    completions: Any = [SimpleCompletion(text, type=kind) for text, kind in candidates]
    return {"completions": completions, "matched_fragment": word, "suppress": bool(candidates), "ordered": True}


_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
_matcher.matcher_identifier = "mfwidgets.pathspec"  # type: ignore[attr-defined]


def load(ipython: "InteractiveShell") -> None:
    """Let a shell complete our lines; once more does no harm."""
    matchers = ipython.Completer.custom_matchers
    if _matcher not in matchers:
        matchers.append(_matcher)


def unload(ipython: "InteractiveShell") -> None:
    """Take that from a shell, and forget what was asked."""
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if matcher is not _matcher]
    ANSWERS.forget()
