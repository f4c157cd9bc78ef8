"""``mfwidgets mcp`` as an agent uses it: a real process, the official client, standard input and output."""

import asyncio
import inspect
import json
import os
import pickle
import subprocess
import sys

import pytest
from local_world import World
from mcp import Client, StdioServerParameters, stdio_client

from mfwidgets.agents.answers import MAX_ANSWER_CHARS
from mfwidgets.agents.tools import TOOLS
from mfwidgets.cli.main import main

PROGRAM = ["-m", "mfwidgets"]


def asked(questions, *words, environ=None):
    """Start a server, ask it questions (pairs of tool and arguments), and return the answers, and the list of tools."""

    async def ask():
        server = StdioServerParameters(
            command=sys.executable, args=[*PROGRAM, *words, "mcp"], env={**os.environ, **(environ or {})}
        )
        async with Client(stdio_client(server)) as client:
            tools = (await client.list_tools()).tools
            answers = [await client.call_tool(tool, arguments) for tool, arguments in questions]
        return answers, tools

    answers, tools = asyncio.run(ask())
    return [(answer.content[0].text, bool(answer.is_error)) for answer in answers], tools


def facts_of(questions, *words):
    answers, _ = asked(questions, *words)
    assert all(len(text) <= MAX_ANSWER_CHARS for text, _ in answers)
    assert not [text for text, failed in answers if failed]
    return [json.loads(text) for text, _ in answers]


@pytest.fixture
def here(runs):
    return f"--metadata={runs.folder}"


def test_the_tools_are_described_and_only_read():
    _, tools = asked([], "--sample")
    assert [tool.name for tool in tools] == [tool.__name__ for tool in TOOLS]
    for tool, function in zip(tools, TOOLS, strict=True):
        assert tool.description == inspect.getdoc(function)
        assert set(tool.input_schema["properties"]) == set(inspect.signature(function).parameters)
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint


def test_answers_have_the_facts_of_json(runs, here, capsys):
    failing = runs["failing"]
    flow = failing.split("/")[0]
    why, shown, failed, listed, task, log = facts_of(
        [
            ("why", {"pathspec": failing}),
            ("show", {"pathspec": failing}),
            ("failed_runs", {"flow": flow}),
            ("list_runs", {"flow": flow, "status": "failed"}),
            ("tasks", {"pathspec": failing, "status": "failed"}),
            ("logs", {"pathspec": failing, "tail": 5}),
        ],
        here,
    )
    assert main([here, "--namespace=none", "--json", failing]) == 0
    expected = json.loads(capsys.readouterr().out)
    assert (shown["status"], shown["reason"]) == (expected["status"], expected["reason"])
    assert [step["task_statuses"] for step in shown["steps"]] == [step["task_statuses"] for step in expected["steps"]]
    assert why["exception"]["type"] == "ZeroDivisionError"
    (one,) = [one for one in failed["failed_runs"] if one["run"] == failing]
    assert (one["task"], one["exception"]["type"], one["status"]) == (why["task"], "ZeroDivisionError", "failed")
    assert "ZeroDivisionError" in one["log"]
    (row,) = [row for row in listed["runs"] if row["pathspec"] == failing]
    assert row["exception"].startswith("ZeroDivisionError")
    assert row["failed_task"] == why["task"]
    assert why["task"] in [row["pathspec"] for row in task["tasks"]]
    assert log["pathspec"] == why["task"]
    assert log["text"].count("\n") == 4
    assert "%mflow" not in json.dumps([why, shown, failed, listed, task, log])


def test_every_tool_answers(runs, here):
    linear, packed, cards = runs["linear"], runs["packed"], runs["cards"]
    flow = linear.split("/")[0]
    questions = {
        "context": {},
        "list_flows": {"limit": 3},
        "list_runs": {"flow": flow, "where": "tag:nightly", "sort": "duration:desc", "limit": 1},
        "recent_runs": {"limit": 5, "status": "completed"},
        "show": {"pathspec": f"{linear}/start/1/x"},
        "why": {"pathspec": linear},
        "failed_runs": {"flow": flow},
        "tasks": {"pathspec": f"{linear}/start"},
        "logs": {"pathspec": f"{linear}/start", "grep": "ünï", "stream": "stdout"},
        "artifacts": {"pathspec": linear},
        "find_artifact": {"flow": flow, "name": "x", "runs": 2, "step": "end"},
        "compare": {"pathspecs": [linear, runs["linear-bob"]]},
        "code": {"pathspec": packed, "lines": 5},
        "diff_code": {"first": packed, "second": packed},
        "packages": {"pathspec": linear},
        "cards": {"pathspec": cards, "card": 1, "html": True},
        "lineage": {"pathspec": f"{linear}/end/x"},
        "wait": {"pathspec": linear, "timeout_s": 1},
    }
    assert list(questions) == [tool.__name__ for tool in TOOLS]
    found = dict(zip(questions, facts_of(list(questions.items()), here), strict=True))
    assert found["context"]["namespace"] == "none"
    assert len(found["list_flows"]["flows"]) == 3
    assert found["list_flows"]["more"] is True
    assert len(found["list_runs"]["runs"]) == 1
    assert found["list_runs"]["more"] is True
    assert {run["status"] for run in found["recent_runs"]["runs"]} == {"completed"}
    assert found["show"]["value"] is not None
    assert found["failed_runs"]["failed_runs"] == []
    assert found["tasks"]["count"] == 1
    assert "ünï" in found["logs"]["text"]
    assert "x" in [one["name"] for one in found["artifacts"]["artifacts"]]
    assert all(one["value"] is not None and one["step"] == "end" for one in found["find_artifact"]["artifacts"])
    assert "alpha" in [row["name"] for row in found["compare"]["differences"]]
    assert found["code"]["file"] == "foreach_flow.py"
    assert found["code"]["source"].count("\n") == 4
    assert "foreach_flow.py" in found["code"]["files"]
    assert found["diff_code"].get("diff", "") == ""
    assert found["packages"]["packages"][0]["name"] == "python"
    assert found["cards"]["id"] == "second"
    assert found["cards"]["html"].startswith("<")
    assert found["lineage"]["producer"].startswith(linear)
    assert found["wait"]["status"] == "completed"


