"""Directions that mean something: known ones, and those found in pictures."""

import numpy as np
import pytest
import scipy.ndimage

from core.network.calibrating import _read, kept_or_calibrated
from core.network.directions import LONGEST, NATURAL, best_mixtures, effects, of_units, principal
from core.network.emoji import emoji_directions
from core.walk.latent_rows import DIRECTIONS
from core.working import CancelledError

SIZE = 64
UNITS = ("style", "light", "hue", "zoom", "turn", "shift right", "shift down")
RNG = np.random.default_rng(5)
PICTURE = scipy.ndimage.gaussian_filter(RNG.random((SIZE, SIZE, 3)), (5, 5, 0), mode="wrap") * 4 % 1 * 0.4 + 0.3


def view(*, zoom=0.0, turn=0.0, right=0.0, down=0.0, light=0.0, colour=0.0):
    """Show a picture, in natural amounts."""
    zoom, turn, right, down, light, colour = np.array([zoom, turn, right, down, light, colour]) * NATURAL
    picture = scipy.ndimage.gaussian_filter(PICTURE, (2, 2, 0))
    away = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * np.exp(-zoom)  # (y, x) of the view to the picture's
    middle = np.full(2, (SIZE - 1) / 2)
    shift = np.array([down, right]) * SIZE / 2
    offset = middle - away @ (middle + shift)
    seen = np.stack([scipy.ndimage.affine_transform(plane, away, offset, mode="nearest") for plane in picture.transpose(2, 0, 1)], axis=2)
    grey = seen.mean(axis=2, keepdims=True)
    return (grey + (seen - grey) * np.exp(colour)) * np.exp(light)


@pytest.mark.parametrize(("number", "name"), [*enumerate(["zoom", "turn", "right", "down", "light", "colour"])])
def test_a_small_change_is_measured_as_what_it_is(number, name):
    measured = effects(view(**{name: -0.25}), view(**{name: 0.25}))
    expected = np.eye(len(measured))[number] * 0.5
    np.testing.assert_allclose(measured, expected, atol=0.08)


def test_a_unit_of_a_direction_moves_its_unit_by_one_and_no_other():
    units = np.linalg.qr(RNG.standard_normal((128, 128)))[0][: len(UNITS)].astype(np.float32) * 1.3
    moved = of_units(units, UNITS) @ units.T  # [6, units]
    names = ["hue" if name == "colour" else name for name in DIRECTIONS]
    np.testing.assert_allclose(moved, np.eye(len(UNITS))[[UNITS.index(name) for name in names]], atol=1e-5)


def test_a_network_without_a_unit_is_not_moved_along_it():
    directions = of_units(np.eye(128, dtype=np.float32)[:1], ["zoom"])
    assert directions.any(axis=1).tolist() == [True, False, False, False, False, False]


def test_the_embedded_model_knows_all_its_directions():
    assert np.linalg.norm(emoji_directions(), axis=1) == pytest.approx(0.88, abs=0.01)


def test_principal_directions_are_those_that_a_layer_makes_most_of():
    basis = np.linalg.qr(RNG.standard_normal((128, 128)))[0]
    strengths = np.linspace(5, 0, 128)
    layer = (np.linalg.qr(RNG.standard_normal((300, 128)))[0] * strengths) @ basis
    np.testing.assert_allclose(np.abs(principal(layer, count=10) @ basis[:10].T), np.eye(10), atol=1e-6)


def test_directions_are_mixed_of_what_each_does_a_little():
    tried = np.linalg.qr(RNG.standard_normal((128, 128)))[0][:20]
    mixed = RNG.standard_normal((20, 9))
    measured = mixed + 0.05 * RNG.standard_normal((4, 20, 9))
    done = best_mixtures(measured, tried) @ tried.T @ mixed  # [6, 9]
    assert (np.diag(done) / np.linalg.norm(done, axis=1) > 0.95).all()


def test_what_a_network_can_hardly_do_is_tried_no_further_than_noise_reaches():
    measured = 1e-3 * RNG.standard_normal((4, 20, 9))
    found = best_mixtures(measured, np.eye(128)[:20])
    assert np.linalg.norm(found, axis=1) == pytest.approx(LONGEST, abs=0.05)


# Kept files -----------------------------------------------------------------------------------------------------------------------------

FOUND = RNG.standard_normal((6, 128)).astype(np.float32)


def refuse():
    raise AssertionError("found a second time")


def test_directions_are_found_once(tmp_path):
    file = tmp_path / "directions" / "one.npy"
    np.testing.assert_array_equal(kept_or_calibrated(file, lambda: FOUND), FOUND)
    np.testing.assert_array_equal(kept_or_calibrated(file, refuse), FOUND)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"half"])
def test_a_damaged_file_is_made_anew(tmp_path, damage):
    file = tmp_path / "one.npy"
    kept_or_calibrated(file, lambda: FOUND)
    file.write_bytes(file.read_bytes()[:700] if damage == b"half" else damage)
    np.testing.assert_array_equal(kept_or_calibrated(file, lambda: FOUND), FOUND)
    np.testing.assert_array_equal(kept_or_calibrated(file, refuse), FOUND)


def test_damage_at_any_place_is_noticed(tmp_path):
    file = tmp_path / "one.npy"
    kept_or_calibrated(file, lambda: FOUND)
    whole = file.read_bytes()
    for at in range(0, len(whole), 13):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        found = _read(file)
        assert found is None or np.array_equal(found, FOUND), at


@pytest.mark.parametrize("at", range(8, 128, 7))
def test_a_file_from_before_the_checksum_is_read_and_damage_in_its_header_ends_nothing(tmp_path, at):
    file = tmp_path / "one.npy"
    np.save(file, FOUND)
    np.testing.assert_array_equal(kept_or_calibrated(file, refuse), FOUND)
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + b"(" + whole[at + 1 :])
    np.testing.assert_array_equal(kept_or_calibrated(file, lambda: FOUND), FOUND)


def test_what_was_interrupted_leaves_nothing(tmp_path):
    def interrupted():
        raise CancelledError

    with pytest.raises(CancelledError):
        kept_or_calibrated(tmp_path / "one.npy", interrupted)
    assert not list(tmp_path.iterdir())
