"""Makes answers that fit into an agent's context: without empty values, without secrets, cut with a note."""

import json
from itertools import islice
from typing import Any

from mfwidgets.hidden_characters import visible
from mfwidgets.redaction import redact_message
from mfwidgets.tables import to_json_value

MAX_ANSWER_CHARS = 40_000
"""The maximum length of an answer, about 10,000 tokens. Clients reject answers of more than 25,000 tokens."""

_ITEMS_AND_CHARS = ((1_000, 20_000), (300, 6_000), (100, 3_000), (40, 1_500), (15, 800), (5, 300), (2, 100))
"""The maximum numbers of items of a list and of characters of a str. The first pair with which an answer fits is used."""

_OLD_NAMES = frozenset({"duration_seconds", "size_bytes", "tags", "created_at"})
"""Keys of ``--json`` that repeat the value of another key."""

_ENDS_MATTER = frozenset({"text", "log", "traceback"})
"""The end of such a value says more than its beginning."""

_MAX_NOTES = 20
"""At most this many notes about what was left out."""

_CHARS_PER_VALUE = 1
"""Each value has at least a comma or a colon."""

_MAX_LINE_CHARS = 10_000
"""The rest of a longer line is cut. Removing secrets from it would take long."""


def answer_text(facts: Any) -> str:
    """Return facts as compact JSON within the limit. ``left_out`` says what was cut.

    Values that are missing or empty are left out, and so are keys that only repeat others.
    """
    given = to_json_value(facts)
    data = _compact(given)
    if isinstance(given, dict):  # an empty list is an answer
        data = {name: data.get(name, []) for name, value in given.items() if name in data or value == []}
    text = ""
    for items, chars in _ITEMS_AND_CHARS:
        cutter = _Cutter(items, chars)
        try:
            cut = cutter.cut(data, "")
        except _TooLongError:
            continue
        if cutter.left_out and isinstance(cut, dict):
            cut["left_out"] = list(dict.fromkeys(cutter.left_out))[:_MAX_NOTES]
        text = json.dumps(cut, ensure_ascii=False, separators=(",", ":"))
        if len(text) <= MAX_ANSWER_CHARS:
            return text
    return json.dumps({"left_out": ["The answer is too large. Ask for a part of it."], "begins": text[:2_000]})


def _compact(data: Any) -> Any:
    if isinstance(data, dict):
        shown = {name: _compact(value) for name, value in data.items() if not _is_repeated(name, data)}
        return {name: value for name, value in shown.items() if value not in (None, "", [], {})}
    return [_compact(value) for value in data] if isinstance(data, list) else data


def _is_repeated(name: str, data: dict[str, Any]) -> bool:
    """Return whether another key of a row has the same value."""
    return name in _OLD_NAMES and "pathspec" in data


class _TooLongError(Exception):
    """An answer is too long with these limits. Found early, so that a huge answer costs no more than a long one."""


class _Cutter:
    """Cuts lists and texts, and notes what it has left out."""

    def __init__(self, items: int, chars: int) -> None:
        self._items, self._chars = items, chars
        self.left_out: list[str] = []
        self._used = 0

    def cut(self, data: Any, path: str) -> Any:
        """Return data within the limits.

        Raises
        ------
        _TooLongError
            It would still be too long.
        """
        if isinstance(data, dict):
            kept = list(islice(data.items(), self._items))
            if len(kept) < len(data):
                self.left_out.append(f"{path or 'keys'}: {len(kept):,} of {len(data):,}")
            return {self._text(name, ""): self.cut(value, f"{path}.{name}".strip(".")[:80]) for name, value in kept}
        if isinstance(data, list):
            if len(data) > self._items:
                self.left_out.append(f"{path}: the first {self._items:,} of {len(data):,}")
            return [self.cut(value, path) for value in data[: self._items]]
        if isinstance(data, str):
            return self._text(data, path)
        self._count(1)
        return data

    def _text(self, text: str, path: str) -> str:
        keeps_end = path.rpartition(".")[2] in _ENDS_MATTER
        shown = text
        if len(text) > self._chars:
            shown = text[-self._chars :] if keeps_end else f"{text[: self._chars]}…"
            part = "last" if keeps_end else "first"
            self.left_out.append(f"{path}: the {part} {self._chars:,} of {len(text):,} characters")
        self._count(len(shown))
        return _clean(shown)

    def _count(self, chars: int) -> None:
        self._used += chars + _CHARS_PER_VALUE
        if self._used > MAX_ANSWER_CHARS:
            raise _TooLongError


def _clean(text: str) -> str:
    """Return text without secrets, and with visible control characters. Lines stay lines."""
    lines = (line if len(line) <= _MAX_LINE_CHARS else f"{line[:_MAX_LINE_CHARS]}…" for line in text.split("\n"))
    return visible("\n".join(map(redact_message, lines)), lines=True)
