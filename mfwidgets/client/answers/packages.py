"""The packages that a run was made with, and their differences between runs."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mfwidgets.client.answers.differences import MISSING, Difference
from mfwidgets.client.code import MetaflowCode, code_of_run
from mfwidgets.client.run import Run
from mfwidgets.concurrency import parallel_map
from mfwidgets.display import Displayable
from mfwidgets.errors import MetaflowInvalidArgument
from mfwidgets.hidden_characters import visible
from mfwidgets.queries.lineage.graph import graph_info
from mfwidgets.queries.packages import (
    PackageRow,
    locked_packages,
    manifest_packages,
    normalized,
    package_rows,
    requested_packages,
)
from mfwidgets.tables import to_dicts, to_frame

if TYPE_CHECKING:
    import pandas as pd

NOT_RECORDED = (
    "Metaflow records the packages of @conda, @pypi and uv. This run used what was installed in the place where it ran."
)
"""The explanation for a run without packages."""

NOT_RESOLVED = "The installed versions are in the code package, which this run does not have."
"""The explanation for a run of which only the requests are recorded."""


class Packages(Displayable):
    """The packages that a run was made with: Python, Metaflow, and those of ``@conda``, ``@pypi`` and uv.

    Parameters
    ----------
    run
        The run.
    rows
        The packages, by name.

    Attributes
    ----------
    run
        The run.
    """

    def __init__(self, run: Run, rows: list[PackageRow]) -> None:
        self.run, self._rows = run, rows

    @property
    def note(self) -> str:
        """Why packages or versions are missing. Empty if they are complete. Reads nothing."""
        packages = [row for row in self._rows if row.source != "run"]
        if not packages:
            return NOT_RECORDED
        return "" if any(row.version for row in packages) else NOT_RESOLVED

    def to_pandas(self) -> "pd.DataFrame":
        """Return a table of the packages. Reads nothing.

        Returns
        -------
        pandas.DataFrame
            One row per package and version: ``name``, ``version`` (installed), ``requested`` (by a decorator, empty for any
            version, NA for a dependency of others), ``source`` (``conda``, ``pypi``, ``uv``, or ``run`` for Python and
            Metaflow), ``steps`` (a list, empty for all).
        """
        return to_frame("packages", self._rows)

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows of :meth:`to_pandas` as dicts. Reads nothing.

        Returns
        -------
        list of dict
            One dict per package and version.
        """
        return to_dicts("packages", self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[PackageRow]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return visible(f"<packages of {self.run.pathspec}: {len(self)}>")


def packages_of(run: Run) -> Packages:
    """Return the packages of a run. See :meth:`Run.packages`."""
    context, record = run._context, run._record
    graph = graph_info(context, record)
    requests = requested_packages(graph)
    code = code_of_run(context, record)
    resolved = _resolved(run, code) if code else {}
    versions = dict(tag.split(":", 1) for tag in sorted(record.system_tags) if ":" in tag)
    own = [
        PackageRow(name, versions[tag], None, "run")
        for name, tag in (("python", "python_version"), ("metaflow", "metaflow_version"))
        if tag in versions
    ]
    return Packages(run, own + package_rows(requests, resolved, graph.get("steps", {})))


def _resolved(run: Run, code: MetaflowCode) -> dict[tuple[str, str], dict[str, str]]:
    """Return the installed versions by step and source, from the code package."""
    package = code._package()
    resolved: dict[tuple[str, str], dict[str, str]] = {}
    if lock := package.lock:
        resolved["", "uv"] = locked_packages(lock)
    events = run._context.provider.metadata(run._record.path, {"conda_env_prefix"})
    prefixes = {event.step: str(event.value) for event in sorted(events, key=lambda event: event.created_ms)}
    manifest = package.manifest if prefixes else {}
    by_prefix = {prefix: manifest_packages(manifest, prefix) for prefix in set(prefixes.values())}
    for step, prefix in prefixes.items():
        resolved |= {(step, source): versions for source, versions in by_prefix[prefix].items()}
    return resolved


def package_differences(runs: Sequence[Any]) -> list[Difference]:
    """Return the packages that runs do not have in the same version.

    Raises
    ------
    MetaflowInvalidArgument
        One of them is not a run.
    """
    if not all(isinstance(run, Run) for run in runs):
        raise MetaflowInvalidArgument(f"Expected runs, whose packages are recorded, got {runs[0]!r}.")
    versions = [_versions(packages) for packages in parallel_map(packages_of, runs)]
    names: dict[str, str] = {}
    for versions_of_one in versions:
        for key, (name, _) in versions_of_one.items():
            names.setdefault(key, name)
    differences = []
    for key in sorted(names):
        values = tuple(found[key][1] if key in found else MISSING for found in versions)
        if len(set(values)) > 1:
            differences.append(Difference("packages", "", names[key], values))
    return differences


def _versions(packages: Packages) -> dict[str, tuple[str, str]]:
    """Return name and version of each package by its normalized name. Steps can have several versions."""
    found: dict[str, tuple[str, list[str]]] = {}
    for row in packages:
        version = row.version or (f"{row.requested} requested" if row.requested else "any requested")
        found.setdefault(normalized(row.name), (row.name, []))[1].append(version)
    return {key: (name, ", ".join(dict.fromkeys(versions))) for key, (name, versions) in found.items()}
