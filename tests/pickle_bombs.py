"""Small pickles that would take much memory or time, or would run code, if they were loaded.

They consist of opcodes written by hand, so that nothing large is made here.
"""

import struct

PROTOCOL = b"\x80\x04"


def text(value: str) -> bytes:
    """Push a short text."""
    written = value.encode()
    return b"\x8c" + bytes([len(written)]) + written


def glob(module: str, name: str) -> bytes:
    """Push a global: a module and a name."""
    return text(module) + text(name) + b"\x93"


def keep(number: int) -> bytes:
    """Store the top of the stack in the memo."""
    return b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)


def again(number: int) -> bytes:
    """Push an item of the memo."""
    return b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)


def integer(value: int, width: int = 10) -> bytes:
    """Push an integer."""
    return b"\x8a" + bytes([width]) + value.to_bytes(width, "little")


def calls(callable_: bytes, argument: bytes, times: int, opcode: bytes = b"R") -> bytes:
    """Call a function with the same arguments many times, all in one tuple."""
    start = PROTOCOL + callable_ + keep(0) + b"0" + argument + keep(1) + b"0("
    return start + (again(0) + again(1) + opcode) * times + b"t."


# --- memory: each of many objects is a copy of one large one -----------------------------------------------------------


def sets_of_one_list(items: int = 20_000, times: int = 10_000) -> bytes:
    """``set(list)`` many times."""
    numbers = b"".join(b"M" + struct.pack("<H", number & 0xFFFF) for number in range(items))
    return calls(glob("builtins", "set"), b"](" + numbers + b"e\x85", times)


def arguments_copied(items: int = 60_000, times: int = 15_000) -> bytes:
    """NEWOBJ_EX with the same 60,000 arguments many times."""
    start = PROTOCOL + glob("x", "y") + keep(0) + b"0(" + b"N" * items + b"t" + keep(1) + b"0}NNs" + keep(2) + b"0("
    return start + (again(0) + again(1) + again(2) + b"\x92") * times + b"t."


def byte_arrays(size: int = 80_000, times: int = 18_000) -> bytes:
    """``bytearray(bytes)`` many times."""
    return calls(glob("builtins", "bytearray"), b"B" + struct.pack("<I", size) + b"x" * size + b"\x85", times)


def encoded_texts(size: int = 80_000, times: int = 18_000) -> bytes:
    """``_codecs.encode(text, 'latin1')`` many times: how protocol 2 writes bytes."""
    argument = b"X" + struct.pack("<I", size) + b"x" * size + text("latin1") + b"\x86"
    return calls(glob("_codecs", "encode"), argument, times)


def numpy_texts(size: int = 80_000, times: int = 18_000) -> bytes:
    """``numpy.core.multiarray.scalar`` of 80,000 bytes many times."""
    state = b"(K\x03" + text("|") + b"NNNJ" + struct.pack("<i", size) + b"K\x01K\x00tb"
    dtype = glob("numpy", "dtype") + text("S1") + b"\x89\x88\x87R" + state
    argument = dtype + b"B" + struct.pack("<I", size) + b"x" * size + b"\x86"
    return calls(glob("numpy._core.multiarray", "scalar"), argument, times)


def states_of_exceptions(items: int = 9_000, times: int = 8_000) -> bytes:
    """The same large state for many of Metaflow's exceptions."""
    state = b"}(" + b"".join(text(f"{number:x}") + b"N" for number in range(items)) + b"u"
    start = PROTOCOL + glob("metaflow.exception", "MetaflowExceptionWrapper") + keep(0) + b"0" + state + keep(1) + b"0("
    return start + (again(0) + b")\x81" + again(1) + b"b") * times + b"t."


# --- time --------------------------------------------------------------------------------------------------------------

_SAME_HASH = 2**61 - 1
"""Multiples of this have one hash: a set of n of them takes n * n / 2 steps, which cannot be interrupted."""


def colliding_set(items: int = 40_000) -> bytes:
    """A set of integers of one hash."""
    return (
        PROTOCOL
        + glob("builtins", "set")
        + b"]("
        + b"".join(integer(n * _SAME_HASH) for n in range(1, items + 1))
        + b"e\x85R."
    )


def colliding_keys(items: int = 40_000) -> bytes:
    """A dict whose keys are integers of one hash."""
    return PROTOCOL + b"}(" + b"".join(integer(n * _SAME_HASH) + b"N" for n in range(1, items + 1)) + b"u."


def large_key(size: int = 80_000, times: int = 100_000) -> bytes:
    """One integer of 80,000 bytes as a key many times: its hash is computed each time."""
    start = PROTOCOL + b"\x8b" + struct.pack("<i", size) + b"\x7f" * size + keep(0) + b"0}"
    return start + (again(0) + b"Ns") * times + b"."


def small_calls(items: int = 60_000, times: int = 60_000) -> bytes:
    """``datetime.date`` with 60,000 arguments many times: all are checked each time."""
    start = PROTOCOL + glob("datetime", "date") + keep(0) + b"0(" + b"N" * items + b"t" + keep(1) + b"0"
    return start + (again(0) + again(1) + b"R0") * times + b"N."


def unfinished_arrays(places: int = 100_000, times: int = 40_000) -> bytes:
    """An incomplete array in 100,000 places of the memo, completed many times."""
    start = PROTOCOL + glob("numpy._core.multiarray", "_reconstruct") + b")R"
    return start + b"".join(keep(n & 0xFF) for n in range(places)) + b"2" * times + b"Nb0" * times + b"."


