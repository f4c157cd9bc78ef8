"""Whatever is printed about hostile runs has no character that a terminal obeys, that reorders text, or that hides."""

import io
import json
import pickle
import re
import warnings

import pytest
from local_world import World, package

import mfwidgets
from mfwidgets.cli.main import main
from mfwidgets.cli.text import print_text
from mfwidgets.errors import MetaflowException
from mfwidgets.hidden_characters import has_hidden, visible
from mfwidgets.magic.commands.follow import Progress, _Terminal

SIGN = "\x1b]8;;x:y\x07link\x1b]8;;\x07\x1b[2J\x9b2J\x7f\r\u202e\u2066\u2028\u200b\U000e0041\n!touch ran"
FLOW, RUN, STEP, TASK, NAME, TAG, USER = (f"{word}{SIGN}" for word in ("Flow", "1", "start", "1", "x", "tag", "ann"))
WHERE = f"{FLOW}/{RUN}/{STEP}/{TASK}"

_ONLY_DATA = ("view",)
"""Opens a browser."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Runs with the sign in each name and text."""
    world = World(tmp_path_factory.mktemp("world"))
    world.run(FLOW, RUN, tags=[TAG], system_tags=["user:ann", f"user:{USER}", f"s{SIGN}"], user_name=USER)
    world.task(FLOW, RUN, STEP, TASK, ok=False)
    world.task(FLOW, RUN, STEP, "2")
    world.task(FLOW, RUN, "end", "3")
    world.task(FLOW, "2")
    world.artifact(WHERE, NAME, f"v{SIGN}", kind=f"type{SIGN}")
    world.artifact(WHERE, "named", content=pickle.dumps(pickle.Pickler), kind=f"type{SIGN}")
    world.artifact(WHERE, "damaged", 5, stored=b"xx")
    world.artifact(WHERE, "odd", 5, encoding=f"e{SIGN}")
    world.artifact(WHERE, "gone", 77).unlink()
    in_log = SIGN.replace("\n", "")
    frame = f'  File "a{in_log}.py", line 1, in f{in_log}\n    c{in_log}\n'
    traceback = f"Traceback (most recent call last):\n{frame}ValueError: {in_log}\n"
    world.log(WHERE, f"[MFLOG|0|2026-01-02T03:04:05.000001Z|task|x]{in_log}\n{traceback}", "stderr")
    world.event(FLOW, RUN, STEP, TASK, f"field{SIGN}", f"v{SIGN}", f"type{SIGN}")
    world.event(FLOW, RUN, STEP, TASK, "foreach-execution-path", f"a{SIGN}")
    triggers = [{"name": f"name{SIGN}", "id": f"id{SIGN}", "type": "event", "timestamp": 1}]
    world.event(FLOW, RUN, STEP, TASK, "execution-triggers", json.dumps(triggers))
    world.card(WHERE, "default", "<p>")
    members = [("flow.py", f"x = 1{SIGN}".encode()), (f"a{SIGN}", b"y")]
    world.package(WHERE, package(members, info={"script": "flow.py", "python_version": f"3{SIGN}"}))
    return world


def _calm(text):
    """Check text of several lines."""
    assert not has_hidden(re.sub("[\n\t]", "", text)), ascii(text)
    assert "\n!touch" not in text, ascii(text)


def _is_ours(value):
    return type(value).__module__.startswith("mfwidgets")


