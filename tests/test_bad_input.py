"""Bad input of all kinds: each raises its class of error, with a message that names the object and a solution."""

import json
import shutil
from pathlib import Path

import pytest
from corpus import Corpus

import mfwidgets
from mfwidgets import DataArtifact, Flow, Metaflow, Run, Step, Task, errors, get_cards, inspect_spin
from mfwidgets.config import Configuration, read_configuration
from mfwidgets.providers.factory import open_provider


@pytest.fixture(scope="module")
def world(runs, tmp_path_factory) -> Corpus:
    """A copy of a few runs. Tests damage its files and restore them."""
    folder = tmp_path_factory.mktemp("world")
    for flow in ("LinearFlow", "CardFlow", "FailingFlow"):
        shutil.copytree(runs.root / flow, folder / ".metaflow" / flow)
    shutil.copytree(runs.root / "mf.cards", folder / ".metaflow" / "mf.cards")
    return Corpus(folder, runs.pathspecs)


@pytest.fixture(autouse=True)
def _select(world):
    mfwidgets.metadata(world.folder)
    mfwidgets.namespace(None)


def check(caught, expected):
    """Check that a message is one short line without control characters, and has the expected parts."""
    message = str(caught.value)
    for part in [expected] if isinstance(expected, str) else expected:
        assert part in message
    assert message.isprintable(), message
    assert 10 < len(message) < 800
    assert isinstance(caught.value, errors.MetaflowException)
    assert caught.value._render_traceback_() == [f"{type(caught.value).__name__}: {message}"]


FORM = errors.MetaflowInvalidPathspec
MISSING = errors.MetaflowNotFound
ARGUMENT = errors.MetaflowInvalidArgument
CHILD = errors.NoSuchChild

