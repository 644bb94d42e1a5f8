"""One picture of what a film hears and what it will do: what one looks at before drawing frames.

From top to bottom: parts and sections, waveform, chroma, loudness and bands, onsets and beats, class weights, noise speed, truncation; all
over the film's own time. In: arrays and the request. Out: a picture; nothing is read or written.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .canvas import MAGMA, Colour, Panel, TimeAxis, clock, hue, ramp
from .protocol import PARAMETERS, Cue, RenderRequest, Section, Settings
from .sound.features import CONTROL_RATE, HOP_LENGTH, Features
from .sound.hearing import PITCH_CLASSES
from .sound.structure import Part
from .walk.latent_rows import Latents

WIDTH = 1920
LEFT, RIGHT = 332, 84  # pixels beside the panels, for names and for scales
LABELS = 198  # pixels for the names of bands
TOP, BOTTOM, GAP = 94, 34, 14
PAPER, GROUND, GRID = (15, 17, 22), (23, 26, 33), (44, 49, 60)
INK, FAINT = (232, 235, 240), (150, 158, 172)
SOUND, LOUD, HITS, BEATS, SPEED, REACH = (104, 168, 222), (238, 188, 92), (240, 112, 98), (255, 236, 200), (126, 208, 146), (188, 150, 236)
BANDS = ("high", "mid", "low")
BANDS_DB = 50.0  # below the loudest: what lies below is black
MOST_CLASSES = 16
EXACT_BELOW_SECONDS = 10.0  # shorter films have tenths of seconds at their times
CLOSEST_BEATS = 5  # pixels: closer ones would be a wall
LOUD_PERCENTILE = 99.5  # full height: one hit that is louder than all others must not flatten the rest


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the picture.

    Parameters
    ----------
    name, unit
        Left of it.
    height
        In pixels.
    paint
        Paints its panel.
    bands
        Names of the bands that it consists of, from above, beside it.
    scale
        What its upper and its lower edge stand for, right of it.
    notes
        Words inside it: column, width, and texts of which the first that fits there is written.
    """

    name: str
    unit: str = ""
    height: int
    paint: Callable[[Panel], None]
    bands: Sequence[str] = ()
    scale: tuple[str, str] = ("", "")
    notes: Sequence[tuple[float, float, Sequence[str]]] = ()


def plot(
    envelope: np.ndarray,
    features: Features,
    latents: Latents,
    *,
    request: RenderRequest,
    parts: Sequence[Part],
    class_names: Sequence[str],
    cues: Sequence[Cue] = (),
) -> Image.Image:
    """Draw what a film hears and what it will do.

    Parameters
    ----------
    envelope
        float32 [2, F], see `envelope_of`, of the request's sound.
    features
        What the film hears, F control frames.
    latents
        What it will do, a row for each of the request's frames.
    request
        The film: its name, range, rate and sections.
    parts
        Suggested for the sound.
    class_names
        The name of each of the 1000 classes.
    cues
        What leads when; none: all things show at once.

    Returns
    -------
    Image.Image
        1920 pixels wide; the left edge is the film's first frame, the right edge the end of its last.
    """
    axis = TimeAxis(seconds=float(request.frame_count / request.fps), width=WIDTH - LEFT - RIGHT)
    sound = _Sound(axis=axis, start=-float(request.source_start_seconds))
    rows = [
        _parts_row(parts, sound),
        *_sections_rows(request, axis),
        *_cues_rows(cues, sound, class_names),
        _waveform_row(envelope, sound),
        *_sound_rows(features, sound),
        *_film_rows(latents, float(request.fps), axis, class_names),
    ]
    return _Sheet(rows, axis).draw(_heading(request, features), edges=_edges(request, axis))


