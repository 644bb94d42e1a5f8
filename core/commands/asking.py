"""From words to a request: the options that `render`, `vectors` and `plot` share, and what they ask for."""

import argparse
import math
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..protocol import PARAMETERS, Look, Model, RenderRequest, Section, Settings, UserError
from . import words

SECTION_READERS: dict[str, Callable[[str], Any]] = {
    **{name: type(getattr(Settings(), name)) for name in PARAMETERS if name != "size"},
    "look": Look,
    "classes": lambda text: tuple(int(number) for number in text.split(",")),
}
"""What may differ in a section, and how its text is read."""


def add(command: argparse.ArgumentParser) -> None:
    """Add the song and all that may be said about its film."""
    command.add_argument("sound", metavar="SONG", help="a sound file, or a movie with sound")
    command.add_argument("--fps", type=words.fps, default=Fraction(25), help="frames a second, as 24 or 30000/1001 (25)")
    command.add_argument("--start", type=words.rational, default=Fraction(0), metavar="SECONDS", help="where in the song to begin (0)")
    command.add_argument("--seconds", type=words.length, metavar="SECONDS", help="how much of it to draw (all)")
    command.add_argument(
        "--model", choices=[str(model) for model in Model], default=str(Model.ABSTRACT), help=f"what draws ({Model.ABSTRACT})"
    )
    command.add_argument(
        "--look", choices=[str(look) for look in Look], default=str(Look.CHROMASTRIP), help=f"how music becomes motion ({Look.CHROMASTRIP})"
    )
    command.add_argument(
        "--classes", type=int, nargs="+", default=[], metavar="ID", help="ImageNet classes, 0 ... 999 (chosen by the seed)"
    )
    command.add_argument(
        "--section",
        nargs="+",
        action="append",
        default=[],
        metavar=("BEGIN:END", "NAME=VALUE"),
        help="other settings between two times of the film, in seconds, landing on it without a jump; may be given several times",
    )
    for name in PARAMETERS:
        default = getattr(Settings(), name)
        command.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, metavar="N", help=_parameter_help(name).replace("%", "%%")
        )
    command.add_argument("--cache", type=Path, help="where drawn pictures are kept (the user's cache folder)")


def _parameter_help(name: str) -> str:
    parameter, default = PARAMETERS[name], getattr(Settings(), name)
    return f"{parameter.help} ({parameter.minimum:g} ... {parameter.maximum:g}; {default:g})"


def request(options: Namespace) -> RenderRequest:
    """Make the request that the words ask for; its frames go to the cache folder."""
    sound = Path(options.sound).absolute()
    return RenderRequest(
        name=sound.stem,
        sound_path=str(sound),
        source_start_seconds=options.start,
        frame_count=math.ceil(_seconds(options, sound) * options.fps),
        fps=options.fps,
        settings=_settings(options),
        sections=tuple(_section(said, options) for said in options.section),
        frames_folder=str(cache_folder() / "films"),
        cache_folder=str(options.cache or cache_folder()),
    )


def cache_folder() -> Path:
    """Give the user's cache folder for us."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chromastrip"


def _seconds(options: Namespace, sound: Path) -> Fraction:
    if options.seconds is not None:
        return options.seconds
    from .. import audio

    seconds = Fraction(len(audio.load(sound)), audio.SAMPLE_RATE)
    if options.start >= seconds:
        raise UserError(
            f"“{sound.name}” ends at {float(seconds):.1f} s.", f"Set --start to less than that; it is {float(options.start):.1f} s."
        )
    return seconds - options.start


def _settings(options: Namespace) -> Settings:
    return Settings(
        model=Model(options.model),
        look=Look(options.look),
        classes=tuple(options.classes),
        **{name: getattr(options, name) for name in PARAMETERS} | ({"class_count": len(options.classes)} if options.classes else {}),
    )


def _section(said: Sequence[str], options: Namespace) -> Section:
    """Read ``10.0:18.5 truncation=0.4 ...``: seconds of the film, and what differs there."""
    begin, _, end = said[0].partition(":")
    try:
        first_frame, end_frame = round(Fraction(begin) * options.fps), round(Fraction(end) * options.fps)
        changes = dict(_change(word) for word in said[1:])
        landing_seconds = Fraction(changes.pop("landing", "1"))
        settings = replace(_settings(options), **{name: SECTION_READERS[name](value) for name, value in changes.items()})
    except (ValueError, ZeroDivisionError, KeyError) as error:
        raise UserError(
            f"“{' '.join(said)}” is no section ({error}).",
            f"Write it as 10.0:18.5 truncation=0.4, with any of {', '.join(SECTION_READERS)} and landing.",
        ) from error
    return Section(first_frame=first_frame, end_frame=end_frame, settings=settings, landing_seconds=landing_seconds)


def _change(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name.replace("-", "_"), value
