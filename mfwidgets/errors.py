"""Every error a user can meet, in one tree.

::

    MetaflowException
    ├── MetaflowInvalidPathspec         (ValueError)
    ├── InvalidSelector                 (ValueError)
    ├── MetaflowInvalidArgument         (ValueError)
    ├── MetaflowConfigurationError      (ValueError)
    ├── MetaflowUnknownUser
    ├── MetaflowNamespaceMismatch
    ├── MetaflowNotFound
    │   ├── NoSuchChild                 (KeyError)
    │   └── NoSuchArtifact              (AttributeError)
    ├── MetaflowInternalError
    │   └── CorruptFile
    ├── DataException
    │   ├── BlobMissing
    │   ├── TooLarge
    │   └── UnloadableArtifact
    ├── ServiceException
    ├── NotPicklableError
    ├── MetaflowTaggingError
    ├── CardNotPresentException
    ├── IncorrectArgumentException      (TypeError)
    ├── IncorrectPathspecException      (ValueError)
    ├── DeadlineExceeded                (TimeoutError)
    └── SampleError

Names that Metaflow has are Metaflow's (``metaflow.exception``, ``metaflow.client``), so that code written for its
client reads the same. The classes in brackets are second bases, where Python or Metaflow's users catch those.
"""

import sys
import warnings
from collections.abc import Iterable


class MetaflowException(Exception):
    """Base of all errors of this package; shown in IPython as one short message, without frames.

    Attributes
    ----------
    pathspec
        The pathspec that the error is about, as it was asked for; empty if it is about no single object.
    suggestions
        What can be asked for instead, the most similar first. For an object that does not exist: pathspecs of objects
        that do. For one in another namespace: its namespaces. Empty if nothing is known.
    """

    def __init__(self, message: str = "", *, pathspec: str = "", suggestions: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.pathspec = pathspec
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        # KeyError, a second base below, would show the repr of the message.
        message = str(self.args[0]) if self.args else ""
        # Names come from elsewhere: what would move a terminal's cursor is shown as its escape instead.
        return message if message.isprintable() else "".join(map(_visible, message))

    def _render_traceback_(self) -> list[str]:
        """Give IPython the lines to print instead of a traceback (its documented hook)."""
        return [f"{type(self).__name__}: {self}"]


def _visible(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


class MetaflowInvalidPathspec(MetaflowException, ValueError):
    """A pathspec has the wrong form or the wrong number of parts."""


class InvalidSelector(MetaflowException, ValueError):
    """A metadata selector (``local@/path``, ``service@https://...``) names nothing that can be read."""


class MetaflowInvalidArgument(MetaflowException, ValueError):
    """An argument is not of the kind that is taken."""


class MetaflowConfigurationError(MetaflowException, ValueError):
    """A Metaflow configuration file or variable cannot be understood."""


class MetaflowUnknownUser(MetaflowException):
    """No user name is configured, so there is no default namespace."""


class MetaflowNamespaceMismatch(MetaflowException):
    """The object exists, but not in the current namespace."""


class MetaflowNotFound(MetaflowException):
    """No such flow, run, step, task or artifact."""


class NoSuchChild(MetaflowNotFound, KeyError):
    """``parent[id]`` names no child."""


class NoSuchArtifact(MetaflowNotFound, AttributeError):
    """``task.data.name`` names no artifact."""


class MetaflowInternalError(MetaflowException):
    """What was read contradicts Metaflow's formats."""


class CorruptFile(MetaflowInternalError):
    """A metadata or datastore file is unreadable, half-written or not what it should be."""


class DataException(MetaflowException):
    """An artifact or a log cannot be read from its datastore."""


class BlobMissing(DataException):
    """The datastore does not hold the bytes that the metadata points to."""


class TooLarge(DataException):
    """The bytes are more than may be read unasked.

    Attributes
    ----------
    size
        How many they are, at least.
    """

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class UnloadableArtifact(DataException):
    """The bytes are there, but cannot be turned into a Python object here.

    Attributes
    ----------
    what
        What they hold, in a few words, where that is known.
    """

    def __init__(self, message: str, what: str = "") -> None:
        super().__init__(message)
        self.what = what


class ServiceException(MetaflowException):
    """The metadata service does not answer, or refuses.

    Attributes
    ----------
    http_code
        The status of its answer; None when there was none.
    """

    def __init__(self, message: str, http_code: int | None = None) -> None:
        super().__init__(message)
        self.http_code = http_code


class NotPicklableError(MetaflowException):
    """A client holds what must not be written into a pickle, such as headers with a key."""


class ValuesNotRead(UserWarning):
    """Some values that a table was asked for were too large or no plain values, and are missing from it."""


def warn_of_values(message: str) -> None:
    """Warn with :class:`ValuesNotRead`, in the name of the line that called this package."""
    level = 1
    while sys._getframe(level).f_globals.get("__name__", "").partition(".")[0] == "mfwidgets":
        level += 1
    warnings.warn(message, ValuesNotRead, stacklevel=level + 1)


class MetaflowTaggingError(MetaflowException):
    """Tags cannot be changed so."""


class CardNotPresentException(MetaflowException):
    """A task has no cards."""


class IncorrectArgumentException(MetaflowException, TypeError):
    """What was given is of a type that cannot be taken."""


class IncorrectPathspecException(MetaflowException, ValueError):
    """The pathspec is not that of a task."""


class DeadlineExceeded(MetaflowException, TimeoutError):
    """The work was given up: it took longer than it may, or its result is not needed any more."""


class SampleError(MetaflowException):
    """The embedded sample runs cannot be unpacked."""
