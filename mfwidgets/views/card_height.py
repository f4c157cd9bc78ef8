"""Estimates the height of a card from its content, so that its frame needs no scrolling if the card is short.

A frame without access to the notebook cannot report its height. Metaflow's own cards contain a list of their components. Of
other pages, the text and the tags are counted.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from mfwidgets.files import parse_json

MIN_HEIGHT, DEFAULT_HEIGHT, MAX_HEIGHT = 140, 480, 760
"""Pixels. The default is for cards whose content says nothing. A higher card scrolls in its frame."""

_MAX_PAYLOAD_CHARS = 2_000_000
"""A longer list of components is not read: such a card is high."""

_MAX_COMPONENTS, _MAX_LEVELS = 500, 20
"""More components are higher than any frame."""

_PAYLOAD = re.compile(r'window\.__MF_DATA__\["[^"\n]{0,200}"\] = "([A-Za-z0-9+/=]*)"')

_PAGE, _SIDEBAR, _GAP, _TITLE, _LINE, _ROW, _PICTURE, _STEP = 120, 200, 24, 60, 21, 43, 400, 132
"""Pixels of Metaflow's style sheet: margins of a page, the logo next to it, the gap after a component, and so on."""

_LINE_CHARS = 110
"""Characters of text in a line of a frame of usual width."""

_BLOCK = re.compile(r"<(?:p|h[1-6]|li|tr|div|br|hr|pre)\b", re.IGNORECASE)
_PICTURES = re.compile(r"<(?:img|svg|canvas|video|iframe|script)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")

_MAX_PAGE_CHARS = 100_000
"""A longer page is not counted."""


def card_height(page: str) -> int:
    """Return the height of a frame for a card, in pixels.

    Parameters
    ----------
    page
        The HTML of the card. It is only searched for text, and its scripts do not run.
    """
    payload = _payload(page)
    height = _components_height(payload) if payload is not None else _page_height(page)
    return min(max(height, MIN_HEIGHT), MAX_HEIGHT)


def _payload(page: str) -> list[Any] | None:
    """Return the components of a card of Metaflow. None for other pages."""
    match = _PAYLOAD.search(page)
    if match is None or len(match[1]) > _MAX_PAYLOAD_CHARS:
        return None
    try:
        data = parse_json(base64.b64decode(match[1], validate=True))
    except (ValueError, binascii.Error):
        return None
    components = data.get("components") if isinstance(data, dict) else None
    return components if isinstance(components, list) else None


def _components_height(components: list[Any]) -> int:
    heights: list[int] = []
    _add(components, heights, 0)
    return max(_PAGE + sum(heights), _SIDEBAR)


def _add(components: list[Any], heights: list[int], level: int) -> None:
    """Append the heights of components, and of the components inside of them."""
    for component in components[:_MAX_COMPONENTS]:
        if len(heights) > _MAX_COMPONENTS or not isinstance(component, dict):
            return
        measure = _MEASURES.get(str(component.get("type")), _other)
        heights.append(measure(component) + _GAP)
        inner = component.get("contents")
        if isinstance(inner, list) and level < _MAX_LEVELS:
            _add(inner, heights, level + 1)


def _markdown(component: Mapping[str, Any]) -> int:
    height = 0
    for line in str(component.get("source", ""))[:_MAX_PAGE_CHARS].splitlines():
        rows = -(-len(line) // _LINE_CHARS)
        height += _TITLE if line.startswith("#") else rows * _LINE + (_LINE if line.startswith(("-", "*")) else 0)
    return height


def _table(component: Mapping[str, Any]) -> int:
    rows = component.get("data")
    if not isinstance(rows, list):
        return _ROW
    if component.get("vertical"):  # one row, or one column, for each fact
        return 2 * _ROW + _LINE
    return _ROW + sum(map(_row, rows[:_MAX_COMPONENTS]))


def _row(row: object) -> int:
    """Return the height of a row of a table. A cell can be a component, such as code."""
    cells = row if isinstance(row, list) else ()
    inner = (_MEASURES.get(str(cell.get("type")), _other)(cell) for cell in cells[:20] if isinstance(cell, dict))
    return max(_ROW, *inner, 0)


def _code(component: Mapping[str, Any]) -> int:
    return (str(component.get("data", component.get("code", "")))[:_MAX_PAGE_CHARS].count("\n") + 4) * _LINE


def _graph(component: Mapping[str, Any]) -> int:
    data = component.get("data")
    steps = data.get("steps", data) if isinstance(data, dict) else ()
    return _STEP * min(len(steps), _MAX_COMPONENTS) if isinstance(steps, dict | list) else _PICTURE


def _other(component: Mapping[str, Any]) -> int:
    return _LINE if component.get("title") or component.get("text") else 0


_MEASURES: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "title": lambda _: _TITLE,
    "subtitle": lambda _: _LINE,
    "heading": lambda _: 2 * _TITLE,
    "markdown": _markdown,
    "text": _markdown,
    "table": _table,
    "artifacts": _table,
    "pythonCode": _code,
    "log": _code,
    "dag": _graph,
    "image": lambda _: _PICTURE,
    "vegaChart": lambda _: _PICTURE,
    "chart": lambda _: _PICTURE,
    "barChart": lambda _: _PICTURE,
    "lineChart": lambda _: _PICTURE,
    "progressBar": lambda _: 2 * _LINE,
    "html": lambda component: _page_height(str(component.get("data", ""))),
}
"""The height of each type of component, without the components inside of it."""


def _page_height(page: str) -> int:
    """Return the height of a page that is not made of components."""
    if len(page) > _MAX_PAGE_CHARS or _PICTURES.search(page):
        return DEFAULT_HEIGHT
    text = _TAG.sub("", page)
    return 2 * _GAP + (len(_BLOCK.findall(page)) + len(text) // _LINE_CHARS) * (_LINE + 4)
