"""A server of Outerbounds for the tests of this folder."""

import pytest
from outerbounds_server import outerbounds_server


@pytest.fixture(scope="session")
def _running(tmp_path_factory):
    with outerbounds_server(tmp_path_factory.mktemp("outerbounds")) as server:
        yield server
