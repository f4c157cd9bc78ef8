"""The values of Metaflow's variables, and the files that they are in.

No message quotes a value, because it may be a key.
"""

import json
import os
from pathlib import Path
from typing import Any

from mfwidgets.errors import MetaflowConfigurationError, TooLarge
from mfwidgets.files import MAX_RECORD_BYTES, parse_json, read_file
from mfwidgets.redaction import remember_secrets, secrets_in_variables


def as_text(name: str, value: object) -> str | None:
    """Return the value of a variable as a str.

    Raises
    ------
    MetaflowConfigurationError
        It is a list or a dict. The message does not quote it, because it may be a key.
    """
    if isinstance(value, list | dict):
        raise MetaflowConfigurationError(f"Expected a string for METAFLOW_{name}, got a {type(value).__name__}.")
    return value if value is None else str(value)


def as_mapping(name: str, value: object, *, plain: bool = False) -> dict[str, str]:
    """Return the value of a variable that is a JSON object, or a JSON string of one. ``plain`` forbids lists in it.

    Raises
    ------
    MetaflowConfigurationError
        It is something else. The message does not quote it, because it may hold a key.
    """
    try:
        content = parse_json(value) if isinstance(value, str) else value
    except ValueError:
        content = ""
    items = content.items() if isinstance(content, dict) else ()
    if not isinstance(content, dict | None) or (plain and any(isinstance(item, list | dict) for _, item in items)):
        raise MetaflowConfigurationError(
            f'Expected a JSON object for METAFLOW_{name}, such as {{"name": "value"}}, got something else.'
        )
    return {str(key): str(item) for key, item in items}


def expanded(path: str) -> Path:
    """Return a path with the home folder for ``~``. A user who does not exist has none, so that the path stays."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path.expanduser() raises


def folder_with(name: str, start: Path) -> Path | None:
    """Return the first of ``start`` and its parents that contains a folder with this name."""
    for folder in (start, *start.parents):
        if (folder / name).is_dir():
            return folder
    return None


def read_object(path: Path) -> dict[str, Any] | None:
    """Return the JSON object in a configuration file, or None if the file does not exist.

    Raises
    ------
    MetaflowConfigurationError
        It cannot be read, or is not a JSON object.
    """
    try:
        content = parse_json(read_file(str(path), MAX_RECORD_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise MetaflowConfigurationError(
            f"Metaflow's configuration file {path} cannot be read: {error.strerror or 'it is not a regular file'}."
        ) from None
    except TooLarge as error:
        raise MetaflowConfigurationError(f"Metaflow's configuration file {error}") from None
    except ValueError as error:  # the message of the error does not quote the file, which may hold a key
        raise MetaflowConfigurationError(
            f"Metaflow's configuration file {path} cannot be read: it is not valid JSON{_place(error)}."
        ) from None
    if not isinstance(content, dict):
        raise MetaflowConfigurationError(
            f"Expected a JSON object in Metaflow's configuration file {path}, got {type(content).__name__}."
        )
    remember_secrets(secrets_in_variables(content))
    return content


def _place(error: Exception) -> str:
    """Return the place of a mistake, without the text around it."""
    return f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
