"""The reference has all that is public."""

import re

import pytest
from documents.pages import DOCS

import mfwidgets
from mfwidgets.magic.dispatch import COMMANDS

REFERENCE = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
LISTED = set(re.findall(r"^   ~(mfwidgets\.\S+)$", REFERENCE, re.MULTILINE))


@pytest.mark.parametrize("name", mfwidgets.__all__)
def test_it_has_every_public_name(name):
    if name == "options":  # the one object of its class
        assert ".. autoclass:: mfwidgets.display_options.Options" in REFERENCE
    else:
        assert f"mfwidgets.{name}" in LISTED


@pytest.mark.parametrize("name", sorted(LISTED))
def test_what_it_lists_is_there(name):
    module, _, last = name.rpartition(".")
    assert getattr(__import__(module, fromlist=[last]), last).__doc__


def test_the_commands_come_from_the_table_of_the_help(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    from command_text import command_as_markdown

    assert "```{mflow-commands}" in REFERENCE
    for command in COMMANDS.values():
        said = command_as_markdown(command).replace(r"\|", "|")
        assert said.startswith(f"## {command.name}\n")
        assert all(
            text in said for text in (command.usage, *command.examples, *(one.meaning for one in command.arguments))
        )
