import pytest

import mfwidgets
from mfwidgets.errors import MetaflowInvalidArgument, MetaflowNotFound


@pytest.fixture
def linear(client):
    return client["LinearFlow"].runs()


def test_a_collection_is_lazy_reiterable_and_true(linear, client):
    assert list(linear) == list(linear)
    assert next(linear) == next(iter(linear))
    assert next(linear) == list(linear)[1]  # its own cursor went on
    assert linear
    assert client["LinearFlow"].runs("no-such-tag")
    assert not hasattr(linear, "__len__")
    assert repr(linear) == "<runs of LinearFlow>"
    assert repr(client["LinearFlow"].runs("a", "b")) == "<runs of LinearFlow tagged a and b>"


def test_places_and_slices(linear):
    everything = list(linear)
    assert linear[0] == linear.first() == everything[0]
    assert linear[-1] == everything[-1]
    assert linear[1:] == everything[1:]
    assert linear[::-1] == everything[::-1]
    assert linear[-2:] == everything[-2:]
    with pytest.raises(IndexError, match="no number 3 among the runs of LinearFlow"):
        linear[3]


def test_counts_and_limits(linear, client):
    assert linear.count() == 3
    assert client["LinearFlow"].runs("nightly").count() == 2
    assert list(client["LinearFlow"].runs(limit=2)) == list(linear)[:2]
    assert client["LinearFlow"].runs(limit=2).count() == 2
    with pytest.raises(MetaflowNotFound, match="There are no runs of LinearFlow tagged nonsense"):
        client["LinearFlow"].runs("nonsense").first()


@pytest.mark.parametrize("wrong", [-1, "a", 1.5])
def test_a_wrong_limit_is_said_at_once(client, runs, wrong):
    with pytest.raises(MetaflowInvalidArgument, match="limit= is a number, 0 or more"):
        client["LinearFlow"].runs(limit=wrong)
    with pytest.raises(MetaflowInvalidArgument, match="tail= is a number of lines"):
        client.get(runs["linear"])["start"].task.logs(tail=wrong)
    with pytest.raises(MetaflowInvalidArgument, match="A namespace is a text"):
        mfwidgets.namespace(3)


def test_steps_and_tasks(client, runs):
    run = client.get(runs["foreach"])
    assert [step.id for step in run.steps()] == ["end", "join", "work", "start"]
    assert run.tasks().count() == 7
    assert run["work"].tasks(limit=2).count() == 2
    assert not list(run.steps("no-such-tag"))
