"""Data in the cloud: the tests read what real Metaflow wrote to a real S3 server. Other clouds share most of the code."""

import re
import select
import socket
import sys
import time
from pathlib import Path

import pytest
from s3_server import BUCKET
from waiting import PATIENCE_S, PROMPT_S, Gauge, interrupt_when

import mfwidgets
from mfwidgets import Metaflow, get_cards
from mfwidgets.concurrency import call_with_timeout, in_background, parallel_map
from mfwidgets.config import read_configuration
from mfwidgets.datastore.cloud import CLOUDS, CloudDatastore, open_cloud
from mfwidgets.errors import BlobMissing, DataException, DeadlineExceeded


@pytest.fixture
def client(on_s3, tmp_path, monkeypatch):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path / "cache"))
    return Metaflow(metadata=on_s3[0].folder, namespace=None)


def blob_of(artifact):
    return f"metaflow/{artifact.path_components[0]}/data/{artifact.sha[:2]}/{artifact.sha}"


@pytest.fixture
def spoiled(on_s3, client):
    """An artifact whose stored bytes a test can change. They are restored afterwards."""
    runs, server = on_s3
    artifact = client.get(runs["linear"])["start"].task["text"]
    s3 = server.client()
    whole = s3.get_object(Bucket=BUCKET, Key=blob_of(artifact))["Body"].read()
    yield artifact, s3
    s3.put_object(Bucket=BUCKET, Key=blob_of(artifact), Body=whole)


def test_artifacts_logs_and_types(client, on_s3):
    runs, _ = on_s3
    run = client.get(runs["linear"])
    assert run.status == "completed"
    assert run.data.text == "grün & <b>bold</b>"
    task = run["start"].task
    assert task.stdout.startswith("out: first\n")
    assert task.stdout_size > 100
    assert (task["x"].type, task["x"].size) == ("int", 5)
    assert set(run.artifacts().to_pandas().type) == {"float", "str", "int", "NoneType", "list"}
    assert [attempt.stdout for attempt in client.get(runs["retry"])["flaky"].task.attempts] == [
        "attempt 0\n",
        "attempt 1\n",
    ]
    assert "out: first" in run["start"].task._repr_html_()


def test_included_files_cards_and_code(client, on_s3):
    runs, _ = on_s3
    data = client.get(runs["parameters"]).data
    assert data.words == "eins\nzwei\nüç\n"
    assert data.bits.startswith(b'"""Parameters')
    for name in ("cards", "cards-resumed"):
        cards = get_cards(client.get(runs[name])["start"].task)
        assert [card.id for card in cards] == ["first", "second"]
        assert "<html" in cards[0].get()
    assert client.get(runs["packed"]).code.flowspec.startswith('"""')


def test_large_objects(client, on_s3):
    task = client.get(on_s3[0]["many"])["only"].task
    assert len(task["large"].data) == 30_000_000
    assert len(task.to_pandas()) == 199


def test_the_beginning_of_a_large_object_is_shown(client, on_s3, monkeypatch):
    artifact = client.get(on_s3[0]["many"])["only"].task["large"]
    true_read, asked = CloudDatastore.read_range, []
    monkeypatch.setattr(
        CloudDatastore,
        "read_range",
        lambda self, key, start, length: asked.append(length) or true_read(self, key, start, length),
    )
    text = artifact._repr_mimebundle_()["text/plain"]
    assert "30,000,000 bytes" in text
    assert text.count("\n   ") > 10
    assert sum(asked) <= 4_000_000


def test_ranges(client, on_s3):
    artifact = client.get(on_s3[0]["linear"])["start"].task["text"]
    store = artifact._context.datastore("s3", f"s3://{BUCKET}/metaflow")
    key = blob_of(artifact).removeprefix("metaflow/")
    whole = store.read(key)
    assert store.read_range(key, 0, 10) == whole[:10]
    assert store.read_range(key, len(whole) - 5, 100) == whole[-5:]
    assert store.read_range(key, len(whole), 10) == b""
    assert store.read_range("missing", 0, 10) is None


