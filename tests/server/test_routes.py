"""The routes of the server extension, in a real Jupyter Server."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import World
from service.running import TABLES, running
from tornado.httpclient import HTTPClientError

from mfwidgets.server import tree
from mfwidgets.server.routes import folder_below

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"mfwidgets.server": True}}}


@pytest.fixture
def here(jp_root_dir, runs):
    """The server's root, with some runs."""
    for flow in ("FailingFlow", "LinearFlow", "BranchFlow", "RetryFlow"):
        shutil.copytree(runs.root / flow, jp_root_dir / ".metaflow" / flow)
    return jp_root_dir


@pytest.fixture
def ask(jp_fetch):
    async def asked(pathspec="", **more):
        answer = await jp_fetch("mfwidgets", "api", "tree", params={"pathspec": pathspec, "namespace": "none", **more})
        return json.loads(answer.body)

    return asked


def names(answer):
    return [item["name"] for item in answer["items"]]


async def test_the_tree_from_flows_to_artifacts(here, ask, runs):
    flows = await ask()
    assert names(flows) == ["BranchFlow", "FailingFlow", "LinearFlow", "RetryFlow"]
    assert flows["metadata"] == f"local@{here}"
    assert flows["namespace"] is None
    assert not flows["more"]
    failing = runs["failing"]
    below = await ask("FailingFlow")
    assert [item["pathspec"] for item in below["items"]] == [runs["resumed"], failing]
    run = below["items"][1]
    assert (run["kind"], run["status"], run["leaf"]) == ("run", "failed", False)
    assert "divide" in run["reason"]
    assert run["detail"] == "ann nightly"
    assert run["started_at"].endswith("+00:00")
    steps = (await ask(failing))["items"]
    assert [(step["name"], step["status"]) for step in steps] == [("start", "completed"), ("divide", "failed")]
    assert steps[1]["detail"] == "3 tasks"
    tasks = (await ask(f"{failing}/divide"))["items"]
    assert [task["status"] for task in tasks] == ["completed", "failed", "completed"]
    artifacts = (await ask(tasks[0]["pathspec"]))["items"]
    assert "quotient" in [artifact["name"] for artifact in artifacts]
    assert all(artifact["leaf"] for artifact in artifacts)
    assert (await ask(artifacts[0]["pathspec"]))["items"] == []


async def test_only_what_failed(here, ask, runs):
    flows = (await ask(failed="1"))["items"]
    assert [(flow["name"], flow["status"]) for flow in flows] == [("FailingFlow", "failed"), ("RetryFlow", "failed")]
    below = (await ask("FailingFlow", failed="1"))["items"]
    assert [item["pathspec"] for item in below] == [runs["failing"]]
    assert [step["name"] for step in (await ask(runs["failing"], failed="1"))["items"]] == ["divide"]
    (task,) = (await ask(f"{runs['failing']}/divide", failed="1"))["items"]
    assert task["status"] == "failed"
    assert (await ask(task["pathspec"], failed="1"))["items"]  # its artifacts, which have no status
    assert (await ask("LinearFlow", failed="1"))["items"] == []


@pytest.fixture
def look(jp_fetch):
    async def looked(pathspec):
        answer = await jp_fetch("mfwidgets", "api", "preview", params={"pathspec": pathspec, "namespace": "none"})
        return json.loads(answer.body)

    return looked


async def test_previews(here, look, ask, runs):
    failed = await look(runs["failing"])
    facts = dict(failed["facts"])
    assert failed["status"] == "failed"
    assert facts["exception"].startswith("ZeroDivisionError: ")
    assert facts["user"] == "ann"
    assert {"started", "duration"} <= facts.keys()
    flow = await look("FailingFlow")
    assert dict(flow["facts"])["newest run"] == runs["resumed"].split("/")[1]
    step = await look(f"{runs['failing']}/divide")
    assert dict(step["facts"])["tasks"] == "3 of 3"
    assert "exception" in dict(step["facts"])
    (task,) = (await ask(f"{runs['failing']}/divide", failed="1"))["items"]
    assert dict((await look(task["pathspec"]))["facts"])["exception"] == facts["exception"]
    retried = (await ask(f"{runs['retry']}", offset="0"))["items"]
    assert [(await look(item["pathspec"]))["status"] for item in retried] == [item["status"] for item in retried]
    good = (await ask(f"{runs['failing']}/divide"))["items"][0]
    quotient = await look(f"{good['pathspec']}/quotient")
    assert quotient["status"] is None
    assert dict(quotient["facts"])["holds"]
    completed = await look(runs["linear"])
    assert completed["status"] == "completed"
    assert len(completed["facts"]) >= 3


async def test_a_preview_of_a_missing_object(here, look):
    with pytest.raises(HTTPClientError) as raised:
        await look("FailingFlow/99")
    assert raised.value.code == 404


async def test_text_filters_runs(here, ask, runs):
    assert names(await ask(text="fail")) == ["FailingFlow"]
    assert [item["pathspec"] for item in (await ask("LinearFlow", text="BOB"))["items"]] == [runs["linear-bob"]]
    assert names(await ask(runs["linear"], text="st")) == ["start"]


async def test_pages(here, ask, runs, monkeypatch):
    monkeypatch.setattr(tree, "PAGE", 2)
    first = await ask("LinearFlow")
    assert len(first["items"]) == 2
    assert first["more"]
    second = await ask("LinearFlow", offset="2")
    assert len(second["items"]) == 1
    assert not second["more"]
    everything = {item["pathspec"] for item in (*first["items"], *second["items"])}
    assert len(everything) == 3


