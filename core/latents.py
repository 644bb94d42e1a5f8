"""Features to latents: what the music sounds like becomes what the network is asked to draw.

Noise moves with hits and loudness, class weights follow the chroma: in Chromastrip's own way (`walks`) or in one of the originals'
(`originals`). Everything is read at the exact time of every video frame. Arrays in, arrays out; all chance comes from the seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial

import numpy as np

from .protocol import BANDS, PARAMETERS, Look, RenderRequest, Section, Settings
from .sound.features import CONTROL_RATE, Features
from .walk import cues, direction, impulses, originals, walks
from .walk.curves import mixed_over, over_time
from .walk.latent_rows import DIRECTIONS
from .walk.latent_rows import Latents as Latents  # noqa: PLC0414 (as the six below: part of this module's face)
from .walk.loops import Loop, Wrapped, closed
from .walk.originals import CLASS_COUNT, JITTER_PERIOD
from .walk.originals import class_walk as class_walk  # noqa: PLC0414
from .walk.originals import noise_walk as noise_walk  # noqa: PLC0414
from .walk.originals import smooth as smooth  # noqa: PLC0414
from .walk.positions import Positions, sample
from .walk.positions import control_positions as control_positions  # noqa: PLC0414
from .walk.sections import lay_over
from .walk.themes import choose_classes as choose_classes  # noqa: PLC0414

NOISE_SIZE = 128
MOOD_TRUNCATION = 0.3
"""How far full mood moves the truncation."""
CLASS_SPEED_RANGE = 100.0
"""How far a band of full strength and amount moves the pitch sensitivity."""


def latents_of(request: RenderRequest, heard: Features, *, class_total: int = CLASS_COUNT) -> Latents:
    """Turn what a request's film hears into its latents, see `make_latents`."""
    return make_latents(
        heard,
        request.settings,
        sections=request.sections,
        source_start_seconds=request.source_start_seconds,
        frame_count=request.frame_count,
        fps=request.fps,
        bars_seconds=request.bars_seconds,
        class_total=class_total,
    )


def direct(request: RenderRequest, heard: Features, *, class_total: int = CLASS_COUNT) -> direction.Directed | None:
    """Say what leads when in a request's film, sections aside: None where it shows all things at once, see `direction`."""
    return _directed(direction.Song(heard, bars_seconds=request.bars_seconds, class_total=class_total), request.settings)


def make_latents(
    features: Features,
    settings: Settings,
    *,
    sections: Sequence[Section] = (),
    source_start_seconds: Fraction,
    frame_count: int,
    fps: Fraction,
    bars_seconds: Sequence[Fraction] = (),
    class_total: int = CLASS_COUNT,
) -> Latents:
    """Turn a sound's features into the latents of a film.

    Parameters
    ----------
    features
        Of the whole sound file.
    settings
        The hyperparameters; must have no `Settings.problems`.
    sections
        Pieces with settings of their own, laid over each other in this order.
    source_start_seconds
        Where in the sound the first video frame lies.
    frame_count, fps
        Number and exact rate of the video frames.
    bars_seconds
        When bars begin, in the sound's own time. Empty: where they are heard.
    class_total
        How many classes the network knows, for chance to choose from.

    Returns
    -------
    Latents
        `frame_count` rows. Before the sound's beginning and after its end, the first and the last state stand still. With
        `Settings.loop`, the row behind the last one would be the first, see `walk.loops`.
    """
    positions = control_positions(source_start_seconds=source_start_seconds, frame_count=frame_count, fps=fps)
    song = direction.Song(features, bars_seconds=bars_seconds, class_total=class_total)
    wrap = Wrapped(film=positions, control_frames=len(features.energy)) if settings.loop else None
    if wrap is not None:
        features, positions = wrap.features(features), wrap.positions
    latents = _path(features, song, settings, positions, wrap=wrap)
    for section in sections:
        inside = positions.piece(section.first_frame, section.end_frame)
        start = latents.noise[section.first_frame].astype(np.float64)
        own = _path(features, song, section.settings, inside, start=start, wrap=wrap)
        latents = lay_over(latents, own, section, fps=fps, loops=settings.loop)
    return latents


