"""Filters by values, without reads: artifacts and values are given, and a provider records its requests."""

import hashlib
import pickle
import warnings

import pytest

from mfwidgets.concurrency import BATCH_SIZE
from mfwidgets.errors import MetaflowInvalidArgument, ValuesNotRead
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord
from mfwidgets.queries.values import value_filter as module
from mfwidgets.queries.values.reading import NotRead
from mfwidgets.queries.values.value_filter import ValueFilter, proofs_of


def sha(value, protocol=4):
    return hashlib.sha1(pickle.dumps(value, protocol)).hexdigest()


class World:
    """Runs with given artifacts by step and task. Values are returned by their hash."""

    remote, index = False, None

    def __init__(self, monkeypatch, **runs):
        self.artifacts_of, self.values, self.asked, self.read = runs, {}, [], []
        self.provider, self.max_concurrency, self.last = self, 1, "end"
        monkeypatch.setattr(module, "values_of", self.values_of)

    def artifacts(self, where, names):
        self.asked.append(("/".join(where), sorted(names)))
        _, run_id, step = where
        made = []
        for (at, task), values in self.artifacts_of[run_id].items():
            for name, value in values.items():
                if at == step and name in names:
                    key = sha(repr(value))
                    self.values[key] = value
                    made.append(ArtifactRecord("F", run_id, step, task, 0, name, key, "pickle-v4", "local", "", 0))
        return made

    def metadata(self, where, fields):
        assert (where[-1], set(fields)) == ("_parameters", {"end_step"})
        return [MetadataRecord("_parameters", "0", "end_step", "", self.last, 0)]

    def values_of(self, _context, records, _reading):
        self.read += [record.name for record in records]
        return [self.values[record.sha] for record in records]

    def met(self, step=None, **conditions):
        runs = [RunRecord("F", run_id, 0) for run_id in self.artifacts_of]
        return [run.run_id for run in ValueFilter(conditions, step).filter_runs(self, runs)]


def of_end(**values):
    return {("end", "9"): values}


def test_values_are_compared_or_given_to_a_function(monkeypatch):
    world = World(monkeypatch, a=of_end(x=1, y=5), b=of_end(x=2, y=5), c=of_end(x=1, y=6), d=of_end(x=1, y=5))
    assert world.met(x=1) == ["a", "c", "d"]
    assert world.met(x=1, y=5) == ["a", "d"]
    assert world.met(x=lambda x: x > 1) == ["b"]
    assert world.met(x=lambda x: x == 1, y=6) == ["c"]


def test_each_distinct_value_is_read_once(monkeypatch):
    world = World(monkeypatch, a=of_end(x=1), b=of_end(x=1), c=of_end(x=2))
    assert world.met(x=2) == ["c"]
    assert world.read == ["x", "x"]


def test_a_hash_proves_a_value_without_reading(monkeypatch):
    world = World(monkeypatch, a=of_end(x=3))
    proof = sha(3, 2)
    monkeypatch.setattr(
        world, "artifacts", lambda where, _: [ArtifactRecord(*where, "9", 0, "x", proof, "", "local", "", 0)]
    )
    assert world.met(x=3.0) == ["a"]
    assert world.read == []


def test_parameters_come_first_and_the_end_task_for_the_rest(monkeypatch):
    world = World(monkeypatch, a={("_parameters", "0"): {"alpha": 1}, ("end", "9"): {"alpha": 2, "x": 5}})
    assert world.met(alpha=1, x=5) == ["a"]
    assert world.asked == [("F/a/_parameters", ["alpha", "x"]), ("F/a/end", ["x"])]
    world.asked.clear()
    assert world.met(alpha=2) == []
    assert world.asked == [("F/a/_parameters", ["alpha"])]


def test_a_flow_whose_last_step_has_another_name(monkeypatch):
    world = World(monkeypatch, a={("finish", "9"): {"x": 5}})
    world.last = "finish"
    assert world.met(x=5) == ["a"]
    assert world.asked == [("F/a/_parameters", ["x"]), ("F/a/end", ["x"]), ("F/a/finish", ["x"])]
    world.last = "end"
    with pytest.warns(ValuesNotRead):
        assert world.met(x=5) == []


