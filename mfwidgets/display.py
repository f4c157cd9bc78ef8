"""The base classes that let objects of the Client API show themselves, convert to data and open in explorers.

The modules that draw and open widgets belong to higher layers. :func:`register` names them, and they are imported on
first use. So a script that only reads runs loads neither a template engine nor ipywidgets.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from mfwidgets.first_import import first_import

if TYPE_CHECKING:
    from os import PathLike

    from mfwidgets.errors import NoSuchAttribute
    from mfwidgets.widgets.explorer.widget import Explorer
    from mfwidgets.widgets.log_viewer import LogViewer


class Renderer(Protocol):
    """The module that draws objects."""

    mimebundle: Callable[[object], dict[str, str]]
    html_page: Callable[[object], str]
    view_data: Callable[[object], dict[str, Any]]
    svg_file: Callable[[object], str]


class Openers(Protocol):
    """The module that opens widgets."""

    open_explorer: Callable[[Any], "Explorer"]
    open_log_viewer: Callable[[Any], "LogViewer"]


_modules: dict[str, str] = {}
"""The names of the registered modules."""


def register(*, renderer: str, explorer: str) -> None:
    """Register the module that draws objects and the module that opens widgets.

    Parameters
    ----------
    renderer
        The name of a module with the functions of :class:`Renderer`.
    explorer
        The name of a module with the functions of :class:`Openers`.
    """
    _modules.update(renderer=renderer, explorer=explorer)


def renderer() -> Renderer:
    """Return the module that draws objects."""
    return cast("Renderer", first_import(_modules["renderer"]))


def openers() -> Openers:
    """Return the module that opens widgets."""
    return cast("Openers", first_import(_modules["explorer"]))


_OTHER_NAMES = {
    "columns": "to_pandas",
    "df": "to_pandas",
    "diff": "compare",
    "filter": "where",
    "last_run": "latest_run",
    "latest": "latest_run",
    "log": "logs",
    "query": "where",
    "run": "runs",
    "show": "to_html",
    "state": "status",
    "success": "successful",
    "to_df": "to_pandas",
    "to_json": "to_dict",
    "to_polars": "to_dicts",
}
"""Names of other libraries, and what is called so here."""

_MAX_NAMES = 12
"""A message with more names is too long to read."""


class NamesAttributes:
    """An object that suggests the right name if an attribute does not exist."""

    if not TYPE_CHECKING:  # a type checker must know which attributes exist

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):  # Python, IPython and pickle look up such names
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            if hasattr(type(self), name):  # a property raised an AttributeError. This raises it again.
                return object.__getattribute__(self, name)
            raise _no_such_attribute(type(self), name)


def _no_such_attribute(cls: type, name: str) -> "NoSuchAttribute":
    # Only errors need these modules.
    from difflib import get_close_matches

    from mfwidgets.errors import NoSuchAttribute

    names = [member for member in dir(cls) if not member.startswith("_")]
    other = _OTHER_NAMES.get(name, "")
    close = [other] if other in names else get_close_matches(name, names, n=2, cutoff=0.7)
    if close:
        hint = f"Did you mean {' or '.join(map(repr, close))}?"
    elif len(names) <= _MAX_NAMES:
        hint = f"It has {', '.join(names)}."
    else:
        hint = f"help({cls.__name__}) lists its attributes."
    error = NoSuchAttribute(f"{cls.__name__!r} object has no attribute {name!r}. {hint}", suggestions=close)
    error.name = name  # otherwise Python adds the object, and another suggestion
    return error


class Displayable(NamesAttributes):
    """An object that shows itself in a notebook cell."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return text and HTML with the same facts. IPython calls this first."""
        return {
            mime: text
            for mime, text in renderer().mimebundle(self).items()
            if (include is None or mime in include) and (exclude is None or mime not in exclude)
        }

    def _repr_html_(self) -> str:
        """Return only the HTML, for front ends that do not support bundles."""
        return self._repr_mimebundle_()["text/html"]

    def to_html(self, path: "str | PathLike[str]") -> Path:
        """Write the display into an HTML file, with more rows than in a cell.

        The file needs no scripts and no other files. Costs what the display costs, without its time limit.

        Parameters
        ----------
        path
            The file. An existing file is overwritten.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        MetaflowException
            The object cannot be read.
        OSError
            The file cannot be written.
        """
        file = Path(path)
        file.write_text(renderer().html_page(self), encoding="utf-8")
        return file

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the display as data, with the names that DataFrames and ``--json`` use.

        It is exactly what ``--json`` prints, so ``json.dumps(...)`` takes it. All rows are read.

        Returns
        -------
        dict
            ``kind`` and the facts: numbers, str, lists, and the rows of tables as dicts. Times are ISO 8601 in UTC,
            durations are seconds.

        Raises
        ------
        MetaflowException
            The object cannot be read.

        Examples
        --------
        >>> facts = Flow("HelloFlow").latest_run.to_dict()
        >>> facts["kind"], facts["status"], facts["user"]
        ('run', 'completed', 'ann')
        """
        return renderer().view_data(self)


class Explorable(Displayable):
    """A displayable object that also opens in an explorer."""

    def explore(self) -> "Explorer":
        """Open an explorer with this object selected: flows and runs on the left, the selected object on the right.

        Costs what the display of the object costs. Requests run in threads.

        Returns
        -------
        Explorer
            A widget. Its ``.selected`` is the selected object.
        """
        return openers().open_explorer(self)
