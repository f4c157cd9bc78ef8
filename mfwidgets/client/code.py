"""The code of a run: a snapshot of the flow's file and what lay beside it, where Metaflow stored one."""

import json
from pathlib import Path
from tarfile import TarFile
from tempfile import TemporaryDirectory
from typing import Any

from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.code_package import CodePackage
from mfwidgets.display import Displayable
from mfwidgets.errors import DataException
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.states import origin_run_id

_CONDA_MANIFEST = "conda.manifest"


class MetaflowCode(Displayable):
    """A code package; it is downloaded when its content is first asked for.

    Parameters
    ----------
    scope, flow
        Where to read, and of which flow.
    recorded
        The ``code-package`` metadata of a task.

    Raises
    ------
    DataException
        The record cannot be understood.
    """

    def __init__(self, context: ClientContext, flow: str, recorded: str) -> None:
        self._context, self._flow = context, flow
        self._loaded: CodePackage | None = None
        try:
            record = json.loads(recorded)
            self._location, self._sha, self._ds_type = record["location"], record["sha"], record["ds_type"]
        except (ValueError, KeyError, TypeError) as error:
            raise DataException(f"The code package of {flow} is recorded as {recorded!r:.80}: {error!r}.") from error

    def _package(self, most: int | None = None) -> CodePackage:
        """Return the package itself; downloaded once.

        Raises
        ------
        TooLarge
            It has more than ``most`` bytes.
        """
        if self._loaded is None:
            suffix = f"/{self._flow}/data/{self._sha[:2]}/{self._sha}"
            datastore = self._context.datastore(self._ds_type, self._location.removesuffix(suffix))
            what = f"flow {self._flow}"
            content = load_blob(datastore, self._flow, self._sha, f"The code package of {what}", most)
            self._loaded = CodePackage(content, what)
        return self._loaded

    @property
    def path(self) -> str:
        """Where it is stored, as recorded."""
        return str(self._location)

    @property
    def sha(self) -> str:
        """SHA-1 of the package; equal hashes mean equal code."""
        return str(self._sha)

    @property
    def info(self) -> dict[str, Any]:
        """What was known when it was made: ``script``, ``python_version``, ``metaflow_version``, ``commit_sha`` and more."""
        return self._package().info

    @property
    def script_name(self) -> str:
        """The name of the flow's file."""
        return str(self._package().info["script"])

    @property
    def flowspec(self) -> str:
        """The source of the flow's file."""
        source = self._package().read(self.script_name)
        if source is None:
            raise DataException(f"The code package of flow {self._flow} does not hold its {self.script_name!r}.")
        return source.decode("utf-8", errors="replace")

    def files(self) -> dict[str, bytes]:
        """Return the content of the user's files by name."""
        return {name: self._package().read(name) or b"" for name in self._package().user_files()}

    @property
    def tarball(self) -> TarFile:
        """The package as an open archive, the same one at each access."""
        return self._package().tarball

    def extract(self) -> "TemporaryDirectory[str]":
        """Write the user's files into a temporary folder, which goes when the returned object does."""
        folder = TemporaryDirectory()
        self._package().extract_to(Path(folder.name))
        return folder

    def extractall(self, path: str | Path) -> list[Path]:
        """Write the user's files below a folder, and return their paths.

        Raises
        ------
        DataException
            A file's name leads out of the folder; nothing is written then.
        """
        return self._package().extract_to(Path(path))

    def _environment(self, metadata: dict[str, Any]) -> Any:
        """Return what ``environment_info`` tells of a task with this metadata."""
        kind = self.info.get("environment_type")
        if not kind:
            return None
        if kind == "local":
            return "Local environment"  # Metaflow's own words
        prefix = str(metadata.get("conda_env_prefix", "")).split("/")
        if len(prefix) < 3:  # noqa: PLR2004 - /<architecture>/<id>, as Metaflow splits it
            return {}
        manifest = json.loads(self._package().read(_CONDA_MANIFEST) or b"{}")
        return manifest.get(prefix[2], {}).get(prefix[1], {})

    def __str__(self) -> str:
        return f"<MetaflowCode: {self.script_name}>"

    def __repr__(self) -> str:
        return f"<MetaflowCode of {self._flow}: {self._sha}>"


def code_of_run(context: ClientContext, run: RunRecord) -> MetaflowCode | None:
    """Return the code of a run, from the newest task that recorded a package; else that of the run it resumed."""
    run_id: str | None = run.run_id
    asked = set()
    while run_id and run_id not in asked:
        asked.add(run_id)
        events = context.provider.metadata((run.flow, run_id), {"code-package", "origin-run-id"})
        packages = [event for event in events if event.field == "code-package"]
        if packages:
            return MetaflowCode(context, run.flow, str(max(packages, key=lambda event: event.created_ms).value))
        run_id = origin_run_id(events)
    return None
