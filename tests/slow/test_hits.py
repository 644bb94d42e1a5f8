"""Hits in drawn films: seen at once, and safe to watch."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core import pipeline
from core.backends import Backends
from core.flash_safety.flashes import find_flashes
from core.pictures import read_picture, read_small
from core.protocol import Machine, Settings
from core.sound import audio, features
from core.walk.positions import control_positions, sample
from tests import films, sounds
from tests.following import lag

FPS = Fraction(25)
PIANO = (579,)


@pytest.fixture
def draw(tmp_path):
    """Draw 6 s of a click track with the embedded model."""
    clicks = sounds.write(tmp_path / "clicks.wav", sounds.click_track(seconds=8))

    def draw(*, limit_flashes=True, **changes):
        settings = Settings(classes=PIANO, class_count=1, truncation=0.4, **changes)
        machine = Machine(device="cpu", precision="float32")
        asked = films.request(tmp_path, clicks, frame_count=150, fps=FPS, settings=settings)
        asked = dataclasses.replace(asked, limit_flashes=limit_flashes, machine=machine)
        return asked, pipeline.render(asked, open_backend=Backends().open)

    return draw


def test_the_picture_changes_with_each_hit_and_with_little_else(draw):
    asked, film = draw()
    pictures = np.stack([read_picture(path) for path in films.paths(film.frames)]).astype(np.float32)
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    halfway = control_positions(source_start_seconds=Fraction(1, 2) / FPS, frame_count=149, fps=FPS)
    late, likeness = lag(sample(features.analyse(audio.load(Path(asked.sound_path))).onset_strength.astype(float), halfway), change)
    assert abs(late) < 0.5
    assert likeness > 0.6


def test_hits_that_flash_are_calmed(draw):
    def flashes(film):
        return find_flashes((read_small(path) for path in films.paths(film.frames)), fps=FPS)

    wild = {"hit": 2.0, "hit_light": 2.0, "hit_zoom": 0.0, "hit_turn": 0.0, "hit_shift": 0.0, "hit_release_seconds": 0.1}
    assert flashes(draw(limit_flashes=False, **wild)[1])
    assert not flashes(draw(**wild)[1])
