"""Outerbounds and the clouds that it names, in one process: a proxy that answers for all hosts with a test certificate.

Programs reach it by ``HTTPS_PROXY``. So they use the real names of hosts, and their own code for each cloud. The answers
of Outerbounds have the shape that ``ob-metaflow-extensions`` reads. Those of the clouds have the shape of their
documentation. All keys are made up.

    python tests/outerbounds_server.py CERTIFICATE KEY
"""

import http.server
import json
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "obp-key-1"
API, AUTH = "api.acme.example", "auth.acme.example"
CONFIG_URL = f"https://{API}/v1/perimeters/default/metaflowconfigs/default"
NORTH_URL = f"https://{API}/v1/perimeters/north/metaflowconfigs/default"
ROLE = "arn:aws:iam::123456789012:role/task"
CONTENT = b"bytes of a run"
HOSTS = (
    "*.acme.example", "sts.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com", "*.s3.eu-west-1.amazonaws.com",
    "login.microsoftonline.com", "acme.blob.core.windows.net", "sts.googleapis.com", "iamcredentials.googleapis.com",
    "storage.googleapis.com", "cloudresourcemanager.googleapis.com",
)  # fmt: skip


@dataclass(frozen=True)
class Outerbounds:
    """A running server: the address of the proxy, and the file of its certificate authority."""

    proxy: str
    authority: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which programs reach it."""
        trusted = dict.fromkeys(("REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE", "SSL_CERT_FILE"), str(self.authority))
        return {"HTTPS_PROXY": self.proxy, "NO_PROXY": "127.0.0.1", **trusted}

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the last call."""
        with urllib.request.urlopen(f"{self.proxy}/requests", timeout=60) as answer:
            return json.load(answer)

    def answers(self, url: str, status: int, content: Any = "", headers: Mapping[str, str] | None = None) -> None:
        """Answer the requests for a URL in this way. Status 0 means as before."""
        body = content if isinstance(content, str) else json.dumps(content)
        given = json.dumps({"url": url, "status": status, "body": body, "headers": dict(headers or {})}).encode()
        urllib.request.urlopen(f"{self.proxy}/answers", given, timeout=60).close()


@contextmanager
def outerbounds_server(folder: Path) -> Iterator[Outerbounds]:
    """Run a server until the end of the block."""
    from azure_server import certificates

    authority, certificate, key = certificates(folder, HOSTS)
    command = [sys.executable, __file__, str(certificate), str(key)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the server did not start: see its output above"
        yield Outerbounds(url, authority)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


def write_home(home: Path, key: str = KEY, **perimeter: str) -> Path:
    """Write what ``outerbounds configure`` and ``outerbounds perimeter switch`` write. Return the folder."""
    home.mkdir(parents=True, exist_ok=True)
    config = {"OBP_METAFLOW_CONFIG_URL": CONFIG_URL, "METAFLOW_SERVICE_AUTH_KEY": key}
    (home / "config.json").write_text(json.dumps(config))
    if perimeter:
        (home / "ob_config.json").write_text(json.dumps(perimeter))
    return home


# -- answers ---------------------------------------------------------------------------------------------------------

Answer = tuple[int, Any, dict[str, str]]


def _ok(content: Any, kind: str = "application/json") -> Answer:
    return 200, content, {"Content-Type": kind}


def _forbidden() -> Answer:
    return 403, {"message": "Forbidden"}, {}


def _configuration(request: dict[str, Any]) -> Answer:
    if request["headers"].get("x-api-key") != KEY:
        return _forbidden()
    perimeter = request["path"].split("/")[3]
    variables = {
        "METAFLOW_DEFAULT_METADATA": "service",
        "METAFLOW_DEFAULT_DATASTORE": "s3",
        "METAFLOW_SERVICE_URL": f"https://metadata.acme.example/{perimeter}",
        "METAFLOW_SERVICE_AUTH_KEY": KEY,
        "OBP_AUTH_SERVER": AUTH,
        "OBP_PERIMETER": perimeter,
    }
    return _ok({"config": variables})


def _token(request: dict[str, Any]) -> Answer:
    if request["headers"].get("x-api-key") != KEY:
        return _forbidden()
    kinds = {
        "/generate/aws": {"token": "token-aws", "role_arn": ROLE, "region": "eu-west-1"},
        "/generate/azure": {"token": "token-azure", "azureTenantId": "tenant-1", "azureClientId": "client-1"},
        "/generate/gcp": {
            "token": "token-gcp",
            "gcpProjectNumber": "12345",
            "gcpProjectId": "acme",
            "gcpWorkloadIdentityPool": "pool-1",
            "gcpWorkloadIdentityPoolProvider": "provider-1",
            "gcpServiceAccountEmail": "task@acme.iam.gserviceaccount.com",
        },
    }
    return _ok(kinds[request["path"]]) if request["path"] in kinds else (404, {}, {})


_ASSUMED = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIATEST</AccessKeyId><SecretAccessKey>aws-secret</SecretAccessKey>
<SessionToken>session-aws</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


def _later() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))


