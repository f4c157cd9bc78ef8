"""Commands that look: at any object, at tables, at one part of a run, at values; and those that open widgets."""

import argparse
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from mfwidgets.client.answers.comparison import Comparison, compare
from mfwidgets.client.answers.grid import STATUS, Grid
from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.client.answers.why import Why
from mfwidgets.client.artifact import DataArtifact
from mfwidgets.client.cards import CardContainer, get_cards
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.flow import Flow
from mfwidgets.client.run import Run
from mfwidgets.client.step import Step
from mfwidgets.client.task import Task
from mfwidgets.magic.command import PATHSPEC, Argument, Command, pathspec_of, positive
from mfwidgets.magic.resolve import any_object, artifact_of, run_of, step_of, task_of
from mfwidgets.queries.run_filter import RUN_STATUSES

if TYPE_CHECKING:
    from mfwidgets.client.base import MetaflowObject
    from mfwidgets.widgets.explorer import Explorer
    from mfwidgets.widgets.watch import Watch

_DF = Argument("--df", "as a DataFrame", in_cells_only=True)


def _show(given: argparse.Namespace) -> Any:
    return any_object(given.pathspec)


def _runs(given: argparse.Namespace) -> Any:
    flow = any_object(given.flow)
    if not isinstance(flow, Flow):
        raise UsageError(f"{given.flow} is no flow: %mflow runs {given.flow.partition('/')[0]} lists its runs.")
    runs = flow.runs(
        *(given.tag or ()),
        status=given.status and given.status.lower(),
        user=given.user and given.user.removeprefix("user:"),
        since=given.since,
        text=given.text,
        limit=given.limit,
    )
    return runs.to_pandas() if given.df else runs


def _tasks(given: argparse.Namespace) -> Any:
    source = any_object(given.pathspec)
    if isinstance(source, Task | DataArtifact):
        raise UsageError(f"{source!r} has no tasks below it: %mflow {given.pathspec} shows it.")
    tasks = source.tasks() if isinstance(source, Step) else run_of(given.pathspec).tasks()
    return tasks.to_pandas() if given.df else tasks


def _artifacts(given: argparse.Namespace) -> Any:
    source: MetaflowObject = any_object(given.pathspec)
    if isinstance(source, Flow | Run):
        artifacts: Any = run_of(given.pathspec).artifacts()
        return artifacts.to_pandas() if given.df else artifacts
    task = task_of(given.pathspec)
    return task.to_pandas() if given.df else task.artifacts


def _data(given: argparse.Namespace) -> Any:
    return artifact_of(given.pathspec).data


def _why(given: argparse.Namespace) -> Why:
    return run_of(given.pathspec).why()


def _diff(given: argparse.Namespace) -> Comparison:
    first, second = (any_object(pathspec) for pathspec in (given.a, given.b))
    if isinstance(first, Flow) or isinstance(second, Flow):
        first, second = run_of(given.a), run_of(given.b)
    return compare(first, second)


def _dag(given: argparse.Namespace) -> RunGraph:
    return run_of(given.pathspec).dag()


def _timeline(given: argparse.Namespace) -> RunTimeline:
    return run_of(given.pathspec).timeline()


def _grid(given: argparse.Namespace) -> Grid:
    return step_of(given.pathspec).grid(given.by)


def _cards(given: argparse.Namespace) -> CardContainer:
    return get_cards(task_of(given.pathspec))


def _code(given: argparse.Namespace) -> MetaflowCode:
    source = any_object(given.pathspec)
    holder = source if isinstance(source, Task) else run_of(given.pathspec)
    code: MetaflowCode | None = holder.code
    if code is None:
        raise UsageError(
            f"{holder!r} has no code package: Metaflow stores one for remote steps, and for all with "
            "METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1."
        )
    return code


def _explore(given: argparse.Namespace) -> "Explorer":
    from mfwidgets.widgets.api import explore

    return explore(given.pathspec)


