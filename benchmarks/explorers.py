"""Measures the table of an explorer over 10,000 local runs, and the log viewer with a million lines.

The first page is compared with Metaflow's own client, which reads the same facts of the same 50 runs. With a chromium, the
time of a frame is measured while the table scrolls.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from browser.jupyterlab import CHROMIUM, browser
from explorer_page import explorers_served
from worlds import ENVIRONMENT, many_runs

from mfwidgets import Metaflow
from mfwidgets.widgets.explorer.known_runs import FACT_COLUMNS
from mfwidgets.widgets.explorer.widget import Explorer

RUNS, REPEATS = 10_000, 5

OURS = """
import json, statistics, sys, time
import mfwidgets
from mfwidgets.datastore.logs import LogLine
from mfwidgets.widgets.log_text import LogText
from mfwidgets.queries.rows import run_rows
from mfwidgets.widgets.explorer.known_runs import KnownRuns
from mfwidgets.widgets.explorer.table_messages import columns_message, rows_message
PAGE, NAMES = 50, ["run_id", "status", "started_at", "duration", "user"]
mfwidgets.options.remember = False
flow = mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None)[sys.argv[2]]
def median(ask):
    ask()
    times = []
    for _ in range(int(sys.argv[3])):
        began = time.process_time()
        ask()
        times.append(time.process_time() - began)
    return statistics.median(times)
def drawn(rows):
    known = KnownRuns()
    known.extend(row.record for row in rows)
    known.set_rows(range(len(rows)), rows)
    return rows_message(known, NAMES, 0, PAGE) | columns_message(known, NAMES, [], "")
pages = flow.runs()._row_pages(PAGE)
next(pages)
everything = KnownRuns()
everything.extend(flow.runs()._records())
everything.set_rows(range(len(everything.runs)), run_rows(flow._context, [run.row.record for run in everything.runs], exact_times=False))
lines = [LogLine("2026-01-02T03:04:05", f"epoch {number} loss {1 / (number + 1):.6f} " + "x" * 60, "stdout") for number in range(1_000_000)]
text = LogText(lines)
wrapped = text.wrapped(40)
wrapped.rows
print(json.dumps({
    "the first page": median(lambda: drawn(next(flow.runs()._row_pages(PAGE)))),
    "the next page": median(lambda: drawn(next(pages))),
    "another order of all runs": median(lambda: everything.sort([("duration", False), ("run_id", True)])),
    "all headers": median(lambda: columns_message(everything, NAMES, [], "")),
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
    began = time.process_time()
    [(run.id, run.successful, run.created_at, run.finished_at) for run in itertools.islice(metaflow.Flow(sys.argv[2]), 50)]
    times.append(time.process_time() - began)
print(json.dumps(statistics.median(times)))
"""


FRAMES = """async step => {
  const grid = step ? document.querySelector(".mfwx-grid") : document.createElement("div"), times = [];
  grid.scrollTop = 0;
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < 300; frame += 1) {
    grid.scrollTop += step;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times.sort((one, other) => one - other);
}"""
"""Scrolls by some pixels in each frame. Returns how long the frames took, in milliseconds."""

STEPS = {"without scrolling": 0, "scrolling by a wheel": 100, "by a fling": 300, "by a dragged scroll bar": 800}


def frame_times(folder: str, flow: str) -> dict[str, tuple[list[float], float]]:
    """Return the times of frames while a table of all facts and results scrolls, and how long the page worked in each.

    The machine may be busy with other work. Frames without scrolling show how late they come for that reason alone.
    """
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    explorer = Explorer(client, client[flow], columns=[*FACT_COLUMNS, "param.alpha", "artifact.total"])
    with tempfile.TemporaryDirectory() as home, explorers_served(explorer) as url, browser(Path(home)) as page:
        page.goto(url)
        page.locator(".mfwx-left [role=status]", has_text=f"{RUNS:,} runs").wait_for(timeout=300_000)
        explorer.wait(300)
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})

        def worked() -> float:
            metrics = session.send("Performance.getMetrics")["metrics"]
            return next(1000 * metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

        found = {}
        for name, step in STEPS.items():
            before = worked()
            times = page.evaluate(FRAMES, step)
            found[name] = times, (worked() - before) / len(times)
        return found


def main() -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        flow = many_runs(Path(folder), RUNS)
        ours = measured(OURS, folder, flow, str(REPEATS))
        theirs = measured(THEIRS, folder, flow)
        frames = frame_times(folder, flow) if CHROMIUM else {}
    print(f"\nThe table of an explorer over {RUNS:,} local runs, and the viewer of a log of a million lines")
    for name, seconds in ours.items():
        print(f"  {name:28}{1000 * seconds:>8,.0f} ms")
    first = ours["the first page"]
    print(f"  the first page, Metaflow's client{1000 * theirs:>8,.0f} ms, {theirs / first:,.1f} times as long")
    for name, (times, worked) in frames.items():
        late = times[int(len(times) * 0.95)]
        print(
            f"  a frame {name}: median {statistics.median(times):,.0f} ms, 95 of 100 in {late:,.0f} ms, {worked:,.1f} ms of work"
        )


def measured(code: str, *arguments: str):
    """Run code in its own process and return the JSON that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