def _aws_sts(request: dict[str, Any]) -> Answer:
    form = request["form"]
    if (form.get("WebIdentityToken"), form.get("RoleArn")) != ("token-aws", ROLE):
        return 403, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>", {}
    return _ok(_ASSUMED % _later(), "text/xml")


def _microsoft(request: dict[str, Any]) -> Answer:
    base = "https://login.microsoftonline.com/tenant-1"
    if request["path"].endswith("openid-configuration"):
        return _ok(
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "issuer": f"{base}/v2.0",
            }
        )
    form = request["form"]
    if (form.get("client_assertion"), form.get("client_id")) != ("token-azure", "client-1"):
        return 401, {"error": "invalid_client", "error_description": "refused"}, {}
    return _ok({"token_type": "Bearer", "expires_in": 3600, "access_token": "bearer-azure"})


def _google_sts(request: dict[str, Any]) -> Answer:
    if request["form"].get("subject_token") != "token-gcp":
        return 401, {"error": "invalid_grant"}, {}
    return _ok({"access_token": "federated", "expires_in": 3600, "token_type": "Bearer"})


def _impersonation(request: dict[str, Any]) -> Answer:
    if request["headers"].get("authorization") != "Bearer federated":
        return _forbidden()
    return _ok({"accessToken": "bearer-gcp", "expireTime": _later()})


def _bucket(request: dict[str, Any]) -> Answer:
    headers = request["headers"]
    given = headers.get("x-amz-security-token") or headers.get("authorization", "")
    if given not in ("session-aws", "Bearer bearer-azure", "Bearer bearer-gcp"):
        return 403, "<Error><Code>AccessDenied</Code></Error>", {"Content-Type": "application/xml"}
    more = {"Last-Modified": "Tue, 03 Nov 2026 10:00:00 GMT", "ETag": '"e"', "x-ms-blob-type": "BlockBlob"}
    return 200, CONTENT.decode(), more


_ANSWERS: dict[str, Callable[[dict[str, Any]], Answer]] = {
    API: _configuration,
    AUTH: _token,
    "sts.eu-west-1.amazonaws.com": _aws_sts,
    "login.microsoftonline.com": _microsoft,
    "sts.googleapis.com": _google_sts,
    "iamcredentials.googleapis.com": _impersonation,
    "cloudresourcemanager.googleapis.com": lambda _: _ok({"projectId": "acme"}),
}

_seen: list[dict[str, Any]] = []
_set: dict[str, dict[str, Any]] = {}
_lock = threading.Lock()


def _answer(request: dict[str, Any]) -> Answer:
    given = _set.get(f"https://{request['host']}{request['path']}")
    if given:
        time.sleep(60 if given["status"] < 0 else 0)
        return given["status"], given["body"], given["headers"]
    return _ANSWERS.get(request["host"], _bucket)(request)


# -- the proxy -------------------------------------------------------------------------------------------------------


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers requests to itself, and requests in a tunnel as the host that the tunnel names."""

    protocol_version = "HTTP/1.1"
    tls: ssl.SSLContext
    tunnel = ""

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.tunnel = self.path.partition(":")[0]
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.tunnel:
            self._reply(*_control(self.path, body))
            return
        parts = urlsplit(self.path)
        request = {
            "method": self.command,
            "host": self.tunnel,
            "path": parts.path,
            "query": parts.query,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "form": _form(body),
        }
        with _lock:
            _seen.append(request)
        self._reply(*_answer(request))

    do_POST = do_HEAD = do_GET  # noqa: N815 - the names in the library

    def _reply(self, status: int, content: Any, headers: dict[str, str]) -> None:
        body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _form(body: str) -> dict[str, Any]:
    if body.startswith("{"):
        return json.loads(body)
    return {name: values[0] for name, values in parse_qs(body).items()}


def _control(path: str, body: str) -> Answer:
    with _lock:
        if path == "/answers":
            given = json.loads(body)
            _set.pop(given["url"], None)
            if given["status"]:
                _set[given["url"]] = given
            return _ok({})
        found = list(_seen)
        _seen.clear()
        return _ok(found)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Print nothing: clients may hang up."""


def _main(certificate: str, key: str) -> None:
    _Handler.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _Handler.tls.load_cert_chain(certificate, key)
    server = _Server(("127.0.0.1", 0), _Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    _main(*sys.argv[1:])
