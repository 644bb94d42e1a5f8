"""Loops as they are seen: between the last picture and the first one there is no more change than between others."""

from fractions import Fraction

import numpy as np

from core.generator import Generator, abstract_network
from core.latents import make_latents
from core.network.running import Way
from core.protocol import Settings
from tests.films import random_features

FRAMES = 24
HEARD = random_features(300)


def over_the_end(*, loop):
    """Give how much the last picture and the first differ, and the most that two neighbours inside do."""
    settings = Settings(loop=loop, classes=(7,), class_count=1, blend=0.0, hit=0.0, tempo_sensitivity=0.1)
    latents = make_latents(HEARD, settings, source_start_seconds=Fraction(2), frame_count=FRAMES, fps=Fraction(12))
    pictures = list(Generator(abstract_network(), Way(device="cpu", precision="float32")).draw(latents, range(FRAMES)))
    steps = [np.abs(one.astype(int) - other).mean() for one, other in zip(pictures, [*pictures[1:], pictures[0]], strict=True)]
    return steps[-1], max(steps[:-1])


def test_the_last_picture_leads_into_the_first():
    (seam, inside), (cut, _) = (over_the_end(loop=loop) for loop in (True, False))
    assert seam <= inside
    assert cut > 1.5 * inside  # a film that is no loop jumps there
