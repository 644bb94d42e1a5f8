"""Curves over films' strips: in the right place to the frame, and nothing at all in the background."""

from fractions import Fraction
from pathlib import Path

import bpy
import pytest

FPS = Fraction(24)
CLICKS = (0.75, 1.5)
BAR = 8  # numbers: four corners


@pytest.fixture
def film(saved_film, add_sound, click_track, wait, films, handles):
    """Give a film of a sound with clicks, on frames 1 ... 48."""
    sound = add_sound(click_track(seconds=2.5, clicks=CLICKS))
    handles.set_right(sound, 49)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    return films()[-1]


@pytest.fixture
def layers(addon, saved_film):
    """Give a function that lays out what is drawn over each strip."""

    def lay_out():
        overlay = addon.overlay
        spans = list(overlay.spans(saved_film.scene))
        return [(span, list(overlay.layers(overlay.read_curves(Path(span.folder)), span))) for span in spans]

    return lay_out


def bars(layer):
    """Read a layer's bars: left edge, right edge and height."""
    corners = layer.corners
    return [(corners[at], corners[at + 4], corners[at + 3] - corners[at + 1]) for at in range(0, len(corners), BAR)]


def highest(layer, *, near, reach=6):
    """Find the left edge of the highest bar near a frame."""
    return max((bar for bar in bars(layer) if abs(bar[0] - near) <= reach), key=lambda bar: bar[2])[0]


def move(strip, frames):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


def test_each_frame_has_a_bar_of_its_own_width(film, layers):
    ((span, made),) = layers()
    assert (span.left_handle, span.first_frame, span.end_frame) == (1, 0, 48)
    assert len(made) >= 3  # energy, hits, things
    for layer in made:
        assert [bar[:2] for bar in bars(layer)] == [(frame, frame + 1) for frame in range(1, 49)]
        heights = layer.corners[1::2]
        assert film.channel < min(heights) <= max(heights) < film.channel + 1


def test_a_click_stands_at_its_frame_wherever_the_strip_is(film, layers):
    for moved in (0, 100):
        move(film, moved)
        ((_, (_, hits, *_)),) = layers()
        for second in CLICKS:
            frame = 1 + moved + int(second * FPS)
            assert abs(highest(hits, near=frame) - frame) <= 1


def test_pieces_show_their_own_frames(film, layers, handles):
    later = film.split(frame=21, split_method="SOFT")
    move(later, 200)
    (first, ours), (second, others) = layers()
    assert (first.first_frame, first.end_frame, second.first_frame, second.end_frame) == (0, 20, 20, 48)
    assert [bar[0] for bar in bars(ours[1])] == list(range(1, 21))
    assert [bar[0] for bar in bars(others[1])] == list(range(221, 249))
    frame = 201 + int(CLICKS[1] * FPS)
    assert abs(highest(others[1], near=frame) - frame) <= 1
    assert handles.left(later) == 221


def test_bars_of_several_frames_end_where_the_strip_ends(addon):
    levels = addon.overlay.FilmCurves(frame_count=20, frames_in_a_point=3, energy="AQIDBAUGBw==", onset_strength="AQIDBAUGBw==", things=())
    span = addon.overlay.Span(folder="", first_frame=4, end_frame=14, left_handle=101, channel=2)
    energy, hits = addon.overlay.layers(levels, span)
    assert [bar[:2] for bar in bars(energy)] == [(101, 103), (103, 106), (106, 109), (109, 111)]
    assert [round(bar[2] * 255 / 0.36) for bar in bars(hits)] == [2, 3, 4, 5]


def test_a_film_without_curves_shows_none(addon, film):
    folder = Path(bpy.path.abspath(film.directory))
    assert addon.overlay.read_curves(folder) is not None
    (folder / "curves.json").write_text('{"type": "FilmCurves"}')
    assert addon.overlay.read_curves(folder) is None
    (folder / "curves.json").unlink()
    assert addon.overlay.read_curves(folder) is None


def test_it_is_off_by_default_and_draws_nothing_in_the_background(addon, saved_film):
    assert saved_film.scene.chromastrip_show_curves is False
    assert bpy.app.background
    assert addon.overlay._handles == ()
    functions = bpy.types.SEQUENCER_PT_sequencer_overlay._dyn_ui_initialize()
    assert functions.count(addon.overlay.draw_switch) == 1
    addon.overlay.unregister()
    assert addon.overlay.draw_switch not in functions
    addon.overlay.register()


def test_a_legend_names_what_shows_at_the_playhead(addon, film, saved_film, monkeypatch):
    overlay = addon.overlay
    folder = bpy.path.abspath(film.directory)
    monkeypatch.setitem(overlay._known.curves, folder, overlay.read_curves(Path(folder)))
    *things, hits, loudness = overlay.entries_at(saved_film.scene, 5)
    assert (hits, loudness) == (("hits", overlay.ONSET_COLOUR), ("loudness", overlay.ENERGY_COLOUR))
    assert len({colour for _, colour in things}) == len(things) > 0
    assert overlay.entries_at(saved_film.scene, 4000) == []
