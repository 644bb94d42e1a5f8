"""From words to a request: the options that `render`, `vectors` and `plot` share, and what they ask for."""

import argparse
import math
import os
from argparse import Namespace
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from .. import PROGRAM
from ..protocol import (
    AUTO,
    EMBEDDED_MODELS,
    EMBEDDED_SIZES,
    PARAMETERS,
    PUBLISHED_SIZES,
    ChooseClasses,
    Cue,
    Look,
    Machine,
    Model,
    Precision,
    RenderRequest,
    Settings,
    Stem,
    UserError,
    default_of,
    is_midi,
    line_table,
)
from ..protocol.shape import Widening
from . import reading, words
from .telling import say

DEFAULT_ASPECT = Fraction(16, 9)
"""What a film is watched in; in Blender it is the scene's."""


def add(command: argparse.ArgumentParser) -> None:
    """Add the song and all that may be said about its film."""
    command.add_argument("sound", metavar="SONG", help="a sound file, or a movie with sound")
    command.add_argument("--fps", type=words.fps, default=Fraction(25), help="frames a second, as 24 or 30000/1001 (25)")
    command.add_argument("--start", type=words.rational, default=Fraction(0), metavar="SECONDS", help="where in the song to begin (0)")
    command.add_argument("--seconds", type=words.length, metavar="SECONDS", help="how much of it to draw (all)")
    built_in = ", ".join(str(model) for model in Model if model != Model.OWN)
    command.add_argument(
        "--model",
        default=str(Settings.model),
        metavar="NAME",
        help=f"what draws: {built_in}, or one of your own networks as `models list` names them ({Settings.model})",
    )
    command.add_argument(
        "--look", choices=[str(look) for look in Look], default=str(Look.CHROMASTRIP), help=f"how music becomes motion ({Look.CHROMASTRIP})"
    )
    command.add_argument(
        "--classes", nargs="+", default=[], metavar="NAME", help="the things: names or numbers of ImageNet classes (chosen by the seed)"
    )
    command.add_argument(
        "--describe",
        metavar="WORDS",
        help="the things in free words, as: a stormy sea at night; --classes come first (a section: describe=WORDS)",
    )
    command.add_argument(
        "--exclude", nargs="+", default=[], metavar="NAME", help="things or kinds of things (as: spiders) that nobody but you may choose"
    )
    command.add_argument(
        "--lyrics", type=Path, metavar="FILE", help="let the words choose the things, and change them as they are sung: text, LRC, SRT, VTT"
    )
    command.add_argument(
        "--classes-from",
        type=Path,
        metavar="TABLE",
        help="the things of a table that `classes --lyrics FILE --table TABLE` or `cues --table TABLE` wrote",
    )
    command.add_argument(
        "--section",
        nargs="+",
        action="append",
        default=[],
        metavar=("BEGIN:END", "NAME=VALUE"),
        help="other settings between two times of the film, in seconds, landing on it without a jump; may be given several times",
    )
    command.add_argument(
        "--curve",
        action="append",
        default=[],
        metavar="NAME=TIME:VALUE,...",
        help="let a number change over the song, as truncation=0:0.4,30:1; or name a file with one value for each control frame",
    )
    command.add_argument("--motion-sound", type=Path, metavar="FILE", help="what drives the motion instead of the song, as a drum track")
    command.add_argument("--class-sound", type=Path, metavar="FILE", help="what drives the things instead of the song, as a voice")
    _add_midi(command)
    command.add_argument(
        "--beats", metavar="SECONDS,...", help="when the song's beats fall, if not where they are heard; or a text file of them"
    )
    command.add_argument("--bars", metavar="SECONDS,...", help="when its bars begin, if not where they are heard: the cue sheet cuts there")
    command.add_argument("--loop", action="store_true", help="the last frame leads into the first, without a seam")
    command.add_argument(
        "--loop-bars", type=words.bars, metavar="A:B", help="a loop of these bars of the song, as 9:13 for four, from bar line to bar line"
    )
    command.add_argument("--features", type=Path, metavar="FILE.npz", help="what `analyse --out` wrote, perhaps edited, to go by")
    command.add_argument("--aspect", type=words.aspect, metavar="WIDTH:HEIGHT", help="the pictures' shape, as 9:16 or 1:1 (16:9)")
    command.add_argument("--width", type=int, metavar="N", help="with --height, in place of --aspect: the frames' exact size in pixels")
    command.add_argument("--height", type=int, metavar="N")
    command.add_argument(
        "--widening",
        choices=[str(widening) for widening in Widening],
        help="where pictures that are no squares get their other parts from (as suits the model)",
    )
    command.add_argument("--size", type=int, metavar="N", help=f"{PARAMETERS['size'].help} (embedded models: the one that they have; 128)")
    for name in [name for name in PARAMETERS if name != "size"]:
        command.add_argument(
            f"--{name.replace('_', '-')}", type=type(getattr(Settings(), name)), metavar="N", help=_parameter_help(name).replace("%", "%%")
        )
    command.add_argument(
        "--device",
        default=AUTO,
        help="what draws: cpu, mps, cuda, cuda:1, cards as cuda:0,cuda:1 or cuda:* (auto: the fastest that there is, all its cards)",
    )
    command.add_argument(
        "--precision",
        choices=[str(precision) for precision in Precision],
        default=AUTO,
        help="what numbers the network calculates in (auto: what the device is fastest in)",
    )
    command.add_argument("--cache", type=Path, help="where drawn pictures are kept (the user's cache folder)")


