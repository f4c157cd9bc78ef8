"""Replies of the metadata service, and reasons why there is none."""

from collections.abc import Mapping
from typing import Any

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.providers.row_stream import RowStream


@fast_dataclass(frozen=True, slots=True)
class Response:
    """A response of the service.

    Attributes
    ----------
    content
        The parsed body.
    limit, cursor
        ``X-Limit`` and ``X-Next-Cursor``: the size of the page and the start of the next one. None if there are no pages.
    too_large
        Whether the body has more than the allowed bytes. Then ``content`` is None.
    """

    content: Any
    limit: str | None = None
    cursor: str | None = None
    too_large: bool = False


@fast_dataclass(frozen=True, slots=True)
class Reply:
    """The status, the headers and the body of a reply.

    Attributes
    ----------
    body
        The body, or its last piece if the reply has rows.
    sent
        The headers of the request. The service can repeat them, with their secrets.
    rows
        The rows of a successful listing.
    too_large
        Whether the body has more than the allowed bytes. Then it was not read.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    sent: Mapping[str, str]
    rows: RowStream[Any] | None = None
    too_large: bool = False


@fast_dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt got no usable reply.

    Attributes
    ----------
    reason
        The reason in a few words.
    permanent
        Whether a retry cannot help.
    retry_after_s
        The wait that the service requests, in seconds.
    """

    reason: str
    permanent: bool = False
    retry_after_s: float | None = None