# --- frames that say they are huge ---------------------------------------------------------------------------------------


def _range_index(stop: int) -> bytes:
    made = glob("pandas.core.indexes.base", "_new_Index") + glob("pandas.core.indexes.range", "RangeIndex")
    facts = text("name") + b"N" + text("start") + b"K\x00" + text("stop") + integer(stop) + text("step") + b"K\x01"
    return made + b"}(" + facts + b"u\x86R"


def _frame(blocks: bytes, axes: bytes) -> bytes:
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


def frame_of_many_columns(columns: int = 10**15) -> bytes:
    """A DataFrame whose columns are ``range(10**15)``, with one block that claims to fill them."""
    places = glob("builtins", "slice") + b"K\x00" + integer(columns) + b"K\x01\x87R"
    block = glob("pandas._libs.internals", "_unpickle_block") + b"N" + places + b"K\x02\x87R"
    return _frame(b"(" + block + b"t", _range_index(columns) + _range_index(5))


def frame_beyond_counting() -> bytes:
    """The same with more columns than a machine's integer can count."""
    return frame_of_many_columns(10**21)


def frame_of_empty_codes(rows: int = 2 * 10**7) -> bytes:
    """A MultiIndex whose codes are an array of shape (20,000,000, 0): no bytes, and twenty million empty lists."""
    state = b"(K\x03" + text("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    dtype = glob("numpy", "dtype") + text("i8") + b"\x89\x88\x87R" + state
    array = (
        glob("numpy._core.multiarray", "_reconstruct")
        + b")R(K\x01"
        + integer(rows)
        + b"K\x00\x86"
        + dtype
        + b"\x89C\x00tb"
    )
    made = glob("pandas.core.indexes.base", "_new_Index") + glob("pandas.core.indexes.multi", "MultiIndex")
    index = made + b"}(" + text("levels") + b"]" + _range_index(3) + b"a" + text("codes") + b"]" + array + b"au\x86R"
    return _frame(b")", index + _range_index(5))


def shared_lists(levels: int = 60) -> bytes:
    """A list of twice the same list, 60 levels deep: its repr has 2**60 parts."""
    return PROTOCOL + b"]" + b"".join(keep(n) + b"0](" + again(n) * 2 + b"e" for n in range(levels)) + b"."


def colliding_complex(items: int = 20_000) -> bytes:
    """A dict whose keys are complex numbers of one hash."""
    name = glob("builtins", "complex") + keep(0) + b"0}("
    numbers = ((float(-1_000_003 * n), float(n)) for n in range(1, items + 1))
    keys = b"".join(
        again(0) + b"G" + struct.pack(">d", a) + b"G" + struct.pack(">d", b) + b"\x86RN" for a, b in numbers
    )
    return PROTOCOL + name + keys + b"u."


# --- depth, size -----------------------------------------------------------------------------------------------------


def deep_list(levels: int = 45_000) -> bytes:
    """A list in a list in a list."""
    return PROTOCOL + b"]" * levels + b"a" * (levels - 1) + b"."


def deep_tuple(levels: int = 45_000) -> bytes:
    """A tuple in a tuple in a tuple."""
    return PROTOCOL + b")" + b"\x85" * levels + b"."


def huge_integer(size: int = 90_000) -> bytes:
    """An integer of 90,000 bytes: Python refuses to write it in decimals."""
    return PROTOCOL + b"\x8b" + struct.pack("<i", size) + b"\x7f" * size + b"."


# --- numpy text outside of Unicode ------------------------------------------------------------------------------------------


def beyond_unicode(*, scalar: bool = False, point: bytes = b"\xff\xff\xff\xff") -> bytes:
    """Numpy text with a code point that does not exist."""
    state = b"(K\x03" + text("<") + b"NNNK\x04K\x04K\x08tb"
    dtype = glob("numpy", "dtype") + text("U1") + b"\x89\x88\x87R" + state
    if scalar:
        return PROTOCOL + glob("numpy._core.multiarray", "scalar") + dtype + b"C\x04" + point + b"\x86R."
    array = glob("numpy._core.multiarray", "_reconstruct") + b")R(K\x01K\x02\x85" + dtype
    return PROTOCOL + array + b"\x89C\x08" + b"a\0\0\0" + point + b"tb."


# --- pickles that would run code and create the file "ran" in the current folder ------------------------------------

_CODE = "open('ran','w').close()"


def by_reduce() -> bytes:
    """``builtins.exec(code)`` by REDUCE."""
    return PROTOCOL + glob("builtins", "exec") + text(_CODE) + b"\x85R."


def by_inst() -> bytes:
    """``os.system(command)`` by INST of protocol 0."""
    return b"(S'touch ran'\nios\nsystem\n."


def by_obj() -> bytes:
    """``os.system(command)`` by OBJ."""
    return b"(cos\nsystem\nS'touch ran'\no."


def by_newobj_ex() -> bytes:
    """``subprocess.Popen(['touch', 'ran'])`` by NEWOBJ_EX."""
    return PROTOCOL + glob("subprocess", "Popen") + b"](" + text("touch") + text("ran") + b"e\x85}\x92."


def by_import() -> bytes:
    """A module of the current folder that creates the file when it is imported."""
    return PROTOCOL + glob("planted", "anything") + b")R."


def by_dotted_name() -> bytes:
    """A name with dots that leads from a harmless module to ``os.system``."""
    return PROTOCOL + glob("collections", "abc.sys.modules") + text("touch ran") + b"\x85R."
