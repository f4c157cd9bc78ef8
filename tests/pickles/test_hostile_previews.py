"""Damaged and hostile frames, pictures and tensors: any bytes have a preview, quickly and in few words."""

import json
import pickle
import struct
import time

import pickle_bombs as bombs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_pickles import recorded

from mfwidgets.pickles.previews.arrow_stream import stream_head
from mfwidgets.pickles.previews.flatbuffer import FlatTable
from mfwidgets.pickles.previews.heads import UnknownLayoutError
from mfwidgets.queries.values.preview import preview_of_pickle
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.tables import to_json_value
from mfwidgets.views.artifacts import preview_line
from mfwidgets.views.cells import Limits
from mfwidgets.views.previews import preview_parts

RECORDED = recorded()


def look(content):
    """Show a pickle in all ways, and return its preview."""
    shown = preview_of_pickle(content)
    view = View(
        "DataArtifact", "x", parts=preview_parts(shown, Limits()), facts=(("holds", preview_line(shown, Limits())),)
    )
    assert len(html_of(view)) <= 150_000
    assert len(text_of(view)) <= 100_000
    json.dumps(to_json_value([shown.value, dict(shown.fields), shown.line]))
    assert len(shown.line) <= 10_000
    assert sum(len(picture.uri) for picture in shown.pictures) <= 60_000
    return shown


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(RECORDED)), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4)
)
def test_damaged_pickles_have_a_preview(key, changes):
    content = bytearray(RECORDED[key])
    for place, byte in changes:
        content[int(place * (len(content) - 1))] = byte
    look(bytes(content))


def table(*fields):
    """Return a table of FlatBuffers: for each field None, or bytes of up to eight. Offsets are written by the caller."""
    places, body = [], b"\0" * 4
    for field in fields:
        places.append(len(body) if field is not None else 0)
        body += (field or b"").ljust(8, b"\0") if field is not None else b""
    names = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), len(body), *places)
    return names + struct.pack("<i", len(names)) + body[4:], len(names)


def message(kind, inner, inner_at):
    """Return a message of an Arrow stream around its table."""
    outer, at = table(None, bytes([kind]), b"\0\0\0\0", struct.pack("<q", 0))
    place_of_header = at + 4 + 8
    distance = len(outer) + inner_at - place_of_header
    outer = outer[:place_of_header] + struct.pack("<I", distance) + outer[place_of_header + 4 :]
    content = struct.pack("<I", 4 + at) + outer + inner
    return struct.pack("<Ii", 0xFFFFFFFF, len(content)) + content


def nested_field(levels):
    """Return a field of a struct whose two children are the same field, and so on: together 2**levels fields."""
    made, size = b"", 0
    block, at = table(None, None, b"\x0d", b"\0\0\0\0", None, b"\0\0\0\0")
    size = len(block) + 12
    for level in range(levels):
        kind_at, children_at = at + 12, at + 20
        vector = len(block)
        following = 0 if level == levels - 1 else 2
        distances = [size + at - (vector + 4 + 4 * number) for number in range(2)]
        filled = bytearray(block + struct.pack("<III", following, *distances))
        filled[kind_at : kind_at + 4] = struct.pack("<I", vector - kind_at)
        filled[children_at : children_at + 4] = struct.pack("<I", vector - children_at)
        made += bytes(filled)
    return made, at


def test_fields_that_share_their_children_take_no_exponential_time():
    field, field_at = nested_field(64)
    schema, at = table(None, b"\0\0\0\0")
    place = at + 4
    vector = struct.pack("<II", 1, 4 + field_at)
    schema = schema[:place] + struct.pack("<I", len(schema) - place) + schema[place + 4 :] + vector + field
    batch, batch_at = table(struct.pack("<q", 1), None, b"\0\0\0\0")
    batch += struct.pack("<I", 0)
    batch = batch[: batch_at + 12] + struct.pack("<I", len(batch) - 4 - batch_at - 12) + batch[batch_at + 16 :]
    stream = message(1, schema, at) + message(3, batch, batch_at)
    began = time.process_time()
    with pytest.raises(UnknownLayoutError):
        stream_head(stream)
    assert time.process_time() - began < 5


def test_a_place_before_the_buffer_is_refused():
    with pytest.raises((ValueError, struct.error)):
        FlatTable(struct.pack("<i", 100), 0).number(0, "q")


IMAGE = bombs.PROTOCOL + bombs.glob("PIL.Image", "Image") + b")\x81"
ARRAY = bombs.glob("pyarrow.lib", "_restore_array")
BUFFER = bombs.glob("pyarrow.lib", "py_buffer")


def pickled(value):
    """Return the opcodes of a plain value."""
    return pickle.dumps(value, 3)[2:-1]


def image(mode, size, content):
    return IMAGE + pickled([{}, mode, size, None, content]).replace(b"q\x00", b"") + b"b."


@pytest.mark.parametrize(
    ("mode", "size"), [("RGB", (10**9, 10**9)), ("RGB", (-1, -1)), ("L", (10**30, 0)), ("1", (2**40, 1)), ("x" * 10_000, (1, 1)), (5, 5)]
)  # fmt: skip
def test_images_of_odd_sizes_have_no_picture(mode, size):
    assert look(image(mode, size, b"\0" * 12)).pictures == ()


def test_a_large_image_is_drawn_with_fewer_pixels():
    noise = bytes((number * 7919 >> 3) & 255 for number in range(900 * 900))
    shown = look(image("L", (900, 900), noise))
    assert shown.summary == "image, 900 x 900 pixels, L"
    (picture,) = shown.pictures
    assert picture.uri.startswith("data:image/png;base64,")
    assert (picture.width, picture.height) == (900, 900)


def test_values_of_a_column_that_overlap_are_cut():
    text = b"x" * 90_000
    offsets = struct.pack("<6i", *([0, 90_000] * 3))
    buffers = b"(N" + BUFFER + pickled(offsets) + b"\x85R" + BUFFER + pickled(text) + b"\x85Rl"
    kind = bombs.glob("pyarrow.lib", "type_for_alias") + bombs.text("string") + b"\x85R"
    content = bombs.PROTOCOL + ARRAY + b"((" + kind + b"K\x05K\x00K\x00" + buffers + b"]Nt\x85R."
    content = content.replace(b"((" + kind, b"(" + kind)
    head = look(content).head
    assert [len(value) for (value,) in head.rows] == [1_000, 0, 1_000, 0, 1_000]
