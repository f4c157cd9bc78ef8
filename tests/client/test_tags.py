"""Changes of tags: the same results and errors as Metaflow's client on a copy of the run."""

import json
import subprocess
import sys
import threading

import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.errors import MetaflowTaggingError
from mfwidgets.providers import local_tags


@pytest.fixture
def run(own_client, own_runs):
    return own_client.get(own_runs["linear"])


@pytest.fixture
def entry(own_runs):
    return own_runs.root.joinpath(*own_runs["linear"].split("/"), "_meta", "_self.json")


def stored(entry):
    return set(json.loads(entry.read_bytes())["tags"])


def test_all_tag_methods(run, entry):
    run.add_tag("a")
    run.add_tags(["b", "c"])
    run.remove_tag("nightly")
    run.remove_tags(["c", "absent"])
    run.replace_tag("a", "d")
    run.replace_tags(["d"], ["d", "ü/ \n"])  # removals come first
    assert run.user_tags == stored(entry) == {"team:blue", "b", "d", "ü/ \n"}


def test_lists_and_generators_of_tags(run, entry):
    run.add_tag(["a", "b"])
    run.add_tags(f"g{number}" for number in range(3))
    run.add_tags("single")
    run.remove_tag(tag for tag in ("a", "b"))
    assert stored(entry) == {"team:blue", "nightly", "g0", "g1", "g2", "single"}
    run.add_tag(b"bytes")
    assert "bytes" in run.tags


def test_a_system_tag_is_not_changed(run, entry):
    before = entry.read_bytes()
    run.add_tag("user:ann")
    assert entry.read_bytes() == before  # an empty change writes nothing
    assert "user:ann" not in run.user_tags
    with pytest.raises(MetaflowTaggingError, match="Cannot remove 'user:ann', because it is a system tag"):
        run.replace_tags(["nightly", "user:ann"], ["new"])
    assert entry.read_bytes() == before


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ("", "got an empty str"),
        ("x" * 501, "at most 500 characters, got 501 ("),
        ("\udcff", "can be written as UTF-8"),
        (b"\xff", "a tag in UTF-8, got"),
        ([], "at least one"),
        (7, "got int (7)"),
        (None, "got NoneType"),
        ([None], "Expected a tag to be a str, got NoneType"),
        (["good", ""], "got an empty str"),
        ([f"t{number}" for number in range(49)], "after the change, got 51"),
    ],
)
def test_invalid_tags(run, entry, tags, message):
    before = entry.read_bytes()
    with pytest.raises(MetaflowTaggingError) as caught:
        run.add_tags(tags)
    assert message in str(caught.value)
    assert entry.read_bytes() == before


def test_a_set_that_is_too_large_can_shrink(run, entry):
    entry.write_text(json.dumps(json.loads(entry.read_bytes()) | {"tags": [f"t{number}" for number in range(60)]}))
    run.replace_tags(["t1", "t2"], ["new"])
    assert len(stored(entry)) == 59


def test_nothing_else_changes(run, entry, own_runs, own_client):
    before = json.loads(entry.read_bytes())
    order = [found.id for found in own_client["LinearFlow"]]
    run.add_tag("late")
    after = json.loads(entry.read_bytes())
    assert {key: value for key, value in after.items() if key != "tags"} == {
        key: value for key, value in before.items() if key != "tags"
    }
    assert [found.id for found in own_client["LinearFlow"]] == order
    assert [path.name for path in entry.parent.iterdir()] == ["_self.json"]
    assert entry.stat().st_mode & 0o777 == 0o600


def test_tags_are_shared_with_metaflow(own_runs, own_client, metaflow, runs):
    metaflow.metadata(f"local@{own_runs.folder}")
    try:
        own_client.get(own_runs["linear"]).add_tag("ours")
        theirs = metaflow.Run(own_runs["linear"])
        assert theirs.user_tags == {"team:blue", "nightly", "ours"}
        created = own_client.get(own_runs["linear"]).created_at
        theirs.replace_tag("ours", "theirs")
        again = own_client.get(own_runs["linear"])
        assert again.user_tags == {"team:blue", "nightly", "theirs"}
        assert abs((again.created_at - created).total_seconds()) < 1
    finally:
        metaflow.metadata(f"local@{runs.folder}")


def test_concurrent_changes_lose_nothing(own_client, own_runs, entry):
    threads = [
        threading.Thread(target=lambda tag=tag: own_client.get(own_runs["linear"]).add_tag(tag)) for tag in "abcdefgh"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stored(entry) == {"team:blue", "nightly", *"abcdefgh"}


def test_a_lost_race_raises(run, entry, monkeypatch):
    monkeypatch.setattr(local_tags, "RETRY_DELAY_S", 0)
    monkeypatch.setattr(local_tags, "_replace", lambda *_: None)
    with pytest.raises(MetaflowTaggingError, match="keep being changed by another process"):
        run.add_tag("mine")


def test_a_run_that_is_gone_and_a_folder_that_cannot_be_written(run, entry, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local_tags.tempfile, "NamedTemporaryFile", full)
    with pytest.raises(MetaflowTaggingError, match="cannot be changed: No space left on device"):
        run.add_tag("x")
    entry.unlink()
    with pytest.raises(MetaflowTaggingError, match="The run was deleted"):
        run.add_tag("x")


CHANGE = """
import sys
from mfwidgets import Metaflow
flow = Metaflow(metadata=f"local@{sys.argv[1]}", namespace=None)["F"]
for number in range(12):
    for run in flow:
        run.add_tag(f"{sys.argv[2]}-{number}")
"""


def test_four_processes_lose_no_tags(tmp_path):
    world = World(tmp_path)
    for run in range(5):
        world.task("F", str(run))
    writers = [subprocess.Popen([sys.executable, "-c", CHANGE, str(tmp_path), str(number)]) for number in range(4)]
    assert [writer.wait(120) for writer in writers] == [0] * 4
    for run in Metaflow(metadata=f"local@{tmp_path}", namespace=None)["F"]:
        assert run.user_tags == {f"{writer}-{number}" for writer in range(4) for number in range(12)}
