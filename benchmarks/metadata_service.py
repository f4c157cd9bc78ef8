"""Measures mfwidgets and Metaflow's own client on a metadata service, with and without latency.

The service is the HTTP server of the tests. Each client runs in its own process. The figures are medians of three. If
mfwidgets reads hundreds of runs, Metaflow's client reads only the newest 15 and its time is multiplied. Such figures are
marked with ≈. Nothing is remembered between two questions (see remembered.py).
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus import FLOWS
from service.copies import many_runs
from service.running import Running, running
from service.store import Row, read_tables
from worlds import ENVIRONMENT

REPEATS = 3
FEW, SOME = 15, 64
FLOW, FLOW_FILE = "LinearFlow", FLOWS / "linear_flow.py"

PROGRAM = """
import json, sys, time
import {package} as m
if "{package}" == "mfwidgets":
    m.options.remember = False
m.metadata(sys.argv[1])
m.namespace(None)
def ask():
{code}
    return answer
answer = ask()
times = []
for _ in range({repeats}):
    began = time.perf_counter()
    answer = ask()
    times.append(time.perf_counter() - began)
print(json.dumps([times, answer]))
"""

FRAME = "frame = m.Flow('{flow}').runs(limit={limit}).to_pandas(times={times})\nanswer = (frame.status == 'completed').tolist()"
SUCCESSES = "from itertools import islice\nanswer = [bool(run.successful) for run in islice(m.Flow('{flow}'), {limit})]"
SUCCESSES_AND_ENDS = (
    "from itertools import islice\n"
    "answer = [bool(run.successful) for run in islice(m.Flow('{flow}'), {limit}) if run.finished_at or True]"
)
NEWEST = "answer = m.Flow('{flow}').latest_run.pathspec"
NEWEST_GOOD = "answer = m.Flow('{flow}').latest_successful_run.pathspec"
TASKS = (
    "frame = m.Flow('WideFlow').latest_run.to_pandas()\nanswer = sorted(frame.pathspec[frame.status == 'completed'])"
)
TASKS_THEIRS = (
    "answer = sorted(task.pathspec for step in m.Flow('WideFlow').latest_run for task in step if task.successful)"
)
PARENTS = "answer = sorted(task.pathspec for task in m.Flow('WideFlow').latest_run['join'].task.parent_tasks)"
WHERE = "answer = [run.id for run in m.Flow('{flow}').runs(limit={limit}).where(alpha=0.5)]"
WHERE_THEIRS = (
    "from itertools import islice\n"
    "answer = [run.id for run in islice(m.Flow('{flow}'), {limit}) if run.data.alpha == 0.5]"
)
PAGE = "answer = len(m.Flow('{flow}').runs()[:50])"


def ask(package: str, code: str, service: Running) -> tuple[float, int, object]:
    """Return the median seconds, the number of requests per question, and the answer."""
    body = "\n".join(f"    {line}" for line in code.splitlines())
    program = PROGRAM.format(package=package, code=body, repeats=REPEATS)
    service.reset()
    done = subprocess.run(
        [sys.executable, "-c", program, service.url], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    times, answer = json.loads(done.stdout)
    requests = [request for request in service.requests() if request["path"] != "/ping"]
    return statistics.median(times), len(requests) // (REPEATS + 1), answer


def compare(name: str, service: Running, ours: str, theirs: str, factor: float = 1.0) -> None:
    """Ask both clients and print a line. ``factor`` multiplies the figures of Metaflow's client."""
    our_time, our_requests, our_answer = ask("mfwidgets", ours, service)
    their_time, their_requests, their_answer = ask("metaflow", theirs, service)
    if factor == 1 and our_answer != their_answer:
        raise SystemExit(f"{name}: the answers differ: {our_answer!s:.300} and {their_answer!s:.300}")
    about = "≈" if factor != 1 else " "
    their_time, their_requests = their_time * factor, round(their_requests * factor)
    print(
        f"{name:44}{our_time * 1000:>9.0f} ms{our_requests:>5} requests"
        f"{about:>4}{their_time * 1000:>8.0f} ms{their_requests:>6} requests{their_time / our_time:>9.0f}x"
    )


