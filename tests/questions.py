"""Questions about the runs under test for both clients, and the format of the answers.

The same code asks Metaflow's own client and ours, since both have the same names. Answers are JSON, so that those of
Metaflow's client can be cached in a file (see ``oracle.py``).
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

NAMESPACES = [None, "user:ann", "user:bob", "nightly"]
ATTEMPTS = [None, 0, 1]

Answer = list[Any]
"""``["is", text]``, or ``["raises", names of the class and its bases]``."""

Questions = dict[str, Callable[[Any], Any]]

OF_ALL: Questions = {
    "tags": lambda it: it.tags,
    "user_tags": lambda it: it.user_tags,
    "system_tags": lambda it: it.system_tags,
    "created_at": lambda it: it.created_at,
    "parent": lambda it: it.parent,
    "pathspec": lambda it: it.pathspec,
    "path_components": lambda it: it.path_components,
    "origin_pathspec": lambda it: it.origin_pathspec,
    "is_in_namespace": lambda it: it.is_in_namespace(),
    "id": lambda it: it.id,
    "str": str,
    "repr": repr,
    "pickled": lambda it: pickle.loads(pickle.dumps(it)),
}
OF_PARENTS: Questions = {
    "children": iter,
    "keys": lambda it: iter(it._ipython_key_completions_()),
    "a child by name": lambda it: it[min(child.id for child in it)],
    "its child is in it": lambda it: min(child.id for child in it) in it,
    "no such child": lambda it: it["no such"],
    "no such child is in it": lambda it: "no such" in it,
}
OF_KIND: dict[str, Questions] = {
    "Flow": {
        **OF_PARENTS,
        "latest_run": lambda flow: flow.latest_run,
        "latest_successful_run": lambda flow: flow.latest_successful_run,
        "runs": lambda flow: flow.runs(),
        "runs of a tag": lambda flow: flow.runs("nightly"),
        "runs of two tags": lambda flow: flow.runs("nightly", "user:ann"),
    },
    "Run": {
        **OF_PARENTS,
        "data": lambda run: run.data and _public(run.data),
        "successful": lambda run: run.successful,
        "finished": lambda run: run.finished,
        "finished_at": lambda run: run.finished_at,
        "code": lambda run: run.code,
        "end_task": lambda run: run.end_task,
        "trigger": lambda run: run.trigger,
        "steps": lambda run: run.steps(),
        "steps of a tag": lambda run: run.steps("nightly"),
        "parameters": lambda run: run["_parameters"].task,
    },
    "Step": {
        **OF_PARENTS,
        # Compared by time: clones of the same millisecond have no fixed order.
        "task": lambda step: step.task and step.task.created_at,
        "tasks": lambda step: step.tasks(),
        "tasks of a tag": lambda step: step.tasks("nightly"),
        "finished_at": lambda step: step.finished_at,
        "environment_info": lambda step: step.environment_info,
        "control_task": lambda step: step.control_task,
        "control_tasks": lambda step: iter(step.control_tasks()),
        "parent_steps": lambda step: step.parent_steps,
        "child_steps": lambda step: step.child_steps,
    },
    "Task": {
        **OF_PARENTS,
        "metadata": lambda task: iter(
            [event.name, event.value, event.created_at, event.type] for event in task.metadata
        ),
        "metadata_dict": lambda task: task.metadata_dict,
        "data": lambda task: _public(task.data),
        "artifacts": lambda task: iter(task.artifacts._fields),
        "successful": lambda task: task.successful,
        "finished": lambda task: task.finished,
        "exception": lambda task: task.exception,
        "finished_at": lambda task: task.finished_at,
        "runtime_name": lambda task: task.runtime_name,
        "stdout": lambda task: task.stdout,
        "stderr": lambda task: task.stderr,
        "stdout_size": lambda task: task.stdout_size,
        "stderr_size": lambda task: task.stderr_size,
        "loglines stdout": lambda task: list(task.loglines("stdout")),
        "loglines stderr": lambda task: list(task.loglines("stderr")),
        "loglines of bytes": lambda task: list(task.loglines("stdout", as_unicode=False)),
        "loglines of no stream": lambda task: list(task.loglines("neither")),
        "code": lambda task: task.code,
        "environment_info": lambda task: task.environment_info,
        "index": lambda task: task.index,
        "current_attempt": lambda task: task.current_attempt,
        "parent_tasks": lambda task: task.parent_tasks,
        "child_tasks": lambda task: task.child_tasks,
        "parent_task_pathspecs": lambda task: iter(task.parent_task_pathspecs),
        "child_task_pathspecs": lambda task: iter(task.child_task_pathspecs),
    },
    "DataArtifact": {
        "data": lambda artifact: artifact.data,
        "sha": lambda artifact: artifact.sha,
        "size": lambda artifact: artifact.size,
        "finished_at": lambda artifact: artifact.finished_at,
    },
}

OF_NOBODY: dict[str, Callable[[Any, dict[str, str]], Any]] = {
    "all flows": lambda m, _: iter(m.Metaflow()),
    "flows": lambda m, _: iter(m.Metaflow().flows),
    "a flow by name": lambda m, _: m.Metaflow()["LinearFlow"],
    "no such flow by name": lambda m, _: m.Metaflow()["NoFlow"],
    "no such flow": lambda m, _: m.Flow("NoFlow"),
    "no such run": lambda m, _: m.Run("LinearFlow/7"),
    "no such step": lambda m, runs: m.Step(f"{runs['linear']}/7"),
    "no such task": lambda m, runs: m.Task(f"{runs['linear']}/start/7"),
    "no such artifact": lambda m, runs: m.DataArtifact(f"{m.Run(runs['linear']).end_task.pathspec}/seven"),
    "no such parents": lambda m, _: m.DataArtifact("NoFlow/1/start/1/x"),
    "a run of too few parts": lambda m, _: m.Run("LinearFlow"),
    "a run of too many parts": lambda m, _: m.Run("LinearFlow/1/2"),
    "a flow of too many parts": lambda m, _: m.Flow("LinearFlow/1"),
    "a step of too few parts": lambda m, _: m.Step("LinearFlow/1"),
    "a task of too few parts": lambda m, _: m.Task("LinearFlow/1/start"),
    "an artifact of too few parts": lambda m, _: m.DataArtifact("LinearFlow/1/start/1"),
    "a leading slash": lambda m, runs: m.Run("/" + runs["linear"]),
    "a trailing slash": lambda m, runs: m.Run(runs["linear"] + "/"),
    "no pathspec": lambda m, _: m.Flow(),
    "an empty pathspec": lambda m, _: m.Flow(""),
    "an attempt of a flow": lambda m, _: m.Flow("LinearFlow", attempt=0),
    "an attempt of a run": lambda m, runs: m.Run(runs["linear"], attempt=0),
    "an attempt of a step": lambda m, runs: m.Step(f"{runs['linear']}/start", attempt=0),
    "an attempt below": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt=-1),
    "an attempt above": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt=6),
    "an attempt of words": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt="first"),
    "an attempt as text": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt="0"),
    "an attempt that never was": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt=3).finished,
    "an artifact of an attempt that never was": lambda m, runs: m.Task(f"{runs['linear']}/start/1", attempt=3)["x"],
    "a number for a run": lambda m, _: m.Flow("LinearFlow")[7],
    "a number for a step": lambda m, runs: m.Run(runs["linear"])[7],
    "an empty name for a step": lambda m, runs: m.Run(runs["linear"])[""],
    "a path for a task": lambda m, runs: m.Run(runs["linear"])["start/1"],
    "a way out for a step": lambda m, runs: m.Run(runs["linear"])[".."],
    "a pattern for an artifact": lambda m, runs: m.Task(f"{runs['linear']}/start/1")["*"],
    "a run of another namespace": lambda m, _: (m.namespace("user:nobody"), m.Run("LinearFlow/7")),
    "a flow of another namespace": lambda m, _: (m.namespace("user:nobody"), m.Flow("LinearFlow")),
    "a child of another namespace": lambda m, runs: _away(m, lambda: m.Flow("LinearFlow"), runs["linear"]),
    "kept namespace": lambda m, runs: _kept(m, runs["linear"]),
    "an item of an artifact": lambda m, runs: m.Run(runs["linear"]).end_task["x"]["y"],
    "a missing value": lambda m, runs: m.Run(runs["linear"]).data.nothing_such,
    "a value that is there": lambda m, runs: ("x" in m.Run(runs["linear"]).data, m.Run(runs["linear"]).data.x),
    "the namespace": lambda m, _: m.get_namespace(),
    "a namespace chosen": lambda m, _: (m.namespace("user:carl"), m.get_namespace()),
    "no namespace": lambda m, _: (m.namespace(None), m.get_namespace()),
    "an empty namespace": lambda m, _: (m.namespace(""), iter(m.Flow("LinearFlow"))),
    "the default namespace": lambda m, _: m.default_namespace(),
    "a tag as namespace": lambda m, _: (m.namespace("nightly"), iter(m.Flow("LinearFlow"))),
    "a root that is not there": lambda m, _: m.metadata("/no/such/folder"),
    "a root of an unknown type": lambda m, _: m.metadata("foo@bar"),
    "metadata of None": lambda m, _: m.metadata(None),
}


def _public(data: Any) -> Iterator[str]:
    return (name for name in dir(data) if not name.startswith("_"))


def _away(m: Any, make: Callable[[], Any], pathspec: str) -> Any:
    """Get a run of another namespace from a flow that was made in the first namespace."""
    m.namespace("user:bob")
    return make()[pathspec.split("/")[1]]


def _kept(m: Any, pathspec: str) -> Any:
    """Use an object after the namespace has changed."""
    m.namespace("user:ann")
    run = m.Run(pathspec)
    m.namespace("user:nobody")
    return (run.end_task, run.is_in_namespace(), iter(run))


def answer(ask: Callable[..., Any], *about: Any) -> Answer:
    """Return the result of a question, or the error that it raises."""
    try:
        return ["is", _short(written(ask(*about)))]
    except Exception as error:  # noqa: BLE001 - the error is the answer
        return ["raises", [base.__name__ for base in type(error).__mro__]]


def written(value: Any) -> str:
    """Return a value as a str that is the same in each process. Unordered values are sorted."""
    kind = type(value).__name__
    if hasattr(value, "pathspec"):
        return repr(value)
    if hasattr(value, "flowspec"):
        return written([value.path, value.info, _text(value.flowspec), value.script_name, value.tarball.getnames()])
    if kind == "MetaflowExceptionWrapper":
        return written([str(value), value.exception, value.type, value.stacktrace])
    if kind in ("ndarray", "DataFrame", "Series"):
        return f"{kind} {value.dtypes if kind == 'DataFrame' else value.dtype} {value!r}"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{written(key)}: {written(item)}" for key, item in value.items())) + "}"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(written, value))) + "}"
    if isinstance(value, list | tuple):
        return f"{kind}(" + ", ".join(map(written, value)) + ")"
    if isinstance(value, Iterator) or kind in ("filter", "map", "generator", "Runs", "Steps", "Tasks"):
        return "each " + "; ".join(sorted(map(written, value)))
    return f"{kind} {value!r}"


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _short(text: str) -> str:
    digest = hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text if len(text) < 500 else f"{text[:200]}… {len(text)} characters of sha {digest}"


def questions(kind: str) -> Questions:
    """Return all questions for a kind of object."""
    return OF_ALL | OF_KIND[kind]


def kind_of(pathspec: str) -> str:
    """Return the class of the object that a pathspec names."""
    return ("Flow", "Run", "Step", "Task", "DataArtifact")[pathspec.count("/")]


def subjects(listed: list[str], namespace: str | None) -> Iterator[tuple[str, int | None]]:
    """Yield the objects to ask, with their attempts."""
    for pathspec in listed:
        kind = kind_of(pathspec)
        for attempt in ATTEMPTS if kind == "Task" and namespace is None else [None]:
            yield pathspec, attempt


def asked(m: Any, pathspec: str, attempt: int | None, namespace: str | None) -> dict[str, Answer]:
    """Return the answers about one object. In a namespace, only whether tasks and artifacts are visible."""
    kind = kind_of(pathspec)
    m.namespace(namespace)
    try:
        subject = getattr(m, kind)(pathspec, attempt=attempt)
    except Exception:  # noqa: BLE001 - the error is the answer
        return {"itself": answer(getattr(m, kind), pathspec, attempt)}
    few = namespace is not None and kind in ("Task", "DataArtifact")
    return {
        fact: answer(ask, subject)
        for fact, ask in questions(kind).items()
        if not few or fact in ("repr", "parent", "is_in_namespace", "pickled")
    }
