"""The commands that show objects, tables, parts of a run and values, and those that open widgets."""

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
from mfwidgets.code_lines import hint, mflow_line, show_line
from mfwidgets.magic.command import PATHSPEC, Argument, Command, pathspec_of, positive
from mfwidgets.magic.resolve import any_object, artifact_of, run_of, step_of, task_of
from mfwidgets.queries.run_filter import RUN_STATUSES

if TYPE_CHECKING:
    from mfwidgets.client.base import MetaflowObject
    from mfwidgets.widgets.explorer import Explorer
    from mfwidgets.widgets.watch import Watch

_DF = Argument("--df", "return a DataFrame", in_cells_only=True)


def _show(given: argparse.Namespace) -> Any:
    return any_object(given.pathspec)


def _runs(given: argparse.Namespace) -> Any:
    flow = any_object(given.flow)
    if not isinstance(flow, Flow):
        line = mflow_line("runs", given.flow.partition("/")[0])
        raise UsageError(f"Expected a flow, got {flow!r}.{hint('Try {}.', line)}")
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
        raise UsageError(f"Expected a run or a step, got {source!r}.{hint('Try {}.', show_line(given.pathspec))}")
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
            f"{holder!r} has no code package. Metaflow stores one for remote steps. "
            "With METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1 it stores one for all runs."
        )
    return code


def _explore(given: argparse.Namespace) -> "Explorer":
    from mfwidgets.widgets.api import explore

    return explore(given.pathspec)


def _watch(given: argparse.Namespace) -> "Watch":
    from mfwidgets.widgets.api import watch

    return watch(run_of(given.pathspec))


_RUN = pathspec_of("run", "a run; for a flow, its newest run")

SHOW_COMMANDS = (
    Command(
        "show",
        "show a flow, run, step, task or artifact; the word 'show' is optional",
        _show,
        (PATHSPEC,),
        ("%mflow HelloFlow", "%mflow HelloFlow/latest", "run = %mflow HelloFlow/latest-ok"),
    ),
    Command(
        "runs",
        "list the runs of a flow, newest first",
        _runs,
        (
            Argument("flow", "a flow", "flow", "FLOW"),
            Argument(
                "--tag",
                "list only runs with this user or system tag; can be repeated",
                "tag",
                "T",
                settings={"action": "append"},
            ),
            Argument("--status", f"list only runs with this status: {', '.join(RUN_STATUSES)}", "status", "S"),
            Argument("--user", "list only runs of this user", "user", "U"),
            Argument(
                "--since", "list only runs started since an age such as 2d or 3h, or since 2026-01-31", "text", "2d"
            ),
            Argument("--text", "list only runs with this in their id, user or tags; case is ignored", "text", "T"),
            Argument("--limit", "list at most N runs", "text", "N", settings={"type": positive}),
            _DF,
        ),
        ("%mflow runs HelloFlow --tag nightly --status failed --since 7d", "df = %mflow runs HelloFlow --df"),
    ),
    Command("tasks", "list the tasks of a run or a step", _tasks, (pathspec_of("step", "a run or a step"), _DF)),
    Command(
        "artifacts",
        "list the artifacts of a run or a task, without unpickling values",
        _artifacts,
        (pathspec_of("task", "a run, a task, or a step with one task"), _DF),
    ),
    Command(
        "data",
        "unpickle and return the value of an artifact",
        _data,
        (
            pathspec_of(
                "artifact",
                "an artifact; the only task of a step can be omitted (HelloFlow/2/start/x), and the end task, too "
                "(HelloFlow/2/x)",
            ),
        ),
        ("x = %mflow data HelloFlow/latest/start/1/x", "x = %mflow data HelloFlow/latest/x"),
    ),
    Command("why", "explain why a run failed, and compare it with the last good run", _why, (_RUN,)),
    Command(
        "diff",
        "compare two runs, steps or tasks",
        _diff,
        (Argument("a", "the first object", "task"), Argument("b", "the second object", "task")),
        ("%mflow diff HelloFlow/latest-ok HelloFlow/latest",),
    ),
    Command("dag", "show the graph of a run with the status of each step", _dag, (_RUN,)),
    Command("timeline", "show when the steps and tasks of a run waited and ran", _timeline, (_RUN,)),
    Command(
        "grid",
        "show the tasks of a foreach as tiles",
        _grid,
        (
            pathspec_of("step", "a step, or a run with one foreach"),
            Argument(
                "--by",
                "colour the tiles by status, by duration, or by a numeric artifact",
                "number",
                "NAME",
                settings={"default": STATUS},
            ),
        ),
        ("%mflow grid HelloFlow/latest/fit --by score",),
    ),
    Command("cards", "show the cards of a task", _cards, (pathspec_of("task", "a task, or a step with one task"),)),
    Command(
        "code",
        "show the code package of a run or a task, if Metaflow stored one",
        _code,
        (pathspec_of("task", "a run or a task; for a step, its run"),),
    ),
)

WIDGET_COMMANDS = (
    Command(
        "explore",
        "open an explorer of flows, runs, steps, tasks, artifacts and logs",
        _explore,
        (Argument("pathspec", "the object to select first", "pathspec", settings={"nargs": "?"}),),
        ("%mflow explore", "e = %mflow explore HelloFlow/latest"),
        in_cells_only=True,
    ),
    Command(
        "watch",
        "show a run in this cell while it runs",
        _watch,
        (_RUN,),
        ("%mflow watch HelloFlow",),
        in_cells_only=True,
    ),
)
