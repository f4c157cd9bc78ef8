"""A metadata service for tests: a real HTTP server that stores what Metaflow writes and responds like the real service.

``python server.py [--release 2.5.1|small] [--tables FILE] [--store FILE] [--latency SECONDS] [--costs]`` prints its URL and serves
until it is stopped. With ``--costs`` it takes as long as a real service. Controls for tests are below ``/_test/``: the requests so far, added latency, and faults.

The release ``small`` is a service of others: run ids of 16 digits, only Metaflow's own routes of single objects, other
404s.
"""

import argparse
import json
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

sys.path.insert(0, str(Path(__file__).parents[1]))
from service.answers import VERSION, get, mutate_tags, post
from service.costs import seconds_for
from service.queries import Refused, failed
from service.store import Store, read_tables, without_heartbeats_of_now

_SINGLE = re.compile(r"/flows(/[^/]+(/run|/runs(/[^/]+(/.+)?)?)?)?\Z")


_UNVERSIONED = re.compile(r"\A/(version|auth/token)\Z|/attempt/[^/]*/artifacts\Z")
"""These responses have no version header."""

_NOT_SMALL = re.compile(
    r"/flows\Z|/runs/[^/]+/(metadata|artifacts)\Z|/steps/[^/]+/(artifacts|filtered_tasks)\Z|/artifacts/[^/]+"
)
"""Routes that some services of others lack."""

_NO_ROLE = (
    "Parameter validation failed:\n"
    "Invalid type for parameter RoleArn, value: None, type: <class 'NoneType'>, valid types: <class 'str'>"
)


