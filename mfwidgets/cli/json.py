"""Prints results as JSON (``--json``): the dict of ``to_dict()`` as one object. ``help json`` lists its keys."""

import json
from collections.abc import Sequence
from textwrap import fill
from typing import Any

from mfwidgets.cli.text import in_cli_words
from mfwidgets.display import Displayable
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, Help, commands_data
from mfwidgets.schema import SCHEMAS
from mfwidgets.tables import to_json_value

_INTRODUCTION = """\
--json prints one JSON object. Its "kind" is the kind of the result. It has the facts of to_dict(), and their names are
those of the columns of to_pandas(). "warnings" is a list of messages, such as names that no run has. They are on standard
error, too.

Later versions only add keys. Every key is always present; null means that there is no value. Times are ISO 8601 in UTC
with milliseconds (2026-01-02T03:04:05.678+00:00). Durations are in seconds, sizes in bytes. A status is completed,
caught, failed, killed (only tasks), running or unknown. "reason" says which attempt, when and what. "duration" is null
while something is running; then "elapsed" is the time since its start. Only the command data unpickles.

Some facts also have their keys of version 0.1.0, with the same values: duration_seconds (duration), size_bytes (size),
tags (user_tags), and resumed_from (the pathspec of origin_run_id).
"""

_ROWS = (
    (
        "run",
        "runs",
        "a single run also has metadata, parameters, not_read (why parameters are null), steps, triggered_by and triggers",
    ),
    ("step", "steps", "a single step also has tasks; a step of a graph also has type and next"),
    (
        "task",
        "tasks",
        (
            "attempt_rows; of a list, a single step or alone: items results (of 1,000 tasks at most); alone: exception parents children "
            "artifacts, each with inherited"
        ),
    ),
    ("attempt", "attempts", ""),
    (
        "artifact",
        "artifacts",
        (
            "a single artifact also has holds, and value if it is plain and small; otherwise described fields head numbers columns, "
            "as far as its kind has them"
        ),
    ),
    (
        "flow",
        "flows",
        "a single flow also has pathspec, runs (the newest, at most --rows), more (whether there are others)",
    ),
    ("line", "log lines", ""),
    ("event", "events", ""),
)
"""Kinds of rows: their names, their schemas, and their keys in addition to the schema's."""

_OTHERS = (
    ("metaflow", "metadata namespace flows"),
    ("runs steps tasks artifacts events", "a list of the same name, complete"),
    ("timings", "steps"),
    ("logs", "pathspec attempt stream lines; more (whether there are others)"),
    (
        "why",
        (
            "run status reason task attempt item other_failed_tasks caught_tasks; exception (type message where traceback); exceptions (its "
            "causes, with frames); source errors reported meanings try; same_error (earlier runs that failed alike); attempt_rows log "
            "own_log last_good last_good_started_at differences changed_files"
        ),
    ),
    (
        "comparison",
        "compared, differences, each with section step name note values (one for each compared object) and shas",
    ),
    ("lineage", "artifact sha producer holders origin earlier_runs runs_searched"),
    ("graph", "pathspec status reason steps"),
    ("timeline", "pathspec status reason steps tasks critical_path"),
    ("run_grid", "steps; runs, each with steps by name"),
    ("grid", "pathspec by planned_tasks rows, each with item and tasks: pathspec index item status value"),
    ("cards", "pathspec cards, each with type id hash path task"),
    ("code", "path sha script files info"),
    ("disk", "of size left_out; rows, each with kind (flow, part, run, artifact) name size own_size objects"),
    ("packages", "pathspec packages, each with name version requested source steps; note (why some are missing)"),
    ("tags", "pathspec added removed user_tags system_tags"),
    ("profiles", "current profiles"),
    ("doctor", "well checks, each with name result details advice"),
    ("value", "type value: the result of data; a value that JSON lacks is its repr"),
    ("help", "commands, each with name usage meaning arguments"),
)


def json_text(result: Any, warnings: Sequence[str] = ()) -> str:
    """Return the result of a command as indented JSON. It is ASCII, so that the encoding of a terminal is irrelevant.

    Parameters
    ----------
    result
        The result.
    warnings
        The warnings so far. Reading the facts of the result can add some.

    Raises
    ------
    MetaflowException
        The object cannot be read.
    """
    data = _data_of(result)
    return json.dumps(to_json_value({**data, "warnings": list(warnings)}), indent=2, allow_nan=False)


def json_help() -> str:
    """Return the description of the keys of ``--json``."""
    rows = [(kind, f"{' '.join(SCHEMAS[schema].names)}{f'; {more}' if more else ''}") for kind, schema, more in _ROWS]
    indent = " " * 12
    lines = []
    for kind, keys in (*rows, *_OTHERS):
        text = fill(keys, 118, initial_indent=indent, subsequent_indent=indent)
        lines.append(f"{kind:<11} {text.lstrip()}" if len(kind) < len(indent) else f"{kind}\n{text}")
    return "\n".join([_INTRODUCTION, *lines])


def _data_of(result: Any) -> Any:
    """Return the facts of a result. Advice mentions commands of the command line."""
    if isinstance(result, Help):
        here = [command.on_command_line() for command in COMMANDS.values() if not command.in_cells_only]
        return _in_cli_words(commands_data(here))
    if isinstance(result, CommandHelp):
        return _in_cli_words(commands_data([result.command.on_command_line()]))
    if isinstance(result, Doctor):
        return _in_cli_words(result.to_dict())
    if isinstance(result, Displayable):
        return result.to_dict()
    name = f"{type(result).__module__}.{type(result).__qualname__}".removeprefix("builtins.")
    return {"kind": "value", "type": name, "value": result}


def _in_cli_words(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _in_cli_words(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_in_cli_words(value) for value in data]
    return in_cli_words(data) if isinstance(data, str) else data
