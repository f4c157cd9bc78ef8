"""Names of flows, runs, artifacts and tags never become code: each offered line shows exactly its object, or is not offered."""

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from local_world import World

import mfwidgets
from mfwidgets.errors import NoSuchArtifact
from mfwidgets.magic import completion_sources
from mfwidgets.magic.completion import complete
from mfwidgets.magic.dispatch import run_line

CODE = "{__import__('pathlib').Path('ran').touch()}"
NAMES = [
    CODE, "1\n!touch ran", '1");open("ran","w");("', "1');open('ran','w');('", "1\\", "it's", 'a"b', "a'b\"c", "$HOME", "a b", "--next", "x?",
    "\x1b[2J", "\u202e1", "%run ran", "!touch ran", "1;", "#", "é",
]  # fmt: skip


@pytest.fixture
def world(shell, tmp_path, monkeypatch):
    monkeypatch.setattr(completion_sources, "TIMEOUT_S", 30)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    shell.run_line_magic("load_ext", "mfwidgets")
    world = World(tmp_path / "world")
    mfwidgets.metadata(f"local@{world.base}")
    mfwidgets.namespace(None)
    yield world
    shell.run_line_magic("unload_ext", "mfwidgets")


def _lines(shell, text, end=""):
    """Return the lines that IPython completes from this one."""
    with provisionalcompleter():
        return [
            text[: one.start] + one.text + end for one in shell.Completer.completions(text, len(text)) if one.type != "magic"
        ]  # fmt: skip


def _shown(shell, line):
    done = shell.run_cell(line)
    assert done.success, line
    assert list(Path.cwd().iterdir()) == [], line
    return getattr(done.result, "pathspec", None)


@pytest.mark.parametrize(
    ("text", "end"), [("%mflow Odd/", ""), ("%mflow 'Odd/", "'"), ('%mflow "Odd/', '"'), ("x = %mflow Odd/", "\nx")]
)
def test_completed_runs_show_themselves(shell, world, text, end):
    for name in [*NAMES, "2"]:
        world.task("Odd", name)
    pathspecs = [_shown(shell, line) for line in _lines(shell, text, end) if "latest" not in line]
    assert set(pathspecs) <= {f"Odd/{name}" for name in [*NAMES, "2"]}
    assert {
        "Odd/2",
        f"Odd/{CODE}" if '"Odd' in text or (text[-1] == "/" and "'" not in text) else "Odd/2",
        "Odd/é",
    } <= set(pathspecs)
    assert not any(set("\n\x1b\u202e") & set(pathspec) for pathspec in pathspecs)


@pytest.mark.parametrize(("text", "end"), [('Run("Odd/', '")'), ("Run('Odd/", "')")])
def test_completed_strings_stay_strings(shell, world, text, end):
    for name in [*NAMES, "2"]:
        world.task("Odd", name)
    shell.run_cell("from mfwidgets import Run", silent=True)
    shown = {_shown(shell, line) for line in _lines(shell, text, end)}
    assert (
        {"Odd/2", f"Odd/{CODE}" if text[4] == '"' else "Odd/$HOME"}
        <= shown
        <= {f"Odd/{name}" for name in [*NAMES, "2"]}
    )


def test_completed_artifacts_and_flows(shell, world):
    world.task(f"Odd{CODE}")
    world.task("OddPlain")
    world.artifact("OddPlain/1/start/1", f"x{CODE}", 1)
    assert {_shown(shell, line) for line in _lines(shell, "%mflow Odd")} == {f"Odd{CODE}", "OddPlain"}
    assert [_shown(shell, line) for line in _lines(shell, "%mflow OddPlain/1/start/1/x")] == [
        f"OddPlain/1/start/1/x{CODE}"
    ]


def test_completed_tags_are_those_tags(shell, world):
    tags = [CODE, 'a\'" --remove nightly --add "b', "--remove", "two words", "\x1b[2J"]
    world.run("Odd", "1", tags=["nightly", *tags])
    world.run("Odd", "2", tags=["nightly"])
    for line in _lines(shell, "%mflow tag Odd/2 --add "):
        _shown(shell, line)
    assert mfwidgets.Run("Odd/2").user_tags >= {"nightly", *tags[:2], "two words"}
    assert not mfwidgets.Run("Odd/2").user_tags & set(tags[2:3] + tags[4:])


def test_half_quoted_words_are_not_completed(world):
    world.task("Odd")
    assert complete("%mflow show'Od")[1] == []
    assert complete("%mflow --tag='Od")[1] == []


def test_hints_quote_names(world):
    world.task("Odd", "$HOME {x}")
    with pytest.raises(NoSuchArtifact, match="Expected an artifact") as error:
        run_line("data 'Odd/$HOME {x}/start/1'")
    assert "Try %mflow artifacts 'Odd/$HOME {x}/start/1' or" in str(error.value)
