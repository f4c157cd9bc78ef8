"""Records pickles that real libraries write, for tests that run without them: ``python tests/record_pickles.py NAME``.

Run it in an environment with the libraries. It writes ``tests/data/pickles/NAME.json``: the versions, and each pickle in
base64. The recorded environments:

- ``pandas-2.2``: pandas 2.2 without pyarrow
- ``pandas-2.2-arrow``: pandas 2.2 with pyarrow
- ``pandas-3-arrow``: pandas 3 with pyarrow, polars, pillow, scikit-learn, plotly and matplotlib
- ``torch``: torch alone
"""

import base64
import datetime as dt
import json
import pickle
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("pandas", "numpy", "pyarrow", "polars", "pillow", "scikit-learn", "scipy", "plotly", "matplotlib", "torch")


def of_pandas() -> Iterator[tuple[str, Any]]:
    import pandas as pd

    yield "numbers", pd.DataFrame({"height": [1, 2, 3], "width": [4.5, 5.5, 6.5]})
    yield "strings", pd.DataFrame({"city": ["Graz", None, "Wels"], "people": [300, 200, 60]})
    yield "series", pd.Series(["red", "green", None], name="colour")
    yield "indexed", pd.DataFrame({"n": [10, 20]}, index=["first", "second"])
    yield "levels", pd.DataFrame({"n": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]))
    yield "categories", pd.DataFrame({"c": pd.Categorical(["a", None, "a"])})
    yield (
        "times",
        pd.DataFrame({"at": pd.to_datetime(["2025-01-01", None]), "took": pd.to_timedelta([1, None], unit="h")}),
    )
    yield "zoned", pd.DataFrame({"at": pd.to_datetime(["2025-07-01"]).tz_localize("Europe/Paris")})
    yield (
        "nullable",
        pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "s": pd.array(["a", None], dtype="string")}),
    )
    yield "index", pd.Index(["a", "b"], name="letter")
    yield "timestamp", pd.Timestamp("2025-03-30 01:30", tz="UTC")
    yield "timedelta", pd.Timedelta(minutes=90)
    yield "not_a_time", pd.NaT
    if find_spec("pyarrow"):
        yield "arrow_typed", pd.DataFrame({"a": pd.array([1, None], dtype="int64[pyarrow]")})


def of_pyarrow() -> Iterator[tuple[str, Any]]:
    import pyarrow as pa

    yield "table", pa.table({"a": [1, 2, None], "b": ["x", "y", "z"], "c": [True, None, False]})
    yield "batch", pa.record_batch({"a": [1, 2]})
    yield "chunks", pa.chunked_array([["a", "b"], ["c"]])
    yield "sliced", pa.array(["a", None, "c", "d"]).slice(1, 2)
    moment = dt.datetime(2025, 1, 2, 3, 4, tzinfo=dt.UTC)
    columns = {
        "half": pa.array([1.5, None], pa.float32()),
        "unsigned": pa.array([255, None], pa.uint8()),
        "day": pa.array([moment.date(), None], pa.date32()),
        "at": pa.array([moment, None], pa.timestamp("us", "UTC")),
        "took": pa.array([dt.timedelta(hours=1), None], pa.duration("s")),
        "label": pa.array(["u", None]).dictionary_encode(),
        "view": pa.array(["short", "longer than twelve bytes"], pa.string_view()),
        "nothing": pa.nulls(2),
        "raw": pa.array([b"\xff", None], pa.large_binary()),
        "list": pa.array([[1], None]),
        "after": pa.array([1, 2]),
    }
    yield "types", pa.table(columns)


def of_polars() -> Iterator[tuple[str, Any]]:
    import polars as pl

    moment = dt.datetime(2025, 1, 2, 3, 4, tzinfo=dt.UTC)
    columns = {
        "a": [1, None],
        "b": ["x", "longer than twelve bytes"],
        "c": [True, None],
        "day": [moment.date(), None],
        "at": [moment, None],
        "took": [dt.timedelta(hours=1), None],
        "list": [[{"x": "longer than twelve bytes"}], None],
        "after": [1, 2],
    }
    yield "polars_frame", pl.DataFrame(columns)
    yield "polars_chunks", pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2, 3]})], rechunk=False)
    yield "polars_series", pl.Series("s", [1.5, 2.5])
    yield "polars_lazy", pl.DataFrame({"a": [1]}).lazy()


def of_pictures() -> Iterator[tuple[str, Any]]:
    from PIL import Image

    yield "picture_rgb", Image.new("RGB", (4, 3), (255, 0, 0))
    yield "picture_rgba", Image.new("RGBA", (2, 2), (0, 255, 0, 128))
    yield "picture_grey", Image.new("L", (4, 3), 128)
    yield "picture_bits", Image.new("1", (9, 2), 1)
    yield "picture_palette", Image.new("RGB", (4, 3), (0, 0, 255)).convert("P")
    yield "picture_floats", Image.new("F", (2, 2), 0.5)


def of_science() -> Iterator[tuple[str, Any]]:
    import numpy as np
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    yield "model", LogisticRegression(C=0.5).fit(np.array([[0.0], [1.0]]), [0, 1])
    yield "pipeline", make_pipeline(StandardScaler(), LogisticRegression())
    yield "sparse", sparse.csr_matrix(np.eye(3))
    yield "sparse_array", sparse.coo_array(np.eye(3))


def of_figures() -> Iterator[tuple[str, Any]]:
    import plotly.graph_objects as go
    from matplotlib.figure import Figure

    yield "plotly_figure", go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
    yield "matplotlib_figure", Figure()


def of_torch() -> Iterator[tuple[str, Any]]:
    import torch

    yield "tensor", torch.arange(6.0).reshape(2, 3)
    yield "tensor_bfloat16", torch.zeros(2, dtype=torch.bfloat16)
    yield "tensor_uint16", torch.zeros(2, dtype=torch.uint16)
    yield "tensor_meta", torch.zeros(2, 3, device="meta")
    yield "parameter", torch.nn.Parameter(torch.zeros(3))
    yield "layer", torch.nn.Linear(2, 1)
    yield "weights", torch.nn.Linear(2, 1).state_dict()


RECORDERS = {"pandas": of_pandas, "pyarrow": of_pyarrow, "polars": of_polars, "PIL": of_pictures, "sklearn": of_science, "plotly": of_figures, "torch": of_torch}  # fmt: skip
"""The functions that make values, by the package that they need."""


FOLDER = Path(__file__).parent / "data" / "pickles"


def recorded() -> dict[tuple[str, str], bytes]:
    """Return the recorded pickles by environment and name, and those of the libraries that are installed here.

    ``make test-arrow`` installs more of them.
    """
    found = {
        (file.stem, name): base64.b64decode(content)
        for file in sorted(FOLDER.glob("*.json"))
        for name, content in json.loads(file.read_text())["pickles"].items()
    }
    made = (value for package, make in RECORDERS.items() if find_spec(package) for value in make())
    return found | {("here", name): pickle.dumps(value, 4) for name, value in made}


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main(name: str) -> None:
    values = {
        label: base64.b64encode(pickle.dumps(value, 4)).decode()
        for package, make in RECORDERS.items()
        if find_spec(package)
        for label, value in make()
    }
    file = FOLDER / f"{name}.json"
    file.write_text(json.dumps({"versions": versions(), "pickles": values}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
