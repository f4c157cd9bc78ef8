"""The scripts of widgets in a real browser with a stub model: what they show and send, and how they handle errors."""

import pytest

from mfwidgets.widgets.explorer.script import STATIC, joined_script, style_sheet

from .jupyterlab import browser

START = """async ([source, css, state]) => {
  document.body.innerHTML = `<style>${css}</style><div id="el"></div>`;
  const listeners = {};
  window.sent = [];
  window.model = {
    get: name => state[name],
    set: (name, value) => { state[name] = value; (listeners[`change:${name}`] ?? []).forEach(act => act()); },
    on: (name, act) => (listeners[name] ??= []).push(act),
    off: (name, act) => { listeners[name] = (listeners[name] ?? []).filter(one => one !== act); },
    save_changes: () => { window.saved = { ...state }; },
    send: content => window.sent.push(content),
    tell: content => (listeners["msg:custom"] ?? []).forEach(act => act(content)),
    heard: () => Object.values(listeners).flat().length,
  };
  const module = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  window.cleanup = module.default.render({ model: window.model, el: document.getElementById("el") });
}"""

HTML = (
    '<details open><summary>Steps</summary><code data-pathspec="F/1/a">a</code> <code data-pathspec="F/1/b">b</code>'
    ' <svg><g data-pathspec="F/1/c"><text y="60">c</text></g></svg></details>'
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("home")) as opened:
        yield opened


def start(page, script, **state):
    page.goto("about:blank")
    page.evaluate(START, [(STATIC / script).read_text(), (STATIC / "widgets.css").read_text(), state])


def watch(page, **state):
    """Show the watch of a run with a stub model."""
    live = {"pathspec": "F/1", "status": "running", "words": "fit: 18 of 40 tasks", "spoken": "fit, 40%", "done": 18}
    live |= {"planned": 40, "left": "about 3 m left", "elapsed_ms": 125_000, "duration_ms": None, "followed": ""}
    live |= {"next_s": 1, "problem": "", "ended": "", "again": False, "polls": 1}
    page.goto("about:blank")
    source, css = joined_script(STATIC / "watch.js"), style_sheet(STATIC / "watch.css")
    page.evaluate(START, [source, css, {"html": HTML, "hides": "mfw-snapshot-1", "live": live | state}])
    page.locator(".mfww").wait_for()


def test_a_click_and_enter_choose_the_log(page):
    watch(page)
    page.locator("[data-pathspec='F/1/b']").click()
    page.locator("g").click()
    assert page.evaluate("sent") == [{"follow": "F/1/b"}, {"follow": "F/1/c"}]
    assert page.locator(".mfww-body [tabindex='0']").count() == 1  # Tab goes to the first, arrow keys to the others
    page.locator("[data-pathspec='F/1/a']").focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowDown", "Enter", "ArrowLeft", " ", "x"):
        page.keyboard.press(key)
    assert page.evaluate("sent.slice(2)") == [{"follow": "F/1/c"}, {"follow": "F/1/b"}]


def test_new_html_changes_only_what_differs(page):
    watch(page)
    page.evaluate("window.kept = [...document.querySelectorAll('.mfww-body *')]")
    page.locator("[data-pathspec='F/1/b']").focus()
    page.locator("summary").click()
    changed = HTML.replace(">a<", ">A<").replace("<svg", "<p>new</p><svg")
    page.evaluate("html => model.set('html', html)", changed)
    page.locator(".mfww-body p", has_text="new").wait_for(state="attached")
    assert page.evaluate("kept.every(node => node.isConnected)")
    assert page.locator("details").get_attribute("open") is None  # as the user left it
    assert page.locator("[data-pathspec='F/1/a']").text_content() == "A"
    page.locator("summary").click()
    page.locator("[data-pathspec='F/1/b']").focus()
    page.evaluate("html => model.set('html', html)", HTML)
    page.locator(".mfww-body p").wait_for(state="detached")
    assert page.evaluate("document.activeElement.dataset.pathspec") == "F/1/b"
    page.evaluate("model.set('html', '<details open><summary>Log</summary>x</details>' + model.get('html'))")
    page.locator("summary", has_text="Log").wait_for()
    assert page.evaluate("kept.every(node => node.isConnected)")  # a new section before the others


def test_the_bar_says_how_far_the_run_is(page):
    watch(page)
    bar = page.locator(".mfww-bar")
    assert bar.get_by_role("progressbar").get_attribute("aria-valuenow") == "18"
    assert "2 m 05 s" in bar.inner_text()
    page.locator(".mfww-bar", has_text="2 m 06 s").wait_for()  # the page counts the seconds
    assert page.get_by_role("status").first.text_content() == "running, fit, 40%"  # a reader hears no seconds
    bar.get_by_role("button", name="Stop watching").click()
    assert page.evaluate("sent") == [{"stop": True}]
    page.evaluate("model.set('live', { ...model.get('live'), ended: 'Watching was stopped.', again: true })")
    bar.get_by_role("button", name="Watch again").click()
    assert page.evaluate("sent.slice(1)") == [{"again": True}]
    assert bar.get_by_role("button", name="Stop watching").count() == 0
    assert page.locator(".mfww-ended").inner_text() == "Watching was stopped."


def test_a_kernel_that_says_nothing_counts_as_lost(page):
    page.clock.install()
    watch(page, followed="F/1/b")
    page.clock.run_for(20_000)
    assert page.get_by_role("alert").count() == 0
    page.clock.run_for(20_000)
    assert "No news for " in page.get_by_role("alert").inner_text()
    page.evaluate("model.set('live', { ...model.get('live'), polls: 2 })")
    page.clock.run_for(100)
    assert page.get_by_role("alert").count() == 0
    page.get_by_role("button", name="log of the newest task").click()
    assert page.evaluate("sent") == [{"follow": ""}]


