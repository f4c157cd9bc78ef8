"""``%mflow logs``, ``cards`` and ``code`` of something without them, and of a run, whose task they choose."""

import json

import pytest

import mfwidgets
from mfwidgets import Run
from mfwidgets.cli.main import main
from mfwidgets.magic.dispatch import run_line


@pytest.fixture
def mflow(runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    return run_line


@pytest.fixture
def new_run(own_runs):
    """A run without tasks, as it is in the first moments."""
    import shutil

    folder = own_runs.root / own_runs["linear"]
    for step in folder.iterdir():
        if step.is_dir() and not step.name.startswith("_"):
            shutil.rmtree(step)
    mfwidgets.metadata(f"local@{own_runs.folder}")
    mfwidgets.namespace(None)
    return own_runs["linear"]


def shown(answer):
    return answer._repr_mimebundle_()["text/plain"]


def test_a_run_without_code_says_so(mflow, runs):
    for pathspec in (runs["linear"], f"{runs['linear']}/start", f"{runs['linear']}/start/1"):
        code = mflow(f"code {pathspec}")
        assert not code
        assert list(code) == []
        assert "No code package is stored." in shown(code)
        assert "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1" in code._repr_html_()
        assert code.to_dict()["files"] == {}
    assert set(code.to_dict()) == set(mflow(f"code {runs['packed']}").to_dict())


def test_cards_that_are_missing_are_an_empty_answer(mflow, runs):
    for pathspec, reason in (
        (runs["linear"], "No step with @card has begun"),
        (f"{runs['linear']}/start", "No step with @card has begun"),
        (f"{runs['linear']}/start/1", "A step without @card makes none"),
        (f"{runs['linear']}/start/1/x", "A step without @card makes none"),
    ):
        cards = mflow(f"cards {pathspec}")
        assert len(cards) == 0
        assert "There are no cards." in shown(cards)
        assert reason in shown(cards)
        assert cards.to_dict()["cards"] == []


def test_a_run_has_the_cards_of_its_tasks(mflow, runs):
    cards = mflow(f"cards {runs['cards-resumed']}")
    assert [card.id for card in cards] == ["first", "second"]
    assert {card.pathspec for card in cards} == {f"{runs['cards-resumed']}/start/1"}
    assert cards[0].from_resumed
    assert [card.id for card in mflow(f"cards {runs['cards']}/start")] == ["first", "second"]
    assert len(mflow("cards CardFlow")) == 2


def test_a_run_without_tasks_has_no_log(new_run):
    logs = run_line(f"logs {new_run}")
    assert not logs
    assert f"{new_run} has no task yet." in shown(logs)
    assert set(logs.to_dict()) == {"kind", "pathspec", "attempt", "stream", "lines", "more"}
    assert str(logs) == ""
    assert "no task yet" in shown(run_line(f"logs {new_run} --follow"))


@pytest.mark.parametrize(
    ("name", "step", "reason"),
    [
        ("failing", "divide", "failed"),
        ("foreach", "end", "ended last of 7 tasks"),
        ("linear", "end", "ended last of 2 tasks"),
        ("loop-broken", None, "failed"),
    ],
)
def test_the_log_of_a_run_is_that_of_the_task_that_matters(mflow, runs, name, step, reason):
    logs = mflow(f"logs {runs[name]}")
    why = Run(runs[name]).why()
    assert logs.pathspec.split("/")[2] == (step or why.task.parent.id)
    assert reason in shown(logs)
    assert f"All: %mflow tasks {runs[name]}" in shown(logs)
    if why.task:
        assert logs.pathspec == why.task.pathspec


def test_the_log_of_a_step_names_its_task(mflow, runs):
    assert "ended last of 4 tasks" in shown(mflow(f"logs {runs['foreach']}/work"))
    only = mflow(f"logs {runs['linear']}/start")
    assert "ended last" not in shown(only)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["logs", "{linear}/end"], "Nothing was logged"),
        (["cards", "{linear}"], "There are no cards"),
        (["code", "{linear}"], "No code package"),
    ],
)
def test_the_command_line_ends_with_success(runs, capsys, words, message):
    words = [word.format_map(runs.pathspecs) for word in words]
    place = [f"--metadata={runs.folder}", "--namespace=none"]
    assert main([*place, *words]) == 0
    printed = capsys.readouterr()
    assert message in printed.out + printed.err
    assert printed.out == "" or words[0] == "cards"
    assert main([*place, *words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["kind"] == words[0]
    assert not any(answer.get(key) for key in ("lines", "cards", "files"))


def test_the_command_line_says_which_task(runs, capsys):
    assert main([f"--metadata={runs.folder}", "--namespace=none", "logs", runs["failing"]]) == 0
    printed = capsys.readouterr()
    assert "ZeroDivisionError" in printed.out
    assert "failed" in printed.err
    assert "mfwidgets tasks" in printed.err


def test_a_followed_log_says_which_task(mflow, runs, capsys):
    followed = mflow(f"logs {runs['failing']} --follow")
    assert "failed" in followed._note
    assert followed._note in shown(followed)
