"""Curves drawn over films' strips in the sequencer: how loud the sound is, where its hits are, which things show when.

Off until it is switched on in the sequencer's overlay popover. What is drawn lies beside the films' frames (`protocol.film_curves`) and is
read by a timer; drawing takes batches that are made when a strip or its film has changed. Nothing at all is drawn in the background.
"""

import colorsys
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import gpu

from ..core.protocol import ProtocolError, class_names, decode, places
from ..core.protocol.film_curves import CURVES_FILE, FULL, MOST_POINTS, FilmCurves, unpack
from . import compat, legend
from .sections import is_film, shown_frames
from .strips import current_strips

Colour = tuple[float, float, float, float]

SOUND_BAND, THINGS_BAND = (0.05, 0.41), (0.43, 0.57)
"""From where to where in a strip's height."""
ENERGY_COLOUR: Colour = (1.0, 1.0, 1.0, 0.35)
ONSET_COLOUR: Colour = (1.0, 0.55, 0.1, 0.9)
THING_OPACITY = 0.75
GOLDEN = 0.618034  # neighbours in this order of hues never look alike
MOST_BATCHES = 200
LEAST_NAMED, MOST_NAMED = 13, 6  # of 255; in the legend
LOOK_SECONDS = 2.0  # between two looks for the curves of a film that is being drawn
COORDINATES = 8  # of a bar: four corners


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a strip shows which frames of which film: all that its drawing depends on."""

    folder: str
    first_frame: int
    end_frame: int
    left_handle: int
    channel: int


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Bars of one colour: float32 x and y of four corners each, in frames and channels, for a strip of triangles."""

    colour: Colour
    corners: array


@dataclass
class _Known:
    """What has been read and made so far, and when folders without curves were looked into; forgotten with the file."""

    curves: dict[str, FilmCurves] = field(default_factory=dict)
    missed: dict[str, float] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)
    batches: dict[Span, list[tuple[Colour, gpu.types.GPUBatch]]] = field(default_factory=dict)


_known = _Known()
_handles: tuple[object, ...] = ()


# What is drawn where --------------------------------------------------------------------------------------------------------------------


def spans(scene: bpy.types.Scene) -> Iterator[Span]:
    """Give the films' strips that the user sees."""
    for strip in current_strips(scene.sequence_editor) if scene.sequence_editor else ():
        if is_film(strip):
            first, end = shown_frames(strip)
            yield Span(
                folder=bpy.path.abspath(strip.directory),
                first_frame=first,
                end_frame=min(end, first + compat.frame_count(strip)),
                left_handle=compat.left_handle(strip),
                channel=strip.channel,
            )


def layers(curves: FilmCurves, span: Span) -> Iterator[Layer]:
    """Lay a film's curves out over its strip: frame n's bar reaches from where n begins to where n + 1 does.

    Parameters
    ----------
    curves
        The film's.
    span
        Where the strip is.
    """
    step, count = curves.frames_in_a_point, curves.point_count
    first, end = span.first_frame // step, min(-(-span.end_frame // step), count)
    if first >= end:
        return
    edges = [min(max(step * k, span.first_frame), span.end_frame) for k in range(first, end + 1)]
    x = array("f", (span.left_handle - span.first_frame + edge for edge in edges))
    bottom, top = (span.channel + share for share in SOUND_BAND)
    for text, colour in ((curves.energy, ENERGY_COLOUR), (curves.onset_strength, ONSET_COLOUR)):
        levels = unpack(text, count=count)[first:end]
        heights = array("f", (bottom + (top - bottom) * level / FULL for level in levels))
        yield Layer(colour=colour, corners=_bars(x, array("f", [bottom]) * len(heights), heights))
    yield from _stack(curves, first, end, x, span.channel)


