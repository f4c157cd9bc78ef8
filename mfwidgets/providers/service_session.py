"""The HTTP session of a metadata service. A request in it can be ended from another thread.

Timeouts of sockets count from byte to byte. A response whose headers arrive byte by byte would never end.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mfwidgets.concurrency import call_later
from mfwidgets.deadline import current_deadline
from mfwidgets.request_limit import MAX_REQUESTS

if TYPE_CHECKING:
    import requests

_here = threading.local()
"""The exchange of this thread, while it waits for the headers of a response."""


class _Exchange:
    """A request that was sent, until the headers of its response have arrived."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self.ended = False

    def uses(self, connected: Any) -> None:
        """Remember the socket. End it if the exchange has ended already."""
        with self._lock:
            self._socket = connected
        if self.ended:
            self.end()

    def end(self) -> None:
        """Let the thread that waits for the response fail."""
        self.ended = True
        with self._lock:
            connected = self._socket
        if connected is not None:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        """Leave the socket alone from now on: it may serve another request."""
        with self._lock:
            self._socket = None


@contextmanager
def ended_after(seconds: float) -> Iterator[_Exchange]:
    """End the request in this block after some seconds, or when this thread's deadline is cancelled."""
    exchange = _here.exchange = _Exchange()
    deadline = current_deadline()
    cancel = call_later(seconds, exchange.end)
    try:
        if deadline is None:
            yield exchange
        else:
            with deadline.on_cancel(exchange.end):
                yield exchange
    finally:
        cancel()
        exchange.forget()
        _here.exchange = None


def new_session() -> "requests.Session":
    """Return a session with as many connections as requests are sent at once."""
    import requests

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _adapter())
    return session


def _adapter() -> Any:
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """An adapter whose connections name their socket to :class:`_Exchange`."""

        def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
            return _noted(super().get_connection_with_tls_context(*args, **named))

    return Adapter(pool_maxsize=MAX_REQUESTS)


def _noted(pool: Any) -> Any:
    """Return a pool of urllib3 whose connections are of a class that names its socket."""
    base = pool.ConnectionCls
    if not getattr(base, "_names_socket", False):

        class Connection(base):  # type: ignore[misc, valid-type]
            """A connection that names its socket before it waits for the headers of a response."""

            _names_socket = True

            def getresponse(self, *args: Any, **named: Any) -> Any:
                exchange = getattr(_here, "exchange", None)
                if exchange is not None:
                    exchange.uses(self.sock)
                return super().getresponse(*args, **named)

        pool.ConnectionCls = Connection
    return pool
