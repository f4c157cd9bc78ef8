"""Differences between runs, steps and tasks, compared with the known content of the corpus."""

import pytest

import mfwidgets
from mfwidgets import Metaflow, compare, errors
from mfwidgets.display_options import options
from mfwidgets.sample_runs import unpack
from mfwidgets.views.cells import Limits
from mfwidgets.views.comparison import build_comparison_view
from mfwidgets.views.measures import difference_text


def without_durations(comparison):
    """Return the differences without durations, which differ by chance."""
    return {
        (one.section, one.step, one.name): one.values for one in comparison.differences if one.section != "durations"
    }


def test_runs_with_other_parameters(client, runs):
    found = compare(client.get(runs["values"]), client.get(runs["values-other"]))
    facts = without_durations(found)
    packages = facts.pop(("code", "", "package"))
    assert packages[0] != packages[1]
    weights = facts.pop(("artifacts", "end", "weights"))
    assert [list(one) for one in weights] == [pytest.approx([0, 0.1, 0.2, 0.3]), [0, 0.5, 1, 1.5]]
    losses = facts.pop(("artifacts", "train", "loss"))
    assert [one.numbers for one in losses] == [
        tuple(task["loss"].data for task in list(client.get(runs[name])["train"])[::-1])
        for name in ("values", "values-other")
    ]
    assert str(losses[1]) == "0.1667 to 0.5, median 0.25, of 3 tasks"
    score = facts.pop(("artifacts", "join", "score"))
    assert facts == {
        ("parameters", "", "kind"): ("tree", "forest"),
        ("parameters", "", "rate"): (0.1, 0.5),
        ("versions", "", "user"): ("ann", "bob"),
        ("artifacts", "join", "losses"): ([0.1, 0.05, 0.1 / 3], [0.5, 0.25, 0.5 / 3]),
    }
    assert score == (3 * 0.1, 1.5)
    notes = {one.name: one.note for one in found.differences}
    assert notes["rate"] == ""
    assert notes["loss"] == ""
    assert notes["package"] == "stored bytes differ; code() shows the files"
    assert found.code() == ""  # the same files, packed at another time


def test_a_failed_run_and_its_resumption(client, runs):
    facts = without_durations(compare(client.get(runs["failing"]), client.get(runs["resumed"])))
    assert facts[("status", "", "status")] == ("failed", "completed")
    assert facts[("tags", "", "nightly")][0] == "nightly"
    assert repr(facts[("tags", "", "nightly")][1]) == "missing"
    assert ("artifacts", "divide", "quotient") in facts


def test_a_run_and_itself(client, runs):
    run = client.get(runs["linear"])
    found = compare(run, client.get(runs["linear"]))
    assert found.differences == []
    assert not found
    assert "There are no differences" in found._repr_mimebundle_()["text/plain"]
    assert len(found.to_pandas()) == 0
    assert found.to_dict()["differences"] == []


def test_tasks_and_steps(client, runs):
    one, other = client.get(runs["values"])["train"], client.get(runs["values-other"])["train"]
    facts = without_durations(compare(one, other))
    assert ("artifacts", "", "loss") in facts
    assert not any(section == "parameters" for section, _, _ in facts)
    first, second, *_ = sorted(one, key=lambda task: task["fold"].data)
    facts = without_durations(compare(first, second))
    assert facts == {
        ("artifacts", "", "fold"): (1, 2),
        ("artifacts", "", "loss"): (0.1, 0.05),
    }


def test_several_and_by_pathspec(runs):
    mfwidgets.metadata(runs.folder)
    mfwidgets.namespace(None)
    found = compare(runs["linear"], runs["linear-bob"], runs["linear-hostile"])
    facts = without_durations(found)
    assert facts[("parameters", "", "alpha")] == (0.5, 2.0, 0.5)
    frame = found.to_pandas()
    assert list(frame.columns) == [
        "section",
        "step",
        "name",
        "note",
        runs["linear"],
        runs["linear-bob"],
        runs["linear-hostile"],
    ]
    assert list(frame[frame.name == "alpha"][runs["linear-bob"]]) == [2.0]
    html = found._repr_html_()
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html
    assert compare("LinearFlow/latest", "LinearFlow/latest~1")
    facts = found.to_dict()
    assert facts["compared"] == [runs["linear"], runs["linear-bob"], runs["linear-hostile"]]
    assert [len(set(one["shas"])) for one in facts["differences"] if one["name"] == "alpha"] == [2]


