"""Inside of a running step, mfwidgets has the namespace and the metadata provider of the step, as Metaflow's client has."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from small_runs import FLOWS, run_flow

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.queries import running_step

# The words and the environment of each run.
STEPS = {
    "plain": (["run"], {}),
    "namespace": (["run", "--namespace", "production:x-1"], {}),
    "tag": (["run", "--namespace", "nightly", "--tag", "nightly"], {}),
    "no namespace": (["run", "--namespace", ""], {}),
    "token": (["run"], {"METAFLOW_PRODUCTION_TOKEN": "y-2"}),
    "metadata": (
        ["--metadata", "local", "run"],
        {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": "http://127.0.0.1:9"},
    ),
    "root": (["run"], {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "FOLDER/store"}),
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The end task of a run for each case."""
    base = tmp_path_factory.mktemp("asks")

    def run(name):
        words, environ = STEPS[name]
        folder = base / name.replace(" ", "-")
        path = run_flow(folder, FLOWS / "asks_flow.py", words, environ)
        root = folder / "store" if name == "root" else folder
        return Metaflow(metadata=f"local@{root}", namespace=None).get(path).end_task

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(STEPS, pool.map(run, STEPS), strict=True))


@pytest.mark.parametrize("name", STEPS)
def test_both_clients_say_the_same_in_a_step(name, asked):
    assert asked[name].data.ours == asked[name].data.theirs


@pytest.mark.parametrize(
    ("name", "namespace"),
    [("plain", "user:ann"), ("namespace", "production:x-1"), ("token", "production:y-2"), ("no namespace", "")],
)
def test_the_namespace_is_that_of_the_run(name, namespace, asked):
    assert asked[name].data.ours["namespace"] == namespace


@pytest.mark.parametrize("name", STEPS)
def test_a_switch_of_metaflows_client_in_a_step_holds(name, asked):
    assert asked[name].data.switched == "user:somebody"


def test_outside_of_a_step_the_configuration_holds(runs, metaflow):
    metaflow.namespace("user:bob")
    try:
        mfwidgets.metadata(f"local@{runs.folder}")
        assert mfwidgets.get_namespace() == "user:ann"
        assert not running_step.is_in_step()
        assert running_step.step_metadata() is None
    finally:
        metaflow.namespace(None)
