"""The configuration of an Outerbounds deployment.

The user's file has a URL and a key only. The URL of the current perimeter, in ``ob_config.json``, comes first. The answer
replaces the user's file. Steps of a run have the answer in their environment.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mfwidgets.config_values import expanded, read_object
from mfwidgets.deadline import seconds_within_deadline
from mfwidgets.errors import DeadlineExceeded, MetaflowConfigurationError, ServiceException
from mfwidgets.extensions import ConfigurationProvider, Variables
from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.files import parse_json
from mfwidgets.redaction import redact_url

RESOLVED = "__REMOTE_CONFIG_HAS_BEEN_RESOLVED__"
"""The environment variable in which Metaflow leaves the answer, as JSON, for its process and the steps of a run."""

URL, KEY = "OBP_METAFLOW_CONFIG_URL", "METAFLOW_SERVICE_AUTH_KEY"
"""The two variables of the user's file."""

_PERIMETER = "OB_CURRENT_PERIMETER"
_PERIMETER_URLS = ("OB_CURRENT_PERIMETER_MF_CONFIG_URL", "OB_CURRENT_PERIMETER_URL")
"""Where ``ob_config.json`` has the URL of a perimeter. The second is the older name."""

MAX_AGE_S = 600.0
"""After this time, the configuration is fetched again when it is read. Metaflow reads it once in a process."""

_FAILED_AGE_S = 5.0
"""The time for which a failure is remembered. Threads that wait for the same answer do not each wait for a server."""

_MAX_WAIT_S = 30.0
_REFUSED = {401, 403}
CONFIGURE = "Try `outerbounds configure` with a new magic string, or another profile (METAFLOW_PROFILE)."


@fast_dataclass(frozen=True, slots=True)
class _Place:
    """Where the configuration is fetched: the URL, the file that names it, and the perimeter, which can be empty."""

    url: str
    file: Path
    perimeter: str = ""


@fast_dataclass(frozen=True, slots=True)
class _Answer:
    """The variables, or why there are none. It is used until a time of ``time.monotonic``."""

    until: float
    variables: dict[str, Any] | None = field(repr=False)  # they include keys
    problem: str = ""
    status: int | None = None


