"""Every display of the sample fits into terminals of 40 to 200 columns, with the same facts."""

import re
from dataclasses import replace

import pytest
from wcwidth import width

import mfwidgets
from mfwidgets.magic.dispatch import run_line
from mfwidgets.render.text import lines_of
from mfwidgets.render.view import text_of_line
from mfwidgets.views.show import terminal_view

LINES = (
    "", "runs TuningFlow", "ForecastFlow", "ForecastFlow/latest", "ForecastFlow/latest~1", "why ForecastFlow/latest~1",
    "timeline ForecastFlow/latest", "dag ForecastFlow/latest", "SweepFlow/latest/fit", "grid SweepFlow/latest/fit --by rmse",
    "tasks SweepFlow/latest", "artifacts SweepFlow/latest", "TuningFlow/latest/end", "logs ImportFlow/latest",
    "cards ReportFlow/latest", "diff TuningFlow/latest TuningFlow/latest~1", "tag TuningFlow/latest", "ns --list", "profile",
    "doctor", "help", "help runs", "help logs", "code ForecastFlow/latest", "runs HelloFlow --tag no-such-tag",
)  # fmt: skip

ANSWERS = ("compare", "charts", "frame", "curve", "lineage", "image")


@pytest.fixture(scope="module")
def views():
    """The views of all lines, and of answers that no line gives."""
    from mfwidgets.queries.context import preserve_context

    restore = preserve_context()
    mfwidgets.sample()
    runs = mfwidgets.Flow("TuningFlow").runs()
    run = runs[0]
    answers = {
        "compare": mfwidgets.compare(*runs.head(9)),
        "charts": runs.plot.scatter("seed", "rmse"),
        "frame": run["end"].task["predictions"],
        "curve": run["train"].task["loss_history"],
        "lineage": run["end"].task["model"].lineage(),
        "image": run["end"].task["response"],
    }
    with mfwidgets.options(time_zone="UTC"):
        yield {line: terminal_view(run_line(line)) for line in LINES} | {
            name: terminal_view(answer) for name, answer in answers.items()
        }
    restore()


@pytest.mark.parametrize("line", [*LINES, *ANSWERS])
def test_a_display_fits_and_loses_nothing_unsaid(views, line):
    view = views[line]
    facts = replace(view, parts=tuple(part for part in view.parts if part.part != "preformatted"))
    whole = " ".join(text_of_line(row) for row in lines_of(facts))
    for columns in (*range(40, 130, 7), 160, 200):
        rows = [text_of_line(row) for row in lines_of(view, columns)]
        too_wide = [row for row in rows if width(row) > columns]
        assert not too_wide, columns
        shown = " ".join(rows)
        spare = {name for part in view.parts for name in getattr(part, "spare", ()) if name in shown.partition("+ ")[2]}
        if not spare:
            assert words(whole) <= words(shown), columns


def words(text):
    """Return the short words. Longer ones can be folded, as lines of logs, and times become ages."""
    return {word for word in re.findall(r"(?<![^ ])[A-Za-z]\w{1,9}(?![^ ])", text) if word != "UTC"}
