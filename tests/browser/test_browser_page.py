"""The page of the documentation that runs mfwidgets in the browser, in a chromium that reaches nothing but this machine."""

import functools
import importlib
import os
import re
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from documents.pages import DOCS
from markdown_it import MarkdownIt
from npm_packages import has_npm
from packaging.requirements import Requirement

from .jupyterlab import browser
from .pyodide_mirror import Mirror

pytestmark = pytest.mark.skipif(not has_npm() and not os.environ.get("CI"), reason="Pyodide comes from npm")

PAGE = DOCS / "browser.md"
STARTED_MS = 180_000  # Python starts in seconds; a busy machine takes longer


@pytest.fixture(scope="module")
def packing():
    """Return the extension of Sphinx that packs the packages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DOCS / "_extensions"))
        yield importlib.import_module("browser_page")


@pytest.fixture(scope="module")
def mirror():
    """Return the files of Pyodide that the page names."""
    return Mirror(re.search(r'data-distribution="([^"]+)"', PAGE.read_text())[1])


@pytest.fixture(scope="module")
def opened(packing, mirror, tmp_path_factory):
    """Open the page, start Python, and wait until all cells have run."""
    site = tmp_path_factory.mktemp("site")
    static = site / "_static" / "browser"
    static.mkdir(parents=True)
    for file in (DOCS / "_static" / "browser").iterdir():
        (static / file.name).write_bytes(file.read_bytes())
    size = packing.write_archive(static / "packages.zip")
    (site / "browser.html").write_text(as_html(PAGE.read_text()), encoding="utf-8")
    handler = functools.partial(_Quiet, directory=str(site))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        with browser(tmp_path_factory.mktemp("home")) as page:
            errors, hosts = [], set()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.context.on("request", lambda request: hosts.add(re.match(r"\w+:(//[^/]+/)?", request.url)[0]))
            page.context.route(f"{mirror.distribution}**", mirror.answer)
            page.goto(f"{address}browser.html")
            before = list(mirror.requested)
            page.get_by_role("button", name="Start Python").click()
            page.locator("[data-state=ready], [data-state=failed]").wait_for(timeout=STARTED_MS)
            yield SimpleNamespace(page=page, errors=errors, hosts=hosts, before=before, size=size, address=address)
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *values):
        pass


def as_html(text):
    """Return the page as Sphinx writes it, without its theme."""
    text = re.sub(r"```\{raw\} html\n(.*?)```", r"\1", text, flags=re.DOTALL)
    body = MarkdownIt("commonmark", {"html": True}).render(text)
    body = re.sub(
        r'<pre><code class="language-python">(.*?)</code></pre>',
        r'<div class="highlight-python"><div class="highlight"><pre>\1</pre></div></div>',
        body,
        flags=re.DOTALL,
    )
    return f'<!doctype html><meta charset="utf-8"><title>Try it</title><article>{body}</article>'


def output(opened, code):
    """Return the output of the page's cell that contains the code."""
    number = next(n for n, area in enumerate(opened.page.locator("textarea").all()) if code in area.input_value())
    return opened.page.locator(".page-output").nth(number)


def run_in(opened, code, *, cell=0):
    """Type code into a cell, run it, and return its output."""
    place = opened.page.locator(".page-cell").nth(cell)
    runs = int(place.get_attribute("data-runs"))
    place.locator("textarea").fill(code)
    place.locator("textarea").press("Shift+Enter")
    opened.page.locator(f".page-cell[data-runs='{runs + 1}']").first.wait_for()
    return place.locator(".page-output")


def test_displays_and_charts_run_without_a_server(opened):
    assert opened.page.locator(".page-status").inner_text() == "Ready."
    assert "TuningFlow" in output(opened, "mfwidgets.sample()").inner_text()
    assert "failed" in output(opened, "run = %mflow").inner_text()
    assert "raised ValueError" in output(opened, "run.why()").inner_text()
    assert output(opened, "plot.scatter").locator("svg circle, svg path").count() > 10
    assert output(opened, "best.data.rmse").inner_text().startswith("0.37")


def test_nothing_is_loaded_before_the_start_and_nothing_from_elsewhere(opened, mirror):
    assert opened.before == []
    assert opened.hosts <= {opened.address, mirror.distribution.partition("/pyodide/")[0] + "/", "blob:", "data:"}
    assert not [name for name in mirror.requested if name.startswith(("pandas", "numpy"))]


def test_the_explorer_answers_to_clicks(opened):
    explorer = output(opened, "mfwidgets.explore")
    explorer.get_by_text("40 runs").wait_for()
    explorer.get_by_text("1795718773746571").first.click()
    explorer.get_by_text("explains 97% of the variance").first.wait_for()
    explorer.get_by_placeholder("Filter").fill("optimizer=sgd")
    explorer.get_by_placeholder("Filter").press("Enter")
    explorer.get_by_text(re.compile(r"^1\d of 40 runs|^1\d runs")).wait_for()


def test_typed_code_runs_and_an_error_is_shown(opened):
    assert "%mflow why" in run_in(opened, "%mflow help").inner_text()
    shown = run_in(opened, "mfwidgets.Run('HelloFlow/404')").inner_text()
    assert "MetaflowNotFound" in shown
    assert run_in(opened, "print(1 + 1)").inner_text().strip() == "2"
    assert opened.errors == []


def test_pandas_is_requested_by_the_cell_that_needs_it(opened, mirror):
    run_in(opened, "runs.to_pandas()")
    assert any(name.startswith("pandas-") for name in mirror.requested)
    assert "did not work" in opened.page.locator(".page-status").inner_text()  # the npm package has no pandas
    assert run_in(opened, "len(runs.to_dicts())").inner_text().strip() == "40"


def test_the_archive_weighs_what_the_page_says(opened):
    said = re.search(r"(\d+(?:\.\d+)?) MB of mfwidgets", " ".join(PAGE.read_text().split()))
    assert said
    assert abs(opened.size / 1e6 - float(said[1])) < 0.5


def test_compiled_packages_are_in_the_distribution_and_new_enough(packing, mirror):
    from documents.test_project_files import PROJECT

    listed = re.search(r'data-compiled="([^"]+)"', PAGE.read_text())[1].split()
    assert sorted([*listed, "pandas"]) == sorted(packing.COMPILED)
    required = {need.name: need for need in map(Requirement, PROJECT["project"]["dependencies"])}
    for name in packing.COMPILED:
        version = mirror.lock["packages"][name]["version"]
        assert name not in required or version in required[name].specifier
    left = set(required) - set(packing.COMPILED) - set(packing.PACKAGES)
    assert left == {"requests", "urllib3"}  # only services need them
