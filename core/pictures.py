"""Picture files: encoding as PNG, JPEG or WebP, and the contact sheet that shows a whole film at a glance.

Each PNG and JPEG carries a small copy of its picture beside it, from which a film's flashes are counted without decoding it: 20 µs a
picture instead of 600.
"""

import io
import struct
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .protocol import PictureFormat, UserError

try:
    from isal import isal_zlib as deflate
except ImportError:  # on a machine that shall only be measured, `benchmarks/cuda.py`
    import zlib as deflate

COMPRESSION = 1  # ISA-L's second level, as small as zlib's fastest
UP = 2  # the PNG filter that keeps each byte's difference to the one above: nearly as small as the best one for each row
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_HEADER = struct.Struct(">IIBBBBB")  # width, height; 8 bits; RGB; the one compression, filtering and order that everyone reads
QUALITY = 95  # of JPEG
SMALL_SIDE = 32  # cells along a small copy's shorter side
SMALL_CHUNK = b"smAL"  # by its letters: programs may skip it, and must drop it when they change the picture
BEFORE_CHUNKS = 33  # bytes: the signature, and the header's chunk
SMALL_SHAPE = struct.Struct(">HH")  # rows, columns; then their cells
SMALL_START = struct.Struct(">I4sHH")  # the chunk's length and name, and that
FULL_LIGHT = 65_535
BACKGROUND, INK = (24, 24, 24), (200, 200, 200)
MARGIN, CAPTION_HEIGHT, SHEET_CELL = 6, 16, 128

Pictures = Generator[np.ndarray, None, None]
"""A stream of pictures, uint8 [height, width, 3] each. Who has enough of them closes it."""