def test_each_task_of_a_step_is_checked_alone(monkeypatch):
    world = World(monkeypatch, a={("fit", "1"): {"k": 1, "loss": 2}, ("fit", "2"): {"k": 2, "loss": 1}})
    world.last = "fit"
    assert world.met("fit", k=1, loss=2) == ["a"]
    assert world.met("fit", k=1, loss=1) == []
    world.asked.clear()
    with pytest.warns(
        ValuesNotRead, match="none of 1 runs has a parameter or an artifact of step 'other' with this name"
    ):
        assert world.met("other", k=1) == []
    assert ("F/a/fit", ["k"]) not in world.asked  # a named step is not replaced


def test_the_name_of_the_flow_is_not_a_parameter(monkeypatch):
    world = World(monkeypatch, a={("_parameters", "0"): {"name": "F"}, ("end", "9"): {"name": "mine"}})
    assert world.met(name="mine") == ["a"]
    assert world.met(name="F") == []


def test_unread_values_warn_once_per_name(monkeypatch):
    world = World(monkeypatch, a=of_end(x=NotRead("too large")), b=of_end(x=NotRead("odd")), c=of_end(x=5))
    with pytest.warns(ValuesNotRead) as caught:
        assert world.met(x=5) == ["c"]
    assert len(caught) == 1
    assert "where(x=)" in str(caught[0].message)
    assert "too large" in str(caught[0].message)


def test_an_unknown_name_warns(monkeypatch):
    world = World(monkeypatch, a=of_end(x=1), b=of_end(x=1))
    with pytest.warns(
        ValuesNotRead, match=r"where\(y=\): none of 2 runs has a parameter or an artifact of its end task"
    ):
        assert world.met(x=1, y=2) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert World(monkeypatch).met(x=1) == []  # no run, no warning


def test_a_function_that_raises_names_the_artifact_and_its_value(monkeypatch):
    world = World(monkeypatch, a=of_end(x="text"))
    with pytest.raises(MetaflowInvalidArgument, match=r"where\(x=\).* TypeError .*F/a/end/9/x, 'text'"):
        world.met(x=lambda x: x > 1)


def test_runs_are_read_in_batches(monkeypatch):
    world = World(monkeypatch, **{f"r{number}": of_end(x=1) for number in range(BATCH_SIZE + 1)})
    runs = (RunRecord("F", f"r{number}", 0) for number in range(BATCH_SIZE + 1))
    next(ValueFilter({"x": 1}).filter_runs(world, runs))
    assert len(world.asked) == 2 * BATCH_SIZE
    assert len(world.met(x=1)) == BATCH_SIZE + 1


def test_its_description():
    assert ValueFilter({"alpha": 0.1}).described() == " where alpha == 0.1"
    both = ValueFilter({"alpha": 0.1, "kind": str.isupper, "long": "x" * 50}, "fit").described()
    assert both == f" where alpha == 0.1 and kind matches isupper and long == 'xx{'x' * 37} in fit"
    assert ValueFilter({"x": type("F", (), {"__call__": print})()}).described() == " where x matches a function"


@pytest.mark.parametrize("conditions", [{}, {5: 1}, {"a": 1, 5: 1}])
def test_names_are_required(conditions):
    with pytest.raises(MetaflowInvalidArgument, match="Expected conditions"):
        ValueFilter(conditions)


def test_hashes_that_prove_a_value():
    assert proofs_of(1) == {sha(value, protocol) for value in (1, 1.0, True) for protocol in (2, 4)}
    assert proofs_of(0) == {sha(value, protocol) for value in (0, 0.0, False) for protocol in (2, 4)}
    assert proofs_of(2.5) == {sha(2.5, 2), sha(2.5)}
    assert proofs_of(2**60 + 1) == {sha(2**60 + 1, 2), sha(2**60 + 1)}  # no float equals it
    assert proofs_of(float("inf")) == {sha(float("inf"), 2), sha(float("inf"))}
    assert proofs_of(10**400) == {sha(10**400, 2), sha(10**400)}
    assert proofs_of("1") == {sha("1", 2), sha("1")}
    assert proofs_of(None) == {sha(None, 2), sha(None)}
    for value in (float("nan"), [1], (1,), b"x", 1j):
        assert proofs_of(value) == frozenset()
