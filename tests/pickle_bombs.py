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


def long_integer(size: int) -> bytes:
    """Push an integer of this many bytes."""
    return b"\x8b" + struct.pack("<i", size) + b"\x7f" * size


def long_text(size: int) -> bytes:
    """Push a string of this many bytes."""
    return b"X" + struct.pack("<I", size) + b"x" * size


def numpy_dtype(kind: str, size: int = -1) -> bytes:
    """Push a dtype of numpy."""
    sizes = struct.pack("<i", size)
    state = b"(K\x03" + text("<") + b"NNNJ" + sizes + b"J" + sizes + b"K\x00tb"
    return glob("numpy", "dtype") + text(kind) + b"\x89\x88\x87R" + state


def numpy_array(shape: bytes, dtype: bytes, content: bytes) -> bytes:
    """Push an array of numpy."""
    return glob("numpy._core.multiarray", "_reconstruct") + b")R(K\x01" + shape + dtype + b"\x89" + content + b"tb"


def zeros(size: int) -> bytes:
    """Push an array of this many bytes."""
    content = b"B" + struct.pack("<I", size) + b"\0" * size
    return numpy_array(integer(size) + b"\x85", numpy_dtype("i1"), content)


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


def long_names(size: int = 80_000, times: int = 30_000) -> bytes:
    """One module with a long name, and many names in it."""
    start = PROTOCOL + long_text(size) + keep(0) + b"0("
    return start + b"".join(again(0) + text(f"{number:x}") + b"\x93" for number in range(times)) + b"t."


def empty_sets(times: int = 290_000) -> bytes:
    """An opcode that makes a set of 216 bytes, many times."""
    return PROTOCOL + b"(" + b"\x8f" * times + b"t."


def arguments_of_a_range() -> bytes:
    """NEWOBJ_EX with the arguments ``range(10**15)``."""
    return PROTOCOL + glob("x", "y") + glob("builtins", "range") + integer(10**15) + b"\x85R}NNs\x92."


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


def shape_of_large_numbers(size: int = 80_000) -> bytes:
    """An array whose dimensions are one integer of 80,000 bytes, a thousand times: their product takes hours."""
    shape = b"(" + again(0) * 1_000 + b"t"
    return PROTOCOL + long_integer(size) + keep(0) + b"0" + numpy_array(shape, numpy_dtype("i8"), b"C\0") + b"."


def ranges_of_large_numbers(size: int = 80_000, times: int = 20_000) -> bytes:
    """``range(1, n, 3)`` with an integer of 80,000 bytes many times: each divides it."""
    start = PROTOCOL + long_integer(size) + keep(0) + b"0" + glob("builtins", "range") + keep(1) + b"0("
    return start + (again(1) + b"K\x01" + again(0) + b"K\x03\x87R") * times + b"t."


def states_in_lists(places: int = 20_000, times: int = 50_000) -> bytes:
    """The state of an array as a list: numpy looks at all characters of the content each time."""
    content = b"B" + struct.pack("<I", 4 * places) + b"a\0\0\0" * places + keep(3) + b"0"
    state = b"](K\x01" + integer(places) + b"\x85" + numpy_dtype("U1", 4) + b"\x89" + again(3) + b"e" + keep(1) + b"0"
    name = glob("numpy._core.multiarray", "_reconstruct") + keep(0) + b"0("
    return PROTOCOL + content + state + name + (again(0) + b")R" + again(1) + b"b") * times + b"t."


# --- shared parts -------------------------------------------------------------------------------------------------------


def shared_lists(levels: int = 60) -> bytes:
    """A list of twice the same list, 60 levels deep: its repr has 2**60 parts."""
    return PROTOCOL + b"]" + b"".join(keep(n) + b"0](" + again(n) * 2 + b"e" for n in range(levels)) + b"."


def shared_text(size: int = 80_000, times: int = 50_000) -> bytes:
    """One text in 50,000 places: its repr has four billion characters."""
    return PROTOCOL + long_text(size) + keep(0) + b"0(" + again(0) * times + b"t."


def shared_arrays(size: int = 80_000, times: int = 50_000) -> bytes:
    """One array in 50,000 places: as lists it has four billion numbers."""
    return PROTOCOL + zeros(size) + keep(0) + b"0(" + again(0) * times + b"t."


def lists_in_each_other(count: int = 14) -> bytes:
    """Lists that contain each other and themselves: a repr follows 14! paths."""
    made = b"".join(b"]" + keep(number) + b"0" for number in range(count))
    every = b"".join(map(again, range(count)))
    filled = b"".join(again(number) + b"(" + every + b"e0" for number in range(count))
    return PROTOCOL + made + filled + again(0) + b"."


def list_in_itself(times: int = 8) -> bytes:
    """A list that contains itself eight times: as JSON of 20 levels it has 8**20 parts."""
    return PROTOCOL + b"]" + keep(0) + b"(" + again(0) * times + b"e."


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


def long_range() -> bytes:
    """``range`` of an integer of 12,000 digits: its repr fails."""
    return PROTOCOL + glob("builtins", "range") + long_integer(5_000) + b"\x85R."


def file_of_many_bytes() -> bytes:
    """An included file whose size has 12,000 digits."""
    return (
        PROTOCOL
        + b"cmetaflow.includefile\nIncludedFile\n)\x81}"
        + text("_descriptor")
        + b"}"
        + text("size")
        + (long_integer(5_000) + b"ssb.")
    )


def exception_of_numbers() -> bytes:
    """An exception record of Metaflow whose facts are numbers, with a shape."""
    facts = b"".join(text(name) + b"K\x05" for name in ("type", "exception", "stacktrace", "shape"))
    return PROTOCOL + b"cmetaflow.exception\nMetaflowExceptionWrapper\nN\x85R}(" + facts + b"ub."


def incomplete_objects(times: int = 9_000) -> bytes:
    """Arrays without their state."""
    name = glob("numpy._core.multiarray", "_reconstruct") + keep(0) + b"0("
    return PROTOCOL + name + (again(0) + b")R") * times + b"t."


def long_time_zone() -> bytes:
    """A time zone with a name of 80,000 characters."""
    offset = glob("datetime", "timedelta") + b"K\x00M\x10\x0eK\x00\x87R"
    return PROTOCOL + glob("datetime", "timezone") + offset + long_text(80_000) + b"\x86R."


# --- numpy text outside of Unicode ------------------------------------------------------------------------------------------


def beyond_unicode(*, scalar: bool = False, point: bytes = b"\xff\xff\xff\xff") -> bytes:
    """Numpy text with a code point that does not exist."""
    state = b"(K\x03" + text("<") + b"NNNK\x04K\x04K\x08tb"
    dtype = glob("numpy", "dtype") + text("U1") + b"\x89\x88\x87R" + state
    if scalar:
        return PROTOCOL + glob("numpy._core.multiarray", "scalar") + dtype + b"C\x04" + point + b"\x86R."
    array = glob("numpy._core.multiarray", "_reconstruct") + b")R(K\x01K\x02\x85" + dtype
    return PROTOCOL + array + b"\x89C\x08" + b"a\0\0\0" + point + b"tb."


def beyond_unicode_scalar() -> bytes:
    """The same as a scalar."""
    return beyond_unicode(scalar=True)


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