_LEVEL = np.arange(256) / 255
LINEAR_LIGHT = np.where(_LEVEL <= 0.04045, _LEVEL / 12.92, ((_LEVEL + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 (sRGB, IEC 61966-2-1)
"""How much light each of the 256 levels of a picture is, 0 ... 1."""

LIGHT_OF_LEVEL = np.round(FULL_LIGHT * LINEAR_LIGHT).astype(np.uint32)
LEVEL_OF_LIGHT = np.searchsorted((LIGHT_OF_LEVEL[1:] + LIGHT_OF_LEVEL[:-1]) / 2, np.arange(FULL_LIGHT + 1)).astype(np.uint8)  # the nearest


def encode(picture: np.ndarray, kind: PictureFormat) -> bytes:
    """Encode one picture, uint8 [height, width, 3]: PNG and WebP without loss, JPEG with one that is hardly seen."""
    match kind:
        case PictureFormat.PNG:
            return encode_png(picture)
        case PictureFormat.JPEG:
            carried = SMALL_CHUNK + _packed_small(picture)
            return _saved(picture, "JPEG", quality=QUALITY, subsampling="4:4:4", comment=carried)
        case PictureFormat.WEBP:
            return _saved(picture, "WEBP", lossless=True, quality=0, method=0)  # the fastest; slower ones hardly save anything


def encode_png(picture: np.ndarray) -> bytes:
    """Encode one picture, uint8 [height, width, 3], without loss, and its small copy with it.

    Eight times as fast as Pillow (2.4 ms instead of 20 at 512 px), and as small. Source: the PNG specification, third edition.
    """
    height, width, _ = picture.shape
    rows = picture.reshape(height, -1)
    filtered = np.empty((height, 1 + rows.shape[1]), np.uint8)
    filtered[:, 0] = UP
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    packed = deflate.compress(filtered.data.cast("B"), COMPRESSION)
    header = PNG_HEADER.pack(width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (SMALL_CHUNK, _packed_small(picture)), (b"IDAT", packed), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = deflate.crc32(content, deflate.crc32(name))
    return len(content).to_bytes(4, "big") + name + content + checksum.to_bytes(4, "big")


def _saved(picture: np.ndarray, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


def _packed_small(picture: np.ndarray) -> bytes:
    small = shrink(picture)
    return SMALL_SHAPE.pack(*small.shape[:2]) + small.tobytes()


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
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # SyntaxError: what Pillow calls a damaged PNG
        raise UserError(f"The frame {path} cannot be read: {error}.", "Render again: missing frames are drawn anew.") from error


def read_small(path: Path) -> np.ndarray:
    """Read the small copy that a picture file carries; of one that carries none, make it.

    Returns
    -------
    np.ndarray
        uint8 [rows, columns, 3], see `shrink`.

    Raises
    ------
    UserError
        If the file is missing or damaged.
    """
    try:
        name, rows, columns, cells = (_small_of_jpeg if path.suffix == PictureFormat.JPEG.suffix else _small_of_png)(path)
        if name == SMALL_CHUNK and len(cells) == 3 * rows * columns:
            return np.frombuffer(cells, np.uint8).reshape(rows, columns, 3)
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError):  # `read_picture` says what is wrong
        pass
    return shrink(read_picture(path))


def _small_of_png(path: Path) -> tuple[bytes, int, int, bytes]:
    with path.open("rb") as file:
        file.seek(BEFORE_CHUNKS)
        _, name, rows, columns = SMALL_START.unpack(file.read(SMALL_START.size))
        return name, rows, columns, file.read(3 * rows * columns) if name == SMALL_CHUNK else b""


def _small_of_jpeg(path: Path) -> tuple[bytes, int, int, bytes]:
    with Image.open(path) as picture:  # reads what stands before the picture
        comment = picture.info.get("comment", b"")
    name, (rows, columns) = comment[: len(SMALL_CHUNK)], SMALL_SHAPE.unpack_from(comment, len(SMALL_CHUNK))
    return name, rows, columns, comment[len(SMALL_CHUNK) + SMALL_SHAPE.size :]


def shrink(picture: np.ndarray) -> np.ndarray:
    """Average a picture's light over square cells.

    Parameters
    ----------
    picture
        uint8 [height, width, 3], sRGB.

    Returns
    -------
    np.ndarray
        uint8 [rows, columns, 3], sRGB: 32 rows or columns along the shorter side, a few more if that is no multiple of 32. What is left
        of the picture at the right and the bottom, less than a cell, is not seen. The same on every machine: sums are of whole numbers.
    """
    side = max(1, min(picture.shape[:2]) // SMALL_SIDE)
    rows, columns = (extent // side for extent in picture.shape[:2])
    light = LIGHT_OF_LEVEL.take(picture[: rows * side, : columns * side])
    strips = light.reshape(rows, side, columns * side * 3).sum(axis=1, dtype=np.uint32).reshape(rows, columns, side, 3)
    cells = sum(strips[:, :, place] for place in range(side))  # [rows, columns, 3]; twice as fast as a sum over an axis in the middle
    return LEVEL_OF_LIGHT.take(cells // np.uint32(side * side))


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
    cell_width, cell_height = _cell_size(frames[0])
    sheet = Image.new(
        "RGB", (MARGIN + columns * (cell_width + MARGIN), MARGIN + height * (cell_height + CAPTION_HEIGHT + MARGIN)), BACKGROUND
    )
    for cell, frame in enumerate(shown):
        x = MARGIN + cell % columns * (cell_width + MARGIN)
        y = MARGIN + cell // columns * (cell_height + CAPTION_HEIGHT + MARGIN)
        _draw_cell(sheet, frames[frame], cell=(x, y, cell_width, cell_height), caption=f"{frame / fps:.1f} s")
    return sheet


def _cell_size(frame: Path) -> tuple[int, int]:
    """Give width and height of a sheet's pictures: the frames' shape, and as large as a square of 128 px."""
    height, width, _ = read_picture(frame).shape
    return round(SHEET_CELL * (width / height) ** 0.5), round(SHEET_CELL * (height / width) ** 0.5)


def _draw_cell(sheet: Image.Image, path: Path, *, cell: tuple[int, int, int, int], caption: str) -> None:
    x, y, width, height = cell
    sheet.paste(ImageOps.pad(Image.fromarray(read_picture(path)), (width, height), color=BACKGROUND), (x, y))
    ImageDraw.Draw(sheet).text((x, y + height + 1), caption, fill=INK, font=ImageFont.load_default())