PATHSPECS = [
    (Flow, FORM, ("got None (NoneType)", "Expected a pathspec FlowName (str)")),
    (lambda: Flow(""), FORM, ("got ''", "Expected a pathspec FlowName,")),
    (lambda: Flow(5), FORM, ("got 5 (int)", "Expected a pathspec FlowName (str)")),
    (lambda: Run(b"LinearFlow/1"), FORM, ("(bytes)", "Expected a pathspec FlowName/RunID (str)")),
    (lambda: Run("LinearFlow"), FORM, ("'LinearFlow', which has 1 part", "Expected a pathspec FlowName/RunID,")),
    (lambda: Run("/LinearFlow/1"), FORM, "has an empty part"),
    (lambda: Task("a/b/c/d/e/f"), FORM, ("has 6 parts", "Expected a pathspec FlowName/RunID/StepName/TaskID,")),
    (lambda: Metaflow().get(""), FORM, "Expected a pathspec FlowName to FlowName/RunID/StepName/TaskID/ArtifactName"),
    (lambda: Metaflow().get(None), FORM, "got None (NoneType)"),
    (lambda: Metaflow()["LinearFlow/1"], FORM, "Expected a pathspec FlowName,"),
    (lambda: Flow("LinaerFlow"), MISSING, ("Flow('LinaerFlow') does not exist in local@", "Did you mean 'LinearFlow'?")),
    (lambda: Flow("x"), MISSING, "There are 'CardFlow', 'FailingFlow', 'LinearFlow'."),
    (lambda: Flow(".."), MISSING, "Flow('..') does not exist"),
    (lambda: Flow("*"), MISSING, "Flow('*') does not exist"),
    (lambda: Flow("[L]inearFlow"), MISSING, "Did you mean 'LinearFlow'?"),
    (lambda: Flow("\0"), MISSING, r"Flow('\x00') does not exist"),
    (lambda: Flow("\x1b[31m"), MISSING, r"Flow('\x1b[31m') does not exist"),
    (lambda: Flow("\udcff"), MISSING, r"Flow('\udcff') does not exist"),
    (lambda: Flow("_meta"), MISSING, "does not exist"),
    (lambda: Flow("a\\b"), MISSING, "does not exist"),
    (lambda: Flow("x" * 100_000), MISSING, ("xxx…", "does not exist")),
    (lambda: Metaflow().get("LinearFlow/latset"), MISSING, "Did you mean 'LinearFlow/latest'?"),
    (lambda: Metaflow().get("LinearFlow/Latest/end"), MISSING, "Did you mean 'LinearFlow/latest/end'?"),
    (lambda: Metaflow().get("latest"), MISSING, "or 'LinearFlow/latest'?"),
    (lambda: Run("NoFlow/1"), MISSING, "There is no flow 'NoFlow'."),
    (lambda: Run("../LinearFlow"), MISSING, "There is no flow '..'."),
    (lambda: Run("LinearFlow/data"), MISSING, "Flow('LinearFlow') has no run 'data'."),
    (lambda: Run("LinearFlow/latest"), MISSING, "got the alias 'latest'. Try Metaflow().get('LinearFlow/latest')."),
    (lambda: Metaflow().get("LinearFlow/latest~99"), MISSING, "LinearFlow does not have enough runs in this namespace"),
    (lambda: Metaflow().get("LinearFlow/latest~x"), MISSING, "has no run 'latest~x'"),
    (lambda: Metaflow().get("LinearFlow/latest/strat"), MISSING, "Did you mean 'start'?"),
    (lambda: Metaflow().get("LinearFlow/latest/start/99"), MISSING, "has no task '99'. There is '1'."),
]  # fmt: skip
CHILDREN = [
    (lambda run: run.parent["7"], CHILD, "Flow('LinearFlow') has no run '7'. There are"),
    (lambda run: run.parent[7], CHILD, "has no run 7."),
    (lambda run: run["strat"], CHILD, "Did you mean 'start'?"),
    (lambda run: run["start/1"], CHILD, "has no step 'start/1'"),
    (lambda run: run[".."], CHILD, "has no step '..'"),
    (lambda run: run[""], CHILD, "has no step ''"),
    (lambda run: run["s*"], CHILD, "has no step 's*'"),
    (lambda run: run["start"]["?"], CHILD, "has no task '?'"),
    (lambda run: run["start"].task["y"], CHILD, "has no artifact 'y'. There are 'alpha', 'label'"),
    (lambda run: run["start"].task["[x]"], CHILD, "has no artifact '[x]'"),
    (lambda run: run["start"].task["../1/_meta/0_artifact_x"], CHILD, "has no artifact"),
    (lambda run: run["start"].task["\0"], CHILD, r"has no artifact '\x00'"),
    (lambda run: run["start"].task[["x"]], CHILD, "has no artifact ['x']"),
    (lambda run: run["start"].task["x"]["y"], CHILD, "has no children. Try .data for its value"),
    (lambda run: run.data.y, errors.NoSuchArtifact, "has no artifact 'y'. It has alpha, label"),
    (lambda run: run.parent["x" * 100_000], CHILD, "xxx…. There are"),
]
ATTEMPTS = [
    (
        lambda: Flow("LinearFlow", attempt=1),
        MISSING,
        ("Only tasks and artifacts have them", "Try leaving attempt= out"),
    ),
    (lambda: Metaflow().get("LinearFlow/latest", attempt=1), MISSING, "Only tasks and artifacts have them"),
    (lambda: Step("LinearFlow/1/start", attempt=0), MISSING, "A step has no attempts"),
    *[
        (lambda attempt=attempt: Task("LinearFlow/1/start/1", attempt=attempt), MISSING, "from 0 to 5")
        for attempt in (6, -1, 10**30, "x", "", True, [0], float("nan"), float("inf"), b"0")
    ],
    (
        lambda: DataArtifact("LinearFlow/1/start/1/x", attempt=7),
        MISSING,
        "Expected attempt= to be a number from 0 to 5 or None, got 7",
    ),
]
ARGUMENTS = [
    (lambda run: run.parent.runs(5), ARGUMENT, ("Expected tags as separate str arguments", "got 5")),
    (lambda run: run.parent.runs(["nightly"]), ARGUMENT, "got ['nightly']"),
    (lambda run: run.parent.runs(None), ARGUMENT, "got None"),
    (lambda run: run.steps(5), ARGUMENT, "got 5"),
    (lambda run: run["start"].tasks(b"x"), ARGUMENT, "got b'x'"),
    (lambda run: run.parent.runs(limit=-1), ARGUMENT, "Expected limit= to be a number from 0 or None, got -1"),
    (lambda run: run.parent.runs(limit="x"), ARGUMENT, "got 'x'"),
    (lambda run: run.parent.runs(limit=True), ARGUMENT, "got True"),
    (
        lambda run: run.parent.runs().to_pandas(times="soon"),
        ARGUMENT,
        "Expected times= to be True, False or \"auto\", got 'soon'",
    ),
    (
        lambda run: run.parent.runs()["x"],
        errors.IncorrectArgumentException,
        "Expected a number or a slice as the index of the runs of LinearFlow, got 'x'",
    ),
    (lambda run: run.parent.runs("nope").first(), MISSING, "There are no runs of LinearFlow tagged nope."),
    (
        lambda run: run["start"].task.logs("stdin"),
        MISSING,
        "Expected a stream ('stdout', 'stderr' or 'both'), got 'stdin'",
    ),
    (lambda run: run["start"].task.logs(tail=-1), ARGUMENT, "Expected tail= to be a number from 0 or None, got -1"),
    (lambda run: run["start"].task.logs(tail="x"), ARGUMENT, "got 'x'"),
    (lambda run: get_cards(5), errors.IncorrectArgumentException, "Expected a Task or its pathspec, got int"),
    (lambda run: get_cards(run.pathspec), errors.IncorrectPathspecException, "Expected the pathspec of a task"),
    (lambda run: get_cards(run["start"].task), errors.CardNotPresentException, "A step without @card makes none"),
    (lambda run: run.add_tag(5), errors.MetaflowTaggingError, "got int (5)"),
    (lambda run: run.add_tag(""), errors.MetaflowTaggingError, "got an empty str"),
    (lambda run: run.add_tag("x" * 501), errors.MetaflowTaggingError, "at most 500 characters"),
    (lambda run: run.add_tags([]), errors.MetaflowTaggingError, "Expected at least one tag"),
    (lambda run: run.remove_tag("runtime:dev"), errors.MetaflowTaggingError, "Only user tags can be"),
    (lambda run: run.replace_tags(None, ["a"]), errors.MetaflowTaggingError, "got NoneType"),
]
SELECTORS = [
    (lambda: mfwidgets.metadata(None), errors.InvalidSelector, "default_metadata()"),
    (lambda: mfwidgets.metadata(5), errors.InvalidSelector, "Expected a metadata selector such as 'local@/path', got int"),
    (lambda: mfwidgets.metadata("/nowhere"), errors.InvalidSelector, ("folder /nowhere/.metaflow", "Try 'local@FOLDER'")),
    (lambda: mfwidgets.metadata(Path("/nowhere")), errors.InvalidSelector, "folder /nowhere/.metaflow"),
    (lambda: mfwidgets.metadata("foo@bar"), errors.InvalidSelector, "Expected a folder with runs, got the metadata selector 'foo@bar'"),
    (lambda: mfwidgets.metadata("local@\0"), errors.InvalidSelector, r"Expected a folder with runs, got the metadata selector 'local@\x00'"),
    (lambda: mfwidgets.metadata(__file__), errors.InvalidSelector, "does not exist"),
    (lambda: inspect_spin("/nowhere"), errors.InvalidSelector, "folder /nowhere/.metaflow_spin"),
    (lambda: mfwidgets.namespace(5), ARGUMENT, ("Expected a namespace such as 'user:ann'", "got 5")),
    (lambda: mfwidgets.namespace(b"user:ann"), ARGUMENT, "or None to see all runs"),
    (lambda: Metaflow(namespace=["user:ann"]), ARGUMENT, "got ['user:ann']"),
    (lambda: Metaflow(metadata="/nowhere"), errors.InvalidSelector, "folder /nowhere/.metaflow"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "error", "expected"), PATHSPECS + ATTEMPTS + SELECTORS)
