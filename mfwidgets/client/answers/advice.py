"""Advice after a failure: lines that people run, and the meanings of known errors. Reads nothing and guesses nothing."""

import re
from collections.abc import Collection, Iterator

from mfwidgets.code_lines import is_quotable, mflow_line, quote
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.error_groups import end_text
from mfwidgets.queries.status.recorded_exceptions import RecordedException

_MISSING_MODULE = re.compile(r"No module named '([\w.]{1,100})'")
_MISSING_FILE = re.compile(r"\[Errno 2\] No such file or directory: '([^'\n]{1,300})'")
_SIGNAL = re.compile(r"killed by signal (\d+)")
_EXIT_CODE = re.compile(r"exited with code (\d+)")
_BRANCH = re.compile(r"(test|prod)(?:\.(.+))?\Z")

UNKNOWN_SCRIPT = "FLOW.py"
"""Stands for a flow's file in a line, if its name is not recorded."""

_SIGKILL, _SIGTERM, _SHELL_SIGNAL = 9, 15, 128


@fast_dataclass(frozen=True, slots=True)
class Advice:
    """A line to run.

    Attributes
    ----------
    line
        The line, for a shell or for ``%mflow``.
    meaning
        What it does.
    """

    line: str
    meaning: str


def resume_line(run: RunRecord, script: str) -> str:
    """Return the line that resumes a run. Empty if no such line can be written.

    Parameters
    ----------
    run
        The run. If it belongs to a branch of a project, the line names the branch.
    script
        The flow's file. Empty if it is unknown: then the line has a word for it.

    Examples
    --------
    >>> from mfwidgets.client.answers.advice import resume_line
    >>> resume_line(Flow("ImportFlow").latest_run._record, "import_flow.py")
    'python import_flow.py resume --origin-run-id 1795378924251567'
    """
    if not all(map(is_quotable, (script, run.run_id))):
        return ""
    if script.startswith("-"):
        script = f"./{script}"
    run_id = (
        [f"--origin-run-id={quote(run.run_id)}"] if run.run_id[:1] == "-" else ["--origin-run-id", quote(run.run_id)]
    )
    return " ".join(["python", quote(script or UNKNOWN_SCRIPT), *_branch_options(run.system_tags), "resume", *run_id])


def _branch_options(tags: Collection[str]) -> list[str]:
    """Return the options of ``@project`` that lead to the same branch. A branch of a user is the default."""
    for tag in sorted(tags):
        match = _BRANCH.match(tag.removeprefix("project_branch:")) if tag.startswith("project_branch:") else None
        if match and (match[2] is None or is_quotable(match[2])):
            options = ["--production"] if match[1] == "prod" else []
            return options + (["--branch", quote(match[2])] if match[2] else [])
    return []


def lines_to_try(run: RunRecord, script: str, task: str) -> list[Advice]:
    """Return lines that help after a failure: resume, and the whole log.

    Parameters
    ----------
    run, script
        As in :func:`resume_line`.
    task
        The pathspec of the task that failed. Empty if there is none.
    """
    again = "runs what failed again, and takes the results of all other tasks from this run"
    if not script:
        again += f"; {UNKNOWN_SCRIPT} stands for the file of {visible(run.flow)}"
    lines = [
        Advice(resume_line(run, script), again),
        Advice(mflow_line("logs", task) if task else "", "shows the whole log of the task"),
    ]
    return [advice for advice in lines if advice.line]


def meanings(exception: RecordedException | None, reason: str, runtime: str | None) -> Iterator[str]:
    """Yield sentences about a failure whose cause is known from its exception or the end of its process.

    Parameters
    ----------
    exception
        The exception. None if there is none.
    reason
        The reason of the status of the attempt.
    runtime
        Where the run was started, such as ``dev``.
    """
    if exception is None:
        yield from _meanings_of_end(end_text(reason))
        return
    name, message = exception.type.rpartition(".")[2], exception.message
    if name in ("MemoryError", "_ArrayMemoryError", "OutOfMemoryError"):
        yield "The process asked for more memory than it could get. @resources(memory=...) sets how much a remote task gets."
    if name == "TimeoutException" and exception.type.startswith("metaflow."):
        yield "@timeout of the step ended it. Its time counts for each attempt."
    if name in ("ModuleNotFoundError", "ImportError") and (match := _MISSING_MODULE.search(message)):
        yield (
            f"The environment in which the step ran does not have the module {match[1]}. @pypi or @conda adds packages to a "
            "step."
        )
    if name == "FileNotFoundError" and (match := _MISSING_FILE.search(message)):
        yield _missing_file(match[1], runtime)
    if name == "OSError" and "[Errno 28]" in message:
        yield "The disk on which the task ran was full."
    if "annot pickle" in message or name == "PicklingError":
        yield _UNPICKLABLE


_UNPICKLABLE = (
    "Metaflow stores every attribute of self at the end of a step, and this one cannot be pickled. A local variable is not "
    "stored."
)


def _missing_file(path: str, runtime: str | None) -> str:
    is_absolute = path.startswith(("/", "\\", "~")) or path[1:2] == ":"
    if is_absolute:
        return "The path is absolute. A task that runs on another machine does not see the files of this one."
    return "The path is relative to the folder in which the task ran." + (
        "" if runtime in (None, "dev") else " A task that runs on another machine does not see the files of this one."
    )


def _meanings_of_end(end: str) -> Iterator[str]:
    signal, code = _SIGNAL.search(end), _EXIT_CODE.search(end)
    number = int(signal[1]) if signal else int(code[1]) - _SHELL_SIGNAL if code else 0
    if number == _SIGKILL:
        yield (
            "Nothing in the process can react to signal 9. The kernel sends it when memory runs out, and so do people and "
            "schedulers. @resources(memory=...) sets how much a remote task gets."
        )
    elif number == _SIGTERM:
        yield "Signal 15 asks a process to end. Schedulers send it when a machine is taken away or a time limit is over."
    elif code and "before the step started" in end:
        yield "The process ended before Metaflow called the step: while the flow's file was imported, or while the task was set up."
    elif "no heartbeat" in end:
        yield "The task stopped sending signs of life without an end. Its machine may have disappeared."
    elif "Cannot pickle" in end:
        yield _UNPICKLABLE
