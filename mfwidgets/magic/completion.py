"""Completes ``%mflow`` lines, and pathspecs in ``Flow("…")`` and the other classes, with a matcher of IPython's API 2."""

import re
from typing import TYPE_CHECKING, Any

from mfwidgets.code_lines import is_plain, is_quotable, quote
from mfwidgets.magic.command import HELP_WORDS, Argument, Command, Kind
from mfwidgets.magic.completion_sources import ANSWERS, completion_candidates
from mfwidgets.magic.tokenize import BLANKS, scan

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

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


def complete(text: str, above: str = "") -> tuple[str, list[tuple[str, str]]]:
    """Return the unfinished word at the end of a line, and its completions with their kinds.

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
        names = completion_candidates(kind, word, "", aliases=False)
        return word, _matching(word, [(name, kind) for name in names if is_plain(name)])
    magic = _MAGIC.search(text)
    if not magic:
        return "", []
    before, word, opened = _split_at_cursor(magic["rest"])
    candidates = _matching(word, _candidates(before, word, for_cell=bool(magic["cell"])))
    return word, [(line, kind) for name, kind in candidates if (line := _inserted(name, kind, opened)) is not None]


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


def _candidates(before: list[str], word: str, *, for_cell: bool) -> list[tuple[str, str]]:
    """Return all candidates for the unfinished word, given the words before it."""
    from mfwidgets.magic.dispatch import COMMANDS

    if not before:
        if for_cell:
            return [(name, "command") for name in _FOR_CELLS]
        names = completion_candidates("pathspec", word, "")
        # The name of a command always means the command: %mflow show NAME shows a flow of that name.
        pathspecs = [(name, "pathspec") for name in names if name not in COMMANDS]
        return [*((name, "command") for name in COMMANDS), *pathspecs]
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
    positional_count = _positional_count(options, before)
    if positional_count < len(places):
        return _values(places[positional_count], word, about)
    return [(name, "option") for name in _still_possible(options, before)]


def _values(argument: Argument, word: str, about: str) -> list[tuple[str, str]]:
    if argument.kind == "text":
        return []
    return [(candidate, argument.kind) for candidate in completion_candidates(argument.kind, word, about)]


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


def _still_possible(options: dict[str, Argument], before: list[str]) -> list[str]:
    used = {options[option].group or option for option in before if option in options}
    return [
        name
        for name, option in options.items()
        if option.settings.get("action") == "append" or (option.group or name) not in used
    ]


def _matching(word: str, candidates: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the candidates that begin with the word. If there are none, ignore case."""
    exact = [candidate for candidate in candidates if candidate[0].startswith(word)]
    return exact or [candidate for candidate in candidates if candidate[0].lower().startswith(word.lower())]


def _matcher(context: "CompletionContext") -> "SimpleMatcherResult":
    """Return completions to IPython: none for lines that are not ours. It never raises."""
    from IPython.core.completer import SimpleCompletion

    try:
        above = context.full_text.split("\n")[: context.cursor_line]
        word, candidates = complete(context.text_until_cursor, "\n".join(above))
    except Exception:  # noqa: BLE001 - a completion must not print a traceback into the cell
        word, candidates = "", []
    completions: Any = [SimpleCompletion(text, type=kind) for text, kind in candidates]
    return {"completions": completions, "matched_fragment": word, "suppress": bool(candidates), "ordered": True}


_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
_matcher.matcher_identifier = "mfwidgets.pathspec"  # type: ignore[attr-defined]


def load(ipython: "InteractiveShell") -> None:
    """Add the matcher to a shell. A second call has no effect."""
    matchers = ipython.Completer.custom_matchers
    if _matcher not in matchers:
        matchers.append(_matcher)


def unload(ipython: "InteractiveShell") -> None:
    """Remove the matcher from a shell, and clear the cache of answers."""
    matchers = ipython.Completer.custom_matchers
    matchers[:] = [matcher for matcher in matchers if matcher is not _matcher]
    ANSWERS.forget()