def test_two_deployments(client, runs, on_service):
    there, service = on_service
    other = Metaflow(metadata=service.url, namespace=None)
    found = compare(client.get(runs["values"]), other.get(there["values"]))
    assert {section for section, _, _ in without_durations(found)} <= {"code", "metadata"}
    same = compare(client.get(runs["values"]), Metaflow(metadata=runs.folder, namespace=None).get(runs["values"]))
    assert len(set(same.names())) == 2


def test_equal_values_with_different_bytes_have_a_note(client, runs, monkeypatch):
    from mfwidgets.client.answers import differences

    monkeypatch.setattr(differences, "values_of", lambda context, records, reading: [1 for _ in records])
    found = compare(client.get(runs["linear"])["start"].task, client.get(runs["linear"])["end"].task)
    assert [one.note for one in found.differences if one.name == "x"] == ["stored bytes differ, values are equal"]


def test_the_code(client, runs):
    one, other = client.get(runs["values"]), client.get(runs["loop-broken"])
    assert compare(one, other).code() == ""  # both packages have the whole folder of flows
    with pytest.raises(errors.DataException, match="has no code package"):
        compare(one, client.get(runs["linear"])).code()


def test_diffs_of_files():
    from mfwidgets.client.answers.code_diff import code_diff

    class Code:
        def __init__(self, sha, **files):
            self.sha, self._files, self.info = sha, files, {"python_version": "3.11.7"}

        def files(self):
            return {name.replace("_", "."): content for name, content in self._files.items()}

    class One:
        def __init__(self, code):
            self.code = code

    before = One(Code("1", a_py=b"x\ny\n", gone_py=b"1", same_py=b"s", b_bin=b"\xff"))
    after = One(Code("2", a_py=b"x\nz", new_py="ü\n".encode(), same_py=b"s", b_bin=b"\xfe"))
    assert code_diff([("F/1", before), ("F/2", after)]) == (
        "--- F/1/a.py\n+++ F/2/a.py\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n\\ No newline at end of file\n"
        "Binary files F/1/b.bin and F/2/b.bin differ\n"
        "--- F/1/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-1\n\\ No newline at end of file\n"
        "--- /dev/null\n+++ F/2/new.py\n@@ -0,0 +1 @@\n+ü\n"
    )


def test_what_it_costs_on_a_service(on_service):
    runs, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    one, other = client.get(runs["values"]), client.get(runs["values-other"])
    service.reset()
    compare(one, other)
    steps = len(list(one))
    assert len(service.requests()) <= 2 * (1 + steps + 4 + 3)


@pytest.mark.parametrize("given", [0, 1, "kinds", "flows", "texts"])
def test_bad_input(client, runs, given):
    run = client.get(runs["linear"])
    objects = {0: (), 1: (run,), "kinds": (run, run["start"]), "flows": (run.parent, run.parent), "texts": (5, 6)}[
        given
    ]
    with pytest.raises(errors.MetaflowInvalidArgument, match="Expected two or more runs"):
        compare(*objects)


def test_two_attempts_of_a_task(client, runs):
    task = client.get(runs["retry"])["flaky"].task
    first, second = client.get(task.pathspec, attempt=0), client.get(task.pathspec, attempt=1)
    found = compare(first, second)
    facts = {one.name: one.values for one in found.differences}
    assert facts["status"] == ("failed", "completed")
    assert facts["attempt_seen"] == (0, 1)
    names = found.names()
    assert names == [f"{task.pathspec}, attempt 0", f"{task.pathspec}, attempt 1"]
    assert list(found.to_pandas().columns[4:]) == names
    run = client.get(runs["linear"])
    assert len(set(compare(run, run, client.get(runs["linear-bob"])).names())) == 3


def test_missing_is_not_none(client, runs):
    found = compare(client.get(runs["linear"]), client.get(runs["values"]))
    notes = {one["name"]: one["note"] for one in found.to_dicts()}
    assert notes["nothing"] == f"missing in {runs['values']}"
    assert notes["seed"] == f"missing in {runs['linear']}"


def test_parameters_are_not_repeated_if_a_step_did_not_run(client, runs):
    found = compare(client.get(runs["failing"]), client.get(runs["resumed"]))
    assert [one.name for one in found.differences if one.section == "artifacts"] == ["quotient"]


def test_the_name_of_the_flow_is_not_an_artifact(client, runs):
    found = compare(client.get(runs["linear"]), client.get(runs["values"]))
    assert not any(one.name == "name" for one in found.differences)


