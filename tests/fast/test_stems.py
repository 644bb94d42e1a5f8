"""Other sounds may drive the motion or the things."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from core.latents import direct, latents_of, make_latents
from core.protocol import Settings, Stem, UserError
from core.sound import stems
from core.sound.features import CONTROL_RATE
from core.sound.listening import listen
from tests import films, sounds
from tests.films import random_features

SONG, DRUMS = random_features(600, seed=1), random_features(400, seed=2)
OFFSET = 43 / CONTROL_RATE  # 43 control frames


def make(heard):
    return make_latents(heard, Settings(blend=1.0), source_start_seconds=Fraction(0), frame_count=200, fps=Fraction(25))


def test_a_motion_stem_changes_the_motion_and_leaves_the_things():
    plain, driven = make(SONG), make(stems.with_motion_of(SONG, DRUMS, offset_seconds=Fraction(0)))
    assert not np.array_equal(driven.noise[1:], plain.noise[1:])
    np.testing.assert_array_equal(driven.class_weights, plain.class_weights)


def test_a_class_stem_changes_the_things_and_leaves_the_motion():
    plain, driven = make(SONG), make(stems.with_classes_of(SONG, DRUMS, offset_seconds=Fraction(0)))
    assert not np.array_equal(driven.class_weights, plain.class_weights)
    np.testing.assert_array_equal(driven.noise, plain.noise)


def test_a_motion_stem_leaves_the_cue_sheet_and_what_shows(tmp_path):
    asked = films.request(tmp_path, tmp_path, frame_count=300, settings=Settings())
    driven = stems.with_motion_of(SONG, DRUMS, offset_seconds=OFFSET)
    assert direct(asked, driven).cues == direct(asked, SONG).cues
    with_sheet, plain = (latents_of(asked, heard) for heard in (driven, SONG))
    np.testing.assert_array_equal(with_sheet.class_ids, plain.class_ids)
    np.testing.assert_array_equal(with_sheet.class_weights, plain.class_weights)
    assert not np.array_equal(with_sheet.displacement, plain.displacement)


def test_the_order_of_stems_and_given_beats_does_not_count_for_the_cue_sheet(tmp_path):
    asked = films.request(tmp_path, tmp_path, frame_count=300, settings=Settings())
    beats = tuple(Fraction(place, 2) for place in range(20))
    voiced = stems.with_beats(stems.with_classes_of(SONG, DRUMS, offset_seconds=OFFSET), beats)
    moved = stems.with_motion_of(SONG, DRUMS, offset_seconds=Fraction(0))
    moved = stems.with_beats(stems.with_classes_of(moved, DRUMS, offset_seconds=OFFSET), beats)
    assert direct(asked, moved).cues == direct(asked, voiced).cues != direct(asked, SONG).cues


@pytest.mark.parametrize("name", stems.OF_MOTION)
def test_a_stem_is_read_where_it_lies_and_is_silent_beyond(name):
    heard = getattr(stems.with_motion_of(SONG, DRUMS, offset_seconds=OFFSET), name)
    own = getattr(DRUMS, name)
    np.testing.assert_allclose(heard[..., : 400 - 43], own[..., 43:], rtol=1e-6)
    assert not heard[..., 400 - 43 :].any()
    earlier = getattr(stems.with_motion_of(SONG, DRUMS, offset_seconds=-OFFSET), name)
    assert not earlier[..., :43].any()
    np.testing.assert_allclose(earlier[..., 43:443], own, rtol=1e-6)


def test_the_song_as_its_own_stem_changes_nothing():
    same = stems.with_classes_of(stems.with_motion_of(SONG, SONG, offset_seconds=Fraction(0)), SONG, offset_seconds=Fraction(0))
    for field in dataclasses.fields(SONG):
        if field.name != "directing":
            np.testing.assert_array_equal(getattr(same, field.name), getattr(SONG, field.name))


def test_given_beats_win_over_those_that_are_heard():
    heard = stems.with_beats(SONG, (Fraction(1), Fraction(3, 2), Fraction(2)))
    np.testing.assert_array_equal(heard.beat_times, [1, 1.5, 2])
    assert heard.tempo == 120
    assert stems.with_beats(SONG, ()) is SONG


def test_a_request_hears_its_stems_on_its_own_time_axis(tmp_path):
    click = sounds.write(tmp_path / "click.wav", sounds.click_track(seconds=6))
    tone = sounds.write(tmp_path / "tone.wav", sounds.melody(seconds=8), 22_050)
    plain = listen(films.request(tmp_path, click))
    asked = films.request(
        tmp_path,
        tone,
        source_start_seconds=Fraction(2),
        motion_stem=Stem(sound_path=str(click), source_start_seconds=Fraction(1)),
        beats_seconds=(Fraction(3), Fraction(4)),
    )
    heard = listen(asked)
    np.testing.assert_array_equal(heard.beat_times, [3, 4])
    moved = round(float(CONTROL_RATE))  # film time 0 is 2 s of the tone and 1 s of the clicks
    assert abs(int(heard.onset_strength[: 5 * moved].argmax()) - int(plain.onset_strength[: 4 * moved].argmax()) - moved) <= 1


def test_a_missing_stem_is_named(tmp_path):
    click = sounds.write(tmp_path / "click.wav", sounds.click_track(seconds=4))
    with pytest.raises(UserError, match="gone\\.wav"):
        listen(films.request(tmp_path, click, class_stem=Stem(sound_path=str(tmp_path / "gone.wav"))))
