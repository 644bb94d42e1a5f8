"""Edits that the real programs stumbled over: chains of fades, retimed media, movies with their own sound, pieces of one film."""

import dataclasses
import math
from fractions import Fraction

import av
import numpy as np
import pytest

from core.handover.export import export
from core.handover.movie import CODECS, SoundPart, write_movie
from core.handover.reading import read_edit
from core.protocol import Clip, Colour, Crossfade, Edit, Gap, MediaFile, MovieKind, Text, Track, VolumePoint
from core.sync_card import read_card
from tests import sounds
from tests.editors import programs, scene

FADE = Crossfade(in_frames=4, out_frames=6)
RATES = [Fraction(24_000, 1001), Fraction(24), Fraction(25), Fraction(30_000, 1001), Fraction(30), Fraction(60_000, 1001)]
STARTS = {Fraction(2): 8, Fraction(3, 2): 12, Fraction(1, 2): 13, Fraction(3): 18, Fraction(6, 5): 12}


@pytest.fixture(scope="module")
def movie(media):
    """A movie of the third section's cards, with clicks: 400 frames."""
    paths = [scene.picture_path(media, (frame, 3)) for frame in range(400)]
    sound = SoundPart(path=media / "clicks.wav", start_seconds=Fraction(0), duration_seconds=Fraction(10))
    write_movie(media / "own sound.mov", paths, fps=Fraction(25), codec=CODECS[MovieKind.PRORES_422_HQ], sound=sound)
    return MediaFile(path=str(media / "own sound.mov"), frame_count=400)


