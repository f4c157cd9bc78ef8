"""The compiled templates of displays, kept on this machine. Compiling them takes a sixth of the first display of a process.

They are code, like the bytecode of a module. So they are only read from a folder that nobody but the user can write to, and
only if they were made from the same text by the same versions of Python and Jinja. Jinja's own cache in files unpickles what it
reads, follows links, and fails on a broken file.
"""

import hashlib
import marshal
import re
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import CodeType

from jinja2 import BytecodeCache
from jinja2 import __version__ as jinja_version
from jinja2.bccache import Bucket

from mfwidgets.display_options import options
from mfwidgets.files import read_file
from mfwidgets.private_folder import is_private, is_private_file, make_private

_MAX_BYTES = 1_000_000
"""The largest template has 40 kB of bytecode."""

_SUFFIX = ".template"
_HALF = "half-"
_FILE = re.compile(rf"[0-9a-f]{{32}}{re.escape(_SUFFIX)}\Z|{_HALF}")
"""The names of the files, and of those that a process left half-written."""

_MAX_FILES = 100
"""A version has 15 templates. Before there are more files than this, all are removed."""


class TemplateCache(BytecodeCache):
    """Keeps the bytecode of templates in files. A file that cannot be read, written or trusted is ignored.

    Parameters
    ----------
    folder
        The folder of the files. It is made if it is missing.
    settings
        The settings of the environment, which change what is compiled.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self.folder = folder
        self._made_by = f"{sys.implementation.cache_tag} {sys.version} jinja {jinja_version} {settings}"

    def load_bytecode(self, bucket: Bucket) -> None:
        """Set the code of a template if it is kept."""
        file = self._file(bucket)
        with suppress(OSError, EOFError, ValueError, TypeError):
            if options.remember and is_private_file(file):
                code = marshal.loads(read_file(str(file), _MAX_BYTES, follow_links=False))  # noqa: S302 - see above
                bucket.code = code if isinstance(code, CodeType) else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        file = self._file(bucket)
        with suppress(OSError, ValueError):
            if options.remember and make_private(self.folder):
                if sum(1 for _ in self.folder.iterdir()) >= _MAX_FILES:
                    clear_templates(self.folder)
                _write(file, marshal.dumps(bucket.code))

    def _file(self, bucket: Bucket) -> Path:
        """Return the file of a template. Another text, or another version, has another file."""
        made_from = f"{bucket.key} {bucket.checksum} {self._made_by}"
        return self.folder / f"{hashlib.sha256(made_from.encode()).hexdigest()[:32]}{_SUFFIX}"


def template_folder() -> Path:
    """Return the folder of the compiled templates. It may not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("mfwidgets", appauthor=False) / "templates"


def clear_templates(folder: Path) -> None:
    """Remove the compiled templates in a folder. Nothing is removed through a link to another folder."""
    with suppress(OSError):
        for file in list(folder.iterdir()) if is_private(folder) else ():
            if _FILE.match(file.name):
                file.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    """Write a file under a new name, then rename it, so that no process reads half of it.

    Nobody knows the new name before: a link that others left in the folder while it was open to them is not followed.
    """
    with NamedTemporaryFile(dir=file.parent, prefix=_HALF, delete=False) as half:
        new = Path(half.name)
        try:
            half.write(content)
            half.close()
            new.replace(file)
        except OSError:
            new.unlink(missing_ok=True)
            raise
