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
CHOSEN = (949,)


@pytest.fixture
def draw(tmp_path):
    """Draw 4 s of hi-hats, so many a second, with the embedded model."""

    def draw(a_second, *, limit_flashes=True, **changes):
        hats = sounds.write(tmp_path / f"{a_second}.wav", hi_hats(a_second))
        settings = Settings(classes=CHOSEN, class_count=1, truncation=0.4, **changes)
        machine = Machine(device="cpu", precision="float32")
        asked = films.request(tmp_path, hats, frame_count=100, fps=FPS, settings=settings)
        asked = dataclasses.replace(asked, limit_flashes=limit_flashes, machine=machine)
        return asked, pipeline.render(asked, open_backend=Backends().open).frames

    return draw


def hi_hats(a_second):
    """Make short bursts of noise: float32 [4 s]."""
    time = np.arange(4 * sounds.RATE) / sounds.RATE
    noise = np.random.default_rng(0).standard_normal(len(time))
    return (0.2 * noise * np.exp(-60 * (time % (1 / a_second)))).astype(np.float32)


def likeness(asked, frames):
    """Hold the change of the pictures against the onset strength: lag in frames, and correlation."""
    pictures = np.stack([read_picture(path) for path in films.paths(frames)]).astype(np.float32)
    change = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    halfway = control_positions(source_start_seconds=Fraction(1, 2) / FPS, frame_count=99, fps=FPS)
    onsets = features.analyse(audio.load(Path(asked.sound_path))).onset_strength.astype(float)
    return lag(sample(onsets, halfway), change)


def test_the_picture_changes_with_each_hit(draw):
    late, alike = likeness(*draw(3))
    assert abs(late) < 0.5
    assert alike > 0.5
    assert alike > likeness(*draw(3, hit=0.0))[1] + 0.2


def test_hits_that_flash_are_calmed(draw):
    def flashes(frames):
        return find_flashes((read_small(path) for path in films.paths(frames)), fps=FPS)

    wild = {"hit": 2.0, "hit_light": 2.0, "hit_zoom": 0.0, "hit_turn": 0.0, "hit_shift": 0.0, "hit_release_seconds": 0.1}
    assert flashes(draw(5, limit_flashes=False, **wild)[1])
    assert not flashes(draw(5, **wild)[1])
