"""An hour of music is directed as a song is."""

from fractions import Fraction
from itertools import pairwise

from core.sound.features import CONTROL_RATE
from tests.fast.test_cue_sheet import sheet, song


def test_an_hour_is_directed_without_a_gap_and_never_stands_still():
    hour = song(round(3600 * float(CONTROL_RATE)), pattern="ABCABD" * 8)
    cues = sheet(hour)
    assert cues[0].start_seconds == 0
    assert abs(cues[-1].end_seconds - len(hour.energy) / CONTROL_RATE) <= Fraction(1, 1000)
    assert all(before.end_seconds == after.start_seconds for before, after in pairwise(cues))
    assert all(before.classes[0] != after.classes[0] for before, after in pairwise(cues))
    assert max(cue.end_seconds - cue.start_seconds for cue in cues) <= 15
