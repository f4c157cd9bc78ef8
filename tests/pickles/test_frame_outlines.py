"""The size and the names of a frame, read without numpy: the same as those that are read with it."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from record_pickles import recorded

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.described import foreign_parts
from mfwidgets.pickles.previews.frame_outlines import frame_outline
from mfwidgets.pickles.safe_loads import _name_of, describe_pickle, safe_loads
from mfwidgets.queries.values import reading
from mfwidgets.queries.values.preview import _line_of_pickle, preview_of_pickle
from mfwidgets.queries.values.reading import _not_plain

RECORDED = recorded()

USUAL = {"numbers", "strings", "categories", "times", "zoned", "nullable", "arrow_typed"}
"""The frames whose names are strings and whose rows are numbered."""


@pytest.mark.parametrize("key", RECORDED, ids="-".join)
def test_lines_are_the_same_with_and_without_numpy(key):
    content = RECORDED[key]
    line, whole = _line_of_pickle(content), preview_of_pickle(content)
    assert line.holds == whole.holds
    outline = frame_outline(content)
    assert outline is None or (outline.shape, outline.columns) == (whole.head.shape, whole.head.columns)


@pytest.mark.parametrize("environment", ["pandas-2.2", "pandas-2.2-arrow", "pandas-3-arrow"])
def test_usual_frames_are_read_without_numpy(environment):
    found = {name for (made_in, name), content in RECORDED.items() if made_in == environment and frame_outline(content)}
    if environment == "pandas-3-arrow":  # its names are in an array of Arrow, which takes numpy
        assert found <= USUAL
    else:
        assert USUAL - {"arrow_typed"} <= found


def test_numpy_is_not_imported():
    code = (
        "import sys; from mfwidgets.queries.values.preview import _line_of_pickle\n"
        "print(_line_of_pickle(bytes.fromhex(sys.argv[1])).holds, 'numpy' in sys.modules)"
    )
    command = [sys.executable, "-c", code, RECORDED["pandas-2.2", "numbers"].hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "3 rows, 2 columns: height, width False\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"DataFrame",
        pickle.dumps("DataFrame"),
        pickle.dumps(["pandas", "DataFrame"], 4),
        RECORDED["pandas-2.2", "numbers"][:-20],
        RECORDED["pandas-2.2", "numbers"].replace(b"height", b"\xff\xfe\xfd\xfc\xfb\xfa"),
    ],
)
def test_other_and_broken_pickles_have_no_outline(content):
    assert frame_outline(content) is None


@pytest.mark.parametrize("place", range(0, len(RECORDED["pandas-2.2", "strings"]), 7))
def test_a_damaged_frame_never_fails(place):
    content = bytearray(RECORDED["pandas-2.2", "strings"])
    content[place] ^= 0x15
    assert isinstance(_line_of_pickle(bytes(content)).holds, str)


@pytest.mark.parametrize("key", RECORDED, ids="-".join)
def test_that_a_frame_is_no_plain_value_is_said_with_the_same_words(key):
    with_numpy = next(foreign_parts(describe_pickle(RECORDED[key])), None)
    if with_numpy is None:
        assert safe_loads(RECORDED[key]) is not None
    else:
        with pytest.raises(UnloadableArtifact) as raised:
            safe_loads(RECORDED[key])
        assert raised.value.args[0].removesuffix(".").endswith(_name_of(with_numpy))


def test_a_frame_is_refused_without_numpy():
    code = (
        "import sys; from mfwidgets.pickles.safe_loads import safe_loads\n"
        "try: safe_loads(bytes.fromhex(sys.argv[1]))\n"
        "except Exception as error: print(error, 'numpy' in sys.modules)"
    )
    command = [sys.executable, "-c", code, RECORDED["pandas-2.2", "numbers"].hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (
        done.stdout == "Expected only plain values in the pickle, got an object of pandas.core.frame.DataFrame. False\n"
    )


@pytest.mark.parametrize("value", ["DataFrame", ["DataFrame", 1], np.array(["DataFrame"]), {"DataFrame": np.arange(3)}])
def test_plain_values_that_contain_the_word_are_read(value):
    assert repr(safe_loads(pickle.dumps(value, 4))) == repr(value)


@pytest.mark.parametrize("key", RECORDED, ids="-".join)
def test_why_a_value_is_not_read_is_the_same_without_numpy(key, monkeypatch):
    words = _not_plain(RECORDED[key], "an object")
    monkeypatch.setattr(reading, "outline_of_frame", lambda _: None)
    assert _not_plain(RECORDED[key], "an object") == words
