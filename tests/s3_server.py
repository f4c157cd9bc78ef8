"""A real S3 server, SeaweedFS, for a test session. Its folder keeps the data."""

import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

KEYS = {"accessKey": "test", "secretKey": "test-secret-key"}
BUCKET = "runs"


@dataclass(frozen=True)
class S3:
    """A running server."""

    url: str

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which Metaflow and mfwidgets read and write there."""
        return {
            "AWS_ACCESS_KEY_ID": KEYS["accessKey"],
            "AWS_SECRET_ACCESS_KEY": KEYS["secretKey"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "METAFLOW_S3_ENDPOINT_URL": self.url,
            "METAFLOW_DATASTORE_SYSROOT_S3": f"s3://{BUCKET}/metaflow",
        }

    def client(self):
        """A boto3 client."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEYS["accessKey"],
            aws_secret_access_key=KEYS["secretKey"],
            region_name="us-east-1",
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3]:
    """Run a server on a folder, and create the folder and a bucket."""
    folder.mkdir(parents=True, exist_ok=True)
    identity = {"name": "tests", "credentials": [KEYS], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    master, volume, filer, s3 = _free_ports(4)
    weed = Path(sys.executable).parent / ("weed.exe" if os.name == "nt" else "weed")
    with (folder / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            [
                weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-master.port={master}",
                f"-volume.port={volume}", f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}",
                "-volume.max=20", "-master.volumeSizeLimitMB=64", "-volume.preStopSeconds=0",
                "-s3.port.iceberg=0", "-s3.port.lance=0",
            ],
            stdout=log,
            stderr=log,
        )  # fmt: skip
    try:
        server = S3(f"http://127.0.0.1:{s3}")
        _wait_for(server.url, process, folder / "weed.log")
        _wait_for_its_parts(server.client())
        yield server
    finally:
        process.terminate()
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:  # it waits for its parts one by one; the data is already in files
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(url, timeout=1)
        except urllib.error.HTTPError:
            return  # it requires a key, so it is running
        except OSError:
            if process.poll() is not None:
                raise RuntimeError(f"The S3 server has ended:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.25)
        else:
            return
    raise RuntimeError(f"The S3 server does not answer:\n{log.read_text()[-2000:]}")


def _wait_for_its_parts(client) -> None:
    """Write and read until that works: the parts of the server connect one after the other."""
    content = (
        b"ready" * 1000
    )  # large enough for a volume, like the data of runs; small objects are stored with their names
    for attempt in range(120):
        try:
            if BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=content)
            assert client.get_object(Bucket=BUCKET, Key="ready")["Body"].read() == content
        except Exception:
            if attempt == 119:
                raise
            time.sleep(0.25)
        else:
            return


def _free_ports(count: int) -> list[int]:
    """Return free ports. The ports 10,000 above are free too: the parts of the server use them."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20_000, 50_000)
        if all(map(_is_free, (port, port + 10_000))) and port not in found:
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