def _add_midi(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--midi",
        type=Path,
        metavar="FILE.mid",
        help="the song as MIDI: its beats and bars, its drums for the motion, other notes for things",
    )
    command.add_argument(
        "--midi-offset", type=words.rational, default=Fraction(0), metavar="SECONDS", help="where in the song the MIDI file begins (0)"
    )
    notes = "channels (10), keys of a channel (10:36) or names of tracks, with commas between; all, or none: the song"
    command.add_argument("--midi-motion", default="", metavar="NOTES", help=f"which of its notes move the picture: {notes} (drums)")
    command.add_argument("--midi-classes", default="", metavar="NOTES", help="which of its notes the things follow (all but drums)")


def _parameter_help(name: str) -> str:
    parameter, default = PARAMETERS[name], getattr(Settings(), name)
    other = default_of(name, model=Model.BIGGAN, look=Look.CHROMASTRIP)
    others = "" if other == default else f", other models and the originals' looks {other:g}"
    return f"{parameter.help} ({parameter.minimum:g} ... {parameter.maximum:g}; {default:g}{others})"


def request(options: Namespace) -> RenderRequest:
    """Make the request that the words ask for; its frames go to the cache folder."""
    sound = Path(options.sound).absolute()
    settings = _settings(options)
    request = RenderRequest(
        name=sound.stem,
        sound_path=str(sound),
        source_start_seconds=options.start,
        frame_count=math.ceil(_seconds(options, sound) * options.fps),
        fps=options.fps,
        settings=settings,
        sections=tuple(reading.section(_described_section(said, options, settings), settings, fps=options.fps) for said in options.section),
        motion_stem=_stem(options.motion_sound, options) or _midi(options, options.midi_motion),
        class_stem=_stem(options.class_sound, options) or _midi(options, options.midi_classes),
        features_path=str(options.features.absolute()) if options.features else "",
        beats_seconds=reading.beats(options.beats) if options.beats else (),
        bars_seconds=reading.beats(options.bars) if options.bars else (),
        frames_folder=str(cache_folder() / "films"),
        cache_folder=str(options.cache or cache_folder()),
        frame_size=(options.width, options.height) if options.width is not None else None,
        machine=Machine(device=options.device, precision=Precision(options.precision)),
        by_stamps=True,
    )
    return request if options.loop_bars is None else _of_bars(request, options.loop_bars)


