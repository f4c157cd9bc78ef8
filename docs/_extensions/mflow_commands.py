"""The directive ``mflow-commands``: all commands of ``%mflow``, from the table that its own help shows."""

from command_text import command_as_markdown
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mfwidgets.magic.dispatch import COMMANDS


class MflowCommands(SphinxDirective):
    """Writes a section for each command."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        text = "\n".join(command_as_markdown(command) for command in COMMANDS.values())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directive."""
    app.add_directive("mflow-commands", MflowCommands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
