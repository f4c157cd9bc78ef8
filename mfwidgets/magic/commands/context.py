"""The commands that switch the namespace, the metadata provider and the profile. Each shows how to switch back."""

import argparse
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from IPython.core.error import UsageError

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.code_lines import hint, mflow_line
from mfwidgets.config import configuration_origin, profiles, read_files
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowConfigurationError, MetaflowException, MetaflowUnknownUser
from mfwidgets.hidden_characters import visible
from mfwidgets.magic.command import Argument, Command
from mfwidgets.outerbounds.configuration import RESOLVED
from mfwidgets.queries.context import (
    current_context,
    default_metadata,
    default_namespace,
    get_metadata,
    metadata,
    namespace,
    preserve_context,
)
from mfwidgets.redaction import redact, redact_url
from mfwidgets.render.cell import Cell
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.context import home_folded
from mfwidgets.views.data import Facts, data_of
from mfwidgets.views.tables import shown_of_total, without_empty_columns

_PROFILE = "METAFLOW_PROFILE"
_OF_PROFILE = (_PROFILE, RESOLVED)
"""The variables of the environment that belong to a profile. The second is what Metaflow has read in this process."""


class ContextChange(Metaflow):
    """The client after a switch. It shows its flows, and how to switch back.

    Attributes
    ----------
    message
        The new namespace or metadata provider, and the line that switches back.
    """

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def __repr__(self) -> str:
        return visible(f"<{self.message}>")


@build_view.register
def build_switched_view(switched: ContextChange, limits: Limits) -> View:
    """Show the flows, and how to switch back."""
    view = build_view.builder_of(Metaflow)(switched, limits)
    return replace(view, notes=(limits.text(switched.message).text, *view.notes))


_ALL_RUNS, _ALSO_ALL_RUNS, _DEFAULT = "none", "None", "default"
_WORDS = {_ALL_RUNS, _ALSO_ALL_RUNS, _DEFAULT}
"""Words that do not mean a namespace of this name."""


def _namespace_now() -> tuple[str, str]:
    """Return the namespace for a message, and the line that switches to it. The line can be empty."""
    try:
        current = current_context().namespace
    except MetaflowUnknownUser:
        return _DEFAULT, mflow_line("ns", _DEFAULT)
    if current is None:
        return _ALL_RUNS, mflow_line("ns", _ALL_RUNS)
    impossible = current in _WORDS or not current.strip()
    return f"'{current}'" if impossible else current, "" if impossible else mflow_line("ns", current)


class Namespaces(Displayable):
    """The namespaces of the metadata provider, and the current one.

    Attributes
    ----------
    names
        The namespaces, those of most runs first.
    current
        The current namespace, or ``none``.
    """

    def __init__(self) -> None:
        self.names = Metaflow().namespaces()
        self.current, _ = _namespace_now()

    def __repr__(self) -> str:
        return visible(f"<namespaces: {', '.join(self.names) or 'none'}; current: {self.current}>")


@data_of.register
def namespaces_data(shown: Namespaces) -> Facts:
    """Return the names."""
    return {"kind": "namespaces", "current": shown.current, "namespaces": shown.names}


@build_view.register
def build_namespaces_view(shown: Namespaces, limits: Limits) -> View:
    """Show each namespace."""
    rows = tuple(
        (
            limits.code(name),
            Cell("✓ current", "dim") if name == shown.current else limits.code(mflow_line("ns", name)),
        )
        for name in shown.names[: limits.rows]
    )
    note = shown_of_total(len(rows), len(shown.names))
    table = Table("Namespaces", ("namespace", "line that switches to it"), rows, note, left_out=bool(note))
    parts = (table,) if rows else ()
    notes = (f"{mflow_line('ns', _ALL_RUNS)} shows the runs of all namespaces.",) if rows else ("There are no runs.",)
    return View("Namespaces", limits.text(shown.current).text, notes=notes, parts=parts)


def _switch_namespace(given: argparse.Namespace) -> Metaflow | Namespaces:
    if given.list and given.name is not None:
        raise UsageError("Expected a namespace or --list, got both. Try %mflow ns --list.")
    if given.list:
        return Namespaces()
    if given.name is None:
        return Metaflow()
    before, line = _namespace_now()
    if not given.name.strip():
        raise UsageError("Expected a namespace such as user:ann, none or default, got an empty name.")
    if given.name == _DEFAULT:
        default_namespace()
    else:
        namespace(None if given.name in _WORDS else given.name)
    now, _ = _namespace_now()
    if now == before:
        return ContextChange(f"The namespace is still {now}.")
    return ContextChange(f"The namespace is now {now}.{_way_back(line)}")


def _way_back(line: str) -> str:
    return hint("To switch back: {}", line)


def _switch_metadata(given: argparse.Namespace) -> Metaflow:
    if given.selector is None:
        return Metaflow()
    try:
        before = current_context().provider.address
    except MetaflowException:  # a default that cannot be opened must not prevent a switch
        before = "default"
    if given.selector == "default":
        default_metadata()
    else:
        metadata(given.selector)
    now = get_metadata()
    if now == before:
        return ContextChange(f"The metadata provider is still {home_folded(now)}.")
    line = mflow_line("metadata", home_folded(before))
    return ContextChange(f"The metadata provider is now {home_folded(now)}.{_way_back(line)}")


