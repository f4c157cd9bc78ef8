"""Listings that are parsed while they arrive: the same rows as those of the whole body, however it is cut."""

import json
import random

import pytest

from mfwidgets.errors import ServiceException
from mfwidgets.providers import row_stream
from mfwidgets.providers.row_stream import RowStream

ROWS = [
    {"name": "plain", "value": 1},
    {"name": 'a "},{" inside', "value": 'x }, { "y": [1, 2]} ], "'},
    {"name": "nested", "value": [{"a": 1}, {"b": {"c": [{}, {}]}}]},
    {"name": "żółć }, ✓", "value": None},
    {},
]


def parsed(body, cuts):
    """Return what is kept of a body that arrives in pieces."""
    stream = RowStream(list)
    for start, end in zip([0, *cuts], cuts, strict=False):
        stream.feed(body[start:end])
    return stream.finish(body[cuts[-1] if cuts else 0 :])


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n ", " : ")])
def test_no_cut_changes_the_rows(separators):
    body = f"\n {json.dumps(ROWS, separators=separators)} \n".encode()
    for cut in range(len(body)):
        assert parsed(body, [cut]) == ROWS
    chance = random.Random(7)
    for _ in range(500):
        assert parsed(body, sorted(chance.sample(range(len(body)), chance.randint(1, 12)))) == ROWS


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"detail": "no"}', b"<html>[1]</html>"])
def test_what_is_not_a_listing_is_returned(body):
    assert parsed(body, []) == body
    assert parsed(body, [len(body) // 2]) == body


@pytest.mark.parametrize("end", ["", ',{"a": 1}', ',{"a": 1}] more', '"]'])
def test_a_damaged_listing_is_not_believed(end):
    rest = parsed(b'[{"a": 1}' + end.encode(), [4])
    assert isinstance(rest, bytes)


def test_rows_are_kept_in_order_and_bounded(monkeypatch):
    body = json.dumps([{"number": number} for number in range(1000)]).encode()
    stream = RowStream(lambda rows: [row["number"] for row in rows if row["number"] % 2])
    for start in range(0, len(body), 100):
        stream.feed(body[start : start + 100])
    assert stream.finish(b"") == list(range(1, 1000, 2))
    monkeypatch.setattr(row_stream, "_MAX_ROWS", 100)
    with pytest.raises(ServiceException, match="more than 100 rows"):
        parsed(body, [len(body) // 2])
    monkeypatch.setattr(row_stream, "MAX_BODY_BYTES", 1000)
    with pytest.raises(ServiceException, match="without a row"):
        parsed(b'[{"a": "' + b"x" * 2000, [1, 1500])
