"""Unified diffs of code packages."""

import re
from collections.abc import Sequence
from typing import Any

from mfwidgets.client.code import MetaflowCode
from mfwidgets.errors import DataException


def code_diff(named: Sequence[tuple[str, Any]]) -> str:
    """Return how the user's files of each object differ from those of the first.

    Parameters
    ----------
    named
        Objects with ``.code`` (a step has it of its newest task), and their names.

    Raises
    ------
    DataException
        An object has no code package, or it cannot be read.
    """
    codes = [(name, _code(name, compared)) for name, compared in named]
    first_name, first = codes[0]
    parts = [_diff(first_name, first, name, code) for name, code in codes[1:] if code.sha != first.sha]
    return "".join(parts)


def _code(name: str, compared: Any) -> MetaflowCode:
    task = compared if hasattr(compared, "code") else compared.task
    code: MetaflowCode | None = task.code if task else None
    if code is None:
        raise DataException(
            f"{name} has no code package: Metaflow stores one for remote steps, and for all with "
            "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1."
        )
    return code


def _diff(one_name: str, one: MetaflowCode, other_name: str, other: MetaflowCode) -> str:
    ours, theirs = one.files(), other.files()
    differing = (file for file in sorted(ours.keys() | theirs.keys()) if ours.get(file) != theirs.get(file))
    return "".join(
        _file_diff((f"{one_name}/{file}", ours.get(file)), (f"{other_name}/{file}", theirs.get(file)))
        for file in differing
    )


def _file_diff(one: tuple[str, bytes | None], other: tuple[str, bytes | None]) -> str:
    before, after = _lines(one[1]), _lines(other[1])
    if before is None or after is None:
        return f"Binary files {one[0]} and {other[0]} differ\n"
    from_name, to_name = (name if content is not None else "/dev/null" for name, content in (one, other))
    from difflib import unified_diff

    lines = list(unified_diff(before, after, from_name, to_name))
    if not lines:  # an empty file that only one of them has
        return f"--- {from_name}\n+++ {to_name}\n"
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes | None) -> list[str] | None:
    """Return the lines of a text with their ends, none of a file that is not there; None for what is no text."""
    try:
        return re.findall(r"[^\n]*\n|[^\n]+", (content or b"").decode())  # other ends of lines are characters
    except UnicodeDecodeError:
        return None
