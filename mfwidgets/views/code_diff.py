"""The display of a diff of code packages: a summary first, then each file, with the words that changed marked."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import zip_longest

from mfwidgets.client.answers.code_diff import CodeDiff
from mfwidgets.render.numbers import counted
from mfwidgets.render.sanitize import single_line
from mfwidgets.render.view import Line, Preformatted, Span, View
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits
from mfwidgets.views.comparison import short_names
from mfwidgets.views.tables import shown_of_total

_LINES_PER_ROW = 10
"""Lines shown for each row that a table may have."""

_MAX_OPEN = 3
"""The first files are open, the others folded."""

_MAX_WORDS = 200
"""Words of longer lines are not compared."""

NEW, GONE = "new file", "file is gone"
"""The lines in front of the files that only one object has."""

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_HUNK = re.compile(r"@@ -(\d+)")


@dataclass
class FileDiff:
    """The diff of a file.

    Attributes
    ----------
    name
        The name of the file, without the names of the objects.
    lines
        Lines with ``+``, ``-``, a blank, a backslash or ``@@`` in front.
    """

    name: str
    lines: list[str] = field(default_factory=list)

    @property
    def added(self) -> int:
        """The number of new lines."""
        return sum(line.startswith("+") for line in self.lines)

    @property
    def removed(self) -> int:
        """The number of lines that are gone."""
        return sum(line.startswith("-") for line in self.lines)


def file_diffs(diff: str, names: Sequence[str]) -> list[FileDiff]:
    """Return the files of a unified diff."""
    files: list[FileDiff] = []
    lines = diff.split("\n")[:-1]
    number = 0
    while number < len(lines):
        line = lines[number]
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if line.startswith("--- ") and following.startswith("+++ ") and not _in_hunk(files, lines, number):
            paths = [line[4:], following[4:]]
            path = next(path for path in reversed(paths) if path != "/dev/null" or paths[0] == paths[1])
            files.append(FileDiff(_without_object(path, names)))
            files[-1].lines += [NEW] * (paths[0] == "/dev/null") + [GONE] * (paths[1] == "/dev/null")
            number += 2
            continue
        if line.startswith("Binary files "):
            path = line.removeprefix("Binary files ").partition(" and ")[0]
            files.append(FileDiff(_without_object(path, names), ["the bytes differ"]))
        elif files:
            files[-1].lines.append(line)
        number += 1
    return files


def _in_hunk(files: Sequence[FileDiff], lines: Sequence[str], number: int) -> bool:
    """Return whether a line that looks like a heading is a removed line. After a heading comes a hunk."""
    after = lines[number + 2] if number + 2 < len(lines) else ""
    return bool(files) and not after.startswith(("@@ ", "--- ", "Binary files ")) and after != ""


def _without_object(path: str, names: Sequence[str]) -> str:
    name = next((name for name in names if path.startswith(f"{name}/")), "")
    return path[len(name) + 1 :] if name else path


@build_view.register
def build_code_diff_view(diff: CodeDiff, limits: Limits) -> View:
    """Show how many files and lines differ, the versions, and each file."""
    files = file_diffs(diff, diff.names)
    shorts = short_names(diff.names)
    added, removed = (sum(getattr(file, name) for file in files) for name in ("added", "removed"))
    words = [f"{counted(len(files), 'file')}, +{added:,} -{removed:,}"] if files else ["The files are equal."]
    words += [f"{name} {' → '.join(number or '?' for number in numbers)}" for name, numbers in diff.versions]
    sides = [f"- {shorts[0]}", *(f"+ {name}" for name in shorts[1:])] if shorts else []
    left, parts = _LINES_PER_ROW * limits.rows, []
    for number, file in enumerate(files[: limits.rows]):
        shown = file.lines[: max(left, 0)]
        lines = _lines(shown, limits.chars)
        left -= len(shown)
        left_out = shown_of_total(len(shown), len(file.lines))
        counts = f"+{file.added} -{file.removed}" if file.added or file.removed else ""
        note = ", ".join(filter(None, (counts, left_out and f"{left_out} lines")))
        parts.append(Preformatted(limits.text(file.name).text, tuple(lines), note, folded=number >= _MAX_OPEN))
    is_cut = left <= 0 or len(files) > limits.rows
    return View(
        kind="Code diff",
        name=limits.text(" and ".join(shorts)).text,
        reason=limits.text("; ".join(words)).text,
        facts=tuple((side, limits.object(name, name)) for side, name in zip(sides, diff.names, strict=False)),
        notes=("Not all lines are shown. print(...) prints the whole diff.",) if is_cut else (),
        parts=tuple(parts),
    )


def _lines(lines: Sequence[str], chars: int) -> Iterator[Line]:
    """Yield lines with styles. Lines that replace each other have the words that changed in bold and underlined."""
    number = 0
    while number < len(lines):
        removed = _block(lines, number, "-")
        added = _block(lines, number + len(removed), "+")
        if removed or added:
            pairs = [_pair(one, other, chars) for one, other in zip_longest(removed, added)]
            yield from (before for before, _ in pairs if before)
            yield from (after for _, after in pairs if after)
            number += len(removed) + len(added)
            continue
        line = lines[number]
        if line.startswith("@@ ") and number and lines[number - 1] in (NEW, GONE):
            number += 1
            continue
        is_code = line.startswith(" ")
        text = single_line(f"line {match[1]}" if (match := _HUNK.match(line)) else line, chars)
        yield (Span(text, () if is_code else ("dim", "italic")),)
        number += 1


def _block(lines: Sequence[str], start: int, sign: str) -> list[str]:
    end = start
    while end < len(lines) and lines[end].startswith(sign):
        end += 1
    return list(lines[start:end])


def _pair(removed: str | None, added: str | None, chars: int) -> tuple[Line, Line]:
    """Return a removed line and the line that replaces it. Empty for one that is missing."""
    one, other = (_words(line, chars) for line in (removed, added))
    if not removed or not added or max(len(one), len(other)) > _MAX_WORDS:
        return (_styled(one, "red", set()) if removed else (), _styled(other, "green", set()) if added else ())
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    same = matcher.get_matching_blocks()
    kept = {place for block in same for place in range(block.a, block.a + block.size)}
    kept_in_other = {place for block in same for place in range(block.b, block.b + block.size)}
    if matcher.ratio() < 0.3:  # noqa: PLR2004 - the lines have nothing to do with each other
        return _styled(one, "red", set()), _styled(other, "green", set())
    return (
        _styled(one, "red", set(range(len(one))) - kept),
        _styled(other, "green", set(range(len(other))) - kept_in_other),
    )


def _words(line: str | None, chars: int) -> list[str]:
    return _WORD.findall(single_line(line[1:], chars)) if line else []


def _styled(words: Sequence[str], colour: str, changed: set[int]) -> Line:
    """Return a line with its sign. Words that changed are bold and underlined."""
    sign = "-" if colour == "red" else "+"
    spans = [Span(sign, (colour,))]
    for place, word in enumerate(words):
        styles = (colour, "bold", "underline") if place in changed and not word.isspace() else (colour,)
        if spans and spans[-1].styles == styles:
            spans[-1] = Span(spans[-1].text + word, styles)
        else:
            spans.append(Span(word, styles))
    return tuple(spans)
