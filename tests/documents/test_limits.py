"""The page of limits names the limits of the code."""

import importlib

import pytest
from documents.pages import DOCS

from mfwidgets.display_options import Options

TEXT = " ".join((DOCS / "limits.md").read_text().split())

LIMITS = {
    "the last 200": ("views.log", "LOG_LINES", 200),
    "10 MB; a gallery": ("views.cards", "MAX_CARD_BYTES", 10_000_000),
    "embeds 4 MB": ("views.cards", "MAX_GALLERY_BYTES", 4_000_000),
    "| 1,000; a larger run": ("providers.service", "MAX_TASKS_READ", 1_000),
    "more than 2,000 tasks": ("views.run_parts", "MAX_CRITICAL_PATH_TASKS", 2_000),
    "| 10, or 3 of": ("queries.error_history", "RUNS_COMPARED", 10),
    "or 3 of a metadata service": ("queries.error_history", "MAX_READ_ON_SERVICE", 3),
    "objects in one comparison | 20": ("views.comparison", "MAX_OBJECTS", 20),
    "280 ms": ("magic.completion_sources", "TIMEOUT_S", 0.28),
    "200 candidates": ("magic.completion_facts", "MAX_CANDIDATES", 200),
    "100 kB serialized": ("queries.values.reading", "SMALL_VALUE_BYTES", 100_000),
    "1 MB serialized": ("queries.values.preview", "MAX_PREVIEW_BYTES", 1_000_000),
    "up to 80 characters": ("queries.values.results", "MAX_TEXT", 80),
    "up to 10 kB": ("queries.values.results", "MAX_RESULT_BYTES", 10_000),
    "300,000 opcodes": ("pickles.budget", "MAX_OPCODES", 300_000),
    "2,000 characters": ("queries.expressions.parsing", "MAX_CHARS", 2_000),
    "16 for each metadata provider": ("concurrency", "MAX_WORKERS", 16),
    "| 50 MB, 120 s": ("providers.service_body", "MAX_BODY_BYTES", 50_000_000),
    "120 s": ("providers.service_session", "MAX_EXCHANGE_S", 120.0),
    "a log | 1 GB": ("datastore.logs", "MAX_LOG_BYTES", 1_000_000_000),
    "a card | 200 MB": ("datastore.cards", "MAX_CARD_BYTES", 200_000_000),
    "100 MB packed": ("datastore.code_package", "MAX_PACKAGE_BYTES", 100_000_000),
    "400 MB unpacked": ("datastore.bounded_tar", "MAX_UNPACKED_BYTES", 400_000_000),
    "25,000 files": ("datastore.bounded_tar", "MAX_HEADERS", 25_000),
    "5 s, and": ("search", "SEARCH_TIMEOUT_S", 5.0),
    "0.2 s for a line": ("search", "LINE_TIMEOUT_S", 0.2),
    "in 50 flows": ("client.trigger", "_MAX_FLOWS", 50),
    "40,000 characters": ("agents.answers", "MAX_ANSWER_CHARS", 40_000),
    "characters, 60 s": ("agents.server", "TIMEOUT_S", 60.0),
    "blobs 10,000 MiB": ("datastore.blob_cache", "DEFAULT_LIMIT_MIB", 10_000),
}
"""The words of the page, and the constant that they name."""


@pytest.mark.parametrize("said", LIMITS)
def test_the_page_names_the_limit_of_the_code(said):
    module, name, value = LIMITS[said]
    assert said in TEXT
    assert getattr(importlib.import_module(f"mfwidgets.{module}"), name) == value


def test_the_page_names_the_defaults_of_the_options():
    options = Options()
    assert f"{options.display_max_bytes:,} bytes; a failed run" in TEXT
    assert f"| {options.display_timeout_s:g} s, then" in TEXT
    assert f"rows of a table | {options.display_max_rows} |" in TEXT
