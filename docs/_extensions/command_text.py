"""Turns a command of ``%mflow`` into Markdown."""

from mfwidgets.magic.command import Command


def command_as_markdown(command: Command) -> str:
    """Return the description of a command as Markdown, with its name as the heading."""
    lines = [
        f"## {command.name}",
        "",
        f"{command.meaning[0].upper()}{command.meaning[1:]}.",
        "",
        "```ipython",
        command.usage,
        "```",
        "",
    ]
    if command.arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{_cell(argument.usage)}` | {_cell(argument.meaning)} |" for argument in command.arguments]
        lines += [""]
    if command.examples:
        lines += ["```ipython", *command.examples, "```", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