def _stack(curves: FilmCurves, first: int, end: int, x: array, channel: int) -> Iterator[Layer]:
    """Lay the things' weights on each other, as shares of all that are told of."""
    bottom, top = (channel + share for share in THINGS_BAND)
    weights = [unpack(thing.levels, count=curves.point_count)[first:end] for thing in curves.things]
    whole = [max(1, sum(levels)) for levels in zip(*weights, strict=True)]
    below = array("f", [bottom]) * (end - first)
    for number, levels in enumerate(weights):
        above = array("f", (low + (top - bottom) * level / all_ for low, level, all_ in zip(below, levels, whole, strict=True)))
        yield Layer(colour=thing_colour(number), corners=_bars(x, below, above))
        below = above


def thing_colour(number: int) -> Colour:
    """Give the colour of a film's so-manieth thing."""
    return (*colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.6, 0.9), THING_OPACITY)


def _bars(x: array, below: array, above: array) -> array:
    """Interleave the corners of bars that stand side by side: `x` has one edge more than there are bars."""
    corners = array("f", bytes(4 * COORDINATES * len(below)))
    for place, values in enumerate((x[:-1], below, x[:-1], above, x[1:], below, x[1:], above)):
        corners[place::COORDINATES] = values
    return corners


# What it means --------------------------------------------------------------------------------------------------------------------------


def entries_at(scene: bpy.types.Scene, frame: int) -> list[tuple[str, Colour]]:
    """Give names and colours of what the curves show on a frame, of the highest film there: what shows most first, then the sound's two."""
    there = [span for span in spans(scene) if span.left_handle <= frame < span.left_handle + span.end_frame - span.first_frame]
    span = max(there, key=lambda span: span.channel, default=None)
    curves = None if span is None else known_curves(span.folder)
    if span is None or curves is None:
        return []
    point = (span.first_frame + frame - span.left_handle) // max(1, curves.frames_in_a_point)
    levels = [unpack(thing.levels, count=curves.point_count)[point] for thing in curves.things] if point < curves.point_count else []
    most = sorted((number for number, level in enumerate(levels) if level >= LEAST_NAMED), key=lambda number: -levels[number])
    things = [(class_names.name(curves.things[number].number), thing_colour(number)) for number in most[:MOST_NAMED]]
    return [*things, ("hits", ONSET_COLOUR), ("loudness", ENERGY_COLOUR)]


# Drawing --------------------------------------------------------------------------------------------------------------------------------


def _shown_scene() -> bpy.types.Scene | None:
    """Give the scene of the sequencer that is drawn, if curves are switched on there."""
    scene = compat.edited_scene(bpy.context)
    is_on = scene is not None and scene.chromastrip_show_curves and bpy.context.space_data.show_overlays
    return scene if is_on and bpy.context.space_data.view_type != "PREVIEW" else None


def _draw_legend() -> None:
    """Say what the colours mean at the playhead; called by Blender for each sequencer, in pixels."""
    if (scene := _shown_scene()) is not None:
        legend.draw(entries_at(scene, scene.frame_current))


def _draw() -> None:
    """Draw the batches of all films that are seen; called by Blender for each sequencer, in its coordinates."""
    scene = _shown_scene()
    if scene is None:
        return
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    shader.bind()
    for span in spans(scene):
        for colour, batch in _batches(span):
            shader.uniform_float("color", colour)
            batch.draw(shader)
    gpu.state.blend_set("NONE")


def known_curves(folder: str) -> FilmCurves | None:
    """Give a film's curves if they have been read; else they are read soon."""
    if folder not in _known.curves:
        _want(folder)
    return _known.curves.get(folder)


def _batches(span: Span) -> Sequence[tuple[Colour, gpu.types.GPUBatch]]:
    """Give what to draw for a strip, made once; nothing until its film's curves have been read."""
    if span not in _known.batches:
        curves = known_curves(span.folder)
        if curves is None:
            return ()
        if len(_known.batches) >= MOST_BATCHES:  # of strips that were moved on
            _known.batches.clear()
        _known.batches[span] = [(layer.colour, _batch(layer.corners)) for layer in layers(curves, span)]
    return _known.batches[span]


