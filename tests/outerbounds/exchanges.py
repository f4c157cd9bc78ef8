"""The requests of the real ``ob-metaflow-extensions`` and of mfwidgets, for the same files of a user.

    python tests/outerbounds/exchanges.py

This records ``tests/data/outerbounds.json`` again. It installs the real packages into a separate environment in the
cache folder of the tests, and lets them talk to the server of the tests. ``test_exchanges.py`` compares the requests of
mfwidgets with what is recorded. Installing takes a minute, so the tests do not do it.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]
RECORDED = TESTS / "data" / "outerbounds.json"
PACKAGES = ("ob-metaflow-extensions==1.6.35", "azure-identity", "google-cloud-storage")

CASES: dict[str, dict[str, Any]] = {
    "default": {},
    "perimeter": {"perimeter": "OB_CURRENT_PERIMETER_MF_CONFIG_URL"},
    "older name": {"perimeter": "OB_CURRENT_PERIMETER_URL"},
    "profile": {"perimeter": "OB_CURRENT_PERIMETER_MF_CONFIG_URL", "profile": "team"},
    "other folder": {"perimeter": "OB_CURRENT_PERIMETER_MF_CONFIG_URL", "folder": "other"},
    "of a run": {"resolved": True},
    "in the file": {"inline": True},
    "refused": {"key": "stale-key"},
}
"""The configurations that both read."""

KINDS = ("s3", "azure", "gs")

REAL = """
import json, sys
try:
    from metaflow.metaflow_config import SERVICE_URL, SERVICE_HEADERS
    answer = {"url": SERVICE_URL, "headers": SERVICE_HEADERS}
    if sys.argv[1] == "s3":
        from metaflow.plugins.aws.aws_client import get_aws_client
        get_aws_client("s3").get_object(Bucket="runs", Key="metaflow/F/1/x")["Body"].read()
    if sys.argv[1] == "azure":
        from metaflow.plugins.azure.azure_credential import create_cacheable_azure_credential
        create_cacheable_azure_credential().get_token("https://storage.azure.com/.default")
    if sys.argv[1] == "gs":
        from metaflow_extensions.outerbounds.plugins import ObpGcpAuthProvider
        ObpGcpAuthProvider.get_gs_storage_client().bucket("runs").blob("metaflow/F/1/x").download_as_bytes()
except Exception as error:
    answer = {"error": str(error)}
print("answer:" + json.dumps(answer))
"""


def files(folder: Path, name: str) -> dict[str, str]:
    """Write the files of a case. Return the environment that names them."""
    from outerbounds_server import KEY, NORTH_URL, write_home

    case = CASES[name]
    home = write_home(folder / "home", case.get("key", KEY))
    environ = {"METAFLOW_HOME": str(home), "METAFLOW_USER": "ann"}
    end = f"_{case['profile']}" if "profile" in case else ""
    if end:
        (home / "config.json").rename(home / f"config{end}.json")
        environ["METAFLOW_PROFILE"] = case["profile"]
    if "folder" in case:
        environ["OBP_CONFIG_DIR"] = str(folder / case["folder"])
    if "perimeter" in case:
        other = folder / case.get("folder", "home")
        other.mkdir(exist_ok=True)
        content = {"OB_CURRENT_PERIMETER": "north", case["perimeter"]: NORTH_URL}
        (other / f"ob_config{end}.json").write_text(json.dumps(content))
    inline = {"METAFLOW_SERVICE_URL": "https://metadata.acme.example/inline", "METAFLOW_SERVICE_AUTH_KEY": "own"}
    if "inline" in case:
        (home / "config.json").write_text(json.dumps(inline))
    if "resolved" in case:
        environ["__REMOTE_CONFIG_HAS_BEEN_RESOLVED__"] = json.dumps(inline)
    return environ


_FORM = (
    "Action", "RoleArn", "WebIdentityToken", "client_assertion", "client_assertion_type", "client_id", "grant_type",
    "audience", "subject_token", "subject_token_type", "requested_token_type",
)  # fmt: skip


def essence(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what must be equal: where each request went, with which key and which token. Each once, in order."""
    found: list[dict[str, Any]] = []
    for request in requests:
        headers, form = request["headers"], request["form"]
        one = {
            "method": request["method"],
            "host": request["host"],
            "path": request["path"],
            "key": headers.get("x-api-key"),
            "session": headers.get("x-amz-security-token"),
            "form": {name: form[name] for name in _FORM if name in form},
        }
        if one not in found and not request["path"].endswith("openid-configuration"):
            found.append(one)
    return found


def main() -> None:
    """Record."""
    sys.path.insert(0, str(TESTS))
    from outerbounds_server import outerbounds_server
    from platformdirs import user_cache_path

    folder = user_cache_path("mfwidgets-tests", appauthor=False) / "outerbounds"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    recorded: dict[str, Any] = {"packages": list(PACKAGES), "cases": {}, "kinds": {}}
    with tempfile.TemporaryDirectory() as name, outerbounds_server(Path(name) / "server") as server:
        for group, asked in (
            ("cases", [(case, case, "") for case in CASES]),
            ("kinds", [(k, "default", k) for k in KINDS]),
        ):
            for key, case, kind in asked:
                place = Path(name) / f"{group}-{key}"
                place.mkdir()
                plain = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
                environ = plain | server.environ | files(place, case)
                command = [python, "-W", "ignore", "-c", REAL, kind]
                done = subprocess.run(command, env=environ, cwd=place, capture_output=True, text=True, check=True)
                answer = json.loads(done.stdout.rpartition("answer:")[2])
                recorded[group][key] = {"answer": answer, "requests": essence(server.requests())}
    RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
