"""Pictures of arrays of pixels, lists of images and files: complete PNG files that have the pixels."""

import base64
import pickle
import struct
import zlib

import numpy as np
import pytest
from record_pickles import recorded

from mfwidgets.pickles.previews.pictures import MAX_IMAGE_BYTES, picture_of_file, pictures_of
from mfwidgets.pickles.previews.png import thumbnail
from mfwidgets.queries.values.preview import preview_of_pickle

NOISE = np.random.default_rng(3).integers(0, 256, (40, 50, 3)).astype("u1")
YY, XX = np.mgrid[0:300, 0:700]
SMOOTH = np.stack([XX % 256, YY % 256, (XX + YY) // 4 % 256], -1).astype("u1")


def pixels_of(png):
    """Return the pixels of a PNG file, with its checksums checked."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    place, chunks = 8, {}
    while place < len(png):
        (length,) = struct.unpack_from(">I", png, place)
        kind, content = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", png, place + 8 + length)[0] == zlib.crc32(kind + content)
        chunks[kind] = content
        place += 12 + length
    width, height, depth, colours = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert depth == 8
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), "u1").reshape(height, 1 + width * channels)
    result = np.zeros((height, width, channels), "u1")
    for number, row in enumerate(rows):
        line = row[1:].reshape(width, channels)
        if row[0] == 1:
            line = line.cumsum(axis=0, dtype="u1")
        elif row[0] == 2 and number:
            line = line + result[number - 1]
        result[number] = line
    return result


def drawn(picture):
    kind, _, encoded = picture.uri.partition(",")
    assert kind == "data:image/png;base64"
    return pixels_of(base64.b64decode(encoded))


@pytest.mark.parametrize(
    "image", [NOISE, SMOOTH[:90, :90], NOISE[:, :, :1], NOISE[:2, :2]], ids=["noise", "smooth", "grey", "small"]
)
def test_a_thumbnail_has_the_pixels(image):
    assert (pixels_of(thumbnail(image, 100_000)) == image).all()


def test_a_large_image_has_the_means_of_squares():
    small = pixels_of(thumbnail(SMOOTH, 200_000))
    assert small.shape == (150, 350, 3)
    assert abs(int(small[10, 20, 0]) - int(SMOOTH[20:22, 40:42, 0].mean())) <= 1


@pytest.mark.parametrize(
    ("array", "sizes"),
    [
        (np.zeros((2, 2, 3), "u1"), [(2, 2)]),
        (np.zeros((1, 5, 4), "u1"), [(5, 1)]),
        (NOISE, [(50, 40)]),
        (NOISE[:, :, 0], [(50, 40)]),
        (NOISE[:, :, :1], [(50, 40)]),
        (NOISE.transpose(2, 0, 1), [(50, 40)]),
        (NOISE / 255.0, [(50, 40)]),
        (NOISE[:, :, 0] > 100, [(50, 40)]),
        (np.zeros((30, 28, 28), "u1"), [(28, 28)] * 24),
        (np.zeros((5, 32, 32, 3), "u1"), [(32, 32)] * 5),
        (np.zeros((5, 3, 32, 32), "u1"), [(32, 32)] * 5),
        (np.zeros((5, 1, 32, 32), "u1"), [(32, 32)] * 5),
        ([NOISE, NOISE], [(50, 40)] * 2),
        (np.zeros((3, 4), "u1"), []),
        (np.zeros((100, 2), "u1"), []),
        (np.zeros((50, 50)), []),
        (np.zeros((50, 50, 3)) - 1, []),
        (np.zeros((9, 3, 3, 3)), []),
        (np.zeros((0, 9, 3), "u1"), []),
        (np.zeros((2, 2, 2, 2, 3), "u1"), []),
        (np.zeros(1000, "u1"), []),
        (np.zeros((50, 50, 3), "i8"), []),
        ([NOISE, "x"], []),
        ([], []),
        ("x", []),
    ],
    ids=lambda value: getattr(value, "shape", None) and f"{value.dtype}{value.shape}",
)
def test_which_values_are_pictures(array, sizes):
    assert [(picture.width, picture.height) for picture in pictures_of(array)] == sizes


def test_the_channels_are_last_in_the_picture():
    (picture,) = pictures_of(NOISE.transpose(2, 0, 1))
    assert (drawn(picture) == NOISE).all()


def test_all_pictures_together_are_bounded():
    noise = np.random.default_rng(5).integers(0, 256, (60, 100, 100, 3)).astype("u1")
    assert sum(len(picture.uri) for picture in pictures_of(noise)) <= 1.5 * MAX_IMAGE_BYTES


def test_a_list_of_images_is_shown():
    red = recorded()["pandas-3-arrow", "picture_rgb"][2:-1]
    shown = preview_of_pickle(b"\x80\x04](" + red + red + b"e.")
    assert [(picture.width, picture.height) for picture in shown.pictures] == [(4, 3), (4, 3)]


GIF = b"GIF89a\x02\x00\x03\x00\x80\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x04xx\xff\xc0\x00\x0b\x08\x00\x05\x00\x07\x01\x01\x11\x00"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480)


@pytest.mark.parametrize(
    ("content", "size"),
    [(GIF, (2, 3)), (JPEG, (7, 5)), (PNG, (640, 480)), (b"\xff\xd8\xff", (0, 0)), (b"GIF8", (0, 0))],
)
def test_the_size_of_a_file(content, size):
    picture = picture_of_file(content)
    assert (picture.width, picture.height) == size


def test_a_small_file_of_many_pixels_is_not_shown():
    assert picture_of_file(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 60_000, 60_000)) is None


def test_pictures_in_a_pickle():
    assert len(preview_of_pickle(pickle.dumps(NOISE, 4)).pictures) == 1
    assert preview_of_pickle(pickle.dumps(b"no picture", 4)).pictures == ()
