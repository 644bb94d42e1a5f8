"""melt and the real Kdenlive render what was exported, without a screen: every frame and every click stands where it should."""

import dataclasses
from fractions import Fraction

import av
import numpy as np
import pytest

from core.handover.export import export
from core.pictures import encode_png
from core.protocol import Clip, Colour, Crossfade, Edit, ExportOptions, Gap, MediaFile, Still, Text, Track
from core.sync_card import draw_card, read_card
from tests.editors import programs, scene


@pytest.mark.parametrize("fps", scene.RATES)
def test_melt_shows_every_frame_pixel_for_pixel(root, media, fps):
    made = scene.make(media, fps)
    file = media / f"melt {fps.numerator}.mlt"
    assert export(made.edit, file).warnings == ()
    scene.check_render(programs.melt(root, file), made, folder=media, exact=True)


@pytest.mark.parametrize("fps", scene.RATES)
def test_kdenlive_shows_every_frame(root, media, fps):
    made = scene.make(media, fps)
    file = media / f"kdenlive {fps.numerator}.kdenlive"
    assert export(made.edit, file).warnings == ()
    scene.check_render(programs.kdenlive_render(root, file), made, folder=media, exact=False)


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_a_collected_folder_can_be_moved(root, media, tmp_path, ending, render):
    made = scene.make(media, Fraction(25))
    before = tmp_path / "here"
    export(made.edit, before / f"film{ending}", options=ExportOptions(collect=True))
    there = before.rename(tmp_path / "moved there")
    scene.check_render(render(root, there / f"film{ending}"), made, folder=media, exact=ending == ".mlt")


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_names_that_programs_stumble_over_are_copied(root, tmp_path, ending, render):
    folder = tmp_path / "100 %d # ? 日本" / "a:b"
    folder.mkdir(parents=True)
    for frame in range(10):
        (folder / f"x%_{frame:06d}.png").write_bytes(encode_png(draw_card(frame=frame)))
    frames = dataclasses.replace(scene.sequence(tmp_path, 1), folder=str(folder), prefix="x%_", frame_count=10)
    edit = Edit(name="Odd", fps=Fraction(25), tracks=(_pictures(_clip(frames, 6, start=2)),))
    done = export(edit, tmp_path / f"film{ending}")
    assert "copies lie in" in done.warnings[0]
    assert _cards(render(root, done.path)) == [(n, 0) for n in range(2, 8)]


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_tracks_lie_over_each_other_and_speed_volume_stills_and_colours_hold(root, media, ending, render):
    """From below: a red ground; cards at half speed, then a muted clip, then a still; words over all of it at the end."""
    red = Clip(name="Ground", media=Colour(red=1, green=0, blue=0), source_start=Fraction(0), frame_count=60)
    slow = dataclasses.replace(_clip(scene.sequence(media, 2), 20, start=10), speed=Fraction(1, 2))
    muted = dataclasses.replace(_clip(scene.sequence(media, 1), 10), enabled=False)
    still = Clip(name="Still", media=Still(path=str(scene.picture_path(media, (7, 3)))), source_start=Fraction(0), frame_count=20)
    words = Clip(name="Words", media=Text(words="Ünï #1"), source_start=Fraction(0), frame_count=5)
    half = Clip(
        name="Half",
        media=MediaFile(path=str(media / "clicks.wav"), frame_count=250),
        source_start=Fraction(0),
        frame_count=60,
        volume=0.5,
    )
    edit = Edit(
        name="Tracks",
        fps=Fraction(25),
        tracks=(
            _pictures(red),
            _pictures(Gap(frame_count=5), slow, muted, still),
            _pictures(Gap(frame_count=55), words),
            Track(name="Sound", kind="audio", items=(half,)),
        ),
        width=256,
        height=256,
    )
    file = media / f"tracks{ending}"
    export(edit, file)
    movie = render(root, file)
    pictures = _pictures_of(movie)
    assert len(pictures) == 60
    assert all(_is_red(pictures[number]) for number in [*range(5), *range(26, 34)])
    shown = [read_card(pictures[number])[0] - 10 for number in range(5, 25)]
    np.testing.assert_allclose(shown, np.arange(20) // 2, atol=0 if ending == ".mlt" else 1)  # Kdenlive rounds to a frame of its own
    assert [read_card(pictures[number]) for number in range(36, 55)] == [(7, 3)] * 19
    assert np.abs(pictures[57].astype(int) - pictures[30]).max() > 100  # words over the red ground
    assert _loudest(movie) == pytest.approx(_loudest(media / "clicks.wav") / 2, rel=0.02)


@pytest.mark.parametrize(("ending", "render"), [(".mlt", programs.melt), (".kdenlive", programs.kdenlive_render)])
def test_sounds_fade_into_each_other(root, media, ending, render):
    sound = MediaFile(path=str(media / "clicks.wav"), frame_count=250)
    first = Clip(name="First", media=sound, source_start=Fraction(0), frame_count=50)
    second = Clip(name="Second", media=sound, source_start=Fraction(100), frame_count=50)
    items = (first, Crossfade(in_frames=10, out_frames=10), second)
    edit = Edit(
        name="Fade", fps=Fraction(25), tracks=(_pictures(_clip(scene.sequence(media, 1), 100)), Track(name="S", kind="audio", items=items))
    )
    file = media / f"sounds{ending}"
    export(edit, file)
    clicks = scene.heard_clicks(render(root, file))
    expected = np.array([0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75])  # both sounds click at the same places here
    assert all(np.abs(clicks - time).min() < 0.001 for time in expected)


def _pictures(*items):
    return Track(name="Pictures", kind="video", items=items)


def _clip(frames, frame_count, *, start=0):
    return Clip(name="Clip", media=frames, source_start=Fraction(start), frame_count=frame_count)


def _pictures_of(movie):
    with av.open(str(movie)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def _cards(movie):
    return [read_card(picture) for picture in _pictures_of(movie)]


def _is_red(picture):
    red, green, blue = picture.reshape(-1, 3).mean(axis=0)
    return red > 240 and max(green, blue) < 15


def _loudest(path):
    to_mono = av.AudioResampler(format="fltp", layout="mono", rate=48_000)
    with av.open(str(path)) as container:
        return max(float(np.abs(block.to_ndarray()).max()) for frame in container.decode(audio=0) for block in to_mono.resample(frame))