def test_names(ask, error, expected, world):
    before = mfwidgets.get_metadata(), mfwidgets.get_namespace()
    with pytest.raises(error) as caught:
        ask()
    check(caught, expected)
    assert (mfwidgets.get_metadata(), mfwidgets.get_namespace()) == before


@pytest.mark.parametrize(("ask", "error", "expected"), CHILDREN + ARGUMENTS)
def test_children_and_arguments(ask, error, expected, world):
    run = Run(world["linear"])
    with pytest.raises(error) as caught:
        ask(run)
    check(caught, expected)


USER_FILE, PROJECT_FILE = "home/config.json", "project/.metaflow/config.json"


@pytest.mark.parametrize(
    ("files", "environ", "ask", "expected"),
    [
        ({USER_FILE: "{"}, {}, None, "home/config.json cannot be read: it is not valid JSON (line 1, column 2)"),
        ({USER_FILE: ""}, {}, None, "home/config.json cannot be read"),
        ({USER_FILE: "[]"}, {}, None, ("Expected a JSON object", "home/config.json, got list")),
        ({PROJECT_FILE: "null"}, {}, None, ("Expected a JSON object", "project/.metaflow/config.json, got NoneType")),
        ({PROJECT_FILE: "\x00"}, {}, None, "project/.metaflow/config.json cannot be read"),
        ({}, {"METAFLOW_PROFILE": "team"}, None, ("for METAFLOW_PROFILE='team'", "config_team.json", "unset METAFLOW_PROFILE")),
        ({}, {"METAFLOW_DEFAULT_METADATA": "bogus"}, lambda found: found.default_metadata, ("for METAFLOW_DEFAULT_METADATA, got 'bogus'", "Expected local, spin or service")),
        ({USER_FILE: '{"METAFLOW_USER": ["a"]}'}, {}, Configuration.default_namespace, "Expected a string for METAFLOW_USER, got a list"),
        ({USER_FILE: '{"METAFLOW_DATASTORE_SYSROOT_LOCAL": {}}'}, {}, Configuration.local_root, "Expected a string for METAFLOW_DATASTORE_SYSROOT_LOCAL, got a dict"),
        ({}, {}, Configuration.default_namespace, ("Try setting METAFLOW_USER", "namespace(None)")),
    ],
)  # fmt: skip
def test_configuration(files, environ, ask, expected, tmp_path):
    (tmp_path / "project" / ".metaflow").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    def read():
        found = read_configuration({"METAFLOW_HOME": str(tmp_path / "home"), **environ}, tmp_path / "project")
        return ask(found) if ask else None

    with pytest.raises((errors.MetaflowConfigurationError, errors.MetaflowUnknownUser)) as caught:
        read()
    check(caught, expected)