def _clip(medium, frame_count, *, start=0, name="Clip", **more):
    return Clip(name=name, media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


def _edit(*tracks, fps=25):
    """Tracks as ("video", items ...)."""
    made = tuple(Track(name=f"T{number}", kind=kind, items=tuple(items)) for number, (kind, *items) in enumerate(tracks))
    return Edit(name="Edit", fps=Fraction(fps), tracks=made, width=scene.CARD_SIZE, height=scene.CARD_SIZE)


def _pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _stumbling(media, movie):
    first = scene.sequence(media, 1)
    fades = (
        _clip(first, 20, start=10, name="A"),
        FADE,
        _clip(first, 20, start=40, name="B"),
        Gap(frame_count=5),
        _clip(first, 10, start=60),
    )
    again = (_clip(first, 20, start=10, name="C"), FADE, _clip(first, 20, start=40, name="D"), FADE, _clip(first, 20, start=70, name="E"))
    fast = _clip(movie, 30, start=10, name="Fast", speed=Fraction(2))
    own, quick = _clip(movie, 30, start=10, name="Own"), _clip(movie, 20, start=50, name="Quick", speed=Fraction(2))
    return _edit(("video", *fades, *again, _clip(first, 10, start=5)), ("video", Gap(frame_count=130), fast), ("audio", own, quick))


def test_kdenlive_finds_no_problems_in_our_projects(root, media, movie):
    file, seen = media / "stumbling.kdenlive", media / "windows"
    export(_stumbling(media, movie), file)
    programs.with_screen(root, "kdenlive_windows.sh", str(file), str(seen), folder=media, log=f"{file.name}.window.log", seconds=600)
    windows = seen.read_text()
    assert "stumbling" in windows
    assert "Problems" not in windows


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_a_retimed_movie_shows_beside_its_own_sound(root, media, movie, ending, render):
    fast, own = _clip(movie, 30, start=10, name="Fast", speed=Fraction(2)), _clip(movie, 30, start=10, name="Own")
    quick = _clip(movie, 30, start=20, name="Quick", speed=Fraction(2))
    file = media / f"retimed{ending}"
    export(_edit(("video", fast), ("audio", own), ("audio", quick)), file)
    assert [read_card(picture) for picture in _pictures(render(root, file))] == [(10 + 2 * n, 3) for n in range(30)]


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_words_show_over_what_lies_below(root, media, ending, render):
    ground = _clip(Colour(red=1, green=0, blue=0), 20)
    file = media / f"words{ending}"
    export(_edit(("video", ground), ("video", Gap(frame_count=10), _clip(Text(words="Words"), 10))), file)
    pictures = _pictures(render(root, file))
    difference = np.abs(pictures[15].astype(int) - pictures[5]).max(axis=2) > 100
    assert 0.002 < difference.mean() < 0.5


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_a_volume_that_changes_sounds_as_it_was_drawn(root, media, ending, render):
    points = [(0, 0.0), (25, 1.0), (60, 1.0), (80, 0.25)]
    tone = 0.4 * np.sin(2 * np.pi * 440 * np.arange(20 * 48_000) / 48_000)
    sounds.write(media / "tone.wav", tone, 48_000)
    sound = _clip(MediaFile(path=str(media / "tone.wav"), frame_count=500), 100, start=50, volume=0.7)
    sound = dataclasses.replace(sound, volume_points=tuple(VolumePoint(frame=frame, volume=volume) for frame, volume in points))
    file = media / f"volume{ending}"
    export(_edit(("video", _clip(scene.sequence(media, 3), 110)), ("audio", Gap(frame_count=10), sound)), file)
    heard = _loudness(render(root, file))[10:110] / 0.4
    drawn = np.interp(np.arange(100) + 0.5, *zip(*points, strict=True))
    np.testing.assert_allclose(heard, drawn, atol=0.08)


def _loudness(path):
    """Give the loudest sample of each frame at 25 frames a second: float64 [n]."""
    to_mono = av.AudioResampler(format="fltp", layout="mono", rate=48_000)
    with av.open(str(path)) as container:
        blocks = [block.to_ndarray()[0] for frame in container.decode(audio=0) for block in to_mono.resample(frame)]
    samples = np.abs(np.concatenate(blocks))
    return samples[: len(samples) // 1920 * 1920].reshape(-1, 1920).max(axis=1)


@pytest.mark.parametrize("fps", RATES)
def test_retimed_pictures_never_judder(root, media, fps):
    """Frame n shows picture floor(start + n * speed): MLT rounds down, and must not fall below."""
    cards = scene.sequence(media, 3)
    clips = [_clip(cards, 60, start=start, speed=speed) for speed, start in STARTS.items()]
    file = media / f"speeds {fps.numerator}.mlt"
    assert export(_edit(("video", *clips), fps=fps), file).warnings == ()
    shown = [(math.floor(start + n * speed), 3) for speed, start in STARTS.items() for n in range(60)]
    assert [read_card(picture) for picture in _pictures(programs.melt(root, file))] == shown


def test_pieces_of_one_film_keep_their_settings_where_kdenlive_saved_them(root, media):
    edit = _pieces(media)
    file, saved = media / "pieces.kdenlive", media / "pieces saved.kdenlive"
    export(edit, file)
    programs.with_screen(root, "kdenlive_save.sh", str(file), str(saved), folder=media, log=f"{file.name}.window.log", seconds=600)
    assert _settings(read_edit(saved).edit) == _settings(edit)


def test_pieces_of_one_film_keep_their_settings_where_shotcut_saved_them(root, media):
    edit = _pieces(media)
    file = media / "pieces.mlt"
    export(edit, file)
    programs.with_screen(root, "shotcut_save.sh", str(file), folder=media, log=f"{file.name}.window.log", seconds=600)
    assert _settings(read_edit(file).edit) == _settings(edit)


def _pieces(media):
    cards = scene.sequence(media, 1)
    settings = ['{"film":"1","seed":1}', '{"film":"1","seed":2}', '{"film":"1","seed":1}', ""]
    clips = [_clip(cards, 20, start=5 + 20 * n, name=f"Piece {n}", metadata=told) for n, told in enumerate(settings)]
    return dataclasses.replace(_edit(("video", *clips)), name="Pieces")


def _settings(edit):
    return [(clip.metadata, clip.source_start, clip.frame_count) for clip in edit.tracks[0].items]
