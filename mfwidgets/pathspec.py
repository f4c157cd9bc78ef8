"""Pathspecs, such as ``Flow/run/step/task/artifact``, and the aliases of run ids."""

import re

from mfwidgets.errors import MetaflowInvalidPathspec
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.safe_repr import repr_of

KINDS = ("flow", "run", "step", "task", "artifact")
"""The kinds of objects, in the order of the parts of a pathspec."""

FORMS = {
    "flow": "FlowName",
    "run": "FlowName/RunID",
    "step": "FlowName/RunID/StepName",
    "task": "FlowName/RunID/StepName/TaskID",
    "artifact": "FlowName/RunID/StepName/TaskID/ArtifactName",
}

PathComponents = tuple[str, ...]
"""The parts of a pathspec, from the flow down."""

_MAX_NAME_CHARS = 120
"""A longer name in a message would hide the rest of it."""

_ALIAS = re.compile(r"(?P<which>latest(?:-ok)?)(?:~(?P<back>[0-9]{1,6}))?\Z")


@fast_dataclass(frozen=True, slots=True)
class RunAlias:
    """A run by its position, newest first: ``latest``, ``latest-ok``, ``latest~2``.

    Attributes
    ----------
    successful_only
        Whether only successful runs count (``latest-ok``).
    back
        The number of runs to skip. 0 is the newest run.
    """

    successful_only: bool
    back: int


def parse_alias(run_id: str) -> RunAlias | None:
    """Return the alias in ``run_id``, or None if it is an ordinary id."""
    match = _ALIAS.match(run_id)
    if not match:
        return None
    return RunAlias(successful_only=match["which"] == "latest-ok", back=int(match["back"] or 0))


def similar_alias(name: str) -> str:
    """Return the alias that a name is a typo of. Empty if it is not one.

    Examples
    --------
    >>> from mfwidgets.pathspec import similar_alias
    >>> similar_alias("latset"), similar_alias("latest_ok"), similar_alias("17")
    ('latest', 'latest-ok', '')
    """
    from difflib import get_close_matches  # only errors need it

    aliases = ("latest", "latest-ok")
    # They begin alike, or "test" would be a typo, and a name like LatestFlow is longer.
    is_similar = name[:1] in "lL" and len(name) <= len(aliases[1])
    return "".join(get_close_matches(name.casefold(), aliases, 1, 0.75)) if is_similar else ""


def parse(pathspec: object, kind: str | None = None) -> PathComponents:
    """Split a pathspec into its parts.

    Parameters
    ----------
    pathspec
        A str such as ``HelloFlow/2/start``.
    kind
        The required kind of object, one of :data:`KINDS`. None accepts all kinds.

    Raises
    ------
    MetaflowInvalidPathspec
        The pathspec is not a str, has an empty part, or has the wrong number of parts.
    """
    form = FORMS[kind] if kind else f"{FORMS['flow']} to {FORMS['artifact']}"
    if not isinstance(pathspec, str):
        raise MetaflowInvalidPathspec(
            f"Expected a pathspec {form} (str), got {short(repr_of(pathspec))} ({type(pathspec).__name__})."
        )
    parts = tuple(pathspec.split("/"))
    if not all(parts):
        stripped = pathspec.strip("/")
        hint = f" Try {short(repr(stripped))}." if stripped and "//" not in stripped else ""
        raise MetaflowInvalidPathspec(
            f"Expected a pathspec {form}, got {short(repr(pathspec))}, which has an empty part.{hint}",
            pathspec=pathspec,
        )
    if len(parts) > len(KINDS) or (kind and len(parts) != KINDS.index(kind) + 1):
        count = f"{len(parts)} part{'s' if len(parts) > 1 else ''}"
        raise MetaflowInvalidPathspec(
            f"Expected a pathspec {form}, got {short(repr(pathspec))}, which has {count}.{_other_class(pathspec, parts)}",
            pathspec=pathspec,
        )
    return parts


def _other_class(pathspec: str, parts: PathComponents) -> str:
    """Return a hint: the class whose pathspecs have this number of parts. Empty if the pathspec names nothing."""
    if len(parts) > len(KINDS) or not parts[0].isidentifier() or parse_alias(parts[0]):
        return ""
    name = ("Flow", "Run", "Step", "Task", "DataArtifact")[len(parts) - 1]
    return f" Try {name}({short(repr(pathspec))})."


def kind_of(path: PathComponents) -> str:
    """Return the kind of object that a path of this length names."""
    return KINDS[len(path) - 1]


def short(text: str) -> str:
    """Return a name for a message. A long name is cut."""
    return text if len(text) <= _MAX_NAME_CHARS else text[: _MAX_NAME_CHARS - 1] + "…"
