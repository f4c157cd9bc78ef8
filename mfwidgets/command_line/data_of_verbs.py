"""What ``--json`` prints of results that are the verbs' own: tags, profiles, the doctor, help."""

from typing import Any

from mfwidgets.command_line.data import data_of
from mfwidgets.command_line.facts import Facts
from mfwidgets.command_line.wording import here
from mfwidgets.config import profiles
from mfwidgets.magic.doctor import Doctor
from mfwidgets.magic.line import VERBS, Help, VerbHelp
from mfwidgets.magic.switching import Profiles
from mfwidgets.magic.tagging import Tagging
from mfwidgets.magic.verb import Verb


@data_of.register
def data_of_tagging(tagging: Tagging) -> Facts:
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
        {"name": one.name, "result": one.result or None, "found": one.found, "advice": here(one.advice) or None}
        for one in doctor.checks
    ]
    return {"kind": "doctor", "well": doctor.well, "checks": checks}


@data_of.register
def data_of_help(_: Help) -> Facts:
    """Tell all verbs that make sense here."""
    return {"kind": "help", "verbs": [_verb(verb) for verb in VERBS.values() if not verb.in_cells_only]}


@data_of.register
def data_of_verb_help(found: VerbHelp) -> Facts:
    """Tell about one verb."""
    return {"kind": "help", "verbs": [_verb(found.verb)]}


def _verb(verb: Verb) -> Facts:
    known = verb.on_command_line()
    arguments = [{"usage": one.usage, "meaning": one.meaning} for one in known.arguments]
    return {"name": known.name, "usage": here(known.usage), "meaning": known.meaning, "arguments": arguments}
