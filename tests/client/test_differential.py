"""Every attribute of every object of the runs under test, in four namespaces, against Metaflow's own client.

The questions are in ``questions.py``, the intended differences in ``differences.py``. Everything else is equal, including
the names of exceptions. The order of the objects is random, because no answer may depend on earlier questions.
"""

import random
import re
from pathlib import Path

import pytest
import questions
from corpus import service_s3_corpus
from differences import DIFFERENCES, INTENDED
from oracle import answers

import mfwidgets

PACKAGE = Path(__file__).parents[2]


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
    subjects = list(questions.subjects(metaflows["listed"], namespace))
    random.Random(7).shuffle(subjects)
    for pathspec, attempt in subjects:
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


def test_the_list_in_the_readme_is_complete():
    text = (PACKAGE / "README.md").read_text()
    part = text.partition("## Where we differ from Metaflow's client, on purpose")[2].partition("\n## ")[0]
    items = [" ".join(item.split()) for item in part.split("\n- ")[1:]]
    assert [re.match(r".*?\.(?= |$)", item)[0] for item in items] == list(DIFFERENCES)


@pytest.mark.parametrize(
    "name", sorted({name for lines in DIFFERENCES.values() for name in lines if isinstance(name, str)})
)
def test_every_other_difference_has_a_test(name):
    file, _, function = name.partition("::")
    assert f"def {function}(" in (PACKAGE / file).read_text()


def test_the_order_of_artifacts(client, runs, metaflow):
    ours, theirs = (list(one(f"{runs['linear']}/start/1")) for one in (client.get, metaflow.Task))
    names = [artifact.id for artifact in ours]
    assert names == sorted(names)
    assert set(names) == {artifact.id for artifact in theirs}
    fields = metaflow.Task(f"{runs['linear']}/start/1").artifacts._fields
    assert set(client.get(f"{runs['linear']}/start/1").artifacts._fields) == set(fields)


def test_a_flow_in_a_namespace(runs, metaflow):
    answers = []
    for m in (metaflow, mfwidgets):
        m.metadata(f"local@{runs.folder}")
        m.namespace(None)
        flow = m.Flow("RetryFlow")  # all of its runs are bob's
        for name in ("user:bob", "user:ann", None):
            m.namespace(name)
            answers.append(flow.is_in_namespace())
    metaflow.namespace(None)
    assert answers == [True, True, True, True, False, True]


def test_a_killed_task(client, runs, metaflow):
    pathspec = f"{runs['died-hard']}/start/1"
    theirs, ours = metaflow.Task(pathspec), client.get(pathspec)
    for task in (theirs, ours):
        assert (task.finished, task.successful, task.finished_at) == (False, False, None)
    killed = client.get(runs["killed"])["join"].task
    assert killed.status == "killed"
    assert "SIGKILL" in killed.status.reason
    assert metaflow.Task(killed.pathspec).finished is killed.finished is False


def test_equal_objects(client, runs, metaflow):
    assert client.get(runs["linear"]) == client.get(runs["linear"])
    assert metaflow.Run(runs["linear"]) != metaflow.Run(runs["linear"])
    assert client.get(f"{runs['linear']}/start/1", 0) != client.get(f"{runs['linear']}/start/1")


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
