"""The list of namespaces: complete, bounded, cached, and the same in Python and in ``%mflow ns --list``."""

from collections import Counter

import pytest
from test_costs import opened

from mfwidgets import Metaflow
from mfwidgets.queries import namespaces


def by_hand(client):
    """Return the namespaces of all runs, those of most runs first."""
    tags = Counter(tag for flow in client for run in flow for tag in run.system_tags)
    names = [tag for tag in tags if tag.startswith(("user:", "production:"))]
    return sorted(names, key=lambda tag: (-tags[tag], tag))


def test_namespaces_are_those_of_all_runs(client):
    names = client.namespaces()
    assert names == by_hand(client)
    assert names[0] == "user:ann"
    assert {"user:ann", "user:bob"} < set(names)


def test_they_do_not_depend_on_the_namespace(client, runs):
    assert Metaflow(metadata=f"local@{runs.folder}", namespace="user:nobody").namespaces() == client.namespaces()


def test_production_tokens_are_namespaces(own_client, own_runs):
    run = own_client.get(own_runs["linear"])
    file = own_runs.root / run.pathspec / "_meta" / "_self.json"
    file.write_text(file.read_text().replace('"runtime:dev"', '"production:token-7"'))
    assert "production:token-7" in own_client.namespaces()


def test_an_answer_is_cached_for_a_while(own_client, own_runs, monkeypatch):
    names = own_client.namespaces()
    with opened(own_runs.root) as files:
        own_client.namespaces().clear()  # the caller's own list
        assert own_client.namespaces() == names
    assert not files
    monkeypatch.setattr(namespaces, "CACHE_TTL_S", -1.0)
    with opened(own_runs.root) as files:
        assert own_client.namespaces() == names
    assert files


def test_the_search_is_bounded(runs, monkeypatch):
    monkeypatch.setattr(namespaces, "MAX_FLOWS", 1)
    monkeypatch.setattr(namespaces, "MAX_RUNS_PER_FLOW", 2)
    client = Metaflow(metadata=f"local@{runs.folder}", namespace=None)
    with opened(runs.root) as files:
        client.namespaces()
    assert sum(file.count("/") > 2 for file in files) <= 2 * 2


def test_a_service_gets_one_request_for_each_flow(on_service):
    _, service = on_service
    client = Metaflow(metadata=service.url, namespace=None)
    flows = len(list(client))
    service.reset()
    names = client.namespaces()
    assert len(service.requests()) == flows + 1
    assert client.namespaces() == names == by_hand(client)


@pytest.fixture
def mflow(shell, runs):
    import mfwidgets

    shell.run_line_magic("load_ext", "mfwidgets")
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace("user:bob")
    yield lambda line: shell.run_line_magic("mflow", line)
    shell.run_line_magic("unload_ext", "mfwidgets")


def test_the_magic_lists_them(mflow, client):
    listed = mflow("ns --list")
    names = client.namespaces()
    assert listed.names == names
    assert listed.to_dict() == {"kind": "namespaces", "current": "user:bob", "namespaces": names}
    lines = [line.split() for line in listed._repr_mimebundle_()["text/plain"].splitlines()]
    assert ["user:bob", "✓", "current"] in lines
    assert ["user:ann", "%mflow", "ns", "user:ann"] in lines


def test_the_magic_takes_a_name_or_lists(mflow):
    from IPython.core.error import UsageError

    with pytest.raises(UsageError, match="got both"):
        mflow("ns user:ann --list")
