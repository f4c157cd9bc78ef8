"""A real Azure Blob server, Azurite, for a test session, and an identity that it accepts.

Azurite is installed from npm into the user's cache folder, once. Tokens have the format of Azure's App Service. Azurite
checks their issuer, audience and times. It requires TLS for them, so a certificate authority is made for one day.
"""

import base64
import datetime as dt
import ipaddress
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from npm_packages import npm_file

VERSION = "3.37.0"
ACCOUNT, CONTAINER = "devstoreaccount1", "runs"


@dataclass(frozen=True)
class Azure:
    """A running server."""

    url: str
    identity: str
    authority: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which Metaflow and mfwidgets read and write there."""
        return {
            "IDENTITY_ENDPOINT": self.identity,
            "IDENTITY_HEADER": "tests",
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "METAFLOW_AZURE_STORAGE_BLOB_SERVICE_ENDPOINT": self.url,
            "METAFLOW_DATASTORE_SYSROOT_AZURE": f"{CONTAINER}/metaflow",
        }


@contextmanager
def azure_server(folder: Path) -> Iterator[Azure]:
    """Run a server on a folder, and create a container."""
    authority, certificate, key = certificates(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        _azurite(), "--oauth", "basic", "--cert", certificate, "--key", key, "--blobPort", str(port), "--location",
        folder / "data", "--skipApiVersionCheck", "--disableTelemetry", "--silent",
    ]  # fmt: skip
    identities = ThreadingHTTPServer(("127.0.0.1", 0), _Identity)
    threading.Thread(target=identities.serve_forever, daemon=True).start()
    with (folder / "azurite.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "azurite.log")
        identity = f"http://127.0.0.1:{identities.server_address[1]}/token"
        server = Azure(f"https://127.0.0.1:{port}/{ACCOUNT}", identity, authority)
        _make_container(server)
        yield server
    finally:
        process.terminate()
        process.wait(30)
        identities.shutdown()
        identities.server_close()


def _azurite() -> Path:
    return npm_file("azurite", VERSION, f"../.bin/azurite-blob{'.cmd' if os.name == 'nt' else ''}")


def _make_container(server: Azure) -> None:
    """Create the container with the account's public key, without a login."""
    from azure.storage.blob import BlobServiceClient

    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    credential = {"account_name": ACCOUNT, "account_key": key}
    with BlobServiceClient(server.url, credential=credential, connection_verify=str(server.authority)) as client:
        client.create_container(CONTAINER)


class _Identity(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        now = int(time.time())
        claims = {
            "aud": "https://storage.azure.com",
            "iss": "https://sts.windows.net/ab1f708d-50f6-404c-a006-d71b2ac7a606/",
            "nbf": now - 60,
            "iat": now - 60,
            "exp": now + 3600,
        }
        token = ".".join((*map(_base64, ({"alg": "none", "typ": "JWT"}, claims)), "unsigned"))
        answer = {
            "access_token": token,
            "expires_on": str(now + 3600),
            "token_type": "Bearer",
            "resource": claims["aud"],
        }
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


def _base64(claims: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"Azurite has ended:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.25)
        else:
            return
    raise RuntimeError(f"Azurite does not answer:\n{log.read_text()[-2000:]}")


def certificates(folder: Path, hosts: Iterable[str] = ()) -> tuple[Path, Path, Path]:
    """Write a certificate authority, and its certificate for 127.0.0.1 and other hosts with the key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder.mkdir(parents=True, exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    keys = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in ("tests", "127.0.0.1")]
    made = []
    for name, key, is_authority in zip(names, keys, (True, False), strict=True):
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(names[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(keys[0].public_key())
        usage = x509.KeyUsage(True, False, False, False, False, is_authority, is_authority, False, False)  # noqa: FBT003
        builder = builder.add_extension(authority, critical=False).add_extension(usage, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        if not is_authority:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            named = [address, *map(x509.DNSName, hosts)]
            builder = builder.add_extension(x509.SubjectAlternativeName(named), critical=False)
        made.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    files = folder / "authority.pem", folder / "certificate.pem", folder / "key.pem"
    for file, content in zip(files, (*made, private), strict=True):
        file.write_bytes(content)
    return files
