"""What holds for clicks and for the demo song, holds for music that people made."""

from fractions import Fraction

import numpy as np
import pytest

from core.generator import Generator, emoji_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Look, Settings
from core.sound import audio, features
from core.walk.positions import control_positions, sample
from tests.following import lag

NAMES = ["calm", "race", "credits"]
FPS = Fraction(30)


@pytest.fixture(scope="module")
def heard(tracks):
    return {name: features.analyse(audio.load(path)) for name, path in tracks.items()}


def film(heard, settings, *, seconds=None, start=0):
    count = int((seconds or len(heard.energy) / features.CONTROL_RATE) * FPS)
    place = {"source_start_seconds": Fraction(start), "frame_count": count, "fps": FPS}
    hits = sample(heard.onset_strength.astype(float), control_positions(**place))
    return make_latents(heard, settings, **place), hits


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", [0.0, 0.5, 1.0])
def test_the_noise_moves_when_the_music_hits(heard, name, split):
    latents, hits = film(heard[name], Settings(split=split))
    late, likeness = lag(hits[1:-1], np.linalg.norm(latents.noise[2:] - latents.noise[:-2], axis=1))
    assert abs(late) < 0.5
    assert likeness > 0.4


@pytest.mark.parametrize("name", NAMES)
def test_the_pictures_change_when_the_music_hits(heard, name):
    latents, _ = film(heard[name], Settings(), seconds=12, start=20)
    _, hits = film(heard[name], Settings(), seconds=12, start=20 + Fraction(1, 2) / FPS)  # halfway between two frames
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"))
    pictures = np.stack([*generator.draw(latents, range(len(latents)))]).astype(np.float32)
    late, likeness = lag(hits[:-1], np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)))
    assert abs(late) < 0.5
    assert likeness > 0.55


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize("count", [1, 12, 40])
def test_every_look_of_real_music_is_finite_and_moves(heard, name, look, count):
    latents, _ = film(heard[name], Settings(look=look, class_count=count), seconds=20, start=20)
    vectors = latents.class_vectors(range(len(latents)))
    assert np.isfinite(latents.noise).all()
    assert np.isfinite(vectors).all()
    assert (np.abs(np.diff(latents.noise, axis=0)).max(axis=1) > 0).mean() > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_beats_come_at_a_human_pace(heard, name):
    beats = np.diff(heard[name].beat_times)
    assert 50 < heard[name].tempo < 220
    assert np.median(beats) == pytest.approx(60 / float(heard[name].tempo), rel=0.1)