def _directed(song: direction.Song, settings: Settings) -> direction.Directed | None:
    class_rng, *_ = random_streams(settings.seed)
    return direction.direct(song, settings, class_rng, readiness=_steer(song.heard, settings).pitch_sensitivity)


def _path(
    features: Features,
    song: direction.Song,
    settings: Settings,
    positions: Positions,
    *,
    start: np.ndarray | None = None,
    wrap: Wrapped | None = None,
) -> Latents:
    """Walk with one group of settings: from the sound's beginning and the seed's own noise, or from `start` at the first position.

    In a loop, `features` and `positions` are on its axis, and the seed's own noise is where it begins. A look that hears only what was
    before walks it twice.
    """
    directed = _directed(song, settings)
    if wrap is None:
        return _walked(features, song, settings, positions, directed=directed, start=start)
    settings, directed = wrap.settings(settings), directed and directed.wrapped(wrap, features)
    walk = partial(_walked, features, song, settings, directed=directed, start=start, loop=wrap.loop)
    if settings.look == Look.CHROMASTRIP or len(positions) < wrap.film.count:
        return walk(positions)
    count = len(positions)
    twice = Positions(start=positions.start - wrap.loop.period, step=positions.step, count=2 * count + 1)
    return closed(walk(twice), count=count, fade_frames=float(CONTROL_RATE / positions.step))


def _walked(
    features: Features,
    song: direction.Song,
    settings: Settings,
    positions: Positions,
    *,
    directed: direction.Directed | None,
    start: np.ndarray | None,
    loop: Loop | None = None,
) -> Latents:
    class_rng, start_rng, jitter_rng = random_streams(settings.seed)
    control_frames = len(features.energy)
    first_truncation = float(over_time(settings, "truncation", control_frames=control_frames)[0])
    chance = Chance(
        classes=directed.classes
        if directed
        else settings.classes[: settings.class_count]
        or choose_classes(class_rng, count=settings.class_count, total=song.class_total, excluded=settings.excluded),
        origin=Fraction(0) if start is None and loop is None else max(Fraction(0), positions.start),
        start=start_noise(start_rng, truncation=first_truncation) if start is None else start,
        resting=resting_units(jitter_rng, control_frames=control_frames),
        loop=loop,
    )
    walk = LOOKS[settings.look](features, settings, chance, positions)
    sung = [cue for cue in settings.cues if not cue.part]
    mixed = partial(cues.show, chance.classes, sung, walk.weigh, fade_seconds=settings.word_fade_seconds, positions=positions)
    class_ids, class_weights = directed.show(mixed, positions) if directed else mixed()
    return Latents(
        noise=walk.noise,
        displacement=walk.displacement,
        class_ids=class_ids,
        class_weights=class_weights,
        class_floor=walk.class_floor,
        truncation=walk.truncation,
    )


@dataclass(frozen=True, kw_only=True)
class Chance:
    """What a walk is given beside the music: most of it by the seed.

    Parameters
    ----------
    classes
        The chosen class numbers.
    origin
        Where the walk begins, on the control frames' axis.
    start
        float64 [128], the noise there.
    resting
        bool [ceil(F / 200), 128], which units the jitter slows down in each period.
    loop
        Where the film loops; None: it does not.
    """

    classes: tuple[int, ...]
    origin: Fraction
    start: np.ndarray
    resting: np.ndarray
    loop: Loop | None = None


@dataclass(frozen=True, kw_only=True)
class Walk:
    """What a look makes of the music, for N video frames.

    Parameters
    ----------
    noise
        float32 [N, 128].
    displacement
        float32 [N, 6], see `Latents`.
    truncation, class_floor
        float32 [N].
    weigh
        Gives the weights over the floor of any number of classes, float32 [N, n].
    """

    noise: np.ndarray
    displacement: np.ndarray
    truncation: np.ndarray
    class_floor: np.ndarray
    weigh: Callable[[int], np.ndarray]


