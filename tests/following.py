"""How late one curve follows another: what tests and benchmarks hold the motion of a film against."""

import numpy as np


def lag(leader: np.ndarray, follower: np.ndarray, *, most: int = 8) -> tuple[float, float]:
    """Find the peak of the cross-correlation.

    Parameters
    ----------
    leader, follower
        float [n].
    most
        The longest lag looked for, in steps, to either side.

    Returns
    -------
    lag
        By how many steps `follower` comes late; found between the steps by a parabola.
    height
        The correlation there.
    """
    leader, follower = ((curve - curve.mean()) / curve.std() for curve in (leader, follower))
    steps = range(-most, most + 1)
    inner = leader[most:-most]
    likeness = np.array([np.mean(inner * follower[most + step : len(follower) - most + step]) for step in steps])
    peak = int(np.clip(likeness.argmax(), 1, len(steps) - 2))
    before, at, after = likeness[peak - 1 : peak + 2]
    return float(steps[peak] + (before - after) / (2 * (before - 2 * at + after))), float(likeness.max())