def _watch(given: argparse.Namespace) -> "Watch":
    from mfwidgets.widgets.api import watch

    return watch(run_of(given.pathspec))


_RUN = pathspec_of("run", "of a run; of a flow alone, its newest")

SHOW_COMMANDS = (
    Command(
        "show",
        "show a flow, run, step, task or artifact; the word 'show' may be left out",
        _show,
        (PATHSPEC,),
        ("%mflow HelloFlow", "%mflow HelloFlow/latest", "run = %mflow HelloFlow/latest-ok"),
    ),
    Command(
        "runs",
        "the runs of a flow, newest first",
        _runs,
        (
            Argument("flow", "which flow", "flow", "FLOW"),
            Argument(
                "--tag",
                "only runs with this tag, user or system; may be repeated",
                "tag",
                "T",
                settings={"action": "append"},
            ),
            Argument("--status", f"only runs that are {', '.join(RUN_STATUSES)}", "status", "S"),
            Argument("--user", "only runs that this user started", "user", "U"),
            Argument("--since", "started since: an age such as 2d or 3h, or 2026-01-31", "text", "2d"),
            Argument("--text", "only runs with this in their id, user or a tag, whatever its case", "text", "T"),
            Argument("--limit", "at most so many", "text", "N", settings={"type": positive}),
            _DF,
        ),
        ("%mflow runs HelloFlow --tag nightly --status failed --since 7d", "df = %mflow runs HelloFlow --df"),
    ),
    Command("tasks", "the tasks of a run or a step", _tasks, (pathspec_of("step", "of a run or a step"), _DF)),
    Command(
        "artifacts",
        "the artifacts of a run or a task; no value is made",
        _artifacts,
        (pathspec_of("task", "of a run or a task; of a step with one task"), _DF),
    ),
    Command(
        "data",
        "the value of an artifact; it is unpickled",
        _data,
        (
            pathspec_of(
                "artifact",
                "of an artifact; the task may be left out: HelloFlow/2/start/x, HelloFlow/2/x of the end task",
            ),
        ),
        ("x = %mflow data HelloFlow/latest/start/1/x", "x = %mflow data HelloFlow/latest/x"),
    ),
    Command("why", "why a run failed, and what differs from the last good one", _why, (_RUN,)),
    Command(
        "diff",
        "what differs between two runs, steps or tasks",
        _diff,
        (Argument("a", "the first", "task"), Argument("b", "the second", "task")),
        ("%mflow diff HelloFlow/latest-ok HelloFlow/latest",),
    ),
    Command("dag", "the graph of a run, each step with what became of it", _dag, (_RUN,)),
    Command("timeline", "when the steps and tasks of a run waited and worked", _timeline, (_RUN,)),
    Command(
        "grid",
        "the tasks of a foreach as tiles",
        _grid,
        (
            pathspec_of("step", "of a step; of a run with one foreach"),
            Argument(
                "--by",
                "status, duration, or an artifact that is a number",
                "number",
                "NAME",
                settings={"default": STATUS},
            ),
        ),
        ("%mflow grid HelloFlow/latest/fit --by score",),
    ),
    Command("cards", "the cards of a task", _cards, (pathspec_of("task", "of a task; of a step with one task"),)),
    Command(
        "code",
        "the code of a run or a task, where Metaflow stored it",
        _code,
        (pathspec_of("task", "of a run or a task; of a step, that of its run"),),
    ),
)

WIDGET_COMMANDS = (
    Command(
        "explore",
        "an explorer: click through flows, runs, steps, tasks, artifacts and logs",
        _explore,
        (Argument("pathspec", "what is chosen at first", "pathspec", settings={"nargs": "?"}),),
        ("%mflow explore", "e = %mflow explore HelloFlow/latest"),
        in_cells_only=True,
    ),
    Command(
        "watch",
        "a run in this cell, while it runs",
        _watch,
        (_RUN,),
        ("%mflow watch HelloFlow",),
        in_cells_only=True,
    ),
)
