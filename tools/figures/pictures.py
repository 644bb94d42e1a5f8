"""Figures' pictures in both styles, each filling its square: what views are made of.

In: the packages of figures, or an archive of the few pictures that are needed, with which a machine without packages can train. Out: uint8
[things, 2, 256, 256, 4]: Fluent Emoji 3D first, Noto Color Emoji second.
"""

import io
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from tools.things import emoji

from . import drawn, fluent
from .classes import Thing

SIDE = 256
STYLES = ("fluent", "noto")
NAMES = "things"  # in the archive: what its pictures belong to


def load_figures(things: Sequence[Thing], archive: Path) -> np.ndarray:
    """Read the figures of things: uint8 [things, styles, 256, 256, 4].

    Parameters
    ----------
    things
        In the archive's order.
    archive
        Made if it is not there; for that, the packages are needed.

    Raises
    ------
    ValueError
        If the archive belongs to other things, or is damaged.
    """
    if not archive.exists():
        _write_archive(things, archive)
    try:
        with zipfile.ZipFile(archive) as file:
            if file.read(NAMES) != _names(things):
                raise ValueError(f"{archive} was made for another table of classes: delete it, and it is made again")
            return np.stack([np.stack([_read(file, place, style) for style in STYLES]) for place in range(len(things))])
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ValueError(f"{archive} is damaged ({error}): delete it, and it is made again") from error


def _write_archive(things: Sequence[Thing], archive: Path) -> None:
    """Collect the pictures, whole or not at all. Where a thing has two, the second style shows the other one."""
    half = archive.with_name(f".{archive.name}-{os.getpid()}")
    with zipfile.ZipFile(half, "w") as file:
        file.writestr(NAMES, _names(things))
        for place, thing in enumerate(things):
            for style, picture in zip(STYLES, _pictures(thing), strict=True):
                content = io.BytesIO()
                Image.fromarray(picture).save(content, "webp", lossless=True)
                file.writestr(_member(place, style), content.getvalue())
    half.replace(archive)


def _pictures(thing: Thing) -> tuple[np.ndarray, np.ndarray]:
    if thing.name in drawn.FIGURES:
        picture = drawn.FIGURES[thing.name]()
        return picture, picture
    return fluent.picture(thing.pictures[0]), emoji.draw(thing.pictures[-1])


def _names(things: Sequence[Thing]) -> bytes:
    return "\n".join(thing.name for thing in things).encode()


def _member(place: int, style: str) -> str:
    return f"{place:04d}_{style}.webp"


def _read(file: zipfile.ZipFile, place: int, style: str) -> np.ndarray:
    return filling(np.asarray(Image.open(io.BytesIO(file.read(_member(place, style)))).convert("RGBA")))


def filling(picture: np.ndarray) -> np.ndarray:
    """Cut a picture [h, w, 4] to what is seen of it, and fit this into the square, its longer side from edge to edge."""
    cut = Image.fromarray(picture)
    box = cut.getchannel("A").point(lambda opacity: 255 * (opacity > 12)).getbbox()  # noqa: PLR2004 (fainter is not seen)
    premultiplied = cut.crop(box).convert("RGBa")
    scale = SIDE / max(premultiplied.size)
    width, height = (max(1, round(scale * side)) for side in premultiplied.size)
    square = Image.new("RGBa", (SIDE, SIDE))
    square.paste(premultiplied.resize((width, height), Image.Resampling.LANCZOS), ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.asarray(square.convert("RGBA"))
