"""A film that loops: the song as it sounds when the film is played over and over, so that all filters see round the seam.

The film's passage is laid on a control axis of its own, once and again, with the whole song before it: what is loud and what is rare are
still the song's. There everything that follows the sound comes out periodic by itself. What follows anything else is closed here: numbers
that change over time, the noise's way, turns and sides that are counted. Arrays in, arrays out.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..protocol import Cue, Curve, Settings
from ..sound.features import ARRAYS, CONTROL_RATE, OF_BEATS, Features
from .curves import over_time
from .latent_rows import Latents, replaced
from .positions import Positions

MEMORY = 1200
"""Control frames, 28 s: what lies further away leaves less than 1e-6 in any filter."""
CLOSING_SECONDS = 1.0
"""Over which a number that changes over time gives way, to either side of the seam."""
SLIVER_SECONDS = Fraction(1, 2)
"""A cue that would show for less than this beside the seam is left out."""
SMALLEST_WAY = 1e-6


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Where the loop lies on its axis, in control frames: ``[start, start + period)``, and again in each period around."""

    start: Fraction
    period: int

    @property
    def first(self) -> int:
        """The first whole control frame of the passage."""
        return int(self.start)

    def inside(self, count: int) -> np.ndarray:
        """Say for each of `count` control frames which one of the passage stands for it: int64 [count]."""
        return self.first + (np.arange(count) - self.first) % self.period

    def closed_turns(self, turns: np.ndarray) -> tuple[np.ndarray, int]:
        """Let a whole number of turns pass in each period: float64 [F]; and that number."""
        passed = turns[self.first + self.period] - turns[self.first]
        count = max(1, round(passed))
        return (turns - turns[self.first]) * (count / max(passed, SMALLEST_WAY)), count

    def swing(self, ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Say how units come back to where they began.

        Parameters
        ----------
        ways
            float64 [n], how far each is pushed in a period, in bounds: 4 take it up, down and back.

        Returns
        -------
        pace, width : np.ndarray
            float64 [n]: what its way is multiplied by, so that it runs whole rounds; how much of its bounds it needs. Who is pushed for
            less than a round swings as much less wide, as fast as ever.
        """
        rounds = np.maximum(1, np.rint(ways / 4))
        return 4 * rounds / np.maximum(ways, SMALLEST_WAY), np.minimum(1, ways / (4 * rounds))


@dataclass(frozen=True, kw_only=True)
class Wrapped:
    """A song on the axis of a loop.

    Parameters
    ----------
    film
        Where the video frames lie in the song.
    control_frames
        Of the whole song.
    """

    film: Positions
    control_frames: int

    @property
    def _length(self) -> Fraction:
        return self.film.count * self.film.step

    @cached_property
    def loop(self) -> Loop:
        """The passage, on the new axis: its period is a whole number of control frames, less than half of one from the film's length."""
        period = max(1, round(self._length))
        before = -(-MEMORY // period) * period  # whole rounds, one at the least
        return Loop(start=self.control_frames + before + self._begin(period) % 1, period=period)

    def _begin(self, period: int) -> Fraction:
        """Give the song's place that begins the passage: in its middle nothing is shifted, at its ends by a quarter of a frame."""
        return self.film.start + (self._length - period) / 2

    @property
    def positions(self) -> Positions:
        """Where the video frames lie on the new axis."""
        return Positions(start=self.loop.start, step=Fraction(self.loop.period, self.film.count), count=self.film.count)

    @cached_property
    def columns(self) -> np.ndarray:
        """Which of the song's control frames each one of the new axis repeats, int64 [F']."""
        first, period = self._begin(self.loop.period) // 1, self.loop.period
        around = np.arange(self.control_frames, self.loop.first + 2 * period + MEMORY)
        repeated = first + (around - self.loop.first) % period
        return np.concatenate([np.arange(self.control_frames), repeated.clip(0, self.control_frames - 1)])

    def place(self, seconds: Fraction) -> Fraction:
        """Give the place on the new axis, in control frames, of a time in the passage."""
        share = (seconds * CONTROL_RATE - self.film.start) / self._length
        return self.loop.start + share * self.loop.period

    def features(self, features: Features) -> Features:
        """Give what is heard, F' control frames."""
        arrays = {name: getattr(features, name)[..., self.columns] for name in ARRAYS if name not in OF_BEATS}
        directing = None if features.directing is None else self.features(features.directing)
        return dataclasses.replace(features, **arrays, beat_times=self._beats(features.beat_times), directing=directing)

    def _beats(self, beat_times: np.ndarray) -> np.ndarray:
        times = [Fraction(float(time)) for time in beat_times]
        own = np.array([float(self.place(time)) for time in times if self._holds(time)])
        rounds = np.concatenate([own + shift for shift in self._shifts()]) if len(own) else own
        early = beat_times[beat_times * float(CONTROL_RATE) < self.control_frames]
        later = rounds[(rounds >= self.control_frames) & (rounds < len(self.columns))]
        return np.concatenate([early, later / float(CONTROL_RATE)])

    def _holds(self, seconds: Fraction) -> bool:
        return self.film.start <= seconds * CONTROL_RATE < self.film.start + self._length

    def _shifts(self) -> range:
        """Give how far away the passage lies again, in control frames."""
        before, after = self.loop.first - self.control_frames, len(self.columns) - self.loop.first
        return range(-before, after, self.loop.period)

    def settings(self, settings: Settings) -> Settings:
        """Give the settings whose curves and cues lie on the new axis."""
        curves = tuple(
            Curve(parameter=curve.parameter, values=tuple(map(float, self.curve(self._over_time(settings, curve)))))
            for curve in settings.curves
        )
        return dataclasses.replace(settings, curves=curves, cues=self.cues(settings.cues))

    def _over_time(self, settings: Settings, curve: Curve) -> np.ndarray:
        return over_time(settings, curve.parameter, control_frames=self.control_frames)

    def curve(self, values: np.ndarray) -> np.ndarray:
        """Give a number that changes over time, float64 [F] to [F'], without a step at the seam."""
        first, period = self.loop.first, self.loop.period
        repeated = values[self.columns]
        jump = repeated[first] - repeated[first + period - 1]
        width = min(round(CLOSING_SECONDS * float(CONTROL_RATE)), period // 2)
        place = (np.arange(len(repeated)) - first) % period
        until, since = (_soft(1 - distance / max(width, 1)) for distance in (period - 1 - place, place))
        repeated[self.control_frames :] += (jump / 2 * (until - since))[self.control_frames :]
        return repeated

    def cues(self, cues: Iterable[Cue]) -> tuple[Cue, ...]:
        """Give the cues of the passage, over and over."""
        cut = [(cue, *map(self._snapped, (cue.start_seconds, cue.end_seconds))) for cue in cues]
        inside = [(cue, self.place(begin), self.place(end)) for cue, begin, end in cut if begin < end]
        return tuple(
            dataclasses.replace(cue, start_seconds=(begin + shift) / CONTROL_RATE, end_seconds=(end + shift) / CONTROL_RATE)
            for shift in self._shifts()
            for cue, begin, end in inside
        )

    def _snapped(self, seconds: Fraction) -> Fraction:
        """Bring a time into the passage, and to its ends if it lies near them."""
        begin, end = self.film.start / CONTROL_RATE, (self.film.start + self._length) / CONTROL_RATE
        sliver = min(SLIVER_SECONDS, (end - begin) / 4)
        return begin if seconds < begin + sliver else end if seconds > end - sliver else seconds


def closed(walk: Latents, *, count: int, fade_frames: float) -> Latents:
    """Close a walk that hears only what was before, by the same passage's last round.

    Parameters
    ----------
    walk
        ``2 * count + 1`` rows: two rounds of the passage, and the row behind them.
    count
        N, rows of a round.
    fade_frames
        Over how many rows the second round's classes give way to the first round's, before its end.

    Returns
    -------
    Latents
        N rows of the second round. The noise's whole way is taken back, evenly; each unit stays within what it reached.
    """
    before, own = walk.piece(0, count), walk.piece(count, 2 * count)
    rows = np.arange(count)
    share = _soft(1 - (count - rows) / min(fade_frames, count / 2)).astype(np.float32) if count > 1 else np.zeros(1, np.float32)
    classes = replaced(own, before, first_frame=0, noise_share=np.zeros_like(share), class_share=share)
    drift = walk.noise[2 * count].astype(np.float64) - walk.noise[count]
    noise = (own.noise - drift * (rows / count)[:, None]).clip(own.noise.min(axis=0), own.noise.max(axis=0))
    return dataclasses.replace(classes, noise=noise.astype(np.float32))


def _soft(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)
