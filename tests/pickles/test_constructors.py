"""The constructors of plain values. State that their classes would not write is refused before construction."""

import datetime as dt
import struct
from collections import OrderedDict

import numpy as np
import pytest

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.budget import MAX_OPCODES
from mfwidgets.pickles.constructors import CONSTRUCTORS
from mfwidgets.pickles.described import GlobalRef, PartialObject, ReducedCall
from mfwidgets.pickles.metaflow_types import ForeachFrame, MetaflowExceptionWrapper
from mfwidgets.pickles.safe_loads import describe_pickle, safe_loads

LATIN = "a\xe4"


def make(name, *args):
    return CONSTRUCTORS[tuple(name.rsplit(".", 1))](*args)


@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("_codecs.encode", (LATIN, "latin1"), b"a\xe4"),
        ("builtins.bytes", (), b""),
        ("__builtin__.bytearray", (), bytearray()),
        ("builtins.bytearray", (b"ab",), bytearray(b"ab")),
        ("builtins.bytearray", (LATIN, "latin-1"), bytearray(b"a\xe4")),
        ("builtins.complex", (1.0, 2.0), 1 + 2j),
        ("builtins.set", ([1, "a", 1.5, b"b", None, True],), {1, "a", 1.5, b"b", None}),
        ("__builtin__.frozenset", ((1, 2),), frozenset({1, 2})),
        ("builtins.frozenset", (), frozenset()),
        ("builtins.range", (1, 9, 2), range(1, 9, 2)),
        ("__builtin__.xrange", (3,), range(3)),
        ("builtins.slice", (None, 5, None), slice(None, 5, None)),
        ("collections.OrderedDict", (), OrderedDict()),
        ("datetime.timedelta", (1, 2, 3), dt.timedelta(1, 2, 3)),
        ("datetime.timezone", (dt.timedelta(hours=2),), dt.timezone(dt.timedelta(hours=2))),
        ("datetime.date", (b"\x07\xe4\x01\x02",), dt.date(2020, 1, 2)),
        ("datetime.date", ("\x07\xe4\x01\x02",), dt.date(2020, 1, 2)),
    ],
)
def test_values_that_are_constructed(name, args, value):
    made = make(name, *args)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("_codecs.encode", (LATIN, "utf-16")),
        ("_codecs.encode", (LATIN,)),
        ("_codecs.encode", (b"ab", "latin1")),
        ("builtins.bytes", (2**31,)),
        ("builtins.bytearray", (2**31,)),
        ("builtins.bytearray", ([1, 2],)),
        ("builtins.bytearray", (LATIN, "utf-16")),
        ("builtins.bytearray", (LATIN, "latin-1", "strict")),
        ("builtins.complex", ("1",)),
        ("builtins.complex", (1.0, 2)),
        ("builtins.set", ([(1, 2)],)),
        ("builtins.set", ("abc",)),
        ("builtins.set", ({1: 2},)),
        ("builtins.frozenset", ([1, [2]],)),
        ("builtins.range", (1.0,)),
        ("builtins.range", (1, None)),
        ("builtins.slice", ("a",)),
        ("builtins.slice", (1, 2.0)),
        ("builtins.slice", (2**63,)),
        ("builtins.range", (0, 2**63, 1)),
        ("datetime.timezone", (dt.timedelta(hours=2), "x" * 101)),
        ("collections.OrderedDict", ([(1, 2)],)),
        ("datetime.datetime", (2020, 1, [2])),
        ("datetime.timezone", (None,)),
        ("metaflow.exception.MetaflowExceptionWrapper", ("x",)),
        ("numpy.dtype", (5,)),
        ("numpy.dtype", ("",)),
        ("numpy.dtype", ("i4,O",)),
        ("numpy._core.multiarray.scalar", ("f8", b"\0" * 8)),
        ("numpy._core.multiarray.scalar", (np.dtype("f8"), b"\0" * 7)),
        ("numpy._core.multiarray.scalar", (np.dtype("f8"), "\0" * 8)),
        ("numpy._core.multiarray.scalar", (np.dtype("S0"), b"")),
    ],
)
def test_calls_that_are_refused(name, args):
    assert make(name, *args) is NotImplemented


