"""Filters by values, without reads: artifacts and values are given, and a provider records its requests."""

import datetime as dt
import hashlib
import math
import pickle
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath

import numpy as np
import pytest

from mfwidgets.concurrency import BATCH_SIZE
from mfwidgets.errors import MetaflowInvalidArgument, ValuesNotRead
from mfwidgets.providers.records import ArtifactRecord, MetadataRecord, RunRecord
from mfwidgets.queries.expressions.parsing import parse_expression
from mfwidgets.queries.expressions.selecting import value_conditions
from mfwidgets.queries.values import results
from mfwidgets.queries.values import value_filter as module
from mfwidgets.queries.values.comparisons import NotComparable
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
        for reader in (module, results):
            monkeypatch.setattr(reader, "values_of", self.values_of)

    def artifacts(self, where, names=None, *, public_only=False):
        if not public_only:
            self.asked.append(("/".join(where), None if names is None else sorted(names)))
        _, run_id, step = where
        made = []
        for (at, task), values in self.artifacts_of[run_id].items():
            for name, value in values.items():
                if at == step and (names is None or name in names):
                    key = sha(repr(value))
                    self.values[key] = value
                    made.append(ArtifactRecord("F", run_id, step, task, 0, name, key, "pickle-v4", "local", "", 0))
        return made

    def metadata(self, where, fields):
        assert (where[-1], set(fields)) == ("_parameters", {"end_step"})
        return [MetadataRecord("_parameters", "0", "end_step", "", self.last, 0)]

    def values_of(self, _context, records, _reading, _secret=None):
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


def conditions(text):
    return value_conditions(parse_expression(text))


def test_names_lead_into_dicts(monkeypatch):
    world = World(
        monkeypatch,
        a=of_end(metrics={"auc": 0.9, "test": {"f1": 0.5}, "val.loss": 1}),
        b=of_end(metrics={"auc": 0.8}),
        c=of_end(metrics=0.9),
        d={("_parameters", "0"): {"config": {"auc": 0.95}}},
    )
    assert world.met(**conditions("metrics.auc>0.85")) == ["a"]
    assert world.met(**{"metrics.auc": 0.8}) == ["b"]
    assert world.met(**{"metrics.test.f1": lambda f1: f1 < 1}) == ["a"]
    assert world.met(**{"metrics.val.loss": 1}) == ["a"]
    assert world.met(**{"artifact.metrics.auc": 0.9}) == ["a"]
    assert world.met(**{"param.config.auc": 0.95}) == ["d"]
    with pytest.warns(ValuesNotRead, match=r"none of 4 runs has 'acu' in 'metrics'. Try metrics.auc."):
        assert world.met(**conditions("metrics.acu>0.85")) == []


def test_an_artifact_whose_name_has_a_dot_comes_first(monkeypatch):
    world = World(monkeypatch, a=of_end(**{"m.x": 1, "m": {"x": 2}}), b=of_end(m={"x": 1}))
    assert world.met(**{"m.x": 1}) == ["a", "b"]
    assert world.met(**{"m.x": 2}) == []


def test_a_short_name_means_the_only_value_in_a_dict_with_this_name(monkeypatch):
    world = World(monkeypatch, a=of_end(metrics={"auc": 0.9}), b=of_end(metrics={"auc": 0.4}), c=of_end(x=1))
    assert world.met(**conditions("auc>0.5")) == ["a"]
    assert world.met(auc=0.4) == ["b"]
    with pytest.warns(ValuesNotRead, match=r"Try artifact.metrics.auc."):
        assert world.met(**conditions("artifact.auc>0.5")) == []


def test_a_short_name_of_several_values_in_dicts_is_an_error(monkeypatch):
    world = World(monkeypatch, a=of_end(test={"auc": 0.9}), b=of_end(train={"auc": 0.4}))
    with pytest.raises(MetaflowInvalidArgument, match=r"'auc' means several columns: artifact.test.auc, artifact.tr"):
        world.met(**conditions("auc>0.5"))


def test_a_short_name_that_a_later_run_has_itself_is_an_error_in_the_language(monkeypatch):
    early = {f"a{number}": of_end(metrics={"auc": 0.9}) for number in range(BATCH_SIZE)}
    world = World(monkeypatch, **early, z=of_end(auc=0.9))
    assert len(world.met(auc=0.9)) == BATCH_SIZE + 1
    with pytest.raises(MetaflowInvalidArgument, match=r"Try artifact.metrics.auc or artifact.auc."):
        world.met(**conditions("auc>0.5"))


def test_a_list_means_one_of_its_values(monkeypatch):
    world = World(
        monkeypatch, a=of_end(x="adam"), b=of_end(x="sgd"), c=of_end(x="lbfgs"), d=of_end(x=3), e=of_end(x="a,b")
    )
    assert world.met(**conditions("x=adam,sgd")) == ["a", "b"]
    assert world.met(**conditions("x=adam,3.0")) == ["a", "d"]
    assert world.met(**conditions("x!=adam,sgd,3")) == ["c", "e"]
    assert world.met(**conditions('x="a,b"')) == ["e"]
    assert ValueFilter(conditions("x=adam,'a b'")).described() == ' where x=adam,"a b"'


