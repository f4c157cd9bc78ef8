"""The display of a task: attempts side by side, previews, parents and children, cards, metadata, coloured logs."""

import re

import pytest

from mfwidgets import Metaflow, get_cards


def shown(one):
    bundle = one._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"]


def test_attempts_are_shown_side_by_side(client, runs):
    text, page = shown(client.get(runs["retry"])["flaky"].task)
    assert re.search(r"attempt 0 +attempt 1\n +status +✗ failed +✓ completed", text)
    assert re.search(r"why +ValueError: not yet +attempt 1 succeeded at", text)
    assert re.search(r"stderr +\d\.\d kB +0 B", text)
    assert page.count('<th scope="col">attempt ') == 2


def test_one_attempt_shows_the_others(client, runs):
    text, _ = shown(client.get(runs["retry"])["flaky"].task.attempts[0])
    assert re.search(r"flaky/\d+, attempt 0  ✗ failed", text)
    assert "raised ValueError: not yet" in text
    assert "retry_flow.py:" in text
    assert re.search(r"attempt 0 +attempt 1", text)


def test_artifacts_are_previewed_in_one_line(client, runs):
    text, _ = shown(client.get(runs["many"])["only"].task)
    assert re.search(r"large +large, not read here +bytes +30.0 MB +\w{10}\n", text)
    assert re.search(r"mapping +.*\{.*'ü': .* dict ", text)
    same = [line for line in shown(client.get(runs["many"])["only"].task.data)[0].splitlines() if "mapping" in line]
    assert "'ü': " in same[0]


@pytest.mark.parametrize(
    ("name", "step", "parents", "children"),
    [
        ("foreach", "start", None, "✓ work/2, ✓ work/3, ✓ work/4, ✓ work/5"),
        ("foreach", "join", "✓ work/2, ✓ work/3, ✓ work/4, ✓ work/5", "✓ end/7"),
        ("linear", "end", "✓ start/1", None),
    ],
)
def test_parents_and_children_are_named(client, runs, name, step, parents, children):
    text, _ = shown(client.get(runs[name])[step].task)
    found = re.search(r"parents +(.*)", text), re.search(r"children +(.*)", text)
    assert [match and match[1].rstrip() for match in found] == [parents, children]


def test_many_parents_are_counted(client, runs, monkeypatch):
    from mfwidgets.views import relatives

    monkeypatch.setattr(relatives, "MAX_RELATIVES", 3)
    text, _ = shown(client.get(runs["foreach"])["join"].task)
    assert "among 4 tasks of work" in text


def test_cards_are_listed_if_the_step_has_them(client, runs):
    task = client.get(runs["cards"])["start"].task
    text, page = shown(task)
    assert re.search(r"List of cards .*\n +cards\[…\] +type +id +hash\n +0 +blank +first ", text)
    assert "iframe" not in page
    assert "List of cards" not in shown(client.get(runs["linear"])["start"].task)[0]


def test_a_card_is_shown_in_a_sandbox(client, runs):
    cards = get_cards(client.get(runs["cards"])["start"].task)
    text, page = shown(cards[0])
    assert "1.1 MB" in text
    assert page.count("<iframe") == 1
    frame = re.search(r"<iframe [^>]*>", page)[0]
    assert 'sandbox="allow-scripts"' in frame
    assert "Content-Security-Policy" in frame
    assert "connect-src" not in frame  # default-src 'none' covers it
    assert cards[0].to_dict() == cards.to_dict()["cards"][0]
    assert cards[0].to_dict()["path"] == cards[0].path


def test_metadata_is_folded_and_not_repeated(client, runs):
    text, page = shown(client.get(runs["linear"])["start"].task)
    assert len(re.findall(r"^ +metaflow_version +\d", text, re.MULTILINE)) == 1
    assert re.search(r"<details class=\"mfw-part\">\s*<summary>Metadata", page)


def test_a_task_says_that_its_code_is_stored(client, runs):
    assert "stored, see task.code" in shown(client.get(runs["packed"])["work"].task)[0]
    assert "task.code" not in shown(client.get(runs["linear"])["start"].task)[0]


def test_code(client, runs):
    text, page = shown(client.get(runs["packed"]).code)
    assert text.startswith("Code foreach_flow.py")
    assert re.search(r" 6  class ForeachFlow\(FlowSpec\):", text)
    assert re.search(r"linear_flow.py  \d+ B", text)
    assert '<span class="mfw-magenta">class</span>' in page


