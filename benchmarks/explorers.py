"""Measures the run list of an explorer over 10,000 local runs, and the log viewer with a million lines.

The first page is compared with Metaflow's own client, which reads the same facts of the same 50 runs.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from worlds import ENVIRONMENT, many_runs

RUNS, REPEATS = 10_000, 5

OURS = """
import json, statistics, sys, time
import mfwidgets
from mfwidgets.datastore.logs import LogLine
from mfwidgets.render.html import html_of
from mfwidgets.render.view import View
from mfwidgets.views.cells import Limits
from mfwidgets.views.tables import runs_table
from mfwidgets.widgets.log_text import LogText
from mfwidgets.widgets.run_list import PAGE, next_to
mfwidgets.options.remember = False
flow = mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None)[sys.argv[2]]
def median(ask):
    ask()
    times = []
    for _ in range(int(sys.argv[3])):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
def drawn(rows):
    return html_of(View("", "", parts=(next_to(runs_table(rows, Limits(), "")),)), live=True)
pages = flow.runs()._row_pages(PAGE)
next(pages)
lines = [LogLine("2026-01-02T03:04:05", f"epoch {number} loss {1 / (number + 1):.6f} " + "x" * 60, "stdout") for number in range(1_000_000)]
text = LogText(lines)
wrapped = text.wrapped(40)
wrapped.rows
print(json.dumps({
    "the first page": median(lambda: drawn(next(flow.runs()._row_pages(PAGE)))),
    "the next page": median(lambda: drawn(next(pages))),
    "a filter without a match": median(lambda: list(flow.runs(text="no such text"))),
    "search a million lines": median(lambda: text.search("epoch 999", regex=False)),
    "wrap a million lines": median(lambda: text.wrapped(41).rows),
    "a page of wrapped lines": median(lambda: wrapped.page(1_000)),
}))
"""

THEIRS = """
import itertools, json, statistics, sys, time
import metaflow
metaflow.metadata("local@" + sys.argv[1])
metaflow.namespace(None)
times = []
for _ in range(3):
    began = time.perf_counter()
    [(run.id, run.successful, run.created_at, run.finished_at) for run in itertools.islice(metaflow.Flow(sys.argv[2]), 50)]
    times.append(time.perf_counter() - began)
print(json.dumps(statistics.median(times)))
"""


def main() -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        flow = many_runs(Path(folder), RUNS)
        ours = measured(OURS, folder, flow, str(REPEATS))
        theirs = measured(THEIRS, folder, flow)
    print(f"\nThe list of an explorer over {RUNS:,} local runs, and the viewer of a log of a million lines")
    for name, seconds in ours.items():
        print(f"  {name:28}{1000 * seconds:>8,.0f} ms")
    first = ours["the first page"]
    print(f"  the first page, Metaflow's client{1000 * theirs:>8,.0f} ms, {theirs / first:,.1f} times as long")


def measured(code: str, *arguments: str):
    """Run code in its own process and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