def dtype(text, *state):
    return make("numpy.dtype", text, 0, 1).finish(state)


def test_types_of_numpy():
    assert dtype("f8", 3, "<", None, None, None, -1, -1, 0) == np.dtype("<f8")
    assert dtype("i4", 3, ">", None, None, None, -1, -1, 0) == np.dtype(">i4")
    assert dtype("b1", 3, "|", None, None, None, -1, -1, 0) == np.dtype(bool)
    assert dtype("U5", 3, "<", None, None, None, 20, 4, 8) == np.dtype("<U5")
    assert dtype("S5", 3, "|", None, None, None, 5, 1, 0) == np.dtype("S5")
    for unit in ("ns", b"ns"):
        times = dtype("M8", 4, "<", None, None, None, -1, -1, 0, ((), (unit, 10, 1, 1)))
        assert times == np.dtype("<M8[10ns]")
    assert dtype("M8", 4, "<", None, None, None, -1, -1, 0, ((), ("generic", 1, 1, 1))) == np.dtype("<M8")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("f8", (3, "?", None, None, None, -1, -1, 0)),
        ("f8", (3, "<", ("f8", (2,)), None, None, -1, -1, 0)),
        ("f8", (3, "<", None, ("a",), None, -1, -1, 0)),
        ("V8", (3, "|", None, (), {}, 0, 1, 16)),
        ("V8", (3, "|", None, ("a",), {"a": (np.dtype("f8"), -8)}, 8, 1, 16)),
        ("V8", (3, "|", None, ("a",), {"a": (np.dtype(object), 0)}, 8, 1, 16)),
        ("V8", (3, "|", None, ("a",), {"a": (np.dtype([("b", "i8")]), 0)}, 8, 1, 16)),
        ("V8", (3, "|", None, ("a",), {"a": (np.dtype("i8"), 0)}, 10**7, 1, 16)),
        (
            "V8",
            (
                3,
                "|",
                None,
                tuple(map(str, range(101))),
                dict.fromkeys(map(str, range(101)), (np.dtype("i1"), 0)),
                8,
                1,
                16,
            ),
        ),
        ("M8", (4, "<", None, None, None, -1, -1, 0, ((), ("decades", 1, 1, 1)))),
        ("M8", (4, "<", None, None, None, -1, -1, 0, ((), ("s", "1]", 1, 1)))),
        ("M8", (4, "<", None, None, None, -1, -1, 0, ((), ("s", 0, 1, 1)))),
        ("M8", (4, "<", None, None, None, -1, -1, 0, ((), ("s", 2**31, 1, 1)))),
    ],
)
def test_types_of_numpy_that_are_refused(text, state):
    with pytest.raises((ValueError, TypeError), match=r"a structured dtype|an unknown unit|is not a (int|tuple)"):
        dtype(text, *state)


def array(shape, kind, content, *, by_column=False):
    made = make("numpy._core.multiarray._reconstruct", None, (0,), b"b")
    return made.finish((1, shape, kind, by_column, content))


def test_arrays_keep_their_memory_order():
    content = struct.pack("<6i", *range(6))
    kind = np.dtype("<i4")
    assert array((2, 3), kind, content).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert array((2, 3), kind, content, by_column=True).tolist() == [[0, 2, 4], [1, 3, 5]]
    empty = array((0, 3), kind, b"")
    assert (empty.shape, empty.dtype) == ((0, 3), kind)
    assert make("numpy.core.multiarray.scalar", kind, content[4:8]) == 1
    for state in (((6,), "i4", content), ((1,), kind, [5])):
        with pytest.raises(TypeError, match="is not a"):
            array(*state)
    for shape in ((1,) * 65, (-1,), (2**31,), (10**5_000,) * 64):
        with pytest.raises(ValueError, match="an unknown shape"):
            array(shape, kind, content)


