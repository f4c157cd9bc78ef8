"""%mflow in a real IPython shell."""

import json
import os
import re

import pytest
from IPython.core.error import UsageError

import mfwidgets
from mfwidgets import Flow, Metaflow, Run, Step, Task
from mfwidgets.client.answers.logs import Logs
from mfwidgets.errors import MetaflowException, MetaflowNotFound
from mfwidgets.magic.dispatch import COMMANDS, CommandHelp, Help
from mfwidgets.magic.topics import OTHER, TOPICS


@pytest.fixture
def mflow(shell, runs):
    shell.run_line_magic("load_ext", "mfwidgets")
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)
    yield lambda line: shell.run_line_magic("mflow", line)
    shell.run_line_magic("unload_ext", "mfwidgets")
    os.environ.pop("METAFLOW_PROFILE", None)


def shown(one):
    return one._repr_mimebundle_()["text/plain"]


def test_a_pathspec_returns_its_object(mflow, runs):
    assert mflow("LinearFlow") == Flow("LinearFlow")
    assert mflow("LinearFlow/latest").pathspec == runs["linear-hostile"]
    assert mflow("RetryFlow/latest-ok").pathspec == runs["retry"]
    assert mflow("LinearFlow/latest~2").pathspec == runs["linear"]
    assert isinstance(mflow(f"{runs['linear']}/start"), Step)
    task = mflow(f"{runs['linear']}/start").task.pathspec
    assert mflow(task) == Task(task)
    assert mflow(f"{task}/x").data == 1
    assert mflow(f"show '{runs['linear']}'") == Run(runs["linear"])


def test_logs(mflow, runs):
    logs = mflow(f"logs {runs['linear']}/start --tail 1")
    assert isinstance(logs, Logs)
    assert logs.stream == "both"
    assert str(mflow(f"logs {runs['linear']}/start --stdout --tail 1")).startswith("out: ünïcode")
    assert str(mflow(f"logs {Run(runs['linear'])['start'].task.pathspec} --stderr")) == "err: first\n"
    assert "ZeroDivisionError" in str(mflow(f"logs {runs['failing']} --stderr"))  # the one that failed
    both = mflow(f"logs {runs['linear']}/start --both")
    assert sorted((line.stream, line.message) for line in both) == [
        ("stderr", "err: first"),
        ("stdout", "out: first"),
        ("stdout", "out: ünïcode \x1b[31mred\x1b[0m <i>markup</i>"),
    ]
    assert [line.message for line in mflow(f"logs {runs['linear']}/start --both --grep ^err")] == ["err: first"]
    assert mflow(f"logs {runs['retry']}/flaky --attempt 0").attempt == 0
    assert "last 5 of 100,000" in shown(mflow(f"logs {runs['logs']}/start --grep line --tail 5"))
    everything = mflow(f"logs {runs['logs']}/start --all")
    assert len(list(everything)) == 100_000
    assert re.search(r"last \d{3} lines of 9.3 MB", shown(everything))


def test_namespaces(mflow, runs):
    switched = mflow("ns user:bob")
    assert isinstance(switched, Metaflow)
    assert "The namespace is now user:bob. To switch back: %mflow ns none" in shown(switched)
    assert "RetryFlow" in shown(switched)
    assert "is still user:bob" in shown(mflow("ns user:bob"))
    assert mfwidgets.get_namespace() == "user:bob"
    mflow("ns")
    assert mfwidgets.get_namespace() == "user:bob"
    mflow("ns none")
    assert mfwidgets.get_namespace() is None
    mflow("ns default")
    assert mfwidgets.get_namespace() == "user:ann"
    mflow('ns "team blue"')
    assert mfwidgets.get_namespace() == "team blue"


def test_metadata(mflow, own_runs):
    assert mflow(f"metadata {own_runs.folder}").metadata == f"local@{own_runs.folder}"
    assert mfwidgets.get_metadata() == f"local@{own_runs.folder}"
    mflow("metadata default")
    assert mfwidgets.get_metadata() != f"local@{own_runs.folder}"
    with pytest.raises(MetaflowException, match=r"folder .*C:\\runs"):
        mflow(r"metadata C:\runs")  # a backslash is a character like any other


def test_no_arguments_show_help(mflow, runs):
    shown = mflow("")
    assert isinstance(shown, Help)
    assert isinstance(mflow("help"), Help)
    text = shown._repr_mimebundle_()["text/plain"]
    assert "%mflow logs PATHSPEC ..." in text
    assert "Find out what happened" in text
    assert OTHER not in text.splitlines()
    logs = mflow("help logs")._repr_mimebundle_()["text/plain"]
    assert "%mflow logs PATHSPEC [--stdout|--stderr|--both] [--tail N|--all]" in logs
    assert logs.index("Examples") < logs.index("Arguments")
    assert all(f"%mflow {command}" in text for command in COMMANDS)
    assert "none: all runs are visible" in text


