"""A failure of a run in one cell: the exception, the step with its item, and the line of code."""

from mfwidgets.queries.failures import FailureLine
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.sanitize import single_line
from mfwidgets.views.cells import Limits

_PLACE_CHARS, _MAX_TITLE = 70, 3_000
"""Characters of a step with its item in a line, and of a tooltip."""


def failure_cell(line: FailureLine, limits: Limits, code: str = "") -> Cell:
    """Show the exception of a run, the step and the line of code. Empty if no exception is known.

    The title is the task. If the line is cut, the title has the whole, and the line ends with the code that shows it.

    Parameters
    ----------
    code
        The line that explains the failure, if it is not next to the cell.
    """
    if not line.exception:
        return EMPTY
    place = single_line(line.place, min(_PLACE_CHARS, limits.chars))
    words = " · ".join(filter(None, (limits.text(line.exception).text, place, limits.text(line.code).text)))
    whole = " · ".join(single_line(text, _MAX_TITLE) for text in (line.exception, line.place, line.code) if text)
    if words == whole:
        return Cell(words, title=limits.text(line.task).text)
    return Cell(" · ".join(filter(None, (words, code))), title=single_line(whole, _MAX_TITLE))
