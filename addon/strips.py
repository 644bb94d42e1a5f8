"""Strips in, strips out: which sound is meant and where it lies, and the image strip that shows the film."""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import bpy

from ..core.protocol import FrameSequence, Mix, RenderRequest, Stem, UserError, read_exact
from . import compat, engine, fitting, folders, keyframes, scenes, shapes, sources
from .properties import read_settings
from .sequencers import lent, not_moving, only_known

MOST_CHANNELS = 128
STRIP_COLOR = "COLOR_05"
FLOAT32_STEP = 2.0**-24  # half of what lies between a number of seven digits and the next, as a share of it


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where a film belongs: plain data, since a strip held in a variable goes stale with every undo."""

    scene_name: str
    sound_strip_name: str
    left_handle: int
    frame_count: int
    channel: int
    sound_names: tuple[str, ...] = ()
    fit: str = fitting.Fit.FIT
    keyed: tuple[keyframes.KeyedNumber, ...] = ()
    words: str = ""
    stems: tuple[str, str] = ("", "")
    sound_starts: tuple[Fraction, ...] = ()


# The sound ------------------------------------------------------------------------------------------------------------------------------


def selected_sources(scene: bpy.types.Scene | None) -> list[bpy.types.Strip]:
    """Give the strips that the next film hears, by their left handles: all that are selected and sound; of several, not the muted ones."""
    if scene is None or scene.sequence_editor is None:
        return []
    editor = scene.sequence_editor
    selected = [strip for strip in current_strips(editor) if strip.select and sources.sounds(strip)]
    heard = [strip for strip in selected if not _is_muted(editor, strip)]
    heard = heard if len(selected) > 1 and heard else selected  # where there is only one, or all are muted, the film follows all the same
    return sorted(heard, key=lambda strip: (compat.left_handle(strip), strip.channel))


def source_strip(scene: bpy.types.Scene | None) -> bpy.types.Strip:
    """Give the strip whose settings count for the next film: of those that it hears the active one, else the first.

    Raises
    ------
    UserError
        If there is none.
    """
    if scene is None or scene.sequence_editor is None:
        raise UserError("The sequencer is empty.", "Add a sound: Add > Sound.")
    scenes.check_own(scene)
    strip = main_source(scene)
    if strip is None:
        raise UserError("No sound strip is selected.", "Click the sound strip to draw a film for, or select several to mix them.")
    return strip


def why_no_sound(context: bpy.types.Context) -> str:
    """Say why no film can be drawn for lack of a sound; empty: there is one."""
    try:
        source_strip(compat.edited_scene(context))
    except UserError as error:
        return f"{error.cause} {error.cure}".rstrip(".")
    return ""


def main_source(scene: bpy.types.Scene) -> bpy.types.Strip | None:
    """Give the strip whose settings count for the next film, if there is one. Quick, however many strips are selected beside it."""
    editor = scene.sequence_editor
    active = active_strip(editor)
    if active is not None and sources.sounds(active) and not _is_muted(editor, active):
        return active
    heard = selected_sources(scene)
    return next((strip for strip in heard if strip == active), next(iter(heard), None))


def active_strip(editor: bpy.types.SequenceEditor) -> bpy.types.Strip | None:
    """Give the active strip if it is selected and the user sees it."""
    active = editor.active_strip
    return active if active is not None and active.select and current_strips(editor).get(active.name) == active else None


def _is_muted(editor: bpy.types.SequenceEditor, strip: bpy.types.Strip) -> bool:
    channels = editor.meta_stack[-1].channels if len(editor.meta_stack) else editor.channels
    return strip.mute or channels[strip.channel].mute


def heard_with(scene: bpy.types.Scene, strip: bpy.types.Strip) -> list[bpy.types.Strip]:
    """Give all strips that a film for this one hears: those that are selected with it, else itself."""
    heard = selected_sources(scene)
    return heard if strip in heard else [strip]


def heard_span(scene: bpy.types.Scene, strip: bpy.types.Strip) -> tuple[int, int]:
    """Give the frames that a film for this strip fills; half-open."""
    return sources.span(heard_with(scene, strip))


def sound_file(scene: bpy.types.Scene, strip: bpy.types.Strip) -> tuple[str, Mix | None]:
    """Give the file of what a film for this strip hears, and how it is made, if it is a mix.

    Raises
    ------
    UserError
        If the sound cannot be used.
    """
    heard, base = heard_with(scene, strip), folders.base_folder(scene)
    sources.check(heard)
    if sources.needs_mix(scene, heard):
        return sources.mix(scene, heard, base / "sounds")
    return (unpacked_sound(strip, base) if strip.sound.packed_file else sound_path(strip)), None


def sound_path(strip: bpy.types.SoundStrip) -> str:
    """Give the absolute path of a strip's sound file."""
    return sources.file_path(strip)