# The looks ------------------------------------------------------------------------------------------------------------------------------


def _chromastrip(features: Features, settings: Settings, chance: Chance, positions: Positions) -> Walk:
    steered = _steer(features, settings)
    value = partial(over_time, settings, control_frames=len(features.energy))
    push = walks.push(features, split=value("split"), beat=value("beat"), band_amounts=[value(f"{band}_to_motion") for band in BANDS])
    noise = walks.noise_at(
        positions.floats(),
        steered.tempo_sensitivity * push,
        origin=float(chance.origin),
        start=chance.start,
        resting=chance.resting,
        jitter=value("jitter"),
        truncation=steered.truncation,
        loop=chance.loop,
    )

    def weigh(count: int) -> np.ndarray:
        turns = walks.turns_of(features)
        turns, in_a_round = (turns, walks.NEVER_AGAIN) if chance.loop is None else chance.loop.closed_turns(turns)
        weights = walks.class_weights(
            walks.heard_notes(features, split=value("split"), loud_notes=value("loud_notes")),
            class_count=count,
            pitch_sensitivity=steered.pitch_sensitivity,
            depth=value("depth"),
            window=value("smooth_factor"),
            turns=turns,
            turns_in_a_round=in_a_round,
        )
        return sample(weights, positions).astype(np.float32)

    return Walk(
        noise=noise,
        displacement=_displacement(features, settings, positions, loop=chance.loop),
        truncation=sample(steered.truncation, positions).astype(np.float32),
        class_floor=np.zeros(len(positions), np.float32),
        weigh=weigh,
    )


def _displacement(features: Features, settings: Settings, positions: Positions, *, loop: Loop | None) -> np.ndarray:
    value = partial(over_time, settings, control_frames=len(features.energy))
    swell = value("swell")
    opened = 1 + swell * (impulses.opening(features) - 1)
    return impulses.displacement_at(
        positions.floats(),
        struck=value("hit") * opened * impulses.hits(features, split=value("split")),
        amounts={effect: value(f"hit_{effect}") for effect in impulses.EFFECTS},
        release_seconds=value("hit_release_seconds"),
        breath=value("breath") * opened,
        beat_times=features.beat_times,
        loop=loop,
    )


@dataclass(frozen=True, kw_only=True)
class Steered:
    """The settings that bands and moods move, at the control rate: float64 [F] each."""

    tempo_sensitivity: np.ndarray
    truncation: np.ndarray
    pitch_sensitivity: np.ndarray


def _steer(features: Features, settings: Settings) -> Steered:
    value = partial(over_time, settings, control_frames=len(features.energy))
    levels = np.minimum(walks.band_levels(features), 1)  # [3, F]
    mood = value("mood") * cues.moods(settings.cues, control_frames=len(features.energy))
    amounts = {target: [value(f"{band}_to_{target}") for band in BANDS] for target in ("truncation", "class_speed")}
    truncation = value("truncation") + _by_bands(amounts["truncation"], levels) + MOOD_TRUNCATION * mood
    speed = value("pitch_sensitivity") + CLASS_SPEED_RANGE * _by_bands(amounts["class_speed"], levels)
    return Steered(
        tempo_sensitivity=value("tempo_sensitivity") * 2**mood,
        truncation=_within("truncation", truncation),
        pitch_sensitivity=_within("pitch_sensitivity", speed),
    )


def _by_bands(amounts: Sequence[np.ndarray], levels: np.ndarray) -> np.ndarray:
    return sum((amount * level for amount, level in zip(amounts, levels, strict=True)), start=np.zeros(levels.shape[1]))


def _within(name: str, curve: np.ndarray) -> np.ndarray:
    return np.clip(curve, PARAMETERS[name].minimum, PARAMETERS[name].maximum)


