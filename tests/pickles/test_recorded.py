"""Pickles that real versions of pandas, pyarrow, polars and other libraries wrote: shown without importing these."""

import base64
import subprocess
import sys
import zlib

import pytest
from record_pickles import FOLDER, recorded
from waiting import PATIENCE_S

from mfwidgets.queries.values.preview import preview_of_pickle

RECORDED = recorded()

HEADS = {
    "numbers": (("height", "width"), [0, 1, 2], [(1, 4.5), (2, 5.5), (3, 6.5)]),
    "strings": (("city", "people"), [0, 1, 2], [("Graz", 300), (None, 200), ("Wels", 60)]),
    "series": (("colour",), [0, 1, 2], [("red",), ("green",), (None,)]),
    "indexed": (("n",), ["first", "second"], [(10,), (20,)]),
    "levels": (("n",), [("a", 1), ("b", 2)], [(1,), (2,)]),
    "categories": (("c",), [0, 1, 2], [("a",), (None,), ("a",)]),
    "times": (("at", "took"), [0, 1], [("2025-01-01 00:00:00", "0 days 01:00:00"), ("NaT", "NaT")]),
    "zoned": (("at",), [0], [("2025-06-30 22:00:00+00:00",)]),
    "nullable": (("n", "s"), [0, 1], [(1, "a"), (None, None)]),
    "index": (("letter",), [0, 1], [("a",), ("b",)]),
    "arrow_typed": (("a",), [0, 1], [(1,), (None,)]),
    "table": (("a", "b", "c"), [0, 1, 2], [(1, "x", True), (2, "y", None), (None, "z", False)]),
    "batch": (("a",), [0, 1], [(1,), (2,)]),
    "chunks": (("value",), [0, 1, 2], [("a",), ("b",), ("c",)]),
    "sliced": (("value",), [0, 1], [(None,), ("c",)]),
    "types": (
        ("half", "unsigned", "day", "at", "took", "label", "view", "nothing", "raw", "list", "after"),
        [0, 1],
        [
            (1.5, 255, "2025-01-02", "2025-01-02 03:04:00+00:00", "0 days 01:00:00", "u", "short", None, b"\xff", "…", 1),
            (None, None, None, None, None, None, "longer than twelve bytes", None, None, "…", 2),
        ],
    ),
    "polars_frame": (
        ("a", "b", "c", "day", "at", "took", "list", "after"),
        [0, 1],
        [
            (1, "x", True, "2025-01-02", "2025-01-02 03:04:00+00:00", "0 days 01:00:00", "…", 1),
            (None, "longer than twelve bytes", None, None, None, None, "…", 2),
        ],
    ),
    "polars_chunks": (("a",), [0, 1, 2], [(1,), (2,), (3,)]),
    "polars_series": (("s",), [0, 1], [(1.5,), (2.5,)]),
}  # fmt: skip

TEXTS = {
    "not_a_time": "NaT",
    "polars_lazy": "LazyFrame()",
    "sparse": "csr_matrix(shape=(3, 3), dtype=float64, stored_values=3)",
    "sparse_array": "coo_array(shape=(3, 3), dtype=float64, stored_values=3)",
    "tensor": "Tensor(shape=(2, 3), dtype=float32, device='cpu')",
    "tensor_bfloat16": "Tensor(shape=(2,), dtype=bfloat16, device='cpu')",
    "tensor_uint16": "Tensor(shape=(2,), dtype=uint16, device='cpu')",
    "tensor_meta": "Tensor(shape=(2, 3), dtype=float32, device='meta')",
    "parameter": "Parameter(shape=(3,), dtype=float32, device='cpu')",
    "picture_rgb": "image, 4 x 3 pixels, RGB",
    "picture_rgba": "image, 2 x 2 pixels, RGBA",
    "picture_grey": "image, 4 x 3 pixels, L",
    "picture_bits": "image, 9 x 2 pixels, 1",
    "picture_palette": "image, 4 x 3 pixels, P",
    "picture_floats": "image, 2 x 2 pixels, F",
}

