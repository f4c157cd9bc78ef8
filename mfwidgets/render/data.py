"""Turns a view into plain data: the facts that text and HTML draw."""

from typing import Any

from mfwidgets.render.view import Cell, Graph, IFrame, Image, Part, Preformatted, Table, TileGrid, View, text_of_line


def view_to_dict(view: View) -> dict[str, Any]:
    """Return a view as dicts, lists and texts; numbers and times as people read them, times also in ISO 8601."""
    return {
        "kind": view.kind,
        "name": view.name,
        "status": view.status.text if view.status else None,
        "reason": view.reason,
        "facts": {label: _cell_value(cell) for label, cell in view.facts},
        "notes": list(view.notes),
        "parts": [_part(part) for part in view.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    named: dict[str, Any] = {"heading": part.heading, "note": part.note}
    match part:
        case Table():
            rows = [dict(zip(part.columns, map(_cell_value, row), strict=True)) for row in part.rows]
            return {**named, "rows": rows}
        case Preformatted():
            return {**named, "lines": [text_of_line(line) for line in part.lines], "margin": list(part.margin)}
        case Graph():
            steps = [{"step": step.name, "detail": step.detail, "next": list(step.following)} for step in part.steps]
            return {**named, "steps": steps}
        case TileGrid():
            return {
                **named,
                "rows": [{"name": name, "tiles": [tile.status for tile in tiles]} for name, tiles in part.rows],
            }
        case Image():
            return {**named, "uri": part.uri}
        case IFrame():
            return named  # the page itself is its author's, and a click away


def _cell_value(cell: Cell) -> Any:
    if cell.kind in ("bar", "spark"):
        return [
            {"tone": segment.status, "start": round(segment.start, 4), "end": round(segment.end, 4)}
            for segment in cell.segments
        ]
    if cell.kind == "history":
        return [segment.status for segment in cell.segments]
    if cell.kind == "tags":
        return list(cell.items)
    return cell.value or cell.text
