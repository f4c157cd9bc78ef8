"""The scripts of widgets in a real browser with a stub model: what they show and send, and how they handle errors."""

from pathlib import Path

import pytest

from .jupyterlab import browser

STATIC = Path(__file__).parents[2] / "mfwidgets" / "widgets" / "static"

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


def test_a_click_and_enter_send_the_selection(page):
    start(page, "html_view.js", html=HTML, selected="F/1/b", snapshot="")
    page.locator("text=b").first.click()
    page.locator("g").click()
    assert page.evaluate("sent") == [{"chosen": "F/1/b"}, {"chosen": "F/1/c"}]
    assert page.locator("[aria-current=true]").inner_text() == "b"
    assert page.locator("[tabindex='0']").count() == 1  # Tab goes to the first, arrow keys to the others
    page.locator("[data-pathspec='F/1/a']").focus()
    for key in ("ArrowUp", "ArrowRight", "ArrowDown", "ArrowDown", "Enter", "ArrowLeft", " ", "x"):
        page.keyboard.press(key)
    assert page.evaluate("sent.slice(2)") == [{"chosen": "F/1/c"}, {"chosen": "F/1/b"}]


def test_new_html_keeps_focus_and_folded_parts(page):
    start(page, "html_view.js", html=HTML, selected="", snapshot="")
    page.locator("[data-pathspec='F/1/b']").focus()
    page.evaluate("html => model.set('html', html)", HTML.replace(">a<", ">A<"))
    assert page.evaluate("document.activeElement.dataset.pathspec") == "F/1/b"
    page.locator("summary").click()
    page.evaluate("html => model.set('html', html)", HTML)
    assert page.locator("details").get_attribute("open") is None
    page.evaluate("model.set('selected', 'F/1/a')")
    assert page.locator("[aria-current=true]").get_attribute("data-pathspec") == "F/1/a"


def test_errors_are_shown_and_removal_cleans_up(page):
    start(page, "html_view.js", html=HTML, selected="", snapshot="mfw-snapshot-1")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p class=\"mfw-snapshot-1\">picture</p>')")
    assert not page.locator(".mfw-snapshot-1").is_visible()
    page.evaluate("void (model.get = () => { throw new Error('no state') })")
    page.evaluate("model.set('html', '')")
    assert "This could not be shown: Error: no state" in page.locator("[role=alert]").inner_text()
    page.evaluate("cleanup()")
    assert page.evaluate("model.heard()") == 0


ROWS = (
    "<table><thead><tr><th>run</th></tr></thead><tbody>"
    + "".join(f'<tr><td><code data-pathspec="F/{number}">{number}</code></td></tr>' for number in range(3))
    + "</tbody></table>"
)


def test_rows_are_ticked_with_mouse_and_keyboard(page):
    start(page, "html_view.js", html=ROWS, selected="", snapshot="", tickable=True, ticked=["F/1"], busy=False)
    boxes = page.locator("input[type=checkbox]")
    assert [box.is_checked() for box in boxes.all()] == [False, True, False]
    boxes.nth(2).click()
    boxes.first.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", " "):
        page.keyboard.press(key)
    assert page.evaluate("sent") == [{"ticked": "F/2", "on": True}, {"ticked": "F/1", "on": False}]
    page.evaluate("model.set('ticked', ['F/0'])")
    assert [box.is_checked() for box in boxes.all()] == [True, False, False]
    page.evaluate("html => model.set('html', html)", ROWS)
    assert page.evaluate("document.activeElement.dataset.tick") == "F/1"
    assert boxes.first.is_checked()


def test_it_shows_that_a_newer_page_is_loading(page):
    start(page, "html_view.js", html=HTML, selected="", snapshot="", tickable=False, ticked=[], busy=False)
    root = page.locator(".mfw-live")
    assert root.get_attribute("aria-busy") == "false"
    page.evaluate("model.set('busy', true)")
    assert root.get_attribute("aria-busy") == "true"
    assert "mfw-turn" in root.evaluate("node => getComputedStyle(node, '::after').animationName")


def test_a_forbidden_copy_is_reported(page):
    html = '<code>x</code><button data-copy="x">Copy code</button>'
    start(page, "html_view.js", html=html, selected="", snapshot="", tickable=False, ticked=[], busy=False)
    page.get_by_role("button").click()  # the page is not secure, so it has no clipboard
    page.get_by_role("button", name="Not allowed here").wait_for()
    page.get_by_role("button", name="Copy code").wait_for()


def test_the_viewer_measures_its_space(page):
    lines(page)
    page.wait_for_function("window.saved !== undefined")
    wide = page.evaluate("window.saved.columns")
    page.evaluate("document.getElementById('el').style.width = '400px'")
    page.wait_for_function("wide => window.saved.columns < wide", arg=wide)
    assert 30 < page.evaluate("window.saved.columns") < 80


def lines(page, total=1_000_000, **state):
    known = {"total": total, "version": 1, "current": -1, "columns": 0, "follow": False, "height": 200, "snapshot": ""}
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
