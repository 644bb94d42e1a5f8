"""Picture files and the contact sheet."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from core.pictures import LINEAR_LIGHT, MARGIN, SHEET_CELL, contact_sheet, encode, encode_png, read_picture, read_small, shrink
from core.protocol import PictureFormat, UserError


@pytest.fixture
def frames(tmp_path):
    def write(count, size=32):
        paths = [tmp_path / f"{number:03d}.png" for number in range(count)]
        for number, path in enumerate(paths):
            path.write_bytes(encode_png(np.full((size, size, 3), number % 256, np.uint8)))
        return paths

    return write


def test_png_loses_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    with Image.open(io.BytesIO(encode_png(picture))) as read:
        np.testing.assert_array_equal(np.asarray(read), picture)
    assert encode_png(picture) == encode_png(picture.copy())


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (512, 512)])
def test_programs_read_our_png_to_the_end(tmp_path, shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    (tmp_path / "frame.png").write_bytes(encode_png(picture))
    with Image.open(tmp_path / "frame.png") as read:
        read.verify()  # all checksums, also of what is no picture
    with av.open(str(tmp_path / "frame.png")) as container:
        np.testing.assert_array_equal(next(container.decode(video=0)).to_ndarray(format="rgb24"), picture)


def test_webp_loses_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    with Image.open(io.BytesIO(encode(picture, PictureFormat.WEBP))) as read:
        np.testing.assert_array_equal(np.asarray(read), picture)


def test_jpeg_loses_little():
    picture = shrink(np.random.default_rng(0).integers(0, 256, (4096, 4096, 3), np.uint8)).repeat(8, axis=0).repeat(8, axis=1)
    with Image.open(io.BytesIO(encode(picture, PictureFormat.JPEG))) as read:
        assert np.abs(np.asarray(read).astype(int) - picture).mean() < 2


def test_a_picture_is_read_as_it_was_written(frames):
    np.testing.assert_array_equal(read_picture(frames(4)[3]), np.full((32, 32, 3), 3))


@pytest.mark.parametrize("share", [0, 0.3, 0.9])
def test_a_damaged_frame_is_named(tmp_path, share):
    whole = encode_png(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    path = tmp_path / "frame.png"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"frame\.png"):
        read_picture(path)
    with pytest.raises(UserError, match=r"frame\.png"):
        contact_sheet([path], fps=25)


def test_a_missing_frame_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.png"):
        read_picture(tmp_path / "gone.png")


# Small copies ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "small"),
    [((128, 128), (32, 32)), ((512, 512), (32, 32)), ((136, 300), (34, 75)), ((20, 9), (20, 9)), ((720, 1280), (32, 58))],
)
def test_a_small_copy_averages_light(shape, small):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    copy = shrink(picture)
    assert copy.shape == (*small, 3)
    side = max(1, min(shape) // 32)
    light = LINEAR_LIGHT[picture[: small[0] * side, : small[1] * side]].reshape(small[0], side, small[1], side, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(LINEAR_LIGHT[copy], light, atol=0.005)  # half a level of 8 bits


def test_a_plain_picture_has_a_plain_small_copy():
    for level in range(256):
        assert set(shrink(np.full((128, 128, 3), level, np.uint8)).ravel()) == {level}


@pytest.mark.parametrize("shape", [(128, 128), (40, 700), (5, 5)])
def test_a_picture_carries_its_small_copy(tmp_path, shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    carried, plain = tmp_path / "carried.png", tmp_path / "plain.png"
    carried.write_bytes(encode_png(picture))
    Image.fromarray(picture).save(plain)
    np.testing.assert_array_equal(read_small(carried), shrink(picture))
    np.testing.assert_array_equal(read_small(plain), shrink(picture))


@pytest.mark.parametrize("kind", PictureFormat)
def test_every_format_has_its_small_copy(tmp_path, kind):
    picture = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    path = tmp_path / f"picture{kind.suffix}"
    path.write_bytes(encode(picture, kind))
    np.testing.assert_array_equal(read_small(path), shrink(picture))


def test_a_jpeg_of_others_is_shrunk_when_it_is_read(tmp_path):
    picture = np.full((64, 64, 3), 99, np.uint8)
    for name, comment in (("plain", b""), ("short", b"smA"), ("damaged", b"smAL\0\40\0\40abc")):
        Image.fromarray(picture).save(tmp_path / f"{name}.jpg", comment=comment)
        assert read_small(tmp_path / f"{name}.jpg").shape == (32, 32, 3)


@pytest.mark.parametrize("share", [0, 0.0005, 0.01, 0.05])
def test_a_damaged_small_copy_is_named(tmp_path, share):
    whole = encode_png(np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8))
    path = tmp_path / "frame.png"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"frame\.png"):
        read_small(path)


# Contact sheets -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 8, 9, 40, 41, 300])
def test_a_sheet_shows_frames_from_first_to_last(frames, count):
    sheet = np.asarray(contact_sheet(frames(count), fps=25))
    middles = [
        sheet[y + SHEET_CELL // 2, x + SHEET_CELL // 2, 0]
        for y in range(MARGIN, sheet.shape[0] - SHEET_CELL, SHEET_CELL + 16 + MARGIN)
        for x in range(MARGIN, sheet.shape[1] - SHEET_CELL, SHEET_CELL + MARGIN)
    ]
    shown = middles[: min(count, 40)]
    expected = np.round(np.linspace(0, count - 1, len(shown))) % 256
    np.testing.assert_allclose(shown, expected, atol=1)
    assert all(shade == 24 for shade in middles[len(shown) :])
