"""Collections are lazy and sliceable, and reject wrong arguments clearly."""

import concurrent.futures
import re
from itertools import product

import pytest

import mfwidgets
from mfwidgets.errors import MetaflowException, MetaflowInvalidArgument, MetaflowNotFound


@pytest.fixture
def linear(client):
    return client["LinearFlow"].runs()


def test_a_collection_is_lazy_and_reiterable(linear, client):
    assert list(linear) == list(linear)
    everything = list(linear)
    assert [(outer, inner) for outer in linear for inner in linear] == list(product(everything, everything))
    for _ in linear:
        break
    assert list(linear) == everything  # a loop that was left does not count
    assert linear
    assert client["LinearFlow"].runs("no-such-tag")
    assert not hasattr(linear, "__len__")
    assert repr(linear) == "<runs of LinearFlow>"
    assert repr(client["LinearFlow"].runs("a", "b")) == "<runs of LinearFlow tagged a and b>"


def test_next_and_zip_work_as_with_generators(linear):
    everything = list(linear)
    assert next(linear) == everything[0]
    assert linear.first() == linear[0] == everything[0]
    assert linear.count() == len(everything)
    assert list(linear) == everything[1:]
    assert list(linear) == everything  # it starts again after its end
    assert list(zip(linear, linear, strict=False)) == [tuple(everything[:2])]
    assert [next(linear), next(linear), next(linear), next(linear, None)] == [*everything, None]
    assert next(linear) == everything[0]


def test_indexes_and_slices(linear):
    everything = list(linear)
    assert linear[0] == linear.first() == everything[0]
    assert linear[-1] == everything[-1]
    assert linear[1:] == everything[1:]
    assert linear[::-1] == everything[::-1]
    assert linear[-2:] == everything[-2:]
    with pytest.raises(IndexError, match="The runs of LinearFlow have no index 3"):
        linear[3]


def test_counts_and_limits(linear, client):
    assert linear.count() == 3
    assert client["LinearFlow"].runs("nightly").count() == 2
    assert list(client["LinearFlow"].runs(limit=2)) == list(linear)[:2]
    assert client["LinearFlow"].runs(limit=2).count() == 2
    with pytest.raises(MetaflowNotFound, match="There are no runs of LinearFlow tagged nonsense"):
        client["LinearFlow"].runs("nonsense").first()


@pytest.mark.parametrize("wrong", [-1, "a", 1.5])
def test_a_wrong_limit_raises_at_once(client, runs, wrong):
    with pytest.raises(MetaflowInvalidArgument, match="Expected limit= to be a number from 0"):
        client["LinearFlow"].runs(limit=wrong)
    with pytest.raises(MetaflowInvalidArgument, match="Expected tail= to be a number from 0"):
        client.get(runs["linear"])["start"].task.logs(tail=wrong)
    with pytest.raises(MetaflowInvalidArgument, match="Expected a namespace"):
        mfwidgets.namespace(3)


def test_steps_and_tasks(client, runs):
    run = client.get(runs["foreach"])
    assert [step.id for step in run.steps()] == ["end", "join", "work", "start"]
    assert run.tasks().count() == 7
    assert run["work"].tasks(limit=2).count() == 2
    assert not list(run.steps("no-such-tag"))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda runs: runs.to_pandas(step=5, artifacts=["x"]), "Expected step= to be the name of a step"),
        (lambda runs: runs.where(alpha=0.1, step=5), "Expected step= to be the name of a step"),
        (lambda runs: runs.where(alpha=0.1, step=""), "Expected step= to be the name of a step"),
        (lambda runs: runs.where(5), "name=value pairs or a dict of them"),
        (lambda runs: runs.where([("a", 1)]), "name=value pairs or a dict of them"),
        (lambda runs: runs["a":], "Expected a slice of numbers"),
        (lambda runs: runs[::0], "Expected a slice with a step other than 0"),
        (lambda runs: runs.to_pandas(artifacts=["text"], executor=shut_down()), "The executor takes no work"),
    ],
)
def test_bad_input(client, ask, message):
    with pytest.raises(MetaflowException, match=re.escape(message)):
        ask(client["LinearFlow"].runs())


def shut_down():
    executor = concurrent.futures.ThreadPoolExecutor(1)
    executor.shutdown()
    return executor
