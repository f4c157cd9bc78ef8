"""The default context, how to switch it, and the settings that objects of a context share."""

import pickle
from dataclasses import replace

import pytest
import requests

import mfwidgets
from mfwidgets.client.trigger import Trigger
from mfwidgets.concurrency import MAX_WORKERS
from mfwidgets.datastore.base import Datastores
from mfwidgets.errors import InvalidSelector, MetaflowInvalidArgument, MetaflowUnknownUser, NotPicklableError
from mfwidgets.index.deployments import index_of
from mfwidgets.providers.records import RunRecord
from mfwidgets.queries import context as context_module
from mfwidgets.queries.context import DEFAULT, current_context, new_context, preserve_context
from mfwidgets.queries.tag_rules import has_tags, tag_filter

SERVICE = "service@http://metadata.invalid:8080"


def key_headers():
    return {"x-api-key": "of-this-module"}


@pytest.fixture
def opened(monkeypatch):
    """Collect the S3 endpoints that datastores were opened with."""
    endpoints = []

    def open_datastore(ds_type, root, home, configuration):
        endpoints.append(configuration.get("S3_ENDPOINT_URL"))
        return object()

    monkeypatch.setattr("mfwidgets.datastore.base.open_datastore", open_datastore)
    return endpoints


def look():
    return current_context().datastore("s3", "s3://bucket/metaflow")


def test_reading_the_configuration_applies_a_changed_endpoint(opened, monkeypatch, runs):
    endpoints = [f"http://127.0.0.1:{port}" for port in range(1, 5)]
    switches = [
        lambda: None,
        mfwidgets.default_namespace,
        mfwidgets.default_metadata,
        lambda: mfwidgets.metadata(runs.folder),
    ]
    for endpoint, switch in zip(endpoints, switches, strict=True):
        monkeypatch.setenv("METAFLOW_S3_ENDPOINT_URL", endpoint)
        switch()
        look()
        mfwidgets.namespace(None)  # the configuration and its endpoint stay
        look()
    assert opened == endpoints


def test_derived_contexts_share_a_datastore(opened):
    first = look()
    mfwidgets.namespace("user:bob")
    assert look() is first
    assert current_context().in_all_namespaces().datastore("s3", "s3://bucket/metaflow") is first
    assert current_context().datastore("s3", "s3://other") is not first
    assert len(opened) == 2
    assert new_context().datastore("s3", "s3://bucket/metaflow") is not first


def test_local_data_are_next_to_the_metadata(runs, own_runs):
    mfwidgets.metadata(runs.folder)
    theirs = current_context().datastore("local", "")
    mfwidgets.metadata(own_runs.folder)
    assert current_context().datastore("local", "").describe() != theirs.describe()


def test_switching_the_provider_keeps_the_namespace(runs, own_runs, monkeypatch):
    for chosen in ("user:bob", None):
        mfwidgets.namespace(chosen)
        assert mfwidgets.metadata(runs.folder) == mfwidgets.get_metadata() == f"local@{runs.folder}"
        assert mfwidgets.get_namespace() == chosen
        monkeypatch.setenv("METAFLOW_DATASTORE_SYSROOT_LOCAL", str(own_runs.folder))
        assert mfwidgets.default_metadata() == mfwidgets.get_metadata()
        assert str(own_runs.folder) in mfwidgets.get_metadata()
        assert mfwidgets.get_namespace() == chosen


def test_switching_the_namespace_keeps_the_provider(runs):
    mfwidgets.metadata(runs.folder)
    provider = current_context().provider
    assert mfwidgets.namespace("user:bob") == mfwidgets.get_namespace() == "user:bob"
    assert mfwidgets.namespace(None) is mfwidgets.get_namespace() is None
    assert mfwidgets.default_namespace() == mfwidgets.get_namespace() == "user:ann"
    assert current_context().provider is provider