def test_large_objects_show_a_progress_bar(client, on_s3, monkeypatch, capsys):
    from mfwidgets.datastore import cloud

    monkeypatch.setattr(cloud, "_PROGRESS_DELAY_S", 0)
    artifact = client.get(on_s3[0]["many"])["only"].task["large"]
    assert len(artifact.raw()) > 30_000_000
    told = capsys.readouterr().err
    assert re.search(rf"s3://{BUCKET}/metaflow: .*/30.0M", told)
    mfwidgets.clear_cache()
    monkeypatch.setattr(cloud, "_PROGRESS_DELAY_S", 60)
    assert len(artifact.raw()) > 30_000_000
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_ends_a_request(on_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("METAFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        artifact = Metaflow(metadata=on_s3[0].folder, namespace=None).get(on_s3[0]["linear"])["start"].task["text"]
        with interrupt_when(lambda: select.select([silent], [], [], 0)[0]), pytest.raises(KeyboardInterrupt):
            _ = artifact.data


def test_at_most_16_requests_at_once_and_none_after_giving_up(monkeypatch):
    import obstore
    from obstore.store import MemoryStore

    gauge, asked = Gauge(), []

    def head(store, key):
        asked.append(key)
        with gauge:
            time.sleep(0.01)
        raise FileNotFoundError(key)

    monkeypatch.setattr(obstore, "head", head)
    both = [CloudDatastore(MemoryStore(), "s3://runs/metaflow") for _ in range(2)]  # two clients
    counts = [in_background(lambda one=one: parallel_map(one.size, map(str, range(60))), "test") for one in both]
    assert [count.result(PATIENCE_S) for count in counts] == [[None] * 60] * 2
    assert 2 <= gauge.most <= 16
    with pytest.raises(DeadlineExceeded):
        call_with_timeout(0.1, lambda: parallel_map(both[0].size, map(str, range(10_000))))
    before = len(asked)
    time.sleep(0.5)
    assert len(asked) <= before + 16


def test_the_end_of_a_log(on_s3, client, monkeypatch):
    from mfwidgets.datastore import logs

    task = client.get(on_s3[0]["linear"])["start"].task
    whole = [line.message for line in task.logs()]
    monkeypatch.setattr(logs, "_TAIL_BYTES", 60)
    monkeypatch.setattr(logs, "_LINE_BYTES", 1)
    assert [line.message for line in task.logs(tail=1)] == whole[-1:]
    assert [line.message for line in task.logs(tail=50)] == whole


def test_blobs_are_requested_once(client, on_s3, monkeypatch):
    artifact = client.get(on_s3[0]["linear"])["start"].task["text"]
    value = artifact.data
    assert mfwidgets.cache_info().files == 1
    asked = []
    monkeypatch.setattr(CloudDatastore, "read", lambda self, key, max_bytes=None: asked.append(key))
    assert artifact.data == value
    assert asked == []
    mfwidgets.clear_cache()
    with pytest.raises(BlobMissing):
        _ = artifact.data


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (lambda s3, key: s3.delete_object(Bucket=BUCKET, Key=key), BlobMissing, f"missing from s3://{BUCKET}/metaflow"),
        (lambda s3, key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"other"), DataException, "are damaged"),
        (lambda s3, key: s3.put_object(Bucket=BUCKET, Key=key, Body=b""), DataException, "the 0 bytes in s3://"),
        (lambda s3, key: s3.put_object(Bucket=BUCKET, Key=key, Body=b"\x1f\x8b\x08half"), DataException, "are damaged"),
    ],
)
def test_damaged_blobs(spoil, error, said, spoiled):
    artifact, s3 = spoiled
    spoil(s3, blob_of(artifact))
    with pytest.raises(error) as caught:
        _ = artifact.data
    assert said in str(caught.value)
    assert artifact.parent["x"].data == 1  # other artifacts are not affected
    assert artifact.type == "str"


def fails(client, runs):
    began = time.monotonic()
    artifact = client.get(runs["linear"])["start"].task["text"]
    with pytest.raises(DataException) as caught:
        _ = artifact.data
    assert time.monotonic() - began < 4 * PROMPT_S
    assert "test-secret-key" not in str(caught.value) + repr(caught.value.__cause__)
    assert "text" in artifact.parent._repr_html_()  # its records can be shown
    return str(caught.value)


def test_wrong_keys(on_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    said = fails(Metaflow(metadata=on_s3[0].folder, namespace=None), on_s3[0])
    assert "The current credentials may not read" in said


def test_no_keys(on_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = fails(Metaflow(metadata=on_s3[0].folder, namespace=None), on_s3[0])
    assert "The current credentials may not read" in said


def test_no_server(on_s3, monkeypatch, tmp_path):
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("METAFLOW_S3_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
    said = fails(Metaflow(metadata=on_s3[0].folder, namespace=None), on_s3[0])
    assert "cannot be read: " in said


def test_a_profile(on_s3, monkeypatch, tmp_path):
    """Keys come from all sources of boto3."""
    runs, server = on_s3
    credentials = tmp_path / "credentials"
    credentials.write_text(
        f"[team]\naws_access_key_id = {server.environ['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {server.environ['AWS_SECRET_ACCESS_KEY']}\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_PROFILE", "team")
    monkeypatch.setenv("METAFLOW_CLIENT_CACHE_PATH", str(tmp_path))
    assert Metaflow(metadata=runs.folder, namespace=None).get(runs["linear"]).data.x == 2


@pytest.mark.parametrize(("kind", "root"), [("s3", "s3://b/p"), ("azure", "container/p"), ("gs", "gs://b/p")])
def test_a_missing_extra_says_what_to_install(kind, root, monkeypatch):
    extra, package, _ = CLOUDS[kind]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataException, match=rf"needs an extra: pip install 'mfwidgets\[{extra}\]'"):
        open_cloud(kind, root, read_configuration())


def test_reading_from_any_cloud():
    """A store in memory stands for any cloud of obstore."""
    from obstore.store import MemoryStore

    store = MemoryStore()
    for key, content in {"F/1/s/2/0.data.json": b"{}", "F/1/s/2/0.DONE.lock": b'""', "F/1/s/2/deep/er": b"x"}.items():
        store.put(key, content)
    datastore = CloudDatastore(store, "memory://")
    assert datastore.read("F/1/s/2/0.data.json") == b"{}"
    assert datastore.read("F/1/s/2/none") is None
    assert datastore.size("F/1/s/2/0.DONE.lock") == 2
    assert datastore.size("F/none") is None
    assert datastore.names("F/1/s/2") == ["0.DONE.lock", "0.data.json", "deep"]
    assert datastore.names("F/9") == []
    assert datastore.describe() == "memory://"


def test_reading_local_runs_imports_no_cloud_packages(runs):
    import subprocess

    program = (
        f"import sys, mfwidgets as m; m.metadata({str(runs.folder)!r}); m.namespace(None); "
        "m.Flow('LinearFlow').latest_run.data.x; print(*[n for n in ('obstore', 'boto3', 'requests') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.home())
    assert done.stdout.strip() == ""
