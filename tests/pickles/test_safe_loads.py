"""Pickles read without running code: plain values are correct, and anything else is refused."""

import collections
import contextlib
import datetime as dt
import pickle
import random
import struct
import subprocess
import sys

import numpy as np
import pytest
from waiting import PATIENCE_S

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.described import GlobalRef, ReducedCall
from mfwidgets.pickles.metaflow_types import ForeachFrame, IncludedFile, MetaflowExceptionWrapper
from mfwidgets.pickles.safe_loads import describe_pickle, safe_loads

PLAIN = [
    1, -5, 300, 70_000, 2**70, -(2**70), 1.5, float("inf"), True, None, "ü", "", "x" * 300, b"ab", b"", b"x" * 300, (), (1,),
    (1, 2), (1, 2, 3), (1, 2, 3, 4), [], [1, [2]], {}, {"a": {1: 2}}, set(), {1, 2}, frozenset([1, 2.5]), {(1, ("a",)): 2},
    1 + 2j, bytearray(b"x"), bytearray(), range(3), slice(1, None, 2), [(1, "x", None)] * 3,
    dt.date(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5, 6), dt.datetime(2020, 1, 2, tzinfo=dt.timezone.utc),  # noqa: DTZ001, UP017
    dt.time(1, 2), dt.timedelta(1, 2, 3), dt.timezone(dt.timedelta(hours=2)), collections.OrderedDict(a=1, b=[2]),
    np.float64(1.5), np.float32(0.5), np.int64(3), np.array([True])[0], np.str_("x"), np.bytes_(b"q"), np.complex128(1 + 2j),
    np.datetime64("2020-01-02"), np.datetime64("2020-01-02T00:00:00.5", "ns"), np.timedelta64(3, "h"),
    np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3)), np.array([]), np.array(3.5),
    np.array(["a", "bcd"]), np.array(["2020-01-01"], dtype="M8[s]"), np.arange(3, dtype=">i4"), np.array([True, False]),
    {"a": np.float64(1), "b": [np.arange(2)] * 2},
]  # fmt: skip


def same(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and bool((one == other).all())
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:40])
def test_plain_values(value, protocol):
    assert same(safe_loads(pickle.dumps(value, protocol)), value)


def test_classes_of_metaflow():
    error = safe_loads(
        b"\x80\x04cmetaflow.exception\nMetaflowExceptionWrapper\nN\x85R}(\x8c\x04type\x8c\x0abuiltins.X\x8c\x09exception\x8c\x01mub."
    )
    assert isinstance(error, MetaflowExceptionWrapper)
    assert (error.type, error.exception) == ("builtins.X", "m")
    frames = safe_loads(b"\x80\x04](c__main__\nForeachFrame\n(\x8c\x01sNK\x02K\x01Nt\x81e.")
    assert frames == [ForeachFrame("s", None, 2, 1, None)]
    file = safe_loads(
        b"\x80\x04cmetaflow.includefile\nIncludedFile\n)\x81}\x8c\x0b_descriptor}\x8c\x04sizeK\x05sssb.".replace(
            b"sssb", b"ssb"
        )
    )
    assert isinstance(file, IncludedFile)
    assert file.descriptor == {"size": 5}


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle ran code",))


class Model:
    def __init__(self):
        self.weight = 1


@pytest.mark.parametrize(
    "value",
    [
        Bomb(),
        [Bomb()],
        {"a": (Bomb(),)},
        {Bomb(): 1},
        print,
        int,
        Model(),
        np.array([Bomb()], dtype=object),
        ValueError("x"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_other_classes_are_refused(value, protocol):
    with pytest.raises(UnloadableArtifact):
        safe_loads(pickle.dumps(value, protocol))


def test_refused_objects_are_described():
    found = describe_pickle(pickle.dumps([Model(), print], 4))
    assert isinstance(found[0], ReducedCall)
    assert found[0].of == GlobalRef(__name__, "Model")
    assert found[0].state == {"weight": 1}
    assert found[1] == GlobalRef("builtins", "print")
    with pytest.raises(UnloadableArtifact, match=r"an object of .*Model"):
        safe_loads(pickle.dumps(Model(), 4))


def deep(levels):
    value = ()
    for _ in range(levels):
        value = (value, value)
    return value


EXPONENTIAL = pickle.dumps(deep(64), 4)[:-1]
HOSTILE = {
    "a memo of 32 GB": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "a bytearray of 8 EB": b"\x80\x05\x96" + struct.pack("<Q", 2**62) + b"x.",
    "bytes of 8 EB": b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.",
    "a frame of 8 EB": b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.",
    "a bytearray by its length": b"\x80\x04cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
    "a set that takes forever to hash": b"\x80\x04\x8f(" + EXPONENTIAL[2:] + b"\x90.",
    "a frozenset that does": b"\x80\x04(" + EXPONENTIAL[2:] + b"\x91.",
    "a key that does": b"\x80\x04}" + EXPONENTIAL[2:] + b"Ns.",
    "a set of protocol 2 that does": b"\x80\x02c__builtin__\nset\n](" + EXPONENTIAL[2:] + b"e\x85R.",
    "a state for one of our classes": b"\x80\x04cmetaflow.exception\nMetaflowExceptionWrapper\n}\x8c\x04typeNsb.",
    "an array of pointers": pickle.dumps(np.arange(1), 4).replace(b"i8", b"O8"),
    "an array that is larger than its bytes": pickle.dumps(np.arange(3), 4).replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85"),
    "an exception of an endless text": b"\x80\x04cmetaflow.exception\nMetaflowExceptionWrapper\n" + EXPONENTIAL[2:] + b"\x85R.",
    "a persistent id": b"\x80\x04Pabc\n.",
    "an extension": b"\x80\x04\x82\x01.",
    "nothing": b"",
    "no end": b"\x80\x04N",
    "an empty stack": b"\x80\x04.",
    "marks alone": b"\x80\x04(((.",
    "very many opcodes": b"\x80\x04](" + b"N" * 400_000 + b"e.",
    "a number of a million digits": b"I" + b"9" * 1_000_000 + b"\n.",
}  # fmt: skip


def test_hostile_bytes_cost_neither_time_nor_memory():
    program = f"""
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
from mfwidgets.pickles.safe_loads import safe_loads, describe_pickle
from mfwidgets.pickles.metaflow_types import MetaflowExceptionWrapper
from mfwidgets.errors import UnloadableArtifact
before = dict(vars(MetaflowExceptionWrapper))
for name, content in {HOSTILE!r}.items():
    for read in (describe_pickle, safe_loads):
        try:
            found = read(content)
        except UnloadableArtifact as error:
            assert len(str(error)) < 300, name
        else:
            assert read is describe_pickle or name in ("a memo of 32 GB", "a frame of 8 EB"), (name, type(found))
assert vars(MetaflowExceptionWrapper) == before
"""
    subprocess.run([sys.executable, "-"], input=program, text=True, check=True, timeout=PATIENCE_S)


def test_broken_bytes_raise_one_error():
    chance = random.Random(7)
    contents = [pickle.dumps(value, protocol) for value in [*PLAIN, Model(), Bomb()] for protocol in (0, 2, 4)]
    for _ in range(6_000):
        content = bytearray(chance.choice(contents))
        for _ in range(chance.randint(1, 3)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        with contextlib.suppress(UnloadableArtifact):
            safe_loads(bytes(content))