def test_topics_name_commands_once():
    names = [name for members in TOPICS.values() for name in members]
    assert len(set(names)) == len(names)
    assert set(names) <= COMMANDS.keys()


@pytest.mark.parametrize(
    ("line", "error", "expected"),
    [
        ("LinearFlow/7", MetaflowNotFound, "has no run '7'"),
        ("LinearFlow/", MetaflowException, "empty part"),
        ("logs", UsageError, "Usage: %mflow logs PATHSPEC [--stdout|--stderr|--both] [--tail N|--all]"),
        ("logs LinearFlow/latest/end --tail many", UsageError, "invalid number value: 'many'"),
        ("logs LinearFlow/latest/end --tail -1", UsageError, "Usage: %mflow logs"),
        ("ns a b", UsageError, "Usage: %mflow ns [NAME|none|default] [--list]"),
        ("log LinearFlow", UsageError, "Expected a command, got 'log'. Did you mean %mflow logs?"),
        ("runz", MetaflowNotFound, "Did you mean %mflow runs?"),
        ("--foo", UsageError, "Expected a pathspec or a command, got '--foo'"),
        ("runs HelloFlow OtherFlow", UsageError, "Usage: %mflow runs [FLOW] [--tag T]..."),
        ("runs LinearFlow/latest", UsageError, "Expected a flow, got Run('LinearFlow/"),
        ("runs LinearFlow --status fine", MetaflowException, "Expected status= to be one of"),
        ("runs LinearFlow --since yesterday", MetaflowException, "age such as '2d'"),
        ("runs LinearFlow --limit -3", UsageError, "Usage: %mflow runs"),
        ("runs LinearFlow --color", UsageError, "unrecognized arguments: --color"),
        ("logs LinearFlow/latest/end --stdout --stderr", UsageError, "not allowed with argument"),
        ("logs LinearFlow/latest/end --tail 3 --all", UsageError, "not allowed with argument"),
        ("logs LinearFlow/latest/end --grep [", MetaflowException, "Expected a regular expression"),
        ("logs LinearFlow/latest/end --attempt 7", MetaflowNotFound, "has no attempt 7. Its attempts: 0"),
        ("tag LinearFlow --add x", UsageError, "Expected a run, got Flow('LinearFlow')"),
        ("ns ' '", UsageError, "Expected a namespace such as user:ann"),
        ("{undefined}/latest", UsageError, "{undefined} has no value"),
        ("data LinearFlow/latest/start", MetaflowException, "Try %mflow artifacts LinearFlow/latest/start or"),
        ("data LinearFlow/latest/nothing_like_it", MetaflowException, "no step 'nothing_like_it'"),
        ("tasks LinearFlow/latest/start/1", UsageError, "Expected a run or a step"),
        ("tasks NoSuchFlow", MetaflowNotFound, "does not exist"),
        ("grid LinearFlow/latest", UsageError, "Expected one step with several tasks"),
        ("artifacts ForeachFlow/latest/work", UsageError, "Expected one task, got several tasks in Step('ForeachFlow/"),
        ("diff LinearFlow/latest", UsageError, "Usage: %mflow diff A B"),
        ("diff LinearFlow/latest FailingFlow/latest/divide", MetaflowException, "compare"),
        ("tag LinearFlow/latest --add ''", MetaflowException, "got an empty str"),
        ("tag LinearFlow/latest --add", UsageError, "expected one argument"),
        ("metadata /no/such/folder", MetaflowException, "does not exist"),
        ("profile nosuch", MetaflowException, "Expected a profile (default), got 'nosuch'"),
        ("help nosuch", UsageError, "Expected a command, got 'nosuch'"),
        ("doctor now", UsageError, "unrecognized arguments: now"),
        ("show", UsageError, "Usage: %mflow show PATHSPEC"),
        ("LinearFlow extra", UsageError, "Expected a command, got 'LinearFlow'"),
        ("'LinearFlow", UsageError, "Expected a closing quote"),
    ],
)
def test_mistakes_are_one_line(mflow, shell, capsys, line, error, expected):
    with pytest.raises(error) as caught:
        mflow(line)
    assert expected in str(caught.value)
    shell.run_cell(f"%mflow {line}")
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert expected in printed.out + printed.err


def test_python_values_expand(mflow, shell, runs):
    shell.user_ns["pathspec"] = runs["linear"]
    shell.run_cell("found = %mflow {pathspec}")
    assert shell.user_ns["found"] == Run(runs["linear"])