async def test_a_namespace(here, ask):
    assert (await ask("LinearFlow", namespace="user:bob"))["namespace"] == "user:bob"
    assert len((await ask("LinearFlow", namespace="user:bob"))["items"]) == 1
    assert names(await ask(namespace="user:nobody")) == []


async def test_nobody_has_no_namespace(here, jp_fetch, monkeypatch):
    for name in ("METAFLOW_USER", "SUDO_USER", "USERNAME", "USER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mfwidgets", "api", "tree")
    assert caught.value.code == 400
    assert "METAFLOW_USER" in json.loads(caught.value.response.body)["message"]


async def error_of(ask, *words, **more):
    with pytest.raises(HTTPClientError) as caught:
        await ask(*words, **more)
    return caught.value.code, json.loads(caught.value.response.body)["message"]


async def test_missing_objects_and_bad_requests(here, ask):
    assert await error_of(ask, "NoFlow") == (404, (await error_of(ask, "NoFlow"))[1])
    assert "NoFlow" in (await error_of(ask, "NoFlow"))[1]
    assert (await error_of(ask, "FailingFlow/7"))[0] == 404
    assert (await error_of(ask, "a//b"))[0] == 400
    assert (await error_of(ask, offset="-1"))[0] == 400
    code, message = await error_of(ask, folder="../..")
    assert code == 400
    assert "Expected a folder below the server's root" in message


async def test_a_token_is_required(here, jp_fetch):
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch("mfwidgets", "api", "tree", headers={"Authorization": "token wrong"})
    assert caught.value.code == 403
    assert b"Flow" not in caught.value.response.body


async def test_an_empty_folder_and_a_parent_folder(jp_root_dir, ask, runs):
    assert names(await ask()) == []
    (jp_root_dir / "deep" / "er").mkdir(parents=True)
    shutil.copytree(runs.root / "LinearFlow", jp_root_dir / "deep" / ".metaflow" / "LinearFlow")
    assert names(await ask(folder="deep/er")) == ["LinearFlow"]
    assert names(await ask(folder="deep/gone")) == ["LinearFlow"]
    assert names(await ask()) == []


async def test_a_metadata_service_and_a_lost_one(ask, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    monkeypatch.setenv("METAFLOW_DEFAULT_METADATA", "service")
    monkeypatch.setenv("METAFLOW_SERVICE_AUTH_KEY", "a-secret-key")
    with running(tables=TABLES) as service:
        monkeypatch.setenv("METAFLOW_SERVICE_URL", service.url)
        flows = await ask()
        assert flows["metadata"].startswith("service@")
        assert len(flows["items"]) > 3
    code, message = await error_of(ask)
    assert code == 502
    assert "whether the service runs" in message
    assert "a-secret-key" not in message


async def test_a_slow_service_times_out_and_the_server_goes_on(ask, jp_fetch, monkeypatch):
    from mfwidgets.server import routes

    monkeypatch.setattr(routes, "TIMEOUT_S", 0.2)
    monkeypatch.setenv("METAFLOW_DEFAULT_METADATA", "service")
    with running(tables=TABLES, latency=1.5) as service:
        monkeypatch.setenv("METAFLOW_SERVICE_URL", service.url)
        code, message = await error_of(ask)
        assert (code, message) == (504, "There was no answer within 0.2 s. Try again later.")
        assert (await jp_fetch("api", "status")).code == 200


async def test_hostile_runs_are_listed_without_unpickling(jp_root_dir, ask, runs):
    world = World(runs, jp_root_dir / "world")
    waiting, seen = [""], 0
    while waiting:
        answer = await ask(waiting.pop(), folder="world")
        seen += len(answer["items"])
        for item in answer["items"]:
            assert "\u202e" not in item["name"] + item["detail"] + item["reason"]
            assert "\x1b" not in item["name"] + item["detail"] + item["reason"]
            if item["kind"] != "artifact":
                waiting.append(item["pathspec"])
    assert seen > 50
    assert not world.bomb.exists()


def test_folders_stay_below_the_root(tmp_path):
    (tmp_path / "in").mkdir()
    assert folder_below(tmp_path, "") == tmp_path
    assert folder_below(tmp_path, "in") == tmp_path / "in"
    assert folder_below(tmp_path, "in/gone/away") == tmp_path / "in"
    for outside in ("..", "/etc", "in/../..", "\0"):
        with pytest.raises(ValueError, match="below the server's root"):
            folder_below(tmp_path, outside)


def test_the_extension_loads_nothing_heavy():
    program = (
        "import sys, mfwidgets.server.routes; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'pandas', 'ipywidgets', 'IPython', 'requests', 'jinja2', 'anywidget', 'numpy'}))"
    )
    # Jupyter Server itself may load some. Only additional ones count.
    bare = program.replace("mfwidgets.server.routes", "jupyter_server.base.handlers, jupyter_server.auth.decorator")
    loaded, server = (
        subprocess.run([sys.executable, "-c", one], capture_output=True, text=True, check=True).stdout.split()
        for one in (program, bare)
    )
    assert set(loaded) <= set(server)


def test_files_are_installed_for_jupyter():
    config = Path(__file__).parents[2] / "jupyter-config"
    package = json.loads((config / "labextensions" / "mfwidgets-sidebar" / "package.json").read_text())
    import mfwidgets

    assert package["version"] == mfwidgets.__version__
    assert (config / "labextensions" / "mfwidgets-sidebar" / package["jupyterlab"]["_build"]["load"]).is_file()
    enabled = json.loads((config / "jupyter_server_config.d" / "mfwidgets.json").read_text())
    assert enabled["ServerApp"]["jpserver_extensions"] == {"mfwidgets.server": True}
