"""Folders of the cache: only the user can write to them, so nobody can replace a file by a link."""

import os
import stat
from pathlib import Path

_WRITABLE_BY_OTHERS = 0o022


def make_private(folder: Path) -> bool:
    """Make a folder that only the user can read, if it is missing. Return whether it is safe to use.

    Raises
    ------
    OSError
        The folder cannot be made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return is_private(folder)


def is_private(folder: Path) -> bool:
    """Return whether only the user can write to a folder. Others could replace its files by links.

    A folder of the user that others may write to is closed to them.

    Raises
    ------
    OSError
        There is no such folder.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):  # a link, too
        return False
    if not hasattr(os, "getuid"):  # Windows
        return True
    if status.st_uid != os.getuid():
        return False
    if status.st_mode & _WRITABLE_BY_OTHERS:
        folder.chmod(0o700)
    return True


def is_private_file(file: Path) -> bool:
    """Return whether a file is a regular file of the user, in a private folder. False if it is missing."""
    try:
        status = file.lstat()
        mine = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        return stat.S_ISREG(status.st_mode) and mine and is_private(file.parent)
    except OSError:
        return False
