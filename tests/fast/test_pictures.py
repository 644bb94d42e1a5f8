"""Picture files and the contact sheet."""

import io

import numpy as np
import pytest
from PIL import Image

from core.pictures import MARGIN, SHEET_CELL, contact_sheet, encode_png, read_picture
from core.protocol import UserError


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
