"""The boxes of a graph: the whole name of a step, its status, and a few short facts, one below the other."""

import re
from collections.abc import Iterator

from mfwidgets.fast_dataclass import fast_dataclass
from mfwidgets.render.graph import GraphStep
from mfwidgets.render.text_width import clip, width

# All lengths are in pixels.
LINE_HEIGHT = 16
_PADDING_X, _PADDING_Y, _MIN_WIDTH = 11, 7, 84

_LETTER = 8.2
"""The width of a bold letter. Wide letters have two."""

_SMALL_LETTER = 6.6
"""The width of a letter of the facts."""

_MAX_COLUMNS = 24
"""A longer name is broken into lines, if possible after an underscore."""


@fast_dataclass(frozen=True, slots=True)
class Box:
    """A step with its position and size.

    Attributes
    ----------
    names
        The lines of its name.
    """

    step: GraphStep
    names: tuple[str, ...]
    left: float
    top: float
    width: float
    height: float

    @property
    def lines(self) -> Iterator[tuple[str, float, bool]]:
        """The lines of text, with their baselines, and whether each is a part of the name."""
        baseline = self.top + _PADDING_Y + 11.5
        for line in self.names:
            yield line, baseline, True
            baseline += LINE_HEIGHT
        for line in facts_of(self.step):
            yield line, baseline, False
            baseline += LINE_HEIGHT


def facts_of(step: GraphStep) -> tuple[str, ...]:
    """Return the lines below the name: sign and word of the status, and the facts of the step."""
    status = f"{step.status.sign} {step.status.text}" if step.status else step.idle
    return tuple(filter(None, (status, *step.facts)))


def name_lines(name: str) -> tuple[str, ...]:
    """Return a whole name in lines of at most 24 columns.

    Examples
    --------
    >>> from mfwidgets.render.graph_boxes import name_lines
    >>> name_lines("train_and_evaluate_all_models")
    ('train_and_evaluate_all_', 'models')
    """
    lines = [""]
    for word in re.findall(r"[^_]*_+|[^_]+", name):
        rest = word
        if width(lines[-1]) + width(rest) > _MAX_COLUMNS and lines[-1]:
            lines.append("")
        while width(rest) > _MAX_COLUMNS:
            part = clip(rest, _MAX_COLUMNS)
            while not rest.startswith(part):  # a blank replaces the half of a wide letter
                part = part[:-1]
            part = part or rest[:1]
            lines[-1], rest = part, rest[len(part) :]
            lines.append("")
        lines[-1] += rest
    return tuple(line for line in lines if line) or ("",)


def box_size(step: GraphStep) -> tuple[float, float]:
    """Return the width and the height of the box of a step."""
    names, facts = name_lines(step.name), facts_of(step)
    letters = [width(line) * _LETTER for line in (*names, *facts[:1])]  # the status is bold, too
    letters += [width(line) * _SMALL_LETTER for line in facts[1:]]
    return max(_MIN_WIDTH, max(letters) + 2 * _PADDING_X), (len(names) + len(facts)) * LINE_HEIGHT + 2 * _PADDING_Y
