"""Every public name works as the first statement of a process: each class finds the others without an earlier import."""

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_public_names import PUBLIC

import mfwidgets
from mfwidgets import Metaflow

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

PROGRAM = Path(__file__).parent / "fresh_processes.py"

OBJECTS = {
    "Metaflow": "m.Metaflow()",
    "Flow": "m.Flow('LinearFlow')",
    "Run": "m.Run('LINEAR')",
    "Step": "m.Step('LINEAR/start')",
    "Task": "m.Task('LINEAR/start/1')",
    "DataArtifact": "m.DataArtifact('LINEAR/start/1/x')",
    "Runs": "m.Flow('LinearFlow').runs()",
    "Steps": "m.Run('LINEAR').steps()",
    "Tasks": "m.Run('LINEAR').tasks()",
    "RelatedTasks": "m.Run('LINEAR').critical_path()",
    "Artifacts": "m.Run('LINEAR').artifacts()",
    "MetadataEvents": "m.Run('LINEAR').metadata_events()",
    "Timings": "m.Flow('LinearFlow').runs().timings()",
    "Logs": "m.Task('LINEAR/start/1').logs()",
    "Why": "m.Run('FAILING').why()",
    "Comparison": "m.compare('PACKED', 'PACKED')",
    "Lineage": "m.DataArtifact('LINEAR/start/1/x').lineage()",
    "Grid": "m.Step('FAILING/divide').grid()",
    "RunGraph": "m.Run('LINEAR').dag()",
    "RunGrid": "m.Flow('LinearFlow').runs().grid()",
    "RunTimeline": "m.Run('LINEAR').timeline()",
    "MetaflowArtifacts": "m.Task('LINEAR/start/1').artifacts",
    "MetaflowData": "m.Task('LINEAR/start/1').data",
    "MetaflowCode": "m.Run('PACKED').code",
    "Trigger": "m.Trigger.from_runs([m.Run('LINEAR')])",
    "Card": "m.get_cards('CARDS/start/1')[0]",
    "CardContainer": "m.get_cards('CARDS/start/1')",
    "Packages": "m.Run('LINEAR').packages()",
    "DiskUsage": "m.Flow('LinearFlow').disk_usage()",
}
"""An expression for an object of each public class."""

ARGUMENTS = {
    "get": "'LINEAR/start'",
    "find_artifacts": "'x'",
    "grep": "'line'",
    "where": "alpha=1",
    "group_by": "'status'",
    "sort_by": "'duration'",
    "nlargest": "2, 'duration'",
    "nsmallest": "2, 'duration'",
    "loglines": "'stdout'",
    "add_tag": "'new'",
    "add_tags": "['new']",
    "remove_tag": "'new'",
    "remove_tags": "['new']",
    "replace_tag": "'old', 'new'",
    "replace_tags": "['old'], ['new']",
    "from_runs": "[m.Run('LINEAR')]",
    "extractall": "'extracted'",
    "Logs.last": "2",
    "to_html": "'page.html'",
    "Card.get": "",
    "CardContainer.save": "'saved', overwrite=True",
    "MetaflowArtifacts.count": "7",
    "CardContainer.count": "7",
    "MetaflowArtifacts.index": "m.DataArtifact('LINEAR/start/1/alpha')",
}
"""The arguments of the methods that need some."""

LEFT_OUT = {"Card.view", "CardContainer.index"}
"""The first opens a web browser. The second searches for the same object, which a line cannot name."""

FUNCTIONS = {
    "Metadata": "m.Metadata",
    "StatusName": "list(m.StatusName)",
    "cache_info": "m.cache_info()",
    "clear_cache": "m.clear_cache()",
    "compare": "m.compare('LINEAR', 'FAILING')._repr_html_()",
    "default_metadata": "m.default_metadata()",
    "default_namespace": "m.default_namespace()",
    "explore": "m.explore('LINEAR').wait()",
    "get_cards": "m.get_cards('CARDS/start/1')[0].get()",
    "get_metadata": "m.get_metadata()",
    "get_namespace": "m.get_namespace()",
    "inspect_spin": "m.inspect_spin()",
    "load_ipython_extension": "m.load_ipython_extension(shell())",
    "metadata": "m.metadata('.')",
    "namespace": "m.namespace(None)",
    "options": "m.options",
    "sample": "m.sample()",
    "unload_ipython_extension": "m.unload_ipython_extension(shell())",
    "watch": "m.watch('LINEAR').wait(120)",
}

