"""The displays of the album: a name, the group, the runs that it needs, and the Python expression that returns it."""

from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from mfwidgets.client.answers.code_diff import CodeDiff, code_diff
from mfwidgets.client.answers.run_poller import RunPoller
from mfwidgets.client.run import Run
from mfwidgets.display import Displayable
from mfwidgets.render.view import View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.watched_run import WatchedDisplay


class Display(NamedTuple):
    """A display of the album.

    Attributes
    ----------
    group, title
        Where it is in the album, and what it shows.
    code
        The expression, in which all names of ``mfwidgets`` and ``mflow("...")`` are known.
    runs
        ``sample``, ``tests`` for the runs of the test suite, ``running`` for a run that has not ended, ``empty`` for a
        folder without runs.
    """

    group: str
    title: str
    code: str
    runs: str = "sample"


def example_diff() -> CodeDiff:
    """Return a diff of two versions of a flow. The runs of the sample have no code."""
    flow = Path(__file__).parents[2] / "notebooks" / "flows" / "sweep_flow.py"
    before = flow.read_text(encoding="utf-8")
    after = before.replace("0.03", "0.05").replace("depth", "layers", 2)
    files = (
        {"sweep_flow.py": before.encode(), "old.py": b"LIMIT = 1\n"},
        {"sweep_flow.py": after.encode(), "new.py": b"LIMIT = 2\n"},
    )
    names = ("SweepFlow/1795719054748098", "SweepFlow/1795719073341196")
    codes = [
        SimpleNamespace(code=SimpleNamespace(sha=name, files=content.copy, info={"python_version": version}))
        for name, content, version in zip(names, files, ("3.11.7", "3.12.1"), strict=True)
    ]
    return code_diff(list(zip(names, codes, strict=True)))


class Watched(Displayable):
    """What ``watch`` shows of a run, without its widget."""

    def __init__(self, run: Run) -> None:
        self.run = run


@build_view.register
def _watched_view(shown: Watched, limits: Limits) -> View:
    return WatchedDisplay(limits).draw(RunPoller(shown.run).poll()).with_progress


_TUNING = "Flow('TuningFlow').runs()"
_SWEEP = "Flow('SweepFlow').latest_run"

