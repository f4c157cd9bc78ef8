"""Rails: every edge can be followed from its step to the next one, and no rail runs through another step."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfwidgets.render.step_map.rails import MAX_COLUMNS, RailStep, lay_out_rails, row_paths, row_text


def rails_of(nodes, opens=(), closes=(), idle=()):
    return lay_out_rails(
        [RailStep(name, tuple(to), name in opens, name in closes, name not in idle) for name, to in nodes.items()]
    )


def text_of(nodes, opens=(), closes=()):
    rails = rails_of(nodes, opens, closes)
    return [row_text(row, rails.columns, "●").rstrip() for row in rails.rows]


def test_branches_leave_a_rail_and_meet_in_another():
    nodes = {"start": ["a", "b", "c"], "a": ["join"], "b": ["join"], "c": ["join"], "join": ["end"], "end": []}
    assert text_of(nodes) == ["●", "├─●─╮", "├─●─┤", "╰─●─┤", "●───╯", "●"]


def test_a_foreach_is_indented():
    nodes = {"start": ["outer"], "outer": ["inner"], "inner": ["close"], "close": ["join"], "join": []}
    assert text_of(nodes, ("start", "outer"), ("close", "join")) == ["●", "╰─●", "  ╰─●", "  ●─╯", "●─╯"]


def test_nested_branches_do_not_cross():
    nodes = {
        "start": ["a", "b"], "a": ["a2"], "a2": ["join"], "b": ["b1", "b2"], "b1": ["bj"], "b2": ["bj"],
        "bj": ["join"], "join": ["end"], "end": [],
    }  # fmt: skip
    assert text_of(nodes) == [
        "●",
        "├─●",
        "│ ●─────╮",
        "╰─●     │",
        "  ├─●─╮ │",
        "  ╰─●─┤ │",
        "  ●───┴─┤",
        "●───────╯",
        "●",
    ]


def test_a_switch_with_a_short_way_and_a_loop():
    nodes = {
        "begin": ["count"],
        "count": ["count", "choose"],
        "choose": ["detour", "meet"],
        "detour": ["meet"],
        "meet": [],
    }
    assert text_of(nodes) == ["●", "●", "●", "├─●", "●─╯"]


def test_a_wide_split_needs_three_columns():
    names = [f"s{number}" for number in range(50)]
    rails = rails_of({"start": names, **{name: ["join"] for name in names}, "join": []})
    assert rails.columns == 3
    assert len(rails.rows) == 52


def test_rails_to_steps_that_did_not_run_are_dashed():
    nodes = {"start": ["a", "b"], "a": ["join"], "b": ["join"], "join": []}
    rows = rails_of(nodes, idle=("b", "join")).rows
    assert set(row_paths(rows[1])) == {True, False}
    assert set(row_paths(rows[2])) == {False}
    assert set(row_paths(rails_of(nodes).rows[2])) == {True}


def test_a_tangle_has_no_rails():
    names = [f"s{number}" for number in range(40)]
    rails = rails_of({name: names[place + 1 :: 7] + names[place + 2 :: 11] for place, name in enumerate(names)})
    assert rails.rows == ()
    assert rails.columns == rails.width == 0


@st.composite
def graphs(draw):
    """Draw graphs in any order, also with circles and unknown steps."""
    names = [f"s{number}" for number in range(draw(st.integers(0, 14)))]
    following = st.lists(st.sampled_from([*names, "unknown"]), unique=True, max_size=4)
    return {name: draw(following) for name in names}, {name for name in names if draw(st.booleans())}


@settings(deadline=None, max_examples=300)
@given(graphs())
def test_every_edge_can_be_followed(drawn):
    nodes, flags = drawn
    rails = rails_of(nodes, flags, flags)
    if not rails.rows:
        return
    assert len(rails.rows) == len(nodes)
    assert rails.columns <= MAX_COLUMNS
    order = {name: row for row, name in enumerate(nodes)}
    for row in rails.rows:
        assert 0 <= row.column < rails.columns
        passing = [rail.column for rail in row.passing]
        assert row.column not in passing  # no rail runs through a step
        assert len(passing) == len(set(passing))
    for name, to in nodes.items():
        for other in to:
            if other in order and order[other] > order[name]:
                leaves = {rail.column for rail in rails.rows[order[name]].leaving}
                arrives = {rail.column for rail in rails.rows[order[other]].arriving}
                between = [
                    {rail.column for rail in (*row.passing, *row.arriving, *row.leaving)}
                    for row in rails.rows[order[name] + 1 : order[other]]
                ]
                assert any(all(column in columns for columns in between) for column in leaves & arrives), (name, other)
    for row in rails.rows:
        text = row_text(row, rails.columns, "●")
        assert len(text) == 2 * rails.columns - 1
        assert text.count("●") == 1


@pytest.mark.parametrize("nodes", [{}, {"only": []}, {"a": ["a"]}, {"a": ["b"], "b": ["a"]}])
def test_small_and_odd_graphs(nodes):
    assert len(rails_of(nodes).rows) == len(nodes)