def test_errors_are_clear_answers(runs, here):
    questions = [
        ("show", {"pathspec": "LinaerFlow/latest"}),
        ("list_runs", {"flow": "LinearFlow", "status": "good"}),
        ("list_runs", {"flow": "LinearFlow", "limit": -1}),
        ("recent_runs", {"status": "good"}),
        ("code", {"pathspec": runs["packed"], "file": "no.py"}),
        ("cards", {"pathspec": runs["cards"], "card": 99}),
        ("logs", {"pathspec": runs["linear"], "grep": "("}),
        ("compare", {"pathspecs": [runs["linear"]]}),
        ("list_runs", {"flow": 7}),
        ("list_runs", {"flow": "LinearFlow", "namespace": "user:nobody-at-all"}),
    ]
    answers, _ = asked(questions, here)
    parts = [
        "LinearFlow",
        "'good'",
        "limit",
        "'good'",
        "foreach_flow.py",
        "below 2",
        "regular expression",
        "two or more",
        "flow",
        "nobody",
    ]
    for (text, failed), part in zip(answers, parts, strict=True):
        assert failed, text
        assert part in text
        assert "Traceback" not in text
        assert "%mflow" not in text


def test_the_namespace_is_that_of_the_command_line_or_of_a_question(runs, here):
    flow = runs["linear"].split("/")[0]
    questions = [("list_runs", {"flow": flow}), ("list_runs", {"flow": flow, "namespace": "user:bob"}), ("context", {})]
    everybody, bobs, _ = facts_of(questions, here)
    assert {run["user"] for run in everybody["runs"]} > {"ann", "bob"}
    assert {run["user"] for run in bobs["runs"]} == {"bob"}
    anns, _, context = facts_of(questions, here, "--namespace=user:ann")
    assert {run["user"] for run in anns["runs"]} == {"ann"}
    assert context["namespace"] == "user:ann"


def test_a_service_gives_the_same(runs, on_service):
    there, service = on_service
    (why,) = facts_of([("why", {"pathspec": there["failing"]})], f"--metadata=service@{service.url}")
    assert why["exception"]["type"] == "ZeroDivisionError"


class Attack:
    def __init__(self, file):
        self._file = file

    def __reduce__(self):
        return os.mkdir, (self._file,)


def test_nothing_is_unpickled(tmp_path):
    world = World(tmp_path)
    world.task("BadFlow", "1", "start", "1")
    world.task("BadFlow", "1", "end", "2")
    attack = pickle.dumps(Attack(str(tmp_path / "attacked")))
    for where in ("BadFlow/1/start/1", "BadFlow/1/end/2"):
        world.artifact(where, "x", content=attack)
    questions = [
        ("show", {"pathspec": "BadFlow/1/end/2/x"}),
        ("find_artifact", {"flow": "BadFlow", "name": "x"}),
        ("list_runs", {"flow": "BadFlow"}),
        ("why", {"pathspec": "BadFlow/1"}),
        ("artifacts", {"pathspec": "BadFlow/1"}),
    ]
    found = facts_of(questions, f"--metadata={tmp_path}")
    assert not (tmp_path / "attacked").exists()
    assert "mkdir" in json.dumps(found[0])


def test_large_answers_are_cut(runs, here):
    (log,) = facts_of([("logs", {"pathspec": f"{runs['logs']}/start", "tail": 100_000})], here)
    assert log["text"]


def test_the_server_ends_with_its_input_and_prints_nothing_else():
    made = subprocess.run(
        [sys.executable, *PROGRAM, "--sample", "mcp"], input=b"", capture_output=True, check=False, timeout=120
    )
    assert (made.returncode, made.stdout) == (0, b"")


@pytest.mark.parametrize("words", [["mcp", "now"], ["mcp", "--json"], ["mcp", "--exit-code"]])
def test_other_words_are_refused(words, capsys):
    assert main(words) == 2
    assert "Expected mfwidgets mcp with" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["mcp", "--help"], ["help", "mcp"], ["mcp", "-h"]])
def test_help_needs_no_sdk(words, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    assert main(words) == 0
    assert "mfwidgets[mcp]" in capsys.readouterr().out


def test_a_missing_sdk_is_named(monkeypatch, capsys, runs):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    assert main([f"--metadata={runs.folder}", "mcp"]) == 1
    assert "pip install 'mfwidgets[mcp]'" in capsys.readouterr().err
