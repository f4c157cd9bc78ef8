"""Tensors that torch pickled: their values, without torch."""

import numpy as np
import pytest
from record_pickles import recorded

from mfwidgets.pickles.described import ArrayBeginning, LongContent
from mfwidgets.pickles.large_pickles import LargeValue
from mfwidgets.pickles.previews.outlines import outline_of
from mfwidgets.pickles.previews.tensors import tensor_values
from mfwidgets.pickles.safe_loads import describe_pickle
from mfwidgets.queries.values.preview import preview_of_large, preview_of_pickle

TORCH = {name: content for (where, name), content in recorded().items() if where == "torch"}


def test_values():
    values = tensor_values(describe_pickle(TORCH["tensor"]))
    assert (values.dtype, values.tolist()) == (np.float32, [[0, 1, 2], [3, 4, 5]])
    assert tensor_values(describe_pickle(TORCH["tensor_bfloat16"])).tolist() == [0, 0]
    assert tensor_values(describe_pickle(TORCH["parameter"])).tolist() == [0, 0, 0]
    assert tensor_values(describe_pickle(TORCH["tensor_uint16"])).dtype == np.uint16


@pytest.mark.parametrize("name", ["tensor_meta", "layer", "weights"])
def test_objects_without_values(name):
    assert tensor_values(describe_pickle(TORCH[name])) is None


def test_numbers_of_bfloat16():
    content = TORCH["tensor_bfloat16"]
    assert content.count(b"\x02\0\0\0\0\0\0\0\0\0\0\0") == 1
    changed = content.replace(b"\x02\0\0\0\0\0\0\0\0\0\0\0", b"\x02\0\0\0\0\0\0\0\x80\x3f\x40\xc0")
    assert tensor_values(describe_pickle(changed)).tolist() == [1.0, -3.0]


def test_views_of_a_part_are_not_read():
    described = describe_pickle(TORCH["tensor"])
    storage, _, size, strides, *rest = described.args
    for args in (
        (storage, 1, size, strides),
        (storage, 0, size, (1, 2)),
        (storage, 0, (9, 9), (9, 1)),
        (b"", 0, size, strides),
    ):
        described.args = (*args, *rest)
        assert tensor_values(described) is None


def test_a_tensor_has_a_range_and_weights_a_tree():
    shown = preview_of_pickle(TORCH["tensor"])
    assert shown.holds == "Tensor(shape=(2, 3), dtype=float32, device='cpu')"
    assert (shown.numbers.low, shown.numbers.high) == (0, 5)
    weights = outline_of(describe_pickle(TORCH["weights"]))
    assert [node.name for node in weights.children] == ["weight", "bias"]
    assert weights.children[0].words.startswith("Tensor float32 (1, 2): [[")


def test_a_large_tensor_has_a_sample():
    described = describe_pickle(TORCH["tensor"])
    storage, offset, _, _, *rest = described.args
    numbers = np.arange(400_000, dtype="f4")
    content = storage.args[0][: -6 * 4 - 8] + (400_000).to_bytes(8, "little") + numbers.tobytes()
    storage.args = (LongContent(len(content), content[:1_000_000]),)
    described.args = (storage, offset, (400, 1_000), (1_000, 1), *rest)
    values = tensor_values(described)
    assert isinstance(values, ArrayBeginning)
    assert (values.shape, values.dtype) == ((400, 1_000), np.float32)
    assert values.sample.tolist() == numbers[: len(values.sample)].tolist()
    shown = preview_of_large(LargeValue(described, complete=True))
    assert shown.holds.startswith("Tensor(shape=(400, 1000), dtype=float32, device='cpu'), the first ")