def test_variables_expand_to_words_and_pathspecs(mflow, shell, runs):
    shell.user_ns |= {"tag": "two words", "run": Run(runs["linear"]), "n": 2}
    assert "tagged two words" in repr(mflow("runs LinearFlow --tag {tag}"))
    assert mflow("{run}/start/1").pathspec == f"{runs['linear']}/start/1"
    assert mflow("why $run").run == Run(runs["linear"])
    assert len(mflow("runs LinearFlow --limit {n - 1} --df")) == 1
    found = mflow(f"logs {runs['logs']}/start --grep '^line 9{{4}}$'")
    assert [line.message for line in found] == ["line 9999"]
    assert mflow("ns user:bob;").namespace == "user:bob"
    assert mflow("ns None").namespace is None


def test_a_switch_shows_how_to_return(mflow, shell, tmp_path, monkeypatch):
    mflow('ns "user:dan o\'x"')
    told = shown(mflow("ns none"))
    assert 'To switch back: %mflow ns "user:dan o\'x"' in told
    mflow("ns user:ann")
    assert mflow(told.partition("To switch back: %mflow ")[2].splitlines()[0]).namespace == "user:dan o'x"


def test_artifacts_of_several_tasks_name_their_tasks(mflow, runs):
    assert re.search(r"work/\d +item ", shown(mflow(f"artifacts {runs['foreach']}")))


def test_loading_twice_and_unloading(shell):
    for _ in range(2):
        shell.run_line_magic("load_ext", "mfwidgets")
        shell.run_line_magic("reload_ext", "mfwidgets")
    assert "mflow" in shell.magics_manager.magics["line"]
    shell.run_line_magic("unload_ext", "mfwidgets")
    assert "mflow" not in shell.magics_manager.magics["line"]
    assert "mflow" not in shell.magics_manager.magics["cell"]


def test_runs(mflow, runs):
    assert [run.pathspec for run in mflow("runs FailingFlow --status failed")] == [runs["failing"]]
    assert {run.user for run in mflow("runs LinearFlow --tag nightly --user bob --since 9000d")} == {"bob"}
    assert {run.user for run in mflow("runs LinearFlow --user user:bob --status COMPLETED")} == {"bob"}
    assert len(mflow("runs LinearFlow --limit 2 --df")) == 2
    assert mflow("runs 'LinearFlow' --tag nightly --tag team:blue")[:][0].pathspec == runs["linear"]


def test_tables(mflow, runs):
    assert len(mflow(f"tasks {runs['foreach']}/work --df")) == 4
    assert len(mflow(f"tasks {runs['foreach']}")[:]) == 7
    assert repr(mflow("tasks ForeachFlow")).startswith("<tasks of ForeachFlow/")
    assert "x" in mflow(f"artifacts {runs['linear']}/start")._fields
    assert len(mflow(f"artifacts {runs['linear']} --df")) > 5


def test_values(mflow, runs):
    assert mflow(f"data {runs['linear']}/start/1/x") == 1
    assert mflow(f"data {runs['linear']}/start/x") == 1
    assert mflow(f"data {runs['linear']}/x") == 2
    assert mflow("data LinearFlow/latest~2/x") == 2
    with pytest.raises(UsageError, match="several tasks"):
        mflow(f"data {runs['foreach']}/work/item")
    with pytest.raises(UsageError, match="several tasks"):  # a value is never taken from a task that was not named
        mflow(f"data {runs['failing']}/divide/items")


def test_parts_of_a_run(mflow, runs):
    assert "detour" in shown(mflow(f"dag {runs['loop']}"))
    assert "<svg" in mflow(f"dag {runs['loop']}")._repr_html_()
    assert "critical" in shown(mflow(f"timeline {runs['foreach']}"))
    assert "✓✓✓✓" in shown(mflow(f"grid {runs['foreach']}"))
    assert mflow(f"grid {runs['foreach']}/work --by duration").by == "duration"
    assert "ZeroDivisionError" in shown(mflow(f"why {runs['failing']}/divide"))
    assert len(mflow(f"cards {runs['cards']}/start")) == 2
    assert mflow(f"code {runs['packed']}").script_name == "foreach_flow.py"
    assert mflow(f"code {runs['packed']}/work/2").script_name == "foreach_flow.py"
    assert mflow("code ForeachFlow/latest/start").script_name == "foreach_flow.py"
    assert "alpha" in shown(mflow(f"diff {runs['linear']} {runs['linear-bob']}"))
    assert "Comparison" in shown(mflow("diff LinearFlow LinearFlow/latest~1"))


