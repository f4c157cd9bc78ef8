"""The packages that a run was made with, as Metaflow records them: requested by decorators, resolved in its code package.

``@conda`` and ``@pypi`` are recorded with the graph. Their environments are resolved into ``conda.manifest``, and those of
uv into ``uv.lock``. The manifest has only URLs, so names and versions come from the names of the files.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote, urlsplit

from mfwidgets.fast_dataclass import fast_dataclass

MAX_PACKAGES = 20_000
"""At most this many packages of an environment are read. Large environments have a thousand."""

_MAX_CHARS = 200
"""The rest of a longer name or version is cut."""

_ANY = ("", "None")
"""Versions that a decorator records if it asks for any."""

_WHEEL, _CONDA = ".whl", (".conda", ".tar.bz2")
_SOURCE = re.compile(r"(?P<name>.+)-(?P<version>\d[^-]*)\.(?:tar\.gz|zip|tar\.xz|tgz)\Z")


@fast_dataclass(frozen=True, slots=True)
class PackageRow:
    """A package of a run.

    Attributes
    ----------
    name
        Its name, as it is recorded.
    version
        The version that was installed. None if only the request is recorded.
    requested
        The version that a decorator asks for. Empty for any version. None if it is a dependency of others.
    source
        ``conda``, ``pypi`` or ``uv``. ``run`` for Python and Metaflow themselves.
    steps
        The steps that have it. Empty for all steps.
    """

    name: str
    version: str | None
    requested: str | None
    source: str
    steps: tuple[str, ...] = ()


Requests = dict[tuple[str, str], dict[str, str]]
"""Requested versions by package, for each step and source."""


def requested_packages(graph: Mapping[str, Any]) -> Requests:
    """Return what the decorators of the steps ask for. Decorators of the flow count for all steps."""
    requests: Requests = {}
    for step, node in graph.get("steps", {}).items():
        for decorator in (*_flow_decorators(graph), *node.get("decorators", ())):
            source = str(decorator["name"]).removesuffix("_base")
            attributes = decorator["attributes"]
            if source not in ("conda", "pypi") or attributes.get("disabled") in (True, "True"):
                continue
            asked = requests.setdefault((step, source), {})
            for kind in ("libraries", "packages"):
                packages = attributes.get(kind)
                for name, version in islice(packages.items(), MAX_PACKAGES) if isinstance(packages, dict) else ():
                    asked[_short(name)] = "" if str(version) in _ANY else _short(version)
            python = attributes.get("python")
            if isinstance(python, str) and python not in _ANY:
                asked["python"] = _short(python)
    return requests


def _flow_decorators(graph: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    decorators = graph.get("decorators")
    for decorator in decorators if isinstance(decorators, list | tuple) else ():
        if isinstance(decorator, dict) and isinstance(decorator.get("attributes"), dict):
            yield {"name": str(decorator.get("name")), "attributes": decorator["attributes"]}


def manifest_packages(manifest: Any, prefix: str) -> dict[str, dict[str, str]]:
    """Return the versions by package of the environment with a ``conda_env_prefix``, for each source.

    Anything in an unexpected form is left out.
    """
    parts = prefix.split("/")
    environment = manifest
    for part in (parts[2], parts[1]) if len(parts) > 2 else ("", ""):  # noqa: PLR2004 - /<architecture>/<id>, as Metaflow splits it
        environment = environment.get(part) if isinstance(environment, dict) else None
    resolved: dict[str, dict[str, str]] = {}
    for source in ("conda", "pypi") if isinstance(environment, dict) else ():
        packages = environment.get(source)
        found = {}
        for package in packages[:MAX_PACKAGES] if isinstance(packages, list) else ():
            url = package.get("url") if isinstance(package, dict) else None
            name_and_version = package_of(url) if isinstance(url, str) else None
            if name_and_version:
                found[_short(name_and_version[0])] = _short(name_and_version[1])
        if found:
            resolved[source] = found
    return resolved


def package_of(url: str) -> tuple[str, str] | None:
    """Return the name and the version in the URL of a package. None if it has none."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        return None
    if url.startswith("git+"):
        repository, _, commit = path.rpartition("@")
        name = repository.rpartition("/")[2].removesuffix(".git")
        return (name, commit) if name and commit else None
    file = path.rpartition("/")[2]
    if file.endswith(_WHEEL):
        name, _, rest = file.partition("-")
        return (name, rest.partition("-")[0]) if rest else None
    for ending in _CONDA:
        if file.endswith(ending):
            parts = file.removesuffix(ending).rsplit("-", 2)
            return (parts[0], parts[1]) if len(parts) == 3 else None  # noqa: PLR2004 - name, version, build
    source = _SOURCE.match(file)
    return (source["name"], source["version"]) if source else None


def locked_packages(lock: bytes) -> dict[str, str]:
    """Return the versions by package in a ``uv.lock``, without the project itself. Empty if it is damaged."""
    import tomllib  # displays of runs import this module, and need no TOML

    try:
        packages = tomllib.loads(lock.decode()).get("package")
    except (ValueError, RecursionError):
        return {}
    found = {}
    for package in packages[:MAX_PACKAGES] if isinstance(packages, list) else ():
        if not isinstance(package, dict):
            continue
        name, version, source = package.get("name"), package.get("version"), package.get("source")
        is_project = isinstance(source, dict) and bool({"virtual", "editable"}.intersection(source))
        if isinstance(name, str) and isinstance(version, str) and not is_project:
            found[_short(name)] = _short(version)
    return found


def package_rows(
    requests: Requests, resolved: Mapping[tuple[str, str], Mapping[str, str]], order: Iterable[str]
) -> list[PackageRow]:
    """Return a row for each package, by name. A package that several steps have in the same version is one row.

    Parameters
    ----------
    requests
        Requested versions, by step and source.
    resolved
        Installed versions, by step and source. The step is empty for all steps.
    order
        The names of the steps, from start to end.
    """
    steps: dict[tuple[str, str | None, str | None, str], list[str]] = defaultdict(list)
    places = {step: place for place, step in enumerate(order)}
    for step, source in sorted({*requests, *resolved}, key=lambda key: (places.get(key[0], -1), key)):
        asked, installed = requests.get((step, source), {}), resolved.get((step, source), {})
        names = {normalized(name): name for name in (*asked, *installed)}
        asked_by_name = {normalized(name): version for name, version in asked.items()}
        installed_by_name = {normalized(name): version for name, version in installed.items()}
        for key, name in names.items():
            steps[name, installed_by_name.get(key), asked_by_name.get(key), source].append(step)
    rows = [PackageRow(*package, tuple(filter(None, found))) for package, found in steps.items()]
    return sorted(rows, key=lambda row: (normalized(row.name), row.version or "", row.source))


def normalized(name: str) -> str:
    """Return the name of a package as PyPI compares it: ``Scikit_Learn`` is ``scikit-learn``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _short(value: object) -> str:
    return str(value)[:_MAX_CHARS]