WAYS = [
    "m.Run('LINEAR').parent",
    "m.Step('LINEAR/start').parent.parent",
    "m.Task('LINEAR/start/1').parent.parent.parent",
    "m.DataArtifact('LINEAR/start/1/x').parent.parent.parent.parent",
    "m.Run('LINEAR').end_task.parent",
    "m.Run('LINEAR').data.x",
    "next(iter(m.Run('LINEAR').end_task.parent_tasks)).parent.parent",
    "m.Trigger.from_runs([m.Run('LINEAR')]).run.parent",
    "m.Run('LINEAR') == m.Flow('LinearFlow')['LINEAR'.split('/')[1]]",
    "next(iter(m.Metaflow())).latest_run",
    "next(iter(m.Flow('LinearFlow'))).parent",
    "next(iter(next(iter(next(iter(m.Run('LINEAR')))))))._repr_html_()",
    "m.Run('CARDS-RESUMED').trigger",
    "m.Run('TRIGGERED').trigger.run.parent",
    "m.Run('TRIGGERED').trigger['LinearFlow'].trigger",
    "m.Run('TRIGGERED')._repr_html_()",
]
"""Ways from one object to another."""

MISSING = [
    "m.Flow('NoFlow')",
    "m.Run('NoFlow/1')",
    "m.Run('LinearFlow/1')",
    "m.Step('NoFlow/1/start')",
    "m.Step('LINEAR/none')",
    "m.Task('LINEAR/start/99')",
    "m.DataArtifact('LINEAR/start/1/none')",
    "m.DataArtifact('NoFlow/1/start/1/x')",
    "m.Metaflow()['NoFlow']",
    "m.Metaflow().get('LinearFlow/1')",
    "m.Metaflow().get('LINEAR/none')",
    "m.get_cards('LinearFlow/1/start/1')",
    "m.compare('LinearFlow/1', 'LINEAR')",
    "m.watch('LinearFlow/1')",
    "m.explore('LinearFlow/1')",
    "m.Run('GONE').trigger.runs",
    "m.Run('GONE').trigger.run",
    "m.Run('GONE').trigger['UpFlow']",
]
NO_CHILDREN = ["m.Flow('LinearFlow')['1']", "m.Run('LINEAR')['none']", "m.Task('LINEAR/start/1')['none']"]
HIDDEN = ["m.Run('BOB')", "m.Flow('LinearFlow')['BOB'.split('/')[1]]", "m.Task('BOB/start/1')", "m.Flow('RetryFlow')"]
"""Objects of another namespace."""


def title(expression):
    """Return the name of the result of an expression. Pathspecs are not filled into it."""
    return expression.replace("'", '"')


def members():
    """Yield an expression for an object of each public class, with an expression for each of its public members."""
    for kind, make in OBJECTS.items():
        seconds = [(f"repr of {kind}", "it")]
        for name in PUBLIC[kind].split():
            arguments = ARGUMENTS.get(f"{kind}.{name}", ARGUMENTS.get(name, ""))
            if f"{kind}.{name}" not in LEFT_OUT:
                seconds.append((f"{kind}.{name}", f"use(it, {name!r}, {arguments})"))
        if "to_html" in PUBLIC[kind]:
            seconds.append((f"display of {kind}", "it._repr_html_()"))
        yield make, seconds


