"""Measures displaying a run of 1,000 tasks: with all requests, and after its records are loaded.

The run is a real one on a metadata service, with one of its tasks copied 1,000 times. Metaflow's client displays one line
for any run. For comparison, the benchmark measures how long that client takes to read the status of each task.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from metadata_service import TASKS_THEIRS, ask, make
from service.copies import many_tasks
from service.running import running
from service.store import read_tables

TASKS = 1_000
REPEATS = 5

OURS = """
import json, statistics, sys, time
import mfwidgets
from mfwidgets.queries.run_snapshot import load_run_snapshot
from mfwidgets.client.run import Run
from mfwidgets.views.show import render_to_fit
mfwidgets.options.remember = False
client = mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None)
run = client["WideFlow"].latest_run
def median(ask):
    ask()
    times = []
    for _ in range(int(sys.argv[2])):
        began = time.perf_counter()
        shown = ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times), len(shown["text/html"])
whole, size = median(lambda: render_to_fit(run))
snapshot = load_run_snapshot(run._context, run._record)
alone, _ = median(lambda: render_to_fit(Run._of(snapshot.context, run._record)))
print(json.dumps([whole, alone, size]))
"""


def main() -> None:
    """Print the measurements."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / ".metaflow").mkdir()
        store = folder / "store.json"
        with running(store=store) as server:
            make(folder, Path(__file__).parent / "wide_flow.py", server, WIDTH="4")
        tables = folder / "tables.json"
        tables.write_text(json.dumps(many_tasks(read_tables(str(store)), "work", TASKS)))
        with running(tables=tables) as server:
            done = subprocess.run(
                [sys.executable, "-c", OURS, server.url, str(REPEATS)], capture_output=True, text=True, check=True
            )
            whole, alone, size = json.loads(done.stdout)
            print(f"\nThe display of a run of {TASKS:,} tasks on a service ({size / 1000:.0f} kB of HTML)")
            print(f"  with all requests             {whole * 1000:>7.0f} ms")
            print(f"  after its records are loaded  {alone * 1000:>7.0f} ms")
            their_time, their_requests, _ = ask("metaflow", TASKS_THEIRS, server)
            print(f"  Metaflow's client, status of its tasks {their_time:.1f} s, {their_requests:,} requests")


if __name__ == "__main__":
    main()