def _of_bars(request: RenderRequest, bars: range) -> RenderRequest:
    """Ask for some bars of the song only, as many whole frames as they last."""
    from ..sound.listening import listen
    from ..walk.bars import passage_of_bars

    begin, end = passage_of_bars(listen(request), bars, bars_seconds=request.bars_seconds)
    say(f"Bars {bars.start}:{bars.stop} last from {float(begin):.3f} s to {float(end):.3f} s.")
    stems = {name: stem and replace(stem, source_start_seconds=begin) for name, stem in _stems(request).items()}
    return replace(request, source_start_seconds=begin, frame_count=max(1, round((end - begin) * request.fps)), **stems)


def _stems(request: RenderRequest) -> dict[str, Stem | None]:
    return {"motion_stem": request.motion_stem, "class_stem": request.class_stem}


def inputs(options: Namespace) -> tuple[Path | None, ...]:
    """Give the files that the words name to be read."""
    others = ("motion_sound", "class_sound", "midi", "features", "lyrics", "classes_from")
    return (Path(options.sound), *(getattr(options, name) for name in others))


def cache_folder() -> Path:
    """Give the user's cache folder for us."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chromastrip"


def _seconds(options: Namespace, sound: Path) -> Fraction:
    if options.loop_bars is not None and (options.seconds is not None or options.start):
        raise UserError("--loop-bars and --start or --seconds both say which part of the song to draw.", "Give one of them.")
    if options.seconds is not None:
        return options.seconds
    from ..sound import audio

    seconds = Fraction(len(audio.load(sound)), audio.SAMPLE_RATE)
    if options.start >= seconds:
        raise UserError(
            f"“{sound.name}” ends at {float(seconds):.1f} s.", f"Set --start to less than that; it is {float(options.start):.1f} s."
        )
    return seconds - options.start


def _settings(options: Namespace) -> Settings:
    model, size = _model(options.model)
    numbers: dict[str, Any] = {name: getattr(options, name) for name in PARAMETERS if getattr(options, name) is not None}
    numbers = {name: default_of(name, model=model, look=Look(options.look)) for name in PARAMETERS} | numbers
    vars(options).update({name: value for name, value in numbers.items() if name != "size"})  # whoever asks for lyrics' things wants them
    numbers["size"] = _size(model, size or options.size)
    classes, cues = _things(options)
    if classes:
        numbers["class_count"] = len(classes)
    return Settings(
        model=model,
        own_model=options.model if model == Model.OWN else "",
        look=Look(options.look),
        aspect=_aspect(options),
        widening=Widening(options.widening) if options.widening else None,
        classes=classes,
        excluded=reading.excluded(options.exclude),
        cues=cues,
        curves=tuple(reading.curve(said) for said in options.curve),
        loop=options.loop or options.loop_bars is not None,
        **numbers,
    )


def _size(model: Model, said: int | None) -> int:
    """Give the size that is asked for; nothing said: the model's own, or the smallest."""
    own = EMBEDDED_SIZES.get(model)
    if said in PUBLISHED_SIZES and own and said != own:  # other numbers are refused as no size at all
        raise UserError(
            f"The model “{EMBEDDED_MODELS[model]}” draws {own} px, not {said} px.", f"Set --size to {own}, or --model to {Model.BIGGAN}."
        )
    return said or own or min(PUBLISHED_SIZES)


def _aspect(options: Namespace) -> Fraction:
    """Give the pictures' width by height, by one of two ways to say it."""
    if options.width is None and options.height is None:
        return DEFAULT_ASPECT if options.aspect is None else options.aspect
    if options.aspect is not None:
        raise UserError("--aspect and --width with --height both say the shape.", "Give one of them.")
    if options.width is None or options.height is None or min(options.width, options.height) < 1:
        raise UserError(f"Frames would be {options.width} x {options.height} px.", "Give both --width and --height, in pixels.")
    return Fraction(options.width, options.height)


def _model(name: str) -> tuple[Model, int]:
    """Tell which kind of model a name means, and its size if the name holds it: "biggan-deep-512" is "biggan-deep" at 512 px."""
    kind, _, size = name.rpartition("-")
    if kind == Model.BIGGAN and size.isdecimal():
        return Model.BIGGAN, int(size)
    known = {str(model): model for model in Model}
    return known.get(name, Model.OWN), 0


