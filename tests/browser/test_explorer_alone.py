"""Explorers in a plain page, without JupyterLab: many runs, many explorers, a strict policy."""

from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe
from explorer_page import POLICY, explorers_served
from running_flow import running_flow
from service.running import TABLES, running
from waiting import PATIENCE_S, waits_for
from wide import many_runs

from mfwidgets import Metaflow
from mfwidgets.sample_runs import unpack
from mfwidgets.widgets.explorer import run_charts
from mfwidgets.widgets.explorer.table_answers import TABLE_HANDLERS
from mfwidgets.widgets.explorer.widget import Explorer

from .jupyterlab import browser


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("home")) as opened:
        opened.set_default_timeout(1_000 * PATIENCE_S)
        yield opened


@pytest.fixture(scope="module")
def many(runs, tmp_path_factory):
    """A client of 600 runs."""
    folder = many_runs(runs, tmp_path_factory.mktemp("many"), copies=597).folder
    return Metaflow(metadata=f"local@{folder}", namespace=None)


@contextmanager
def shown(page, *explorers, first="runs", policy=""):
    """Open a page with explorers, and check that it complains about nothing."""
    with explorers_served(*explorers, policy=policy) as url:
        complaints = []

        def note(error):
            complaints.append(str(error))

        page.on("pageerror", note)
        page.goto(url)
        page.locator(".mfwx-left [role=status]", has_text=first).first.wait_for()
        yield
        page.remove_listener("pageerror", note)
        assert complaints == []


@pytest.fixture
def opened(page, many):
    """An explorer of these runs, and its page."""
    explorer = Explorer(many, many["LinearFlow"])
    with shown(page, explorer, first="600 runs"):
        yield explorer


@pytest.fixture(scope="module")
def sample():
    return Metaflow(metadata=f"local@{unpack()}", namespace=None)


@pytest.fixture
def tuning(page, sample):
    """An explorer of runs with many results, and its page."""
    explorer = Explorer(sample, sample["TuningFlow"])
    with shown(page, explorer, first="40 runs"):
        column(page, "rmse").locator(".mfwx-bins").wait_for()
        yield explorer


def column(page, name):
    return page.locator(f".mfwx-head[data-column$='{name}']")


def status(page, text):
    page.locator(".mfwx-left [role=status]", has_text=text).wait_for()


def violations(page):
    """The serious findings of axe-core in the explorer."""
    found = Axe().run(page, context=".mfwx-root").response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


def test_scrolling_makes_no_nodes_and_no_animations(page, opened):
    """They made a frame ten times as long."""
    grid = page.locator(".mfwx-grid")
    page.locator(".mfwx-row").nth(20).wait_for()
    grid.evaluate("node => { node.scrollTop = 2000 }")
    shown = [run.id for run in opened.runs]
    page.locator(".mfwx-row", has_text=shown[80]).wait_for()
    grid.evaluate(
        "node => { window.made = 0; new MutationObserver(seen => { made += seen.flatMap(one => [...one.addedNodes]).filter(one => one.nodeType === 1).length })"
        ".observe(node.querySelector('.mfwx-space'), { childList: true, subtree: true }) }"
    )
    most = page.locator(".mfwx-row").count()
    for top in range(2000, 9000, 500):
        grid.evaluate("(node, top) => { node.scrollTop = top }", top)
        page.evaluate("new Promise(requestAnimationFrame)")
    page.locator(".mfwx-row", has_text=shown[335]).wait_for()
    assert page.locator(".mfwx-row").count() <= most + 1
    # The status of a row is another node.
    assert page.evaluate("made") <= 14 * most
    assert page.evaluate("document.getAnimations().length") == 0


def test_rows_that_the_page_has_not_seen_can_be_selected(page, opened):
    page.locator(".mfwx-row[aria-rowindex='3'] input").click()
    assert waits_for(lambda: len(opened.ticked) == 1)  # requests of the page can overtake each other
    page.locator(".mfwx-grid").evaluate("node => { node.scrollTop = 500 * 26 }")
    page.locator(".mfwx-row[aria-rowindex='503'] input").click(modifiers=["Shift"])
    page.locator(".mfwx-left [role=status]", has_text="501 selected").wait_for()
    expected = [run.pathspec for run in list(opened.runs)[1:502]]
    assert waits_for(lambda: opened.ticked == expected)


