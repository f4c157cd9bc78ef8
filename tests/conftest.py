"""Fixtures for all tests: a neutral environment, real runs, and Metaflow's own client for comparison."""

import os
import shutil
import signal
import tempfile
import time
import warnings
from pathlib import Path

import pytest
from corpus import Corpus, corpus, s3_corpus, service_corpus
from nested_runs import nested_runs
from small_runs import SmallRuns, small_runs
from waiting import PATIENCE_S

# Set before the first import: Metaflow reads its configuration once, and times are shown in local time.
os.environ["TZ"] = "UTC"
time.tzset()
for name in [name for name in os.environ if name.startswith("METAFLOW_")]:
    del os.environ[name]
os.environ["METAFLOW_USER"] = "ann"
os.environ["METAFLOW_CLIENT_CACHE_PATH"] = tempfile.mkdtemp(prefix="mfwidgets-tests-cache-")
os.environ["METAFLOW_HOME"] = os.environ["IPYTHONDIR"] = tempfile.mkdtemp(prefix="mfwidgets-tests-home-")

_startup = Path(os.environ["IPYTHONDIR"], "profile_default", "startup")
_startup.mkdir(parents=True)
shutil.copy(Path(__file__).with_name("kernel_startup.py"), _startup / "00-patience.py")


def pytest_sessionfinish():
    for name in ("METAFLOW_HOME", "METAFLOW_CLIENT_CACHE_PATH"):
        shutil.rmtree(os.environ[name], ignore_errors=True)


REAL = {"runs", "small", "nested", "_s3_runs", "on_service", "service", "server", "shell", "metaflow"}
"""Fixtures that need runs of real Metaflow, a service or a shell."""


def pytest_make_parametrize_id(val):
    """Name bytes by their length. Gzip writes the time into its bytes, and each process would have other names of tests."""
    return f"{len(val)}-bytes" if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items):
    """Mark the tests that need none of these as pure: they are fast enough for mutation testing."""
    for item in items:
        if not REAL.intersection(item.fixturenames):
            item.add_marker("pure")


@pytest.fixture(scope="session")
def runs() -> Corpus:
    """Real runs, for reading only."""
    return corpus()


@pytest.fixture(scope="session")
def small() -> SmallRuns:
    """Small real runs, each in its own working folder, for reading only."""
    return small_runs()


@pytest.fixture(scope="session")
def nested() -> Corpus:
    """Real runs of a foreach within a foreach, for reading only."""
    return nested_runs()


@pytest.fixture(scope="session")
def _s3_runs():
    with s3_corpus() as found:
        yield found


@pytest.fixture(scope="session")
def on_service():
    """The runs on a metadata service, and the service."""
    with service_corpus() as found:
        yield found


@pytest.fixture
def on_s3(_s3_runs, monkeypatch):
    """Real runs with their data in S3, and the server. The environment has its keys."""
    for name, value in _s3_runs[1].environ.items():
        monkeypatch.setenv(name, value)
    return _s3_runs


@pytest.fixture
def own_runs(runs: Corpus, tmp_path: Path) -> Corpus:
    """A copy of some runs that a test can change, in another folder."""
    for flow in ("FailingFlow", "LinearFlow", "RetryFlow"):
        shutil.copytree(runs.root / flow, tmp_path / ".metaflow" / flow)
    return Corpus(tmp_path, runs.pathspecs)


@pytest.fixture(autouse=True)
def _fresh_scope(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """Give each test the context of a new process, in an empty folder."""
    from mfwidgets.queries import context

    monkeypatch.setattr(context, "_default", None)
    monkeypatch.chdir(tmp_path_factory.mktemp("cwd"))


@pytest.fixture(autouse=True)
def _no_secrets(monkeypatch: pytest.MonkeyPatch):
    """Let the secrets of one test not change the messages of the next."""
    from mfwidgets import redaction

    monkeypatch.setattr(redaction, "_remembered", {})
    monkeypatch.setattr(redaction, "_longest_first", ())


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Let each test ask for the first time."""
    from mfwidgets.index.deployments import forget_all

    forget_all()


@pytest.fixture(autouse=True)
def _patient_displays():
    """Give displays a long time limit. Tests of the limit set their own."""
    from mfwidgets.display_options import options

    with options(display_timeout_s=PATIENCE_S):
        yield


@pytest.fixture
def interruptible():
    """Let SIGINT interrupt, as in a terminal or a kernel. Background jobs start with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def client(runs: Corpus):
    """A client for all runs."""
    from mfwidgets import Metaflow

    return Metaflow(metadata=f"local@{runs.folder}", namespace=None)


@pytest.fixture
def own_client(own_runs: Corpus):
    """A client for all runs of the test's own copy."""
    from mfwidgets import Metaflow

    return Metaflow(metadata=f"local@{own_runs.folder}", namespace=None)


@pytest.fixture(scope="session")
def shell():
    """A real IPython shell that writes no files."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    return InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))


@pytest.fixture(scope="session")
def metaflow(runs: Corpus):
    """Metaflow's own client for all runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # warnings of Metaflow do not matter here
        import metaflow

        metaflow.metadata(f"local@{runs.folder}")
        metaflow.namespace(None)
    return metaflow
