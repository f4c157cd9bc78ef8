"""What the commands print, as text and as data, in this process."""

import json
from datetime import datetime

import numpy as np
import pytest

from mfwidgets.cli.main import main
from mfwidgets.magic.dispatch import COMMANDS
from mfwidgets.render.sanitize import escape_control_chars
from mfwidgets.tables import to_json_value


@pytest.fixture
def said(runs, capsys):
    """Run the program on the corpus and return exit code, standard output and standard error."""

    def run(*words):
        code = main([f"--metadata={runs.folder}", "--namespace=none", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def told(said):
    """Return what the program prints as data."""

    def run(*words):
        code, out, err = said(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def is_moment(text):
    return datetime.fromisoformat(text).utcoffset().total_seconds() == 0


def test_nothing_shows_the_flows(said, told):
    assert said()[1].startswith("Metaflow\n")
    flows = {one["flow"]: one for one in told()["flows"]}
    assert flows["FailingFlow"]["status"] == "completed"
    assert flows["FailingFlow"]["latest_run"].startswith("FailingFlow/")


def test_a_run(told, runs, client):
    found = told(runs["foreach"])
    run = client.get(runs["foreach"])
    assert found["pathspec"] == run.pathspec
    assert is_moment(found["started_at"])
    assert found["duration"] == pytest.approx(run.duration.total_seconds())
    assert found["user_tags"] == sorted(run.user_tags)
    steps = {one["step"]: one for one in found["steps"]}
    assert list(steps) == [step.id for step in run][::-1]
    assert steps["work"]["task_count"] == len(list(run["work"]))
    assert steps["work"]["task_statuses"] == {"completed": len(list(run["work"]))}


def test_parameters_keep_their_types(told, runs, client):
    found = told(runs["parameters"])
    frame = client.get("ParameterFlow").runs().to_dicts(params=True)[0]
    assert set(found["parameters"]) == {name[6:] for name in frame if name.startswith("param.")}
    numbers = {name: value for name, value in found["parameters"].items() if isinstance(value, float | int)}
    assert numbers
    assert all(frame[f"param.{name}"] == value for name, value in numbers.items())


def test_runs_are_all_or_chosen(told, runs):
    every = told("runs", "LinearFlow")["runs"]
    assert {one["pathspec"] for one in every} >= {runs["linear"], runs["linear-bob"]}
    some = told("runs", "LinearFlow", "--user", "bob", "--since", "3000d")["runs"]
    assert [one["user"] for one in some] == ["bob"]
    failed = told("runs", "RetryFlow", "--status", "failed")["runs"]
    assert [one["pathspec"] for one in failed] == [runs["killed"]]
    assert told("runs", "LinearFlow", "--limit", "1")["runs"] == every[:1]
    assert told("runs", "LinearFlow", "--status", "running")["runs"] == []


def test_a_flow_tells_as_many_as_rows_say(told):
    found = told("LinearFlow", "--rows", "1")
    assert (len(found["runs"]), found["more"]) == (1, True)
    assert told("LinearFlow")["more"] is False


def test_rows_hold_for_one_command(said):
    one = said("runs", "LinearFlow", "--rows", "1")[1]
    assert "1 of 3" in one
    assert said("runs", "LinearFlow")[1].count("\n") > one.count("\n")


def test_a_task_tells_its_attempts_and_what_it_raised(told, runs):
    flaky = told(f"{runs['retry']}/flaky")["tasks"][0]
    assert [one["status"] for one in flaky["attempt_rows"]][-1] == "completed"
    assert flaky["attempt_rows"][0]["status"] == "failed"
    failed = next(
        task
        for step in told(runs["failing"])["steps"]
        for task in told(step["pathspec"])["tasks"]
        if task["status"] == "failed"
    )
    found = told(failed["pathspec"])
    assert found["exception"]["type"] == "ZeroDivisionError"
    assert found["exception"]["where"]["file"].endswith("failing_flow.py")


def test_artifacts_are_told_without_their_values_being_made(told, runs):
    task = told(f"{runs['linear']}/start")["tasks"][0]["pathspec"]
    named = {one["name"]: one for one in told("artifacts", task)["artifacts"]}
    assert named["x"]["type"] == "int"
    assert told(f"{task}/x")["value"] == 1
    assert told("data", f"{task}/x") == {"kind": "value", "type": "int", "value": 1}
    assert {one["kind"] for one in told("artifacts", runs["linear"])["artifacts"]} == {"artifact"}


def test_logs_are_bare_lines(said, told, runs):
    code, out, err = said("logs", f"{runs['linear']}/start", "--both")
    lines = told("logs", f"{runs['linear']}/start", "--both")["lines"]
    assert (code, err) == (0, "")
    assert out.splitlines() == [escape_control_chars(line["message"]) for line in lines]
    assert "\x1b" not in out
    assert any("\x1b[31m" in line["message"] for line in lines)  # data are as they were written
    assert all(is_moment(line["time"]) for line in lines)
    assert {line["stream"] for line in lines} == {"stdout", "stderr"}


def test_a_long_log_is_its_end_unless_all_is_asked_for(said, told, runs):
    where = f"{runs['logs']}/start"
    _, out, err = said("logs", where)
    assert len(out.splitlines()) == 200
    assert "--all" in err
    found = told("logs", where)
    assert (len(found["lines"]), found["more"]) == (200, True)
    _, out, err = said("logs", where, "--all")
    assert (len(out.splitlines()), err) == (100_000, "")
    _, out, err = said("logs", where, "--tail", "3")
    assert (len(out.splitlines()), err) == (3, "")


def test_an_empty_log_says_where_there_is_something(said, runs):
    code, out, err = said("logs", f"{runs['linear']}/start", "--grep", "nothing like this")
    assert (code, out) == (0, "")
    assert "No line of stdout matches" in err


def test_following_prints_each_line_once(said, runs):
    code, out, _ = said("logs", f"{runs['linear']}/start", "--follow")
    assert code == 0
    assert out.count("out: ünïcode") == 1
    assert "The task is completed" in out


def test_what_differs(told, runs):
    found = told("diff", runs["linear"], runs["linear-bob"])
    assert found["compared"] == [runs["linear"], runs["linear-bob"]]
    alpha = next(one for one in found["differences"] if one["section"] == "parameters" and one["name"] == "alpha")
    assert alpha["values"][1] == 2
    assert len(set(alpha["shas"])) == 2


def test_a_graph_tells_steps_that_were_not_reached(told, runs):
    steps = {one["step"]: one for one in told("dag", runs["failing"])["steps"]}
    assert steps["end"]["status"] is None
    assert steps["start"]["status"] == "completed"
    assert steps["start"]["next"]


def test_a_timeline_tells_what_the_duration_hangs_on(told, runs):
    found = told("timeline", runs["foreach"])
    known = {task["pathspec"] for task in found["tasks"]}
    assert found["critical_path"]
    assert known.issuperset(found["critical_path"])


def test_a_grid_a_card_a_package(told, runs):
    tiles = told("grid", f"{runs['foreach']}/work", "--by", "duration")["rows"]
    assert all(tile["value"] >= 0 for row in tiles for tile in row["tasks"])
    assert told("cards", f"{runs['cards-resumed']}/start")["cards"]
    assert "foreach_flow.py" in told("code", runs["packed"])["files"]


def test_tags_are_changed(runs, own_runs, capsys):
    words = [f"--metadata={own_runs.folder}", "--namespace=none", "--json", "tag", runs["linear"], "--add", "reviewed"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["added"] == ["reviewed"]
    assert "reviewed" in told["user_tags"]


def test_the_doctor_says_by_its_code_whether_all_is_well(said, told):
    code, out, _ = said("doctor")
    assert (code, "There are no problems." in out) == (0, True)
    assert told("doctor")["well"] is True


def test_a_doctor_who_finds_something(capsys, tmp_path):
    (tmp_path / ".metaflow").mkdir()
    assert main(["doctor", f"--metadata={tmp_path}", "--namespace=none"]) == 1
    printed = capsys.readouterr()
    assert "--metadata SELECTOR switches to another provider" in printed.out
    assert printed.err == "mfwidgets: There are problems with metadata, namespace.\n"


def test_help_is_that_of_the_magic_in_words_of_the_command_line(said, told):
    _, out, _ = said("--help")
    here = [name for name, command in COMMANDS.items() if not command.in_cells_only]
    assert [one["name"] for one in told("help")["commands"]] == here
    assert all(f"  {name}" in out for name in here)
    assert "explore" not in out
    for name in here:
        _, about, _ = said("help", name)
        assert COMMANDS[name].meaning in about
        assert "%mflow" not in about
        assert "--df" not in about
        assert said(name, "--help")[1] == about
    assert "kind" in said("help", "json")[1]


def test_what_is_hostile_stays_text(said, told, runs):
    _, out, _ = said(runs["linear-hostile"])
    assert "<script>alert('tag')</script>" in out
    assert told(runs["linear-hostile"])["user_tags"] == ["<script>alert('tag')</script>"]


def test_every_run_of_the_corpus_can_be_told(told, runs):
    for pathspec in runs.pathspecs.values():
        found = told(pathspec)
        assert found["pathspec"] == pathspec
        for step in found["steps"]:
            assert len(told(step["pathspec"])["tasks"]) == step["task_count"]
        assert told("why", pathspec)["status"] == found["status"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (float("nan"), "NaN"),
        ([float("inf"), -float("inf")], ["Infinity", "-Infinity"]),
        ({1: {"b", "a"}}, {"1": ["a", "b"]}),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.float32(0.5), 0.5),
        (b"x", "b'x'"),
        (10**30, 10**30),
        (True, True),
        ("half \ud800", "half \ud800"),
    ],
)
def test_any_value_is_json(value, expected):
    found = to_json_value(value)
    assert found == expected
    json.dumps(found, allow_nan=False)


def test_a_value_that_holds_itself_ends():
    value = []
    value.append(value)
    assert "..." in json.dumps(to_json_value(value))


def test_an_object_is_the_beginning_of_its_repr():
    class Long:
        def __repr__(self):
            return "X" * 50_000

    assert to_json_value([Long()]) == ["X" * 10_000]
