"""Which runs of a flow are wanted: by tags, status, user and time."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import tag_filter
from mfwidgets.queries.status.rules import STATUSES, Status, StatusName
from mfwidgets.times import DAY, HOUR, MINUTE, now_ms, time_text

Moment = datetime | date | str
"""A point in time: naive ones are local; as text in ISO 8601, or an age such as ``2d``."""

RunStatus = Literal["completed", "caught", "failed", "running", "unknown"] | StatusName | Status
"""What ``status=`` takes: the name of a status as text or enum member, or the status of another run."""

RUN_STATUSES = tuple(status for status in STATUSES if status != "killed")

_AGE = re.compile(r"(\d{1,6})\s*([mhdw])\Z")
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}

_LATEST = 253_370_764_800
"""The year 9999 in seconds: what comes after cannot be shown in every zone."""

_GUESSES = dict.fromkeys(("failed", "running", "unknown"), "failed,running")
"""What the metadata service may call a run of a status; one that reached an end it does not know may be called anything."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """What is wanted of a run; nothing where a field is empty.

    Attributes
    ----------
    since_ms, until_ms
        Started at these moments at the earliest, at the latest; milliseconds since the epoch, UTC.
    text
        Somewhere in the run id, the user or a tag, whatever its case.
    """

    tags: tuple[str, ...] = ()
    status: str = ""
    user: str = ""
    since_ms: int = 0
    until_ms: int = 0
    text: str = ""

    def includes(self, run: RunRecord) -> bool:
        """Tell whether a run is wanted, its status left aside."""
        return (
            run.tags.issuperset(self.tags)
            and self.user in ("", run.user)
            and run.created_ms >= self.since_ms
            and (not self.until_ms or run.created_ms <= self.until_ms)
            and (not self.text or self._is_in(run))
        )

    def _is_in(self, run: RunRecord) -> bool:
        wanted = self.text.casefold()
        return any(wanted in one.casefold() for one in (run.run_id, run.user, *run.tags))

    @property
    def service_status(self) -> str:
        """What the service may call such runs, as it wants its filter written."""
        return _GUESSES.get(self.status, "")

    def described(self) -> str:
        """Return this in words that go on from "runs of HelloFlow"."""
        if self is ALL_RUNS:
            return ""
        words = [f"tagged {' and '.join(self.tags)}"] if self.tags else []
        words += [f"that are {self.status}"] if self.status else []
        words += [f"by {self.user}"] if self.user else []
        words += [f"with {self.text!r} in id, user or tags"] if self.text else []
        words += [f"since {time_text(self.since_ms)}"] if self.since_ms else []
        words += [f"until {time_text(self.until_ms)}"] if self.until_ms else []
        return "".join(f" {word}" for word in words)


ALL_RUNS = RunFilter()
"""Every run is wanted."""


def run_filter(
    tags: Iterable[object] = (),
    status: RunStatus | None = None,
    user: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    text: str | None = None,
) -> RunFilter:
    """Check what is wanted.

    Raises
    ------
    MetaflowInvalidArgument
        Something is no tag, no status, no user, no moment or no text.
    """
    if status not in (None, *RUN_STATUSES):
        raise MetaflowInvalidArgument(
            f"There is no status {status!r:.40} of a run: it is one of {', '.join(RUN_STATUSES)}."
        )
    if user is not None and not isinstance(user, str):
        raise MetaflowInvalidArgument(f"user= is a name; not {user!r:.40}.")
    if text is not None and not isinstance(text, str):
        raise MetaflowInvalidArgument(f"text= is a text; not {text!r:.40}.")
    since_ms, until_ms = _milliseconds("since", since), _milliseconds("until", until)
    return RunFilter(tag_filter(tags), status or "", user or "", since_ms, until_ms, text or "")


def project_tags(project: str | None, branch: str | None) -> tuple[str, ...]:
    """Return the tags that ``@project`` gives to the runs of a project and a branch.

    Raises
    ------
    MetaflowInvalidArgument
        One is no name.
    """
    tags = []
    for name, value, tag in (("project", project, "project"), ("branch", branch, "project_branch")):
        if value is not None and (not isinstance(value, str) or not value):
            raise MetaflowInvalidArgument(f"{name}= is a name; not {value!r:.40}.")
        tags += [f"{tag}:{value}"] if value else []
    return tuple(tags)


def _milliseconds(name: str, moment: object) -> int:
    """Return a moment as milliseconds since the epoch; 0 for None."""
    if moment is None:
        return 0
    if isinstance(moment, str) and (age := _AGE.match(moment.strip())):
        return max(now_ms() - int(age[1]) * _UNITS[age[2]], 1)  # nothing is older than the count of time
    try:
        seconds = _as_datetime(moment).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        seconds = 0.0
    if not 0 < seconds < _LATEST:
        raise MetaflowInvalidArgument(
            f"{name}= is a datetime, a date, a text like '2026-01-31' or '2026-01-31T12:00+01:00', or an age like '2d', "
            f"'3h'; not {moment!r:.60}."
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
