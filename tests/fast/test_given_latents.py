"""Latents that come back in: what `vectors` wrote is drawn as its film was, and what does not fit is refused by name."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from core.generator import Generator, abstract_network, emoji_network
from core.given_latents import latents_from, read_latents
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Cue, Look, Settings, UserError
from tests import films

HEARD = films.random_features(300)
SECONDS = Fraction(300 * 512, 22050)


def made(**changes):
    cues = (Cue(start_seconds=Fraction(1), end_seconds=Fraction(2), classes=(7, 8, 9)),)
    settings = dataclasses.replace(Settings(cues=cues, blend=0.7, class_count=14), **changes)
    return make_latents(HEARD, settings, source_start_seconds=Fraction(0), frame_count=40, fps=Fraction(25))


@pytest.mark.parametrize("network", [abstract_network, emoji_network])
@pytest.mark.parametrize("look", Look)
@pytest.mark.parametrize("whole", [False, True])
def test_latents_that_come_back_have_the_keys_of_the_film_they_came_from(tmp_path, network, look, whole):
    latents = made(look=look, truncation=1.0)
    arrays = {"fps": "25", **vars(latents)}
    if whole:
        arrays["class_vectors"] = latents.class_vectors(range(40))
        del arrays["class_ids"], arrays["class_weights"], arrays["class_floor"]
    np.savez(tmp_path / "film.npz", **arrays)
    request = films.request(tmp_path, tmp_path, frame_count=40, vectors_path=str(tmp_path / "film.npz"))
    back = read_latents(request, class_total=1000, sound_seconds=SECONDS)
    generator = Generator(network(), Way(device="cpu", precision="float32"))
    assert generator.cache_keys(back) == generator.cache_keys(latents)


def test_noise_and_class_vectors_are_enough():
    rng = np.random.default_rng(0)
    noise, vectors = rng.normal(size=(7, 128)).clip(-2, 2), np.eye(1000)[rng.integers(1000, size=7)]
    back = latents_from({"noise": noise, "class_vectors": vectors, "truncation": np.array(0.5)}, class_total=1000, name="own.npz")
    np.testing.assert_array_equal(back.class_vectors(range(7)), vectors.astype(np.float32))
    np.testing.assert_array_equal(back.noise, noise.astype(np.float32))
    assert back.truncation.tolist() == [0.5] * 7
    assert len(back) == 7


def own(**changes):
    arrays = {
        "noise": np.zeros((5, 128)),
        "class_ids": np.zeros((5, 2), int),
        "class_weights": np.ones((5, 2)) / 2,
        "truncation": np.ones(5),
    }
    return {name: values for name, values in (arrays | changes).items() if values is not None}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"noise": None}, "holds no noise"),
        ({"noise": np.zeros((5, 140))}, "noise is float64 [5, 140]"),
        ({"noise": np.zeros((0, 128))}, "noise is float64 [0, 128]"),
        ({"noise": np.full((5, 128), np.nan)}, "NaN"),
        ({"noise": np.full((5, 128), 99.0)}, "from 99 to 99"),
        ({"noise": np.array("text")}, "noise is <U4"),
        ({"noise": np.zeros((5, 128), complex)}, "complex"),
        ({"class_ids": None}, "no class_vectors [5, 1000]"),
        ({"class_ids": np.zeros((5, 2))}, "no class_vectors"),
        ({"class_ids": np.full((5, 2), 1000)}, "class 1000"),
        ({"class_ids": np.full((5, 2), -1)}, "class -1"),
        ({"class_weights": None}, "holds no class_weights"),
        ({"class_weights": np.full((5, 2), -0.5)}, "from -0.5"),
        ({"class_weights": np.ones((4, 2))}, "class_weights is float64 [4, 2]"),
        ({"class_vectors": np.zeros((5, 10))}, "class_vectors is float64 [5, 10]"),
        ({"truncation": np.ones(4)}, "truncation is float64 [4]"),
        ({"truncation": np.full(5, 1.5)}, "from 1.5 to 1.5"),
        ({"displacement": np.zeros((5, 5))}, "displacement is float64 [5, 5]"),
    ],
)
def test_what_does_not_fit_is_named(changes, word):
    with pytest.raises(UserError) as refused:
        latents_from(own(**changes), class_total=1000, name="own.npz")
    assert word in refused.value.cause
    assert refused.value.cure


@pytest.mark.parametrize(
    ("changes", "arrays", "word"),
    [
        ({"frame_count": 6}, {}, "5 rows, the film 6 frames"),
        ({"source_start_seconds": Fraction(7)}, {}, "the sound at 6.97 s"),
        ({}, {"fps": "30"}, "made for 30 frames a second, the film has 25"),
        ({}, {"fps": "fast"}, "fps is “fast”"),
    ],
)
def test_latents_must_fit_their_film_and_its_sound(tmp_path, changes, arrays, word):
    np.savez(tmp_path / "own.npz", **own(**arrays))
    request = films.request(tmp_path, tmp_path, **{"frame_count": 5, "vectors_path": str(tmp_path / "own.npz")} | changes)
    with pytest.raises(UserError, match=word):
        read_latents(request, class_total=1000, sound_seconds=SECONDS)


def test_a_file_that_holds_no_arrays_is_refused(tmp_path):
    (tmp_path / "own.npz").write_bytes(b"no arrays")
    request = films.request(tmp_path, tmp_path, frame_count=5, vectors_path=str(tmp_path / "own.npz"))
    with pytest.raises(UserError, match="cannot be read"):
        read_latents(request, class_total=1000, sound_seconds=SECONDS)
    with pytest.raises(UserError, match=r"none\.npz"):
        read_latents(dataclasses.replace(request, vectors_path=str(tmp_path / "none.npz")), class_total=1000, sound_seconds=SECONDS)
