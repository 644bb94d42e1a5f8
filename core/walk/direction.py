"""Directing a film: which classes it shows, which of them leads when, and how the cues become class slots.

In: a song, and one group of settings. Out: the cue sheet around the words, see `cue_sheet`, and what it shows in any video frames, see
`directing`. Nothing is directed where the settings ask for all things at once, nor in the originals' looks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..protocol import Cue, Look, Settings
from ..sound import structure
from ..sound.features import CONTROL_RATE, Features
from . import cue_sheet, directing, themes
from .curves import over_time
from .loops import Wrapped
from .originals import CLASS_COUNT
from .positions import Positions, sample
from .walks import over_full_strength

Slots = tuple[np.ndarray, np.ndarray]
"""Class numbers, int16 [N, m], and weights, float32 [N, m]."""


class Song:
    """What is heard once for all settings that direct it.

    Parameters
    ----------
    features
        Of the whole sound.
    bars_seconds
        Where the user has marked bars; none: where a tempo map has them, or they are heard.
    class_total
        How many classes the network knows.
    """

    def __init__(self, features: Features, *, bars_seconds: Sequence[Fraction] = (), class_total: int = CLASS_COUNT) -> None:
        self.heard, self.features, self.class_total = features, features.directing or features, class_total
        self._bars_seconds = bars_seconds or self.features.bars_seconds

    @cached_property
    def parts(self) -> tuple[structure.Part, ...]:
        """The song's parts, as they are heard."""
        return structure.suggest(self.features)

    @cached_property
    def bar_lines(self) -> np.ndarray:
        """Where bars begin."""
        return cue_sheet.bar_lines(self.features, self._bars_seconds)

    @cached_property
    def novelty(self) -> np.ndarray:
        """How much changes there."""
        return cue_sheet.novelty(self.features, self.bar_lines)

    @cached_property
    def chords(self) -> np.ndarray:
        """How strong the chord is in each control frame."""
        return directing.chords(self.features)


@dataclass(frozen=True, kw_only=True)
class Directed:
    """A film that the song directs.

    Parameters
    ----------
    classes
        All that the film's own cues show, for where all things show at once.
    cues
        Of words and of the cue sheet, without a gap.
    blend, lead, guests, morph_seconds
        float64 [F]: how much shows at once; the lead's weight; the guests' share of it; how long a lead takes to become the next.
    word_fade_seconds
        The same where words begin or end.
    """

    classes: tuple[int, ...]
    cues: tuple[Cue, ...]
    blend: np.ndarray
    lead: np.ndarray
    guests: np.ndarray
    morph_seconds: np.ndarray
    word_fade_seconds: float

    def wrapped(self, wrap: Wrapped, song: Features) -> "Directed":
        """Give the same on the axis of a loop, on which `song` is heard."""
        blend = wrap.curve(self.blend)
        return replace(
            self,
            cues=wrap.cues(self.cues) or self.cues,
            blend=blend,
            lead=wrap.curve(self.lead),
            guests=_guests(blend, directing.chords(song.directing or song)),
            morph_seconds=wrap.curve(self.morph_seconds),
        )

    def show(self, mixed: Callable[[], Slots], positions: Positions) -> Slots:
        """Give the slots of some video frames; `mixed` gives those of all things at once, where some of that is wanted."""
        ids, weights = directing.show(
            self.cues, guests=self.guests, lead=self.lead, fades=(self.morph_seconds, self.word_fade_seconds), positions=positions
        )
        share = sample(directing.mixed_share(self.blend), positions).astype(np.float32)[:, None]
        if not share.any():
            return ids, weights
        mixed_ids, mixed_weights = mixed()
        return np.concatenate([ids, mixed_ids], axis=1), np.concatenate([weights * (1 - share), mixed_weights * share], axis=1)


