"""Runs of old versions of Metaflow: the answers of its present client, and the truth that the tasks recorded."""

import pytest
from old_runs import VERSIONS, answers_of, expected, unpack

import mfwidgets
from mfwidgets import Metaflow


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture(scope="module")
def folder(version, tmp_path_factory):
    return unpack(version, tmp_path_factory.mktemp("old"))


def test_differential(version, folder):
    mfwidgets.metadata(f"local@{folder}")
    theirs, ours = expected(version), answers_of(mfwidgets)
    assert theirs.keys() == ours.keys()
    wrong = []
    for subject in theirs:
        for fact, answer in theirs[subject].items():
            mine = ours[subject][fact]
            if answer != mine:
                wrong.append(f"{fact} of {subject}: {str(answer)[:200]} ours {str(mine)[:200]}")
    print("\n".join(wrong))
    assert not wrong