class Profiles(Displayable):
    """Metaflow's profiles on this machine, and the current one.

    Attributes
    ----------
    current
        The name of the current profile. Empty for the default configuration.
    message
        The switch that was made. Empty if there was none.
    """

    def __init__(self, message: str = "") -> None:
        self.current, self.message = redact(os.environ.get(_PROFILE, "")), message

    def __repr__(self) -> str:
        return visible(f"<profiles: {', '.join(profiles()) or 'none'}; current: {self.current or 'default'}>")


@data_of.register
def profiles_data(shown: Profiles) -> Facts:
    """Return the names only: the content of the profiles may be secret."""
    return {"kind": "profiles", "current": shown.current or "default", "profiles": ["default", *profiles()]}


@build_view.register
def build_profiles_view(shown: Profiles, limits: Limits) -> View:
    """Show each profile with its metadata, its datastore and the host of its service, but no secret."""
    names = ("", *profiles())
    rows = tuple(_profile_cells(name, name == shown.current, limits) for name in names[: limits.rows])
    columns = ("profile", "current", "metadata", "datastore", "service")
    table = without_empty_columns(Table("Profiles", columns, rows), keep=2)
    notes = [limits.text(shown.message).text] if shown.message else []
    if len(names) == 1:
        notes.append("There are no other profiles. A profile is a file config_NAME.json in Metaflow's home folder.")
    return View("Profiles", limits.text(shown.current or "default").text, notes=tuple(notes), parts=(table,))


def _profile_cells(name: str, is_current: bool, limits: Limits) -> tuple[Cell, ...]:  # noqa: FBT001 - called once
    environ = {key: value for key, value in os.environ.items() if key not in _OF_PROFILE}
    try:
        configuration = read_files(environ | ({_PROFILE: name} if name else {}))
        texts = [configuration_origin(configuration), "", ""]  # what it says is read on a switch, not for a list
        if not texts[0]:
            url = redact_url(configuration.get("SERVICE_URL") or "")
            texts = [configuration.default_metadata, configuration.datastore_kind, url]
    except MetaflowException as error:
        texts = [str(error), "", ""]
    return (
        limits.code(name or "default"),
        Cell("current" if is_current else ""),
        *(limits.text(text) for text in texts),
    )


def _switch_profile(given: argparse.Namespace) -> Profiles:
    if given.name is None:
        return Profiles()
    if given.name != "default" and given.name not in profiles():
        names = ", ".join(["default", *profiles()])
        raise MetaflowConfigurationError(
            f"Expected a profile ({names}), got {given.name!r}. "
            "A profile is a file config_NAME.json in Metaflow's home folder."
        )
    before, put_back = os.environ.get(_PROFILE, "") or "default", remember()
    try:
        for name in _OF_PROFILE:
            os.environ.pop(name, None)
        if given.name != "default":
            os.environ[_PROFILE] = given.name
        default_metadata()
        with suppress(MetaflowUnknownUser):  # without a user name, only calls that need a namespace fail
            default_namespace()
    except BaseException:
        put_back()
        raise
    now, selector = given.name, home_folded(get_metadata())
    if now == before:
        return Profiles(f"The profile is still {now}. Metadata and namespace are as it configures them.")
    way_back = _way_back(mflow_line("profile", before))
    return Profiles(f"The profile is now {now}, with metadata {selector}.{way_back}")


def remember() -> Callable[[], None]:
    """Return a function that restores the current namespace, metadata provider and profile."""
    before = {name: os.environ[name] for name in _OF_PROFILE if name in os.environ}
    put_scope_back = preserve_context()

    def put_back() -> None:
        for name in _OF_PROFILE:
            os.environ.pop(name, None)
        os.environ.update(before)
        put_scope_back()

    return put_back


CONTEXT_COMMANDS = (
    Command(
        "ns",
        "show or switch the namespace",
        _switch_namespace,
        (
            Argument(
                "name",
                "a namespace such as user:ann; none for all runs; default for the configured namespace",
                "namespace",
                "NAME|none|default",
                settings={"nargs": "?"},
            ),
            Argument("--list", "list the namespaces that have runs"),
        ),
        ("%mflow ns user:ann", "%%mflow ns none    (as the first line of a cell: for that cell only)"),
        in_cells_only=True,
    ),
    Command(
        "metadata",
        "show or switch the metadata provider",
        _switch_metadata,
        (
            Argument(
                "selector",
                "a folder that contains .metaflow, local@FOLDER, or service@URL; default for the configured provider",
                "metadata",
                "SELECTOR|default",
                settings={"nargs": "?"},
            ),
        ),
        ("%mflow metadata /data/other-team", "%mflow metadata service@https://metadata.example.org"),
        in_cells_only=True,
    ),
    Command(
        "profile",
        "list Metaflow's profiles, or switch to a profile with its metadata and namespace",
        _switch_profile,
        (
            Argument(
                "name",
                "the profile; default for the configuration without a profile",
                "profile",
                "NAME",
                settings={"nargs": "?"},
                in_cells_only=True,
            ),
        ),
        ("%mflow profile production",),
    ),
)