DISPLAYS = (
    Display("Home", "Home", "Metaflow()"),
    Display("Home", "A flow", "Flow('ForecastFlow')"),
    Display("Runs", "Runs of a flow", _TUNING),
    Display("Runs", "Chosen runs", f"{_TUNING}.where('rmse<0.5').sort_by('rmse').head(8)"),
    Display("Runs", "The steps of the last runs", f"{_TUNING}.grid()"),
    Display("Runs", "A comparison of two runs", f"compare(*{_TUNING}.head(2))"),
    Display("Runs", "A comparison of eight runs", f"compare(*{_TUNING}.head(8), baseline=0)"),
    Display("Charts", "A scatter chart", f"{_TUNING}.plot.scatter('learning_rate', 'rmse', color='optimizer')"),
    Display("Charts", "Parallel coordinates", f"{_TUNING}.plot.parallel()"),
    Display("Charts", "Curves", f"{_TUNING}.head(8).plot.curves('loss_history')"),
    Display("Charts", "Durations", f"{_TUNING}.plot.durations()"),
    Display("A run", "A run", "Flow('TuningFlow').latest_run"),
    Display("A run", "A run with a foreach", "Flow('ForecastFlow').latest_run"),
    Display("A run", "A failed run", "mflow('ForecastFlow/latest~1')"),
    Display("A run", "A running run", "next(iter(Flow('WaitingFlow')))", "running"),
    Display("A run", "A watched run", "Watched(next(iter(Flow('WaitingFlow'))))", "running"),
    Display("A run", "A watched run that failed", "Watched(mflow('ForecastFlow/latest~1'))"),
    Display("A run", "A timeline", "mflow('timeline SweepFlow/latest')"),
    Display("A run", "A graph", "mflow('dag ForecastFlow/latest')"),
    Display("A run", "Why it failed", "mflow('why ForecastFlow/latest~1')"),
    Display("A run", "Why it failed, with retries", "mflow('why ImportFlow/latest')"),
    Display("A run", "Its steps", "Flow('ForecastFlow').latest_run.steps()"),
    Display("A run", "Its tasks", f"{_SWEEP}.tasks()"),
    Display("A run", "Its artifacts", "Flow('TuningFlow').latest_run.artifacts()"),
    Display("A run", "Its tags", "mflow('tag TuningFlow/latest')"),
    Display("A step", "A step", "Flow('ForecastFlow').latest_run['start']"),
    Display("A step", "A sweep", f"{_SWEEP}['fit']"),
    Display("A step", "A grid by status", f"{_SWEEP}['fit'].grid()"),
    Display("A step", "A grid by a result", f"{_SWEEP}['fit'].grid('rmse')"),
    Display("A step", "A grid by duration", f"{_SWEEP}['fit'].grid('duration')"),
    Display("A step", "A grid of few tasks", "Flow('ForecastFlow').latest_run['fit'].grid('mean_error')"),
    Display("A step", "A grid of a step that failed", "list(Flow('SweepFlow'))[-1]['fit'].grid()"),
    Display("A step", "A grid of several foreaches", "client.get(runs['branch'])['work'].grid('doubled')", "tests"),
    Display("A task", "A task", "Flow('TuningFlow').latest_run.end_task"),
    Display("A task", "A task that failed", "mflow('why ForecastFlow/latest~1').task"),
    Display("A task", "A task with attempts", "client.get(runs['retry'])['flaky'].task", "tests"),
    Display("A task", "A log", "mflow('logs ImportFlow/latest')"),
    Display("Artifacts", "A frame", "Flow('TuningFlow').latest_run['end'].task['predictions']"),
    Display("Artifacts", "A list of numbers", "Flow('TuningFlow').latest_run['train'].task['loss_history']"),
    Display("Artifacts", "A matrix", "Flow('TuningFlow').latest_run['end'].task['confusion_matrix']"),
    Display("Artifacts", "An object", "Flow('TuningFlow').latest_run['train'].task['model']"),
    Display("Artifacts", "A dict", "Flow('TuningFlow').latest_run['end'].task['metrics']"),
    Display("Artifacts", "Text", "Flow('TuningFlow').latest_run['end'].task['verdict']"),
    Display("Artifacts", "An image", "Flow('TuningFlow').latest_run['end'].task['response']"),
    Display("Artifacts", "Lineage", "Flow('TuningFlow').latest_run['end'].task['model'].lineage()"),
    Display(
        "Artifacts", "Lineage of an inherited value", "Flow('ForecastFlow').latest_run['end'].task['errors'].lineage()"
    ),
    Display("Code and cards", "Cards", "Flow('ReportFlow').latest_run.cards()"),
    Display("Code and cards", "Code", "client.get(runs['loop-resumed']).code", "tests"),
    Display("Code and cards", "Code of a task", "client.get(runs['packed'])['work'].task.code", "tests"),
    Display("Code and cards", "A diff of code", "example_diff()"),
    Display("Magic", "Magic alone", "mflow('')"),
    Display("Magic", "Help on a command", "mflow('help runs')"),
    Display("Magic", "Help on a topic", "mflow('help logs')"),
    Display("Magic", "Doctor", "mflow('doctor')"),
    Display("Magic", "Doctor with a problem", "mflow('doctor')", "empty"),
    Display("Magic", "Namespaces", "mflow('ns --list')"),
    Display("Magic", "A switched namespace", "mflow('ns user:bob')"),
    Display("Magic", "Profiles", "mflow('profile')"),
    Display("Nothing to show", "No flows", "Metaflow()", "empty"),
    Display("Nothing to show", "No runs match", "Flow('TuningFlow').runs('no-such-tag')"),
    Display("Nothing to show", "No code", "mflow('code ForecastFlow/latest')"),
    Display("Nothing to show", "No cards", "mflow('cards ForecastFlow/latest')"),
    Display("Logs", "A short log", "mflow('logs ForecastFlow/latest')"),
    Display("Nothing to show", "A grid without numbers", f"{_SWEEP}['fit'].grid('no_such_number')"),
    Display("Nothing to show", "A run that did not fail", "mflow('why ForecastFlow/latest')"),
    Display("Errors", "A run that was deleted", "gone()"),
    Display("Errors", "A display that takes too long", "slow()"),
)
"""All displays, in the order of the album."""
