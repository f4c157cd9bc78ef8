"""Names of flows, runs, artifacts and tags never become code: each offered line shows exactly its object, or is not offered."""

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.error import UsageError
from local_world import World

import mfwidgets
from mfwidgets.code_lines import quote
from mfwidgets.errors import NoSuchArtifact
from mfwidgets.hidden_characters import has_hidden
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
        found = list(shell.Completer.completions(text, len(text)))
    magics = [one for one in found if one.type in ("magic", "<unknown>") and one.text.startswith("%")]
    return [text[: one.start] + one.text + end for one in found if one not in magics]


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
    assert shown == {"Odd/2", "Odd/é", "Odd/--next"}


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


def test_nothing_is_completed_inside_other_strings(shell, world):
    """An f-string would run a name in braces, and a name with a quote would end the string."""
    for name in [*NAMES, "2"]:
        world.task("Odd", name)
    for text in (
        'f"= %mflow Odd/',
        'f"""\n%mflow Odd/',
        "f'''\nRun(\"Odd/",
        '"abc \\\n%mflow Odd/',
        'print(f"x = %mflow Odd/',
    ):
        assert not [line for line in _lines(shell, text) if "touch" in line], text
    for text in ("f\"Run('Odd/", "f'{Run(\"Odd/", '!echo Run("Odd/'):
        assert set(_lines(shell, text)) <= {f"{text}{name}" for name in ("2", "é", "--next")}, text


def test_names_that_mean_something_else_are_not_completed(shell, world):
    world.task("runs")
    for name in ("latest", "latest~1", "latest-ok", "2"):
        world.task("Odd", name)
    for name in ("?", "--help", "-h"):
        world.task(name)
    assert [line for line in _lines(shell, "%mflow ") if line.split()[1] in ("runs", "?", "'?'", "-h")] == [
        "%mflow runs"
    ]
    assert _lines(shell, "%mflow Odd/") == [f"%mflow Odd/{name}" for name in ("latest", "latest-ok", "latest~1", "2")]
    assert _shown(shell, "%mflow show runs") == "runs"
    assert _shown(shell, "%mflow show -- -h") == "-h"
    assert [line for line in _lines(shell, "%mflow show ru") if _shown(shell, line) != "runs"] == []


def test_completed_keys_and_attributes_are_plain(shell, world):
    for name in [*NAMES, "2"]:
        world.task("Odd", name)
    for name in (CODE, "x;touch", "x y", "plain"):
        world.artifact("Odd/2/start/1", name, 1)
    shell.run_cell("from mfwidgets import Flow, Task; flow, task = Flow('Odd'), Task('Odd/2/start/1')", silent=True)
    shell.run_cell("data, artifacts = task.data, task.artifacts", silent=True)
    for text in ('flow["', "flow['"):
        assert {line.removeprefix(text).strip("'\"]") for line in _lines(shell, text)} == {"2", "é"}
    for name in ("data", "artifacts"):
        assert f"{name}.plain" in _lines(shell, f"{name}.")
        assert not [line for line in _lines(shell, f"{name}.") if "touch" in line or "x y" in line]


@pytest.mark.parametrize(
    "name",
    [
        f"user:{CODE}",
        "user:a'b\"c",
        "user:a b",
        "-x",
        "--help",
        "none",
        "default",
        " ",
        "?",
        "a\n!touch ran",
        "\x1b[2J",
        "a;",
    ],
)
def test_the_way_back_leads_to_that_namespace(shell, world, name):
    world.task("Odd")
    mfwidgets.namespace(name)
    shell.run_cell("change = %mflow ns user:other", silent=True)
    told = shell.user_ns["change"].message
    assert not has_hidden(told)
    _, _, line = told.partition("To switch back: ")
    if line:
        assert shell.run_cell(line).success, line
        assert mfwidgets.get_namespace() == name
    else:
        assert name in ("none", "default", " ") or has_hidden(name)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("name", [f"it{CODE}", "a b", "<b>", "x/home/deep", 'it\'s "it"', "~root", "a\nb"])
def test_the_way_back_leads_to_that_folder(shell, world, name, monkeypatch):
    monkeypatch.setenv("HOME", "/home")
    folder = world.base / name
    World(folder).task("Odd")
    mfwidgets.metadata(f"local@{folder}")
    before = mfwidgets.get_metadata()
    shell.run_cell(f"change = %mflow metadata local@{world.base}", silent=True)
    _, _, line = shell.user_ns["change"].message.partition("To switch back: ")
    assert bool(line) == (not has_hidden(name))
    assert not line or shell.run_cell(line).success
    assert not line or mfwidgets.get_metadata() == before
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("line", ["%mflow {line}", "x = %mflow {line}\nx", "%%mflow ns none\n%mflow {line}"])
def test_nothing_inside_quotes_is_expanded(shell, world, line):
    world.task("Odd", CODE)
    world.task("Odd", "$HOME")
    for name in (CODE, "$HOME"):
        assert _shown(shell, line.replace("{line}", quote(f"Odd/{name}"))) == f"Odd/{name}"
    assert shell.run_line_magic("mflow", quote(f"Odd/{CODE}")).pathspec == f"Odd/{CODE}"
    shell.run_line_magic("mflow", quote(f"explore Odd/{CODE}".removeprefix("explore ")))
    assert list(Path.cwd().iterdir()) == []


def test_messages_of_lines_have_no_hidden_characters(shell, world):
    for number in range(2):
        world.task("Odd", "1", "start\x1b[2J", f"{number}\x9b")
    for line in (
        "tasks Odd/2", "\x1b[2J a", "'\x1b[2J", "{'\x9b'.x}", "logs Odd/1 \x9b", "runs Odd --limit \x9b", "tag Odd", "help \x9b",
        "tasks 'Odd/1/start\x1b[2J/1\x9b'",
    ):  # fmt: skip
        with pytest.raises((UsageError, mfwidgets.errors.MetaflowException)) as error:
            run_line(line)
        assert not has_hidden(str(error.value)), line


def test_names_to_copy_are_quoted(world):
    for task in ("1", "{x}"):
        world.task("Odd", "1", "start", task)
    with pytest.raises(UsageError, match=r"Try one of .*'Odd/1/start/\{x\}'"):
        run_line("artifacts Odd/1/start")


def test_half_quoted_words_are_not_completed(world):
    world.task("Odd")
    assert complete("%mflow show'Od")[1] == []
    assert complete("%mflow --tag='Od")[1] == []


def test_hints_quote_names(world):
    world.task("Odd", "$HOME {x}")
    with pytest.raises(NoSuchArtifact, match="Expected an artifact") as error:
        run_line("data 'Odd/$HOME {x}/start/1'")
    assert "Try %mflow artifacts 'Odd/$HOME {x}/start/1' or" in str(error.value)
