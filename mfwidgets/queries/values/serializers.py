"""Artifacts of encodings that an installed package reads. See :class:`mfwidgets.extensions.ArtifactSerializer`."""

from typing import Any

from mfwidgets.datastore.base import Datastore
from mfwidgets.datastore.task_files import ArtifactInfo, artifact_infos
from mfwidgets.entry_points import extension, package_of
from mfwidgets.errors import CorruptFile, MetaflowException, UnloadableArtifact
from mfwidgets.extensions import SERIALIZERS, ArtifactMetadata
from mfwidgets.pickles.unpickle import PICKLES
from mfwidgets.providers.records import ArtifactRecord


def reader_of(encoding: str) -> str:
    """Return the installed package that reads an encoding. Empty if there is none. Imports nothing."""
    return "" if encoding in PICKLES else package_of(SERIALIZERS, encoding)


def deserialize(content: bytes, record: ArtifactRecord, datastore: Datastore, owner: str) -> Any:
    """Return the value of an artifact, from an installed package. That runs the code of the package.

    Costs one small read, for what the serializer recorded. The encoding chooses among the installed entry points only.

    Parameters
    ----------
    content
        The serialized bytes.
    record
        The artifact.
    datastore
        Where its task is.
    owner
        The artifact, for messages.

    Raises
    ------
    UnloadableArtifact
        No installed package reads this encoding, or the package fails.
    """
    metadata = _metadata(record, datastore)
    package = extension(SERIALIZERS, record.encoding)
    if package is None:
        raise UnloadableArtifact(
            f"Expected one of Metaflow's own encodings for {owner}, got '{record.encoding}' of an extension. "
            f"Try .raw() for the bytes, or install a package with an entry point '{record.encoding}' in "
            f"{SERIALIZERS.name}{_writer(metadata)}."
        )
    try:
        _set_up(package.value)
        return package.value.deserialize([content], metadata)
    except MetaflowException:
        raise
    except Exception as error:
        # Any error is possible: the code is the package's.
        raise UnloadableArtifact(
            f"{owner} cannot be read here by the package {package.label}: {type(error).__name__}: {error}. "
            "Try .raw() for the bytes."
        ) from error


def _set_up(serializer: object) -> None:
    """Let a serializer of Metaflow import what it needs."""
    set_up = getattr(serializer, "setup_imports", None)
    if callable(set_up):
        set_up()


def _metadata(record: ArtifactRecord, datastore: Datastore) -> ArtifactMetadata:
    try:
        found = artifact_infos(datastore, record.path[:-1], record.attempt).get(record.name)
    except CorruptFile:  # the value may be readable without it
        found = None
    info = found or ArtifactInfo(record.sha, None, "", record.encoding)
    return ArtifactMetadata(info.type, info.size, record.encoding, dict(info.serializer_info or {}))


def _writer(metadata: ArtifactMetadata) -> str:
    """Return the package that wrote the artifact, if that is recorded."""
    source = metadata.serializer_info.get("source")
    return f". '{source:.80}' wrote it" if isinstance(source, str) and source else ""