def render_request(scene: bpy.types.Scene, strip: bpy.types.Strip) -> RenderRequest:
    """Put all that decides a film into a request.

    Raises
    ------
    UserError
        If the strip's sound cannot be used.
    """
    sound, mix = sound_file(scene, strip)
    first, end = heard_span(scene, strip)
    base = folders.base_folder(scene)
    request = RenderRequest(
        name=strip.name,
        sound_path=sound,
        source_start_seconds=Fraction(0) if mix else source_start_seconds(scene, strip),
        frame_count=end - first,
        fps=scene_fps(scene),
        settings=read_settings(strip.chromastrip),
        frames_folder=str(base),
        cache_folder=str(base / "cache"),
        beats_seconds=marked_beats(scene, strip),
        bars_seconds=marked_bars(scene, strip),
        limit_flashes=strip.chromastrip.limit_flashes,
        machine=engine.machine(),
        picture_format=engine.picture_format(scene),
        mix=mix,
        **shapes.upscaling_of(strip.chromastrip),
    )
    return replace(
        request,
        settings=keyframes.with_curves(request.settings, strip, request, origin=first),
        frame_aspect=fitting.frame_aspect(scene, strip.chromastrip.fit, request.settings.aspect),
        motion_stem=stem(scene, strip.chromastrip.motion_stem, request, first=first),
        class_stem=stem(scene, strip.chromastrip.class_stem, request, first=first),
    )


