"""The command that looks for what is wrong: where one looks, whether it answers, as whom, and what to do."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import in_background
from mfwidgets.config import profiles
from mfwidgets.datastore.blob_cache import cache_info
from mfwidgets.deadline import Deadline
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowException
from mfwidgets.magic.command import Command
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.render.view import Cell, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, counted, size_text
from mfwidgets.views.context import home_folded
from mfwidgets.views.data import Facts, data_of

if TYPE_CHECKING:
    from concurrent.futures import Future

TIMEOUT_S = 1.5
"""Seconds that all checks together may take; what has no answer by then is said to have none."""

_CLOUDS = {"s3": "s3", "azure": "azure", "gs": "gcs"}
"""Datastores that need an extra, and its name."""

_WELL, _WRONG = "well", "wrong"
_SIGNS = {_WELL: "✓", _WRONG: "✗", "": ""}

_PACKAGES = ("ipython", "ipywidgets", "anywidget", "pandas", "metaflow")


@dataclass(frozen=True, slots=True)
class Check:
    """What was tried.

    Attributes
    ----------
    result
        ``well`` or ``wrong``; empty where there is nothing to go wrong.
    details
        What the check saw.
    advice
        What to do; empty where nothing need be done.
    """

    name: str
    result: str
    details: str
    advice: str = ""


class Doctor(Displayable):
    """What was checked, and what came of it, when it was asked.

    Attributes
    ----------
    checks
        In the order in which one thing needs the other.
    """

    def __init__(self) -> None:
        self.checks = _all_checks()

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong

    @property
    def wrong(self) -> list[str]:
        """The names of the checks that found something wrong."""
        return [check.name for check in self.checks if check.result == _WRONG]

    def __repr__(self) -> str:
        return f"<doctor: {'look at ' + ', '.join(self.wrong) if self.wrong else 'all is well'}>"


@build_view.register
def build_doctor_view(doctor: Doctor, limits: Limits) -> View:
    """Show each check with its result, and what to do."""
    rows = tuple(
        (
            Cell(check.name),
            Cell(f"{_SIGNS[check.result]} {check.result}".strip()),
            limits.text(check.details),
            limits.text(check.advice),
        )
        for check in doctor.checks
    )
    note = "All is well." if doctor.well else "Something is wrong: what to do stands beside it."
    table = Table("What was tried", ("what", "result", "found", "what to do"), rows)
    return View("Doctor", f"mfwidgets {_version('mfwidgets')}", notes=(note,), parts=(table,))


@data_of.register
def doctor_data(doctor: Doctor) -> Facts:
    """Return what was checked."""
    checks = [
        {"name": one.name, "result": one.result or None, "details": one.details, "advice": one.advice or None}
        for one in doctor.checks
    ]
    return {"kind": "doctor", "well": doctor.well, "checks": checks}


def _all_checks() -> list[Check]:
    try:
        context = current_context()
    except MetaflowException as error:
        wrong = Check("metadata", _WRONG, str(error), "%mflow metadata SELECTOR looks elsewhere.")
        return [_software(), _configuration(None), wrong]
    answers = _at_once({"metadata": partial(_answering, context), "namespace": partial(_namespace, context)})
    return [_software(), _configuration(context), *answers, _datastore(context), _cache()]


def _at_once(checks: Mapping[str, Callable[[], Check]]) -> list[Check]:
    """Return what checks find that ask somebody, all at once and within a bounded time."""
    deadline = Deadline(TIMEOUT_S)
    with deadline.apply():
        answers = {name: in_background(check, "doctor") for name, check in checks.items()}
        results = [_result(name, answer, deadline) for name, answer in answers.items()]
    deadline.cancel()  # what has no answer yet is not waited for
    return results


def _result(name: str, answer: "Future[Check]", deadline: Deadline) -> Check:
    try:
        return answer.result(max(deadline.remaining_s(), 0.0))
    except TimeoutError:
        return Check(name, _WRONG, f"no answer within {TIMEOUT_S:g} s", "Wait and ask again, or look elsewhere.")
    except MetaflowException as error:
        return Check(name, _WRONG, str(error), "%mflow metadata SELECTOR looks elsewhere.")
    except Exception as error:  # noqa: BLE001 - the doctor reports its own faults, too
        return Check(name, _WRONG, f"{type(error).__name__}: {error}")


def _software() -> Check:
    packages = [f"{name} {number}" for name in _PACKAGES if (number := _version(name))]
    return Check("software", "", ", ".join([f"Python {sys.version.split()[0]}", *packages]))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _configuration(context: ClientContext | None) -> Check:
    """Tell what is configured: of variables the names alone, since some hold keys."""
    names = sorted(name for name in os.environ if name.startswith("METAFLOW_"))
    parts = [f"profile {os.environ.get('METAFLOW_PROFILE') or 'default'} of {1 + len(profiles())}"]
    if context and context.configuration.project:
        parts.append("a config.json of the project")
    if context and context.configuration.user:
        parts.append("a configuration file of the user")
    parts.append(f"variables {', '.join(names)}" if names else "no METAFLOW_ variables")
    return Check("configuration", "", "; ".join(parts))


def _answering(context: ClientContext) -> Check:
    provider, began = context.provider, time.monotonic()
    number = len(provider.flows())
    took = (time.monotonic() - began) * 1000
    result = f"{home_folded(provider.selector)}: {counted(number, 'flow')} in {took:.0f} ms"
    result += f", service {provider.version()}" if provider.remote else ""
    advice = "" if number else "Nothing has run there yet; %mflow metadata SELECTOR looks elsewhere."
    return Check("metadata", _WELL if number else _WRONG, result, advice)


def _namespace(context: ClientContext) -> Check:
    namespace = context.namespace
    seen = Metaflow()._newest_runs(1, 1)
    shown = "none: all runs are seen" if namespace is None else f"{namespace}"
    if seen:
        newest = next(iter(seen.values()))
        return Check("namespace", _WELL, f"{shown}; it sees {newest[0].pathspec if newest else next(iter(seen))}")
    return Check("namespace", _WRONG, f"{shown}; no run is in it", "%mflow ns none shows all runs.")


def _datastore(context: ClientContext) -> Check:
    kind = context.configuration.get("DEFAULT_DATASTORE") or "local"
    extra = _CLOUDS.get(kind)
    if extra is None:
        return Check("datastore", _WELL, f"{kind}; each run names its own")
    if _version("obstore"):
        return Check("datastore", _WELL, f"{kind}, read by obstore {_version('obstore')}; each run names its own")
    return Check("datastore", _WRONG, f"{kind}, which needs an extra", f"pip install 'mfwidgets[{extra}]'")


def _cache() -> Check:
    try:
        info = cache_info()
    except MetaflowException as error:
        return Check("cache", _WRONG, str(error))
    return Check("cache", "", f"{home_folded(str(info.path))}: {size_text(info.size)} of {size_text(info.limit)}")


def _doctor(_: argparse.Namespace) -> Doctor:
    return Doctor()


DOCTOR_COMMANDS = (Command("doctor", "where you look, whether it answers, as whom, and what to do if not", _doctor),)
