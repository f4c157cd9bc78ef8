"""Every attribute of every object of the runs under test, in four namespaces, against Metaflow's own client.

The questions are in ``questions.py``. Each intended difference is a line of :data:`INTENDED`, with the reason. Everything
else is equal, including the names of exceptions.
"""

import re
from dataclasses import dataclass

import pytest
import questions
from corpus import service_s3_corpus
from oracle import answers

import mfwidgets


@dataclass(frozen=True)
class Intended:
    """An intended difference: questions, pathspecs, the answer of Metaflow's client, our answer, and the reason.

    ``always`` is False if the difference depends on milliseconds, so that some runs do not show it.
    """

    facts: str
    pathspecs: str
    theirs: str
    ours: str
    reason: str
    always: bool = True

    def covers(self, pathspec, fact, theirs, ours):
        return (
            re.fullmatch(self.facts, fact)
            and re.fullmatch(self.pathspecs, pathspec)
            and re.search(self.theirs, str(theirs), re.DOTALL)
            and re.search(self.ours, str(ours), re.DOTALL)
        )


NEIGHBOURS = r"(parent|child)_task(s|_pathspecs)"
INTENDED = [
    Intended("origin_pathspec", ".*", "/None", "NoneType None", "a run that was not resumed has no origin"),
    Intended("child_steps|parent_steps|" + NEIGHBOURS, r".*/_parameters(/\d+)?", "KeyError", "each '", "a pseudo step has no neighbours, which is not an error"),
    Intended(NEIGHBOURS, ".*", "KeyError", "each ", "an attempt that does not exist has the neighbours of its task"),
    Intended("parent_steps|child_steps", ".*", "MetaflowNotFound|KeyError", "each ", "a step that did not run is not a neighbour"),
    Intended(NEIGHBOURS, "LoopFlow/.*", "each ", "each ", "loops and switches: the iterations before and after, not all iterations (test_related_tasks checks these)"),
    Intended("stdout|stderr", ".*", r"'\\\\n'", "''", "a task without a log printed nothing, not an empty line"),
    Intended("loglines.*", ".*", r"tuple\(NoneType None, str ''\)", r"list\(\)", "the same, line by line"),
    Intended("stdout|loglines stdout", "LogFlow/.*", "UnicodeDecodeError", "\ufffd", "bytes that are not UTF-8 are replaced, not refused"),
    Intended("stderr(_size)?|loglines stderr", "DeathFlow/.*", r"int 0|'\\\\n'|NoneType None, str ''", "int [1-9]|ImportError", "the log of a task that died before its step began is found"),
    Intended("successful|finished", r"LoopFlow/\d+", "False", "True", "the end task of a resumed run with other step names is found"),
    Intended("data|end_task|finished_at", r"LoopFlow/\d+", "None", "each|finish|20", "the same"),
    Intended("latest_successful_run", "LoopFlow", "Run", "Run", "the same"),
    Intended("finished_at", r"RetryFlow/\d+/flaky/\d+", r"\d", r"\d", "a retried attempt ended when it was stored, as in all tables", always=False),
]  # fmt: skip


@pytest.fixture(scope="session")
def metaflows(runs):
    return answers(runs, f"local@{runs.folder}", namespaces=questions.NAMESPACES)


def same(theirs, ours):
    """Return whether two answers agree. Our exception can be a subclass of Metaflow's."""
    if theirs[0] == "raises":
        return ours[0] == "raises" and theirs[1][0] in ours[1]
    return theirs == ours


def compare(metaflows, namespace=None):
    """Ask our client the questions of Metaflow's client. Return the lines of INTENDED that applied."""
    wrong, used = [], set()
    assert len(metaflows["listed"]) > 100
    for pathspec, attempt in questions.subjects(metaflows["listed"], namespace):
        theirs = metaflows["objects"][f"{namespace} {pathspec} {attempt}"]
        ours = questions.asked(mfwidgets, pathspec, attempt, namespace)
        assert theirs.keys() == ours.keys(), pathspec
        for fact in theirs:
            if same(theirs[fact], ours[fact]):
                continue
            lines = [line for line in INTENDED if line.covers(pathspec, fact, theirs[fact], ours[fact])]
            used.update(lines)
            if not lines:
                wrong.append(f"{fact} of {pathspec} {attempt}: {theirs[fact]!s:.300}, but we say {ours[fact]!s:.300}")
    assert not wrong, f"{len(wrong)} differ:\n" + "\n".join(wrong[:50])
    return used


@pytest.mark.parametrize("namespace", questions.NAMESPACES)
def test_objects(namespace, metaflows, runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    used = compare(metaflows, namespace)
    if namespace is None:
        assert used >= {line for line in INTENDED if line.always}  # every line applies to something


def test_objects_on_s3(on_s3):
    runs, server = on_s3
    mfwidgets.metadata(runs.folder)
    compare(answers(runs, f"local@{runs.folder}", server.environ))


def test_objects_of_a_service(on_service):
    runs, service = on_service
    mfwidgets.metadata(service.url)
    compare(answers(runs, f"service@{service.url}"))


def test_objects_of_a_service_on_s3(monkeypatch):
    with service_s3_corpus() as (runs, service, server):
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        mfwidgets.metadata(service.url)
        compare(answers(runs, f"service@{service.url}", server.environ))
        assert mfwidgets.Metaflow(namespace=None).get(runs["linear"]).data.text == "grün & <b>bold</b>"


# Accidental answers of Metaflow's client to mistakes, and our errors.
MISTAKES = {
    "no pathspec": ("raises TypeError", "raises MetaflowInvalidPathspec"),
    "an empty pathspec": ("raises TypeError", "raises MetaflowInvalidPathspec"),
    "a number for a run": ("raises AttributeError", "raises NoSuchChild"),
    "a number for a step": ("raises AttributeError", "raises NoSuchChild"),
    "a path for a task": ("is Step", "raises NoSuchChild"),
    "a pattern for an artifact": ("raises TypeError", "raises NoSuchChild"),
    "metadata of None": ("raises AttributeError", "raises InvalidSelector"),
}


@pytest.mark.parametrize("name", questions.OF_NOBODY)
def test_module_level_questions(name, metaflows, runs):
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    theirs, ours = metaflows["nobody"][name], questions.answer(questions.OF_NOBODY[name], mfwidgets, runs.pathspecs)
    if name in MISTAKES:
        shown = tuple(f"{how} {what if how == 'is' else what[0]}" for how, what in (theirs, ours))
        assert [message.startswith(expected) for message, expected in zip(shown, MISTAKES[name], strict=True)] == [
            True,
            True,
        ]
    else:
        assert same(theirs, ours), (theirs, ours)
