"""Emoji: which there are, what they are called, and their pictures.

In: Unicode's list (Debian's `unicode-data`) and the font Noto Color Emoji (Debian's `fonts-noto-color-emoji`: SIL Open Font License 1.1,
its drawings Apache License 2.0). Out: names, groups, and pictures with transparency. No flags, and one picture where skin or hair has
variants.
"""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tools.debian import unpacked

STRIKE_SIZE = 109
"""The only size that the font has: pictures of 136 x 128 pixels."""
PICTURE_SIZE = 128
LINE = re.compile(r"(?P<codes>[0-9A-F ]+?)\s*; fully-qualified\s*# (?P<text>\S+) E[0-9.]+ (?P<name>.+)")
VARIANTS = re.compile(r"skin tone|: (?:red|curly|white) hair|: bald|keycap|dark skin|button")
LEFT_OUT = {"Flags", "Component", "Symbols"}


@dataclass(frozen=True, kw_only=True)
class Emoji:
    """A picture that Unicode has a name for.

    Parameters
    ----------
    text
        Its characters.
    name
        As Unicode's list has it, such as "dog face".
    group, subgroup
        Such as "Animals & Nature" and "animal-mammal".
    """

    text: str
    name: str
    group: str
    subgroup: str


@functools.cache
def all_emoji() -> tuple[Emoji, ...]:
    """List what the list and the font both know, in the list's order."""
    text = (unpacked("unicode-data") / "usr/share/unicode/emoji/emoji-test.txt").read_text(encoding="utf-8")
    return tuple(one for one in _listed(text) if not VARIANTS.search(one.name) and one.group not in LEFT_OUT)


def _listed(text: str) -> Iterator[Emoji]:
    group = subgroup = ""
    for line in text.splitlines():
        if line.startswith("# group: "):
            group = line.removeprefix("# group: ")
        elif line.startswith("# subgroup: "):
            subgroup = line.removeprefix("# subgroup: ")
        elif found := LINE.fullmatch(line):
            yield Emoji(text=found["text"], name=found["name"], group=group, subgroup=subgroup)


@functools.cache
def by_name() -> dict[str, Emoji]:
    """Find emoji by their names."""
    return {one.name: one for one in all_emoji()}


def draw(emoji: Emoji) -> np.ndarray:
    """Draw an emoji, centred, as large as the font has it.

    Returns
    -------
    np.ndarray
        uint8 [128, 136, 4], red, green, blue and opacity.

    Raises
    ------
    ValueError
        If the font has no picture of it.
    """
    picture = Image.new("RGBA", (PICTURE_SIZE + 8, PICTURE_SIZE))
    ImageDraw.Draw(picture).text((0, 0), emoji.text, font=_font(), embedded_color=True)
    box = picture.getbbox()
    if box is None:
        raise ValueError(f"The font has no picture of “{emoji.name}”")
    drawn = picture.crop(box)
    centred = Image.new("RGBA", picture.size)
    centred.paste(drawn, ((picture.width - drawn.width) // 2, (picture.height - drawn.height) // 2))
    return np.asarray(centred)


@functools.cache
def _font() -> ImageFont.FreeTypeFont:
    path = unpacked("fonts-noto-color-emoji") / "usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
    # Joined emoji (“polar bear” is a bear and a snowflake) need Raqm, which Pillow's wheels bring.
    return ImageFont.truetype(str(path), STRIKE_SIZE, layout_engine=ImageFont.Layout.RAQM)
