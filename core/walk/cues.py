"""Timed words: which classes show in which video frame, as one line gives way to the next."""

from collections.abc import Callable, Sequence

import numpy as np

from ..protocol import Cue
from ..sound.features import CONTROL_RATE
from .positions import Positions

Weigh = Callable[[int], np.ndarray]
"""Gives the weights of so many classes, float32 [N, n]: the j-th follows the j-th loudest pitch class."""

MOOD_WINDOW_SECONDS = 2.0
ACCOMPANYING = 0.4
"""How strongly a line's other classes show beside its first one, at the most: what is sung must be seen, whatever the chord."""


def show(
    classes: Sequence[int], cues: Sequence[Cue], weigh: Weigh, *, fade_seconds: float, positions: Positions
) -> tuple[np.ndarray, np.ndarray]:
    """Say which classes show, and how strongly.

    Parameters
    ----------
    classes
        The film's own, which show where no words are sung.
    cues
        By their beginnings. Where two overlap, the later one shows.
    weigh
        Lets classes follow the harmony. A line's first class always leads; its others come and go with the chords.
    fade_seconds
        How long one group of classes takes to give way to the next; never longer than either of them shows.
    positions
        Of N video frames.

    Returns
    -------
    class_ids : np.ndarray
        int16 [N, m].
    class_weights : np.ndarray
        float32 [N, m].
    """
    if not cues:
        weights = weigh(len(classes))
        return np.broadcast_to(np.array(classes, np.int16), weights.shape), weights
    groups = [tuple(classes), *(cue.classes for cue in cues)]
    changes, following = changes_of(cues)
    seconds = positions.floats() / float(CONTROL_RATE)
    shown, other, share = groups_in_turn(changes, following, seconds, fade_seconds=np.broadcast_to(fade_seconds, len(changes)))
    ids, weights = _slots(groups, weigh)
    return (
        np.concatenate([ids[shown], ids[other]], axis=1),
        np.concatenate([weights(shown) * (1 - share)[:, None], weights(other) * share[:, None]], axis=1),
    )


def moods(cues: Sequence[Cue], *, control_frames: int) -> np.ndarray:
    """Give the mood of the words in each control frame: float64 [F], -1 ... 1, 0 where none are sung, changing softly."""
    mood = np.zeros(control_frames)
    for cue in cues:
        first, end = (max(0, round(second * CONTROL_RATE)) for second in (cue.start_seconds, cue.end_seconds))
        mood[first:end] = cue.mood
    window = np.hanning(round(MOOD_WINDOW_SECONDS * CONTROL_RATE) | 1)
    padded = np.pad(mood, len(window) // 2, mode="edge")
    return np.convolve(padded, window / window.sum(), mode="valid")


def groups_in_turn(
    changes: np.ndarray, groups: np.ndarray, seconds: np.ndarray, *, fade_seconds: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say which group shows at each time, which other one it fades from or to, and that one's share.

    Parameters
    ----------
    changes, groups
        As `changes_of` gives them.
    seconds
        float64 [N].
    fade_seconds
        float64 [C], how long each change takes; never longer than either of its groups shows.

    Returns
    -------
    shown, other : np.ndarray
        int [N].
    share : np.ndarray
        float32 [N], 0 ... 0.5, the other's.
    """
    stretch = np.searchsorted(changes, seconds, side="right")  # [N]; groups[stretch] shows
    lengths = np.diff(np.concatenate([[-np.inf], changes, [np.inf]]))
    fades = np.minimum(fade_seconds, np.minimum(lengths[:-1], lengths[1:]))  # at each change; so no two meet
    nearest = _nearest_change(changes, seconds, stretch)
    distance = np.abs(seconds - changes[nearest])
    fade = fades[nearest]
    fading = np.clip(1 - 2 * distance / np.where(fade > 0, fade, 1), 0, 1) * (fade > 0)
    other = np.where(stretch > nearest, nearest, nearest + 1)
    # Half of a soft step: 0.5 at the change itself, where shown and other swap.
    return groups[stretch], groups[other], _soft_half(fading).astype(np.float32)


def changes_of(cues: Sequence[Cue]) -> tuple[np.ndarray, np.ndarray]:
    """Find the times at which another group shows, float64 [C], and the groups before, between and after them, int [C + 1].

    Group 0 are the film's own classes, group k + 1 those of the k-th cue.
    """
    starts = np.array([float(cue.start_seconds) for cue in cues])
    ends = np.array([float(cue.end_seconds) for cue in cues])
    times = np.unique(np.concatenate([starts, ends]))
    groups = [0]
    for time in times:
        singing = np.flatnonzero((starts <= time) & (time < ends))
        groups.append(int(singing[-1]) + 1 if len(singing) else 0)
    different = np.flatnonzero(np.diff(groups))
    return times[different], np.array([0, *np.array(groups)[different + 1]])


def _nearest_change(changes: np.ndarray, seconds: np.ndarray, stretch: np.ndarray) -> np.ndarray:
    last = len(changes) - 1
    before, after = (stretch - 1).clip(0, last), stretch.clip(0, last)
    return np.where(np.abs(seconds - changes[before]) <= np.abs(seconds - changes[after]), before, after)


def _soft_half(share: np.ndarray) -> np.ndarray:
    """Rise softly from 0 at 0 to 0.5 at 1: the first half of a smooth step."""
    half = share / 2
    return half * half * (3 - 2 * half)


def _slots(groups: Sequence[Sequence[int]], weigh: Weigh) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Give the groups' class numbers, int16 [G, m], and what gives their weights, float32 [N, m], for the group of each row, int [N]."""
    sizes = np.array([len(group) for group in groups])
    ids = np.zeros((len(groups), sizes.max()), np.int16)
    for row, group in zip(ids, groups, strict=True):
        row[: len(group)] = group
    own = weigh(len(groups[0]))
    of_lines = {int(size): _led(weigh(int(size))) for size in np.unique(sizes[1:])}

    def weights(shown: np.ndarray) -> np.ndarray:
        filled = np.zeros((len(shown), ids.shape[1]), np.float32)
        filled[shown == 0, : own.shape[1]] = own[shown == 0]
        for size, rows in of_lines.items():
            here = (sizes[shown] == size) & (shown > 0)
            filled[here, :size] = rows[here]
        return filled

    return ids, weights


def _led(weights: np.ndarray) -> np.ndarray:
    """Let the first class show as strongly as any would, and the others accompany it: float32 [N, n]."""
    led = ACCOMPANYING * weights
    led[:, 0] = weights.max(axis=1)
    return led
