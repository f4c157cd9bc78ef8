"""The directive ``mflow-commands``: all commands of ``%mflow``, from the same table as the help."""

from command_text import command_as_markdown
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mfwidgets.magic.dispatch import COMMANDS


class MflowCommands(SphinxDirective):
    """Writes one section per command."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        text = "\n".join(command_as_markdown(command) for command in COMMANDS.values())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("mflow-commands", MflowCommands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