def placement(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Placement:
    """Say where the film of a strip belongs: above all that it hears."""
    heard = heard_with(scene, strip)
    first, end = sources.span(heard)
    return Placement(
        scene_name=scenes.noted_name(scene),
        sound_strip_name=strip.name,
        sound_names=tuple(one.name for one in heard),
        left_handle=first,
        frame_count=end - first,
        channel=max(one.channel for one in heard),
        fit=strip.chromastrip.fit,
        words=strip.chromastrip.words,
        stems=(strip.chromastrip.motion_stem, strip.chromastrip.class_stem),
        keyed=keyframes.read_keys(strip, origin=first, frame_count=end - first),
        sound_starts=tuple(file_second(scene, one, first) for one in heard),
    )


def source_start_seconds(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Fraction:
    """Say where in the sound file the strip's first frame lies, in seconds. A mix begins with the first of its strips."""
    if sources.needs_mix(scene, heard := heard_with(scene, strip)):
        return (compat.left_handle(strip) - sources.span(heard)[0]) / scene_fps(scene)
    return own_start_seconds(scene, strip)


def file_second(scene: bpy.types.Scene, strip: bpy.types.Strip, frame: int) -> Fraction:
    """Say where in its own file a strip is on one of the scene's frames, in seconds; of what has no file, since where it would begin."""
    second = (frame - exact(compat.content_start(strip))) / scene_fps(scene)
    if strip.type != "SOUND":
        return second
    return second + compat.content_trim_start(strip) / scene_fps(scene) + exact(strip.sound_offset)


def own_start_seconds(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> Fraction:
    """Say where in its own file a sound strip's first frame lies, in seconds."""
    frames = compat.left_handle(strip) - exact(compat.content_start(strip)) + compat.content_trim_start(strip)
    return frames / scene_fps(scene) + exact(strip.sound_offset)


def stem(scene: bpy.types.Scene, named: str, request: RenderRequest, *, first: int) -> Stem | None:
    """Give the sound that drives a part of a film in the place of the film's own.

    Parameters
    ----------
    scene
        The film's.
    named
        The name of a sound strip, which sounds where it lies on the timeline; or a file, which begins when the film's sound does. Empty:
        none.
    request
        The film's.
    first
        The scene's frame of the film's first one.

    Raises
    ------
    UserError
        If that sound cannot be used.
    """
    if not named:
        return None
    path, found = stem_path(scene, named, Path(request.frames_folder)), scene.sequence_editor.strips_all.get(named)
    if found is None:
        return Stem(sound_path=path, source_start_seconds=request.source_start_seconds)
    seconds = own_start_seconds(scene, found) + (first - compat.left_handle(found)) / scene_fps(scene)
    return Stem(sound_path=path, source_start_seconds=seconds)


def stem_path(scene: bpy.types.Scene, named: str, base: Path) -> str:
    """Give the file of the sound strip, or the sound file, that drives a part of a film.

    Raises
    ------
    UserError
        If that sound cannot be used.
    """
    found = scene.sequence_editor.strips_all.get(named)
    path = Path(bpy.path.abspath(named)).absolute()
    if found is None and not path.is_file():
        raise UserError(f"There is no sound strip and no file “{named}” to drive the film.", "Choose another one under Listening.")
    if found is None:
        return str(path)
    sources.check([found])
    if found.type != "SOUND" or sources.needs_mix(scene, [found]):
        raise UserError(
            f"“{named}” cannot drive a film: it is no sound as its file has it.", "Choose a sound that is not retimed, or a sound file."
        )
    return unpacked_sound(found, base) if found.sound.packed_file else sound_path(found)


def marked_beats(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> tuple[Fraction, ...]:
    """Give the beats that the user has marked along a sound strip, in the sound's own time; none marked: they are heard."""
    start, left = source_start_seconds(scene, strip), compat.left_handle(strip)
    times = (start + (frame - left) / scene_fps(scene) for frame in beat_frames(scene, strip))
    return tuple(time for time in times if time >= 0)


def marked_bars(scene: bpy.types.Scene, strip: bpy.types.SoundStrip) -> tuple[Fraction, ...]:
    """Give the bars that are marked along a sound strip, in the sound's own time; fewer than two: they are heard."""
    start, left = source_start_seconds(scene, strip), compat.left_handle(strip)
    first, end = heard_span(scene, strip)
    frames = {marker.frame for marker in scene.timeline_markers if marker.name.partition(" ")[0].capitalize() == "Bar"}
    times = [start + (frame - left) / scene_fps(scene) for frame in sorted(frames) if first <= frame < end]
    known = tuple(time for time in times if time >= 0)
    return known if len(known) > 1 else ()


def beat_frames(scene: bpy.types.Scene, strip: bpy.types.Strip) -> list[int]:
    """Give the frames of the beats that are marked along a strip: of markers called "Beat", and of those called "Bar" where some are."""
    frames: dict[str, set[int]] = {"Beat": set(), "Bar": set()}
    first, end = heard_span(scene, strip)
    for marker in scene.timeline_markers:
        kind = marker.name.partition(" ")[0].capitalize()
        if kind in frames and first <= marker.frame < end:
            frames[kind].add(marker.frame)
    return sorted(frames["Beat"] | frames["Bar"]) if frames["Beat"] else []


def scene_fps(scene: bpy.types.Scene) -> Fraction:
    """Give the scene's exact rate: 30 / 1.001 is 30000/1001, though Blender keeps the base as a float."""
    base = Fraction(scene.render.fps_base)
    return Fraction(scene.render.fps) / (base.limit_denominator(10_000) or base)


def set_scene_fps(scene: bpy.types.Scene, fps: Fraction) -> None:
    """Set a scene's exact rate as Blender's own menus do: 30000/1001 is 30 / 1.001."""
    scene.render.fps = math.ceil(fps)
    scene.render.fps_base = float(math.ceil(fps) / fps)


def exact(number: float, *, per: Fraction = Fraction(1)) -> Fraction:
    """Give the simplest fraction that one of Blender's floats, of seven digits, can stand for, times `per`: 1/75 for 0.013333334."""
    value = Fraction(number) * per
    close = max(abs(number), 1e-6) * FLOAT32_STEP * per
    simpler = (value.limit_denominator(10**digits) for digits in range(1, 7))
    return next((fraction for fraction in simpler if abs(fraction - value) <= close), value.limit_denominator(1_000_000))


def unpacked_sound(strip: bpy.types.SoundStrip, base: Path) -> str:
    """Write a sound that is packed in the .blend to a file below `base`, if it is not there yet, and give its path."""
    content = bytes(strip.sound.packed_file.data)
    name = re.sub(r"[^\w.]+", "-", Path(strip.sound.filepath.replace("\\", "/")).name) or "sound"
    path = base / "sounds" / f"{hashlib.blake2b(content, digest_size=8).hexdigest()}-{name}"
    if not path.is_file() or path.stat().st_size != len(content):
        folders.write_whole(path, content)
    return str(path)


# The image strip ------------------------------------------------------------------------------------------------------------------------


def insert_film(context: bpy.types.Context, where: Placement, frames: FrameSequence) -> bpy.types.ImageStrip:
    """Put a film's frames on the timeline: in the first free channel above the sound, with the same first frame.

    Raises
    ------
    UserError
        If the scene has gone, or has no room.
    """
    scene = scenes.find(where.scene_name)
    if scene is None:
        raise UserError(f"The scene “{where.scene_name}” is gone.", f"The frames are kept in {frames.folder}.")
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = current_strips(editor)
    names = where.sound_names or (where.sound_strip_name,)
    heard = [strip for strip in map(strips.get, names) if strip is not None]
    first, end = sources.span(heard) if heard else (0, 0)
    if len(heard) == len(names) and end - first == where.frame_count:  # moved while the film was drawn: follow it
        where = replace(where, left_handle=first, channel=max(strip.channel for strip in heard))
    channel = free_channel(strips, above=where.channel, first=where.left_handle, last=where.left_handle + where.frame_count)
    active = editor.active_strip.name if editor.active_strip is not None else ""
    strip = new_image_strip(context, scene, frames, name=where.sound_strip_name, channel=channel, first=where.left_handle)
    if active in strips:  # the user goes on with what was selected before
        strip.select, editor.active_strip = False, strips[active]
    strip.name = f"{where.sound_strip_name} Film"
    strip.color_tag = STRIP_COLOR
    strip.chromastrip.fit, strip.chromastrip.words = where.fit, where.words
    strip.chromastrip.motion_stem, strip.chromastrip.class_stem = where.stems
    strip.chromastrip.sound_starts = "\n".join(map(str, where.sound_starts))
    strip.chromastrip.mixed_names = "\n".join(where.sound_names) if len(where.sound_names) > 1 else ""
    fitting.apply(scene, strip)
    keyframes.write_keys(strip, where.keyed, origin=where.left_handle)
    return strip


def current_strips(editor: bpy.types.SequenceEditor) -> bpy.types.StripsTopLevel:
    """Give the strips that the user sees: those inside the meta strip that is open, if one is."""
    return editor.meta_stack[-1].strips if len(editor.meta_stack) else editor.strips


def free_channel(strips: Sequence[bpy.types.Strip], *, above: int, first: int, last: int) -> int:
    """Find the lowest channel above another in which no strip touches the frames first ... last - 1.

    Raises
    ------
    UserError
        If there is none.
    """
    taken = {strip.channel for strip in strips if compat.left_handle(strip) < last and compat.right_handle(strip) > first}
    channel = next((channel for channel in range(above + 1, MOST_CHANNELS + 1) if channel not in taken), None)
    if channel is None:
        raise UserError(f"All channels above {above} are taken there.", "Free one, and press Generate again: the frames are kept.")
    return channel


def drawn_fps(strip: bpy.types.ImageStrip) -> Fraction:
    """Give the rate that a strip's film was drawn for; 0: unknown, or no rate, in a stranger's .blend or timeline."""
    try:
        return read_exact(strip.chromastrip.fps)
    except ValueError:
        return Fraction(0)


def new_image_strip(
    context: bpy.types.Context, scene: bpy.types.Scene, frames: FrameSequence, *, name: str, channel: int, first: int
) -> bpy.types.ImageStrip:
    """Make the strip: by Blender's operator (10 000 frames in 0.05 s), else one by one, which takes a second."""
    names = frames.file_names()
    strips = current_strips(scene.sequence_editor)
    before = {strip.name for strip in strips}
    with lent(context, scene) as override:
        if override is None:
            strip = _appended(strips, frames, channel=channel, first=first)
        else:
            with context.temp_override(**override):
                bpy.ops.sequencer.image_strip_add(
                    directory=frames.folder,
                    files=[{"name": name} for name in names],
                    frame_start=first,
                    channel=channel,
                    fit_method="FIT",
                    replace_sel=False,
                    set_view_transform=False,
                    relative_path=bpy.data.is_saved,
                    **not_moving(bpy.ops.sequencer.image_strip_add),
                    **only_known(bpy.ops.sequencer.image_strip_add, use_sequence_detection=False),
                )
            strip = next(strip for strip in strips if strip.name not in before)
            strip.directory = portable(frames.folder)  # without the operator's last slash: as `turn` writes it
    strip.name = name
    return strip


def _appended(strips: bpy.types.StripsTopLevel, frames: FrameSequence, *, channel: int, first: int) -> bpy.types.ImageStrip:
    names = frames.file_names()
    strip = strips.new_image(
        name=names[0], filepath=str(Path(frames.folder) / names[0]), channel=channel, frame_start=first, fit_method="FIT"
    )
    for other in names[1:]:
        strip.elements.append(other)
    strip.directory = portable(frames.folder)
    return strip


def frames_folder(strip: bpy.types.ImageStrip) -> Path:
    """Give the folder of a strip's pictures; a linked strip names it from its own .blend's place."""
    return Path(bpy.path.abspath(strip.directory, library=strip.id_data.library))


def portable(path: str) -> str:
    """Name a file or folder from the .blend's place, where that can be done."""
    try:
        return bpy.path.relpath(path) if bpy.data.is_saved else path
    except ValueError:  # another drive
        return path
