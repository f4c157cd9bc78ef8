"""Pickles that would take much memory or time, or run code, are read within their budget."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pickle_bombs as bombs
import pickle_frame_bombs as frames
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from waiting import PATIENCE_S

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.safe_loads import describe_pickle, safe_loads
from mfwidgets.queries.values.preview import preview_of
from mfwidgets.tables import to_json_value


def _preview(content):
    """Return the preview of a pickle, or None if it is refused. No other error may happen."""
    try:
        return preview_of(describe_pickle(content))
    except UnloadableArtifact:
        return None


BOMBS = [
    bombs.sets_of_one_list, bombs.arguments_copied, bombs.byte_arrays, bombs.encoded_texts, bombs.numpy_texts,
    bombs.states_of_exceptions, bombs.colliding_set, bombs.colliding_keys, bombs.large_key, bombs.small_calls,
    bombs.unfinished_arrays, bombs.deep_list, bombs.deep_tuple, bombs.huge_integer, bombs.beyond_unicode,
    bombs.beyond_unicode_scalar, bombs.shared_lists, bombs.colliding_complex, bombs.long_names, bombs.empty_sets,
    bombs.arguments_of_a_range, bombs.shape_of_large_numbers, bombs.ranges_of_large_numbers, bombs.states_in_lists,
    bombs.shared_text, bombs.shared_arrays, bombs.lists_in_each_other, bombs.list_in_itself, bombs.long_range,
    bombs.file_of_many_bytes, bombs.exception_of_numbers, bombs.incomplete_objects, bombs.long_time_zone,
    frames.frame_of_many_columns, frames.frame_beyond_counting, frames.frame_of_empty_codes,
    frames.frame_of_a_range_of_places, frames.frame_of_shared_places, frames.frame_of_shared_codes,
    frames.frame_of_nested_levels, frames.frame_of_nested_masks, frames.frame_of_many_categories,
    frames.frame_of_a_deep_name, frames.frame_of_a_long_number, frames.frame_of_a_shared_name, frames.frame_of_a_call,
]  # fmt: skip

MAX_GROWN_MB, MAX_CPU_S = 150, 8

MEASURED = """
import json, resource, sys, time
import numpy, pandas, pickle_bombs, pickle_frame_bombs
from mfwidgets.pickles.safe_loads import safe_loads
from mfwidgets.errors import UnloadableArtifact
from mfwidgets.queries.values.preview import preview_of_pickle
from mfwidgets.tables import to_json_value
from mfwidgets.views.artifacts import preview_line
from mfwidgets.views.previews import preview_parts
from mfwidgets.views.cells import Limits

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def look(content):
    shown = preview_of_pickle(content)
    preview_parts(shown, Limits())
    preview_line(shown, Limits())
    if shown.has_value:
        json.dumps(to_json_value(shown.value))
        repr(shown.value)
    try:
        safe_loads(content)
    except UnloadableArtifact:
        pass

for name in sys.argv[1:]:
    content = getattr(pickle_bombs, name, None) or getattr(pickle_frame_bombs, name)
    content = content()
    before, began = peak_mb(), time.process_time()
    look(content)
    print(json.dumps([name, peak_mb() - before, time.process_time() - began]), flush=True)
"""
"""Prints for each bomb what looking at it costs: megabytes above the peak before, and seconds of CPU."""


@pytest.fixture(scope="module")
def costs():
    """The costs of looking at each bomb, by name. All are measured in one process, whose peak only grows."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(bombs.__file__).parent), *sys.path])}
    names = [make.__name__ for make in BOMBS]
    measured = subprocess.run(
        [sys.executable, "-c", MEASURED, *names],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env=environment,
        check=False,
    )
    assert not measured.returncode, measured.stderr
    return {name: (grown, seconds) for name, grown, seconds in map(json.loads, measured.stdout.splitlines())}


@pytest.mark.parametrize("name", [make.__name__ for make in BOMBS])
def test_bombs_stay_within_their_budget(name, costs):
    grown_mb, cpu_s = costs[name]
    assert grown_mb < MAX_GROWN_MB
    assert cpu_s < MAX_CPU_S


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


def test_shared_parts_count_each_time():
    with pytest.raises(UnloadableArtifact, match="too many shared characters"):
        safe_loads(bombs.shared_text())
    with pytest.raises(UnloadableArtifact, match="too many shared parts"):
        safe_loads(bombs.shared_arrays())
    settings_of_many = [dict.fromkeys(map(str, range(50)), 1)] * 1_000
    assert safe_loads(pickle.dumps(settings_of_many)) == settings_of_many


def test_only_the_head_of_a_frame_is_read():
    head = preview_of(describe_pickle(frames.frame_of_many_categories())).head
    assert head.shape == (5, 1)
    assert [value for (value,) in head.rows] == [0, 10**14, None, 3, 10**15 - 1]
    assert preview_of(describe_pickle(frames.frame_of_a_range_of_places())).head.rows == ()


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