def test_logs_keep_their_colours(client, runs):
    text, page = shown(client.get(runs["logs"])["end"].task.logs())
    assert "red ünï" in text
    assert '<span class="mfw-red mfw-bold">red</span>' in page
    assert "\x1b" not in page + text
    assert re.search(r"\d\d:\d\d:\d\d  100%", text)


def test_an_artifact_names_its_producer(client, runs):
    text, _ = shown(client.get(runs["values"])["end"].task["rate"])
    assert re.search(r"created by +_parameters/0", text)
    assert re.search(r"passed on to +\d+ tasks", text)


@pytest.mark.parametrize("name", ["foreach", "values", "failing", "retry", "resumed"])
def test_what_it_costs_on_a_service(name, on_service):
    there, service = on_service
    run = Metaflow(metadata=service.url, namespace=None).get(there[name])
    for task in [next(iter(step)) for step in run]:
        service.reset()
        text, _ = shown(task)
        asked = [request["path"] for request in service.requests()]
        assert "Cannot show" not in text
        # The whole run (tasks of each step, and once more for its size), and the run it was cloned from.
        assert len(asked) <= 20, (task, asked)


def test_a_nested_foreach_names_all_items(client, runs):
    step = client.get(runs["branch"])["work"]
    text, _ = shown(step)
    assert re.search(r"task +index +status +fan +item +doubled", text)
    assert re.search(r"\d+ +1/0 +✓ completed +b +4 +▲ 8 ", text)
    assert re.search(r"foreach item +\d  \S+ / \S+", shown(next(iter(step)))[0])


def test_a_caught_exception_is_one_line(client, runs):
    text, _ = shown(client.get(runs["retry"])["hopeless"].task)
    assert re.search(r"failure +\w+Error: .* metaflow.exception.MetaflowExceptionWrapper +\d+ B +\w{10}\n", text)


def test_numpy_numbers_are_one_line():
    import numpy as np

    from mfwidgets.queries.values.preview import Preview
    from mfwidgets.views.artifacts import preview_line
    from mfwidgets.views.cells import Limits

    for number, shortened in (
        (np.float64(0.93), "0.93"),
        (np.int64(7), "7"),
        (np.bool_(1), "True"),
        (np.array(2.5), "2.5"),
    ):
        assert preview_line(Preview("", number, has_value=True), Limits()).text == shortened


def test_what_a_task_made_is_apart_from_what_it_inherited(client, runs):
    text, page = shown(client.get(runs["values"])["end"].task)
    made, _, inherited = text.partition("Artifacts it inherited")
    assert "Artifacts it made" in made
    assert re.search(r"^  rate ", inherited, re.MULTILINE)
    assert not re.search(r"^  rate ", made, re.MULTILINE)
    assert re.search(r"<details class=\"mfw-part\">\s*<summary>Artifacts it inherited", page)
    facts = client.get(runs["values"])["end"].task.to_dict()
    assert {row["name"]: row["inherited"] for row in facts["artifacts"]}["rate"] is True
    assert False in {row["inherited"] for row in facts["artifacts"]}


def test_changed_artifacts_are_named(client, runs):
    task = next(task for task in client.get(runs["loop"])["count"] if len(list(task.parent_tasks)) == 1)
    text, _ = shown(client.get(runs["loop"])["count"].task)
    assert "Artifacts it made or changed (changed: turn" in text
    assert task.to_dict()["parents"] == [next(task.parent_tasks).pathspec]


def test_a_failed_task_shows_its_code_and_its_own_log(small):
    client = Metaflow(metadata=f"local@{small.folder('broken-good')}", namespace=None)
    task = client.get(small["broken-items"]).why().task
    text, page = shown(task)
    assert re.search(r"raised ValueError: shop-0\d: \d orders have a negative price", text)
    assert re.search(r"^  → 21  ", text, re.MULTILINE)
    assert "Villingen-Schwenningen" in text  # the whole item
    assert text.index("broken_flow.py:21 in check") < text.index("Logged before the failure") < text.index("stderr (")
    assert re.search(r"<details class=\"mfw-part\">\s*<summary>stderr", page)
    assert "@timeout(seconds=600)" in text


def test_a_duration_is_compared_with_the_other_tasks_of_the_step(client, runs):
    text, _ = shown(client.get(runs["foreach"])["work"].task)
    assert re.search(r"duration +\S+ \w+, \S+ against the median \S+ \w+ of 3 other tasks", text)
    assert "against the median" not in shown(client.get(runs["linear"])["end"].task)[0]


def test_relatives_that_failed_are_marked(client, runs):
    parents = client.get(runs["failing"])["start"].task
    assert re.search(r"children +.*✗ divide/\d+ failed", shown(parents)[0])
