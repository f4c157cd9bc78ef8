"""From a metadata selector (``local@/home/ann/project``) to the provider that it names."""

import os
from pathlib import Path

from mfwidgets.config import LOCAL_DIRS, Configuration
from mfwidgets.errors import InvalidSelector
from mfwidgets.metadata_provider.base import MetadataProvider
from mfwidgets.metadata_provider.local import LocalProvider


def open_provider(selector: str | os.PathLike[str] | None, configuration: Configuration) -> MetadataProvider:
    """Return the provider that a selector names; None is the configured default.

    Parameters
    ----------
    selector
        ``local``, ``local@<folder that holds .metaflow>``, or that folder alone; ``spin`` or ``spin@<folder>`` for
        spins; or a path. ``~`` is the home folder, and the ``.metaflow`` folder itself will do as well.
    configuration
        Says what the default is.

    Raises
    ------
    InvalidSelector
        Nothing there can be read; the message says what was looked for.
    """
    if selector is None:
        selector = configuration.default_metadata
    if isinstance(selector, os.PathLike):
        selector = os.fspath(selector)
    if not isinstance(selector, str):
        raise InvalidSelector(f"A metadata selector is a text like 'local@/path', not {type(selector).__name__}.")
    kind, _, info = selector.partition("@")
    if kind.startswith("http"):
        kind = "service"
    if kind == "service":
        raise InvalidSelector(
            f"Metadata of type '{kind}' ({selector}) cannot be read by this version of mfwidgets: "
            "choose a local folder with metadata('local@/path/that/holds/.metaflow')."
        )
    if kind not in LOCAL_DIRS:
        kind, info = "local", selector  # any other text is a path, as in Metaflow
    if not info:
        return LocalProvider(None, configuration, kind=kind)
    folder = Path(info).expanduser().absolute()  # the working folder may change, what was chosen may not
    if folder.name == LOCAL_DIRS[kind]:
        return LocalProvider(_existing(folder, selector), configuration, kind=kind)
    return LocalProvider(_existing(folder / LOCAL_DIRS[kind], selector), configuration, given=info, kind=kind)


def _existing(root: Path, selector: str) -> Path:
    if "\0" in selector or not root.is_dir():
        raise InvalidSelector(
            f"The metadata selector {selector!r} names no runs: there is no folder {root}. Expected "
            f"'local@FOLDER', where FOLDER holds the {root.name} that Metaflow wrote."
        )
    return root
