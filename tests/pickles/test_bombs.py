"""Pickles that would take much memory or time, or run code, are read within their budget."""

import gc
import pickle
import tracemalloc
from pathlib import Path

import pickle_bombs as bombs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.safe_loads import describe_pickle, safe_loads
from mfwidgets.queries.values.preview import preview_of
from mfwidgets.tables import to_json_value

MB = 2**20


def _preview(content):
    """Return the preview of a pickle, or None if it is refused. No other error may happen."""
    try:
        return preview_of(describe_pickle(content))
    except UnloadableArtifact:
        return None


@pytest.mark.parametrize(
    "make",
    [
        bombs.sets_of_one_list, bombs.arguments_copied, bombs.byte_arrays, bombs.encoded_texts, bombs.numpy_texts,
        bombs.states_of_exceptions, bombs.colliding_set, bombs.colliding_keys, bombs.large_key, bombs.small_calls,
        bombs.unfinished_arrays, bombs.frame_of_many_columns, bombs.frame_beyond_counting, bombs.frame_of_empty_codes,
        bombs.deep_list, bombs.deep_tuple, bombs.huge_integer, bombs.beyond_unicode,
        lambda: bombs.beyond_unicode(scalar=True), bombs.shared_lists, bombs.colliding_complex,
    ],
)  # fmt: skip
def test_bombs_stay_within_their_budget(make):
    content = make()
    gc.collect()
    tracemalloc.start()
    try:
        shown = _preview(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120 * MB + 80 * len(content)
    assert shown is None or len(repr(shown)) < 100_000


@pytest.mark.parametrize(
    "make",
    [bombs.by_reduce, bombs.by_inst, bombs.by_obj, bombs.by_newobj_ex, bombs.by_import, bombs.by_dotted_name],
)
def test_nothing_runs(make, tmp_path, monkeypatch):
    (tmp_path / "planted.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert not _preview(make()).has_value
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (10**5_000, "int of 5,001 digits"),
        ({"a": [1, (10**5_000,)]}, "int of 5,001 digits"),
        ({10**5_000: 1}, "int of 5,001 digits"),
    ],
    ids=["int", "inner", "key"],
)
def test_integers_that_python_cannot_write_are_named(value, what):
    with pytest.raises(UnloadableArtifact) as error:
        safe_loads(pickle.dumps(value))
    assert error.value.what == what


@pytest.mark.parametrize("levels", [98, 200])
def test_the_depth_has_a_limit(levels):
    value = []
    for _ in range(levels):
        value = [value]
    if levels < 100:
        assert safe_loads(pickle.dumps(value)) == value
    else:
        with pytest.raises(UnloadableArtifact, match="more than 100 levels"):
            safe_loads(pickle.dumps(value))


@pytest.mark.parametrize("levels", [1, 8])
def test_a_value_that_contains_itself_is_named(levels):
    """JSON of eight lists that each contain two others and themselves twice took minutes (found by fuzzing)."""
    outermost = inner = []
    for _ in range(levels - 1):
        deeper = []
        inner += [deeper, deeper, inner, outermost]
        inner = deeper
    inner.append(outermost)
    with pytest.raises(UnloadableArtifact, match="The value contains itself"):
        safe_loads(pickle.dumps(outermost))


def test_a_value_may_share_parts():
    shared = [1]
    assert safe_loads(pickle.dumps([shared, shared, {"a": shared}])) == [shared, shared, {"a": shared}]


PIECES = st.one_of(
    st.sampled_from(
        [b"(", b"}", b"]", b")", b"N", b"K\x01", b"2", b"0", b"q\x00", b"h\x00", b"\x94", b"R", b"b", b"\x81", b"\x92", b"t", b"e", b"u",
         b"s", b"a", b"\x85", b"\x86", b"\x87", b"\x8f", b"\x90", b"\x91", b"\x88", b"C\x04abcd", b"\x8a\x09" + b"\xff" * 9, b"1", b"l", b"d",
         b"\x8c\x02i8", b"\x8c\x02U1", bombs.integer(10**15)]
    ),
    st.sampled_from(
        [("builtins", "set"), ("builtins", "slice"), ("builtins", "range"), ("builtins", "bytearray"), ("datetime", "date"), ("datetime", "timedelta"),
         ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar"), ("collections", "OrderedDict"),
         ("pandas.core.frame", "DataFrame"), ("pandas.core.internals.managers", "BlockManager"), ("pandas.core.indexes.base", "_new_Index"),
         ("metaflow.exception", "MetaflowExceptionWrapper"), ("__main__", "ForeachFrame"), ("metaflow.includefile", "IncludedFile")]
    ).map(lambda name: bombs.glob(*name)),
    st.binary(max_size=4),
)  # fmt: skip
"""Opcodes, the names that have constructors, and noise."""


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=60))
def test_any_opcodes_give_a_preview_or_are_refused(pieces):
    shown = _preview(b"\x80\x04" + b"".join(pieces) + b".")
    if shown is not None and shown.has_value:
        to_json_value(shown.value)
        repr(shown)
