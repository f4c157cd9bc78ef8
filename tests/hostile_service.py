"""A hostile metadata service on 127.0.0.1. Each of its ways to answer has a name."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from local_world import MB, packed_zeros

MAX_S = 40.0
"""Seconds after which even the slowest response ends."""


@dataclass
class Service:
    """A running service: its port and its requests, as method, path and headers."""

    port: int
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


Way = Callable[["Handler"], None]


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every request in the way of its server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    way: Way
    service: Service

    def do_GET(self) -> None:
        self.service.asked.append((self.command, self.path, dict(self.headers)))
        with suppress(OSError):
            self.way()

    do_PATCH = do_GET  # noqa: N815 - the name in the library

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def answer(self, content: bytes, code: int = 200, **headers: str) -> None:
        """Send a whole answer; ``X_Limit`` is the header ``X-Limit``."""
        self.send_response(code)
        headers.setdefault("Content_Length", str(len(content)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def slowly(self, content: bytes, pause: float) -> None:
        """Send byte after byte."""
        until = time.monotonic() + MAX_S
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(pause)
            if time.monotonic() > until:
                break
        self.close_connection = True


def says(content: Any, code: int = 200, **headers: str) -> Way:
    """Always the same response: bytes unchanged, else JSON."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return lambda handler: handler.answer(body, code, **headers)


_SEVERAL = ("flows", "runs", "steps", "tasks", "artifacts", "metadata")


def rows(*given: Any) -> Way:
    """Rows for a listing, and the first of them for a single object."""

    def way(handler: Handler) -> None:
        several = handler.path.partition("?")[0].rstrip("/").rpartition("/")[2] in _SEVERAL
        handler.answer(json.dumps(list(given) if several else given[0]).encode())

    return way


def rows_written(written: bytes) -> Way:
    """The same for one row that is JSON already."""

    def way(handler: Handler) -> None:
        several = handler.path.partition("?")[0].rstrip("/").rpartition("/")[2] in _SEVERAL
        handler.answer(b"[" + written + b"]" if several else written)

    return way


def raw(content: bytes) -> Way:
    """Bytes that need not be HTTP."""

    def way(handler: Handler) -> None:
        handler.wfile.write(content)
        handler.close_connection = True

    return way


def endless(handler: Handler) -> None:
    """A body that does not end, as fast as it is read."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**12))
    handler.end_headers()
    handler.wfile.write(b"[")
    until = time.monotonic() + MAX_S
    while time.monotonic() < until:
        handler.wfile.write(b"1," * 500_000)


def slow_head(handler: Handler) -> None:
    """A head that comes a byte at a time."""
    handler.slowly(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000, 0.3)


def slow_body(handler: Handler) -> None:
    """A body that comes a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    handler.slowly(b" " * 1000, 0.3)


def same_cursor(handler: Handler) -> None:
    """Pages that each name the same next page."""
    handler.answer(b"[]", X_Limit="50", X_Next_Cursor="more")


@cache
def _packed_blanks() -> bytes:
    return packed_zeros(1500, b"[", b"]", b" ")


def bomb(times: int = 1, encoding: str = "gzip") -> Way:
    """1.5 GB of blanks in 1.5 MB. ``times`` repeats the name of the encoding."""

    def way(handler: Handler) -> None:
        handler.answer(_packed_blanks(), Content_Encoding=", ".join([encoding] * times))

    way.prepare = _packed_blanks  # type: ignore[attr-defined]
    return way


def echo(code: int) -> Way:
    """An error that repeats the headers of the request."""

    def way(handler: Handler) -> None:
        handler.answer(json.dumps({"err_msg": f"you sent {dict(handler.headers)}"}).encode(), code)

    return way


def moved(to: str) -> Way:
    """A redirect."""
    return says(b"", 302, Location=to)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Print nothing: clients may hang up."""


@contextmanager
def serving(way: Way) -> Iterator[Service]:
    """Serve until the end of the block."""
    getattr(way, "prepare", bool)()
    handler = type("Given", (Handler,), {"way": way})
    server = _Server(("127.0.0.1", 0), handler)
    handler.service = service = Service(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.socket.close()


WAYS: dict[str, Way] = {
    "scalar": says(5),
    "object": says({"a": 1}),
    "null": says(None),
    "numbers": rows(1, 2, 3),
    "nulls": rows(None),
    "empty rows": rows({}),
    "lists": rows([["x"]]),
    "text": says("x"),
    "true": says(b"true"),
    "not a number": rows_written(b'{"flow_id":"F","run_number":NaN,"ts_epoch":Infinity,"user_name":1e999}'),
    "large epoch": rows_written(b'{"flow_id":"F","run_number":1,"ts_epoch":' + b"9" * 4000 + b"}"),
    "larger epoch": rows_written(b'{"flow_id":"F","run_number":1,"ts_epoch":' + b"9" * 5000 + b"}"),
    "odd tags": rows(
        {"flow_id": "F", "run_number": 1, "run_id": {"a": 1}, "tags": 5, "system_tags": {"a": 1}, "ts_epoch": "x"}
    ),
    "odd names": rows(
        {"flow_id": ["F"], "run_number": [1], "user_name": {"a": []}, "tags": [None, 5, ["x"]], "ts_epoch": []}
    ),
    "deep": says(b"[" * 200_000),
    "html": says(b"<html>no service</html>"),
    "latin": says(b'["\xff\xfe"]'),
    "bad length": says(b"[]", Content_Length="abc"),
    "negative length": says(b"[]", Content_Length="-5"),
    "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n[]"),
    "short body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n[]"),
    "bad chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n"),
    "bad location": moved("http://[::1/"),
    "no location": says(b"", 302),
    "odd location": moved("http://127.0.0.1:99999999/"),
    "location to a file": moved("file:///dev/zero"),
    "location in circles": moved("/flows"),
    "no http": raw(b"\x00\x01\x02\x03" * 100),
    "many headers": raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n"),
    "long header": raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * (2 * MB) + b"\r\n\r\n"),
    "bad packing": says(b"not packed", Content_Encoding="gzip"),
    "huge retry-after": says(b"", 503, Retry_After="9" * 40),
    "odd retry-after": says(b"", 429, Retry_After="\u00b2"),
    "long retry-after": says(b"", 503, Retry_After="3600"),
}
"""Responses that are wrong in one way each."""
