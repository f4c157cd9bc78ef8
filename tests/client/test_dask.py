"""Bulk reads on a Dask cluster, whose processes open the provider themselves."""

import copyreg
import sys

import pandas as pd
import pytest

from mfwidgets import Metaflow, errors

pytestmark = pytest.mark.filterwarnings("ignore")  # warnings of Dask do not concern us


@pytest.fixture(scope="module", autouse=True)
def _own_pickling():
    """Restore how exceptions are pickled. Importing distributed changes it for the whole process."""
    before = dict(copyreg.dispatch_table)
    yield
    copyreg.dispatch_table.clear()
    copyreg.dispatch_table.update(before)


@pytest.fixture(scope="module")
def executor():
    from distributed import Client, LocalCluster

    vars(sys.modules["__main__"]).setdefault("__spec__", None)  # the shell of other tests clears its namespace
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


def test_tables_and_searches(executor, on_service):
    runs, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["ValueFlow"]
    names = ["score", "losses"]
    expected = flow.runs().to_pandas(params=True, artifacts=names)
    pd.testing.assert_frame_equal(flow.runs().to_pandas(params=True, artifacts=names, executor=executor), expected)
    assert flow.runs().timings().to_pandas(executor=executor).equals(flow.runs().timings().to_pandas())
    found = flow.runs().where(score=lambda score: score > 1, executor=executor)
    assert [run.pathspec for run in found] == [runs["values-other"]]


def test_secrets_are_not_sent(executor, on_service):
    _, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None, headers={"X-Key": "secret"})["ValueFlow"]
    for ask in (
        lambda: flow.runs().to_pandas(artifacts=["score"], executor=executor),
        lambda: flow.runs().timings().to_pandas(executor=executor),
        lambda: list(flow.runs().where(rate=0.1, executor=executor)),
    ):
        with pytest.raises(errors.NotPicklableError, match="may contain a key"):
            ask()
