"""Checks on Linux for code that would fail on Windows or macOS."""

import ast
import errno
import os
import subprocess
import sys
import tarfile
from importlib.resources import files
from pathlib import Path

import pytest
from local_world import World

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.datastore.blob_cache import BlobCache
from mfwidgets.errors import MetaflowNotFound
from mfwidgets.magic.tokenize import tokenize
from mfwidgets.providers.local_files import folder_of, names_in, read_json
from mfwidgets.queries.status.recorded_exceptions import Frame

SOURCES = sorted(Path(mfwidgets.__file__).parent.rglob("*.py"))

MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
FUNCTIONS = {"fork", "getuid", "geteuid", "getgid", "setsid", "killpg", "mkfifo", "chown", "tzset", "SIGKILL", "uname"}
"""Modules and functions that only POSIX has."""

GUARDED = {"local_tags": {"fcntl"}, "private_folder": {"getuid"}}
"""Uses of them that have an alternative on other systems. A test below removes them."""


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_code_needs_posix(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    optional = GUARDED.get(source.stem, set())
    assert (MODULES & {name.partition(".")[0] for name in imported}) | (FUNCTIONS & used) == optional


def test_tags_change_without_locks(tmp_path, monkeypatch):
    """Windows has no fcntl, and its folders have no owner."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.delattr(os, "getuid", raising=False)
    World(tmp_path).task("F")
    run = Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")
    run.add_tag("x")
    assert run.user_tags == {"x"}
    cache = BlobCache(tmp_path / "cache", 1000)
    cache.put("11f6ad8ec52a2984abaafd7c3b516503785c2072", b"x")
    assert cache.get("11f6ad8ec52a2984abaafd7c3b516503785c2072") == b"x"


def test_all_file_names_are_valid_on_windows():
    root = Path(mfwidgets.__file__).parent
    names = [file.relative_to(root).as_posix() for file in root.rglob("*")]
    with tarfile.open(str(files("mfwidgets") / "data" / "sample.tar.gz")) as archive:
        names += archive.getnames()
    assert [name for name in names if set(name) & set('<>:"\\|?*')] == []
    assert max(map(len, names)) < 160  # the limit is 260 with the path of the folder


def test_all_encodings_are_explicit(runs, own_runs, tmp_path):
    """Reading runs, cards and pages, and writing tags, work if a default encoding is an error."""
    program = f"""
import mfwidgets as m
m.metadata({str(own_runs.folder)!r}); m.namespace(None)
run = m.Run({runs["linear"]!r})
run.add_tag("s\\u00e4he"); run._repr_mimebundle_(); run.to_html({str(tmp_path / "run.html")!r}); run.why().to_dict()
m.metadata({str(runs.folder)!r})
m.get_cards(m.Run({runs["cards-resumed"]!r})["start"].task)[0].get()
m.Run({runs["packed"]!r}).code.extractall({str(tmp_path)!r})
"""
    words = [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning", "-c", program]
    environ = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    made = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "sähe" in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_a_windows_path_is_one_word():
    assert tokenize(r"metadata C:\Users\ann\runs --json") == ["metadata", r"C:\Users\ann\runs", "--json"]
    assert tokenize(r"metadata 'C:\my runs'") == ["metadata", r"C:\my runs"]


@pytest.mark.parametrize("part", ["..", r"..\up", r"C:\x", "a/b", ""])
def test_a_name_never_leads_to_another_folder(part):
    assert folder_of(Path("root"), ("HelloFlow", part)) is None


def test_a_name_that_the_system_rejects_is_missing(monkeypatch):
    # Windows rejects *, ? and :. Linux allows them, so the error is simulated.
    def refuse(*_):
        raise OSError(errno.EINVAL, "The filename, directory name, or volume label syntax is incorrect")

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(os, "open", refuse)
    assert names_in("root/Hello*") == []
    assert read_json("root/Hello*/_meta/_self.json") is None


def test_characters_that_windows_rejects_match_nothing(runs):
    client = Metaflow(metadata=f"local@{runs.folder}", namespace=None)
    for name in ("Hello*", "C:", "a|b", "what?"):
        with pytest.raises(MetaflowNotFound):
            client.get(name)


@pytest.mark.parametrize(
    ("file", "users"),
    [
        (r"C:\Users\ann\flows\my_flow.py", True),
        (r"C:\Python311\Lib\python3.11\json\decoder.py", False),
        (r"C:\env\Lib\site-packages\pandas\core.py", False),
        (r"C:\src\metaflow\task.py", False),
    ],
)
def test_stack_frames_of_windows_are_recognised(file, users):
    frame = Frame(file, 3, "fit")
    assert frame.is_users is users
    assert str(frame).startswith(f"{file.rpartition(chr(92))[2]}:3 in fit")
