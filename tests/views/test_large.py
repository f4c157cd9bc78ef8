"""Large runs: displays stay within limits and name what they omit, pages stay small and contain no secrets."""

import re
import shutil

import pytest
from hostile import Inspector
from wide import widen

from mfwidgets import Metaflow
from mfwidgets.display_options import options


@pytest.fixture(scope="module")
def wide(runs, tmp_path_factory):
    """Runs of 203 and of 1,503 tasks."""
    folder = tmp_path_factory.mktemp("wide")
    flow, run_id = runs["foreach"].split("/")
    shutil.copytree(runs.root / flow, folder / ".metaflow" / flow)
    wide_run = folder / ".metaflow" / flow / run_id
    shutil.copytree(wide_run, wide_run.with_name("1500000000000000"))
    widen(wide_run, "work", 200)
    widen(wide_run.with_name("1500000000000000"), "work", 1500)
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    return client[flow][run_id], client[flow]["1500000000000000"]


def test_the_page_of_a_run_of_200_tasks_is_small(wide, tmp_path):
    for shown in (wide[0], wide[0].timeline()):
        page = shown.to_html(tmp_path / "run.html").read_text(encoding="utf-8")
        assert len(page.encode()) <= 300_000
        Inspector(page.replace("<!doctype html>", "", 1))
        assert not re.search(r"<script|<link|@import|url\(", page)
    assert page.count("item ") > 50


def test_large_runs_are_shown_within_bounds(wide):
    small, large = wide
    for shown in (large, large["work"], large.tasks(), large["work"].grid(), large["join"].task, small["join"].task):
        bundle = shown._repr_mimebundle_()
        assert "timed out" not in bundle["text/plain"]
        assert len(bundle["text/html"].encode()) <= options.display_max_bytes
    assert "20 of 1,500" in large["work"]._repr_mimebundle_()["text/plain"]
    assert re.search(r"work .*✓ completed +1,500 ", large._repr_mimebundle_()["text/plain"])
    assert "among 1,500 tasks of work" in large["join"].task._repr_mimebundle_()["text/plain"]
    assert re.search(r"parents +✓ work/\d+, .* and 195 more", small["join"].task._repr_mimebundle_()["text/plain"])


def test_no_secret_gets_into_a_page(on_service, tmp_path):
    there, service = on_service
    secret = "s3cr3t-of-ann"
    client = Metaflow(metadata=service.url, namespace=None, headers={"x-api-key": secret, "Authorization": secret})
    run = client.get(there["failing"])
    shown = (client, run.parent, run, *run, *run.tasks(), run.why(), run.artifacts())
    for one in shown:
        assert secret not in one.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
        assert secret not in repr(one.to_dict())
        assert secret not in "".join(one._repr_mimebundle_().values())
        assert secret not in repr(one)