def test_runs_in_groups(page, tuning):
    column(page, "optimizer").locator(".mfwx-more").click()
    page.get_by_role("button", name="Group by this").click()
    groups = page.locator(".mfwx-group")
    groups.nth(1).wait_for()
    assert [text.split("\n")[0] for text in groups.all_inner_texts()] == ["▾ adam (20)", "▾ rmsprop (8)"]
    assert violations(page) == []
    groups.first.click()
    page.locator(".mfwx-group[aria-expanded=false]").wait_for()
    groups.nth(2).wait_for()
    assert [text.split("\n")[0] for text in groups.all_inner_texts()] == ["▸ adam (20)", "▾ rmsprop (8)", "▾ sgd (12)"]
    grid = page.get_by_role("treegrid", name="Runs")
    grid.focus()
    page.keyboard.press("Enter")  # the group that was clicked is active
    page.locator(".mfwx-row:not(.mfwx-group)", has_text="adam").first.wait_for()
    groups.locator("input").first.click()
    status(page, "20 selected")
    page.get_by_role("button", name="no groups").click()
    groups.first.wait_for(state="detached")
    assert waits_for(lambda: tuning.group == "")


def test_runs_and_columns_are_pinned(page, tuning):
    grid = page.get_by_role("grid", name="Runs")
    first, second = [run.id for run in tuning.runs][:2]
    grid.focus()
    for key in ("ArrowDown", "ArrowDown", "p"):
        page.keyboard.press(key)
    page.locator(".mfwx-pinned", has_text=second).wait_for()
    grid.evaluate("node => { node.scrollTop = node.scrollHeight }")
    page.locator(".mfwx-row:not(.mfwx-pinned)", has_text=first).wait_for(state="detached")
    assert page.locator(".mfwx-pinned").is_visible()
    column(page, "rmse").locator(".mfwx-more").click()
    page.get_by_role("button", name="Pin to the left").click()
    page.wait_for_function("document.querySelectorAll('.mfwx-head[data-column]')[1].dataset.column === 'artifact.rmse'")
    grid.evaluate("node => { node.scrollLeft = node.scrollWidth }")
    assert column(page, "rmse").bounding_box()["x"] < 300
    assert violations(page) == []
    page.get_by_role("button", name="unpin").click()
    page.locator(".mfwx-pinned").wait_for(state="detached")


def test_a_column_of_a_crowded_table_gets_narrower(page, tuning):
    """It became wider, because its usual width was taken for its width."""
    width = "document.querySelector('.mfwx-head[data-column=run_id]').offsetWidth"
    before = page.evaluate(width)
    for name, by in (("Narrower", -1), ("Wider", 1)):
        column(page, "run_id").locator(".mfwx-more").click()
        page.get_by_role("button", name=name).click()
        page.wait_for_function(f"{width} {'<' if by < 0 else '>'} {before}")
        before = page.evaluate(width)
        page.keyboard.press("Escape")


def test_a_running_run_is_followed_until_it_ends(page, tmp_path):
    with running_flow(tmp_path) as flow:
        client = Metaflow(metadata=f"local@{flow.folder}", namespace=None)
        with shown(page, Explorer(client, client["WaitingFlow"]), first="1 run"):
            page.locator(".mfwx-row [data-status=running]").wait_for()
            page.locator(".mfwx-row .mfwx-k-code").click()
            page.locator(".mfwx-pane .mfw-name").first.wait_for()
            page.locator(".mfwx-body").evaluate("node => { node.dataset.same = 'yes' }")
            flow.go()
            page.locator(".mfwx-row [data-status=completed]").wait_for()
            page.locator(".mfwx-pane .mfw-status", has_text="completed").first.wait_for()
            assert page.locator(".mfwx-body").get_attribute("data-same") == "yes"


def test_the_script_keeps_a_policy_without_eval(page, sample):
    explorer = Explorer(sample, sample["TuningFlow"])
    with shown(page, explorer, first="40 runs", policy=POLICY):
        page.evaluate(
            "window.broken = []; document.addEventListener('securitypolicyviolation', one => broken.push(one.violatedDirective))"
        )
        explorer.choose(next(run for run in explorer.runs if run.status == "failed").pathspec)
        for tab in ("Overview", "DAG", "Timeline", "Tasks", "Artifacts", "Code", "Logs", "Cards", "charts", "runs"):
            page.locator(f"[role=tab][data-tab={tab}]").click()
            page.locator(f"[role=tab][data-tab={tab}][aria-selected=true]").wait_for()
            assert explorer.wait(PATIENCE_S)
            page.locator(".mfwx-made[aria-busy=true]").wait_for(state="detached")
        assert page.evaluate("broken") == []
        assert page.evaluate("refusesEval")  # the policy is in force


