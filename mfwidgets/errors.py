"""All errors of this package, in one hierarchy.

::

    MetaflowException
    ├── MetaflowInvalidPathspec         (ValueError)
    │   └── UnquotableName
    ├── InvalidSelector                 (ValueError)
    ├── MetaflowInvalidArgument         (ValueError)
    ├── MetaflowConfigurationError      (ValueError)
    ├── MetaflowUnknownUser
    ├── MetaflowNamespaceMismatch
    ├── MetaflowNotFound
    │   ├── NoSuchChild                 (KeyError)
    │   ├── NoSuchIndex                 (IndexError)
    │   └── NoSuchArtifact              (AttributeError)
    ├── NoSuchAttribute                 (AttributeError)
    ├── MetaflowInternalError
    │   └── CorruptFile
    ├── DataException
    │   ├── BlobMissing
    │   ├── TooLarge
    │   └── UnloadableArtifact
    │       ├── UnloadableModule        (ImportError)
    │       └── UnloadableClass         (AttributeError)
    ├── ServiceException
    ├── NotPicklableError
    ├── MetaflowTaggingError
    ├── CardNotPresentException
    ├── FileExists                      (FileExistsError)
    ├── IncorrectArgumentException      (TypeError)
    ├── IncorrectPathspecException      (ValueError)
    ├── DeadlineExceeded                (TimeoutError)
    ├── WaitTimeout                     (TimeoutError)
    └── SampleError

Errors that Metaflow has (in ``metaflow.exception`` and ``metaflow.client``) have the same names here, so that code for
Metaflow's client needs only another import. A class in parentheses is a second base class: code that catches Python's
own error catches ours, too. Messages have the form "Expected X, got Y. Try Z."

Catch one kind of error, or all of them:

>>> from mfwidgets.errors import MetaflowException, MetaflowNotFound
>>> try:
...     mfwidgets.Run("HelloFlow/nosuchrun")
... except MetaflowNotFound as error:
...     error.pathspec
'HelloFlow/nosuchrun'
>>> issubclass(MetaflowNotFound, MetaflowException)
True
"""

import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from mfwidgets.hidden_characters import visible
from mfwidgets.redaction import redact, redact_message


