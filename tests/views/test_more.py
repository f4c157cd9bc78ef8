"""A display that leaves something out ends with the code that shows it."""

from dataclasses import replace

import pytest

import mfwidgets
from mfwidgets.magic.dispatch import run_line
from mfwidgets.pickles.previews.heads import DataFrameHead
from mfwidgets.queries.context import preserve_context
from mfwidgets.render.step_map.model import StepMap
from mfwidgets.render.step_map.rails import Rails
from mfwidgets.render.tile_grid import TileGrid
from mfwidgets.render.view import Preformatted, Table, Tree, View
from mfwidgets.views.cells import Limits
from mfwidgets.views.more import leaves_out
from mfwidgets.views.previews import _table_parts


@pytest.fixture(autouse=True)
def _sample():
    restore = preserve_context()
    mfwidgets.sample()
    yield
    restore()


@pytest.mark.parametrize("line", ["runs TuningFlow", "TuningFlow", "SweepFlow/latest/fit", "tasks SweepFlow/latest"])
def test_what_is_left_out_comes_with_code(line):
    bundle = run_line(line)._repr_mimebundle_()
    end = "Not all rows are shown. .to_html('page.html') writes a page with ten times as many, .to_pandas() returns them all."
    assert bundle["text/plain"].splitlines()[-1].strip() == end
    assert "Not all rows are shown." in bundle["text/html"]


def test_the_code_is_true(tmp_path):
    runs = run_line("runs TuningFlow")
    assert all(run.id in runs.to_html(tmp_path / "page.html").read_text(encoding="utf-8") for run in runs)
    assert len(runs.to_pandas()) == len(list(runs))


@pytest.mark.parametrize("line", ["runs ForecastFlow", "help", "doctor", "TuningFlow/latest/start"])
def test_a_complete_display_has_no_such_line(line):
    assert "Not all rows are shown" not in run_line(line)._repr_mimebundle_()["text/plain"]


def test_the_command_line_names_its_own_options(capsys):
    from mfwidgets.cli.run import run

    run(["--sample", "runs", "TuningFlow"])
    assert (
        capsys.readouterr().out.splitlines()[-1].strip()
        == "Not all rows are shown. --rows 200 shows more, --json prints all."
    )


@pytest.mark.parametrize("note", ["20 of 300", "the newest 20", "2 of 3 folds agree", "", "der erste 1"])
@pytest.mark.parametrize("left_out", [True, False])
def test_the_words_of_a_note_do_not_decide(note, left_out):
    for part in (
        Table("T", ("a",), (), note, left_out=left_out),
        Tree("T", (), note, left_out=left_out),
        TileGrid("T", (), note, left_out=left_out),
        StepMap(Table("T", ("a",), (), note, left_out=left_out), Rails(0, ()), ()),
    ):
        assert leaves_out(View("X", "", parts=(Preformatted("P", (), note), part))) is left_out


def test_facts_about_some_rows_are_not_rows_that_are_left_out():
    head = DataFrameHead((1, 1), ("a",), (0,), ((1,),))
    (rows, *others) = _table_parts(head, Limits())
    assert [part.left_out for part in (rows, *others)] == [False] * (1 + len(others))
    (rows, *_) = _table_parts(replace(head, shape=(7, 1)), Limits())
    assert rows.left_out
