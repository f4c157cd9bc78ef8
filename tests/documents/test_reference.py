"""The reference documents every public name."""

import re

import pytest
from documents.pages import DOCS

import mfwidgets
from mfwidgets.magic.dispatch import COMMANDS

REFERENCE = "\n".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
LISTED = set(re.findall(r"^   ~(mfwidgets\.\S+)$", REFERENCE, re.MULTILINE))


@pytest.mark.parametrize("name", mfwidgets.__all__)
def test_every_public_name_is_listed(name):
    if name == "options":  # the only instance of its class
        assert ".. autoclass:: mfwidgets.display_options.Options" in REFERENCE
    else:
        assert f"mfwidgets.{name}" in LISTED


@pytest.mark.parametrize("name", sorted(LISTED))
def test_listed_names_have_docstrings(name):
    module, _, last = name.rpartition(".")
    assert getattr(__import__(module, fromlist=[last]), last).__doc__


def test_commands_are_those_of_the_help(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    from command_text import command_as_markdown

    assert "```{mflow-commands}" in REFERENCE
    for command in COMMANDS.values():
        text = command_as_markdown(command).replace(r"\|", "|")
        assert text.startswith(f"## {command.name}\n")
        assert all(
            part in text
            for part in (command.usage, *command.examples, *(argument.meaning for argument in command.arguments))
        )
