"""Ask ``mfwidgets mcp`` and ``metaflow-mcp-server`` the same questions about the same runs, and compare time and answers.

The other server is not a dependency. Install it into another environment, and name its program::

    python -m venv build/theirs && build/theirs/bin/pip install metaflow-mcp-server "mcp<2"
    PYTHONPATH=tests python benchmarks/agents.py build/theirs/bin/metaflow-mcp-server

The runs are those of the tests, in a local folder, and then on a metadata service. It sends each question nine times, and the median is printed.
"""

import asyncio
import json
import os
import statistics
import sys
import time

from corpus import corpus, service_corpus
from mcp import Client, StdioServerParameters, stdio_client

from mfwidgets import Metaflow

ROUNDS = 9


def questions(runs, task):
    """Return the questions: a name, their tool with arguments, and ours."""
    failing, linear, packed = runs["failing"], runs["linear"], runs["packed"]
    flow = failing.split("/")[0]
    of_linear = {"flow_name": linear.split("/")[0]}
    return [
        ("configuration", ("get_config", {}), ("context", {})),
        ("flows", ("list_flows", {}), ("list_flows", {})),
        ("runs of a flow", ("search_runs", of_linear), ("list_runs", {"flow": linear.split("/")[0], "limit": 5})),
        (
            "failed runs of a flow",
            ("search_runs", {"flow_name": flow, "status": "failed"}),
            ("list_runs", {"flow": flow, "status": "failed", "limit": 5}),
        ),
        (
            "running runs of a flow",
            ("search_runs", {"flow_name": flow, "status": "running"}),
            ("list_runs", {"flow": flow, "status": "running", "limit": 5}),
        ),
        (
            "recent runs of all flows",
            ("get_recent_runs", {"namespace": "user:ann"}),
            ("recent_runs", {"namespace": "user:ann", "limit": 60}),
        ),
        ("a failed run", ("get_run", {"pathspec": failing}), ("show", {"pathspec": failing})),
        ("why a flow failed", ("get_latest_failure", {"flow_name": flow}), ("failed_runs", {"flow": flow})),
        (
            "the log of a task",
            ("get_task_logs", {"pathspec": task, "tail": 100}),
            ("logs", {"pathspec": task}),
        ),
        (
            "the artifacts of a task",
            ("list_artifacts", {"pathspec": task}),
            ("artifacts", {"pathspec": task}),
        ),
        (
            "a value",
            ("get_artifact", {"pathspec": task, "name": "x"}),
            ("show", {"pathspec": f"{task}/x"}),
        ),
        (
            "an artifact in several runs",
            ("search_artifacts", {**of_linear, "artifact_name": "x"}),
            ("find_artifact", {"flow": linear.split("/")[0], "name": "x"}),
        ),
        ("the code of a run", ("get_source_code", {"pathspec": packed}), ("code", {"pathspec": packed})),
        ("the cards of a step", ("list_cards", {"pathspec": f"{runs['cards']}/start"}), ("cards", {"pathspec": f"{runs['cards']}/start"})),
        (
            "a card",
            ("get_card", {"pathspec": f"{runs['cards']}/start"}),
            ("cards", {"pathspec": f"{runs['cards']}/start", "card": 0, "html": True}),
        ),
    ]  # fmt: skip


async def ask(command, arguments, environ, asked):
    """Return the seconds until the list of tools, and for each question the median seconds and the answer."""
    began = time.perf_counter()
    server = StdioServerParameters(command=command, args=arguments, env={**os.environ, **environ})
    async with Client(stdio_client(server)) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        started = time.perf_counter() - began
        answers = []
        for tool, given in asked:
            if tool not in tools:
                answers.append((None, "no such tool"))
                continue
            seconds = []
            for _ in range(ROUNDS):
                before = time.perf_counter()
                answer = await client.call_tool(tool, given)
                seconds.append(time.perf_counter() - before)
            text = answer.content[0].text if answer.content else ""
            answers.append((statistics.median(seconds), f"ERROR {text}" if answer.is_error else text))
    return started, answers


def main():
    runs = corpus()
    print("In a local folder:\n")
    compare(runs, f"--metadata={runs.folder}", {"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(runs.folder)})
    with service_corpus() as (runs, service):
        environ = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": service.url}
        print("\nOn a metadata service:\n")
        compare(runs, f"--metadata=service@{service.url}", environ)


def compare(runs, metadata, environ):
    """Print the table for one provider."""
    task = Metaflow(metadata.partition("=")[2], namespace=None).get(f"{runs['linear']}/start").task.pathspec
    asked = questions(runs, task)
    ours = ["-m", "mfwidgets", metadata, "mcp"]
    our_start, our_answers = asyncio.run(ask(sys.executable, ours, {}, [ours for _, _, ours in asked]))
    their_start, their_answers = None, [(None, "")] * len(asked)
    if sys.argv[1:]:
        environ = {**environ, "METAFLOW_USER": "ann"}
        their_start, their_answers = asyncio.run(ask(sys.argv[1], [], environ, [theirs for _, theirs, _ in asked]))
    print(
        f"| question | metaflow-mcp-server | mfwidgets mcp |\n|---|---|---|\n| start | {shown(their_start)} | {shown(our_start)} |"
    )
    for (name, *_), (theirs, _), (our, _) in zip(asked, their_answers, our_answers, strict=True):
        print(f"| {name} | {shown(theirs)} | {shown(our)} |")
    if os.environ.get("ANSWERS"):
        for (name, *_), (_, theirs), (_, our) in zip(asked, their_answers, our_answers, strict=True):
            print(json.dumps({"question": name, "theirs": theirs[:1500], "ours": our[:1500]}, indent=1))


def shown(seconds):
    return "-" if seconds is None else f"{1000 * seconds:,.0f} ms"


if __name__ == "__main__":
    main()
