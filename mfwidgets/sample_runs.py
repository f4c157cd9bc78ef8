"""The embedded sample: a dozen runs that real Metaflow made, for trying things without a deployment."""

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
"""Who made most of the sample's runs; some are bob's."""


def sample() -> Metaflow:
    """Select a copy of the embedded sample runs, and say so.

    The copy lies in the user's cache folder and is made once, so that it may be tagged and changed; remove the folder
    to start afresh. Metadata and namespace are switched to it: ``default_metadata()`` and ``default_namespace()`` lead
    back.

    Returns
    -------
    Metaflow
        The client that sees it: ``HelloFlow``, ``ForecastFlow``, ``ImportFlow``, ``ReportFlow``.

    Raises
    ------
    SampleError
        The copy cannot be written.
    """
    folder = unpack()
    metadata(f"local@{folder}")
    namespace(NAMESPACE)
    print(  # noqa: T201 - it changes what all later lines see, so it has to say so wherever it is called
        f"Sample runs selected: metadata local@{home_folded(str(folder))}, namespace {NAMESPACE}. "
        "default_metadata() and default_namespace() lead back."
    )
    return Metaflow()


def unpack() -> Path:
    """Return the folder that holds the copy's ``.metaflow``; it is unpacked when it is not there yet."""
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
                "Make that folder writable, or set XDG_CACHE_HOME to one that is."
            ) from error
    return folder


def _unpack_to(folder: Path) -> None:
    """Unpack beside the folder, then rename: whoever finds it finds all of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        target = Path(beside) / "unpacked"
        with (
            files("mfwidgets").joinpath("data", "sample.tar.gz").open("rb") as stream,
            tarfile.open(fileobj=stream, mode="r:gz") as archive,
        ):
            archive.extractall(target, filter="data")
        try:
            target.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, with the same content
                raise
            shutil.rmtree(target)
