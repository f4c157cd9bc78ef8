"""The output of the commands as text and as data, in this process."""

import json
import warnings
from datetime import datetime

import numpy as np
import pytest

from mfwidgets.cli.main import main
from mfwidgets.cli.text import in_cli_words
from mfwidgets.config import NAMESPACE_ADVICE
from mfwidgets.magic.dispatch import COMMANDS
from mfwidgets.render.sanitize import escape_control_chars
from mfwidgets.tables import to_json_value
from mfwidgets.views.sweep import ALL_COLUMNS


@pytest.fixture
def run_program(runs, capsys):
    """Run the program on the corpus. Return exit code, stdout and stderr."""

    def run(*words):
        code = main([f"--metadata={runs.folder}", "--namespace=none", *words])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def run_json(run_program):
    """Return the JSON output of the program."""

    def run(*words):
        code, out, err = run_program(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


def is_moment(text):
    return datetime.fromisoformat(text).utcoffset().total_seconds() == 0


def test_without_warnings_their_list_is_empty(run_json):
    assert run_json("runs", "ValueFlow")["warnings"] == run_json("LinearFlow/latest")["warnings"] == []


def test_help_describes_each_key(run_program, run_json, runs):
    described = set(run_program("help", "json")[1].replace(";", " ").replace(",", " ").split())
    task = f"{runs['linear']}/end"
    answers = [
        *(
            [],
            ["LinearFlow"],
            [runs["linear"]],
            [task],
            [f"{task}/2/label"],
            ["why", runs["failing"]],
            ["runs", "LinearFlow"],
        ),
        *(["runs", "LinearFlow", "--steps"], ["tasks", runs["foreach"]], ["artifacts", runs["linear"]], ["logs", task]),
        *(["diff", runs["linear"], runs["failing"]], ["code", runs["linear"]], ["packages", runs["linear"]], ["disk"]),
        *(["timeline", runs["linear"]], ["dag", runs["linear"]], ["cards", runs["linear"]], ["tag", runs["linear"]]),
        *(["profile"], ["doctor"], ["help"]),
    ]
    for words in answers:
        assert set(run_json(*words)) - described - {"kind", "warnings", "duration_seconds", "size_bytes"} == set(), (
            words
        )


def test_no_arguments_show_the_flows(run_program, run_json):
    assert run_program()[1].startswith("Metaflow\n")
    flows = {one["flow"]: one for one in run_json()["flows"]}
    assert flows["FailingFlow"]["status"] == "completed"
    assert flows["FailingFlow"]["latest_run"].startswith("FailingFlow/")


def test_a_run(run_json, runs, client):
    found = run_json(runs["foreach"])
    run = client.get(runs["foreach"])
    assert found["pathspec"] == run.pathspec
    assert is_moment(found["started_at"])
    assert found["duration"] == pytest.approx(run.duration.total_seconds())
    assert found["user_tags"] == sorted(run.user_tags)
    steps = {one["step"]: one for one in found["steps"]}
    assert list(steps) == [step.id for step in run][::-1]
    assert steps["work"]["task_count"] == len(list(run["work"]))
    assert steps["work"]["task_statuses"] == {"completed": len(list(run["work"]))}


def test_parameters_keep_their_types(run_json, runs, client):
    found = run_json(runs["parameters"])
    frame = client.get("ParameterFlow").runs().to_dicts(params=True)[0]
    assert set(found["parameters"]) == {name[6:] for name in frame if name.startswith("param.")}
    numbers = {name: value for name, value in found["parameters"].items() if isinstance(value, float | int)}
    assert numbers
    assert all(frame[f"param.{name}"] == value for name, value in numbers.items())


def test_keys_of_the_first_version_are_still_there(run_json, runs):
    keys = [("duration_seconds", "duration"), ("size_bytes", "size"), ("tags", "user_tags")]
    run, task = run_json(runs["foreach"]), run_json(f"{runs['retry']}/flaky")["tasks"][0]["pathspec"]
    shown = [run, *run["steps"], run_json(task), *run_json(task)["artifacts"], *run_json("runs", "LinearFlow")["runs"]]
    seen = {old for facts in shown for old, new in keys if old in facts and facts[old] == facts[new]}
    assert seen == {old for old, _ in keys}
    assert all((old in facts) == (new in facts) for facts in shown for old, new in keys)
    assert run["resumed_from"] is None
    resumed = run_json(runs["resumed"])
    assert resumed["resumed_from"] == f"FailingFlow/{resumed['origin_run_id']}" == runs["failing"]


def test_runs_and_filters(run_json, runs):
    every = run_json("runs", "LinearFlow")["runs"]
    assert {one["pathspec"] for one in every} >= {runs["linear"], runs["linear-bob"]}
    some = run_json("runs", "LinearFlow", "--user", "bob", "--since", "3000d")["runs"]
    assert [one["user"] for one in some] == ["bob"]
    failed = run_json("runs", "RetryFlow", "--status", "failed")["runs"]
    assert [one["pathspec"] for one in failed] == [runs["killed"]]
    assert run_json("runs", "LinearFlow", "--limit", "1")["runs"] == every[:1]
    assert run_json("runs", "LinearFlow", "--status", "running")["runs"] == []


def test_runs_are_chosen_by_conditions(run_program, run_json, runs):
    chosen = run_json("runs", "ValueFlow", "--where", "rate<0.3 depth>3 status:completed")["runs"]
    assert [one["pathspec"] for one in chosen] == [runs["values-deep"]]
    chosen = run_json("runs", "ValueFlow", "--where", "rate<0.3", "--where=-user:bob", "--limit", "1")["runs"]
    assert [one["pathspec"] for one in chosen] == [runs["values-deep"]]
    for more in ((), ("--json",)):
        code, out, err = run_program("runs", "ValueFlow", "--where", "rate=<0.3", *more)
        assert (code, out) == (2, "")  # as for other invalid arguments
    assert "got '=<' at character 5 of 'rate=<0.3'. Try <=." in err
    assert run_json("runs", "ValueFlow", "--where", "-user:bob")["runs"][0]["pathspec"] == runs["values-deep"]
    code, out, err = run_program("runs", "ValueFlow", "--where", "rtae<0.3")
    assert (code, err) == (0, "")
    assert "No run in this namespace matches." in out
    assert "Try rate." in out


def test_a_warning_is_one_line(run_program):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, out, err = run_program("runs", "ValueFlow", "--where", "rtae<0.3", "--json")
    assert (code, json.loads(out)["runs"]) == (0, [])
    assert f"mfwidgets: {json.loads(out)['warnings'][0]}\n" == err
    assert err.startswith("mfwidgets: where(rtae<0.3): none of 3 runs has")
    assert err.count("\n") == 1


def test_rows_limit_the_runs_of_a_flow(run_json):
    found = run_json("LinearFlow", "--rows", "1")
    assert (len(found["runs"]), found["more"]) == (1, True)
    assert run_json("LinearFlow")["more"] is False


def test_rows_apply_to_one_command(run_program):
    one = run_program("runs", "LinearFlow", "--rows", "1")[1]
    assert "1 of 3" in one
    assert [text.count("✓ completed") for text in (one, run_program("runs", "LinearFlow")[1])] == [1, 3]


def test_a_task_with_attempts_and_exception(run_json, runs):
    flaky = run_json(f"{runs['retry']}/flaky")["tasks"][0]
    assert [one["status"] for one in flaky["attempt_rows"]][-1] == "completed"
    assert flaky["attempt_rows"][0]["status"] == "failed"
    failed = next(
        task
        for step in run_json(runs["failing"])["steps"]
        for task in run_json(step["pathspec"])["tasks"]
        if task["status"] == "failed"
    )
    found = run_json(failed["pathspec"])
    assert found["exception"]["type"] == "ZeroDivisionError"
    assert found["exception"]["where"]["file"].endswith("failing_flow.py")


@pytest.mark.parametrize(("name", "step"), [("foreach", "work"), ("values-deep", "")])
def test_tasks_have_their_items_and_results(run_json, runs, client, name, step):
    run = client.get(runs[name])
    tasks = run[step].tasks() if step else run.tasks()
    table = to_json_value(tasks.to_dicts(items=True, results=True))
    expected = [
        {key: value for key, value in row.items() if key.startswith(("item", "artifact.")) and value is not None}
        for row in table
    ]
    assert any(expected)
    shown = run_json(f"{runs[name]}/{step}")["tasks"] if step else to_json_value(tasks.to_dict())["tasks"]
    assert [task["items"] | task["results"] for task in shown] == expected
    one = run_json(shown[0]["pathspec"])
    assert (one["items"], one["results"]) == (shown[0]["items"], shown[0]["results"])


def test_another_word_for_a_command_is_explained(run_program, runs):
    code, _, err = run_program("compare", runs["linear"], runs["linear-bob"])
    assert (code, "Did you mean mfwidgets diff?" in err) == (2, True)
    code, _, err = run_program("show", "LinearFlow/latset")
    assert (code, "Did you mean 'LinearFlow/latest'?" in err) == (1, True)
    code, _, err = run_program("runs", "LinearFlow", "--columns", "alhpa")
    assert (code, "Did you mean param.alpha?" in err) == (2, True)
    assert in_cli_words(f"Try setting USER, {NAMESPACE_ADVICE}").endswith(", or --namespace none to see all runs.")
    assert in_cli_words(f"Not shown: x. {ALL_COLUMNS}") == "Not shown: x. --json has all columns."


def test_artifacts_are_not_unpickled(run_json, runs):
    task = run_json(f"{runs['linear']}/start")["tasks"][0]["pathspec"]
    named = {one["name"]: one for one in run_json("artifacts", task)["artifacts"]}
    assert named["x"]["type"] == "int"
    assert run_json(f"{task}/x")["value"] == 1
    assert run_json("data", f"{task}/x") == {"kind": "value", "type": "int", "value": 1, "warnings": []}
    assert {one["kind"] for one in run_json("artifacts", runs["linear"])["artifacts"]} == {"artifact"}


def test_logs_are_bare_lines(run_program, run_json, runs):
    code, out, err = run_program("logs", f"{runs['linear']}/start", "--both")
    lines = run_json("logs", f"{runs['linear']}/start", "--both")["lines"]
    assert (code, err) == (0, "")
    assert out.splitlines() == [escape_control_chars(line["message"]) for line in lines]
    assert "\x1b" not in out
    assert any("\x1b[31m" in line["message"] for line in lines)  # data are printed unchanged
    assert all(is_moment(line["time"]) for line in lines)
    assert {line["stream"] for line in lines} == {"stdout", "stderr"}


def test_a_long_log_is_shortened_by_default(run_program, run_json, runs):
    where = f"{runs['logs']}/start"
    _, out, err = run_program("logs", where)
    assert len(out.splitlines()) == 200
    assert "--all" in err
    found = run_json("logs", where)
    assert (len(found["lines"]), found["more"]) == (200, True)
    _, out, err = run_program("logs", where, "--all")
    assert (len(out.splitlines()), err) == (100_000, "")
    _, out, err = run_program("logs", where, "--tail", "3")
    assert (len(out.splitlines()), err) == (3, "")


def test_an_empty_log_names_the_other_stream(run_program, runs):
    code, out, err = run_program("logs", f"{runs['linear']}/start", "--grep", "nothing like this")
    assert (code, out) == (0, "")
    assert "No line of stdout and stderr matches" in err


def test_following_prints_each_line_once(run_program, runs):
    code, out, _ = run_program("logs", f"{runs['linear']}/start", "--follow")
    assert code == 0
    assert out.count("out: ünïcode") == 1
    assert "The task is completed" in out


def test_a_comparison(run_json, runs):
    found = run_json("diff", runs["linear"], runs["linear-bob"])
    assert found["compared"] == [runs["linear"], runs["linear-bob"]]
    alpha = next(one for one in found["differences"] if one["section"] == "parameters" and one["name"] == "alpha")
    assert alpha["values"][1] == 2
    assert len(set(alpha["shas"])) == 2


def test_a_graph_has_steps_that_did_not_run(run_json, runs):
    steps = {one["step"]: one for one in run_json("dag", runs["failing"])["steps"]}
    assert steps["end"]["status"] is None
    assert steps["start"]["status"] == "completed"
    assert steps["start"]["next"]


def test_a_timeline_has_the_critical_path(run_json, runs):
    found = run_json("timeline", runs["foreach"])
    known = {task["pathspec"] for task in found["tasks"]}
    assert found["critical_path"]
    assert known.issuperset(found["critical_path"])


def test_a_grid_a_card_a_package(run_json, runs):
    tiles = run_json("grid", f"{runs['foreach']}/work", "--by", "duration")["rows"]
    assert all(tile["value"] >= 0 for row in tiles for tile in row["tasks"])
    assert run_json("cards", f"{runs['cards-resumed']}/start")["cards"]
    assert "foreach_flow.py" in run_json("code", runs["packed"])["files"]
    packages = run_json("packages", runs["packed"])
    assert [(one["name"], one["source"]) for one in packages["packages"]] == [("python", "run"), ("metaflow", "run")]
    assert packages["note"].startswith("Metaflow records the packages of @conda")


def test_cards_are_saved(run_program, runs, tmp_path):
    words = ["cards", f"{runs['cards']}/start", "--save", str(tmp_path / "cards")]
    code, out, _ = run_program(*words)
    assert (code, f"2 files written to {tmp_path / 'cards'}." in out) == (0, True)
    assert len(list((tmp_path / "cards").iterdir())) == 2
    code, out, err = run_program(*words)
    assert (code, out) == (1, "")
    assert "Nothing was written." in err
    assert run_program(*words, "--overwrite")[0] == 0
    assert run_program("cards", runs["cards"], "--overwrite")[0] == 2


def test_tags_are_changed(runs, own_runs, capsys):
    words = [f"--metadata={own_runs.folder}", "--namespace=none", "--json", "tag", runs["linear"], "--add", "reviewed"]
    assert main(words) == 0
    run_json = json.loads(capsys.readouterr().out)
    assert run_json["added"] == ["reviewed"]
    assert "reviewed" in run_json["user_tags"]


def test_the_exit_code_of_the_doctor(run_program, run_json):
    code, out, _ = run_program("doctor")
    assert (code, "There are no problems." in out) == (0, True)
    assert run_json("doctor")["well"] is True


def test_a_doctor_with_problems(capsys, tmp_path):
    (tmp_path / ".metaflow").mkdir()
    assert main(["doctor", f"--metadata={tmp_path}", "--namespace=none"]) == 1
    printed = capsys.readouterr()
    assert "--metadata SELECTOR switches to another provider" in printed.out
    assert printed.err == "mfwidgets: There are problems with metadata, namespace.\n"


def test_help_uses_the_words_of_the_command_line(run_program, run_json):
    _, out, _ = run_program("--help")
    here = [name for name, command in COMMANDS.items() if not command.in_cells_only]
    assert [one["name"] for one in run_json("help")["commands"]] == here
    assert all(f"  {name}" in out for name in here)
    assert "explore" not in out
    for name in here:
        _, about, _ = run_program("help", name)
        assert COMMANDS[name].meaning in about
        assert "%mflow" not in about
        assert "--df" not in about
        assert run_program(name, "--help")[1] == about
    assert "kind" in run_program("help", "json")[1]


def test_hostile_values_stay_text(run_program, run_json, runs):
    _, out, _ = run_program(runs["linear-hostile"])
    assert "<script>alert('tag')</script>" in out
    assert run_json(runs["linear-hostile"])["user_tags"] == ["<script>alert('tag')</script>"]


def test_every_run_of_the_corpus_is_json(run_json, runs):
    for pathspec in runs.pathspecs.values():
        found = run_json(pathspec)
        assert found["pathspec"] == pathspec
        for step in found["steps"]:
            assert len(run_json(step["pathspec"])["tasks"]) == step["task_count"]
        assert run_json("why", pathspec)["status"] == found["status"]


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


def test_a_recursive_value_ends():
    value = []
    value.append(value)
    assert "..." in json.dumps(to_json_value(value))


def test_an_object_becomes_a_shortened_repr():
    class Long:
        def __repr__(self):
            return "X" * 50_000

    assert to_json_value([Long()]) == ["X" * 10_000]