def test_diffs_of_odd_files():
    from mfwidgets.client.answers.code_diff import _file_diff as diff

    assert diff(("a/__init__.py", None), ("b/__init__.py", b"")) == "--- /dev/null\n+++ b/__init__.py\n"
    found = diff(("a/u.py", b'B = "x\x0cy"\n'), ("b/u.py", b'B = "x\x0cz"\n'))
    assert found == '--- a/u.py\n+++ b/u.py\n@@ -1 +1 @@\n-B = "x\x0cy"\n+B = "x\x0cz"\n'


def _tuned(limit):
    return list(Metaflow(metadata=f"local@{unpack()}", namespace=None)["TuningFlow"].runs(limit=limit))


def test_results_of_runs_are_compared_with_the_best_marked():
    tuned = _tuned(8)
    comparison = compare(*tuned, baseline=tuned[1])
    assert comparison.baseline == 1
    assert comparison.results["rmse"] == tuple(run.data.rmse if run.successful else None for run in tuned)
    assert comparison.results["metrics.auc"] == tuple(
        run.data.metrics["auc"] if run.successful else None for run in tuned
    )
    table, curves, same = build_comparison_view(comparison, Limits()).parts
    assert [curve.values for curve in curves.chart.curves] == [
        tuple(run.data.loss_history) for run in tuned if run.successful
    ]
    best = min((run for run in tuned if run.successful), key=lambda run: run.data.loss_history[-1])
    assert [curve.pathspec for curve in curves.chart.curves if curve.best] == [best.pathspec]
    rows = {row[0].text: row[1:] for row in table.rows}
    best = min((run for run in tuned if run.successful), key=lambda run: run.data.rmse)
    assert [cell.mark == "best" for cell in rows["rmse"][:8]] == [run == best for run in tuned]
    ratio = tuned[0].data.rmse / tuned[1].data.rmse
    assert rows["rmse"][0].items == (difference_text(ratio, 1.0),)
    assert rows["rmse"][1].items == ()
    assert "loss diverged" in rows["failure"][3].text
    assert "dataset" in {row[1].text for row in same.rows}
    order = [row[0].text for row in table.rows if row[0].kind == "group"]
    assert order[:2] == ["Parameters", "Results"]
    assert table.pathspecs[1:9] == tuple(run.pathspec for run in tuned)


def test_the_baseline_of_two_is_the_first_and_a_wrong_one_is_named():
    one, other, third = _tuned(3)
    assert compare(one, other).baseline == 0
    assert compare(one, other, third).baseline is None
    assert compare(one, other, third, baseline=2).baseline == 2
    for wrong in (3, -1, True, "x/1/2/3/4/5"):
        with pytest.raises(errors.MetaflowException):
            compare(one, other, baseline=wrong)
    with pytest.raises(errors.MetaflowInvalidArgument, match="one of the 2 compared objects"):
        compare(one, other, baseline=third)


def test_one_list_or_collection_is_compared():
    tuned = _tuned(3)
    runs = Metaflow(metadata=f"local@{unpack()}", namespace=None)["TuningFlow"].runs()
    assert compare(tuned).objects == compare(*tuned).objects == compare(runs.head(3)).objects
    with pytest.raises(errors.MetaflowInvalidArgument, match="two or more runs"):
        compare(tuned[:1])


def test_a_comparison_of_many_shows_twenty():
    comparison = compare(*_tuned(25))
    table = build_comparison_view(comparison, Limits()).parts[0]
    assert len(table.pathspecs) == 21 + 1 * (table.columns[-1] == "note")
    assert "20 of 25" in table.note
    assert len(comparison._repr_html_().encode()) <= options.display_max_bytes


def test_runs_compare_themselves():
    runs = Metaflow(metadata=f"local@{unpack()}", namespace=None)["TuningFlow"].runs()
    comparison = runs.nsmallest(3, "rmse").compare(baseline=0)
    assert [run.id for run in comparison.objects] == [run.id for run in runs.nsmallest(3, "rmse")]
    assert comparison.baseline == 0
    with pytest.raises(errors.MetaflowInvalidArgument, match="two or more runs"):
        runs.nsmallest(1, "rmse").compare()


@pytest.mark.parametrize(
    ("number", "baseline", "text"),
    [
        (1.0, 0.0, "+1"),
        (-1.0, 1.0, "-2"),
        (-2.0, -1.0, "-100%"),
        (1e308, -1e308, ""),
        (float("inf"), 1.0, ""),
        (1.001, 1.0, "+0.1%"),
    ],
)
def test_differences_from_a_baseline(number, baseline, text):
    assert difference_text(number, baseline) == text