def _original(features: Features, settings: Settings, chance: Chance, positions: Positions, *, variant: originals.Variant) -> Walk:
    value = partial(over_time, settings, control_frames=len(features.energy))

    @cache
    def weights_and_floor(count: int) -> tuple[np.ndarray, np.ndarray]:
        return originals.class_weights_walk(
            features.chroma,
            class_count=count,
            pitch_sensitivity=value("pitch_sensitivity"),
            depth=value("depth"),
            variant=variant,
        )

    def weigh(count: int) -> np.ndarray:
        weights, floor = weights_and_floor(count)
        if variant == "msieg":
            weights = _smoothed(weights, value("smooth_factor"))
        return sample(weights - floor[:, None], positions).astype(np.float32)

    _, floor = weights_and_floor(len(chance.classes))
    # rushk gives the network 1, whatever is asked for
    truncation = value("truncation") if variant == "msieg" else np.ones(len(features.energy))
    return Walk(
        noise=_original_noise(features, settings, chance, positions),
        displacement=np.zeros((len(positions), len(DIRECTIONS)), np.float32),
        truncation=sample(truncation, positions).astype(np.float32),
        class_floor=sample(floor, positions).astype(np.float32),
        weigh=weigh,
    )


def _smoothed(weights: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Smooth as msieg does; of a sound too short for two windows, the original shows nothing at all: there, over shorter ones."""
    longest = len(weights) // 2

    def smooth_over(width: float) -> np.ndarray:
        smoothed = originals.smooth(weights, window=max(1, min(round(width), longest)))
        return smoothed[np.minimum(np.arange(len(weights)), len(smoothed) - 1)]

    return mixed_over(window, smooth_over)


def _original_noise(features: Features, settings: Settings, chance: Chance, positions: Positions) -> np.ndarray:
    value = partial(over_time, settings, control_frames=len(features.energy))
    first = min(round(chance.origin), len(features.energy) - 1)
    jitter = value("jitter")[::JITTER_PERIOD, None]  # as it is when a period begins
    walk = originals.noise_walk(
        features.energy[first:],
        features.flux[first:],
        start=chance.start,
        jitter=np.where(chance.resting, 1.0 - jitter, 1.0)[first // JITTER_PERIOD :],
        tempo_sensitivity=value("tempo_sensitivity")[first:],
        truncation=value("truncation")[first:],
    )
    return sample(walk, positions.moved(-chance.origin)).astype(np.float32)


LOOKS = {
    Look.CHROMASTRIP: _chromastrip,
    Look.ORIGINAL_MSIEG: partial(_original, variant="msieg"),
    Look.ORIGINAL_RUSHK: partial(_original, variant="rushk"),
}


# Chance ---------------------------------------------------------------------------------------------------------------------------------


def random_streams(seed: int) -> tuple[np.random.Generator, np.random.Generator, np.random.Generator]:
    """Give a stream of chance each for classes, first noise and jitter, so that choosing other classes does not change the motion."""
    classes, start, jitter = (np.random.Generator(np.random.PCG64(stream)) for stream in np.random.SeedSequence(seed).spawn(3))
    return classes, start, jitter


def start_noise(rng: np.random.Generator, *, truncation: float) -> np.ndarray:
    """Draw the first noise vector: float64 [128], normal, drawn again where beyond 2, times `truncation`."""
    noise = rng.standard_normal(NOISE_SIZE)
    while (beyond := np.abs(noise) > 2).any():  # noqa: PLR2004 (BigGAN's truncated normal distribution ends at 2)
        noise[beyond] = rng.standard_normal(beyond.sum())
    return truncation * noise


def resting_units(rng: np.random.Generator, *, control_frames: int) -> np.ndarray:
    """Draw which units the jitter slows down in each period: bool [ceil(control_frames / 200), 128], at even odds."""
    periods = -(-control_frames // JITTER_PERIOD)
    return rng.random((periods, NOISE_SIZE)) >= 0.5  # noqa: PLR2004