def test_an_invalid_default_names_its_variable(tmp_path):
    configuration = read_configuration({"METAFLOW_DEFAULT_METADATA": "bogus"}, tmp_path)
    with pytest.raises(errors.MetaflowConfigurationError, match="METAFLOW_DEFAULT_METADATA, got 'bogus'"):
        open_provider(None, configuration)


X = "start/1/_meta/0_artifact_x.json"
RECORD = {"content_type": "pickle-v4", "ds_type": "local", "ts_epoch": 1_700_000_000_000}


@pytest.mark.parametrize(
    ("file", "content", "ask", "error", "expected"),
    [
        ("_meta/_self.json", "{", Run, errors.CorruptFile, "_meta/_self.json is broken: Expecting"),
        ("_meta/_self.json", "[]", Run, errors.CorruptFile, "it is not a JSON object"),
        ("_meta/_self.json", None, Run, MISSING, "has no run"),
        ("start/_meta/_self.json", "\x00", lambda run: Step(f"{run}/start"), errors.CorruptFile, "is broken"),
        ("start/1/_meta/_self.json", "", lambda run: Task(f"{run}/start/1"), errors.CorruptFile, "is broken"),
        ("start/1/_meta/_self.json", b"\xff\xfe", lambda run: Run(run)["start"]["1"], errors.CorruptFile, "is broken"),
        (X, "{", lambda run: Task(f"{run}/start/1")["x"], errors.CorruptFile, "0_artifact_x.json is broken"),
        (X, "7", lambda run: DataArtifact(f"{run}/start/1/x"), errors.CorruptFile, "is not a JSON object"),
        (X, None, lambda run: DataArtifact(f"{run}/start/1/x"), MISSING, "has no artifact 'x'"),
        (X, {}, lambda run: Task(f"{run}/start/1").data.x, errors.DataException, "expected a SHA-1 in its record, got ''"),
        (X, RECORD | {"sha": "../../../etc"}, lambda run: Task(f"{run}/start/1").data.x, errors.DataException, "expected a SHA-1 in its record, got '../../../etc'"),
        (X, RECORD | {"sha": "a" * 40}, lambda run: Task(f"{run}/start/1").data.x, errors.BlobMissing, (f"its bytes {'a' * 40} are missing from", "deleted")),
        (X, RECORD | {"sha": "a" * 40, "ds_type": "tape", "location": ":root:tape://b"}, lambda run: Task(f"{run}/start/1").data.x, errors.DataException, ("got 'tape'", "tape://b")),
        ("start/1/_meta/0_artifact__success.json", "{", lambda run: Task(f"{run}/start/1").successful, errors.CorruptFile, "0_artifact__success.json is broken"),
    ],
)  # fmt: skip
def test_corrupt_files(file, content, ask, error, expected, world):
    path = world.root.joinpath(world["linear"], file)
    before = path.read_bytes()
    try:
        if content is None:
            path.unlink()
        else:
            text = json.dumps(content) if isinstance(content, dict) else content
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(error) as caught:
            ask(world["linear"])
        check(caught, expected)
        # Neighbouring objects are not affected, and everything can be shown.
        assert "LinearFlow" in Flow("LinearFlow")._repr_html_()
        assert len(Flow("LinearFlow").to_pandas()) >= 2
        assert len(Run(world["linear-bob"]).to_pandas()) == 2
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("content", [b"", b"other", b"\x1f\x8b\x08", "half"])
def test_damaged_bytes(content, world, tmp_path):
    shutil.copytree(world.root / "LinearFlow", tmp_path / ".metaflow" / "LinearFlow")
    task = Metaflow(metadata=tmp_path, namespace=None).get(f"{world['linear']}/start/1")
    blob = tmp_path / ".metaflow" / "LinearFlow" / "data" / task["text"].sha[:2] / task["text"].sha
    blob.write_bytes(blob.read_bytes()[:20] if content == "half" else content)
    with pytest.raises(errors.DataException) as caught:
        _ = task["text"].data
    check(caught, ("start/1/text", "are damaged", "recorded hash"))
    assert task["x"].data == 1
    assert "text" in task._repr_html_()


def test_the_table_is_long():
    assert len(PATHSPECS + ATTEMPTS + SELECTORS + CHILDREN + ARGUMENTS) >= 60