@pytest.fixture(scope="module")
def world(runs, tmp_path_factory):
    """A folder with a few runs, and their pathspecs."""
    folder = tmp_path_factory.mktemp("fresh")
    names = {"linear", "linear-bob", "failing", "cards", "cards-resumed", "packed", "retry"}
    for name in names:
        flow = runs[name].partition("/")[0]
        for part in (runs[name], f"{flow}/_meta", f"{flow}/data"):
            shutil.copytree(runs.root / part, folder / ".metaflow" / part, dirs_exist_ok=True)
    shutil.copytree(runs.root / "mf.cards", folder / ".metaflow" / "mf.cards")
    (folder / ".metaflow_spin").mkdir()
    pathspecs = {name.upper(): runs[name] for name in names} | {"BOB": runs["linear-bob"]}
    for name, upstream in (("TRIGGERED", runs["linear"]), ("GONE", "UpFlow/7")):
        event = {"type": "run", "timestamp": 1, "name": "metaflow.UpFlow.end", "id": f"{upstream}/end/2"}
        pathspecs[name] = _copied(folder / ".metaflow", runs["linear"], name, event)
    return folder, pathspecs


def _copied(root, pathspec, name, event):
    """Copy a run under another id, and let an event trigger it. Return the pathspec of the copy."""
    flow = pathspec.partition("/")[0]
    shutil.copytree(root / pathspec, root / flow / name.lower())
    record = {"field_name": "execution-triggers", "type": "", "value": json.dumps([event]), "ts_epoch": 1}
    (root / flow / name.lower() / "start" / "1" / "_meta" / "sysmeta_execution-triggers_1.json").write_text(
        json.dumps(record)
    )
    return f"{flow}/{name.lower()}"


@pytest.fixture(scope="module")
def results(world):
    """The results of all expressions."""
    folder, pathspecs = world
    alone = [*FUNCTIONS.items(), *((title(way), way) for way in (*WAYS, *MISSING, *NO_CHILDREN, *HIDDEN))]
    groups = [*members(), *pickled(folder, pathspecs["LINEAR"]), *(("None", alone[start::6]) for start in range(6))]
    request = json.dumps(groups)
    for name in sorted(pathspecs, key=len, reverse=True):
        request = request.replace(f"'{name}", f"'{pathspecs[name]}")
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Without cached bytecode, each process would compile the whole package.
    environ |= {
        "METAFLOW_USER": "ann",
        "METAFLOW_HOME": str(folder / "home"),
        "PYTHONPYCACHEPREFIX": str(folder / "cache"),
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        cwd=folder,
        env=environ,
        input=request,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pickled(folder, pathspec):
    """Yield an expression that unpickles an object of each kind, with expressions that go on from it."""
    client = Metaflow(metadata=f"local@{folder}", namespace=None)
    run = client.get(pathspec)
    for kept in (client, run.parent, run, run["start"], run["start"].task, run["start"].task["x"]):
        kind = type(kept).__name__
        seconds = [(f"pickled {kind}", "it"), (f"display of a pickled {kind}", "it._repr_html_()")]
        if kept is not client:
            seconds.append((f"parent of a pickled {kind}", "it.parent"))
        yield f"__import__('pickle').loads({pickle.dumps(kept)!r})", seconds


def test_the_first_process_has_imported_nothing_else(results):
    assert results["modules"] == ["mfwidgets", "mfwidgets.display", "mfwidgets.first_import"]


def test_everything_works_first(results):
    errors = {title(expression) for expression in (*MISSING, *NO_CHILDREN, *HIDDEN)}
    wrong = {name: result for name, result in results.items() if name not in errors and "raises" in result}
    assert not wrong, "\n".join(f"{name}: {result['raises'][0]}: {result.get('at')}" for name, result in wrong.items())
    assert len(results) > 300


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        *((expression, "MetaflowNotFound") for expression in MISSING),
        *((expression, "KeyError") for expression in NO_CHILDREN),
        *((expression, "MetaflowNamespaceMismatch") for expression in HIDDEN),
    ],
)
def test_what_is_missing_is_an_error_with_a_name(results, expression, error):
    result = results[title(expression)]
    assert error in result["raises"]
    assert "MetaflowException" in result["raises"]


def test_every_public_name_is_used_first():
    assert PUBLIC.keys() == OBJECTS.keys()
    assert {*OBJECTS, *FUNCTIONS} >= set(mfwidgets.__all__)