def test_objects_of_metaflow():
    assert make("__main__.ForeachFrame", "s", None, 2, 1, None) == ForeachFrame("s", None, 2, 1, None)
    whole = make("metaflow.exception.MetaflowExceptionWrapper", None)
    assert isinstance(whole, PartialObject)
    made = whole.finish({"type": "X"})
    assert isinstance(made, MetaflowExceptionWrapper)
    assert made.type == "X"
    for state in (None, [], {1: 2}):
        with pytest.raises(TypeError, match="state"):
            make("metaflow.exception.MetaflowExceptionWrapper").finish(state)


def called(content):
    """Describe the only call of a pickle."""
    found = describe_pickle(content)
    assert isinstance(found, ReducedCall)
    return found


def test_each_way_to_call_is_described():
    callee = GlobalRef("m", "f")
    by_reduce = called(b"\x80\x04cm\nf\nK\x01\x85R.")
    assert (by_reduce.of, by_reduce.args, by_reduce.state, by_reduce.items) == (callee, (1,), None, [])
    by_inst = called(b"(K\x01K\x02im\nf\n.")
    assert (by_inst.of, by_inst.args) == (callee, (1, 2))
    by_obj = called(b"(cm\nf\nK\x01K\x02o.")
    assert (by_obj.of, by_obj.args) == (callee, (1, 2))
    by_name = called(b"\x80\x04\x8c\x01m\x8c\x01f\x93K\x01\x85}\x92.")
    assert (by_name.of, by_name.args) == (callee, (1,))
    with_names = called(b"\x80\x04\x8c\x01m\x8c\x01f\x93K\x01\x85}\x8c\x01aK\x05s\x92.")
    assert (with_names.args, with_names.named) == ((1,), {"a": 5})
    assert str(callee) == "m.f"


def test_the_state_of_an_object_is_described():
    made = b"\x80\x04cm\nf\n)R"
    assert called(made + b"(K\x01K\x02e.").items == [1, 2]
    assert called(made + b"K\x01a.").items == [1]
    assert called(made + b"K\x01K\x02s.").items == [(1, 2)]
    assert called(made + b"(K\x01K\x02K\x03K\x04u.").items == [(1, 2), (3, 4)]
    assert called(made + b"(K\x01K\x02\x90.").items == [1, 2]
    assert called(made + b"}b.").state == {}


def test_an_incomplete_object_is_foreign():
    with pytest.raises(UnloadableArtifact, match="an incomplete object"):
        safe_loads(b"\x80\x04cmetaflow.exception\nMetaflowExceptionWrapper\nN\x85R.")


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x04K\x01K\x02a.",  # a number is not a list
        b"\x80\x04]K\x01K\x02s.",  # a list is not a dict
        b"\x80\x04](K\x01\x90.",  # a list is not a set
        b"\x80\x04K\x01}b.",  # a number has no state
        b"\x80\x04(K\x01\x86.",  # a mark is not a value
        b"\x80\x04}(K\x01u.",  # a key without a value
        b"\x80\x04h\x05.",  # nothing was remembered
    ],
)
def test_invalid_pickles(content):
    with pytest.raises(UnloadableArtifact, match="Expected a valid pickle"):
        describe_pickle(content)


def test_the_number_of_opcodes_has_a_limit():
    assert len(describe_pickle(b"](" + b"N" * (MAX_OPCODES - 4) + b"e.")) == MAX_OPCODES - 4
    with pytest.raises(UnloadableArtifact, match="300,000 opcodes"):
        describe_pickle(b"](" + b"N" * (MAX_OPCODES - 3) + b"e.")


def test_keys_have_a_size_limit():
    def with_key(parts):
        return b"\x80\x04}(" + b"K\x01" * parts + b"tNs."

    assert len(next(iter(safe_loads(with_key(999))))) == 999
    with pytest.raises(UnloadableArtifact, match="too many parts"):
        safe_loads(with_key(1_000))


def test_memoized_objects_are_completed():
    wrapper = b"cmetaflow.exception\nMetaflowExceptionWrapper\nN\x85R\x94"
    found = safe_loads(b"\x80\x04(" + wrapper + b"}\x8c\x04type\x8c\x01Xsbh\x00t.")
    assert found[0] is found[1]
    assert found[0].type == "X"
