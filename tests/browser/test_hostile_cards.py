"""Cards reach no server, in any way that a page can try, and change nothing around them."""

import re

import hostile_service as hostile
import pytest
from local_world import World
from playwright.sync_api import expect

from mfwidgets import Metaflow, get_cards
from mfwidgets.render.html import sandboxed_html

from .jupyterlab import browser

CARDS = {
    "location": "<script>location='{url}/location'</script>",
    "replace": "<script>window.location.replace('{url}/replace')</script>",
    "refresh": '<meta http-equiv="refresh" content="0;url={url}/refresh">',
    "link": '<a id=a href="{url}/link">x</a><script>a.click()</script>',
    "blank": '<a id=a target=_blank href="{url}/blank">x</a><script>a.click();window.open("{url}/open")</script>',
    "top": "<script>try{{top.location='{url}/top'}}catch(e){{}}try{{parent.location='{url}/parent'}}catch(e){{}}</script>",
    "target": '<a id=a target=_top href="{url}/target">x</a><a id=b target=_parent href="{url}/target">x</a><script>a.click();b.click()</script>',
    "form": '<form id=f action="{url}/form"><input name=q value=s></form><script>f.submit()</script>',
    "base": '<base href="{url}/"><img src=base><script>location="elsewhere"</script>',
    "download": '<a id=a download href="{url}/download">x</a><script>a.click()</script>',
    "fetch": "<script>fetch('{url}/fetch');new Image().src='{url}/image';navigator.sendBeacon('{url}/beacon')</script>",
    "socket": "<script>new WebSocket('{url}/socket'.replace('http','ws'));new EventSource('{url}/events')</script>",
    "worker": "<script>new Worker(URL.createObjectURL(new Blob([`fetch('{url}/worker')`])))</script>",
    "style": "<style>@import '{url}/import.css';body{{background:url({url}/background)}}</style><link rel=stylesheet href='{url}/sheet'>",
    "frame": "<iframe src='{url}/frame'></iframe><iframe srcdoc=\"<script>location='{url}/srcdoc'</script>\"></iframe>",
    "data frame": "<iframe src=\"data:text/html,<script>location='{url}/data'</script>\"></iframe><object data='{url}/object'></object><embed src='{url}/embed'>",
    "prefetch": "<link rel=prefetch href='{url}/prefetch'><link rel=preload as=image href='{url}/preload'><link rel=modulepreload href='{url}/module'>",
    "speculation": '<script type=speculationrules>{{"prefetch":[{{"source":"list","urls":["{url}/speculation"]}}]}}</script>',
    "script": "<script src='{url}/script'></script><script type=module>import('{url}/dynamic')</script>",
    "media": "<video src='{url}/video' autoplay></video><audio src='{url}/audio' autoplay></audio><svg><image href='{url}/svg'/></svg>",
    "history": "<script>history.pushState(0,'','/x');location.hash='x';location.reload()</script>",
    "own policy": "<meta http-equiv='Content-Security-Policy' content=\"default-src *; frame-src *\"><script>location='{url}/policy'</script>",
}


@pytest.mark.parametrize("place", ["page", "cell"])
def test_a_card_asks_no_server(tmp_path, place):
    world = World(tmp_path / "world")
    world.task("F")
    with (
        hostile.serving(hostile.says(b"<p>from the network", Content_Type="text/html")) as service,
        browser(tmp_path) as page,
    ):
        for number, card in enumerate(CARDS.values()):
            world.card("F/1/start/1", f"x{number}", card.format(url=service.url) + "<h1>the card</h1>", number)
        cards = get_cards(Metaflow(metadata=f"local@{world.base}", namespace=None).get("F/1/start/1"))
        assert len(cards) == len(CARDS)
        files = {}
        for name, card in zip(CARDS, cards, strict=True):
            file = files[name] = tmp_path / f"{place}-{name}.html"
            if place == "page":
                card.to_html(file)
            else:
                file.write_text(f"<!doctype html><body>{card._repr_mimebundle_()['text/html']}", encoding="utf-8")
        for name, file in files.items():
            page.goto(file.as_uri())
            page.wait_for_timeout(400)
            assert page.url == file.as_uri(), name
            assert len(page.context.pages) == 1, name
        assert [path for _, path, _ in service.asked] == []


def test_a_card_runs_its_scripts_and_fills_its_frame(tmp_path):
    with browser(tmp_path) as page:
        card = "<body style='margin:0'><h1 id=a>x</h1><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='><script>a.textContent='ran '+innerWidth</script>"
        file = tmp_path / "frame.html"
        html = sandboxed_html(card).replace("&", "&amp;").replace('"', "&quot;")
        file.write_text(
            f'<iframe id=x sandbox="allow-scripts" srcdoc="{html}" style="width:600px;height:200px;border:0"></iframe>'
        )
        page.goto(file.as_uri())
        expect(page.frame_locator("#x").frame_locator("iframe").locator("h1")).to_have_text(re.compile("^ran 600"))
        assert page.frame_locator("#x").locator("iframe").bounding_box()["width"] == 600