def test_a_name_with_two_meanings_is_an_error_in_the_language_only(monkeypatch):
    world = World(monkeypatch, a={("_parameters", "0"): {"seed": 1}}, b=of_end(seed=1), c=of_end(seed=2))
    assert world.met(seed=1) == ["a", "b"]
    with pytest.raises(MetaflowInvalidArgument, match=r"'seed'.* Try param.seed or artifact.seed.") as caught:
        world.met(**conditions("seed=1"))
    assert caught.value.suggestions == ("param.seed", "artifact.seed")
    assert world.met(**conditions("param.seed=1")) == ["a"]
    assert world.met(**conditions("artifact.seed<5")) == ["b", "c"]


def test_a_prefix_chooses_what_is_read(monkeypatch):
    world = World(monkeypatch, a={("_parameters", "0"): {"x": 1}, ("end", "9"): {"x": 2}})
    assert world.met(**{"artifact.x": 2}) == ["a"]
    assert world.asked == [("F/a/end", ["x"])]
    world.asked.clear()
    assert world.met(**{"param.x": 1}) == ["a"]
    assert world.asked == [("F/a/_parameters", ["x"])]
    assert world.met(**{"param.x": 1, "artifact.x": 2, "x": 1}) == ["a"]
    assert world.met(**{"param.x": 1, "artifact.x": 2, "x": 2}) == []


def test_another_type_warns_once_and_is_skipped(monkeypatch):
    world = World(monkeypatch, a=of_end(x="few"), b=of_end(x="many"), c=of_end(x=5), d=of_end(x=None))
    with pytest.warns(ValuesNotRead, match=r"where\(x>1\): skipped runs whose value has another type: str") as caught:
        assert world.met(**conditions("x>1")) == ["c"]
    assert len(caught) == 1
    assert world.met(**conditions("x!=5")) == ["a", "b", "d"]
    assert world.met(**conditions("x=none")) == ["d"]


def test_text_that_reads_like_the_number_is_named(monkeypatch):
    world = World(monkeypatch, a=of_end(version="1.10"), b=of_end(version="x"))
    with pytest.warns(ValuesNotRead, match=r'the value is text. Try "1.10".'):
        assert world.met(**conditions("version=1.10")) == []
    assert world.met(**conditions('version="1.10"')) == ["a"]


def test_comparisons_of_one_name_hold_together(monkeypatch):
    world = World(monkeypatch, a=of_end(x=1), b=of_end(x=2), c=of_end(x=3))
    assert world.met(**conditions("x>1 x<3")) == ["b"]
    assert world.met(**conditions("x=2 x!=2")) == []
    assert ValueFilter(conditions("x>1 x<3 'a b'~c")).described() == ' where x>1 x<3 and "a b"~c'


def test_a_hash_proves_equality_in_the_language(monkeypatch):
    world = World(monkeypatch, a=of_end(x=3))
    monkeypatch.setattr(
        world, "artifacts", lambda where, _: [ArtifactRecord(*where, "9", 0, "x", sha(3, 2), "", "local", "", 0)]
    )
    assert world.met(**conditions("x=3.0")) == ["a"]
    assert world.read == []


NOON = dt.datetime.combine(dt.date(2026, 1, 31), dt.time(12))
DAY = dt.date(2026, 1, 31)


@pytest.mark.parametrize(
    ("value", "test", "expected"),
    [
        (DAY, "=2026-01-31", True), (DAY, ">2026-01-30", True), (DAY, "<2026-01-31T12:00", True), (DAY, "!=2026-01-31", False),
        (NOON, ">=2026-01-31T12:00", True), (dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), "<2026-01-31T13:30+01:00", True),
        (Decimal("0.1"), "<0.2", True), (Fraction(1, 3), ">0.3", True), (Decimal(1), "=1", True), (10**400, ">1e300", True),
        (np.float32(0.5), "=0.5", True), (np.int8(3), ">=3", True), (np.bool_(1), "=true", True), (np.float64("nan"), "=nan", True),
        (math.nan, "=nan", True), (math.nan, "!=nan", False), (math.nan, "<1", False), (math.inf, ">1e308", True), (1, "!=nan", True),
        (True, "=1", True), (True, ">0", True), ("", "~x", False), ("Adam", "~ADAM", True), ("stra\u00dfe", "~STRASSE", True),
        (["EarlyStopping", 3], "~early", True), (["EarlyStopping", 3], "~3", True), ({"lr": 1}, "~lr", True), ((1, 2), "~3", False),
        (PurePosixPath("/a/b"), "~A/", True), ("b", ">a", True), ("2026-02", ">=2026-01-31", True), (b"x", "=x", False), ([1], "!=1", True),
    ],
)  # fmt: skip
def test_types(value, test, expected):
    (comparisons,) = conditions(f"x{test}").values()
    assert comparisons.accepts(value) is expected


@pytest.mark.parametrize(
    ("value", "test"),
    [
        ("x", ">1"), (1, ">x"), (None, "<1"), ([1], "<1"), (1 + 2j, "<1"), (np.arange(2), "<1"), (np.datetime64("2026-01-01"), "<1"),
        (DAY, "<x"), (DAY, "<1"), (DAY, "=x"), (dt.timedelta(1), ">1"), (Decimal("sNaN"), "<1"), (1, "~1"), (None, "~x"), (b"x", "~x"), (object(), ">1"),
        ("3", "=3"), ("True", "=true"), ("None", "!=none"),
    ],
)  # fmt: skip
def test_types_that_cannot_be_compared(value, test):
    (comparisons,) = conditions(f"x{test}").values()
    with pytest.raises(NotComparable):
        comparisons.accepts(value)
