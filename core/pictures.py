"""Picture files: PNG encoding, and the contact sheet that shows a whole film at a glance."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .protocol import UserError

COMPRESSION = 1  # zlib's fastest level: a tenth larger than its default, several times as fast
BACKGROUND, INK = (24, 24, 24), (200, 200, 200)
MARGIN, CAPTION_HEIGHT, SHEET_CELL = 6, 16, 128


def encode_png(picture: np.ndarray) -> bytes:
    """Encode one picture, uint8 [height, width, 3], without loss."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=COMPRESSION)
    return buffer.getvalue()


def read_picture(path: Path) -> np.ndarray:
    """Decode a picture file: uint8 [height, width, 3].

    Raises
    ------
    UserError
        If it is missing or damaged.
    """
    try:
        with Image.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError) as error:  # SyntaxError: what Pillow calls a damaged PNG
        raise UserError(f"The frame {path} cannot be read: {error}.", "Render again: missing frames are drawn anew.") from error


def contact_sheet(frames: Sequence[Path], *, fps: float, columns: int = 8, rows: int = 5) -> Image.Image:
    """Lay out frames spread evenly over a film, each with its time below.

    Parameters
    ----------
    frames
        All of the film's frames, in order.
    fps
        Their rate, for the times.
    columns, rows
        How many pictures the sheet holds at most.

    Raises
    ------
    UserError
        If a frame is missing or damaged.
    """
    shown = np.unique(np.linspace(0, len(frames) - 1, columns * rows).round().astype(int))
    height = -(-len(shown) // columns)
    sheet = Image.new(
        "RGB", (MARGIN + columns * (SHEET_CELL + MARGIN), MARGIN + height * (SHEET_CELL + CAPTION_HEIGHT + MARGIN)), BACKGROUND
    )
    for cell, frame in enumerate(shown):
        x = MARGIN + cell % columns * (SHEET_CELL + MARGIN)
        y = MARGIN + cell // columns * (SHEET_CELL + CAPTION_HEIGHT + MARGIN)
        _draw_cell(sheet, frames[frame], corner=(x, y), caption=f"{frame / fps:.1f} s")
    return sheet


def _draw_cell(sheet: Image.Image, path: Path, *, corner: tuple[int, int], caption: str) -> None:
    sheet.paste(Image.fromarray(read_picture(path)).resize((SHEET_CELL, SHEET_CELL)), corner)
    ImageDraw.Draw(sheet).text((corner[0], corner[1] + SHEET_CELL + 1), caption, fill=INK, font=ImageFont.load_default())