def envelope_of(samples: np.ndarray) -> np.ndarray:
    """Give the lowest and the highest sample around each control frame: float32 [2, F]."""
    whole = np.pad(samples, (HOP_LENGTH // 2, HOP_LENGTH))[: (1 + len(samples) // HOP_LENGTH) * HOP_LENGTH].reshape(-1, HOP_LENGTH)
    return np.stack([whole.min(axis=1), whole.max(axis=1)]).astype(np.float32)


# Rows -----------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Sound:
    """Where the sound lies on the film's time axis: it begins at `start` seconds."""

    axis: TimeAxis
    start: float

    def column(self, seconds: float) -> float:
        return self.axis.column(self.start + seconds)

    def highest(self, curves: np.ndarray) -> np.ndarray:
        return self.axis.highest(curves, start=self.start, rate=float(CONTROL_RATE))

    def average(self, curves: np.ndarray) -> np.ndarray:
        return self.axis.average(curves, start=self.start, rate=float(CONTROL_RATE))


def _parts_row(parts: Sequence[Part], sound: _Sound) -> Row:
    letters = list(dict.fromkeys(part.label for part in parts))
    spans = [(sound.column(part.start_seconds), sound.column(part.end_seconds)) for part in parts]

    def paint(panel: Panel) -> None:
        for part, (left, right) in zip(parts, spans, strict=True):
            panel.rectangle(left + 1, right - 1, hue(letters.index(part.label)), thickness=0.8)

    notes = [_note(span, sound.axis, _part_words(part, parts, sound.start)) for part, span in zip(parts, spans, strict=True)]
    return Row(name="parts", unit="suggested", height=30, paint=paint, notes=notes)


def _part_words(part: Part, parts: Sequence[Part], sound_start: float) -> Sequence[str]:
    """Name a part, and say how much it is like the earlier one with its letter."""
    if part.alike is None or parts[part.alike].label != part.label:
        return (part.label,)
    time = clock(sound_start + parts[part.alike].start_seconds)
    return f"{part.label}   {part.likeness:.0%} like {time}", f"{part.label}   {part.likeness:.0%}", part.label


def _note(span: tuple[float, float], axis: TimeAxis, texts: Sequence[str]) -> tuple[float, float, Sequence[str]]:
    """Put words into what shows of a span."""
    left, right = (min(max(column, 0.0), float(axis.width)) for column in span)
    return left, right - left, texts


def _cues_rows(cues: Sequence[Cue], sound: _Sound, class_names: Sequence[str]) -> Iterator[Row]:
    """Give a row for what leads when, a colour for each class: of words brighter than of the cue sheet."""
    if not cues:
        return
    classes = list(dict.fromkeys(cue.classes[0] for cue in cues))
    spans = [(sound.column(float(cue.start_seconds)), sound.column(float(cue.end_seconds))) for cue in cues]

    def paint(panel: Panel) -> None:
        for cue, (left, right) in zip(cues, spans, strict=True):
            panel.rectangle(left + 1, right - 1, hue(classes.index(cue.classes[0])), thickness=0.6 if cue.part else 0.9)

    notes = [_note(span, sound.axis, (class_names[cue.classes[0]],)) for cue, span in zip(cues, spans, strict=True)]
    yield Row(name="cue sheet", unit="what leads", height=30, paint=paint, notes=notes)


def _sections_rows(request: RenderRequest, axis: TimeAxis) -> Iterator[Row]:
    """Give a row for all sections, the later ones over the earlier, if there are any."""
    if not request.sections:
        return
    spans = [
        (axis.column(float(one.first_frame / request.fps)), axis.column(float(one.end_frame / request.fps))) for one in request.sections
    ]

    def paint(panel: Panel) -> None:
        for left, right in spans:
            panel.rectangle(left, right, REACH)
            panel.rectangle(left + 1.5, right - 1.5, GROUND, thickness=0.72, top=2, bottom=-2)

    notes = [_note(span, axis, (_section_words(one, request.settings),)) for one, span in zip(request.sections, spans, strict=True)]
    yield Row(name="sections", unit="asked for", height=26, paint=paint, notes=notes)


def _section_words(section: Section, base: Settings) -> str:
    """Say what differs in a section."""
    changes = [
        f"{PARAMETERS[name].label.lower()} {value:g}"
        for name, value in vars(section.settings).items()
        if name in PARAMETERS and value != getattr(base, name)
    ]
    others = [name for name, value in vars(section.settings).items() if name not in PARAMETERS and value != getattr(base, name)]
    return ", ".join([*changes, *others]) or "no change"


def _waveform_row(envelope: np.ndarray, sound: _Sound) -> Row:
    low, high = -sound.highest(-envelope[0]), sound.highest(envelope[1])
    loudest = max(float(np.abs(envelope).max()), 1e-9)

    def paint(panel: Panel) -> None:
        panel.between(0.5 + low / loudest / 2, 0.5 + high / loudest / 2, SOUND)

    return Row(name="waveform", height=96, paint=paint, scale=(f"{loudest:.2g}", f"{-loudest:.2g}"))


def _sound_rows(features: Features, sound: _Sound) -> Iterator[Row]:
    yield _heat_row("chroma", sound.average(features.chroma[::-1]), bands=PITCH_CLASSES[::-1], band_height=13)
    yield _heat_row("bands", sound.average(_levels(features.bands[::-1])), unit=f"{BANDS_DB:.0f} dB", bands=BANDS, band_height=15)
    yield _curve_row("energy", sound.highest(features.energy), sound.average(features.energy), LOUD, full=1.0)
    yield _onset_row(features, sound)
    yield _beats_row(features, sound)


def _heat_row(name: str, rows: np.ndarray, *, unit: str = "", bands: Sequence[str], band_height: int) -> Row:
    colours = ramp(*MAGMA)
    return Row(name=name, unit=unit, height=band_height * len(bands), paint=lambda panel: panel.heat(rows, colours), bands=bands)


def _curve_row(
    name: str, highest: np.ndarray, average: np.ndarray, colour: Colour, *, unit: str = "", full: float, height: int = 64
) -> Row:
    """Give a row for a curve, `full` of which is its panel's height."""
    curves = [np.clip(curve / full, 0, 1) for curve in (highest, average)]
    return Row(name=name, unit=unit, height=height, paint=lambda panel: panel.fill(*curves, colour), scale=(f"{full:.3g}", "0"))


def _levels(power: np.ndarray) -> np.ndarray:
    """Give levels, 0 ... 1: `BANDS_DB` below the loudest, and the loudest of each band."""
    loudest = np.maximum(power.max(axis=1, keepdims=True), 1e-20)
    return np.clip(1 + 10 * np.log10(np.maximum(power / loudest, 1e-20)) / BANDS_DB, 0, 1)


def _onset_row(features: Features, sound: _Sound) -> Row:
    full = max(_full_height(curve) for curve in (features.onset_strength, features.percussive_onset_strength))
    hits = [np.clip(read(features.percussive_onset_strength) / full, 0, 1) for read in (sound.highest, sound.average)]
    all_onsets = np.clip(sound.average(features.onset_strength) / full, 0, 1)

    def paint(panel: Panel) -> None:
        panel.fill(*hits, HITS)
        panel.line(all_onsets, LOUD)

    return Row(name="onset strength", unit="red: of what hits", height=84, paint=paint, scale=(f"{full:.3g} dB", "0"))


def _beats_row(features: Features, sound: _Sound) -> Row:
    columns = np.array([sound.column(seconds) for seconds in features.beat_times])
    columns = columns[(columns >= 0) & (columns < sound.axis.width)]
    apart = float(np.median(np.diff(columns))) if len(columns) > 1 else np.inf

    def paint(panel: Panel) -> None:
        for column in columns if apart >= CLOSEST_BEATS else ():
            panel.rectangle(column - 0.7, column + 0.7, BEATS, thickness=0.8)

    tempo = f"{float(features.tempo):.0f} a minute" if features.tempo > 0 else "none heard"
    words = f"{len(columns)} beats: too many to draw" if apart < CLOSEST_BEATS else ""
    return Row(name="beats", unit=tempo, height=32, paint=paint, notes=[(0, sound.axis.width, (words,))])


def _film_rows(latents: Latents, fps: float, axis: TimeAxis, class_names: Sequence[str]) -> Iterator[Row]:
    yield _class_row(latents, fps, axis, class_names)
    speed = np.linalg.norm(np.diff(latents.noise, axis=0), axis=1) * fps if len(latents) > 1 else np.zeros(1)
    shown = [read(speed, start=0.5 / fps, rate=fps) for read in (axis.highest, axis.average)]  # between one frame and the next
    yield _curve_row("noise speed", *shown, SPEED, unit="a second", full=_full_height(speed), height=72)
    thrown = np.linalg.norm(latents.displacement, axis=1)
    shown = [read(thrown, start=0.0, rate=fps) for read in (axis.highest, axis.average)]
    yield _curve_row("thrown by hits", *shown, HITS, unit="displacement", full=_full_height(thrown), height=56)
    truncation = axis.average(latents.truncation, start=0.0, rate=fps)
    yield _curve_row("truncation", truncation, truncation, REACH, full=1.0, height=44)


def _class_row(latents: Latents, fps: float, axis: TimeAxis, class_names: Sequence[str]) -> Row:
    """Give a band for each of the classes that show most, in the order in which they first show, and one for all others."""
    classes, weights = latents.in_columns()
    most = np.sort(np.argsort(-weights.sum(axis=0), kind="stable")[:MOST_CLASSES]) if classes else np.zeros(0, int)
    order = most[np.argsort(weights[:, most].argmax(axis=0), kind="stable")]
    bands = [f"{class_names[classes[place]]}  {classes[place]}" for place in order]
    curves = weights[:, order].T
    if len(classes) > len(order):
        bands.append(f"{len(classes) - len(order)} others")
        curves = np.concatenate([curves, np.delete(weights, order, axis=1).sum(axis=1)[None]])
    if not bands:
        bands, curves = ["none"], np.zeros((1, len(latents)))
    full = max(float(curves.max()), 1e-9)
    shown = axis.average(curves / full, start=0.0, rate=fps)
    colours = np.stack([ramp(GROUND, hue(number)) for number in range(len(bands))])
    return Row(
        name="class weights",
        height=18 * len(bands),
        paint=lambda panel: panel.heat(shown, colours, gap=1),
        bands=bands,
        scale=(f"{full:.2g}", ""),
    )


def _full_height(curve: np.ndarray) -> float:
    return max(float(np.percentile(curve, LOUD_PERCENTILE)), float(curve.max()) / 4) or 1.0


# Words and paper ------------------------------------------------------------------------------------------------------------------------


def _heading(request: RenderRequest, features: Features) -> tuple[str, str]:
    seconds = len(features.energy) / float(CONTROL_RATE)
    film = (
        f"{request.frame_count} frames at {float(request.fps):.4g} a second, {clock(float(request.frame_count / request.fps), exact=True)}"
    )
    start = f", from {float(request.source_start_seconds):.1f} s on" if request.source_start_seconds else ""
    looks = f"look {request.settings.look}, model {request.settings.model}, seed {request.settings.seed}"
    return request.name, "   ·   ".join([film, f"sound {clock(seconds, exact=True)}{start}", looks])


def _edges(request: RenderRequest, axis: TimeAxis) -> list[float]:
    return [axis.column(float(frame / request.fps)) for section in request.sections for frame in (section.first_frame, section.end_frame)]


class _Sheet:
    """Lays rows out below each other, paints them, and writes beside them."""

    def __init__(self, rows: Sequence[Row], axis: TimeAxis) -> None:
        self.rows, self.axis = rows, axis
        tops = np.cumsum([TOP, *(row.height + GAP for row in rows)])
        self.tops, self.height = [int(top) for top in tops[:-1]], int(tops[-1]) - GAP + BOTTOM

    def draw(self, heading: tuple[str, str], *, edges: Sequence[float]) -> Image.Image:
        pixels = np.empty((self.height, WIDTH, 3), np.float32)
        pixels[:] = PAPER
        for row, top in zip(self.rows, self.tops, strict=True):
            panel = Panel(pixels[top : top + row.height, LEFT : WIDTH - RIGHT])
            panel.pixels[:] = GROUND
            self._grid(panel)
            row.paint(panel)
            for edge in edges:
                panel.rectangle(edge - 0.6, edge + 0.6, REACH, thickness=0.7)
        picture = Image.fromarray(np.clip(pixels + 0.5, 0, 255).astype(np.uint8))
        self._write(ImageDraw.Draw(picture), heading)
        return picture

    def _grid(self, panel: Panel) -> None:
        for seconds in self.axis.ticks():
            column = self.axis.column(seconds)
            panel.rectangle(column - 0.5, column + 0.5, GRID)

    def _write(self, draw: ImageDraw.ImageDraw, heading: tuple[str, str]) -> None:
        draw.text((24, 14), _fitting(heading[0], WIDTH - 48, _font(26)), fill=INK, font=_font(26))
        draw.text((24, 48), heading[1], fill=FAINT, font=_font(15))
        self._write_times(draw)
        for row, top in zip(self.rows, self.tops, strict=True):
            self._write_row(draw, row, top)

    def _write_times(self, draw: ImageDraw.ImageDraw) -> None:
        exact = self.axis.seconds < EXACT_BELOW_SECONDS
        for seconds in self.axis.ticks():
            column = LEFT + self.axis.column(seconds)
            if column <= WIDTH - RIGHT:
                for y, anchor in ((TOP - 4, "ms"), (self.height - BOTTOM + 8, "mt")):
                    draw.text((column, y), clock(seconds, exact=exact), fill=FAINT, font=_font(13), anchor=anchor)

    def _write_row(self, draw: ImageDraw.ImageDraw, row: Row, top: int) -> None:
        draw.text((24, top), row.name, fill=INK, font=_font(16))
        draw.text((24, top + 21), row.unit, fill=FAINT, font=_font(12))
        each = row.height / max(len(row.bands), 1)
        for number, name in enumerate(row.bands):
            font = _font(min(13, each))
            draw.text((LEFT - 8, top + (number + 0.5) * each), _fitting(name, LABELS, font), fill=FAINT, font=font, anchor="rm")
        for text, y, anchor in ((row.scale[0], top, "lt"), (row.scale[1], top + row.height, "ls")):
            draw.text((WIDTH - RIGHT + 8, y), text, fill=FAINT, font=_font(13), anchor=anchor)
        for column, width, texts in row.notes:
            fitting = next((text for text in texts if _font(14).getlength(text) <= width - 12), _fitting(texts[-1], width - 12, _font(14)))
            draw.text((LEFT + column + 8, top + row.height / 2), fitting, fill=INK, font=_font(14), anchor="lm")


@functools.cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels bring FreeType along
    return font


def _fitting(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """Shorten a text until it fits; to nothing, if not even its first letter does."""
    if font.getlength(text) <= width:
        return text
    fitting = next((end for end in range(len(text) - 1, 0, -1) if font.getlength(text[:end] + "…") <= width), 0)
    return text[:fitting] + "…" if fitting else ""
