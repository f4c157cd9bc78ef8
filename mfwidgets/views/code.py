"""The display of a code package: the flow's source, the tree of files, the commit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from mfwidgets.client.answers.nothing import Nothing
from mfwidgets.client.code import MetaflowCode
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.render.cell import Cell
from mfwidgets.render.highlight import highlight
from mfwidgets.render.view import Line, Part, Preformatted, Span, Table, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.objects import present
from mfwidgets.views.step_lines import step_lines
from mfwidgets.views.tables import shown_of_total

MAX_CODE_BYTES = 50_000_000
"""A larger package is not downloaded for a display. Only its recorded facts are shown."""

MAX_SOURCE_BYTES = 5_000_000
"""A larger source is not shown."""

_LINES_PER_ROW = 10
"""Source lines shown for each row that a table may have."""

_LONG = 60
"""A source with more lines is folded, if the step is known. Otherwise it comes with a table of its steps."""

_MAX_OPEN_FILES = 8
"""A longer list of files is folded."""

_MARK = "▌"
"""In front of the lines of the step."""

_HASH_CHARS = 10
"""Shown characters of a hash. The title has all."""


@build_view.register
def build_code_view(code: MetaflowCode, limits: Limits) -> View:
    """Show the lines of the task's step first, then the source of the flow's file, and the tree of files."""
    package = code._package(MAX_CODE_BYTES)
    info = {name: str(value) for name, value in package.info.items() if value}
    commit = info.get("commit_sha", "")
    changed = " with uncommitted changes" if info.get("has_uncommitted_changes", "").lower() == "true" else ""
    facts = [
        ("commit", Cell(f"{limits.text(commit[:_HASH_CHARS]).text}{changed}", "code", limits.text(commit).text)),
        ("branch", limits.code(info.get("branch_name", ""))),
        ("repository", limits.code(info.get("repo_url", ""))),
        ("Python", _python(info.get("python_version", ""), limits)),
        ("Metaflow", limits.text(info.get("metaflow_version", ""))),
        ("sha", Cell(limits.text(code.sha[:_HASH_CHARS]).text, "code", limits.text(code.sha).text)),
        ("step", limits.code(code._step)),
    ]
    if not commit:
        facts = facts[1:]
    parts: list[Part] = []
    problems: list[str] = []
    for part in (_source, _files):
        try:
            parts += part(code, limits)
        except DeadlineExceeded:
            raise
        except MetaflowException as error:  # a package that is damaged in one place is shown as far as possible
            problems.append(limits.text(str(error)).text)
    return View(
        kind="Code",
        name=limits.text(str(package.info.get("script", ""))).text,
        facts=present(facts),
        notes=("code.files() returns the files. code.extractall(folder) writes them to a folder.", *problems),
        parts=tuple(parts),
    )


def _python(version: str, limits: Limits) -> Cell:
    """Show the number of a version. The title has the rest, such as the compiler."""
    return replace(limits.text(version.partition(" ")[0]), title=limits.text(version).text)


@build_view.register
def build_nothing_view(nothing: Nothing, limits: Limits) -> View:
    """Say that there is nothing to show, and why."""
    kind = {"logs": "Log of", "code": "Code of"}.get(nothing.kind, limits.text(nothing.kind).text)
    return View(kind, limits.text(nothing.pathspec).text, notes=(limits.text(nothing.reason).text,))


def _source(code: MetaflowCode, limits: Limits) -> tuple[Part, ...]:
    """Show the source. The lines of the task's step are marked, and come first if the source is long."""
    source = code._source(MAX_SOURCE_BYTES)
    lines = highlight(source, code.script_name, _LINES_PER_ROW * limits.rows, limits.chars)
    total = source.count("\n") + (not source.endswith("\n"))
    steps = step_lines(source)
    first, last = steps.get(code._step, (0, 0))
    marks = [(_MARK if first <= number <= last else " ") if first else "" for number in range(1, len(lines) + 1)]
    margin = [f"{mark}{number:>4}" if mark else str(number) for number, mark in enumerate(marks, start=1)]
    notes = (
        [f"{shown_of_total(len(lines), total)} lines: print(code.flowspec) prints all"] if len(lines) < total else []
    )
    notes += [f"{_MARK} step {limits.text(code._step).text}"] if first and total <= _LONG else []
    whole = Preformatted("Source", lines, "; ".join(notes), folded=bool(first) and total > _LONG, margin=tuple(margin))
    if not first or total <= _LONG:
        return (_outline(steps, limits), whole) if total > _LONG and steps else (whole,)
    numbers = range(first - 1, min(last, len(lines)))
    shown = tuple(lines[number] for number in numbers)
    note = f"lines {first} to {last}"
    part = Preformatted(
        f"Step {limits.text(code._step).text}", shown, note, margin=tuple(str(number + 1) for number in numbers)
    )
    return (part, whole) if shown else (whole,)


def _outline(steps: Mapping[str, tuple[int, int]], limits: Limits) -> Part:
    """Show where each step is."""
    shown = list(steps.items())[: limits.rows]
    rows = tuple((limits.code(name), Cell(f"{first} to {last}", "number")) for name, (first, last) in shown)
    note = shown_of_total(len(shown), len(steps))
    return Table("Steps", ("step", "lines"), rows, note, left_out=bool(note))


def _files(code: MetaflowCode, limits: Limits) -> tuple[Part, ...]:
    """Show the files as a tree."""
    sizes = code._package().sizes()
    names = sorted(sizes, key=lambda name: PurePosixPath(name).parts)
    shown = names[: 5 * limits.rows]
    lines: list[Line] = []
    open_folders: tuple[str, ...] = ()
    for name in shown:
        *folders, file = PurePosixPath(name).parts or (name,)
        for depth, folder in enumerate(folders):
            if open_folders[: depth + 1] != tuple(folders[: depth + 1]):
                lines.append((Span(f"{'  ' * depth}{limits.text(folder).text}/", ("bold",)),))
        open_folders = tuple(folders)
        indent = "  " * len(folders)
        lines.append((Span(f"{indent}{limits.text(file).text}  "), Span(size_text(sizes[name]), ("dim",))))
    note = shown_of_total(len(shown), len(names)) or f"{len(names):,}"
    return (Preformatted("Files", tuple(lines), note, folded=len(lines) > _MAX_OPEN_FILES),) if lines else ()
