"""The tutorials of the metaflow package: their client code prints the same with our import."""

import pytest
from tutorials import executed, folder, tutorial_runs

from mfwidgets import Metaflow

SCHEDULED = "argo-moviestatsflow-68z2h"
"""The run in a notebook that readers replace with their own."""


@pytest.fixture(scope="module")
def made():
    return tutorial_runs()


@pytest.fixture
def tutorials(made):
    return Metaflow(metadata=f"local@{made}")


def same(made, notebook, changes=None, order=list):
    """Return the output of a notebook's code, after checking that both clients print the same."""
    theirs, ours = (executed(made, client, notebook, changes or {}) for client in ("metaflow", "mfwidgets"))
    assert theirs.returncode == 0, theirs.stderr
    assert ours.returncode == 0, ours.stderr
    assert order(ours.stdout.splitlines()) == order(theirs.stdout.splitlines())
    return ours.stdout


def test_all_notebooks_exist():
    found = sorted(path.relative_to(folder()).as_posix() for path in folder().rglob("*.ipynb"))
    assert found == [
        "01-playlist/playlist.ipynb",
        "02-statistics/stats.ipynb",
        "05-hello-cloud/hello-cloud.ipynb",
        "06-statistics-redux/stats.ipynb",
        "07-worldview/worldview.ipynb",
        "08-autopilot/autopilot.ipynb",
    ]


def test_playlist(made):
    output = same(made, "01-playlist/playlist.ipynb")
    assert "Pick 5: " in output
    assert output.count("Top Pick: ") == 3


@pytest.mark.parametrize("notebook", ["02-statistics/stats.ipynb", "06-statistics-redux/stats.ipynb"])
def test_statistics(made, notebook):
    output = same(made, notebook)
    assert "Using run: Run('MovieStatsFlow/" in output
    assert "matplotlib.pyplot.bar (('" in output


def test_hello_cloud(made):
    assert "Hi from the cloud!" in same(made, "05-hello-cloud/hello-cloud.ipynb")


def test_worldview(made):
    output = same(made, "07-worldview/worldview.ipynb", order=sorted)  # Metaflow lists flows as the file system does
    assert output.count("Last run: 20") == 3
    assert "Successful: True" in output


def test_autopilot(made, tutorials):
    output = same(made, "08-autopilot/autopilot.ipynb", {SCHEDULED: tutorials["MovieStatsFlow"].latest_run.id})
    assert output.count("'Start': datetime.datetime(") == 4


def test_autopilot_says_that_a_run_has_not_started(made):
    """The notebook catches a KeyError, prints it, and then fails without the run."""
    theirs, ours = (executed(made, client, "08-autopilot/autopilot.ipynb", {}) for client in ("metaflow", "mfwidgets"))
    assert f"The run {SCHEDULED} for flow MovieStatsFlow might not have started yet." in ours.stdout
    assert ours.stdout == theirs.stdout
    assert ours.stderr.splitlines()[-1] == theirs.stderr.splitlines()[-1] == "NameError: name 'run' is not defined"


def test_a_step_can_read_other_runs_by_mfwidgets(tutorials):
    ours, theirs, _ = tutorials["PlayListFlow"]
    statistics = tutorials["MovieStatsFlow"].latest_run
    assert ours["start"].task.data.genre_stats == theirs["start"].task.data.genre_stats == statistics.data.genre_stats
    assert f"Using analysis from 'Run('{statistics.pathspec}')'" in ours["start"].task.stdout