def test_an_invalid_switch_changes_nothing(runs, monkeypatch):
    mfwidgets.metadata(runs.folder)
    mfwidgets.namespace("user:bob")
    before = current_context()
    with pytest.raises(InvalidSelector):
        mfwidgets.metadata("local@/nowhere/at/all")
    with pytest.raises(InvalidSelector, match="default_metadata"):
        mfwidgets.metadata(None)
    with pytest.raises(MetaflowInvalidArgument):
        mfwidgets.namespace(3)
    for name in ("METAFLOW_USER", "SUDO_USER", "USERNAME", "USER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MetaflowUnknownUser):
        mfwidgets.default_namespace()
    assert current_context() is before


def test_the_default_namespace_follows_the_configuration(monkeypatch):
    assert mfwidgets.get_namespace() == "user:ann"
    monkeypatch.setenv("METAFLOW_USER", "bob")
    assert mfwidgets.get_namespace() == "user:ann"
    assert mfwidgets.default_namespace() == "user:bob"


def test_a_context_can_be_restored(runs):
    put_back = preserve_context()
    mfwidgets.metadata(runs.folder)
    put_back()
    assert mfwidgets.get_metadata() != f"local@{runs.folder}"


@pytest.mark.parametrize(
    ("namespace", "seen"), [(None, True), ("user:ann", True), ("nightly", True), ("user:bob", False)]
)
def test_tags_make_a_run_visible(namespace, seen):
    run = RunRecord("F", "1", 0, user_tags=frozenset({"nightly"}), system_tags=frozenset({"user:ann"}))
    assert new_context(namespace=namespace).includes(run) is seen


def test_all_namespaces_keeps_the_client_settings():
    session = requests.Session()
    context = new_context(SERVICE, "user:bob", key_headers, session)
    wide = context.in_all_namespaces()
    assert wide.namespace is None
    assert (wide.provider, wide.configuration) == (context.provider, context.configuration)
    assert (wide.headers, wide.session) == (key_headers, session)
    assert context.namespace == "user:bob"


class NoRequests:
    """A stand-in for a service that has every run."""

    remote, local_root, selector, address = True, None, SERVICE, SERVICE

    def run(self, flow, run_id):
        return RunRecord(flow, run_id, 0)


def triggering_run(monkeypatch, headers):
    """Return the run that triggered another, from a client with headers."""
    monkeypatch.setattr("mfwidgets.queries.context.open_provider", lambda *_: NoRequests())
    context = new_context(SERVICE, "user:bob", headers)
    return Trigger._in_context(context, [{"name": "F", "id": "F/1", "type": "run"}]).run


def test_objects_of_all_namespaces_pickle_a_headers_function(monkeypatch):
    run = triggering_run(monkeypatch, key_headers)
    again = pickle.loads(pickle.dumps(run))
    assert again == run == mfwidgets.Run._of(run._context, RunRecord("F", "1", 0))
    assert again._context.headers is key_headers


def test_objects_of_all_namespaces_do_not_pickle_headers(monkeypatch):
    run = triggering_run(monkeypatch, {"x-api-key": "secret"})
    with pytest.raises(NotPicklableError):
        pickle.dumps(run)


@pytest.mark.parametrize("namespace", ["user:bob", None])
def test_a_pickled_context_keeps_provider_and_namespace(runs, namespace):
    context = new_context(runs.folder, namespace)
    again = pickle.loads(pickle.dumps(context))
    assert again.namespace == namespace
    assert again.provider.selector == context.provider.selector
    assert again.includes(RunRecord("F", "1", 0, user_tags=frozenset({"user:bob"})))


def test_a_pickled_default_namespace_stays_the_same(runs, monkeypatch):
    content = pickle.dumps(new_context(runs.folder))
    monkeypatch.setenv("METAFLOW_USER", "bob")
    assert pickle.loads(content).namespace == "user:ann"


def test_concurrency_depends_on_the_provider(runs):
    assert new_context(runs.folder).max_concurrency == 1  # reading local files uses the CPU, so threads do not help
    assert new_context(SERVICE).max_concurrency == MAX_WORKERS


@pytest.mark.parametrize("namespace", [3, b"user:ann", ["user:ann"]])
def test_a_namespace_is_a_str_or_none(namespace):
    with pytest.raises(MetaflowInvalidArgument, match="namespace"):
        new_context(namespace=namespace)


def test_tags_of_runs():
    run = RunRecord("F", "1", 0, user_tags=frozenset({"nightly"}), system_tags=frozenset({"user:ann"}))
    assert has_tags(run, [])
    assert has_tags(run, ["nightly", "user:ann"])
    assert not has_tags(run, ["nightly", "weekly"])
    assert tag_filter(("a", "b")) == ("a", "b")
    for tags in ([5], ["a", None], [b"a"]):
        with pytest.raises(MetaflowInvalidArgument, match="tags"):
            tag_filter(tags)


@pytest.fixture
def folders(tmp_path):
    """Two folders with empty metadata."""
    for name in ("a", "b"):
        (tmp_path / name / ".metaflow").mkdir(parents=True)
    return tmp_path / "a", tmp_path / "b"


def test_selecting_a_provider_keeps_the_namespace_and_selecting_a_namespace_keeps_the_provider(folders, monkeypatch):
    first, second = folders
    assert mfwidgets.metadata(first) == f"local@{first}"
    assert current_context().namespace_setting is DEFAULT
    assert mfwidgets.namespace("user:bob") == mfwidgets.get_namespace() == "user:bob"
    assert mfwidgets.get_metadata() == f"local@{first}"
    assert mfwidgets.metadata(second) == mfwidgets.get_metadata() == f"local@{second}"
    assert mfwidgets.get_namespace() == "user:bob"
    monkeypatch.setenv("METAFLOW_DATASTORE_SYSROOT_LOCAL", str(first))
    assert mfwidgets.default_metadata() == mfwidgets.get_metadata() == f"local@{first}"
    assert mfwidgets.get_namespace() == "user:bob"
    mfwidgets.metadata(second)  # not the configured one
    assert mfwidgets.default_namespace() == mfwidgets.get_namespace() == "user:ann"
    assert current_context().namespace_setting is DEFAULT
    assert mfwidgets.get_metadata() == f"local@{second}"


def test_a_failed_selection_of_a_provider_keeps_the_current_context(folders):
    mfwidgets.metadata(folders[0])
    before = current_context()
    message = "Expected a metadata selector, got None. Try default_metadata() for the configured one."
    with pytest.raises(InvalidSelector) as error:
        mfwidgets.metadata(None)
    assert str(error.value) == message
    with pytest.raises(InvalidSelector):
        mfwidgets.metadata(folders[0] / "missing")
    assert current_context() is before


def test_a_preserved_context_comes_back(folders):
    mfwidgets.metadata(folders[0])
    before = current_context()
    restore = preserve_context()
    mfwidgets.metadata(folders[1])
    restore()
    assert current_context() is before


def test_the_folder_of_spins_is_selected(tmp_path, monkeypatch):
    (tmp_path / ".metaflow_spin").mkdir()
    mfwidgets.inspect_spin(str(tmp_path))
    assert mfwidgets.get_metadata() == f"spin@{tmp_path}"
    monkeypatch.setattr(context_module, "_default", None)
    monkeypatch.chdir(tmp_path)
    mfwidgets.inspect_spin()
    assert current_context().provider.local_root == tmp_path / ".metaflow_spin"


def test_a_provider_opens_with_the_selector_the_configuration_the_headers_and_the_session(monkeypatch, folders):
    opened_with = []
    monkeypatch.setattr(context_module, "open_provider", lambda *parts: opened_with.append(parts) or NoRequests())
    session = object()
    context = new_context(SERVICE, None, key_headers, session)
    *given, memories = opened_with[0]
    assert given == [SERVICE, context.configuration, key_headers, session]
    assert memories("local@/runs", folders[0]) is index_of(context.configuration, "local@/runs", folders[0])


def test_a_context_asks_for_the_datastore_of_a_record_in_its_own_folder(folders):
    context = new_context(folders[0])
    asked = []

    class Recorder(Datastores):
        def get(self, *where):
            asked.append(where)

    recorder = Recorder(context.configuration)
    replace(context, _datastores=recorder).datastore("s3", "s3://bucket")
    assert asked == [("s3", "s3://bucket", folders[0] / ".metaflow")]


def test_a_remembering_context_has_another_provider_and_the_same_namespace(folders):
    context = new_context(folders[0], "user:bob")
    provider = NoRequests()
    remembering = context.remembering(provider)
    assert (context.remembers, remembering.remembers) == (False, True)
    assert remembering.provider is provider
    assert remembering.namespace == "user:bob"
    assert remembering.configuration is context.configuration
    assert remembering._datastores._datastores is context._datastores


@pytest.mark.parametrize("namespace", ["user:bob", None])
def test_an_unpickled_context_has_the_provider_and_the_namespace_and_no_headers(folders, namespace):
    again = pickle.loads(pickle.dumps(new_context(folders[0], namespace)))
    assert again.provider.selector == f"local@{folders[0]}"
    assert again.namespace == namespace
    assert again.headers is None
    assert again.session is None


def test_a_context_with_a_session_is_not_picklable():
    context = new_context(SERVICE, None, session=requests.Session())
    for refuse in (context.check_picklable, lambda: pickle.dumps(context)):
        with pytest.raises(NotPicklableError, match="session="):
            refuse()


def test_the_default_namespace_has_a_short_repr():
    assert repr(DEFAULT) == "default"
