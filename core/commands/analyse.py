"""``analyse``: what is heard in a song: tempo and beats, pitch, loudness, parts. Results go to standard output."""

import json
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..protocol import printable
from .asking import cache_folder
from .telling import say

if TYPE_CHECKING:
    from ..sound.features import Features
    from ..sound.structure import Part

BANDS = ("low", "mid", "high")
NAMED_PITCHES = 5


def add(commands: Any) -> None:
    """Name the command's words."""
    command = commands.add_parser("analyse", help="tell what is heard in a song: tempo, beats, pitch, loudness, parts that are alike")
    command.add_argument("sound", type=Path, metavar="SONG", help="a sound file, or a movie with sound")
    command.add_argument(
        "--out", type=Path, metavar="FILE.npz", help="write all curves, one value for each 1/43 of a second, and the beats"
    )
    command.add_argument("--json", action="store_true", help="the result as one JSON line, with all beats")
    command.add_argument("--cache", type=Path, help="where analysed sounds are kept (the user's cache folder)")
    command.set_defaults(run=run)


def run(options: Namespace) -> None:
    """Listen, and tell."""
    from ..sound import features, structure
    from ..sound.listening import load

    heard = load(options.sound.absolute(), (options.cache or cache_folder()) / "sounds")
    if options.out:
        features.save(heard, options.out, digest=features.file_digest(options.sound))
    for note in heard.notes:
        say(f"Note: {note}")
    summary = _summary(options.sound, heard, structure.suggest(heard))
    lines = [json.dumps(summary, ensure_ascii=False)] if options.json else _lines(summary)
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _summary(sound: Path, heard: "Features", parts: "Sequence[Part]") -> dict[str, Any]:
    """Put into plain words and numbers what is heard."""
    from ..sound.features import CONTROL_RATE

    return {
        "sound": str(sound),
        "seconds": round(len(heard.energy) / float(CONTROL_RATE), 2),
        "tempo": round(float(heard.tempo), 2),
        "beats_seconds": [round(float(time), 3) for time in heard.beat_times],
        "pitch_classes": _pitch_classes(heard),
        "bands_db": _bands_db(heard),
        "parts": [{name: round(value, 3) if isinstance(value, float) else value for name, value in vars(part).items()} for part in parts],
    }


def _pitch_classes(heard: "Features") -> dict[str, float]:
    """Give each pitch class's share of what rings, the greatest first; none in silence."""
    import numpy as np

    from ..sound.hearing import PITCH_CLASSES

    power = (heard.harmonic_chroma.astype(np.float64) ** 2 * heard.chroma_energy).sum(axis=1)
    whole = power.sum()
    return {PITCH_CLASSES[pitch]: round(float(power[pitch] / whole), 3) for pitch in np.argsort(-power, kind="stable")} if whole > 0 else {}


def _bands_db(heard: "Features") -> dict[str, float | None]:
    """Give the mean level of low, mid and high sound over that of the loudest of them, in dB; None where there is no sound."""
    import numpy as np

    power = heard.bands.mean(axis=1, dtype=np.float64)
    loudest = power.max()
    return {name: round(float(10 * np.log10(one / loudest)), 1) if one > 0 else None for name, one in zip(BANDS, power, strict=True)}


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    from ..canvas import clock

    yield f"{summary['sound']}, {clock(summary['seconds'], exact=True)}"
    beats = summary["beats_seconds"]
    yield f"tempo    {summary['tempo']:.0f} beats a minute, {len(beats)} beats from {beats[0]:.2f} s on" if beats else "tempo    no beats"
    pitches = list(summary["pitch_classes"].items())[:NAMED_PITCHES]
    yield f"pitch    {', '.join(f'{name} {share:.0%}' for name, share in pitches) or 'none'}"
    bands = summary["bands_db"].items()
    yield f"loudness {', '.join(f'{name} {level:g} dB' for name, level in bands if level is not None) or 'silence'}"
    for number, part in enumerate(summary["parts"], start=1):
        begin, end = (clock(part[edge], exact=True) for edge in ("start_seconds", "end_seconds"))
        likeness = "" if part["alike"] is None else f"   {part['likeness']:.0%} like part {part['alike'] + 1}"
        yield f"part {number:<3} {begin:>9} ... {end:>9}   {part['label']}{likeness}"
