"""Unified diffs of code packages."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Self

from mfwidgets.client.code import MetaflowCode
from mfwidgets.display import Displayable
from mfwidgets.errors import DataException

_VERSIONS = {"python_version": "Python", "metaflow_version": "Metaflow"}
"""Facts of a code package that differ between environments, and their names."""


class CodeDiff(str, Displayable):  # noqa: SLOT000 - it has attributes, and is the str that callers know
    """A unified diff of code packages. It is a str, and shows itself with a summary and marked words.

    Attributes
    ----------
    names
        The pathspecs of the compared objects, the first one being that of the lines with ``-``.
    versions
        The versions of Python and Metaflow that differ: the name, and the version of each object.
    """

    names: tuple[str, ...]
    versions: tuple[tuple[str, tuple[str, ...]], ...]

    def __new__(
        cls, text: str, names: Sequence[str] = (), versions: Sequence[tuple[str, tuple[str, ...]]] = ()
    ) -> Self:
        """Return the diff of these objects."""
        diff = super().__new__(cls, text)
        diff.names, diff.versions = tuple(names), tuple(versions)
        return diff


def code_diff(named: Sequence[tuple[str, Any]]) -> CodeDiff:
    """Return a unified diff of the user's files, of each object against the first.

    Parameters
    ----------
    named
        Names and objects. An object has ``.code``, or is a step: then its newest task has it.

    Raises
    ------
    DataException
        An object has no code package, or its package cannot be read.
    """
    codes = [(name, _code(name, compared)) for name, compared in named]
    first_name, first = codes[0]
    parts = [_diff(first_name, first, name, code) for name, code in codes[1:] if code.sha != first.sha]
    return CodeDiff("".join(parts), [name for name, _ in codes], list(_versions([code for _, code in codes])))


def _versions(codes: Sequence[MetaflowCode]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the versions that differ. Packages with equal code are not downloaded."""
    if len({code.sha for code in codes}) > 1:
        for key, name in _VERSIONS.items():
            versions = tuple(str(code.info.get(key, "")).partition(" ")[0] for code in codes)
            if len(set(versions)) > 1:
                yield name, versions


def _code(name: str, compared: Any) -> MetaflowCode:
    task = compared if hasattr(compared, "code") else compared.task
    code: MetaflowCode | None = task.code if task else None
    if code is None:
        raise DataException(
            f"{name} has no code package. Metaflow stores one for remote steps. Try running the flow with "
            "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1."
        )
    return code


def _diff(first_name: str, first: MetaflowCode, second_name: str, second: MetaflowCode) -> str:
    ours, theirs = first.files(), second.files()
    differing = (file for file in sorted(ours.keys() | theirs.keys()) if ours.get(file) != theirs.get(file))
    return "".join(
        _file_diff((f"{first_name}/{file}", ours.get(file)), (f"{second_name}/{file}", theirs.get(file)))
        for file in differing
    )


def _file_diff(first: tuple[str, bytes | None], second: tuple[str, bytes | None]) -> str:
    before, after = _lines(first[1]), _lines(second[1])
    if before is None or after is None:
        return f"Binary files {first[0]} and {second[0]} differ\n"
    from_name, to_name = (name if content is not None else "/dev/null" for name, content in (first, second))
    from difflib import unified_diff

    lines = list(unified_diff(before, after, from_name, to_name))
    if not lines:  # an empty file that only one of them has
        return f"--- {from_name}\n+++ {to_name}\n"
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes | None) -> list[str] | None:
    """Return the lines with their ends: none for a missing file. Return None for content that is not text."""
    try:
        return re.findall(r"[^\n]*\n|[^\n]+", (content or b"").decode())  # only \n ends a line
    except UnicodeDecodeError:
        return None
