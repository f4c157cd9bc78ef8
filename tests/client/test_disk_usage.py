"""Bytes in a datastore: local files counted one by one, shared blobs, limits, clouds, odd folders."""

import hashlib
import os

import pytest
from local_world import World

from mfwidgets import Metaflow
from mfwidgets.client.answers.disk_usage import DiskUsage
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.queries import disk
from mfwidgets.queries.disk import OTHER_BLOBS, Budget, DiskRow, flow_rows, rows_of_flow


def bytes_below(folder):
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return sum(file.stat().st_size for file in files), len(files)


def by_name(rows, kind):
    return {row.name: row for row in rows if row.kind == kind}


def test_flows_take_what_their_files_take(client, runs):
    usage = client.disk_usage()
    flows = by_name(usage, "flow")
    assert list(flows) == [row.name for row in sorted(usage, key=lambda row: -row.size)]
    for name, row in flows.items():
        size, number = bytes_below(runs.root / name)
        cards = bytes_below(runs.root / "mf.cards" / name)
        assert (row.size, row.objects) == (size + cards[0], number + cards[1])
    assert usage.size == sum(row.size for row in usage)
    assert usage.left_out == []


def test_parts_of_a_flow_are_the_whole(client, runs):
    flow = client["CardFlow"]
    usage = flow.disk_usage()
    parts = by_name(usage, "part")
    assert set(parts) == {"artifacts", "cards", "records and logs", OTHER_BLOBS}
    (whole,) = [row for row in client.disk_usage() if row.name == "CardFlow"]
    assert usage.size == whole.size
    assert parts["cards"].size == bytes_below(runs.root / "mf.cards" / "CardFlow")[0] > 0
    assert set(by_name(usage, "run")) == {run.pathspec for run in flow}


def test_shared_blobs_count_once_for_the_flow(client):
    usage = client["LinearFlow"].disk_usage()
    runs, parts = by_name(usage, "run"), by_name(usage, "part")
    assert sum(row.size for row in runs.values()) > parts["artifacts"].size + parts["records and logs"].size
    assert all(0 < row.own_size < row.size for row in runs.values())
    names = by_name(usage, "artifact")
    assert {"x", "alpha", "_graph_info"} <= set(names)
    largest = max(names.values(), key=lambda row: row.size)
    assert next(iter(names.values())) == largest


def test_code_packages_are_other_blobs(client, runs):
    usage = client["ForeachFlow"].disk_usage()
    code = client.get(runs["packed"]).code
    blob = runs.root / "ForeachFlow" / "data" / code.sha[:2] / code.sha
    assert by_name(usage, "part")[OTHER_BLOBS].size >= blob.stat().st_size


@pytest.fixture
def world(tmp_path):
    """Two runs: one blob is shared, each has another one."""
    world = World(tmp_path)
    for run in ("1", "2"):
        world.task("F", run, "end", "1")
        world.artifact(f"F/{run}/end/1", "shared", 7)
        world.artifact(f"F/{run}/end/1", "own", run)
    return world


def test_own_bytes_are_those_of_no_other_run(world):
    flow = Metaflow(metadata=str(world.base), namespace=None)["F"]
    rows = rows_of_flow(flow._context, "F", Budget(60))
    blobs = {hash_of(file): file.stat().st_size for file in (world.root / "F" / "data").rglob("*") if file.is_file()}
    files = bytes_below(world.root / "F" / "1")[0]
    run, names = by_name(rows, "run")["F/1"], by_name(rows, "artifact")
    assert run.size - run.own_size == names["shared"].size
    assert names["own"].size + names["shared"].size == sum(blobs.values())
    assert run.own_size > files


def hash_of(file):
    return hashlib.sha1(file.read_bytes(), usedforsecurity=False).hexdigest()


def test_limits_say_what_was_left_out(world, monkeypatch):
    context = Metaflow(metadata=str(world.base), namespace=None)._context
    over = Budget(0)
    assert flow_rows(context, ["F"], over) == []
    assert over.left_out == ["F and later flows were not listed in 0 s."]
    ticks = iter(range(100))
    late = Budget(3, clock=lambda: next(ticks))
    rows = rows_of_flow(context, "F", late)
    assert by_name(rows, "part")[OTHER_BLOBS].size > 0
    assert "attempts were not read in 3 s" in late.left_out[0]
    monkeypatch.setattr(disk, "MAX_OBJECTS", 3)
    few = Budget(60)
    assert by_name(rows_of_flow(context, "F", few), "part")
    assert few.left_out == ["F: only the first 3 objects were counted."]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_not_followed(world, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "large").write_bytes(b"x" * 10**6)
    before = Metaflow(metadata=str(world.base), namespace=None).disk_usage().size
    (world.root / "F" / "data" / "link").symlink_to(outside)
    (world.root / "F" / "file").symlink_to(outside / "large")
    assert Metaflow(metadata=str(world.base), namespace=None).disk_usage().size == before


def test_damaged_files_hide_only_themselves(world):
    (world.root / "F" / "1" / "end" / "1" / "0.data.json").write_text("{")
    rows = rows_of_flow(Metaflow(metadata=str(world.base), namespace=None)._context, "F", Budget(60))
    assert by_name(rows, "run")["F/2"].size > by_name(rows, "run")["F/1"].size


@pytest.mark.parametrize("seconds", [-1, "1", None, True, float("nan")])
def test_invalid_limits(client, seconds):
    with pytest.raises(MetaflowInvalidArgument, match="Expected seconds="):
        client.disk_usage(seconds)


def test_a_cloud_is_listed(on_s3):
    there, _ = on_s3
    client = Metaflow(metadata=str(there.folder), namespace=None)
    usage = client["LinearFlow"].disk_usage()
    parts, runs = by_name(usage, "part"), by_name(usage, "run")
    assert parts["artifacts"].size > 0
    assert there["linear"] in runs
    assert "x" in by_name(usage, "artifact")
    assert usage.left_out == []
    assert client.disk_usage().size >= usage.size


def test_a_service_has_the_sizes_of_its_local_data(on_service):
    _, service = on_service
    usage = Metaflow(metadata=service.url, namespace=None)["LinearFlow"].disk_usage()
    assert by_name(usage, "artifact")["x"].size > 0


def test_the_display_escapes_and_is_bounded():
    rows = [DiskRow("run", f"F/<b>{number}", number, number // 2, 1) for number in range(5_000, 0, -1)]
    usage = DiskUsage("<script>", rows, ["<i>left out</i>"] * 100)
    html = usage._repr_html_()
    assert "<script>" not in html
    assert "<b>5" not in html
    assert "of 5,000" in html
    assert len(html) < 200_000
    text = usage._repr_mimebundle_()["text/plain"]
    assert "This is a report. Nothing was changed." in text
    assert usage.to_dict()["size"] == 0
    assert list(usage.to_pandas().columns) == ["kind", "name", "size", "own_size", "objects"]
