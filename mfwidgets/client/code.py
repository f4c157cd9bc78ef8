"""The code of a run: the flow's file and the files next to it, if Metaflow stored a package of them."""

from pathlib import Path
from tarfile import TarFile
from tempfile import TemporaryDirectory
from typing import Any

from mfwidgets.datastore.blobs import load_blob
from mfwidgets.datastore.code_package import MAX_FILES_BYTES, MAX_PACKAGE_BYTES, CodePackage
from mfwidgets.display import Displayable
from mfwidgets.errors import DataException
from mfwidgets.files import parse_json
from mfwidgets.hidden_characters import visible
from mfwidgets.providers.records import RunRecord, TaskRecord
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.status.run_end import origin_run_id
from mfwidgets.safe_repr import repr_of

NO_CODE = (
    "No code package is stored. Metaflow stores one for remote steps. With METAFLOW_FEAT_ALWAYS_UPLOAD_CODE_PACKAGE=1 it "
    "stores one for all runs."
)
"""The explanation for a run or a task without code."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected str, got {type(value).__name__}")
    return value


class MetaflowCode(Displayable):
    """A code package. It is downloaded once, when its content is first used.

    Parameters
    ----------
    context
        The context of the run.
    flow
        The name of the flow.
    recorded
        The value of a task's ``code-package`` metadata.
    step
        The step of the task, whose lines the display shows first. Empty for a run.

    Raises
    ------
    DataException
        The metadata is not in the expected form.
    """

    def __init__(self, context: ClientContext, flow: str, recorded: str, step: str = "") -> None:
        self._context, self._flow, self._step = context, flow, step
        self._loaded: CodePackage | None = None
        try:
            record = parse_json(recorded)
            self._location, self._sha, self._ds_type = (_text(record[key]) for key in ("location", "sha", "ds_type"))
        except (ValueError, KeyError, TypeError) as error:
            raise DataException(
                f"The metadata of {flow}'s code package is not valid: {repr_of(recorded, 80)} ({error!r})."
            ) from error

    def _package(self, max_bytes: int | None = None) -> CodePackage:
        """Return the package. Download it on the first call.

        Raises
        ------
        TooLarge
            The package has more than ``max_bytes`` bytes.
        """
        if self._loaded is None:
            suffix = f"/{self._flow}/data/{self._sha[:2]}/{self._sha}"
            datastore = self._context.datastore(self._ds_type, self._location.removesuffix(suffix))
            owner = f"flow {self._flow}"
            content = load_blob(
                datastore, self._flow, self._sha, f"The code package of {owner}", max_bytes or MAX_PACKAGE_BYTES
            )
            self._loaded = CodePackage(content, owner)
        return self._loaded

    @property
    def path(self) -> str:
        """The recorded location of the package."""
        return str(self._location)

    @property
    def sha(self) -> str:
        """The SHA-1 of the package. Equal hashes mean equal code."""
        return str(self._sha)

    @property
    def info(self) -> dict[str, Any]:
        """Facts from when the package was made: ``script``, ``python_version``, ``metaflow_version`` and others.

        Costs one download of the package on first use.
        """
        return self._package().info

    @property
    def script_name(self) -> str:
        """The name of the flow's file. Costs one download of the package on first use.

        Raises
        ------
        DataException
            The package does not describe itself, or is damaged.
        """
        name = self._package().info.get("script")
        if not isinstance(name, str):
            raise DataException(f"The code package of flow {self._flow} does not name the flow's file.")
        return name

    @property
    def flowspec(self) -> str:
        """The source of the flow's file. Costs one download of the package on first use.

        Raises
        ------
        DataException
            The package does not contain the flow's file.
        """
        return self._source(MAX_FILES_BYTES)

    def _source(self, max_bytes: int) -> str:
        source = self._package().read(self.script_name, max_bytes)
        if source is None:
            raise DataException(f"The code package of flow {self._flow} does not contain {self.script_name!r}.")
        return source.decode("utf-8", errors="replace")

    def files(self) -> dict[str, bytes]:
        """Return the content of the user's files.

        Returns
        -------
        dict of str to bytes
            The content by file name. Costs one download of the package on first use.

        Raises
        ------
        TooLarge
            The files have more than 100 MB together.
        DataException
            The package is damaged or too large.
        """
        return self._package().files()

    @property
    def tarball(self) -> TarFile:
        """The package as an open archive, the same object on each access. Costs one download on first use.

        Raises
        ------
        DataException
            The package is damaged, or larger than the limits that docs/security.md lists.
        """
        return self._package().tarball

    def extract(self) -> "TemporaryDirectory[str]":
        """Write the user's files into a temporary folder.

        Returns
        -------
        tempfile.TemporaryDirectory
            The folder. It is deleted with this object. Costs one download of the package on first use.
        """
        folder = TemporaryDirectory()
        try:
            self._package().extract_to(Path(folder.name))
        except BaseException:
            folder.cleanup()
            raise
        return folder

    def extractall(self, path: str | Path) -> list[Path]:
        """Write the user's files into a folder.

        Parameters
        ----------
        path
            The folder. It is made if it does not exist.

        Returns
        -------
        list of pathlib.Path
            The paths of the files. Costs one download of the package on first use.

        Raises
        ------
        DataException
            A file name points outside the folder, or the package is damaged or has more than 400 MB: no file is written
            then. Or a file cannot be written.
        """
        return self._package().extract_to(Path(path))

    def _environment(self, metadata: dict[str, Any]) -> Any:
        """Return the ``environment_info`` of a task with this metadata."""
        kind = self.info.get("environment_type")
        if not kind:
            return None
        if kind == "local":
            return "Local environment"  # Metaflow's own words
        prefix = str(metadata.get("conda_env_prefix", "")).split("/")
        if len(prefix) < 3:  # noqa: PLR2004 - /<architecture>/<id>, as Metaflow splits it
            return {}
        try:
            return self._package().manifest.get(prefix[2], {}).get(prefix[1], {})
        except AttributeError as error:
            raise DataException(f"The Conda manifest of flow {self._flow} is damaged: {error}.") from error

    def __str__(self) -> str:
        return visible(f"<MetaflowCode: {self.script_name}>")

    def __repr__(self) -> str:
        return visible(f"<MetaflowCode of {self._flow}: {self._sha}>")


def code_recorded_by(context: ClientContext, task: TaskRecord) -> MetaflowCode | None:
    """Return the code package that a task recorded itself. None if there is none. Costs one request."""
    packages = [
        event for event in context.provider.metadata(task.path, {"code-package"}) if event.field == "code-package"
    ]
    newest = max(packages, key=lambda event: event.created_ms, default=None)
    try:
        return MetaflowCode(context, task.run.flow, str(newest.value)) if newest else None
    except DataException:  # its metadata is not valid
        return None


def code_of_run(context: ClientContext, run: RunRecord) -> MetaflowCode | None:
    """Return the newest code package that a task of the run recorded, else that of the run that it resumed."""
    run_id: str | None = run.run_id
    visited = set()
    while run_id and run_id not in visited:
        visited.add(run_id)
        events = context.provider.metadata((run.flow, run_id), {"code-package", "origin-run-id"})
        packages = [event for event in events if event.field == "code-package"]
        if packages:
            return MetaflowCode(context, run.flow, str(max(packages, key=lambda event: event.created_ms).value))
        run_id = origin_run_id(events)
    return None