class OuterboundsConfiguration:
    """Fetches the configuration once in ten minutes for each URL and key. It is kept in memory only."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], _Answer] = {}
        self._lock = threading.Lock()

    def source(self, configuration: Variables) -> str | None:
        """Return the host and the perimeter, or None if this is not a configuration of Outerbounds. Reads one file."""
        if configuration.environ.get(RESOLVED):
            return f"Outerbounds, as Metaflow has left it in {RESOLVED}"
        place = _place(configuration)
        if place is None:
            return None
        perimeter = f", perimeter {place.perimeter}" if place.perimeter else ""
        return f"Outerbounds at {urlsplit(redact_url(place.url)).netloc}{perimeter}"

    def read(self, configuration: Variables) -> Mapping[str, Any]:
        """Return the variables. Costs at most one request.

        Raises
        ------
        MetaflowConfigurationError
            The key for the URL is missing, or the variable of a run is damaged.
        ServiceException
            The server does not answer, or refuses the key.
        """
        resolved = configuration.environ.get(RESOLVED)
        if resolved:
            return _parsed(resolved)
        place = _place(configuration)
        if place is None:
            return configuration.user
        key = configuration.user.get(KEY)
        if not isinstance(key, str) or not key:
            # The environment's key is not used: it belongs to the service that the environment names.
            raise MetaflowConfigurationError(
                f"Expected the key {KEY} for {redact_url(place.url)} in {configuration.user_file}, got none. {CONFIGURE}"
            )
        return self._fetched(place, key, configuration.user_file)

    def _fetched(self, place: _Place, key: str, key_file: Path | None) -> dict[str, Any]:
        if not self._lock.acquire(timeout=seconds_within_deadline(_MAX_WAIT_S)):
            raise DeadlineExceeded("This was given up: another thread has waited too long for Outerbounds.")
        try:
            answer = self._answers.get((place.url, key))
            if answer is None or time.monotonic() > answer.until:
                answer = self._answers[place.url, key] = _newer(answer, place, key, key_file)
        finally:
            self._lock.release()
        if answer.variables is None:
            raise ServiceException(answer.problem, answer.status)
        return answer.variables


PROVIDER: ConfigurationProvider = OuterboundsConfiguration()


def _newer(before: _Answer | None, place: _Place, key: str, key_file: Path | None) -> _Answer:
    """Request an answer. If the server cannot be reached, go on with the previous one."""
    try:
        return _Answer(time.monotonic() + MAX_AGE_S, _variables(place, key, key_file))
    except ServiceException as error:
        variables = before.variables if before is not None and error.http_code not in _REFUSED else None
        return _Answer(time.monotonic() + _FAILED_AGE_S, variables, str(error), error.http_code)


def _variables(place: _Place, key: str, key_file: Path | None) -> dict[str, Any]:
    from mfwidgets.outerbounds.requests import get_object  # most configurations need no request

    what = f"Outerbounds' configuration at {redact_url(place.url)} (of {place.file}"
    what += f", perimeter {place.perimeter})" if place.perimeter else ")"
    answer = get_object(place.url, {"x-api-key": key}, what, f"Its key is in {key_file}. {CONFIGURE}")
    variables = answer.get("config")
    if not isinstance(variables, dict):
        raise MetaflowConfigurationError(
            f"Expected an object 'config' from {what}, got {type(variables).__name__}. {CONFIGURE}"
        )
    return {URL: place.url, **variables}


def _place(configuration: Variables) -> _Place | None:
    """Return where the configuration is. None if it is all in the user's file, or there is no such file."""
    if configuration.user_file is None:
        return None
    place = _of_perimeter(configuration)
    if place is None and URL in configuration.user:
        place = _Place(configuration.user[URL], configuration.user_file)
    if place is None:
        return None
    from mfwidgets.outerbounds.requests import is_url

    if not (isinstance(place.url, str) and is_url(place.url)):
        shown = redact_url(place.url) if isinstance(place.url, str) else type(place.url).__name__
        raise MetaflowConfigurationError(
            f"Expected the URL of Outerbounds' configuration in {place.file}, got {shown!r:.80}. {CONFIGURE}"
        )
    return place


def _of_perimeter(configuration: Variables) -> _Place | None:
    """Return where the configuration of the current perimeter is. None if there is no ``ob_config.json``."""
    environ = configuration.environ
    folder = environ.get("OBP_CONFIG_DIR") or environ.get("METAFLOW_HOME") or "~/.metaflowconfig"
    profile = environ.get("METAFLOW_PROFILE")
    file = expanded(folder) / (f"ob_config_{profile}.json" if profile else "ob_config.json")
    content = read_object(file)
    if content is None:
        if "OBP_CONFIG_DIR" not in environ:
            return None
        raise MetaflowConfigurationError(
            f"Expected {file}, because OBP_CONFIG_DIR names its folder, got no such file. {CONFIGURE}"
        )
    url = next((content[name] for name in _PERIMETER_URLS if name in content), None)
    if _PERIMETER not in content or url is None:
        raise MetaflowConfigurationError(
            f"Expected {_PERIMETER} and {_PERIMETER_URLS[0]} in {file}, got other variables. "
            "Try `outerbounds perimeter switch`."
        )
    return _Place(url, file, str(content[_PERIMETER]))


def _parsed(resolved: str) -> dict[str, Any]:
    try:
        variables = parse_json(resolved)
    except ValueError:
        variables = None
    if not isinstance(variables, dict):
        # The message does not quote the value, which holds a key.
        raise MetaflowConfigurationError(
            f"Expected a JSON object in the environment variable {RESOLVED}, got something else. Try to unset it."
        )
    return variables
