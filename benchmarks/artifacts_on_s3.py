"""Measures reading one artifact of 100 runs in mfwidgets and in Metaflow's own client.

The records are in a metadata service and the data is in S3 (SeaweedFS). Both are real HTTP servers. Each client runs in its
own process with an empty cache. The figures are medians of three. The answers are compared.
"""

import gzip
import hashlib
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from corpus import FLOWS
from s3_server import BUCKET, S3, s3_server
from service.copies import many_runs
from service.running import Running, running
from service.store import Row, read_tables
from worlds import ENVIRONMENT

RUNS, REPEATS, FLOW = 100, 3, "LinearFlow"
PROGRAM = """
import json, sys, time
import pandas
import {package} as m
if "{package}" == "mfwidgets":
    m.options.remember = False
m.metadata(sys.argv[1])
m.namespace(None)
began = time.perf_counter()
{code}
print(json.dumps([time.perf_counter() - began, answer]))
"""
LOOP = f"answer = [run.data.x for run in m.Flow('{FLOW}').runs()]"
TABLE = f"answer = list(m.Flow('{FLOW}').runs().to_pandas(artifacts=['x'])['artifact.x'])"


def hundred_runs(folder: Path, s3: S3) -> dict[str, list[Row]]:
    """Create a real run, copy its records, and write a different value for each copy to S3, in Metaflow's format."""
    (folder / ".metaflow").mkdir()
    store = folder / "store.json"
    with running(store=store) as service:
        environment = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": service.url, **s3.environ}
        flow = [sys.executable, str(FLOWS / "linear_flow.py"), "--datastore=s3", "run"]
        subprocess.run(flow, cwd=folder, env=ENVIRONMENT | environment, capture_output=True, check=True)
    tables = read_tables(str(store))
    number = next(row["run_number"] for row in tables["runs_v3"] if row["flow_id"] == FLOW)
    rows = many_runs(tables, FLOW, number, RUNS, full=RUNS)
    client = s3.client()
    for row in rows["artifact_v3"]:
        if (row["step_name"], row["name"]) == ("end", "x"):
            notes = client.head_object(Bucket=BUCKET, Key=_key(row["sha"]))["Metadata"]
            value = pickle.dumps(row["run_number"] + 0.5, 4)
            row["sha"] = hashlib.sha1(value).hexdigest()
            client.put_object(Bucket=BUCKET, Key=_key(row["sha"]), Body=gzip.compress(value), Metadata=notes)
    return rows


def _key(sha: str) -> str:
    return f"metaflow/{FLOW}/data/{sha[:2]}/{sha}"


def ask(package: str, code: str, service: Running, s3: S3) -> tuple[float, int, object]:
    """Return the median seconds, the number of requests to the service, and the answer."""
    times, answer = [], None
    service.reset()
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as cache:
            environment = ENVIRONMENT | s3.environ | {"METAFLOW_CLIENT_CACHE_PATH": cache}
            program = [sys.executable, "-c", PROGRAM.format(package=package, code=code), service.url]
            done = subprocess.run(program, capture_output=True, text=True, check=True, env=environment)
        seconds, answer = json.loads(done.stdout)
        times.append(seconds)
    return statistics.median(times), len(service.requests()) // REPEATS, answer


def main() -> None:
    """Print one line per way to read the artifact, without and with latency of the service."""
    with tempfile.TemporaryDirectory() as made, s3_server(Path(made) / "s3") as s3:
        rows = hundred_runs(Path(made), s3)
        tables = Path(made) / "rows.json"
        tables.write_text(json.dumps(rows))
        with running(tables=tables) as service:
            for latency in (0.0, 0.02):
                service.latency(latency)
                print(f"\nOne artifact of {RUNS} runs on S3, with {latency * 1000:.0f} ms of added latency")
                their_time, requests, expected = ask("metaflow", LOOP, service, s3)
                print(f"  {'Metaflow, run.data.x of each':44}{their_time * 1000:>9.0f} ms{requests:>6} requests")
                for name, code in (("run.data.x of each", LOOP), ("to_pandas(artifacts=['x'])", TABLE)):
                    our_time, requests, answer = ask("mfwidgets", code, service, s3)
                    if answer != expected:
                        raise SystemExit(f"{name}: the answers differ: {answer!s:.300} and {expected!s:.300}")
                    faster = their_time / our_time
                    print(f"  mfwidgets, {name:33}{our_time * 1000:>9.0f} ms{requests:>6} requests{faster:>8.1f}x")


if __name__ == "__main__":
    main()
