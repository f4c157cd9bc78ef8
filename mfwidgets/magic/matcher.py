"""The matchers that give our completions to IPython. What is completed is in ``completion.py``.

IPython 8.6 and newer has an API for matchers. Older versions, such as 7.34 on Colab, have lists of functions.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell


def _matcher(context: "CompletionContext") -> "SimpleMatcherResult":
    """Return completions to IPython: none for lines that are not ours. It never raises."""
    from IPython.core.completer import SimpleCompletion

    try:
        from mfwidgets.magic.completion import complete  # on the first key press, not when the magic is loaded

        above = context.full_text.split("\n")[: context.cursor_line]
        word, candidates = complete(context.text_until_cursor, "\n".join(above))
    except Exception:  # noqa: BLE001 - a completion must not print a traceback into the cell
        word, candidates = "", []
    shared = _shared_beginning(word, [found.text for found in candidates])
    completions: Any = [
        # A popup shows the type of a completion next to it, and its first letter in front. JupyterLab breaks lines at blanks.
        SimpleCompletion(text[shared:], type=(detail or kind).replace(" ", "\N{NO-BREAK SPACE}"))
        for text, kind, detail in candidates
    ]
    return {
        "completions": completions,
        "matched_fragment": word[shared:],
        "suppress": bool(candidates),
        "ordered": True,
    }


def _shared_beginning(word: str, texts: Sequence[str]) -> int:
    """Return the length of the finished parts of a pathspec, which all completions repeat.

    Without them, a popup shows short names, and JupyterLab keeps our order: it sorts completions by name as soon as there is
    a word that they begin with.
    """
    length = word.rfind("/") + 1
    return length if all(text.startswith(word[:length]) for text in texts) else 0


_matcher.matcher_api_version = 2  # type: ignore[attr-defined]
_matcher.matcher_identifier = "mfwidgets.pathspec"  # type: ignore[attr-defined]


def _old_matcher(completer: Any) -> Callable[[str], list[str]]:
    """Return a function that gives completions to an IPython without the API for matchers.

    Such a completer has a list of functions of a line. If a function finds something, no other is called: neither jedi nor
    the names of the notebook are added, and the order stays.
    """

    def mfwidgets_matches(line: str) -> list[str]:
        """Return the replacements of the word before the cursor. It never raises."""
        try:
            from mfwidgets.magic.completion import complete

            caller = sys._getframe(1).f_locals  # the only place that has the whole cell
            cell, row = caller.get("full_text"), caller.get("cursor_line", 0)
            until_cursor: str = completer.text_until_cursor
            replaced: str = completer.splitter.split_line(line, len(until_cursor))
            word, candidates = complete(until_cursor, "\n".join((cell or "").split("\n")[:row]))
            texts = [found.text for found in candidates if cell is not None or not _UNSAFE.search(found.text)]
            return _replacements(replaced, word, texts)
        except Exception:  # noqa: BLE001 - as above
            return []

    return mfwidgets_matches


_UNSAFE = re.compile(r"""[{}\\]|\"{3}|'{3}""")
"""Without the whole cell, the line may be inside a string of several lines. There, these have a meaning."""


def _replacements(replaced: str, word: str, texts: Sequence[str]) -> list[str]:
    """Return texts as replacements of what IPython regards as the word: of ``tag:nig`` it replaces only ``nig``."""
    if replaced.endswith(word):
        return [replaced[: len(replaced) - len(word)] + text for text in texts]
    kept = word[: len(word) - len(replaced)]
    return [text[len(kept) :] for text in texts if text.startswith(kept)] if word.endswith(replaced) else []


class _UnicodeNames:
    """The names of all characters. They are collected when they are needed.

    An IPython without the API for matchers collects them for its first completion of anything, which takes half a second.
    """

    @cached_property
    def _names(self) -> list[str]:
        return [name for code in range(sys.maxunicode + 1) if (name := unicodedata.name(chr(code), ""))]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


def _has_matcher_api() -> bool:
    from IPython.core import completer

    return hasattr(completer, "CompletionContext")


def load(ipython: "InteractiveShell") -> None:
    """Add the matcher to a shell. A second call has no effect."""
    _remove(ipython.Completer)
    if _has_matcher_api():
        ipython.Completer.custom_matchers.append(_matcher)
    else:
        ipython.Completer.magic_arg_matchers.append(_old_matcher(ipython.Completer))
        if getattr(ipython.Completer, "_names", ()) is None:
            ipython.Completer._names = _UnicodeNames()  # type: ignore[attr-defined]


def unload(ipython: "InteractiveShell") -> None:
    """Remove the matcher from a shell, and clear the cache of answers."""
    _remove(ipython.Completer)
    sources = sys.modules.get("mfwidgets.magic.completion_sources")
    if sources is not None:
        sources.ANSWERS.forget()


def _remove(completer: Any) -> None:
    for matchers in (completer.custom_matchers, completer.magic_arg_matchers):
        matchers[:] = [matcher for matcher in matchers if getattr(matcher, "__module__", "") != __name__]
