"""Sounds to measure with: the project's own song, repeated to any length, and music that people made for games."""

from collections.abc import Mapping
from pathlib import Path

import soundfile

from tools import debian
from tools.environments import ROOT

DEMO_SONG = ROOT / "tools" / "demo_song.ogg"

GAME_MUSIC = {
    "piano and strings": ("extremetuxracer-data", "usr/share/games/etr/music/calmrace-ks.ogg"),
    "a race's drums": ("extremetuxracer-data", "usr/share/games/etr/music/race1-jt.ogg"),
    "a song": ("extremetuxracer-data", "usr/share/games/etr/music/credits1-cp.ogg"),
    "dance": ("extremetuxracer-data", "usr/share/games/etr/music/freezingpoint.ogg"),
    "ocean, calm": ("hyperrogue-music", "usr/share/hyperrogue/music/hr-savino-ocean.ogg"),
    "crossroads, calm": ("hyperrogue-music", "usr/share/hyperrogue/music/hr3-crossroads.ogg"),
    "chip disco": ("supertux-data", "usr/share/games/supertux2/music/antarctic/chipdisko.ogg"),
    "forest, calm": ("supertux-data", "usr/share/games/supertux2/music/forest/shallow-green.ogg"),
    "halloween": ("supertux-data", "usr/share/games/supertux2/music/misc/halloween_1.ogg"),
    "blues": ("lincity-ng-data", "usr/share/games/lincity-ng/music/default/02 - Robert van Herk - City Blues.ogg"),
}
"""Package of Debian (its copyright file names author and licence), and the file in it."""

HELD_OUT = {
    "held out: a hunt": ("supertux-data", "usr/share/games/supertux2/music/forest/wisphunt.ogg"),
    "held out: a jungle": ("hyperrogue-music", "usr/share/hyperrogue/music/hr3-jungle.ogg"),
    "held out: a battle": ("asc-music", "usr/share/games/asc/music/time_to_strike.mp3"),
    "held out: a city": ("lincity-ng-data", "usr/share/games/lincity-ng/music/default/01 - pronobozo - lincity.ogg"),
}
"""Four that nobody had listened to when everything was tuned."""


def game_music(tracks: Mapping[str, tuple[str, str]] = GAME_MUSIC) -> dict[str, Path]:
    """Give tracks by name, fetched once: 310 MB of packages.

    Raises
    ------
    NoPackageError
        If they are not here and cannot be fetched, see `debian.unpacked`.
    """
    return {name: debian.unpacked(package) / file for name, (package, file) in tracks.items()}


def write_song(path: Path, *, seconds: float) -> Path:
    """Write a song of exactly that length, in the format that `path`'s suffix names."""
    samples, rate = soundfile.read(DEMO_SONG, dtype="float32")  # [n, 2]
    left = round(seconds * rate)
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=samples.shape[1]) as song:
        while left > 0:
            for first in range(0, min(left, len(samples)), rate):  # a second at a time: libsndfile's Vorbis encoder dies of long blocks
                song.write(samples[first : min(first + rate, left)])
            left -= len(samples)
    return path
