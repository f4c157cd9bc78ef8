"""The answer to a question about something that is not there, such as the code of a run without a code package."""

from collections.abc import Iterator
from typing import Any

from mfwidgets.display import Displayable
from mfwidgets.hidden_characters import visible


class Nothing(Displayable):
    """The answer of ``%mflow logs`` and ``%mflow code`` if there is nothing to show.

    It shows why. It is false and empty, so that ``if`` and ``for`` work as with a real answer.

    Parameters
    ----------
    kind
        What is missing: ``logs`` or ``code``.
    pathspec
        The run, step or task that has none.
    reason
        A sentence that says why, or what to do.

    Attributes
    ----------
    kind, pathspec, reason
        The parameters.
    """

    def __init__(self, kind: str, pathspec: str, reason: str) -> None:
        self.kind, self.pathspec, self.reason = kind, pathspec, reason

    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __str__(self) -> str:
        return ""

    def __repr__(self) -> str:
        return visible(f"<no {self.kind} of {self.pathspec}>")
