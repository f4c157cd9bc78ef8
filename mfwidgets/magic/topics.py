"""The commands of ``%mflow`` by what people want to do, for help."""

from collections.abc import Iterable, Iterator, Mapping

from mfwidgets.magic.command import Command

TOPICS: Mapping[str, tuple[str, ...]] = {
    "Look at runs and values": ("show", "runs", "tasks", "artifacts", "data"),
    "Find out what happened": ("why", "logs", "diff", "code", "packages", "disk"),
    "See a run as a picture": ("timeline", "dag", "grid", "cards"),
    "Stay with a run": ("watch", "wait", "explore"),
    "Mark runs": ("tag",),
    "Choose where to look": ("ns", "metadata", "profile", "doctor", "help"),
}
"""The names of commands by topic, in the order of the help."""

OTHER = "More"
"""The topic of commands that are in no other one."""


def by_topic(commands: Iterable[Command]) -> Iterator[tuple[str, list[Command]]]:
    """Yield each topic with its commands. A topic without commands is left out."""
    named = {command.name: command for command in commands}
    for topic, names in TOPICS.items():
        if members := [named.pop(name) for name in names if name in named]:
            yield topic, members
    if named:
        yield OTHER, list(named.values())


def short_usage(command: Command, program: str = "") -> str:
    """Return the usage with an ellipsis instead of the options: ``runs FLOW ...``."""
    arguments = [argument for argument in command.arguments if not argument.is_option]
    words = [
        f"[{argument.usage}]" if argument.settings.get("nargs") == "?" else argument.usage for argument in arguments
    ]
    options = ["..."] if len(arguments) < len(command.arguments) else []
    return " ".join(filter(None, (program, command.name, *words, *options)))
