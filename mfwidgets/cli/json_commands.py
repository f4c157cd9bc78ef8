"""What ``--json`` prints of results that are the commands' own: tags, profiles, the doctor, help."""

from typing import Any

from mfwidgets.cli.json import data_of
from mfwidgets.cli.text import in_cli_words
from mfwidgets.config import profiles
from mfwidgets.magic.command import Command
from mfwidgets.magic.commands.context import Profiles
from mfwidgets.magic.commands.doctor import Doctor
from mfwidgets.magic.commands.tags import TagChangeResult
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, Help
from mfwidgets.queries.json_rows import Facts


@data_of.register
def data_of_tagging(tagging: TagChangeResult) -> Facts:
    """Tell what was changed, and the tags as they are now."""
    record = tagging.run._record
    return {
        "kind": "tags",
        "pathspec": tagging.run.pathspec,
        "added": sorted(tagging.added),
        "removed": sorted(tagging.removed),
        "tags": sorted(record.user_tags),
        "system_tags": sorted(record.system_tags),
    }


@data_of.register
def data_of_profiles(shown: Profiles) -> Facts:
    """Tell the names; what they hold may be secret."""
    return {"kind": "profiles", "current": shown.current or "default", "profiles": ["default", *profiles()]}


@data_of.register
def data_of_doctor(doctor: Doctor) -> Facts:
    """Tell what was checked."""
    checks: list[dict[str, Any]] = [
        {
            "name": one.name,
            "result": one.result or None,
            "found": one.details,
            "advice": in_cli_words(one.advice) or None,
        }
        for one in doctor.checks
    ]
    return {"kind": "doctor", "well": doctor.well, "checks": checks}


@data_of.register
def data_of_help(_: Help) -> Facts:
    """Tell all commands that make sense here."""
    return {"kind": "help", "commands": [_verb(command) for command in COMMANDS.values() if not command.in_cells_only]}


@data_of.register
def data_of_command_help(found: CommandHelp) -> Facts:
    """Tell about one command."""
    return {"kind": "help", "commands": [_verb(found.command)]}


def _verb(command: Command) -> Facts:
    known = command.on_command_line()
    arguments = [{"usage": one.usage, "meaning": one.meaning} for one in known.arguments]
    return {"name": known.name, "usage": in_cli_words(known.usage), "meaning": known.meaning, "arguments": arguments}
