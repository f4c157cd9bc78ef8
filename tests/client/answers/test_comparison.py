"""Differences between runs, steps and tasks, compared with the known content of the corpus."""

import pytest

import mfwidgets
from mfwidgets import Metaflow, compare, errors


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
    assert [one.reason for one in losses] == ["3 tasks, 3 different values"] * 2
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
    assert notes["loss"] == "stored bytes differ; 3 tasks, 3 different values"
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
    from mfwidgets.client.answers import comparison

    monkeypatch.setattr(comparison, "values_of", lambda context, records, reading: [1 for _ in records])
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
            self.sha, self._files = sha, files

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
