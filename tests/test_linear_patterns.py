"""Our own regular expressions take no quadratic time on text that a stranger wrote."""

import time

import pytest

from mfwidgets.datastore.logs import parse
from mfwidgets.providers.service_rows import array
from mfwidgets.queries.status.recorded_exceptions import exception_in
from mfwidgets.redaction import redact
from mfwidgets.render.sanitize import escape_control_chars, parse_ansi

N = 100_000

TEXTS = [
    '"' + '\\"' * N, '"\\' * N, '"a' * N + "\\", "{" * N, 'File "' * N, '  File "a", line ' * N, " " * N, '  File "' + "a" * N, 'File "a", line 1, in ' * N,
    "a.b." * N + ":", "a" * N, "1" * N, ":@" * N, "a:b@" * N, "http://" * N, "a://" * N, "http://" + "a" * N + "@", "a." * N,
    "\x1b]" * N, "\x1b[" * N, "\x1b[0;" * N, "\x1b]a" + "b" * N, "\x1b[ " + " " * N, "[MFLOG|0|" * N, "[MFLOG|0|" + "1" * N, "[MFLOG|0|1Z|" + "|" * N, "[!" * N,
    "\r" * N, "\r\n" * N, "\n" * N,
]  # fmt: skip

READERS = {
    "array": array,
    "exception": lambda text: exception_in(["Traceback (most recent call last):", text, f"ValueError: {text}"]),
    "redact": redact,
    "escape": escape_control_chars,
    "colours": lambda text: parse_ansi([text], 500),
    "log": lambda text: parse(f"x\n{text}".encode()),
}


@pytest.mark.parametrize("reader", READERS)
def test_the_time_is_linear(reader):
    for text in TEXTS:
        before = time.thread_time()
        READERS[reader](text)
        assert time.thread_time() - before < 3, text[:20]


def test_an_array_without_its_last_quote_keeps_its_item():
    assert array('{a,"b c}') == ["a", "b c}"]
    assert array('{"a\\"b",c}') == ['a"b', "c"]


def test_a_secret_at_the_end_of_a_long_text_is_removed():
    assert "s3cret" not in redact("x" * 3_995 + "s3cret!" + "x" * 10_000, ["s3cret!"])
