"""Films for a scene whose frame rate has changed: asked for anew at the new rate, shown where their sound is now.

Blender keeps sounds at their speed when the rate changes, and image strips at their frames. So a film that was drawn for another rate is
out of sync. Its music stays: each of its frames stands for a moment of the sound, and the new film's frame of that moment takes its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import bpy

from ..core.protocol import FrameSequence, RenderRequest, Section, Stem
from . import compat, sources
from .sequencers import lent, only_known
from .strips import drawn_fps, own_start_seconds, portable, scene_fps


@dataclass(frozen=True, kw_only=True)
class Retimed:
    """Where a strip belongs at the new rate.

    Parameters
    ----------
    first_frame, end_frame
        Which of the new film's frames it shows; half-open.
    left_handle
        Where the first of them lies on the timeline.
    """

    first_frame: int
    end_frame: int
    left_handle: int


# Asking for it --------------------------------------------------------------------------------------------------------------------------


def retimed_film(
    scene: bpy.types.Scene,
    strip: bpy.types.ImageStrip,
    film: RenderRequest,
    sounds: list[bpy.types.Strip],
    shown: tuple[int, int],
    folder: Path,
) -> tuple[RenderRequest, Retimed]:
    """Ask for a film at the scene's present rate, for its sound's present place and length.

    Parameters
    ----------
    scene, strip
        The strip that shows the film, whole or a piece of it.
    film
        What it was drawn from.
    sounds
        The strips that it was drawn from; none: they are gone, and the film keeps its time and its place.
    shown
        Which of the old film's frames the strip shows; half-open.
    folder
        Where mixes of several sounds are kept.

    Returns
    -------
    request
        The new film, with the old one's sections.
    place
        Where the strip belongs. One that shows the whole film is as long as its sound is now; a piece that lay on its sound's moment
        lies there again; one that was moved elsewhere stays where it begins.
    """
    origin = compat.left_handle(strip) - shown[0]
    left, request = _for_sounds(scene, film, sounds, folder) if sounds else (origin, _for_none(scene, film))

    def moved(frame: int) -> int:
        """Give the new film's frame of an old one's moment."""
        moment = film.source_start_seconds + frame / film.fps - request.source_start_seconds
        return min(max(round(moment * request.fps), 0), request.frame_count)

    request = replace(request, sections=tuple(_moved_sections(film.sections, moved)))
    if shown == (0, film.frame_count):
        return request, Retimed(first_frame=0, end_frame=request.frame_count, left_handle=left if origin == left else origin)
    first = min(moved(shown[0]), request.frame_count - 1)
    end = max(moved(shown[1]), first + 1)
    return request, Retimed(first_frame=first, end_frame=end, left_handle=left + first if origin == left else compat.left_handle(strip))


def _for_sounds(scene: bpy.types.Scene, film: RenderRequest, sounds: list[bpy.types.Strip], folder: Path) -> tuple[int, RenderRequest]:
    first, end = sources.span(sounds)
    if film.mix is None and len(sounds) == 1 and sounds[0].type == "SOUND":
        request, start = film, own_start_seconds(scene, sounds[0])
    else:
        sources.check(sounds)
        sound, mix = sources.mix(scene, sounds, folder)
        request, start = replace(film, sound_path=sound, mix=mix), Fraction(0)
    return first, _with_start(replace(request, fps=scene_fps(scene), frame_count=end - first), start)


def _for_none(scene: bpy.types.Scene, film: RenderRequest) -> RenderRequest:
    fps = scene_fps(scene)
    return replace(film, fps=fps, frame_count=max(1, round(film.frame_count * fps / film.fps)))


def _with_start(film: RenderRequest, start: Fraction) -> RenderRequest:
    """Let a film begin elsewhere in its sound, and so in its stems."""
    shift = start - film.source_start_seconds

    def shifted(stem: Stem | None) -> Stem | None:
        return stem and replace(stem, source_start_seconds=stem.source_start_seconds + shift)

    return replace(film, source_start_seconds=start, motion_stem=shifted(film.motion_stem), class_stem=shifted(film.class_stem))


def _moved_sections(sections: tuple[Section, ...], moved: Callable[[int], int]) -> list[Section]:
    """Give the sections on the new film's frames, without those that lie outside of it."""
    found = (replace(section, first_frame=moved(section.first_frame), end_frame=moved(section.end_frame)) for section in sections)
    return [section for section in found if section.first_frame < section.end_frame]


def in_order(scene: bpy.types.Scene, strips: Sequence[bpy.types.ImageStrip]) -> list[bpy.types.ImageStrip]:
    """Order strips so that each finds room when it changes: those that grow from the right, those that shrink from the left."""
    grow = any(0 < drawn_fps(strip) < scene_fps(scene) for strip in strips)
    return sorted(strips, key=compat.left_handle, reverse=grow)


# Showing it -----------------------------------------------------------------------------------------------------------------------------


def turn(context: bpy.types.Context, strip: bpy.types.ImageStrip, frames: FrameSequence, place: Retimed) -> None:
    """Let a strip show another film's frames where they belong; effects, keyframes and transform stay."""
    channel = strip.channel
    _set_frames(context, strip, frames)
    compat.set_content_start(strip, place.left_handle - place.first_frame)
    compat.set_edges(strip, place.left_handle, place.left_handle + place.end_frame - place.first_frame)
    if strip.channel != channel:  # Blender moves strips up that touch others on the way
        strip.channel = channel
    strip.invalidate_cache("RAW")


def _set_frames(context: bpy.types.Context, strip: bpy.types.ImageStrip, frames: FrameSequence) -> None:
    """Give a strip other frames, perhaps more: by Blender's operator, else one by one, which takes a second for 10 000."""
    scene, names = strip.id_data, frames.file_names()
    before = scene.sequence_editor.active_strip
    with lent(context, scene) as override:
        if override is not None:
            scene.sequence_editor.active_strip = strip
            with context.temp_override(**override):
                bpy.ops.sequencer.change_path(
                    directory=frames.folder,
                    files=[{"name": name} for name in names],
                    relative_path=bpy.data.is_saved,
                    **only_known(bpy.ops.sequencer.change_path, use_placeholders=False),
                )
            scene.sequence_editor.active_strip = before
        else:
            _append_frames(strip, names)
    strip.directory = portable(frames.folder)


def _append_frames(strip: bpy.types.ImageStrip, names: Sequence[str]) -> None:
    while len(strip.elements) > len(names):
        strip.elements.pop(len(strip.elements) - 1)
    for name in names[len(strip.elements) :]:
        strip.elements.append(name)
    for element, name in zip(strip.elements, names, strict=True):
        element.filename = name
