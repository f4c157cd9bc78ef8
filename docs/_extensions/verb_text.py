"""A verb of ``%mflow`` as Markdown."""

from mfwidgets.magic.verb import Verb


def told(verb: Verb) -> str:
    """Return what a verb is, as Markdown below a heading of its name."""
    lines = [
        f"## {verb.name}",
        "",
        f"{verb.meaning[0].upper()}{verb.meaning[1:]}.",
        "",
        "```ipython",
        verb.usage,
        "```",
        "",
    ]
    if verb.arguments:
        lines += ["| argument | meaning |", "|---|---|"]
        lines += [f"| `{_cell(one.usage)}` | {_cell(one.meaning)} |" for one in verb.arguments]
        lines += [""]
    if verb.examples:
        lines += ["```ipython", *verb.examples, "```", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