class Service(ThreadingHTTPServer):
    """The server, with the settings of tests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, store: Store, release: str, latency: float = 0.0, *, has_costs: bool = False) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.has_costs, self.worker = has_costs, threading.Lock()
        self.store, self.release, self.seconds = store, release, latency
        if release == "small":
            store.largest_run = 10**16
        self.seen: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.in_flight = self.most_in_flight = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request while it is in flight."""
        with self.store.lock:
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield
        finally:
            with self.store.lock:
                self.in_flight -= 1

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Do not report disconnected clients."""

    def fault(self, target: str) -> dict[str, Any] | None:
        """Return the fault for this request, or None."""
        with self.store.lock:
            for fault in self.faults:
                if re.search(fault["match"], target) and fault.get("times") != 0:
                    if fault.get("times"):
                        fault["times"] -= 1
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: Any) -> None:
        """Be quiet."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_HEAD(self) -> None:
        self._send(405, None, {"Allow": "GET"})

    def _answer(self, method: str) -> None:
        self.path = self.requestline.split()[1]  # as sent: Python replaces two leading slashes with one
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_test/"):
            return self._control(body)
        path, _, asked = self.path.partition("?")
        query = parse_qsl(asked, keep_blank_values=True)
        with self.server.store.lock:
            self.server.seen.append(
                {"method": method, "path": unquote(path), "query": query, "headers": dict(self.headers)}
            )
        fault = self.server.fault(self.path)
        with (
            self.server.counted()
        ):  # until just before the response is sent, because then the client can send the next request
            if self.server.seconds:
                time.sleep(self.server.seconds)
            if fault and fault.get("kind") not in ("truncate", "reset", "drip"):
                return self._fail(fault)
            try:
                find = self._found_slowly if self.server.has_costs else self._found
                status, content, headers = find(method, path, query, body)
            except Refused as refused:
                status, content, headers = refused.status, refused.body, refused.headers
            except Exception as error:  # noqa: BLE001 - the real service responds like this to any error
                status, content, headers = 500, failed(repr(error)).body, {}
        return self._send(status, content, headers, fault.get("kind") if fault else None)

    def _found_slowly(
        self, method: str, path: str, query: list[tuple[str, str]], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        """Return the response as late as a real service, which builds one at a time."""
        with self.server.worker:
            began = time.monotonic()
            status, content, headers = self._found(method, path, query, body)
            raw = content if isinstance(content, bytes) or content is None else json.dumps(content).encode()
            seconds = seconds_for(self.server.store, path, query, content, len(raw or b""))
            time.sleep(max(began + seconds - time.monotonic(), 0))
            return status, raw, headers

    def _found(
        self, method: str, path: str, query: list[tuple[str, str]], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        plain = {"/ping": "pong", "/version": VERSION}
        if path in plain and method == "GET":
            return 200, plain[path].encode(), {}
        if path == "/healthcheck":
            return 200, '{"status": "UP"}', {"Content-Type": "application/json"}
        if path == "/auth/token":
            return 500, {"err_msg": _NO_ROLE, "traceback": ""}, {}
        if path in plain or (path == "/flows" and method != "GET"):
            raise Refused(405, None, {"Allow": "GET"})
        if not _SINGLE.match(path):
            raise Refused(404, None)
        parts = [unquote(part) for part in path.strip("/").split("/")]
        with self.server.store.lock:
            return self._stored(method, path, parts, query, body)

    def _stored(
        self, method: str, path: str, parts: list[str], query: list[tuple[str, str]], body: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        store, release = self.server.store, self.server.release
        if parts[-2:] == ["tag", "mutate"]:
            if method != "PATCH":
                raise Refused(405, None, {"Allow": "PATCH"})
            return mutate_tags(store, parts[1], parts[3], _json(body))
        if method == "POST":
            return post(store, parts, _json(body))
        if release == "2.5.1":
            status, content, headers = get(store, parts, query if parts[-1] == "filtered_tasks" else [])
            return status, _released(content), headers
        return _small(store, path, parts) if release == "small" else get(store, parts, query)

    def _send(self, status: int, content: Any, headers: dict[str, str], fault: str | None = None) -> None:
        """Send a response: JSON, or bytes as they are, or the plain text of an error of the HTTP server."""
        text = {404: "404: Not Found", 405: "405: Method Not Allowed"}.get(status)
        unknown = content is None and text is not None
        raw = (
            content
            if isinstance(content, bytes)
            else (text or "").encode()
            if unknown
            else json.dumps(content).encode()
        )
        self.send_response(status)
        sent = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(raw)), **headers}
        path = self.path.partition("?")[0]
        older = self.server.release == "2.5.1" and path.endswith("/artifacts")
        if not unknown and not older and not _UNVERSIONED.search(path):
            sent["METADATA_SERVICE_VERSION"] = VERSION
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        if fault:
            self._spoil(fault, raw)
        elif self.command != "HEAD":
            self.wfile.write(raw)

    # -- controls for tests ------------------------------------------------------------------------------------------

    def _control(self, body: bytes) -> None:
        server, given = self.server, json.loads(body or b"null")
        with server.store.lock:
            match self.path.removeprefix("/_test/"):
                case "requests":
                    return self._send(200, server.seen, {})
                case "load":
                    return self._send(200, [server.in_flight, server.most_in_flight], {})
                case "reset":
                    server.seen = []
                    server.most_in_flight = server.in_flight
                case "latency":
                    server.seconds = given["seconds"]
                case "faults":
                    server.faults = given
        return self._send(200, {}, {})

    def _fail(self, fault: dict[str, Any]) -> None:
        match fault.get("kind"):
            case "hang":
                self.connection.settimeout(60)
                with_client = True
                while with_client:
                    with_client = bool(self.connection.recv(1))
                self.close_connection = True
            case "redirect":
                self._send_foreign(302, "", {"Location": fault["location"]})
            case "html":
                page = "<html><title>Sign in</title>Please sign in</html>"
                self._send_foreign(200, page, {"Content-Type": "text/html"})
            case _:
                self._send_foreign(fault["status"], fault.get("body", ""), fault.get("headers", {}))

    def _send_foreign(self, status: int, body: str, headers: dict[str, str]) -> None:
        """Send a response like a proxy in front of the service, without its headers."""
        raw = body.encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _spoil(self, kind: str, raw: bytes) -> None:
        """Break a response after its headers."""
        self.close_connection = True
        half = raw[: len(raw) // 2]
        if kind == "drip":
            for number in range(len(raw)):
                self.wfile.write(raw[number : number + 1])
                self.wfile.flush()
                time.sleep(0.2)
            return
        self.wfile.write(half)
        self.wfile.flush()
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


def _released(content: Any) -> Any:
    """Return the response of release 2.5.1: without the owner, and with metadata sorted by field."""
    rows = [row for row in (content if isinstance(content, list) else [content]) if isinstance(row, dict)]
    for row in rows:
        row.pop("user", None)
    if isinstance(content, list) and rows and "field_name" in rows[0]:
        return sorted(rows, key=lambda row: row["field_name"])
    return content


def _small(store: Store, path: str, parts: list[str]) -> tuple[int, Any, dict[str, str]]:
    """Return the response of a service of others: without pages and filters, and with other 404s."""
    status, content, headers = (404, None, {}) if _NOT_SMALL.search(path) else get(store, parts, [])
    return status, {"detail": f"{path} not found"} if status == HTTPStatus.NOT_FOUND else content, headers


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise failed(str(error)) from None


def main() -> None:
    """Serve until a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--release", default="head")
    parser.add_argument("--tables")
    parser.add_argument("--store", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--costs", action="store_true")
    given = parser.parse_args()
    store = Store()
    if given.tables:
        store.load(without_heartbeats_of_now(read_tables(given.tables)))
    if given.store and given.store.is_file():
        store.load(read_tables(str(given.store)))
    service = Service(given.port, store, given.release, given.latency, has_costs=given.costs)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{service.server_address[1]}", flush=True)  # noqa: T201 - the parent process reads it
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    if given.store:
        with store.lock:
            given.store.write_text(json.dumps(store.dump()))


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
