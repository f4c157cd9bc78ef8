"""The command that checks the setup: configuration, metadata provider, namespace, datastore and cache, with advice."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.concurrency import in_background
from mfwidgets.config import profiles
from mfwidgets.datastore.credentials import credentials_source
from mfwidgets.deadline import Deadline
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowException, problem_of
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.hidden_characters import visible
from mfwidgets.index.cache import cache_info
from mfwidgets.magic.command import Command
from mfwidgets.queries.context import ClientContext, current_context
from mfwidgets.redaction import redact
from mfwidgets.render.cell import Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.context import home_folded, namespace_text
from mfwidgets.views.data import Facts, data_of

if TYPE_CHECKING:
    from concurrent.futures import Future

TIMEOUT_S = 1.5
"""The time limit of all checks together. A check without a result by then is a problem."""

_CLOUDS = {"s3": "s3", "azure": "azure", "gs": "gcs"}
"""The datastores that need an extra of this package, and the name of the extra."""

_OK, _PROBLEM = "ok", "problem"
_SIGNS = {_OK: "✓", _PROBLEM: "✗", "": ""}

_PACKAGES = ("ipython", "ipywidgets", "anywidget", "pandas", "metaflow")

_OTHER_METADATA = "%mflow metadata SELECTOR switches to another provider."


@fast_dataclass(frozen=True, slots=True)
class Check:
    """A check and its result.

    Attributes
    ----------
    name
        The part of the setup that was checked.
    result
        ``ok`` or ``problem``. Empty for information that cannot be a problem.
    details
        The observation.
    advice
        A solution of the problem. Empty if there is none.
    """

    name: str
    result: str
    details: str
    advice: str = ""


class Doctor(Displayable):
    """The checks of the setup, with their results at the time of the call.

    Costs one list of flows and one run, and for a metadata service a request for its version. All checks together take
    at most 1.5 s.

    Attributes
    ----------
    checks
        The checks. Each depends on the ones before it.
    """

    def __init__(self) -> None:
        self.checks = _all_checks()

    @property
    def well(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    @property
    def problems(self) -> list[str]:
        """The names of the checks with a problem."""
        return [check.name for check in self.checks if check.result == _PROBLEM]

    def __repr__(self) -> str:
        return visible(f"<doctor: {'problems with ' + ', '.join(self.problems) if self.problems else 'no problems'}>")


@build_view.register
def build_doctor_view(doctor: Doctor, limits: Limits) -> View:
    """Say whether there are problems. Show the problems with their solutions, then the other checks, folded."""
    problems = [check for check in doctor.checks if check.result == _PROBLEM]
    others = [check for check in doctor.checks if check.result != _PROBLEM]
    rows = tuple(
        (Cell(f"{_SIGNS[_PROBLEM]} {check.name}"), limits.text(check.details), limits.text(check.advice))
        for check in problems
    )
    verdict = "There are no problems." if doctor.well else f"There are problems with {', '.join(doctor.problems)}."
    fine = Table(
        "Other checks" if problems else "Checks",
        ("check", "result"),
        tuple((Cell(f"{_SIGNS[check.result]} {check.name}".strip()), limits.text(check.details)) for check in others),
        ", ".join(check.name for check in others),
        folded=True,
    )
    parts = (*((Table("Problems", ("problem", "result", "what to do"), rows),) if rows else ()), fine)
    return View(
        "Doctor",
        f"mfwidgets {_version('mfwidgets')}",
        reason=f"{_SIGNS[_OK if doctor.well else _PROBLEM]} {verdict}",
        parts=parts,
    )


@data_of.register
def doctor_data(doctor: Doctor) -> Facts:
    """Return the checks."""
    checks = [
        {"name": check.name, "result": check.result or None, "details": check.details, "advice": check.advice or None}
        for check in doctor.checks
    ]
    return {"kind": "doctor", "well": doctor.well, "checks": checks}


def _all_checks() -> list[Check]:
    try:
        with Deadline(TIMEOUT_S).apply():  # a configuration can be on a server
            context = current_context()
    except MetaflowException as error:
        problem = Check("metadata", _PROBLEM, str(error), _OTHER_METADATA)
        return [_software(), _configuration(None), problem]
    results = _run_checks({"metadata": partial(_metadata, context), "namespace": partial(_namespace, context)})
    return [_software(), _configuration(context), *results, _datastore(context), _cache()]


def _run_checks(checks: Mapping[str, Callable[[], Check]]) -> list[Check]:
    """Run checks that need the provider in parallel, with a time limit."""
    deadline = Deadline(TIMEOUT_S)
    with deadline.apply():
        answers = {name: in_background(check, "doctor") for name, check in checks.items()}
        results = [_result(name, answer, deadline) for name, answer in answers.items()]
    deadline.cancel()  # stops checks that are still running
    return results


def _result(name: str, answer: "Future[Check]", deadline: Deadline) -> Check:
    try:
        return answer.result(max(deadline.remaining_s(), 0.0))
    except TimeoutError:
        return Check(name, _PROBLEM, f"no answer within {TIMEOUT_S:g} s", "Try again later.")
    except MetaflowException as error:
        return Check(name, _PROBLEM, str(error), _OTHER_METADATA)
    except Exception as error:  # noqa: BLE001 - an error in a check is a problem to report
        return Check(name, _PROBLEM, problem_of(error))


def _software() -> Check:
    packages = [f"{name} {number}" for name in _PACKAGES if (number := _version(name))]
    return Check("software", "", ", ".join([f"Python {sys.version.split()[0]}", *packages]))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _configuration(context: ClientContext | None) -> Check:
    """Describe the configuration. Only the names of variables are shown, because some values are keys."""
    names = sorted(name for name in os.environ if name.startswith("METAFLOW_"))
    parts = [f"profile {redact(os.environ.get('METAFLOW_PROFILE') or 'default')} of {1 + len(profiles())}"]
    if context and context.configuration.project:
        parts.append("config.json of the project")
    if context and context.configuration.origin:
        parts.append(f"configuration of {context.configuration.origin}")
    elif context and context.configuration.user:
        parts.append("configuration file of the user")
    parts.append(f"variables {', '.join(names)}" if names else "no METAFLOW_ variables")
    return Check("configuration", "", "; ".join(parts))


def _metadata(context: ClientContext) -> Check:
    provider, began = context.provider, time.monotonic()
    flows = context.flow_names()
    took_ms = (time.monotonic() - began) * 1000
    details = f"{home_folded(provider.selector)}: {'no list of flows' if flows is None else counted(len(flows), 'flow')} in {took_ms:.0f} ms"
    details += f", service {provider.version()}" if provider.remote else ""
    advice = f"There are no flows yet. {_OTHER_METADATA}" if flows == [] else ""
    return Check("metadata", _PROBLEM if advice else _OK, details, advice)


def _namespace(context: ClientContext) -> Check:
    namespace = context.namespace
    shown = namespace_text(namespace)
    if context.flow_names() is None:
        return Check("namespace", "", f"{shown}: not checked, because the service has no list of flows")
    newest_runs = Metaflow()._newest_runs(1, 1)
    if newest_runs:
        flow, runs = next(iter(newest_runs.items()))
        return Check("namespace", _OK, f"{shown}: has {runs[0].pathspec if runs else flow}")
    advice = _OTHER_METADATA if namespace is None else "%mflow ns none shows all runs."
    return Check("namespace", _PROBLEM, f"{shown}: has no runs", advice)


def _datastore(context: ClientContext) -> Check:
    try:
        kind = context.configuration.datastore_kind
    except MetaflowException as error:
        return Check("datastore", _PROBLEM, str(error))
    extra = _CLOUDS.get(kind)
    if extra is None:
        return Check("datastore", _OK, f"default {kind}; each run records its datastore")
    try:
        source = credentials_source(kind, context.configuration)
    except MetaflowException as error:
        return Check("datastore", _PROBLEM, str(error))
    if _version("obstore"):
        details = f"default {kind}, read with obstore {_version('obstore')}"
        return Check("datastore", _OK, f"{details}; credentials of {source}" if source else details)
    return Check("datastore", _PROBLEM, f"default {kind}, obstore is missing", f"pip install 'mfwidgets[{extra}]'")


def _cache() -> Check:
    try:
        info = cache_info()
    except MetaflowException as error:
        return Check("cache", _PROBLEM, str(error))
    return Check("cache", "", f"{home_folded(str(info.path))}: {size_text(info.size)} of {size_text(info.limit)}")


def _doctor(_: argparse.Namespace) -> Doctor:
    return Doctor()


DOCTOR_COMMANDS = (
    Command("doctor", "check configuration, metadata provider, namespace and datastore, and advise", _doctor),
)
