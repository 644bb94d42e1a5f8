"""The picture of what a film hears and does."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import command_line, plot
from core.latents import latents_of
from core.protocol import Section, Settings, class_names
from core.sound import audio
from core.sound.features import CONTROL_RATE
from core.sound.structure import suggest
from tests import films, sounds


def pictured(tmp_path, heard, *, seconds=None, parts=None, **changes):
    """Plot features as a film over all of them."""
    seconds = seconds or len(heard.energy) / float(CONTROL_RATE)
    changes = {"frame_count": max(1, int(25 * seconds)), "settings": Settings(), **changes}
    request = films.request(tmp_path, tmp_path / "song.wav", **changes)
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 512 * len(heard.energy) - 1).astype(np.float32)
    return plot.plot(
        plot.envelope_of(samples),
        heard,
        latents_of(request, heard),
        request=request,
        parts=suggest(heard) if parts is None else parts,
        class_names=class_names.names(),
    )


def pixels(picture):
    return np.asarray(picture).astype(int)


def panels(picture):
    """Give the parts of the picture where curves are, one a row, from above."""
    image = pixels(picture)
    inside = (image[:, plot.LEFT + 3 : plot.WIDTH - plot.RIGHT - 3] != plot.PAPER).any(axis=(1, 2))
    inside[: plot.TOP] = inside[-plot.BOTTOM :] = False
    edges = np.flatnonzero(np.diff(inside.astype(int)))
    return [image[top + 1 : bottom + 1, plot.LEFT : plot.WIDTH - plot.RIGHT] for top, bottom in zip(edges[::2], edges[1::2], strict=True)]


@pytest.mark.parametrize("frames", [1, 2, 900])
def test_every_length_has_a_picture_with_all_rows(tmp_path, frames):
    picture = pictured(tmp_path, films.random_features(frames, seed=3))
    assert picture.width == plot.WIDTH
    assert picture.mode == "RGB"
    assert len(panels(picture)) == 11
    for row in panels(picture):
        assert row.std() > 0


def test_silence_has_a_picture(tmp_path):
    assert len(panels(pictured(tmp_path, films.silence(500)))) == 11


def test_an_hour_has_a_picture_in_seconds(tmp_path):
    hour = films.random_features(round(3600 * float(CONTROL_RATE)))
    assert len(panels(pictured(tmp_path, hour, parts=(), fps=Fraction(5), frame_count=18_000))) == 11


def test_a_film_outside_its_sound_has_a_picture(tmp_path):
    heard = films.random_features(200)
    for start in (-3, 2, 100):
        picture = pictured(tmp_path, heard, seconds=10, source_start_seconds=Fraction(start))
        assert len(panels(picture)) == 11


def test_what_lies_before_and_after_the_sound_is_empty(tmp_path):
    picture = pictured(tmp_path, films.random_features(215), seconds=10, source_start_seconds=Fraction(-3))
    waveform = panels(picture)[1]
    sounding = (waveform == plot.SOUND).all(axis=2).any(axis=0)
    width = len(sounding)
    assert not sounding[: int(0.29 * width)].any()
    assert sounding[int(0.31 * width) : int(0.79 * width)].all()
    assert not sounding[int(0.81 * width) :].any()


def test_sections_get_a_row_and_edges_through_all_rows(tmp_path):
    heard = films.random_features(430)
    changed = dataclasses.replace(Settings(), truncation=0.4)
    sections = (Section(first_frame=100, end_frame=200, settings=changed), Section(first_frame=150, end_frame=220, settings=Settings()))
    rows = panels(pictured(tmp_path, heard, sections=sections))
    assert len(rows) == 12
    width = rows[0].shape[1]
    plain = panels(pictured(tmp_path, heard))[2]
    column = round(100 / 249 * width)
    assert (rows[3][:, column - 1 : column + 1] != plain[:, column - 1 : column + 1]).any(axis=(1, 2)).all()


def test_a_section_says_what_differs():
    changed = dataclasses.replace(Settings(), truncation=0.7, seed=7, classes=(1, 2))
    words = plot._section_words(Section(first_frame=0, end_frame=9, settings=changed), Settings())
    assert words == "truncation 0.7, seed 7, classes"
    assert plot._section_words(Section(first_frame=0, end_frame=9, settings=Settings()), Settings()) == "no change"


def test_many_classes_are_summed_up(tmp_path):
    heard = films.random_features(400)
    rng = np.random.default_rng(0)
    latents = dataclasses.replace(
        latents_of(films.request(tmp_path, tmp_path, frame_count=200, settings=Settings()), heard),
        class_ids=rng.integers(0, 1000, (200, 40)).astype(np.int16),
        class_weights=rng.random((200, 40)).astype(np.float32),
    )
    row = plot._class_row(latents, 25.0, plot.TimeAxis(seconds=8, width=300), class_names.names())
    assert len(row.bands) == plot.MOST_CLASSES + 1
    assert row.bands[-1].endswith(" others")


def test_classes_are_named_in_the_order_in_which_they_come(tmp_path):
    weights = np.zeros((90, 3), np.float32)
    weights[:30, 1], weights[30:60, 0], weights[60:, 2] = 1, 1, 1
    heard = films.random_features(200)
    latents = dataclasses.replace(
        latents_of(films.request(tmp_path, tmp_path, frame_count=90, settings=Settings()), heard),
        class_ids=np.tile(np.array([5, 281, 999], np.int16), (90, 1)),
        class_weights=weights,
    )
    row = plot._class_row(latents, 25.0, plot.TimeAxis(seconds=3.6, width=300), class_names.names())
    assert [band.split()[-1] for band in row.bands] == ["281", "5", "999"]


@given(st.integers(0, 3000))
def test_the_envelope_holds_every_sample(count):
    samples = np.random.default_rng(count).standard_normal(count).astype(np.float32)
    envelope = plot.envelope_of(samples)
    assert envelope.shape == (2, 1 + count // 512)
    if count:
        reached = samples[: 512 * (count // 512) + 256]
        assert envelope[0].min() <= reached.min()
        assert envelope[1].max() >= reached.max()


@given(st.text(max_size=60), st.floats(0, 300))
@hypothesis_settings(max_examples=50)
def test_texts_are_shortened_until_they_fit(text, width):
    font = plot._font(13)
    shortened = plot._fitting(text, width, font)
    assert font.getlength(shortened) <= width
    assert shortened in (text, "") or shortened.endswith("…")


# From the command line ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def song(tmp_path):
    return sounds.write(tmp_path / "song.wav", sounds.melody(seconds=4), rate=audio.SAMPLE_RATE)


def test_the_command_draws_the_picture(song, tmp_path, capsys):
    out = tmp_path / "plot.png"
    arguments = ["plot", str(song), "--out", str(out), "--cache", str(tmp_path / "cache"), "--section", "1:2", "truncation=0.4"]
    assert command_line.main(arguments) == 0
    assert out.stat().st_size > 10_000
    assert str(out) in capsys.readouterr().err


@pytest.mark.parametrize("out", ["plot", "plot.txt", "missing.png/plot"])
def test_a_bad_name_is_refused_before_listening(tmp_path, capsys, out):
    assert command_line.main(["plot", str(tmp_path / "gone.wav"), "--out", str(tmp_path / out)]) == 1
    assert "names no kind of picture" in capsys.readouterr().err
