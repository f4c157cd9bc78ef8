import pickle

import pytest

from mfwidgets.errors import UnloadableArtifact
from mfwidgets.pickles.metaflow_types import ForeachFrame
from mfwidgets.pickles.safe_loads import known_bool
from mfwidgets.pickles.unpickle import PICKLES, load_value


@pytest.mark.parametrize("encoding", sorted(PICKLES))
def test_every_encoding_of_metaflow(encoding):
    protocol = int(encoding[-1])
    assert load_value(pickle.dumps({"a": (1, "ü")}, protocol), encoding, "Artifact x") == {"a": (1, "ü")}


def test_classes_of_metaflow_have_replacements():
    frame = b"\x80\x04c__main__\nForeachFrame\n)\x81."  # as in old runs, without values
    assert load_value(frame, "pickle-v4", "x") == ForeachFrame(None, None, None, None, None)


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"\x80\x04cno_such_module\nThing\n.", "pickle-v4", "'Thing' of module 'no_such_module'"),
        (b"\x80\x04c__main__\nMyModel\n.", "pickle-v4", "Try defining or importing it in __main__"),
        (b"", "pickle-v4", "cannot be unpickled here: EOFError"),
        (b"junk", "pickle-v4", "cannot be unpickled"),
        (b"{}", "json-v1", "got 'json-v1' of an extension"),
    ],
)
def test_errors_of_loading_name_a_remedy(content, encoding, message):
    with pytest.raises(UnloadableArtifact) as caught:
        load_value(content, encoding, "Artifact F/1/start/1/x")
    assert message in str(caught.value)
    assert "Artifact F/1/start/1/x" in str(caught.value)
    assert ".raw()" in str(caught.value)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("value", [True, False, None])
def test_booleans_are_recognised_by_hash(value, protocol):
    import hashlib

    assert known_bool(hashlib.sha1(pickle.dumps(value, protocol)).hexdigest()) is value
