"""Cues to class slots, one thing at a time: the class that leads, and the guest that a strong chord lets in.

In: cues that cover the film, whether of words or of the cue sheet, and how strong the chords are. Out: class numbers and weights for each
video frame. What shows between two leads is a morph; all else is `cues.show`'s, which lets all classes follow the notes at once.
"""

from collections.abc import Sequence

import numpy as np
import scipy.ndimage

from ..protocol import Cue
from ..sound.features import CONTROL_RATE, Features
from .cues import changes_of, groups_in_turn
from .positions import Positions, sample

GUEST = 1 / 2  # of the lead's weight, at the most: a third of the picture
GUESTS_AT, ALL_AT = 0.5, 1.0  # blends at which guests show fully, and at which all things do, as the notes say
SURROUNDINGS_SECONDS = 6.0  # over which a chord is strong or weak
NEVER = 1e12  # seconds
STRONG = 0.4  # louder than its surroundings by this share: as strong as can be


def guest_share(blend: np.ndarray) -> np.ndarray:
    """Say how much of a guest shows: 0 ... 1."""
    return np.clip(blend / GUESTS_AT, 0, 1)


def mixed_share(blend: np.ndarray) -> np.ndarray:
    """Say how much of all things at once shows: 0 ... 1."""
    return np.clip((blend - GUESTS_AT) / (ALL_AT - GUESTS_AT), 0, 1)


def chords(features: Features) -> np.ndarray:
    """Say how strong the chord is in each control frame, beside those around it: float64 [F], 0 ... 1, without a lag."""
    loud = np.sqrt(features.chroma_energy.astype(np.float64))
    now = scipy.ndimage.gaussian_filter1d(loud, 0.1 * float(CONTROL_RATE), mode="nearest")
    around = scipy.ndimage.gaussian_filter1d(loud, SURROUNDINGS_SECONDS / 2 * float(CONTROL_RATE), mode="nearest")
    strength = np.divide(now, around, out=np.ones_like(now), where=around > 0)
    return np.clip((strength - 1) / STRONG, 0, 1)


def show(
    directed: Sequence[Cue], *, guests: np.ndarray, lead: np.ndarray, fades: tuple[np.ndarray, float], positions: Positions
) -> tuple[np.ndarray, np.ndarray]:
    """Say which classes show, and how strongly.

    Parameters
    ----------
    directed
        Cues without a gap; before the first one and after the last one, those go on.
    guests
        float64 [F], how strongly a cue's other classes show together, as a share of the lead.
    lead
        float64 [F], the lead's weight.
    fades
        Seconds that a change takes: float64 [F] where the cue sheet goes on, one number where words begin or end.
    positions
        Of N video frames.

    Returns
    -------
    class_ids : np.ndarray
        int16 [N, m].
    class_weights : np.ndarray
        float32 [N, m].
    """
    changes, groups = changes_of(directed)
    inner = (changes > float(directed[0].start_seconds)) & (groups[1:] > 0)
    changes, groups = changes[inner], np.concatenate([[1], groups[1:][inner]])
    if not len(changes):
        changes, groups = np.array([NEVER]), np.array([1, 1])
    fade_seconds = _fades(directed, changes, groups, *fades)
    shown, other, share = groups_in_turn(changes, groups, positions.floats() / float(CONTROL_RATE), fade_seconds=fade_seconds)
    ids, parts = _slots(directed)
    guest, weight = (sample(curve, positions)[:, None] for curve in (guests, lead))

    def weights(group: np.ndarray, part: np.ndarray) -> np.ndarray:
        leads, others = parts[group - 1, :, 0], parts[group - 1, :, 1]
        return ((leads + guest * others) * weight * part[:, None]).astype(np.float32)

    return (
        np.concatenate([ids[shown - 1], ids[other - 1]], axis=1),
        np.concatenate([weights(shown, 1 - share), weights(other, share)], axis=1),
    )


def _fades(directed: Sequence[Cue], changes: np.ndarray, groups: np.ndarray, morphs: np.ndarray, word_fade: float) -> np.ndarray:
    """Give each change's length in seconds."""
    is_word = np.array([not cue.part for cue in directed])
    places = np.round(np.clip(changes * float(CONTROL_RATE), 0, len(morphs) - 1)).astype(int)
    return np.where(is_word[groups[:-1] - 1] | is_word[groups[1:] - 1], word_fade, morphs[places])


def _slots(directed: Sequence[Cue]) -> tuple[np.ndarray, np.ndarray]:
    """Give the cues' class numbers, int16 [C, m], and what belongs to the lead and to the others: float64 [C, m, 2]."""
    most = max(len(cue.classes) for cue in directed)
    ids, parts = np.zeros((len(directed), most), np.int16), np.zeros((len(directed), most, 2))
    for number, cue in enumerate(directed):
        ids[number, : len(cue.classes)] = cue.classes
        parts[number, 0, 0] = 1
        parts[number, 1 : len(cue.classes), 1] = 1 / max(1, len(cue.classes) - 1)
    return ids, parts
