"""Fuzzes the safe reading of pickles with atheris: ``python benchmarks/fuzz_pickles.py [SECONDS]``, 600 by default.

Coverage of ``mfwidgets.pickles`` guides the mutations. The seeds are pickles of real values and the bombs of the tests. Any
error but UnloadableArtifact, more than two seconds or more than 350 MB for one input ends it. It prints the number of
inputs, inputs per second and the peak memory. Needs ``pip install atheris``, and ``PYTHONPATH=tests``.
"""

import base64
import datetime as dt
import json
import pickle
import resource
import sys
import tempfile
import time
from pathlib import Path

import atheris
import numpy as np
import pandas as pd
import pickle_bombs
import pickle_frame_bombs

with atheris.instrument_imports(include=["mfwidgets.pickles", "mfwidgets.queries.values.preview"]):
    from mfwidgets.errors import UnloadableArtifact
    from mfwidgets.pickles.safe_loads import describe_pickle
    from mfwidgets.queries.values.preview import preview_of
from mfwidgets.tables import to_json_value

VALUES = [
    None, [1, 2.5, "a", b"b"], {"a": (1, {2, 3}), "b": frozenset({"x"})}, dt.datetime(2026, 1, 2, tzinfo=dt.UTC), 1 + 2j, range(9), 2**70,
    np.arange(12).reshape(3, 4), np.float64(0.5), np.array(["a", "b"]), np.array(["2026-01-02"], "M8[s]"),
    pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": pd.to_datetime(["2026-01-02", None])}), pd.Series([1, 2], index=["a", "b"]),
    pd.DataFrame({"v": [1.0, 2.0]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
]  # fmt: skip
BOMBS = (
    pickle_frame_bombs.frame_of_many_columns,
    pickle_frame_bombs.frame_of_empty_codes,
    pickle_frame_bombs.frame_of_many_categories,
    pickle_bombs.shared_lists,
    pickle_bombs.beyond_unicode,
    pickle_bombs.by_reduce,
    pickle_bombs.by_obj,
    pickle_bombs.by_newobj_ex,
)


class Counts:
    """The inputs read so far."""

    inputs = accepted = 0
    slowest_s = 0.0


def read(content: bytes) -> None:
    """Read one input, as a display does."""
    Counts.inputs += 1
    began = time.perf_counter()
    try:
        shown = preview_of(describe_pickle(content))
    except UnloadableArtifact:
        pass
    else:
        Counts.accepted += 1
        if shown.has_value:
            to_json_value(shown.value)
        repr(shown)
    Counts.slowest_s = max(Counts.slowest_s, time.perf_counter() - began)


def main() -> None:
    """Write the seeds, fuzz, and print the figures."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "600"
    with tempfile.TemporaryDirectory() as corpus:
        seeds = [pickle.dumps(value, protocol) for value in VALUES for protocol in (2, 4)]
        seeds += [make() for make in BOMBS]
        for file in (Path(__file__).parents[1] / "tests" / "data" / "pickles").glob("*.json"):
            seeds += map(base64.b64decode, json.loads(file.read_text())["pickles"].values())
        for number, seed in enumerate(seeds):
            Path(corpus, str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={seconds}",
            "-timeout=2",
            "-rss_limit_mb=600",
            "-max_len=6000",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], read)
        began = time.monotonic()

        def summary() -> None:
            took = time.monotonic() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
            print(
                f"{Counts.inputs:,} inputs in {took:.0f} s, {Counts.inputs / took:,.0f} per second, {Counts.accepted:,} with a "
                f"preview, slowest {Counts.slowest_s:.3f} s, peak memory of the process {peak:,.0f} MB"
            )

        import atexit

        atexit.register(summary)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