BEGINNINGS = {
    "model": "LogisticRegression(penalty=",
    "pipeline": "Pipeline(steps=[('standardscaler', StandardScaler(",
    "layer": "Linear(training=True, in_features=2, out_features=1, weight=Parameter(shape=(1, 2)",
    "weights": "OrderedDict({'weight': Tensor(shape=(1, 2), dtype=float32, device='cpu')",
    "plotly_figure": "Figure(",
    "matplotlib_figure": "Figure(",
}

VALUES = {"timestamp": "2025-03-30 01:30:00+00:00", "timedelta": "1:30:00"}


def of(table):
    return [pytest.param(RECORDED[key], table[key[1]], id="-".join(key)) for key in RECORDED if key[1] in table]


def test_every_recorded_pickle_is_expected():
    assert {name for _, name in RECORDED} == {*HEADS, *TEXTS, *BEGINNINGS, *VALUES}


@pytest.mark.parametrize(("content", "expected"), of(HEADS))
def test_tables(content, expected):
    columns, index, rows = expected
    found = preview_of_pickle(content)
    assert found.head.shape == (len(index), len(columns))
    assert (found.head.columns, list(found.head.index), list(found.head.rows)) == (columns, index, rows)


@pytest.mark.parametrize(("content", "text"), of(TEXTS))
def test_objects(content, text):
    assert preview_of_pickle(content).line == text


@pytest.mark.parametrize(("content", "beginning"), of(BEGINNINGS))
def test_classes_and_fields(content, beginning):
    assert preview_of_pickle(content).line.startswith(beginning)


@pytest.mark.parametrize(("content", "text"), of(VALUES))
def test_plain_values(content, text):
    assert str(preview_of_pickle(content).value) == text


def test_the_parameters_of_a_model_are_a_table():
    fields = preview_of_pickle(RECORDED["pandas-3-arrow", "model"]).fields
    assert (fields["C"], fields["fit_intercept"], str(fields["classes_"])) == (0.5, True, "array([0, 1])")


PIXELS = {
    "picture_rgb": b"\0" + b"\xff\0\0" * 4,
    "picture_rgba": b"\0" + b"\0\xff\0\x80" * 2,
    "picture_grey": b"\0" + b"\x80" * 4,
    "picture_bits": b"\0" + b"\xff" * 9,
}


@pytest.mark.parametrize(("content", "first_row"), of(PIXELS))
def test_pictures_are_complete_files(content, first_row):
    kind, _, encoded = preview_of_pickle(content).pictures[0].uri.partition(",")
    assert kind == "data:image/png;base64"
    png = base64.b64decode(encoded)
    place = png.index(b"IDAT")
    rows = zlib.decompress(png[place + 4 : place + 4 + int.from_bytes(png[place - 4 : place])])
    assert rows.startswith(first_row)


def test_an_unknown_mode_has_no_picture():
    assert preview_of_pickle(RECORDED["pandas-3-arrow", "picture_floats"]).pictures == ()


LOOK = """
import json, sys, base64
from mfwidgets.queries.values.preview import preview_of_pickle
for file in sys.argv[1:]:
    for content in json.load(open(file))["pickles"].values():
        preview_of_pickle(base64.b64decode(content))
print([name for name in ("pandas", "pyarrow", "polars", "PIL", "sklearn", "scipy", "torch", "plotly") if name in sys.modules])
"""


def test_no_library_is_imported():
    looked = subprocess.run(
        [sys.executable, "-c", LOOK, *map(str, FOLDER.glob("*.json"))],
        capture_output=True, text=True, check=True, timeout=PATIENCE_S, env={"PYTHONPATH": ":".join(sys.path)},
    )  # fmt: skip
    assert looked.stdout.strip() == "[]"
