"""Imports on first use."""

import gc
import sys

import pytest

from mfwidgets.first_import import first_import

MODULE = """
import gc
enabled = gc.isenabled()
{code}
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    def write(name, code=""):
        (tmp_path / f"{name}.py").write_text(MODULE.format(code=code))
        return name

    monkeypatch.syspath_prepend(tmp_path)
    yield write
    for name in ("imported_first", "imported_badly", "imported_without"):
        sys.modules.pop(name, None)


def test_the_garbage_collector_pauses(module):
    assert first_import(module("imported_first")).enabled is False
    assert gc.isenabled()
    assert first_import("imported_first") is sys.modules["imported_first"]


def test_it_goes_on_after_an_error(module):
    with pytest.raises(ZeroDivisionError):
        first_import(module("imported_badly", "1 / 0"))
    assert gc.isenabled()


def test_it_stays_off_if_it_was_off(module):
    gc.disable()
    try:
        first_import(module("imported_without"))
        assert not gc.isenabled()
    finally:
        gc.enable()
