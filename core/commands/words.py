"""Readers of single words (rates, times, numbers) and writers of single files, for all commands."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..protocol import UserError, read_exact
from ..protocol.rates import ntsc_or
from ..protocol.shape import read_aspect

if TYPE_CHECKING:
    from PIL import Image

LONGEST_SECONDS = 24 * 60 * 60
LONGEST_SPAN = 24  # letters


def fps(text: str) -> Fraction:
    """Read a frame rate, 1 ... 240; one with two or three decimals may stand for an NTSC rate, as editors write those."""
    rate = rational(text) if "/" in text else ntsc_or(rational(text))
    if not 1 <= rate <= 240:  # noqa: PLR2004 (what editors know)
        raise argparse.ArgumentTypeError(f"{text} frames a second: choose 1 ... 240, as 25 or 30000/1001")
    return rate


def length(text: str) -> Fraction:
    """Read a length in seconds: more than 0, at most a day."""
    seconds = rational(text)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"{text} seconds: choose more than 0, and at most {LONGEST_SECONDS} (a day)")
    return seconds


def rational(text: str) -> Fraction:
    """Read an exact number."""
    try:
        return read_exact(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number such as 25, 29.97 or 30000/1001") from error


def span(text: str) -> range:
    """Read a span of frames, as 1000:2000: the second one is the frame behind the last."""
    first, colon, end = text.partition(":")
    if not (colon and first.isdecimal() and end.isdecimal() and len(text) <= LONGEST_SPAN):
        raise argparse.ArgumentTypeError(f"{text!r} is no span of frames such as 1000:2000")
    return range(int(first), int(end))


def path_map(text: str) -> tuple[str, str]:
    """Read how a path is called elsewhere and here, as /mnt/films=Z:/films."""
    there, sign, here = text.partition("=")
    if not (there and sign and here):
        raise argparse.ArgumentTypeError(f"{text!r} maps no path to another, as FROM=TO does")
    return there, here


def bars(text: str) -> range:
    """Read bars, as 9:13: the second one is the bar behind the last."""
    try:
        return span(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} are no bars such as 9:13") from error


def aspect(text: str) -> Fraction:
    """Read a shape, width by height, as 16:9 or 1920x1080."""
    try:
        return read_aspect(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def check_picture(out: str) -> None:
    """Refuse a name whose suffix names no format of pictures, before anybody works for it."""
    from PIL import Image

    if Path(out).suffix.lower() not in Image.registered_extensions():
        raise UserError(f"“{out}” names no kind of picture that can be written.", "Name it sheet.png or sheet.jpg.")


def save_picture(picture: "Image.Image", out: str) -> None:
    """Write a picture, whole or not at all; its suffix names the format."""
    from ..files import whole_file

    with whole_file(Path(out)) as temporary:
        try:
            picture.save(temporary)
        except ValueError as error:
            raise UserError(f"“{out}” names no kind of picture that can be written.", "Name it sheet.png or sheet.jpg.") from error
