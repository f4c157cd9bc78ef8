"""The display of a code package: the flow's source, the tree of files, the commit."""

from pathlib import PurePosixPath

from mfwidgets.client.code import MetaflowCode
from mfwidgets.errors import DeadlineExceeded, MetaflowException
from mfwidgets.render.highlight import highlight
from mfwidgets.render.view import Cell, Line, Part, Preformatted, Span, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size_text
from mfwidgets.views.objects import present
from mfwidgets.views.tables import shown_of_total

MAX_CODE_BYTES = 50_000_000
"""A larger package is not downloaded for a display. Only its recorded facts are shown."""

MAX_SOURCE_BYTES = 5_000_000
"""A larger source is not shown."""

_LINES_PER_ROW = 10
"""Source lines shown for each row that a table may have."""

_HASH_CHARS = 10
"""Shown characters of a hash. The title has all."""


@build_view.register
def build_code_view(code: MetaflowCode, limits: Limits) -> View:
    """Show the source of the flow's file, and the tree of files."""
    package = code._package(MAX_CODE_BYTES)
    info = {name: str(value) for name, value in package.info.items() if value}
    commit = info.get("commit_sha", "")
    changed = " with uncommitted changes" if info.get("has_uncommitted_changes", "").lower() == "true" else ""
    facts = [
        ("commit", Cell(f"{limits.text(commit[:_HASH_CHARS]).text}{changed}", "code", limits.text(commit).text)),
        ("branch", limits.code(info.get("branch_name", ""))),
        ("repository", limits.code(info.get("repo_url", ""))),
        ("Python", limits.text(info.get("python_version", ""))),
        ("Metaflow", limits.text(info.get("metaflow_version", ""))),
        ("sha", Cell(limits.text(code.sha[:_HASH_CHARS]).text, "code", limits.text(code.sha).text)),
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
        kind="MetaflowCode",
        name=limits.text(str(package.info.get("script", ""))).text,
        facts=present(facts),
        notes=("code.files() returns the files. code.extractall(folder) writes them to a folder.", *problems),
        parts=tuple(parts),
    )


def _source(code: MetaflowCode, limits: Limits) -> tuple[Part, ...]:
    source = code._source(MAX_SOURCE_BYTES)
    lines = highlight(source, code.script_name, _LINES_PER_ROW * limits.rows, limits.chars)
    total = source.count("\n") + (not source.endswith("\n"))
    note = shown_of_total(len(lines), total) + " lines" if len(lines) < total else ""
    return (Preformatted("Source", lines, note, margin=tuple(str(number) for number in range(1, len(lines) + 1))),)


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
    return (Preformatted("Files", tuple(lines), shown_of_total(len(shown), len(names))),) if lines else ()