def _things(options: Namespace) -> tuple[tuple[int, ...], tuple[Cue, ...]]:
    """Give the film's classes and its timed words: by name, by table, or by lyrics; none: the seed chooses."""
    first = "describe" if options.describe is not None else "classes"  # described things follow those that are named
    ways = [f"--{name.replace('_', '-')}" for name in (first, "classes_from", "lyrics") if getattr(options, name)]
    if len(ways) > 1:
        raise UserError(f"{' and '.join(ways)} both choose the things.", "Give one of them.")
    if options.classes_from:
        from ..words.class_table import read_table

        table = read_table(options.classes_from)
        _check_sound(table.sound, options)
        return tuple(thing.class_id for thing in table.things), line_table.cues(table.rows)
    if options.lyrics:
        return _of_lyrics(options)
    named = tuple(reading.thing(name) for name in options.classes)
    if options.describe is None:
        return named, ()
    count = max(options.class_count, len(named))
    found = _described(options.describe, options, count=count)
    return tuple(dict.fromkeys((*named, *found)))[:count], ()


def _check_sound(digest: str, options: Namespace) -> None:
    """Refuse a cue sheet that was written for another sound."""
    from ..sound.features import file_digest

    if digest and Path(options.sound).is_file() and file_digest(Path(options.sound)) != digest:
        raise UserError(f"The cue sheet in “{options.classes_from}” is another sound's.", f"Write one for this sound: {PROGRAM} cues.")


def _of_lyrics(options: Namespace) -> tuple[tuple[int, ...], tuple[Cue, ...]]:
    from ..words.choosing_job import answer

    chosen = answer(
        ChooseClasses(
            job_id="",
            cache_folder=str(options.cache or cache_folder()),
            lyrics_path=str(options.lyrics.absolute()),
            class_count=options.class_count,
            seed=options.seed,
            blocklist=tuple(options.exclude),
            with_mood=options.mood > 0,
        )
    )
    for warning in chosen.warnings:
        say(f"Note: {warning}")
    return tuple(thing.class_id for thing in chosen.things), line_table.cues(chosen.rows)


def _described(words: str, options: Namespace, *, count: int) -> tuple[int, ...]:
    """Find classes for free words."""
    from ..words.choosing_job import answer

    chosen = answer(
        ChooseClasses(
            job_id="",
            cache_folder=str(options.cache or cache_folder()),
            description=words or " ",
            class_count=count,
            blocklist=tuple(options.exclude),
            well_drawn=_model(options.model)[0] == Model.EMOJI,
        )
    )
    for warning in chosen.warnings:
        say(f"Note: {warning}")
    return tuple(thing.class_id for thing in chosen.things)


def _described_section(said: list[str], options: Namespace, settings: Settings) -> list[str]:
    """Put classes in the place of a section's description."""
    word = "describe="
    return [
        f"classes={','.join(map(str, _described(change.removeprefix(word), options, count=settings.class_count)))}"
        if change.startswith(word)
        else change
        for change in said
    ]


def _stem(sound: Path | None, options: Namespace) -> Stem | None:
    """Take a stem to begin when the song does."""
    return None if sound is None else Stem(sound_path=str(sound.absolute()), source_start_seconds=options.start)


def _midi(options: Namespace, notes: str) -> Stem | None:
    """Take the MIDI file to begin where its offset says."""
    if options.midi is None:
        if notes or options.midi_offset:
            raise UserError("Notes of a MIDI file are asked for, and no file.", "Name it: --midi FILE.mid.")
        return None
    if options.motion_sound and options.class_sound:
        raise UserError("--midi, --motion-sound and --class-sound are three sounds for two things.", "Leave one of them out.")
    if not is_midi(str(options.midi)):
        raise UserError(f"“{options.midi}” is not called as MIDI files are.", "Name a file that ends in .mid or .midi.")
    return Stem(sound_path=str(options.midi.absolute()), source_start_seconds=options.start - options.midi_offset, notes=notes)
