"""Values of the standard library are plain, and objects are described like calls, by every protocol of pickles."""

import enum
import pickle
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import pickle_bombs as bombs
import pytest

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.described import DescribedObject
from mfwidgets.pickles.safe_loads import describe_pickle, safe_loads
from mfwidgets.pickles.value_text import value_text
from mfwidgets.queries.artifact_rows import _type_name
from mfwidgets.queries.values.preview import preview_of_pickle

Pair = namedtuple("Pair", "left right")  # noqa: PYI024 - as people write it


class Shade(enum.Enum):
    DARK = "dark"


class Mode(enum.IntFlag):
    FAST = 1
    SAFE = 2


@dataclass
class Settings:
    rate: float = 0.0
    names: list[str] | None = None
    _cached: int = 0


@dataclass(slots=True)
class Slotted:
    rate: float = 0.0


class Stone:
    def __init__(self, weight):
        self.weight = weight

    class Inner:
        pass


class Names(list):
    pass


def made_by_a_function():
    return 1


PLAIN = [
    (Path("/data/in put.csv"), "PosixPath('/data/in put.csv')"),
    (PurePosixPath("a/b"), "PurePosixPath('a/b')"),
    (PureWindowsPath("C:/x"), "PureWindowsPath('C:/x')"),
    (Decimal("19.90"), "Decimal('19.90')"),
    (Decimal("-Infinity"), "Decimal('-Infinity')"),
    (Fraction(-1, 3), "Fraction(-1, 3)"),
    (UUID(int=5), "UUID('00000000-0000-0000-0000-000000000005')"),
    (Counter("banana"), "Counter({'a': 3, 'n': 2, 'b': 1})"),
    (Counter(), "Counter()"),
    (defaultdict(list, odd=[1, 3]), "defaultdict(list, {'odd': [1, 3]})"),
    (defaultdict(None, {1: 2}), "defaultdict(None, {1: 2})"),
    (defaultdict(Counter), "defaultdict(Counter, {})"),
    (deque([1, 2]), "deque([1, 2])"),
    (OrderedDict(b=1, a=2), "OrderedDict({'b': 1, 'a': 2})"),
    (datetime(2025, 3, 30, 1, 30, tzinfo=UTC), "2025-03-30 01:30:00+00:00"),
    (datetime(2025, 7, 1, tzinfo=ZoneInfo("Europe/Paris")), "2025-07-01 00:00:00+02:00"),
    (datetime(2025, 7, 1, tzinfo=timezone(timedelta(hours=-2), "X")), "2025-07-01 00:00:00-02:00"),
    (date(2025, 2, 3), "2025-02-03"),
    (time(12, 30), "12:30:00"),
    (timedelta(minutes=90), "0 days 01:30:00"),
    (timedelta(days=-2, microseconds=5), "-2 days 00:00:00.000005"),
    ([date(2025, 2, 3), Decimal(1)], "[2025-02-03, Decimal('1')]"),
    (frozenset({1}), "frozenset({1})"),
    (range(3), "range(0, 3)"),
    (1 - 2j, "(1-2j)"),
]  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize(("value", "text"), PLAIN, ids=[text for _, text in PLAIN])
def test_plain_values(value, text, protocol):
    read = safe_loads(pickle.dumps(value, protocol))
    assert read == value
    assert type(read) is type(value)
    assert value_text(read) == text
    found = preview_of_pickle(pickle.dumps([value], protocol))
    assert found.value == [value]


def test_a_deque_keeps_its_limit_and_shared_parts():
    shared = deque([1], maxlen=2)
    read = safe_loads(pickle.dumps({"a": shared, "b": [shared]}))
    assert read["a"].maxlen == 2
    assert read["b"][0] is read["a"]


def test_times_of_pandas_are_datetimes():
    moment = pd.Timestamp("2025-03-30 01:30", tz="UTC")
    assert safe_loads(pickle.dumps(moment)) == moment.to_pydatetime()
    assert safe_loads(pickle.dumps(pd.Timestamp("2025-03-30"))) == datetime(2025, 3, 30)  # noqa: DTZ001 - it has no zone
    assert safe_loads(pickle.dumps(pd.Timedelta(minutes=90))) == timedelta(minutes=90)
    in_paris = safe_loads(pickle.dumps(pd.Timestamp("2025-07-01", tz="Europe/Paris")))
    assert value_text(in_paris) == "2025-07-01 00:00:00+02:00"


def test_nanoseconds_are_not_lost():
    moment = pd.Timestamp("2025-03-30 01:30:00.123456789")
    with pytest.raises(UnloadableArtifact, match="_unpickle_timestamp"):
        safe_loads(pickle.dumps(moment))
    assert value_text(described(moment)) == "Timestamp(utc=2025-03-30 01:30:00.123456789)"
    in_paris = moment.tz_localize("Europe/Paris")
    assert value_text(described(in_paris)).startswith("Timestamp(utc=2025-03-30 00:30:00.123456789, zone=")
    assert value_text(described(pd.Timedelta(5, "ns"))) == "Timedelta(nanoseconds=5)"