def test_errors_are_shown_and_removal_cleans_up(page):
    watch(page)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p class=\"mfw-snapshot-1\">picture</p>')")
    assert not page.locator(".mfw-snapshot-1").is_visible()
    page.evaluate("cleanup()")
    assert page.evaluate("model.heard()") == 0


def test_the_viewer_measures_its_space(page):
    lines(page)
    page.wait_for_function("window.saved !== undefined")
    wide = page.evaluate("window.saved.columns")
    page.evaluate("document.getElementById('el').style.width = '400px'")
    page.wait_for_function("wide => window.saved.columns < wide", arg=wide)
    assert 30 < page.evaluate("window.saved.columns") < 80


def lines(page, total=1_000_000, **state):
    known = {"total": total, "version": 1, "current": -1, "columns": 0, "follow": False, "height": 200, "snapshot": ""}
    known |= {"start": -1, "top": 0}
    start(page, "log_lines.js", **(known | state))


ANSWER = """() => { for (const asked of sent.splice(0)) model.tell({ page: asked.page, version: asked.version,
  lines: Array.from({ length: 500 }, (_, at) => ({ margin: "t", spans: [[`line ${asked.page * 500 + at}`, []]],
    found: [[0, 4]] })) }); }"""


def test_only_visible_lines_are_requested_and_drawn(page):
    lines(page)
    assert page.evaluate("sent") == [{"page": 0, "version": 1}]
    page.evaluate(ANSWER)
    assert page.locator(".mfw-line").first.inner_text().endswith("line 0")
    assert page.locator(".mfw-line").count() < 100
    page.evaluate("document.querySelector('.mfw-lines').scrollTop = 1e9")
    page.wait_for_function("sent.length > 0")
    assert {asked["page"] for asked in page.evaluate("sent")} == {1999}
    page.evaluate(ANSWER)
    assert page.locator(".mfw-line", has_text="line 999999").count() == 1
    assert page.locator("mark").first.inner_text() == "line"


TOP = "Math.round(document.querySelector('.mfw-lines').scrollTop / 18)"


def test_a_log_opens_at_a_row_and_reports_where_the_user_reads(page):
    lines(page, total=1_000, start=600)
    assert page.evaluate(TOP) == 600
    page.wait_for_timeout(400)
    assert page.evaluate("model.get('top')") == 0  # the user has not scrolled
    page.evaluate("document.querySelector('.mfw-lines').scrollTop = 40 * 18")
    page.wait_for_function("model.get('top') === 40")
    page.evaluate("model.set('start', -1); model.set('version', 2)")
    assert page.evaluate(TOP) == 40
    page.evaluate("model.set('start', 80); model.set('version', 3)")
    assert page.evaluate(TOP) == 80


def test_a_scroll_that_the_kernel_does_not_know_yet_is_kept(page):
    """A kernel that wraps lines at that moment knows only the former place."""
    lines(page, total=1_000, start=600)
    page.evaluate("document.querySelector('.mfw-lines').scrollTop = 0")
    page.evaluate("new Promise(requestAnimationFrame)")
    page.evaluate("model.set('total', 2_000); model.set('start', 1_200); model.set('version', 2)")
    assert page.evaluate(TOP) == 0
    page.wait_for_timeout(400)
    page.evaluate("model.set('start', 700); model.set('version', 3)")
    assert page.evaluate(TOP) == 700


def test_a_log_that_is_not_visible_yet_opens_later(page):
    lines(page, total=1_000)
    page.evaluate("document.getElementById('el').style.display = 'none'")
    page.evaluate("model.set('start', 600); model.set('version', 2)")
    page.wait_for_timeout(200)  # the page has noticed that the box is hidden
    page.evaluate("document.getElementById('el').style.display = ''")
    page.wait_for_function(f"{TOP} === 600")


def test_a_line_is_scrolled_to_and_marked(page):
    lines(page)
    page.evaluate("model.set('current', 777777)")
    page.evaluate(ANSWER)
    current = page.locator(".mfw-current")
    assert current.inner_text().endswith("line 777777")
    box, view = current.bounding_box(), page.locator(".mfw-lines").bounding_box()
    assert view["y"] <= box["y"] <= view["y"] + view["height"]


def test_new_lines_are_followed_and_old_pages_dropped(page):
    lines(page, total=10, follow=True)
    page.evaluate(ANSWER)
    page.evaluate("model.set('total', 400)")
    page.evaluate(ANSWER)
    page.locator(".mfw-line", has_text="line 399").wait_for()
    page.evaluate("model.set('version', 2)")
    page.evaluate("model.tell({ page: 0, version: 1, lines: [{ margin: '', spans: [['old', []]], found: [] }] })")
    assert page.locator(".mfw-line", has_text="old").count() == 0


def test_hostile_text_stays_text(page):
    lines(page, total=1)
    attack = "<img src=x onerror='window.fired=1'>"
    page.evaluate(
        "text => model.tell({ page: 0, version: 1, lines: [{ margin: text, spans: [[text, ['red']]], found: [[0, 5]] }] })",
        attack,
    )
    assert page.locator(".mfw-line").inner_text().count(attack) == 2
    assert page.evaluate("window.fired") is None
    assert page.locator("#el img").count() == 0
