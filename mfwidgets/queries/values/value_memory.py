"""Small plain values, remembered by the hash of their bytes.

Equal hashes mean equal bytes, so a remembered value is never stale. Only numbers, short text, True, False and None are
remembered, and numpy numbers. A value whose name or text looks like a secret is not.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mfwidgets.providers.records import ArtifactRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.redaction import redact

_SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth|private|salt|cookie|session", re.IGNORECASE)

_MAX_CHARS = 500
_MAX_INT = 2**63

Key = tuple[str, str]
"""Hash and encoding of a value."""

Results = list[tuple[str, Any]]
"""The results in a value: the keys of dicts (``.auc``, empty for the value itself) and a number or a str."""

_RESULTS = " results"
"""Added to an encoding for the results in a value, which is not itself remembered."""


_SECRET_NAME = re.compile(
    r"(?:\A|[._\-])(?:password|passwd|pwd|secret|api_?key|(?:api|access|auth|bearer)_?token|private_?key)(?:\Z|[._\-])",
    re.IGNORECASE,
)
"""Names of secrets. Fewer than above: ``n_tokens`` and ``author_score`` are metrics."""


def is_secret_name(name: str) -> bool:
    """Return whether any value with this name is a secret, also a number."""
    return bool(_SECRET_NAME.search(name))


def looks_secret(name: str, text: str) -> bool:
    """Return whether a str can be a secret, by its name or its form."""
    return bool(_SECRET.search(name)) or redact(text) != text


def remembered_results(context: ClientContext, keys: Iterable[Key]) -> dict[Key, Results]:
    """Return the remembered results in these values. An empty list means that a value holds none."""
    index = context.index
    if index is None:
        return {}
    known = {}
    for (sha, encoding), content in index.values((sha, encoding + _RESULTS) for sha, encoding in keys).items():
        try:
            known[sha, encoding.removesuffix(_RESULTS)] = [
                (str(suffix), _decoded(text)) for suffix, text in json.loads(content)
            ]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue  # the file can contain anything
    return known


def remember_results(context: ClientContext, results: Mapping[Key, Results]) -> None:
    """Remember the results in these values, if they are small and plain. The caller must leave out what looks secret."""
    index = context.index
    if index is None:
        return
    contents = {}
    for (sha, encoding), held in results.items():
        texts = [(suffix, _encoded(value)) for suffix, value in held]
        if not any(text is None or _SECRET.search(suffix) for suffix, text in texts):
            contents[sha, encoding + _RESULTS] = json.dumps(texts)
    if contents:
        index.keep_values(contents)
        index.flush()


def remembered_values(context: ClientContext, records: Sequence[ArtifactRecord]) -> dict[Key, Any]:
    """Return the remembered values of these records."""
    index = context.index
    if index is None:
        return {}
    values = {}
    for key, content in index.values((record.sha, record.encoding) for record in records).items():
        try:
            values[key] = _decoded(content)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue  # the file can contain anything
    return values


def remember_values(
    context: ClientContext, records: Sequence[ArtifactRecord], values: Sequence[Any], secret: Collection[Key] = ()
) -> None:
    """Remember the values of these records, if they are small and plain, except secret ones."""
    index = context.index
    if index is None:
        return
    contents = {}
    for record, value in zip(records, values, strict=True):
        key = record.sha, record.encoding
        if key not in secret and not _SECRET.search(record.name) and (content := _encoded(value)) is not None:
            contents[key] = content
    if contents:
        index.keep_values(contents)
        index.flush()


def _encoded(value: Any) -> str | None:
    """Return a value as JSON. None if JSON would change it, or it is too large."""
    if value is None or isinstance(value, bool):
        return json.dumps([value])
    if type(value) is str:
        return json.dumps([value]) if len(value) <= _MAX_CHARS and redact(value) == value else None
    if type(value) is int:
        return json.dumps([value]) if -_MAX_INT <= value < _MAX_INT else None
    if type(value) is float:
        return json.dumps(["float", value.hex()])
    if (
        type(value).__module__ == "numpy"
        and value.dtype.kind in "iufb"
        and value.ndim == 0
        and not value.dtype.metadata
    ):
        return json.dumps([value.dtype.str, value.tobytes().hex()])
    return None


def _decoded(content: str) -> Any:
    match json.loads(content):
        case [value]:
            return value
        case ["float", str(digits)]:
            return float.fromhex(digits)
        case [str(dtype), str(digits)]:
            import numpy as np

            return np.frombuffer(bytes.fromhex(digits), np.dtype(dtype))[0]
    raise ValueError(content)
