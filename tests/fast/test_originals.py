"""The originals' mathematics, against slow loops written from their description: all 128 units, all 1000 classes, one by one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core import latents
from core.walk import originals
from tests.films import random_features as features

# The noise's walk -----------------------------------------------------------------------------------------------------------------------


def slow_noise_walk(energy, flux, *, start, jitter, tempo_sensitivity, truncation):
    noise = [float(value) for value in start]
    direction = [1 if value < 0 else -1 for value in noise]
    last = [0.0] * 128
    rows = [list(noise)]
    for f in range(len(energy)):
        if f % 200 == 0:
            steps = [float(value) for value in jitter[f // 200]]
        for unit in range(128):
            u = (tempo_sensitivity * (flux[f] + energy[f]) * direction[unit] * steps[unit] + 3 * last[unit]) / 4
            noise[unit] += u
            last[unit] = u
            if noise[unit] >= 2 * truncation - tempo_sensitivity:
                direction[unit] = -1
            elif noise[unit] < -2 * truncation + tempo_sensitivity:
                direction[unit] = 1
        rows.append(list(noise))
    return np.array(rows)


@pytest.mark.parametrize("frames", [1, 199, 200, 201, 450])
@pytest.mark.parametrize(
    ("tempo_sensitivity", "truncation", "jitter"), [(0.25, 1, 0.5), (0.8, 0.4, 0), (0.05, 0.1, 1), (2, 0.5, 0.9), (1, 0.02, 0.3)]
)
def test_the_noise_walks_as_the_original(frames, tempo_sensitivity, truncation, jitter):
    heard = features(frames)
    rng = np.random.default_rng(1)
    choices = {
        "start": latents.start_noise(rng, truncation=truncation),
        "jitter": np.where(latents.resting_units(rng, control_frames=frames), 1.0 - jitter, 1.0),
        "tempo_sensitivity": tempo_sensitivity,
        "truncation": truncation,
    }
    walk = originals.noise_walk(heard.energy, heard.flux, **choices)
    np.testing.assert_allclose(walk, slow_noise_walk(heard.energy, heard.flux, **choices), rtol=0, atol=1e-9)


# The classes' walk ----------------------------------------------------------------------------------------------------------------------


def slow_class_walk(chroma, classes, *, pitch_sensitivity, depth):
    """Walk over all 1000 classes; where the specification divides by 0, leave the values as they are."""
    count, ps = len(classes), 300 - pitch_sensitivity
    rank = np.argsort(np.mean(chroma, axis=1))[::-1]
    t0 = next(f for f in range(chroma.shape[1]) if any(chroma[:, f] > 0))
    v = [0.0] * 1000
    for i, p in enumerate(rank[:count]):
        v[classes[i] if count < 12 else classes[p]] = float(chroma[p, t0])
    rows = [list(v)]
    for f in range(chroma.shape[1]):
        new = [0.0] * 1000
        for j in range(count):
            new[classes[j]] = (v[classes[j]] + float(chroma[rank[j], f]) / ps) / (1 + 1 / ps)
        if count > 6:
            m = min(value for value in new if value != 0)
            new = [m if value == 0 else value for value in new]
            extent = max(new) - min(new)
            new = [(value - m) / extent for value in new]
        else:
            loudest = max(new)
            new = [value / loudest for value in new]
        new = [value * depth for value in new]
        if np.std([value for value in new if value != 0]) < 1e-7:
            new[classes[0]] += 0.01
        v = new
        rows.append(list(v))
    return np.array(rows)


def slow_rushk_walk(chroma, classes, *, pitch_sensitivity):
    """Walk over all 1000 classes; where the specification divides by 0, leave the values as they are."""
    count, ps = len(classes), 300 - pitch_sensitivity
    rank = np.argsort(np.mean(chroma, axis=1))[::-1]
    x = list(slow_class_walk(chroma, classes, pitch_sensitivity=pitch_sensitivity, depth=1)[0])
    rows = []
    for f in range(chroma.shape[1]):
        s = list(x)
        for j in range(count):
            s[classes[j]] += (float(chroma[rank[j], f]) / ps) / (1 + 1 / ps)
        if np.std([value for value in s if value != 0]) < 1e-7:
            s[classes[0]] += 0.01
        m = min(value for value in s if value != 0)
        s = [m if value == 0 else value for value in s]
        rows.append(s)
        extent = max(s) - min(s)
        x = [(value - m) / extent for value in s]
    rows.append(x)
    return np.array(rows)


@pytest.mark.parametrize("count", range(1, 13))
@pytest.mark.parametrize(("pitch_sensitivity", "depth"), [(220, 1), (295, 0.5), (1, 1), (299, 0.01)])
def test_msiegs_classes_walk_as_the_original(count, pitch_sensitivity, depth):
    chroma = features(60, seed=count).chroma
    classes = np.random.default_rng(count).choice(1000, count, replace=False)
    walk = latents.class_walk(chroma, classes=classes, pitch_sensitivity=pitch_sensitivity, depth=depth, variant="msieg")
    expected = slow_class_walk(chroma, classes, pitch_sensitivity=pitch_sensitivity, depth=depth)
    np.testing.assert_allclose(walk, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("count", range(2, 13))  # of one class, the original divides 0 by 0
@pytest.mark.parametrize("pitch_sensitivity", [220, 295, 1, 299])
def test_rushks_classes_walk_as_the_original_with_its_floor(count, pitch_sensitivity):
    chroma = features(60, seed=count).chroma
    classes = np.random.default_rng(count).choice(1000, count, replace=False)
    walk = latents.class_walk(chroma, classes=classes, pitch_sensitivity=pitch_sensitivity, depth=0.5, variant="rushk")
    expected = slow_rushk_walk(chroma, classes, pitch_sensitivity=pitch_sensitivity)
    np.testing.assert_allclose(walk, expected, rtol=0, atol=1e-9)


@given(st.integers(1, 12), st.floats(1, 299), st.floats(0.01, 1), st.integers(0, 9), st.sampled_from([0, 0.5, 0.95, 1]))
@hypothesis_settings(max_examples=60)
def test_no_sound_makes_a_weight_that_is_no_number(count, pitch_sensitivity, depth, seed, quiet):
    chroma = features(40, seed=seed, quiet=quiet).chroma
    if seed % 2:
        chroma[:] = chroma[:1]  # all classes alike
    for variant in ("msieg", "rushk"):
        weights, floor = originals.class_weights_walk(
            chroma, class_count=count, pitch_sensitivity=pitch_sensitivity, depth=depth, variant=variant
        )
        assert np.isfinite(weights).all()
        assert weights.min() >= 0
        assert np.isfinite(floor).all()


# Smoothing ------------------------------------------------------------------------------------------------------------------------------


def slow_smooth(rows, k):
    bins = len(rows) // k
    means = [[sum(row[c] for row in rows[b * k : (b + 1) * k]) / k for c in range(rows.shape[1])] for b in range(bins)]
    smoothed = [
        [a * (1 - j / (k - 1)) + b * j / (k - 1) for a, b in zip(before, after, strict=True)]
        for before, after in pairwise(means)
        for j in range(k)
    ]
    return np.array(smoothed)


@pytest.mark.parametrize("k", [2, 3, 10, 20, 50])
@pytest.mark.parametrize("length", [100, 101, 119])
def test_smoothing_leads_from_mean_to_mean_as_the_original(k, length):
    rows = np.random.default_rng(k).random((length, 4))
    smoothed = latents.smooth(rows, window=k)
    assert len(smoothed) == (length // k - 1) * k
    np.testing.assert_allclose(smoothed, slow_smooth(rows, k), rtol=0, atol=1e-9)


def test_a_window_of_one_changes_nothing():
    rows = np.random.default_rng(0).random((7, 3))
    np.testing.assert_array_equal(latents.smooth(rows, window=1), rows)


@pytest.mark.parametrize("length", [1, 5, 39])
def test_of_a_sound_too_short_for_two_windows_nothing_is_left(length):
    assert latents.smooth(np.ones((length, 4)), window=20).shape == (0, 4)