def _batch(corners: array) -> gpu.types.GPUBatch:
    vertex_format = gpu.types.GPUVertFormat()
    vertex_format.attr_add(id="pos", comp_type="F32", len=2, fetch_mode="FLOAT")
    vertices = gpu.types.GPUVertBuf(vertex_format, len(corners) // 2)
    vertices.attr_fill("pos", memoryview(corners).cast("B").cast("f", shape=[len(corners) // 2, 2]))
    return gpu.types.GPUBatch(type="TRI_STRIP", buf=vertices)


def _want(folder: str) -> None:
    """Have a film's curves read soon: drawing reads no files."""
    if time.monotonic() - _known.missed.get(folder, 0.0) < LOOK_SECONDS:
        return
    _known.wanted.add(folder)
    if not bpy.app.timers.is_registered(read_wanted):
        bpy.app.timers.register(read_wanted, first_interval=0.0)


def read_wanted() -> None:
    """Read the curves that drawing asked for; called by Blender's timer."""
    while _known.wanted:
        folder = _known.wanted.pop()
        curves = read_curves(Path(folder))
        if curves is None:
            _known.missed[folder] = time.monotonic()
        else:
            _known.curves[folder] = curves
            _redraw()


def read_curves(folder: Path) -> FilmCurves | None:
    """Read a film's curves; None if it has none, being drawn still or by an older version."""
    try:
        curves = decode(places.read_small(folder / CURVES_FILE), FilmCurves)
    except (OSError, ProtocolError):
        return None
    return curves if 0 <= curves.point_count <= MOST_POINTS else None


def _redraw() -> None:
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "SEQUENCE_EDITOR":
                area.tag_redraw()


# Switching ------------------------------------------------------------------------------------------------------------------------------


def forget() -> None:
    """Have all curves read again."""
    for known in (_known.curves, _known.missed, _known.wanted, _known.batches):
        known.clear()


@bpy.app.handlers.persistent
def _forget_all(*_: object) -> None:
    forget()


def draw_switch(panel: bpy.types.Panel, context: bpy.types.Context) -> None:
    """Draw the switch in the sequencer's overlay popover."""
    scene = compat.edited_scene(context)
    if scene is not None:
        column = panel.layout.column()
        column.active = context.space_data.show_overlays
        column.prop(scene, "chromastrip_show_curves")


def _switched(_scene: bpy.types.Scene, _context: bpy.types.Context) -> None:
    """Look at the files anew: a film may have been drawn again since."""
    forget()
    _redraw()


def register() -> None:
    """Add the switch, and draw in the sequencers of a Blender with windows."""
    global _handles  # noqa: PLW0603 (for all sequencers)
    bpy.types.Scene.chromastrip_show_curves = bpy.props.BoolProperty(
        name="Chromastrip Curves",
        description="Show on each film's strip how loud its sound is, where the hits are, and which things show when. Films that were drawn"
        " by an older version show them once they are drawn again",
        default=False,
        options=set(),
        update=_switched,
    )
    bpy.types.SEQUENCER_PT_sequencer_overlay.append(draw_switch)
    bpy.app.handlers.load_pre.append(_forget_all)
    if not bpy.app.background:
        add = bpy.types.SpaceSequenceEditor.draw_handler_add
        _handles = (add(_draw, (), "WINDOW", "POST_VIEW"), add(_draw_legend, (), "WINDOW", "POST_PIXEL"))


def unregister() -> None:
    """Take all of it back."""
    global _handles  # noqa: PLW0603
    for handle in _handles:
        bpy.types.SpaceSequenceEditor.draw_handler_remove(handle, "WINDOW")
    _handles = ()
    if bpy.app.timers.is_registered(read_wanted):
        bpy.app.timers.unregister(read_wanted)
    bpy.app.handlers.load_pre.remove(_forget_all)
    bpy.types.SEQUENCER_PT_sequencer_overlay.remove(draw_switch)
    del bpy.types.Scene.chromastrip_show_curves
    forget()
