"""Marks all tests in this folder as browser tests, and skips them if there is no browser."""

import os
from pathlib import Path

import pytest

from .jupyterlab import CHROMIUM

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before tests are selected by marks
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="no chromium on this machine (CI installs it)"))
