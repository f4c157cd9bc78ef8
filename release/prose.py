"""Checks the words of the project: ``python release/prose.py`` lists what reads like translated English.

It reads comments, docstrings and other strings of Python files, the prose of Markdown pages, the Markdown and code of
notebooks, comments of scripts, style sheets and workflows, and with ``--commits BASE`` the subjects of commits.
Names in code are not prose: ruff checks those.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent

AVOIDED = {
    r"\btold\b": "say what is passed, shown or recorded",
    r"\btells\b": "says, shows, returns",
    r"\bwanted\b": "requested, selected, matching",
    r"\bbeside\b": "next to, in addition to",
    r"\banew\b": "again",
    r"\bso many\b": "this many, or give the number",
    r"\bwhoever\b": "the caller, the user",
    r"\bhangs? on\b": "depends on",
    r"\bat hand\b": "already loaded",
    r"\bunbidden\b": "by default",
    r"\bits kin\b": "similar ones",
    r"\bwill do\b": "is enough, matches",
    r"\ba text\b": "a string",
    r"\bwhat became of\b": "the status of",
    r"\b(?:is|are|was|were) no (?!longer\b)[a-z]": "is not a, there is no",
    r"\bunsaid\b|\bunless said\b": "by default",
    r"\bby far\b": "much",
    r"\bof a sort\b": "a kind of",
    r"\bas a rule\b": "usually",
    r"\bnor\b": "and not; fine after 'neither'",
    r"\bsuch as it is\b": "as it is",
    r"\bstands?\b(?! for\b| out\b|-)": "is, is in, is shown",
    r"\bl(?:ies|ie)\b": "is in, is stored in",
    r"\bof (?:its|their|our|his|her) own\b": "its own ...",
    r"\bwhere (?:there (?:is|are|was|were)|none|no)\b": "if",
    r"\b(?:is|are|was|were) asked\b": "is requested, is read, is called",
    r"\bin place of\b": "instead of",
    r"\bwants\b": "needs, requests",
    r"\bat first\b": "by default, initially",
    r"\bunasked\b": "by default",
    r"\bas ever\b|\ball the same\b": "still",
    r"\bshall\b": "must, will",
    r"\bknows? nothing of\b": "does not know, does not depend on",
    r"\bfound out\b": "detected",
    r'""" ?What [a-z]': "a noun first: 'The files that ...', not 'What ...'",
    r"\bwherefrom\b|\bthereof\b|\bwhereof\b|\btherein\b|\bthereby\b|\bhenceforth\b": "plain words",
    r'(?:^|""" ?|[.:] |# )(?:Of|Where) [a-z][a-z ]{2,40}, ': "subject first: no inversion",
}
"""Regular expressions, with what to write instead."""

ALLOWED = r"\bthere (?:is|are|was|were) no\b|\bneither\b[^.;]*?\bnor\b"
"""Plain English that the expressions above would match."""

SUBJECT_LENGTH = 72

RULE_SINCE = "a7ad0c2"
"""The last commit before the rules for subjects."""


class Finding(NamedTuple):
    """A place that should be rewritten."""

    place: str
    words: str
    advice: str


def findings_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the avoided words in a text, with what to write instead."""
    checked = re.sub(ALLOWED, "", text, flags=re.IGNORECASE)
    for pattern, advice in AVOIDED.items():
        for match in re.finditer(pattern, checked, re.MULTILINE):
            yield match.group().strip(), advice


def prose_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments and strings with their line numbers."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in kinds:
            for offset, line in enumerate(token.string.splitlines()):
                yield token.start[0] + offset, line


def prose_of_notebook(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of Markdown cells and the comments of code cells, with the numbers of the cells."""
    for number, cell in enumerate(json.loads(source)["cells"], start=1):
        for line in "".join(cell["source"]).splitlines():
            if cell["cell_type"] == "markdown" or line.lstrip().startswith("#"):
                yield number, line


def prose_of_markdown(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines outside of code blocks, and comments inside."""
    in_code = False
    for number, line in enumerate(source.splitlines(), start=1):
        if line.lstrip().startswith(("```", ":::")):
            in_code = not in_code and not line.lstrip().startswith(":::")
        elif not in_code or line.lstrip().startswith("#"):
            yield number, re.sub(r"`[^`]*`", "`code`", line)


def prose_of_comments(source: str) -> Iterator[tuple[int, str]]:
    """Yield comments of scripts, style sheets, Makefiles and workflows."""
    for number, line in enumerate(source.splitlines(), start=1):
        match = re.search(r"(?:#|//|/\*|^\s*\*)\s(.*)", line)
        if match:
            yield number, match.group(1)


READERS = {
    ".py": prose_of_python,
    ".ipynb": prose_of_notebook,
    ".md": prose_of_markdown,
    ".js": prose_of_comments,
    ".css": prose_of_comments,
    ".yml": prose_of_comments,
    ".toml": prose_of_comments,
    "": prose_of_comments,
}
"""From the ending of a file to what reads its prose."""


def check_files() -> Iterator[Finding]:
    """Yield what should be rewritten in the files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        reader = READERS.get(Path(name).suffix)
        if reader is None or name in EXEMPT or name.startswith(EXEMPT_FOLDERS) or not (ROOT / name).is_file():
            continue
        for number, line in reader((ROOT / name).read_text(encoding="utf-8")):
            for words, advice in findings_in(line):
                yield Finding(f"{name}:{number}", words, advice)


EXEMPT = {"release/prose.py", "LICENSE"}
EXEMPT_FOLDERS = ("tests/data/", "tests/flows/", "notebooks/flows/")
"""Flows print what tests compare; changing them would change the recorded runs."""


def check_commits(base: str) -> Iterator[Finding]:
    """Yield what should be rewritten in the subjects of the commits since a revision.

    In a shallow clone without that revision, checks the commits that are there.
    """
    known = subprocess.run(["git", "cat-file", "-e", base], cwd=ROOT, capture_output=True, check=False).returncode == 0
    log = ["git", "log", "--format=%h %s", f"{base}..HEAD" if known else "HEAD"]
    for line in subprocess.run(log, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines():
        commit, _, subject = line.partition(" ")
        if len(subject) > SUBJECT_LENGTH:
            yield Finding(commit, f"{len(subject)} characters", f"a subject has at most {SUBJECT_LENGTH}")
        if subject.endswith(".") or subject[:1].islower():
            yield Finding(commit, subject[:20], "a subject is an imperative sentence without a full stop")
        for words, advice in findings_in(subject):
            yield Finding(commit, words, advice)


def main() -> int:
    """Print what should be rewritten, and return 1 if there is anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--commits",
        nargs="?",
        const=RULE_SINCE,
        metavar="BASE",
        help=f"check the subjects of the commits since BASE ({RULE_SINCE}) instead of files",
    )
    parser.add_argument("--count", action="store_true", help="print only how many places each pattern has")
    arguments = parser.parse_args()
    findings = list(check_commits(arguments.commits) if arguments.commits else check_files())
    if arguments.count:
        counts: dict[str, int] = {}
        for finding in findings:
            counts[finding.advice] = counts.get(finding.advice, 0) + 1
        for advice, count in sorted(counts.items(), key=lambda item: -item[1]):
            print(f"{count:5}  {advice}")
    else:
        for finding in findings:
            print(f"{finding.place}: {finding.words!r}: {finding.advice}")
    print(f"{len(findings)} places to rewrite")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