class MetaflowException(Exception):
    """The base class of all errors of this package. IPython shows it as one line, without a traceback.

    Parameters
    ----------
    message
        The text of the error.
    pathspec
        The pathspec that the caller passed. Empty if the error is not about a single object.
    suggestions
        Alternatives, the most similar first. For an object that does not exist: pathspecs of existing objects. For an
        object in another namespace: its namespaces. Empty if there are none.

    Attributes
    ----------
    pathspec : str
        The parameter ``pathspec``.
    suggestions : tuple of str
        The parameter ``suggestions``.
    headline : str
        The kind of error in a few words, as in Metaflow.
    line_no, source_file : None
        Metaflow sets them for errors in the source of a flow.
    """

    headline = "Metaflow error"
    line_no = source_file = None

    def __init__(self, message: str = "", *, pathspec: str = "", suggestions: Iterable[str] = ()) -> None:
        super().__init__(redact_message(message) if isinstance(message, str) else message)
        self.pathspec = pathspec
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        # str() of a KeyError, a second base class below, is the repr of the message.
        return visible(str(self.args[0])) if self.args else ""

    @property
    def message(self) -> str:
        """The text of the error, as in Metaflow."""
        return str(self)

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython prints instead of a traceback (a documented hook of IPython)."""
        return [f"{type(self).__name__}: {self}"]


def problem_of(error: BaseException) -> str:
    """Return an error as one sentence for a display. Errors of other packages can quote anything."""
    return str(error) if isinstance(error, MetaflowException) else visible(redact(f"{type(error).__name__}: {error}"))


class MetaflowInvalidPathspec(MetaflowException, ValueError):
    """A pathspec has the wrong form or the wrong number of parts."""

    headline = "Invalid pathspec"


class UnquotableName(MetaflowInvalidPathspec):
    """A name has control characters, so it cannot be written into a line of code."""


class InvalidSelector(MetaflowException, ValueError):
    """A metadata selector (``local@/path``, ``service@https://...``) is malformed or its folder does not exist."""


class MetaflowInvalidArgument(MetaflowException, ValueError):
    """An argument has an invalid value."""


class MetaflowConfigurationError(MetaflowException, ValueError):
    """A configuration file or variable of Metaflow cannot be read or has an invalid value."""


class MetaflowUnknownUser(MetaflowException):
    """There is no user name, so there is no default namespace."""

    headline = "Unknown user"


class MetaflowNamespaceMismatch(MetaflowException):
    """The object exists in another namespace than the current one."""

    headline = "Object not in namespace"


class MetaflowNotFound(MetaflowException):
    """The flow, run, step, task or artifact does not exist."""

    headline = "Object not found"


class NoSuchChild(MetaflowNotFound, KeyError):
    """``parent[id]``: the parent has no child with this id."""


class NoSuchIndex(MetaflowNotFound, IndexError):
    """``runs[7]``: the collection has fewer objects."""


class NoSuchArtifact(MetaflowNotFound, AttributeError):
    """``task.data.name``: the task has no artifact with this name."""


class NoSuchAttribute(MetaflowException, AttributeError):
    """``run.sucessful``: objects of this class have no attribute with this name."""


class MetaflowInternalError(MetaflowException):
    """Stored data contradicts Metaflow's formats."""

    headline = "Internal error"


class CorruptFile(MetaflowInternalError):
    """A file of the metadata or the datastore is unreadable, incomplete or has the wrong content."""


class DataException(MetaflowException):
    """An artifact or a log cannot be read from its datastore."""

    headline = "Data store error"


class BlobMissing(DataException):
    """The datastore does not have the bytes that the metadata refers to."""


class TooLarge(DataException):
    """The data is larger than the limit of the call.

    Parameters
    ----------
    message
        The text of the error.
    size
        A lower bound of the size in bytes.

    Attributes
    ----------
    size : int
        A lower bound of the size in bytes.
    """

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class UnloadableArtifact(DataException):
    """The bytes of an artifact exist, but cannot be converted to a Python object here.

    Parameters
    ----------
    message
        The text of the error.
    what
        A short description of the content. Empty if it is unknown.

    Attributes
    ----------
    what : str
        A short description of the content. Empty if it is unknown.
    """

    def __init__(self, message: str, what: str = "") -> None:
        super().__init__(message)
        self.what = what


class UnloadableModule(UnloadableArtifact, ImportError):
    """The value has an object of a module that cannot be imported here, or unpickling it raised an ImportError."""


class UnloadableClass(UnloadableArtifact, AttributeError):
    """The value has an object of a class that its module does not have here, or unpickling it raised an AttributeError."""


class ServiceException(MetaflowException):
    """The metadata service does not answer, or answers with an error.

    Parameters
    ----------
    message
        The text of the error.
    http_code
        The HTTP status of the response. None if there was no response.

    Attributes
    ----------
    http_code : int or None
        The HTTP status of the response. None if there was no response.
    """

    headline = "Metaflow service error"

    def __init__(self, message: str, http_code: int | None = None) -> None:
        super().__init__(message)
        self.http_code = http_code


class NotPicklableError(MetaflowException):
    """A client has data that must not be in a pickle, such as headers with a key."""


class ValuesNotRead(UserWarning):
    """A table lacks some values, because they are too large or are not plain values."""


class ExtensionFailed(UserWarning):
    """An installed package that extends mfwidgets does not work, or its server does not. It is left out."""


class RunsNotChecked(UserWarning):
    """A search for runs that succeeded ended at its limit, so older runs were not checked."""


class KeysRedirected(UserWarning):
    """A folder's own configuration names the host to which the user's keys are sent."""


_notes: ContextVar[list[str] | None] = ContextVar("mfwidgets_notes", default=None)


@contextmanager
def warnings_as_notes() -> Iterator[list[str]]:
    """Collect the warnings of this package in the block, for a display that shows them as notes."""
    notes: list[str] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def warn(message: str, category: type[Warning]) -> None:
    """Warn. Python attributes the warning to the caller's line outside of this package."""
    notes = _notes.get()
    if notes is not None:
        notes.append(visible(redact_message(message)))
        return
    level = 1
    while (frame := sys._getframe(level)).f_globals.get("__name__", "").partition(".")[
        0
    ] == "mfwidgets" and frame.f_back:
        level += 1
    warnings.warn(visible(redact_message(message)), category, stacklevel=level + 1)


class MetaflowTaggingError(MetaflowException):
    """A tag is invalid, or a change of tags cannot be written."""

    headline = "Tagging error"


class CardNotPresentException(MetaflowException):
    """The task has no cards."""


class FileExists(MetaflowException, FileExistsError):
    """A file that would be written exists already. Nothing was written."""


class IncorrectArgumentException(MetaflowException, TypeError):
    """An argument has the wrong type."""


class IncorrectPathspecException(MetaflowException, ValueError):
    """The pathspec is not the pathspec of a task."""


class DeadlineExceeded(MetaflowException, TimeoutError):
    """The work was stopped: it exceeded its time limit, or its result is no longer needed."""


class WaitTimeout(MetaflowException, TimeoutError):
    """The run that somebody waits for has not ended in time. The run goes on."""


class SampleError(MetaflowException):
    """The sample runs cannot be unpacked."""
