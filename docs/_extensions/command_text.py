"""A command of ``%mflow`` as Markdown."""

from mfwidgets.magic.command import Command


def command_as_markdown(command: Command) -> str:
    """Return what a command is, as Markdown below a heading of its name."""
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
        lines += [f"| `{_cell(one.usage)}` | {_cell(one.meaning)} |" for one in command.arguments]
        lines += [""]
    if command.examples:
        lines += ["```ipython", *command.examples, "```", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
