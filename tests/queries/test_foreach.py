"""Foreach items of tasks, without reads: metadata are given, and a provider records its requests."""

from types import SimpleNamespace

import pytest

from mfwidgets.providers.records import MetadataRecord, RunRecord
from mfwidgets.queries.lineage.foreach import FOREACH_FIELDS, OUTSIDE, Item, items_of


def event(task_id, field, value, step="work"):
    return MetadataRecord(step, task_id, field, "", value, 0)


NEW = frozenset({"metaflow_version:2.19.39"})


class Provider:
    """Returns the events of each run, and records its requests."""

    def __init__(self, **runs):
        self.runs, self.asked = runs, []

    def metadata(self, where, fields):
        self.asked.append((tuple(where), frozenset(fields)))
        return [one for one in self.runs.get(where[1], []) if one.field in fields]

    def artifacts(self, where, names):
        return []

    def run(self, flow, run_id):
        return RunRecord(flow, run_id, 0, system_tags=NEW) if run_id in self.runs else None


def items(events, provider=None, where=("F", "r2")):
    run = RunRecord(*where[:2], 0, system_tags=NEW)
    return items_of(SimpleNamespace(provider=provider or Provider()), run, where, events)


@pytest.mark.parametrize(
    ("item", "index", "value"),
    [
        (OUTSIDE, None, None),
        (Item(("fit:3",)), 3, None),
        (Item(("fit:3", "score:10"), ("a", "b")), 10, "b"),
        (Item(("fit:x",), ("a",)), None, "a"),
        (Item(("fit",)), None, None),
        (Item(("a:1:2",)), 2, None),
    ],
)
def test_the_innermost_index_and_value(item, index, value):
    assert (item.index, item.value) == (index, value)


def test_paths_and_values_are_joined_by_task():
    events = [
        event("1", "foreach-stack", ["fit=a", "score=b=c"]),
        event("1", "foreach-execution-path", "fit:0,score:1"),
        event("2", "foreach-execution-path", "fit:1"),
        event("3", "foreach-stack", "{fit=x}"),  # as the service returns it
        event("1", "foreach-execution-path", "other:5", step="other"),
        event("4", "attempt", "0"),
    ]
    assert items(events) == {
        ("work", "1"): Item(("fit:0", "score:1"), ("a", "b=c")),
        ("work", "2"): Item(("fit:1",)),
        ("work", "3"): Item((), ("x",)),
        ("other", "1"): Item(("other:5",)),
    }


def origin(task_id, run_id, origin_id):
    return [event(task_id, "origin-run-id", run_id), event(task_id, "origin-task-id", origin_id)]


def test_clones_have_the_items_of_their_origins():
    provider = Provider(
        r1=[event("7", "foreach-execution-path", "fit:7"), event("8", "foreach-stack", ["fit=eight"])],
        r0=[event("7", "foreach-execution-path", "fit:70")],
    )
    events = [*origin("1", "r1", "7"), *origin("2", "r1", "8"), *origin("3", "r0", "7"), *origin("4", "r1", "99")]
    assert items(events, provider) == {
        ("work", "1"): Item(("fit:7",)),
        ("work", "2"): Item((), ("eight",)),
        ("work", "3"): Item(("fit:70",)),
    }
    assert provider.asked == [(("F", "r0"), FOREACH_FIELDS), (("F", "r1"), FOREACH_FIELDS)]


def test_the_item_of_a_clone_wins():
    provider = Provider(r1=[event("7", "foreach-execution-path", "fit:7")])
    events = [*origin("1", "r1", "7"), event("1", "foreach-execution-path", "fit:5")]
    assert items(events, provider) == {("work", "1"): Item(("fit:5",))}
    assert provider.asked == []


def test_missing_origins_are_requested():
    provider = Provider(
        r2=[event("1", "origin-run-id", "r1"), event("9", "origin-run-id", "r1")],
        r1=[event("7", "foreach-execution-path", "fit:7")],
    )
    assert items([event("1", "origin-task-id", "7")], provider, ("F", "r2", "work")) == {
        ("work", "1"): Item(("fit:7",))
    }
    assert provider.asked == [(("F", "r2", "work"), {"origin-run-id"}), (("F", "r1", "work"), FOREACH_FIELDS)]
    assert items([event("1", "origin-run-id", "r1")], provider) == {}  # every task has that field


def test_origins_are_read_by_step():
    provider = Provider(r1=[event("7", "foreach-execution-path", "fit:7")])
    assert items(origin("1", "r1", "7"), provider, ("F", "r2", "work", "1")) == {("work", "1"): Item(("fit:7",))}
    assert provider.asked == [(("F", "r1", "work"), FOREACH_FIELDS)]


def test_chains_and_cycles_of_clones():
    provider = Provider(r1=origin("7", "r0", "3"), r0=[event("3", "foreach-execution-path", "fit:3")])
    assert items(origin("1", "r1", "7"), provider) == {("work", "1"): Item(("fit:3",))}
    circle = Provider(r1=origin("7", "r1", "7"))
    assert items(origin("1", "r1", "7"), circle) == {}
    assert len(circle.asked) < 100


def test_an_origin_without_a_run_is_not_followed():
    provider = Provider()
    assert items([event("1", "origin-task-id", "7")], provider) == {}
    assert [where for where, _ in provider.asked] == [("F", "r2")]