def test_tags_show_the_change(mflow, own_runs):
    mflow(f"metadata {own_runs.folder}")
    changed = mflow(f"tag {own_runs['linear']} --add reviewed --add nightly --remove team:blue --remove nosuch")
    assert (changed.added, changed.removed) == ({"reviewed"}, {"team:blue"})
    assert re.search(r"added +reviewed\n +removed +team:blue\n +user tags +nightly, reviewed", shown(changed))
    assert "reviewed" in Run(own_runs["linear"]).user_tags
    assert "No tag has changed." in shown(mflow(f"tag {own_runs['linear']} --add reviewed"))
    assert "nightly" in shown(mflow(f"tag {own_runs['linear']}"))


def test_help(mflow):
    for command in COMMANDS:
        about = mflow(f"help {command}")
        assert COMMANDS[command].usage in shown(about)
        assert COMMANDS[command].meaning in shown(about)
    assert isinstance(mflow("--help"), Help)
    assert isinstance(mflow("logs --help"), CommandHelp)
    assert mflow("logs -h").command.name == "logs"


def test_the_docstring_names_every_command(shell):
    from mfwidgets.magic.ipython_extension import MflowMagics

    expected = MflowMagics.line.__doc__
    assert [command for command in COMMANDS if command != "show" and f"%mflow {command}" not in expected] == []


def test_profiles(mflow, monkeypatch, tmp_path, own_runs, runs):
    monkeypatch.setenv("METAFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("METAFLOW_PROFILE", raising=False)
    (tmp_path / "home").mkdir()
    configured = {"METAFLOW_DATASTORE_SYSROOT_LOCAL": str(own_runs.folder), "METAFLOW_USER": "bob"}
    (tmp_path / "home" / "config_other.json").write_text(json.dumps(configured))
    remote = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": "https://ann:secret@example.org"}
    (tmp_path / "home" / "config_remote.json").write_text(json.dumps(remote | {"METAFLOW_SERVICE_AUTH_KEY": "key1"}))
    text = shown(mflow("profile"))
    assert re.search(r"default +current +local", text)
    assert re.search(r"remote +service +local +https://example.org", text)
    assert "secret" not in text
    assert "key1" not in text
    switched = shown(mflow("profile other"))
    assert "To switch back: %mflow profile default" in switched
    assert os.environ["METAFLOW_PROFILE"] == "other"
    assert mfwidgets.get_metadata() == f"local@{own_runs.folder}"
    assert mfwidgets.get_namespace() == "user:ann"  # METAFLOW_USER in the environment takes precedence over the profile
    assert "LinearFlow" in [flow.id for flow in Metaflow(namespace=None)]
    mflow("profile default")
    assert "METAFLOW_PROFILE" not in os.environ


def test_a_cell_in_another_namespace(mflow, shell, runs):
    shell.run_cell("%%mflow ns user:bob\nimport mfwidgets\nfound = [run.user for run in mfwidgets.Flow('LinearFlow')]")
    assert shell.user_ns["found"] == ["bob"]
    assert mfwidgets.get_namespace() is None
    failed = shell.run_cell("%%mflow ns user:bob\n1 / 0")
    assert not failed.success
    assert mfwidgets.get_namespace() is None


def test_a_cell_on_other_metadata_or_with_another_profile(mflow, shell, own_runs, runs, monkeypatch, tmp_path):
    monkeypatch.setenv("METAFLOW_HOME", str(tmp_path))
    (tmp_path / "config_bobs.json").write_text(json.dumps({"METAFLOW_USER": "bob"}))
    monkeypatch.delenv("METAFLOW_USER")
    shell.run_cell(f"%%mflow metadata {own_runs.folder}\nimport mfwidgets\nwhere = mfwidgets.get_metadata()")
    assert shell.user_ns["where"] == f"local@{own_runs.folder}"
    shell.run_cell("%%mflow profile bobs\nimport mfwidgets\nwho = mfwidgets.get_namespace()")
    assert shell.user_ns["who"] == "user:bob"
    assert mfwidgets.get_metadata() == f"local@{runs.folder}"
    assert "METAFLOW_PROFILE" not in os.environ


@pytest.mark.parametrize("line", ["logs LinearFlow", "ns", "", "ns a b"])
def test_mistakes_of_cells(mflow, shell, capsys, line):
    shell.run_cell(f"%%mflow {line}\n1")
    expected = capsys.readouterr()
    assert "Expected %%mflow ns NAME, %%mflow metadata NAME" in expected.out + expected.err
    assert "Traceback" not in expected.out + expected.err


def test_the_error_of_a_cell_is_shown_once(mflow, shell, capsys):
    shell.run_cell("%%mflow ns user:bob\nraise ValueError('once only')")
    expected = capsys.readouterr()
    assert (expected.out + expected.err).count(": once only") == 1
