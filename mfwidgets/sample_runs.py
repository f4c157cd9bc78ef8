"""The sample runs in the package: 54 runs made by real Metaflow, to try things without a deployment."""

import hashlib
import shutil
import tarfile
import tempfile
from importlib.resources import files
from pathlib import Path

from mfwidgets.client.metaflow import Metaflow
from mfwidgets.errors import SampleError
from mfwidgets.queries.context import metadata, namespace
from mfwidgets.views.context import home_folded

NAMESPACE = "user:ann"
"""The namespace of most sample runs. The user bob made the others."""


def sample() -> Metaflow:
    """Switch to the sample runs that come with the package, and print where they are.

    The first call unpacks a copy into the user's cache folder. You may tag and change that copy. Remove its folder to
    get a new one. The call sets the metadata provider and the namespace. ``default_metadata()`` and
    ``default_namespace()`` switch back.

    ``TuningFlow`` has 40 runs with different parameters and results. ``SweepFlow`` has two runs with 30 planned tasks.
    The other flows have a dozen runs. The scripts of the flows are in the folder of the copy, too.

    Costs one folder of 14,400 files on the first call: 7 MB of content, 65 MB on a disk with blocks of 4 kB, and about
    three seconds. Costs no request.

    Returns
    -------
    Metaflow
        A client with the flows ``ForecastFlow``, ``HelloFlow``, ``ImportFlow``, ``ReportFlow``, ``SweepFlow`` and
        ``TuningFlow``.

    Raises
    ------
    SampleError
        The copy cannot be written.

    Examples
    --------
    >>> client = mfwidgets.sample()
    Sample runs selected: metadata local@..., namespace user:ann.
    default_metadata() and default_namespace() switch back.
    >>> [flow.id for flow in client]
    ['ForecastFlow', 'HelloFlow', 'ImportFlow', 'ReportFlow', 'SweepFlow', 'TuningFlow']
    """
    folder = unpack()
    metadata(f"local@{folder}")
    namespace(NAMESPACE)
    print(  # noqa: T201 - the call changes the result of all later calls, so the user must see it
        f"Sample runs selected: metadata local@{home_folded(str(folder))}, namespace {NAMESPACE}.\n"
        "default_metadata() and default_namespace() switch back."
    )
    return Metaflow()


def unpack() -> Path:
    """Return the folder of the copy's ``.metaflow``. Unpack it if it does not exist.

    Raises
    ------
    SampleError
        The copy cannot be written.
    """
    from platformdirs import user_cache_path

    content = files("mfwidgets").joinpath("data", "sample.tar.gz").read_bytes()
    version = hashlib.sha256(content).hexdigest()[:12]
    folder = user_cache_path("mfwidgets", appauthor=False) / "sample" / version
    if not folder.is_dir():
        try:
            _unpack_to(folder)
        except OSError as error:
            raise SampleError(
                f"The sample runs cannot be unpacked to {folder}: {error.strerror or error}. "
                "Try making that folder writable, or setting XDG_CACHE_HOME to a writable folder."
            ) from error
    return folder


def _unpack_to(folder: Path) -> None:
    """Unpack into a temporary folder, then rename it, so that other processes never see half a copy."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        target = Path(temporary) / "unpacked"
        with (
            files("mfwidgets").joinpath("data", "sample.tar.gz").open("rb") as stream,
            tarfile.open(fileobj=stream, mode="r:gz") as archive,
        ):
            archive.extractall(target, filter="data")
        try:
            target.rename(folder)
        except OSError:
            if not folder.is_dir():  # if it exists, another process was faster and made the same copy
                raise
            shutil.rmtree(target)
