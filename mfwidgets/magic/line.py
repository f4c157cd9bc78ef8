"""From a line after ``%mflow`` to what it returns: the verbs, and what is said when a line is not understood."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from IPython.core.error import UsageError

from mfwidgets.client.presentable import Presentable
from mfwidgets.client.scope import current_scope
from mfwidgets.errors import MetaflowInvalidPathspec, MetaflowNamespaceMismatch, MetaflowNotFound
from mfwidgets.magic.doctor import DOCTOR
from mfwidgets.magic.logging import LOGGING
from mfwidgets.magic.looking import LOOKING
from mfwidgets.magic.opening import OPENING
from mfwidgets.magic.switching import SWITCHING
from mfwidgets.magic.tagging import TAGGING
from mfwidgets.magic.verb import Argument, Verb
from mfwidgets.magic.words import words_of
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe
from mfwidgets.views.scope import scope_facts


class Help(Presentable):
    """What ``%mflow`` alone returns: the scope, and what can be typed."""

    def __repr__(self) -> str:
        return "<%mflow: scope and help>"


@dataclass(frozen=True, repr=False)
class VerbHelp(Presentable):
    """What ``%mflow help VERB`` returns.

    Attributes
    ----------
    verb
        Which verb.
    """

    verb: Verb

    def __repr__(self) -> str:
        return f"<help on {self.verb.usage}>"


def _help(given: argparse.Namespace) -> Presentable:
    if given.verb is None:
        return Help()
    if given.verb not in VERBS:
        raise UsageError(f"There is no verb {given.verb!r}.{_nearest(given.verb)} %mflow help lists them.")
    return VerbHelp(VERBS[given.verb])


_ABOUT = Verb(
    "help", "this, or all about one verb", _help, (Argument("verb", "which verb", "verb", settings={"nargs": "?"}),)
)

VERBS = {
    verb.name: verb for verb in (*LOOKING[:4], *LOGGING, *LOOKING[4:], *OPENING, *TAGGING, *SWITCHING, *DOCTOR, _ABOUT)
}
"""All verbs by name, in the order of the help."""

_ASKS_FOR_HELP = {"-h", "--help", "-?", "?"}


def run_line(line: str, variables: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """Do what a line says, and return the object that shows the result.

    Parameters
    ----------
    line
        What stands after ``%mflow``.
    variables
        What ``{name}`` and ``$name`` stand for.

    Raises
    ------
    UsageError
        The line is not understood; the message says what would be.
    MetaflowException
        There is no such object, or it cannot be read.
    """
    return run_words(words_of(line, variables))


def run_words(words: Sequence[str]) -> Any:
    """Do what words say, as :func:`run_line` does what a line says.

    Raises
    ------
    UsageError
        They are not understood; the message says what would be.
    MetaflowException
        There is no such object, or it cannot be read.
    """
    words = list(words)
    if not words:
        return Help()
    if words[0] in _ASKS_FOR_HELP:
        words[0] = "help"
    if len(words) > 1 and words[0] in VERBS and _ASKS_FOR_HELP.intersection(words[1:]):
        return VerbHelp(VERBS[words[0]])
    try:
        if words[0] in VERBS:
            verb = VERBS[words[0]]
            return verb.act(verb.parse(words[1:]))
        return _show(words)
    except MetaflowNamespaceMismatch as error:  # it names functions, which a notebook may not have
        raise MetaflowNamespaceMismatch(f"{error} As a line: %mflow ns none") from None


def _show(words: list[str]) -> Any:
    """Show what a pathspec names; where it names nothing, the nearest verb may be what was meant."""
    nearest = _nearest(words[0])
    if words[0].startswith("-") or len(words) > 1:
        said = f"{words[0]!r} is no verb" if len(words) > 1 else f"There is no option {words[0]}"
        raise UsageError(
            f"{said}.{nearest} Usage: {VERBS['show'].usage}, or %mflow VERB ...; %mflow help lists the verbs."
        )
    try:
        return VERBS["show"].act(VERBS["show"].parse(words))
    except (MetaflowNotFound, MetaflowInvalidPathspec) as error:
        if not nearest or "/" in words[0]:
            raise
        raise type(error)(f"{error}{nearest}") from None


def _nearest(word: str) -> str:
    found = get_close_matches(word, VERBS, n=1)
    return f" Did you mean %mflow {VERBS[found[0]].name}?" if found else ""


@describe.register
def describe_help(shown: Help, limits: Limits) -> View:
    """Show the scope and the verbs."""
    del shown
    rows = tuple((Cell(verb.usage, "code"), Cell(verb.meaning)) for verb in VERBS.values())
    return View(
        kind="Magic",
        name="%mflow",
        facts=scope_facts(current_scope(), limits),
        notes=(
            "Every line returns an object: run = %mflow HelloFlow/latest",
            "For the run id stand latest, latest-ok and latest~2, too; {name} is the value of a Python variable.",
        ),
        parts=(Table("What to type", ("line", "meaning"), rows),),
    )


@describe.register
def describe_verb_help(shown: VerbHelp, limits: Limits) -> View:
    """Show the usage of a verb, its arguments, and examples."""
    del limits
    verb = shown.verb
    arguments = Table(
        "Arguments",
        ("argument", "meaning"),
        tuple((Cell(one.usage, "code"), Cell(one.meaning)) for one in verb.arguments),
    )
    examples = Table("Examples", ("line",), tuple((Cell(line, "code"),) for line in verb.examples))
    return View(
        kind="Magic",
        name=verb.usage,
        reason=verb.meaning,
        parts=tuple(table for table in (arguments, examples) if table.rows),
    )
