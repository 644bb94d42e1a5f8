"""From a scene to an edit: what is shown becomes clips, clips become rows, rows become tracks."""

from collections import defaultdict
from dataclasses import replace

import bpy

from ...core.protocol import Clip, Crossfade, Edit, Gap, Marker, Track, UserError, VolumePoint, mean_volume
from ..strips import current_strips, scene_fps
from .clips import clips_of, sped_up
from .fades import Block, Fade, Kind, Source, animated_properties, blocks_of, fade_of
from .losses import Losses
from .loudness import changing_volumes
from .shown import Part, Place, Shown, shown_strips
from .sound_fades import SoundFades, sound_fades

FADES = ("CROSS", "GAMMA_CROSS")


def read_edit(scene: bpy.types.Scene, part: Part = Part.ALL) -> tuple[Edit, list[str]]:
    """Read what a scene's sequencer holds.

    Parameters
    ----------
    scene
        A scene with a sequence editor.
    part
        All of it, beginning at the scene's first frame, or at the first strip if that lies before it; the selected strips, beginning
        at the first of them; or the preview range.

    Returns
    -------
    edit
        Tracks from bottom to top, pictures before sound.
    warnings
        Sentences for people about what the edit cannot say.

    Raises
    ------
    UserError
        If nothing is selected, or no preview range is set, where that is wanted.
    """
    _check(scene, part)
    losses = Losses()
    shown = shown_strips(scene, part, losses)
    blocks = _blocks(scene, shown, losses)
    origin = _origin(scene, part, blocks)
    rows: dict[tuple[Kind, Place], list[Block]] = defaultdict(list)
    for block in blocks:
        rows[block.kind, block.place].append(block)
    order = sorted(rows, key=lambda row: (row[0] != "video", row[1]))
    edit = Edit(
        name=scene.name,
        fps=scene_fps(scene),
        tracks=tuple(Track(name=_track_name(scene, row[1]), kind=row[0], items=_items(rows[row], origin)) for row in order),
        markers=_markers(scene, part, origin, max((block.end for block in blocks), default=origin), losses),
        width=scene.render.resolution_x,
        height=scene.render.resolution_y,
    )
    return edit, losses.sentences()


def _check(scene: bpy.types.Scene, part: Part) -> None:
    if part == Part.PREVIEW and not scene.use_preview_range:
        raise UserError("No preview range is set.", "Press P in the sequencer and drag over it, or export all.")
    if part == Part.SELECTED and not any(strip.select for strip in current_strips(scene.sequence_editor)):
        raise UserError("No strip is selected.", "Select what is to be exported, or export all.")


def _origin(scene: bpy.types.Scene, part: Part, blocks: list[Block]) -> int:
    if part == Part.PREVIEW:
        return scene.frame_preview_start
    firsts = [block.first for block in blocks]
    return min(firsts, default=scene.frame_start) if part == Part.SELECTED else min([scene.frame_start, *firsts])


def _blocks(scene: bpy.types.Scene, shown: list[Shown], losses: Losses) -> list[Block]:
    animated = animated_properties(scene, [one.strip for one in shown])
    by_name = {one.strip.name: one for one in shown}
    for one in shown:
        if one.strip.type in (*FADES, "SPEED") and not one.enabled:
            losses.left_out("a muted effect", one.strip.name)  # which leaves the strips under it as they are
    shown = [one for one in shown if one.enabled or one.strip.type not in (*FADES, "SPEED")]
    speeds = {one.strip.input_1.name: one for one in shown if one.strip.type == "SPEED" and one.strip.input_1.name in by_name}
    heard = sound_fades(scene, shown, animated)
    animated |= {name: set() for name in heard.loudness}  # which is all told by the fades
    changing = changing_volumes(scene, shown, animated)
    animated |= {name: animated[name] - {"volume"} for name in changing}
    sources, fades = [], []
    for one in shown:
        if one.strip.type in FADES:
            fades.append(one)
        elif one.strip.type != "SPEED" or one.strip.input_1.name not in by_name:
            sources.append(_with_loudness(_source(scene, one, speeds.get(one.strip.name), animated, losses), one, heard, changing))
    named = {name: effect.strip.name for name, effect in speeds.items()}
    found = [fade for one in fades if (fade := fade_of(one, losses)) is not None]
    return blocks_of(sources, [*_renamed(found, sources, named), *heard.fades], losses)


def _with_loudness(source: Source, shown: Shown, heard: SoundFades, changing: dict[str, tuple[VolumePoint, ...]]) -> Source:
    """Let a sound that fades be as loud as between its fades, and one that changes so as it does: not as at the frame that is shown."""
    points = changing.get(source.name, ())
    if source.name not in heard.loudness and not points:
        return source

    def loud(clip: Clip) -> Clip:
        volume = mean_volume(points, clip.frame_count) if points else heard.loudness[source.name] * shown.gain
        return replace(clip, volume=volume, volume_points=points)

    return replace(source, clips=tuple(replace(placed, clip=loud(placed.clip)) for placed in source.clips))


def _source(scene: bpy.types.Scene, one: Shown, effect: Shown | None, animated: dict[str, set[str]], losses: Losses) -> Source:
    """Turn a strip into clips, or the Speed effect over it, which hides it."""
    clips = clips_of(scene, one, animated.get(one.strip.name, set()), losses)
    kind: Kind = "audio" if one.strip.type == "SOUND" else "video"
    if effect is not None and len(clips) != 1:
        losses.left_out("a Speed effect over what is not one clip", effect.strip.name)
    elif effect is not None:
        faster = sped_up(scene, effect, one, clips[0], animated.get(effect.strip.name, set()), losses)
        if faster is not None:
            return Source(name=effect.strip.name, kind=kind, place=effect.place, clips=(faster,))
    return Source(name=one.strip.name, kind=kind, place=one.place, clips=tuple(clips))


def _renamed(fades: list[Fade], sources: list[Source], named: dict[str, str]) -> list[Fade]:
    """Let fades from or to a Speed effect that was left out go from or to the strip under it."""
    there = {source.name for source in sources}
    under = {effect: source for source, effect in named.items() if effect not in there}
    return [
        Fade(
            name=fade.name,
            earlier=under.get(fade.earlier, fade.earlier),
            later=under.get(fade.later, fade.later),
            first=fade.first,
            end=fade.end,
        )
        for fade in fades
    ]


def _track_name(scene: bpy.types.Scene, place: Place) -> str:
    channel, row = place
    name = scene.sequence_editor.channels[channel].name
    return f"{name}.{row}" if row else name


def _items(blocks: list[Block], origin: int) -> tuple[Clip | Gap | Crossfade, ...]:
    items: list[Clip | Gap | Crossfade] = []
    position = origin
    for block in sorted(blocks, key=lambda block: block.first):
        if block.first > position:
            items.append(Gap(frame_count=block.first - position))
        items.extend(block.items)
        position = block.end
    return tuple(items)


def _markers(scene: bpy.types.Scene, part: Part, origin: int, end: int, losses: Losses) -> tuple[Marker, ...]:
    """Take the markers that lie in the part; of all, those before the first frame have no place."""
    if part == Part.PREVIEW:
        end = scene.frame_preview_end + 1
    markers = []
    for marker in sorted(scene.timeline_markers, key=lambda marker: marker.frame):
        if marker.frame >= origin and (part == Part.ALL or marker.frame < end):
            markers.append(Marker(name=marker.name, start=marker.frame - origin))
        elif part == Part.ALL:
            losses.left_out("a marker before the first frame", marker.name)
    return tuple(markers)
