"""Frames of cards in a page without scripts: a gallery opens one card, and a frame can be dragged larger."""

import pytest
from playwright.sync_api import expect

from mfwidgets import Metaflow

from .jupyterlab import browser


@pytest.fixture
def gallery(small, tmp_path):
    run = Metaflow(metadata=str(small.folder("gallery")), namespace=None).get(small["gallery"])
    file = run["end"].cards().to_html(tmp_path / "cards.html")
    with browser(tmp_path) as page:
        page.goto(file.as_uri())
        yield page


def card_in(page, number):
    frames = page.locator("details.mfw-card").nth(number).frame_locator(".mfw-frame").frame_locator("iframe")
    return frames.locator("body")


def test_a_gallery_shows_one_card_and_opens_another(gallery):
    expect(card_in(gallery, 0)).to_contain_text("Section 0")
    gallery.locator("details.mfw-card summary", has_text="short").click()
    expect(card_in(gallery, 1)).to_contain_text("All is well")
    assert gallery.locator("details.mfw-card[open]").count() == 1
    assert gallery.locator("details.mfw-card[open] > summary").inner_text() == "short"


def test_a_frame_can_be_dragged_larger(gallery):
    box = gallery.locator("details.mfw-card[open] .mfw-sizable")
    before = box.bounding_box()
    corner = before["x"] + before["width"] - 4, before["y"] + before["height"] - 4
    gallery.set_viewport_size({"width": 1300, "height": int(corner[1]) + 500})
    gallery.mouse.move(*corner)
    gallery.mouse.down()
    gallery.mouse.move(corner[0], corner[1] + 200, steps=5)
    gallery.mouse.up()
    after = box.bounding_box()
    assert after["height"] > before["height"] + 150
    frame = box.locator(".mfw-frame").bounding_box()
    assert frame["height"] > after["height"] - 20