def _printed(question):
    """Check all that Python and IPython print of an answer: its repr, its str, its display, warnings, or the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            answer = question()
        except (MetaflowException, IndexError) as error:
            for text in (str(error), repr(error), *getattr(error, "_render_traceback_", list)()):
                _calm(text)
            answer = None
        if _is_ours(answer):
            _calm(str(answer))
            _calm(answer._repr_mimebundle_()["text/plain"] if hasattr(answer, "_repr_mimebundle_") else "")
        if not isinstance(answer, str):
            _calm(repr(answer))
    for one in caught:
        _calm(str(one.message))
    return answer


def _attributes(answer, depth=2):
    """Check the public attributes of an object, and those of the objects in them."""
    for name in dir(type(answer)) if depth and _is_ours(answer) else ():
        if not name.startswith("_") and name not in _ONLY_DATA and not callable(getattr(type(answer), name)):
            _attributes(_printed(lambda name=name: getattr(answer, name)), depth - 1)


def test_nothing_printed_has_a_hidden_character(world):
    selector = f"local@{world.base}"
    client = mfwidgets.Metaflow(metadata=selector, namespace=None)
    elsewhere = mfwidgets.Metaflow(metadata=selector, namespace=f"user:z{SIGN}")
    flow, run, step, task = (
        client[FLOW],
        client.get(f"{FLOW}/{RUN}"),
        client.get(f"{FLOW}/{RUN}/{STEP}"),
        client.get(WHERE),
    )
    questions = (
        lambda: client, lambda: flow, lambda: run, lambda: step, lambda: task, lambda: task[NAME], lambda: task.artifacts,
        lambda: task.data, lambda: mfwidgets.get_cards(task), lambda: mfwidgets.get_cards(task)[0], lambda: task.logs("both"),
        lambda: flow.runs(TAG), lambda: flow.runs(text=TAG, user=USER), run.tasks, run.why,
        lambda: mfwidgets.compare(run, flow["2"]), lambda: mfwidgets.compare(task, run["end"].task), step.grid,
        lambda: step.grid(NAME), run.dag, run.timeline, task[NAME].lineage, lambda: task.code,
        lambda: task.metadata[0], lambda: flow.runs().find_artifacts(NAME), lambda: run.trigger, lambda: task.recorded_exception,
    )  # fmt: skip
    for question in questions:
        _attributes(_printed(question))
    refused = (
        lambda: client.get(f"{FLOW}/x{SIGN}"), lambda: client.get(f"x{SIGN}"), lambda: client.get(f"{WHERE}/x{SIGN}"),
        lambda: run[f"x{SIGN}"], lambda: task.data.nope, lambda: task.artifacts.nope, lambda: task["gone"].data,
        lambda: task["damaged"].data, lambda: task["odd"].data, lambda: flow.runs(f"no{SIGN}"), lambda: flow.runs(f"no{SIGN}")[9],
        lambda: flow.runs(f"no{SIGN}").first(), lambda: flow.runs(status=f"x{SIGN}"), lambda: flow.runs(since=f"x{SIGN}"),
        lambda: task.logs(f"x{SIGN}"), lambda: run.add_tag("a" * 600 + SIGN), lambda: client.get(f"{FLOW}/latest~77"),
        lambda: mfwidgets.Metaflow(metadata=f"local@/nope{SIGN}"), lambda: mfwidgets.Metaflow(metadata=f"service@http://x{SIGN}"),
        lambda: elsewhere, lambda: elsewhere[FLOW], lambda: elsewhere.get(f"{FLOW}/{RUN}"),
        lambda: (flow.runs().to_pandas(artifacts=["odd", "damaged", "named"]), 0)[1], lambda: list(flow.runs().where(**{f"x{SIGN}": 1})),
    )  # fmt: skip
    for question in refused:
        _printed(question)


def test_the_command_line_prints_no_hidden_character(world, capsys):
    for words in (
        [], [FLOW], [f"{FLOW}/{RUN}"], [WHERE], [f"{WHERE}/{NAME}"], ["runs", FLOW], ["tasks", f"{FLOW}/{RUN}"], ["why", f"{FLOW}/{RUN}"],
        ["logs", WHERE], ["logs", WHERE, "--stderr"], ["logs", f"{FLOW}/{RUN}/{STEP}"], ["code", WHERE], ["data", f"{WHERE}/odd"],
        ["grid", f"{FLOW}/{RUN}/{STEP}", "--by", NAME], ["tag", f"{FLOW}/{RUN}"], [f"x{SIGN}"], [SIGN], ["help", SIGN], ["runs", FLOW, SIGN],
        ["doctor"], ["runs", FLOW, "--tag", SIGN], ["diff", f"{FLOW}/{RUN}", f"{FLOW}/2"],
    ):  # fmt: skip
        main([f"--metadata={world.base}", "--namespace=none", *words])
        printed = capsys.readouterr()
        _calm(printed.out)
        _calm(printed.err)


def test_a_terminal_shows_a_value_without_hidden_characters(world):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    class Odd:
        def __repr__(self):
            return f"<{SIGN}>"

    for value in (SIGN.replace("\n", ""), Odd()):
        terminal = Terminal()
        print_text(value, terminal)
        assert not has_hidden(re.sub("[\n\t]", "", terminal.getvalue()))


def test_a_followed_log_prints_no_hidden_character(world, capsys):
    task = mfwidgets.Metaflow(metadata=f"local@{world.base}", namespace=None).get(WHERE)
    _Terminal().show(Progress(task.logs("stderr"), f"The task is failed: {SIGN}"))
    printed = capsys.readouterr().out
    assert "Traceback" in printed
    _calm(printed)


@pytest.mark.parametrize("message", [SIGN, f"a\n{SIGN}", "\ud800"])
def test_an_error_is_one_line(message):
    (line,) = MetaflowException(message)._render_traceback_()
    assert line == f"MetaflowException: {visible(message)}"
    assert not has_hidden(line)
