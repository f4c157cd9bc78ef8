"""Tables fit into a terminal of 40 columns or more. Values that are left out are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from mfwidgets.render.cell import EMPTY, Cell, Segment
from mfwidgets.render.text_table import table_lines
from mfwidgets.render.view import Table, text_of_line


def texts(table, columns):
    return [text_of_line(line) for line in table_lines(table, columns)]


KINDS = st.sampled_from(["text", "dim", "code", "number", "status", "measure", "tags"])
WORDS = st.lists(st.sampled_from(["one", "words", "你好", "pathspec/4/5", "0.25", "x" * 30]), min_size=1, max_size=8)


@st.composite
def tables(draw):
    """Tables of cells. Each cell has a word that no other cell has."""
    count = draw(st.integers(1, 9))
    kinds = [draw(KINDS) for _ in range(count)]
    rows = []
    for row in range(draw(st.integers(1, 4))):
        cells = []
        for place, kind in enumerate(kinds):
            words = [f"w{row}x{place}"] if kind in ("status", "number", "measure") else draw(WORDS)
            cells.append(Cell(" ".join([*words, f"w{row}x{place}"][-8:]), kind))
        rows.append(tuple(cells))
    names = tuple(f"c{place}" for place in range(count))
    spare = draw(st.sampled_from([(), names[1:], names[::-1][:3]]))
    return Table("T", names, tuple(rows), spare=spare, more="columns=[...]")


@given(tables(), st.integers(40, 200))
def test_no_line_is_wider_and_no_value_is_lost_unsaid(table, columns):
    lines = texts(table, columns)
    assert max(map(width, lines)) <= columns
    shown = " ".join(lines)
    left_out = shown.partition("+ ")[2].partition(": columns=[...]")[0]
    for place, name in enumerate(table.columns):
        if f"{name}," in f"{left_out.replace(':', ' ').replace(' ', ',')},":
            assert name in table.spare
            continue
        assert all(f"w{row}x{place}" in shown for row in range(len(table.rows)))


def test_blocks_repeat_the_first_column():
    names = ("", "run 1", "run 2", "run 3")
    wide = tuple(Cell(f"{name}{'y' * 15}" if name else "alpha") for name in names)
    lines = texts(Table("T", names, (wide,), pathspecs=names), 55)
    assert [line.split() for line in lines] == [
        ["run", "1", "run", "2"],
        [wide[0].text, "run", "1" + "y" * 15, "run", "2" + "y" * 15],
        ["run", "3"],
        [wide[0].text, "run", "3" + "y" * 15],
    ]


def test_a_block_has_no_rows_and_groups_without_values():
    rows = (
        (Cell("status"), Cell("a" * 20), Cell("b" * 20)),
        (Cell("Tags", "group"), EMPTY, EMPTY),
        (Cell("nightly"), Cell("yes"), EMPTY),
    )
    lines = texts(Table("T", ("", "1", "2"), rows, pathspecs=("", "1", "2")), 40)
    assert [line.strip().partition(" ")[0] for line in lines] == ["1", "status", "Tags", "nightly", "2", "status"]


def test_spare_columns_are_left_out_and_named():
    names = ("run", "seed", "depth", "rmse")
    rows = ((Cell("1795718776286469", "code"), *(Cell("0.123456789", "number") for _ in names[1:])),)
    table = Table("T", names, rows, spare=("seed", "depth", "rmse"), more="columns=[...]")
    assert texts(table, 60)[0].split() == list(names)
    assert texts(table, 50)[0].split() == ["run", "depth", "rmse"]
    assert texts(table, 50)[-1] == "  + 1 column: seed: columns=[...]"
    assert texts(table, 40)[-2:] == ["  + 2 columns: seed, depth:", "    columns=[...]"]


def test_a_failure_stays_when_its_columns_are_left_out():
    failure = Cell("ValueError: loss diverged", "dim", span=2)
    rows = ((Cell("1795718776286469", "code"), failure, EMPTY), (Cell("2"), Cell("1" * 25, "number"), Cell("y" * 20)))
    lines = texts(Table("T", ("run", "rmse", "auc"), rows, spare=("auc", "rmse")), 40)
    assert lines[0].split() == ["run"]
    assert lines[2] == "    ValueError: loss diverged"


@pytest.mark.parametrize(("columns", "inline"), [(120, True), (60, False)])
def test_sentences_move_below_their_rows(columns, inline):
    why = Cell("ValueError: Hamburg reports a negative demand in week 17", "dim")
    row = (Cell("1795378919475034", "code"), Cell("failed", "status"), Cell("x" * 20), why)
    lines = texts(Table("T", ("run", "status", "host", "why"), (row,)), columns)
    (first,) = (line for line in lines if "✗ failed" in line)
    assert (why.text in first) is inline
    if not inline:
        assert lines[1] == "    why"
        assert lines[3] == f"    {why.text}"[:60]


def test_times_become_ages():
    row = (Cell("run"), Cell("2026-11-26 18:46:16", "age", "3 h ago"), Cell("y" * 24))
    table = Table("T", ("run", "started (UTC)", "host"), (row,))
    assert texts(table, 80)[1].split()[1:3] == ["2026-11-26", "18:46:16"]
    assert texts(table, 45) == ["  run  started  host", f"  run  3 h ago  {'y' * 24}"]


def test_numbers_have_their_bars_as_blocks_in_a_terminal():
    rows = tuple(
        (Cell(text, "measure", segments=(Segment("value", 0, end),)),) for text, end in (("1", 0.1), ("9", 1.0))
    )
    table = Table("T", ("rmse",), rows)
    assert texts(table, 80) == ["  rmse", "   1 ▁", "   9 █"]
    assert texts(table, None) == ["  rmse", "     1", "     9"]


def test_bars_take_the_room_that_is_left():
    row = (Cell("start"), Cell("", "bar", segments=(Segment("completed", 0, 1),)), Cell("2 s", "number"))
    table = Table("T", ("step", "timeline", "duration"), (row,))
    assert [max(line.count("█") for line in texts(table, columns)) for columns in (40, 60, 200, None)] == [
        21,
        41,
        60,
        24,
    ]