def described(value, protocol=4):
    return describe_pickle(pickle.dumps(value, protocol))


DESCRIBED = [
    (Shade.DARK, "Shade('dark')"),
    (Mode.FAST | Mode.SAFE, "Mode(3)"),
    (Pair(3, "three"), "Pair(3, 'three')"),
    (Settings(0.5, ["a"]), "Settings(rate=0.5, names=['a'])"),
    (Slotted(0.5), "Slotted(rate=0.5)"),
    (Stone(9), "Stone(weight=9)"),
    (Stone.Inner(), "Stone.Inner()"),
    (Stone(Stone(Stone(Stone(1)))), "Stone(weight=Stone(weight=Stone(weight=Stone(...))))"),
    ([Stone(1), "plain", None], "[Stone(weight=1), 'plain', None]"),
    (ValueError("x"), "ValueError('x')"),
    (pd.NaT, "NaT"),
    (pd.NA, "<NA>"),
    (Stone, "Stone"),
    (Names([1, 2]), "Names([1, 2])"),
    (defaultdict(made_by_a_function, {"a": 1}), "defaultdict(made_by_a_function, [('a', 1)])"),
    (partial(print, 1), "partial(print)"),
    (pd.Interval(1, 2), "Interval(1, 2, 'right')"),
    (pd.Period("2025-01"), "Period(begins=2025-01)"),
    (pd.Period("2025-01-02 03:00", freq="h"), "Period(begins=2025-01-02 03)"),
]  # fmt: skip


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(("value", "text"), DESCRIBED, ids=[text for _, text in DESCRIBED])
def test_objects_are_written_like_calls(value, text, protocol):
    assert value_text(described(value, protocol)) == text
    shown = preview_of_pickle(pickle.dumps(value, protocol))
    assert (shown.line, shown.has_value) == (text, False)


def test_recorded_fields_are_a_table():
    settings = Settings(0.5, ["a"])
    assert preview_of_pickle(pickle.dumps(settings)).fields == {
        "rate": settings.rate,
        "names": DescribedObject("['a']"),
    }
    assert preview_of_pickle(pickle.dumps(Slotted(1.5))).fields == {"rate": 1.5}


@pytest.mark.parametrize(
    ("recorded", "type_name"),
    [
        ("<class 'numpy.ndarray'>", "numpy.ndarray"),
        ("<enum 'Shade'>", "Shade"),
        ("<flag 'Mode'>", "Mode"),
        ("<class '__main__.Flow.<locals>.Point'>", "__main__.Flow.<locals>.Point"),
        ("odd", "odd"),
        ("", None),
    ],
)
def test_names_of_classes(recorded, type_name):
    assert _type_name(recorded) == type_name


def call(name, arguments):
    """Return a pickle that calls a function."""
    return bombs.PROTOCOL + bombs.glob(*name.rsplit(".", 1)) + b"(" + arguments + b"tR."


REFUSED = {
    "a zone of another name": call("zoneinfo.ZoneInfo", bombs.text("../../../etc/passwd")),
    "a long path": call("pathlib.PosixPath", bombs.long_text(50_000)),
    "a number as path": call("pathlib.PosixPath", b"K\x05"),
    "a signaling NaN": call("decimal.Decimal", bombs.text("sNaN")),
    "a long decimal": call("decimal.Decimal", bombs.long_text(50_000)),
    "a fraction that takes gigabytes": call("fractions.Fraction", bombs.text("1e999999999")),
    "a fraction of zero": call("fractions.Fraction", b"K\x01K\x00"),
    "a factory of the user": call("collections.defaultdict", bombs.glob("os", "system")),
    "a deque of odd length": call("collections.deque", b")J\xff\xff\xff\xff"),
    "a time beyond all years": call("pandas._libs.tslibs.timestamps._unpickle_timestamp", bombs.long_integer(5_000) + b"NNK\x0a"),
    "a time without resolution": call("pandas._libs.tslibs.timestamps._unpickle_timestamp", b"K\x05NNK\x63"),
    "an attribute": call("builtins.getattr", bombs.glob("os", "path") + bombs.text("join")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_their_classes_never_write_is_only_described(name):
    with pytest.raises(UnloadableArtifact):
        safe_loads(REFUSED[name])
    assert not preview_of_pickle(REFUSED[name]).has_value


def test_only_zones_of_this_system_are_read():
    content = pickle.dumps(datetime(2025, 7, 1, tzinfo=ZoneInfo("Europe/Paris")))
    assert safe_loads(content).tzinfo.key == "Europe/Paris"
    with pytest.raises(UnloadableArtifact):
        safe_loads(content.replace(b"Europe/Paris", b"../tmp/Paris"))
