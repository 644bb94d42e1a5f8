"""Loops as they are seen: between the last picture and the first one there is no more change than between others."""

from fractions import Fraction

import numpy as np
import pytest

from core.generator import Generator, abstract_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Look, Settings
from tests.films import random_features

FRAMES = 40


@pytest.mark.parametrize("look", [Look.CHROMASTRIP, Look.ORIGINAL_MSIEG])
def test_the_last_picture_leads_into_the_first(look):
    settings = Settings(loop=True, look=look, hit=0.0, tempo_sensitivity=0.4)
    latents = make_latents(random_features(300), settings, source_start_seconds=Fraction(2), frame_count=FRAMES, fps=Fraction(15))
    pictures = list(Generator(abstract_network(), Way(device="cpu", precision="float32")).draw(latents, range(FRAMES)))
    steps = [np.abs(one.astype(int) - other).mean() for one, other in zip(pictures, [*pictures[1:], pictures[0]], strict=True)]
    assert steps[-1] <= 1.25 * max(steps[:-1])
    apart = np.abs(pictures[0].astype(int) - pictures[FRAMES // 2]).mean()
    assert steps[-1] < apart / 2  # a film that is cut there would jump as far