def runs_of(server: Running, copies: int) -> None:
    """Compare the tables of runs."""
    names = {"flow": FLOW, "limit": FEW}
    compare(f"status of {FEW} runs", server, FRAME.format(times=False, **names), SUCCESSES.format(**names))
    compare(
        f"status and end of {FEW} runs", server, FRAME.format(times=True, **names), SUCCESSES_AND_ENDS.format(**names)
    )
    few = {"flow": FLOW, "limit": SOME}
    compare(f"where(alpha=) over {SOME} runs", server, WHERE.format(**few), WHERE_THEIRS.format(**few))
    many = {"flow": FLOW, "limit": copies}
    compare(
        f"status of {copies} runs", server, FRAME.format(times=False, **many), SUCCESSES.format(**names), copies / FEW
    )
    compare(
        f"status and end of {copies} runs",
        server,
        FRAME.format(times=True, **many),
        SUCCESSES_AND_ENDS.format(**names),
        copies / FEW,
    )


def one_run(folder: Path) -> dict[str, list[Row]]:
    """Create a real run on a service and return its rows."""
    (folder / ".metaflow").mkdir(parents=True)
    store = folder / "store.json"
    with running(store=store) as server:
        make(folder, FLOW_FILE, server)
    return read_tables(str(store))


@contextmanager
def serving(tables: dict[str, list[Row]], copies: int, folder: Path) -> Iterator[Running]:
    """Serve a flow with this number of runs."""
    file = folder / f"{copies}.json"
    file.write_text(json.dumps(many_runs(tables, FLOW, 1, copies, full=SOME)))
    with running(tables=file) as server:
        yield server


def make(folder: Path, flow: Path, server: Running, **environ: str) -> None:
    """Run a flow with Metaflow, on a service."""
    environment = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": server.url, **environ}
    subprocess.run(
        [sys.executable, str(flow), "run", "--max-workers", "4", "--max-num-splits", "1000"],
        cwd=folder,
        env=ENVIRONMENT | environment,
        capture_output=True,
        check=True,
    )


@contextmanager
def serving_wide(width: int, folder: Path) -> Iterator[Running]:
    """Serve a real run with a foreach of this number of tasks."""
    (folder / ".metaflow").mkdir(parents=True)
    with running() as server:
        make(folder, Path(__file__).parent / "wide_flow.py", server, WIDTH=str(width))
        yield server


def main() -> None:
    """Print one line per question."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        tables = one_run(folder / "one")
        with (
            serving(tables, 500, folder) as some,
            serving(tables, 10_000, folder) as many,
            serving_wide(50, folder / "50") as join,
            serving_wide(197, folder / "197") as wide,
        ):
            for latency in (0.0, 0.02):
                print(f"\nWith {latency * 1000:.0f} ms of added latency{'':9}mfwidgets{'':22}Metaflow{'':18}faster")
                for server in (some, many, wide, join):
                    server.latency(latency)
                runs_of(some, 500)
                compare("latest_run of 10,000", many, NEWEST.format(flow=FLOW), NEWEST.format(flow=FLOW))
                compare(
                    "latest_successful_run of 10,000",
                    many,
                    NEWEST_GOOD.format(flow=FLOW),
                    NEWEST_GOOD.format(flow=FLOW),
                )
                compare("the tasks of a run of 200", wide, TASKS, TASKS_THEIRS)
                compare("the parents of a join of 50", join, PARENTS, PARENTS)
        pages = {}
        for copies in (1_000, 100_000):
            with serving(tables, copies, folder) as server:
                pages[copies] = ask("mfwidgets", PAGE.format(flow=FLOW), server)[0]
        ratio = pages[100_000] / pages[1_000]
        print(f"\n50 runs of 100,000 take {ratio:.2f} times as long as 50 of 1,000 ({pages[1_000] * 1000:.1f} ms).")


if __name__ == "__main__":
    main()
