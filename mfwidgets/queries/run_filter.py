"""Filters the runs of a flow by tags, status, user, time and text."""

import re
from collections.abc import Iterable
from dataclasses import field
from datetime import date, datetime, time
from typing import Literal, Protocol

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.status.rules import STATUSES, Status, StatusName
from mfwidgets.queries.tag_rules import tag_filter
from mfwidgets.safe_repr import repr_of
from mfwidgets.times import DAY, HOUR, MINUTE, now_ms, time_text

Moment = datetime | date | str
"""A point in time. A naive datetime is local. A str is in ISO 8601, or an age such as ``2d``."""

RunStatus = Literal["completed", "caught", "failed", "running", "unknown"] | StatusName | Status
"""The values of ``status=``: the name of a status, an enum member, or the status of another run."""

RUN_STATUSES = tuple(status for status in STATUSES if status != "killed")

_AGE = re.compile(r"(\d{1,6})\s*([mhdw])\Z")
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}

_MAX_S = 253_370_764_800
"""The start of the year 9999. A later time cannot be shown in every time zone."""

_SERVICE_STATUSES = dict.fromkeys(("failed", "running", "unknown"), "failed,running")
"""The service statuses that can correspond to our status.

The service does not know an end step of another name, so it can report any status for a run that completed.
"""


class Condition(Protocol):
    """A condition on the record of a run."""

    def matches(self, run: RunRecord) -> bool:
        """Return whether a run meets it."""

    def described(self) -> str:
        """Return it as words that follow "runs of HelloFlow"."""


@fast_dataclass(frozen=True, slots=True)
class RunFilter:
    """Conditions on runs. An empty field matches every run.

    Attributes
    ----------
    since_ms, until_ms
        The earliest and the latest start, in milliseconds since the epoch, UTC.
    status
        The names of the statuses, with commas between them.
    text
        A part of the run id, the user or a tag, in any case.
    conditions
        Filters in the form of the metadata service, and terms of the filter language.
    page_size
        The number of runs per request to a service. 0 leaves it to the provider.
    """

    tags: tuple[str, ...] = ()
    status: str = ""
    user: str = ""
    since_ms: int = 0
    until_ms: int = 0
    text: str = ""
    conditions: tuple[Condition, ...] = ()
    page_size: int = field(default=0, compare=False)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The names of the statuses."""
        return tuple(self.status.split(",")) if self.status else ()

    def includes(self, run: RunRecord) -> bool:
        """Return whether a run meets the conditions, except the status."""
        return (
            (not self.tags or run.tags.issuperset(self.tags))
            and self.user in ("", run.user)
            and run.created_ms >= self.since_ms
            and (not self.until_ms or run.created_ms <= self.until_ms)
            and (not self.text or has_text(run, self.text))
            and (not self.conditions or all(condition.matches(run) for condition in self.conditions))
        )

    @property
    def service_status(self) -> str:
        """The statuses of such runs in the service, in the syntax of its filter."""
        statuses = [_SERVICE_STATUSES.get(status, "") for status in self.statuses]
        return "" if "" in statuses else ",".join(sorted({name for names in statuses for name in names.split(",")}))

    def described(self) -> str:
        """Return the conditions as words that follow "runs of HelloFlow"."""
        if self is ALL_RUNS:
            return ""
        words = [f"by {self.user}"] if self.user else []
        words += [f"tagged {' and '.join(self.tags)}"] if self.tags else []
        words += [f"with status {' or '.join(self.statuses)}"] if self.status else []
        words += [f"with {self.text!r} in id, user or tags"] if self.text else []
        words += [f"since {time_text(self.since_ms)}"] if self.since_ms else []
        words += [f"until {time_text(self.until_ms)}"] if self.until_ms else []
        words += [condition.described() for condition in self.conditions]
        return "".join(f" {word}" for word in words)


ALL_RUNS = RunFilter()
"""Matches every run."""


def has_text(run: RunRecord, text: str) -> bool:
    """Return whether the id, the user or a tag of a run contains text, in any case."""
    folded = text.casefold()
    return any(folded in value.casefold() for value in (run.run_id, run.user, *run.tags))


def run_filter(
    tags: Iterable[object] = (),
    status: RunStatus | None = None,
    user: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    text: str | None = None,
) -> RunFilter:
    """Return a filter, after checking its conditions.

    Raises
    ------
    MetaflowInvalidArgument
        A condition has the wrong type or an unknown value.
    """
    if status not in (None, *RUN_STATUSES):
        raise MetaflowInvalidArgument(
            f"Expected status= to be one of {', '.join(RUN_STATUSES)}, got {repr_of(status, 40)}."
        )
    if user is not None and not isinstance(user, str):
        raise MetaflowInvalidArgument(f"Expected user= to be a name, got {repr_of(user, 40)}.")
    if text is not None and not isinstance(text, str):
        raise MetaflowInvalidArgument(f"Expected text= to be a str, got {repr_of(text, 40)}.")
    since_ms, until_ms = milliseconds("since", since), milliseconds("until", until)
    return RunFilter(tag_filter(tags), str(status or ""), user or "", since_ms, until_ms, text or "")


def project_tags(project: str | None, branch: str | None) -> tuple[str, ...]:
    """Return the tags that ``@project`` adds to the runs of a project and a branch.

    Raises
    ------
    MetaflowInvalidArgument
        A name is not a non-empty str.
    """
    tags = []
    for name, value, tag in (("project", project, "project"), ("branch", branch, "project_branch")):
        if value is not None and (not isinstance(value, str) or not value):
            raise MetaflowInvalidArgument(f"Expected {name}= to be a name, got {repr_of(value, 40)}.")
        tags += [f"{tag}:{value}"] if value else []
    return tuple(tags)


def check_count(name: str, value: object) -> None:
    """Check a number of runs.

    Raises
    ------
    MetaflowInvalidArgument
        It is not a positive number or None.
    """
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise MetaflowInvalidArgument(f"Expected {name}= to be a number from 1 or None, got {repr_of(value, 40)}.")


def milliseconds(name: str, moment: object) -> int:
    """Return a point in time as milliseconds since the epoch. None is 0.

    Raises
    ------
    MetaflowInvalidArgument
        It is not a point in time.
    """
    if moment is None:
        return 0
    if isinstance(moment, str) and (age := _AGE.match(moment.strip())):
        return max(now_ms() - int(age[1]) * _UNITS[age[2]], 1)  # not before the epoch
    try:
        seconds = _as_datetime(moment).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        seconds = 0.0
    if not 0 < seconds < _MAX_S:
        raise MetaflowInvalidArgument(
            f"Expected {name}= to be a datetime, a date, a str such as '2026-01-31' or '2026-01-31T12:00+01:00', or an "
            f"age such as '2d' or '3h', got {repr_of(moment, 60)}."
        )
    return int(seconds * 1000)


def _as_datetime(moment: object) -> datetime:
    if isinstance(moment, datetime):
        return moment
    if isinstance(moment, date):
        return datetime.combine(moment, time())
    if isinstance(moment, str):
        return datetime.fromisoformat(moment.strip())
    raise TypeError
