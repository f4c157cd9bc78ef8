"""Hostile runs in every display and export: no markup, no unpickling, no exceeded limit."""

import json

import pytest
from hostile import Inspector, World, assert_visible, everything

from mfwidgets.display_options import options


@pytest.fixture(scope="module")
def world(runs, tmp_path_factory):
    return World(runs, tmp_path_factory.mktemp("hostile"))


def test_every_display_is_harmless(world):
    kinds, frames = {}, 0
    for shown in everything(world.client()):
        if shown is None:
            continue
        bundle = shown._repr_mimebundle_()
        assert_visible(bundle["text/plain"])
        found = Inspector(bundle["text/html"])
        frames += found.frames
        assert found.frames <= 2
        assert "Cannot show" not in bundle["text/plain"], bundle["text/plain"]
        assert "timed out" not in bundle["text/plain"], bundle["text/plain"]
        kinds[type(shown).__name__] = kinds.get(type(shown).__name__, 0) + 1
        assert len(bundle["text/html"].encode()) <= 1.5 * options.display_max_bytes
    assert not world.bomb.exists()
    assert frames >= 2
    assert set(kinds) >= {"Metaflow", "Flow", "Run", "Step", "Task", "DataArtifact", "Why", "Grid", "MetaflowCode"}
    assert set(kinds) >= {"Logs", "Card", "CardContainer", "Lineage", "Comparison", "MetaflowData", "Runs", "Tasks"}


def test_every_export_is_harmless(world, tmp_path):
    seen = set()
    for shown in everything(world.client()):
        if shown is None or type(shown) in seen:
            continue
        seen.add(type(shown))
        Inspector(shown.to_html(tmp_path / "page.html").read_text(encoding="utf-8").replace("<!doctype html>", "", 1))
        assert json.dumps(shown.to_dict(), default=str)  # values of a comparison can be arrays
        if hasattr(shown, "to_dicts"):
            assert shown.to_dicts() is not None
    assert not world.bomb.exists()
    assert len(seen) > 15