def test_from_all_runs_to_five(page, tuning, sample):
    """Sort by a result, filter, brush, compare five."""
    column(page, "rmse").locator(".mfwx-headline").click()
    best = next(iter(sample["TuningFlow"].runs().sort_by("rmse")))
    page.wait_for_function(
        "first => document.querySelector('.mfwx-row .mfwx-k-code').textContent === first", arg=best.id
    )
    line = page.get_by_role("combobox", name="Filter")
    line.fill("status:completed")
    line.press("Enter")
    status(page, f"{len(list(tuning._answers.client['TuningFlow'].runs().where('status:completed')))} runs")
    box = column(page, "rmse").locator(".mfwx-bins").bounding_box()
    page.mouse.move(box["x"] + 2, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 8, steps=4)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.mfwx-filter input').value.includes('rmse>=')")
    assert tuning.wait(PATIENCE_S)
    assert tuning.wait(PATIENCE_S)
    expected = [run.pathspec for run in tuning.runs][:5]
    page.wait_for_function(
        "first => document.querySelector('.mfwx-row .mfwx-k-code').textContent === first", arg=best.id
    )
    for number in range(5):
        page.locator(".mfwx-row input").nth(number).click()
    status(page, "5 selected")
    assert waits_for(lambda: tuning.ticked == expected)
    page.get_by_role("tab", name="Compare (5)").click()
    page.locator(".mfwx-side summary", has_text="Differences").wait_for()
    page.get_by_role("tab", name="Charts").click()
    page.locator(".mfwx svg .mfwx-marked").nth(4).wait_for()


def test_a_chart_of_more_runs_than_it_draws_says_so(page, tuning, monkeypatch):
    monkeypatch.setattr(run_charts, "MAX_RUNS", 25)
    page.get_by_role("tab", name="Charts").click()
    page.get_by_text("The first 25 of 40 runs, in the order of the table.").wait_for()
    marks = page.locator("svg.mfw-chart [data-pathspec]")
    assert 20 <= marks.count() <= 25
    marks.first.click()
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    page.locator(f"svg.mfw-chart [data-pathspec='{tuning.pathspec}'].mfwx-marked").first.wait_for()


def test_a_service_that_stops_and_starts_again(page, monkeypatch):
    monkeypatch.setenv("METAFLOW_SERVICE_RETRY_COUNT", "1")
    with running(tables=TABLES) as service:
        port = int(service.url.rpartition(":")[2])
        client = Metaflow(metadata=service.url, namespace=None)
        explorer = Explorer(client, client.flows[0])
        with shown(page, explorer, first="run"):  # the flow has one
            page.locator(".mfwx-row [data-status]").first.wait_for()
            shown_ids = page.locator(".mfwx-row .mfwx-k-code").all_inner_texts()
            service.stop()
            page.get_by_role("button", name="Refresh").click()
            alert = page.locator(".mfwx-left [role=alert]", has_text="cannot be reached")
            alert.wait_for()
            assert page.locator(".mfwx-row .mfwx-k-code").all_inner_texts() == shown_ids
            with running(tables=TABLES, port=port):
                alert.get_by_role("button", name="Try again").click()
                alert.wait_for(state="detached")
                page.locator(".mfwx-row [data-status]").first.wait_for()


def test_a_page_that_is_loaded_again(page, tuning):
    tuning.where, tuning.sort, tuning.group = "status:completed", [["artifact.rmse", True]], "param.optimizer"
    tuning.choose(next(iter(tuning.runs)).pathspec)
    assert waits_for(lambda: tuning.pathspec)
    page.locator(".mfwx-group").first.wait_for()
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    before = page.locator(".mfwx-row").first.inner_text()
    page.reload()
    page.locator(".mfwx-group").first.wait_for()
    page.locator(".mfwx-pane .mfw-name").first.wait_for()
    page.wait_for_function("text => document.querySelector('.mfwx-row').innerText === text", arg=before)
    assert page.get_by_role("combobox", name="Filter").input_value() == "status:completed"


def test_the_static_picture_stands_in_for_a_kernel_that_does_not_answer(page, sample, monkeypatch):
    monkeypatch.setitem(TABLE_HANDLERS, "hello", lambda _table, _content: None)
    monkeypatch.setitem(TABLE_HANDLERS, "rows", lambda _table, _content: None)
    explorer = Explorer(sample, sample["TuningFlow"])
    assert explorer.wait(PATIENCE_S)
    assert explorer.wait(PATIENCE_S)
    explorer.picture = "<p>as it was</p>"
    with explorers_served(explorer) as url:
        page.goto(url)
        page.get_by_text("No kernel answers").wait_for()
        page.get_by_text("as it was").wait_for()
        assert not page.locator(".mfwx").is_visible()
        explorer.refresh()
        page.locator(".mfwx .mfwx-left [role=status]", has_text="40 runs").wait_for()
        assert page.get_by_text("as it was").count() == 0


def test_four_explorers_at_once(page, many):
    explorers = [Explorer(many, many["LinearFlow"], where=where) for where in ("", "user:ann", "user:bob", "since:1d")]
    with shown(page, *explorers):
        boxes = page.locator(".mfwx")
        page.wait_for_function("window.opened === true")
        assert boxes.count() == 4
        boxes.nth(2).locator(".mfwx-row [data-status]").first.wait_for()
        boxes.nth(2).locator(".mfwx-row input").first.click()
        boxes.nth(2).locator("[role=status]", has_text="1 selected").wait_for()
        assert waits_for(lambda: [len(explorer.ticked) for explorer in explorers] == [0, 0, 1, 0])
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
        assert len(ids) == len(set(ids))
