"""The cue sheet: where no words are sung, the song itself says which class leads when.

In: features, and the parts that are heard in them. Out: the cues of the whole sound, one after the other without a gap. Parts that are
alike show the same classes in the same order. Inside a part the lead changes on bar lines, where harmony, levels or hits change most: the
cut that a dynamic programme finds. No cue depends on chance, nor on which frames a film shows.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from ..protocol import Cue
from ..sound.features import CONTROL_RATE, Features
from ..sound.listening_job import BEATS_IN_A_BAR, first_bar
from ..sound.structure import Part, unit_sounds
from .themes import Theme

LONGEST_SECONDS = 15.0
"""Without a change at the longest, where a part has more than one class."""
LONGEST_BAR_SECONDS = LONGEST_SECONDS / 3  # longer ones are divided: so there is always a cut within the bounds
SHORTEST_SECONDS = 1.0
QUICKEST_SECONDS = 1.5  # between two changes, of a lead that gives way as readily as can be
BAR_WITHOUT_BEATS_SECONDS = 2.0
FEWEST_CLASSES = 3  # of a theme, before a part has one of its own
NOVELTY_WEIGHT = 3.0  # of a bar line's novelty over the mean one, where a cue of half or twice the wanted length costs 1
PHRASE_WEIGHT = 1.0  # of the end of a phrase of four bars over that of one of two
NOVEL_PERCENTILE = 90.0
SMALLEST_NOVELTY = 0.1  # where bars differ less than so, they are all alike
OUT_OF_BOUNDS = 1e3


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast leads give way to each other.

    Parameters
    ----------
    readiness
        float64 [F], the pitch sensitivity in each control frame, 1 ... 299.
    morph_seconds
        float64 [F], how long one lead takes to become the next.
    """

    readiness: np.ndarray
    morph_seconds: np.ndarray

    def lengths(self, seconds: np.ndarray) -> np.ndarray:
        """Give how long a lead that begins at some times would stay: float64 [n], in seconds."""
        share = (300 - self._at(self.readiness, seconds)) / 299
        return np.maximum(QUICKEST_SECONDS + share * (LONGEST_SECONDS - QUICKEST_SECONDS), self.shortest(seconds))

    def shortest(self, seconds: np.ndarray) -> np.ndarray:
        """Give how long it must stay, so that the morph can be followed: half of the time it is itself."""
        return np.clip(2 * self._at(self.morph_seconds, seconds), SHORTEST_SECONDS, LONGEST_BAR_SECONDS)

    @staticmethod
    def _at(curve: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        return curve[np.round(seconds * float(CONTROL_RATE)).astype(int).clip(0, len(curve) - 1)]


# Parts, and how many classes each shows -------------------------------------------------------------------------------------------------


def on_bars(parts: Sequence[Part], bars: np.ndarray, pace: Pace) -> tuple[Part, ...]:
    """Move parts' boundaries to the nearest bar lines; what would be too short to be followed joins the part before it."""
    end = parts[-1].end_seconds
    begins, kept = [0.0], [parts[0]]
    for part in parts[1:]:
        begin = float(bars[np.abs(bars - part.start_seconds).argmin()])
        shortest = float(pace.shortest(np.array([begin]))[0])
        if begin - begins[-1] >= shortest and end - begin >= shortest:
            begins.append(begin)
            kept.append(part)
    ends = [*begins[1:], end]
    return tuple(replace(part, start_seconds=start, end_seconds=stop) for part, start, stop in zip(kept, begins, ends, strict=True))


def theme_of_parts(parts: Sequence[Part], *, class_count: int) -> dict[str, int]:
    """Say which theme the parts of each letter show: one of their own, as far as each theme then has three classes."""
    letters = list(dict.fromkeys(part.label for part in parts))
    count = min(len(letters), max(1, class_count // FEWEST_CLASSES))
    themes: dict[str, int] = {}
    before = -1
    for part in parts:
        if part.label not in themes:
            uses = [list(themes.values()).count(theme) + (theme == before) * len(letters) for theme in range(count)]
            themes[part.label] = len(themes) if len(themes) < count else int(np.argmin(uses))
        before = themes[part.label]
    return themes


def theme_sizes(theme_of: dict[str, int], *, class_count: int) -> tuple[int, ...]:
    """Share the classes out evenly over the themes."""
    count = max(theme_of.values()) + 1
    return tuple(class_count // count + (theme < class_count % count) for theme in range(count))


def sung_in(parts: Sequence[Part], theme_of: dict[str, int], given: Sequence[Cue]) -> tuple[Theme, ...]:
    """Give what is sung in the parts of each theme: the lines' first classes."""
    begins = [part.start_seconds for part in parts]
    sung: list[dict[int, None]] = [{} for _ in range(max(theme_of.values()) + 1)]
    for cue in given:
        part = parts[max(0, bisect_right(begins, float(cue.start_seconds)) - 1)]
        sung[theme_of[part.label]].setdefault(cue.classes[0])
    return tuple(map(tuple, sung))


# Bars -----------------------------------------------------------------------------------------------------------------------------------


def bar_lines(features: Features, bars_seconds: Sequence[Fraction] = ()) -> np.ndarray:
    """Give where bars begin, from the sound's beginning to its end, at most 5 s apart.

    Parameters
    ----------
    features
        Of the whole sound.
    bars_seconds
        Where the user has marked them; none: where they are heard, or every 2 s where no beats are.

    Returns
    -------
    np.ndarray
        float64 [B], seconds, rising, 0 and the sound's end excluded; at least one.
    """
    end = len(features.energy) / float(CONTROL_RATE)
    given = np.array([float(second) for second in bars_seconds])
    known = np.unique(given if len(given) else features.beat_times[first_bar(features) :: BEATS_IN_A_BAR])
    if len(known) < 2:  # noqa: PLR2004 (one bar line has no length)
        known = np.arange(2.0) * BAR_WITHOUT_BEATS_SECONDS + (known[0] if len(known) else 0)
    step = max(float(np.median(np.diff(known))), SHORTEST_SECONDS / 4)
    before, after = np.arange(known[0] - step, 0, -step)[::-1], np.arange(known[-1] + step, end, step)
    lines = np.concatenate([[0.0], before, known[(known > 0) & (known < end)], after, [end]])
    parts = np.maximum(1, np.ceil(np.diff(lines) / LONGEST_BAR_SECONDS)).astype(int)
    divided = np.interp(np.arange(parts.sum() + 1), np.concatenate([[0], np.cumsum(parts)]), lines)
    return divided[1:-1] if len(divided) > 2 else np.array([end])  # noqa: PLR2004 (its two ends)


def novelty(features: Features, lines: np.ndarray) -> np.ndarray:
    """Say how much changes at each bar line, in harmony, levels and hits: float64 [B], 1 at the most novel tenth of them."""
    end = len(features.energy) / float(CONTROL_RATE)
    sounds = unit_sounds(features, np.concatenate([[0.0], lines[lines < end], [end]]))
    changes = np.linalg.norm(np.diff(sounds, axis=0), axis=1)
    changes = np.pad(changes, (0, len(lines) - len(changes)))
    return np.clip(changes / max(float(np.percentile(changes, NOVEL_PERCENTILE)), SMALLEST_NOVELTY), 0, 1)


# Cues -----------------------------------------------------------------------------------------------------------------------------------


def sheet(
    parts: Sequence[Part], themes: Sequence[Theme], theme_of: dict[str, int], *, lines: np.ndarray, news: np.ndarray, pace: Pace
) -> tuple[Cue, ...]:
    """Write the cues of the whole sound.

    Parameters
    ----------
    parts
        As `on_bars` gives them.
    themes, theme_of
        The classes of each theme, in the order in which they lead; the theme of the parts with each letter.
    lines, news
        Bar lines and how much changes there.
    pace
        How fast leads give way.

    Returns
    -------
    tuple of Cue
        From 0 to the sound's end, without a gap. The first class leads, the second is the guest of strong chords, and leads next.
    """
    orders = _orders(theme_of, themes)
    stretches, leads = list[tuple[str, float, float]](), list[int]()
    for part in parts:
        theme = orders[part.label]
        cuts = _cuts(part, lines, news, pace) if len(theme) > 1 else [part.start_seconds, part.end_seconds]
        stretches += [(part.label, begin, end) for begin, end in pairwise(cuts)]
        leads += [theme[place % len(theme)] for place in range(len(cuts) - 1)]
    _avoid_repeats(leads, [orders[letter] for letter, *_ in stretches])
    return tuple(_cue(lead, orders[letter], letter, begin, end) for lead, (letter, begin, end) in zip(leads, stretches, strict=True))


def _avoid_repeats(leads: list[int], theme_at: Sequence[Theme]) -> None:
    """Let another class of its theme lead at the end of a part where the next one begins with the same: else nothing would change there."""
    for place, (lead, following) in enumerate(pairwise(leads)):
        if lead == following:
            around = {lead, leads[place - 1] if place else lead}
            leads[place] = next((number for number in _from(theme_at[place], lead) if number not in around), lead)


def _cue(lead: int, theme: Theme, letter: str, begin: float, end: float) -> Cue:
    classes = _from(theme, lead)[:2]  # the guest is what leads next
    return Cue(start_seconds=_exact(begin), end_seconds=_exact(end), classes=classes, part=letter)


def _from(theme: Theme, lead: int) -> Theme:
    """Give a theme's classes in their order, from one of them on."""
    start = theme.index(lead)
    return theme[start:] + theme[:start]


def _orders(theme_of: dict[str, int], themes: Sequence[Theme]) -> dict[str, Theme]:
    """Say in which order the parts of each letter show their theme: letters that share one begin with another class of it."""
    orders: dict[str, Theme] = {}
    for place, (letter, number) in enumerate(theme_of.items()):
        before = list(theme_of.values())[:place].count(number)
        theme = themes[number % len(themes)]
        start = before % len(theme)
        orders[letter] = theme[start:] + theme[:start]
    return orders


def _cuts(part: Part, lines: np.ndarray, news: np.ndarray, pace: Pace) -> list[float]:
    """Cut a part at bar lines: cues about as long as the pace asks for, and where much changes; never too short or too long."""
    inside = (lines > part.start_seconds) & (lines < part.end_seconds)
    times = np.concatenate([[part.start_seconds], lines[inside], [part.end_seconds]])
    bars = np.arange(len(times))
    gains = NOVELTY_WEIGHT * (np.concatenate([[0.0], news[inside], [0.0]]) - news.mean()) + PHRASE_WEIGHT * _phrases(bars)
    wanted, shortest = pace.lengths(times), pace.shortest(times)
    costs, before = np.zeros(len(times)), np.zeros(len(times), int)
    for place in range(1, len(times)):
        first = int(np.searchsorted(times, times[place] - 2 * LONGEST_SECONDS))
        starts = np.arange(first, place)
        lengths = times[place] - times[starts]
        cost = costs[starts] + np.log2(lengths / wanted[starts]) ** 2 - gains[place]
        cost += OUT_OF_BOUNDS * ((lengths < shortest[starts]) | (lengths > LONGEST_SECONDS))
        before[place] = starts[cost.argmin()]
        costs[place] = cost.min()
    cuts = [len(times) - 1]
    while cuts[-1] > 0:
        cuts.append(int(before[cuts[-1]]))
    return [float(times[cut]) for cut in cuts[::-1]]


def _phrases(bars: np.ndarray) -> np.ndarray:
    """Say how well a phrase ends at each bar of a part: 0.5 every four bars, 0 every two, -0.5 at the others."""
    return ((bars % 2 == 0) * 1.0 + (bars % 4 == 0) - 1) / 2


def _exact(seconds: float) -> Fraction:
    return Fraction(round(1000 * seconds), 1000)  # as people write times


# Between and around the words -----------------------------------------------------------------------------------------------------------


def around(given: Sequence[Cue], written: Sequence[Cue], *, pace: Pace) -> tuple[Cue, ...]:
    """Let given cues, as of sung lines, show while they last, and the sheet go on between and around them.

    Where the time between two of them is too short to be followed, the first one stays. Nothing is shown for a moment only.

    Returns
    -------
    tuple of Cue
        From 0 to the sound's end or the last given one's, without a gap; of two that overlap, the later one shows.
    """
    if not given:
        return tuple(written)
    stretched, filled = list(given), list[Cue]()
    place_of_end = {cue.end_seconds: place for place, cue in enumerate(given)}
    for begin, stop in _gaps(given, max(written[-1].end_seconds, *(cue.end_seconds for cue in given))):
        if stop - begin >= _shortest(pace, begin):
            filled += _between(written, begin, stop, pace=pace)
        elif begin in place_of_end:
            place = place_of_end[begin]
            stretched[place] = replace(stretched[place], end_seconds=stop)
        else:
            stretched[0] = replace(stretched[0], start_seconds=begin)
    return tuple(sorted([*stretched, *filled], key=lambda cue: cue.start_seconds))


def _gaps(given: Sequence[Cue], end: Fraction) -> Iterator[tuple[Fraction, Fraction]]:
    """Give the times from 0 to `end` in which no cue shows; half-open."""
    until = Fraction(0)
    for cue in given:
        if cue.start_seconds > until:
            yield until, cue.start_seconds
        until = max(until, cue.end_seconds)
    if end > until:
        yield until, end


def _between(written: Sequence[Cue], begin: Fraction, stop: Fraction, *, pace: Pace) -> list[Cue]:
    """Give the sheet's cues from one time to another, none of them there for a moment only."""
    shortest = _shortest(pace, begin)
    cuts = [begin]
    for cue in written:
        if cue.start_seconds - cuts[-1] >= shortest and stop - cue.start_seconds >= shortest:
            cuts.append(cue.start_seconds)
    starts = [cue.start_seconds for cue in written]
    pieces = zip(cuts, [*cuts[1:], stop], strict=True)
    return [
        replace(written[max(0, bisect_right(starts, (first + last) / 2) - 1)], start_seconds=first, end_seconds=last)
        for first, last in pieces
    ]


def _shortest(pace: Pace, seconds: Fraction) -> Fraction:
    return _exact(float(pace.shortest(np.array([float(seconds)]))[0]))
