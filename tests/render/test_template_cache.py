"""Compiled templates are kept on this machine, and only trusted if nobody else can have written them."""

import marshal
import os

import pytest
from jinja2 import DictLoader, Environment
from jinja2.bccache import Bucket

from mfwidgets import options
from mfwidgets.render.template_cache import TemplateCache, clear_templates, template_folder

pytestmark = pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs modes of files")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "templates"


def shown(folder, text="Hello {{ name }}", settings="escaped"):
    environment = Environment(
        loader=DictLoader({"page": text}), autoescape=True, bytecode_cache=TemplateCache(folder, settings)
    )
    return environment.get_template("page").render(name="<b>")


def kept(folder):
    return sorted(folder.glob("*.template")) if folder.exists() else []


def replace_code(folder):
    """Replace the kept code by other code that would be noticed."""
    (file,) = kept(folder)
    other = Environment(loader=DictLoader({"page": "REPLACED"})).compile("REPLACED", "page")
    file.write_bytes(marshal.dumps(other))
    return file


def test_a_second_process_takes_the_kept_code(folder):
    assert shown(folder) == "Hello &lt;b&gt;"
    replace_code(folder)
    assert shown(folder) == "REPLACED"
    assert folder.stat().st_mode & 0o777 == 0o700


def test_another_text_and_another_version_are_compiled(folder):
    shown(folder)
    replace_code(folder)
    assert shown(folder, "Bye {{ name }}") == "Bye &lt;b&gt;"
    assert shown(folder, settings="other") == "Hello &lt;b&gt;"
    assert len(kept(folder)) == 3


@pytest.mark.parametrize("content", [b"", b"\0", b"garbage", marshal.dumps(7), marshal.dumps("text")])
def test_a_broken_file_is_ignored(folder, content):
    shown(folder)
    replace_code(folder).write_bytes(content)
    assert shown(folder) == "Hello &lt;b&gt;"


def test_a_link_is_not_followed(folder, tmp_path):
    shown(folder)
    file = replace_code(folder)
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert shown(folder) == "Hello &lt;b&gt;"


def test_no_link_is_written_through(folder, tmp_path):
    """Others may have left links in the folder, while they could write to it."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder.mkdir()
    environment = Environment(loader=DictLoader({"page": "Hello"}), autoescape=True)
    cache = TemplateCache(folder, "escaped")
    file = cache._file(Bucket(environment, cache.get_cache_key("page", None), cache.get_source_checksum("Hello")))
    for link in (file, file.with_suffix(f".{os.getpid()}"), file.with_suffix(".tmp")):
        link.symlink_to(victim)
    folder.chmod(0o777)
    assert shown(folder, "Hello") == "Hello"
    assert victim.read_text() == "precious"


def test_nothing_is_removed_through_a_link(folder, tmp_path):
    shown(folder)
    link = tmp_path / "link"
    link.symlink_to(folder)
    (folder / "mine.template").write_text("")
    clear_templates(link)
    assert len(kept(folder)) == 2
    clear_templates(folder)
    assert [file.name for file in kept(folder)] == ["mine.template"]


def test_a_folder_of_another_user_is_not_trusted(folder, monkeypatch):
    shown(folder)
    replace_code(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    assert shown(folder) == "Hello &lt;b&gt;"


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    assert shown(tmp_path / "file" / "templates") == "Hello &lt;b&gt;"


def test_nothing_is_kept_or_read_if_nothing_is_to_be_remembered(folder):
    with options(remember=False):
        assert shown(folder) == "Hello &lt;b&gt;"
        assert kept(folder) == []
    shown(folder)
    replace_code(folder)
    with options(remember=False):
        assert shown(folder) == "Hello &lt;b&gt;"


def test_the_number_of_files_is_bounded(folder):
    for number in range(130):
        shown(folder, f"{number} {{{{ name }}}}")
    assert 0 < len(kept(folder)) <= 100


def test_clearing_leaves_other_files(folder):
    shown(folder)
    (folder / "other").write_text("")
    clear_templates(folder)
    assert [file.name for file in folder.iterdir()] == ["other"]
    clear_templates(folder / "missing")


def test_displays_keep_their_templates_in_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert template_folder().name == "templates"
    assert template_folder().parent.name == "mfwidgets"