def direct(song: Song, settings: Settings, rng: np.random.Generator, *, readiness: np.ndarray) -> Directed | None:
    """Let a song direct a film.

    Parameters
    ----------
    song
        What is heard.
    settings
        Of the film, or of a section. Their own cues show while they last; the sheet goes on between and around them.
    rng
        Chooses the themes, where no classes are chosen.
    readiness
        float64 [F], the pitch sensitivity, as bands steer it.

    Returns
    -------
    Directed
        None where the film shows all things at once, as the originals do.
    """
    control_frames = len(song.features.energy)
    blend = over_time(settings, "blend", control_frames=control_frames)
    if settings.look != Look.CHROMASTRIP or blend.min() >= 1:
        return None
    morph_seconds = 2 * over_time(settings, "smooth_factor", control_frames=control_frames) / float(CONTROL_RATE)
    pace = cue_sheet.Pace(readiness=readiness, morph_seconds=morph_seconds)
    # Of its own for each song: who tries three songs with one seed must not see the same things three times.
    own_rng = np.random.default_rng([int(rng.integers(2**32)), control_frames])
    written = _sheet(song, settings, own_rng, pace=pace)
    return Directed(
        classes=tuple(dict.fromkeys(number for theme in written.themes for number in theme)),
        cues=cue_sheet.around(settings.cues, written.cues, pace=pace),
        blend=blend,
        lead=over_time(settings, "depth", control_frames=control_frames),
        guests=_guests(blend, song.chords),
        morph_seconds=morph_seconds,
        word_fade_seconds=settings.word_fade_seconds,
    )


def _guests(blend: np.ndarray, chords: np.ndarray) -> np.ndarray:
    return directing.GUEST * directing.guest_share(blend) * chords


@dataclass(frozen=True, kw_only=True)
class _Written:
    themes: tuple[themes.Theme, ...]
    cues: tuple[Cue, ...]


def _sheet(song: Song, settings: Settings, rng: np.random.Generator, *, pace: cue_sheet.Pace) -> _Written:
    parts = cue_sheet.on_bars(song.parts, song.bar_lines, pace)
    wanted = settings.classes[: settings.class_count]
    count = len(wanted) or settings.class_count
    theme_of = cue_sheet.theme_of_parts(parts, class_count=count)
    sizes = cue_sheet.theme_sizes(theme_of, class_count=count)
    sung = cue_sheet.sung_in(parts, theme_of, [cue for cue in settings.cues if not cue.part])
    chosen = tuple(filter(None, _themes(song, settings, rng, wanted=wanted, sizes=sizes, sung=sung)))
    return _Written(
        themes=chosen,
        cues=cue_sheet.sheet(parts, chosen, theme_of, lines=song.bar_lines, news=_news(song, settings), pace=pace),
    )


def _news(song: Song, settings: Settings) -> np.ndarray:
    """Say how much news each bar line brings: float64 [B]; with loud notes only, little where hardly anything is heard."""
    loudness = np.minimum(over_full_strength(np.sqrt(song.features.chroma_energy)), 1)
    places = np.round(song.bar_lines * float(CONTROL_RATE)).astype(int).clip(0, len(loudness) - 1)
    loud_notes = over_time(settings, "loud_notes", control_frames=len(loudness))[places]
    return song.novelty * (1 + loud_notes * (loudness[places] - 1))


def _themes(
    song: Song,
    settings: Settings,
    rng: np.random.Generator,
    *,
    wanted: tuple[int, ...],
    sizes: tuple[int, ...],
    sung: tuple[themes.Theme, ...],
) -> tuple[themes.Theme, ...]:
    """Choose what the parts show: what the user has chosen, else what the seed finds; a network of other classes has no neighbours."""
    if song.class_total != CLASS_COUNT:
        drawn = wanted or themes.choose_classes(rng, count=sum(sizes), total=song.class_total, excluded=settings.excluded)
        return themes.deal(drawn, sizes=sizes)
    if wanted:
        return themes.deal(wanted, sizes=sizes, near=sung)
    candidates = frozenset(themes.well_drawn()) - frozenset(settings.excluded)
    if len(candidates) < sum(sizes):
        candidates = frozenset(range(CLASS_COUNT)) - frozenset(settings.excluded)
    return themes.choose(rng, sizes=sizes, candidates=candidates, near=sung)
