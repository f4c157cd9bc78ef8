"""Pathspecs: ``Flow/run/step/task/artifact``, and the aliases that may stand for a run id."""

import re
from dataclasses import dataclass

from mfwidgets.errors import MetaflowInvalidPathspec

KINDS = ("flow", "run", "step", "task", "artifact")
"""What the n-th part of a pathspec names."""

FORMS = {
    "flow": "FlowName",
    "run": "FlowName/RunID",
    "step": "FlowName/RunID/StepName",
    "task": "FlowName/RunID/StepName/TaskID",
    "artifact": "FlowName/RunID/StepName/TaskID/ArtifactName",
}

PathComponents = tuple[str, ...]
"""The parts of a pathspec, from the flow down."""

_ALIAS = re.compile(r"(?P<which>latest(?:-ok)?)(?:~(?P<back>\d{1,6}))?\Z")


@dataclass(frozen=True, slots=True)
class RunAlias:
    """``latest``, ``latest-ok``, ``latest~2``: a run by its place, newest first.

    Attributes
    ----------
    successful_only
        Count successful runs only (``latest-ok``).
    back
        How many such runs to skip: 0 is the newest.
    """

    successful_only: bool
    back: int


def parse_alias(run_id: str) -> RunAlias | None:
    """Return the alias that ``run_id`` is, or None when it is an ordinary id."""
    found = _ALIAS.match(run_id)
    if not found:
        return None
    return RunAlias(successful_only=found["which"] == "latest-ok", back=int(found["back"] or 0))


def parse(pathspec: object, kind: str | None = None) -> PathComponents:
    """Split a pathspec into its parts.

    Parameters
    ----------
    pathspec
        ``HelloFlow/2/start``; anything but a str is an error.
    kind
        One of :data:`KINDS`, when only that kind will do; None takes any.

    Raises
    ------
    MetaflowInvalidPathspec
        Naming the expected form.
    """
    expected = f"expected {FORMS[kind]}" if kind else f"expected {FORMS['flow']} to {FORMS['artifact']}"
    if not isinstance(pathspec, str):
        raise MetaflowInvalidPathspec(
            f"A pathspec is a text, not {type(pathspec).__name__} ({short(repr(pathspec))}): {expected}."
        )
    parts = tuple(pathspec.split("/"))
    if not all(parts):
        raise MetaflowInvalidPathspec(
            f"Pathspec {short(repr(pathspec))} has an empty part: {expected}.", pathspec=pathspec
        )
    if len(parts) > len(KINDS) or (kind and len(parts) != KINDS.index(kind) + 1):
        count = f"{len(parts)} part{'s' if len(parts) > 1 else ''}"
        raise MetaflowInvalidPathspec(f"Pathspec {short(repr(pathspec))} has {count}: {expected}.", pathspec=pathspec)
    return parts


def kind_of(path: PathComponents) -> str:
    """Return what a path of this length names."""
    return KINDS[len(path) - 1]


def short(text: str) -> str:
    """Return a name as messages show it: of a very long one the beginning."""
    return text if len(text) <= 120 else text[:119] + "…"  # noqa: PLR2004
