"""The HTTP session of a metadata service, and the watch over each of its requests.

Timeouts of sockets count from byte to byte: a response that arrives byte by byte would never end. So each request is
watched until the last byte of its response, and its connection is closed when its time is over. The same happens when its
result is not needed any more, for example after an interrupt.
"""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

from mfwidgets.deadline import current_deadline, seconds_within_deadline
from mfwidgets.providers.request_watch import request_watch
from mfwidgets.request_limit import MAX_REQUESTS

if TYPE_CHECKING:
    import requests

MAX_EXCHANGE_S = 120.0
"""No request takes longer, however steadily the bytes of its response arrive."""

_here = threading.local()
"""The exchange of this thread."""


class Exchange:
    """A request and its response.

    Attributes
    ----------
    ended
        Whether it was ended before its response was complete.
    end_at
        When it is ended, in seconds of ``time.monotonic``.
    """

    def __init__(self, seconds: float) -> None:
        self.ended = False
        self._last_end = self.end_at = time.monotonic() + MAX_EXCHANGE_S
        self._connecting: socket.socket | None = None
        self._socket: Any = None
        self._lock = threading.Lock()
        self.allow(seconds)

    def allow(self, seconds: float) -> None:
        """Let it go on for some seconds from now, but no longer than the deadline of this thread."""
        before = self.end_at
        self.end_at = min(time.monotonic() + seconds_within_deadline(seconds), self._last_end)
        if self.end_at < before:
            request_watch.notice(self)

    def connects(self, connected: socket.socket) -> None:
        """Remember a connection that is being prepared. Proxies and TLS will wrap its socket."""
        with suppress(OSError), self._lock:
            self._connecting = connected.dup()
        self._end_again()

    def uses(self, connected: Any) -> None:
        """Remember the socket of the ready connection."""
        with self._lock:
            self._forget_connecting()
            self._socket = connected
        self._end_again()

    def end(self) -> None:
        """Let the thread that waits for the response fail."""
        self.ended = True
        with self._lock:
            for connected in (self._connecting, getattr(self._socket, "socket", self._socket)):
                if isinstance(connected, socket.socket):
                    with suppress(OSError):
                        # TLS would try to say goodbye, and would disturb the thread that reads.
                        socket.socket.shutdown(connected, socket.SHUT_RDWR)

    def close(self) -> None:
        """Leave the connection alone from now on: it may serve another request."""
        with self._lock:
            self._forget_connecting()
            self._socket = None

    def _end_again(self) -> None:
        if self.ended:
            self.end()

    def _forget_connecting(self) -> None:
        if self._connecting is not None:
            self._connecting.close()
            self._connecting = None


@contextmanager
def exchange_for(seconds: float) -> Iterator[Exchange]:
    """Watch the request in this block. It ends after some seconds, or when this thread's deadline is cancelled."""
    exchange = _here.exchange = Exchange(seconds)
    deadline = current_deadline()
    request_watch.add(exchange)
    try:
        if deadline is None:
            yield exchange
        else:
            with deadline.on_cancel(exchange.end):
                yield exchange
    finally:
        request_watch.remove(exchange)
        exchange.close()
        _here.exchange = None


def new_session() -> "requests.Session":
    """Return a session with as many connections as requests are sent at once. It keeps no cookies."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=MAX_REQUESTS))
    return session


def ignore_netrc(session: "requests.Session", url: str) -> None:
    """Send no password from the user's ``.netrc`` file, which can name one for all hosts."""
    from requests.utils import get_auth_from_url

    own = get_auth_from_url(url)
    session.auth = own if any(own) else lambda request: request


def make_watchable(session: "requests.Session") -> None:
    """Let the connections of a session name their sockets to the :class:`Exchange` that they work for."""
    from requests.adapters import HTTPAdapter

    logging.getLogger("urllib3.connection").addFilter(_is_not_ours)
    for adapter in session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            _make_watchable(adapter)


def _make_watchable(adapter: Any) -> None:
    given = adapter.get_connection_with_tls_context
    if not hasattr(given, "watchable"):

        def watchable_pool(*args: Any, **named: Any) -> Any:
            return _watchable(given(*args, **named))

        watchable_pool.watchable = True  # type: ignore[attr-defined]
        adapter.get_connection_with_tls_context = watchable_pool


def _watchable(pool: Any) -> Any:
    """Return a pool of urllib3 whose connections name their sockets."""
    base = pool.ConnectionCls
    if not getattr(base, "_names_socket", False):

        class Connection(base):  # type: ignore[misc, valid-type]
            """A connection that names its socket, first while it is prepared and then for each response."""

            _names_socket = True

            def _new_conn(self) -> Any:
                connected = super()._new_conn()
                exchange = getattr(_here, "exchange", None)
                if exchange is not None:
                    exchange.connects(connected)
                return connected

            def getresponse(self, *args: Any, **named: Any) -> Any:
                exchange = getattr(_here, "exchange", None)
                if exchange is not None:
                    exchange.uses(self.sock)
                return super().getresponse(*args, **named)

        pool.ConnectionCls = Connection
    return pool


def _is_not_ours(record: logging.LogRecord) -> bool:
    """Return whether to log a record of urllib3: not if it quotes the headers of a service, which can repeat a key."""
    return getattr(_here, "exchange", None) is None or record.levelno < logging.WARNING
