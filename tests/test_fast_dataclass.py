"""Dataclasses whose methods are compiled on first use behave as those of the standard library."""

import copy
import inspect
import pickle
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Generic, TypeVar

import pytest

from mfwidgets.fast_dataclass import fast_dataclass

T = TypeVar("T")


@fast_dataclass(frozen=True, slots=True)
class Fast:
    """A record."""

    number: int
    text: str = ""
    items: list[int] = field(default_factory=list, compare=False)
    hidden: int = field(default=0, repr=False)


@dataclass(slots=True, unsafe_hash=True)
class Standard:
    """A record."""

    number: int
    text: str = ""
    items: list[int] = field(default_factory=list, compare=False)
    hidden: int = field(default=0, repr=False)


@fast_dataclass(frozen=True, slots=True)
class Inherited(Fast):
    """A record with one more field."""

    more: str = "more"


@fast_dataclass(frozen=True, slots=True)
class Checked(Generic[T]):  # noqa: PLW1641 - the decorator adds the hash
    """A generic record that checks itself, with its own methods."""

    value: T

    def __post_init__(self):
        """Check the value."""
        if self.value is None:
            raise ValueError("a value is missing")

    def __repr__(self):
        """Return a short text."""
        return "checked"

    def __eq__(self, other):
        """Return whether both are checked."""
        return isinstance(other, Checked)


class Base(ABC):
    """A base class with an abstract method."""

    @abstractmethod
    def name(self):
        """Return a name."""


@fast_dataclass(frozen=False, slots=True)
class Mutable(Base):
    """A record that changes."""

    count: int = 1

    def name(self):
        """Return a name."""
        return "mutable"


def test_values_are_those_of_the_standard_library():
    for arguments in ({"number": 1}, {"number": 2, "text": "b", "items": [3], "hidden": 4}):
        fast, standard = Fast(**arguments), Standard(**arguments)
        assert repr(fast) == repr(standard).replace("Standard", "Fast")
        assert asdict(fast) == asdict(standard)
        assert hash(fast) == hash(standard)
        assert asdict(replace(fast, number=9)) == asdict(replace(standard, number=9))
    assert [each.name for each in fields(Fast)] == [each.name for each in fields(Standard)]
    assert Fast.__match_args__ == Standard.__match_args__
    assert inspect.signature(Fast) == inspect.signature(Standard)
    assert Fast.__slots__ == Standard.__slots__


def test_objects_do_not_share_what_a_factory_made():
    assert Fast(1).items == []
    assert Fast(1).items is not Fast(1).items


def test_equality_and_hashes():
    assert Fast(1, items=[1]) == Fast(1, items=[2])  # not compared
    assert Fast(1) != Fast(2)
    assert Fast(1) != Standard(1)
    assert Fast(1) != Inherited(1)
    assert len({Fast(1), Fast(1), Fast(2)}) == 2


def test_missing_and_unknown_arguments_are_errors():
    with pytest.raises(TypeError, match="number"):
        Fast()
    with pytest.raises(TypeError, match="other"):
        Fast(1, other=2)
    with pytest.raises(AttributeError):
        Fast(1).other = 2


def test_a_class_that_inherits_has_its_own_methods():
    assert repr(Inherited(1, more="x")) == "Inherited(number=1, text='', items=[], more='x')"
    assert Inherited(1) != Inherited(1, more="x")
    assert repr(Fast(1)) == "Fast(number=1, text='', items=[])"


def test_methods_of_the_class_itself_stay():
    assert repr(Checked(1)) == "checked"
    assert Checked(1) == Checked(2)
    assert hash(Checked(1)) == hash(Checked(1))
    with pytest.raises(ValueError, match="missing"):
        Checked(None)


def test_a_class_that_changes_has_no_hash():
    changed = Mutable()
    changed.count += 1
    assert changed == Mutable(2)
    assert changed.name() == "mutable"
    with pytest.raises(TypeError):
        hash(changed)


def test_copies_and_pickles():
    fast = Fast(1, "a", [2])
    assert pickle.loads(pickle.dumps(fast)) == copy.deepcopy(fast) == copy.copy(fast) == fast


def test_threads_that_use_a_class_first_at_the_same_time():
    for _ in range(20):

        @fast_dataclass(frozen=True, slots=True)
        class New:
            number: int

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda number, new=New: new(number).number, range(64))) == list(range(64))
