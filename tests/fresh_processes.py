"""Evaluates expressions, each as the first statement of a process that has only imported mfwidgets, or as the second one.

Reads ``[first, [[name, second], ...]]`` groups as JSON from standard input. ``second`` can use the value of ``first`` as
``it``. Prints the results by name: the repr of the value, or the error. The process forks for each group and again for each
``second``, because that many new interpreters would take minutes. The libraries that mfwidgets imports are imported before:
only the modules of the package matter here.
"""

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib import import_module
from inspect import ismethod

import mfwidgets

LIBRARIES = (
    "pandas",
    "jinja2",
    "pygments.lexers.python",
    "requests",
    "ipywidgets",
    "anywidget",
    "tqdm",
    "IPython",
    "regex",
    "rich",
    "wcwidth",
)
AT_ONCE = 3


def use(owner, name, *arguments, **options):
    """Return the value of an attribute. Call it if it is a method, and take the first item of an iterator."""
    value = getattr(owner, name)
    value = value(*arguments, **options) if ismethod(value) else value
    return next(value, None) if isinstance(value, Iterator) else value


def shell():
    """Return an IPython shell."""
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance()


def in_a_fork(write):
    """Start a forked process that writes into a file. Return its id and the file."""
    file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed when its process has ended
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        file.write(json.dumps(write()))
        file.flush()
        os._exit(0)
    return pid, file


def result_in(file):
    """Return what a process has written, and close its file."""
    with file:
        file.seek(0)
        return json.loads(file.read() or '{"raises": ["the process died"]}')


def evaluate(expression, names):
    """Return the repr of an expression, or its error."""
    try:
        return {"is": repr(eval(expression, names))[:200]}
    except BaseException as error:  # noqa: BLE001 - also SystemExit is a result
        bases = [base.__name__ for base in type(error).__mro__]
        return {"raises": bases, "message": str(error)[:300], "at": traceback.format_exc()[-800:]}


def results_of(first, seconds):
    """Evaluate the first expression, then each of the others in its own process."""
    names = {"m": mfwidgets, "use": use, "shell": shell}
    names["it"] = eval(first, names)
    results = {}
    for name, second in seconds:
        pid, file = in_a_fork(lambda second=second: evaluate(second, names))
        os.waitpid(pid, 0)
        results[name] = result_in(file)
    return results


def main():
    """Evaluate all groups, a few at once."""
    for name in LIBRARIES:
        import_module(name)
    results = {"modules": sorted(name for name in sys.modules if name.startswith("mfwidgets"))}
    waiting, running = json.load(sys.stdin), {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            group = waiting.pop(0)
            pid, file = in_a_fork(lambda group=group: results_of(*group))
            running[pid] = file
        pid, _ = os.wait()
        results |= result_in(running.pop(pid))
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
