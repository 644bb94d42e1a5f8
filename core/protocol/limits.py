"""How much an edit may ask for, found out before anybody works for it. Standard library only: the add-on and the worker both ask.

A timeline of four kilobytes can name millions of pictures, clip by clip, and each is an element of a strip of Blender's.
"""

from dataclasses import replace
from math import ceil

from .edit import Clip, Crossfade, Edit, FrameSequence, Gap
from .errors import UserError
from .places import names_in

SEPARATORS = {"/", "\\", "\0"}
"""A picture's name with one of them leads out of its folder."""
Item = Clip | Gap | Crossfade
MOST_PICTURES = 2_000_000
"""Of one sequence: a day at 23 frames a second."""
MOST_ELEMENTS, FEW_ELEMENTS = 10_000_000, 200_000
"""Of all strips; Blender takes a second for the few. 300 pieces of a film of 20 minutes are the most."""
MOST_CLIPS = 50_000
"""Clips, and markers: a film of two hours, cut every third of a second."""
MOST_DIGITS, HIGHEST_NUMBER = 32, 10**18
"""Of a picture's name."""


def is_possible(frames: FrameSequence) -> bool:
    """Say whether numbered pictures can be: their names are made by their numbers, and monstrous ones would fill the memory."""
    last = frames.first_number + frames.frame_count
    return (
        not SEPARATORS & {*frames.prefix, *frames.suffix}
        and frames.first_number >= 0
        and 0 <= frames.frame_count <= MOST_PICTURES
        and last < HIGHEST_NUMBER
        and 0 <= frames.digits <= MOST_DIGITS
    )


def element_count(edit: Edit) -> int:
    """Count the pictures of all clips, each as often as clips name it."""
    return sum(clip.media.frame_count for clip in _clips(edit) if isinstance(clip.media, FrameSequence))


def check_size(edit: Edit) -> None:
    """Refuse an edit that stands for more clips or pictures than Blender can hold.

    Raises
    ------
    UserError
        If it does, or names pictures that cannot be.
    """
    count = max(len(_clips(edit)), len(edit.markers))
    if count > MOST_CLIPS:
        raise UserError(f"The timeline has {count} clips or markers; up to {MOST_CLIPS} are inserted.", "Export it again in parts.")
    sequences = {clip.media for clip in _clips(edit) if isinstance(clip.media, FrameSequence)}
    if (count := element_count(edit)) > MOST_ELEMENTS or not all(map(is_possible, sequences)):
        raise UserError(
            f"The timeline stands for {count} numbered pictures; up to {MOST_ELEMENTS} are inserted.",
            "Export it again in parts, or with movies in the place of numbered pictures.",
        )


def shortened(edit: Edit) -> Edit:
    """Let sequences of many pictures that are not there end where clips end that show them: such a number is only a file's word.

    Pictures that are there stay, and so does a small edit.
    """
    if element_count(edit) <= FEW_ELEMENTS:
        return edit
    shown: dict[FrameSequence, int] = {}
    for clip in _clips(edit):
        if isinstance(clip.media, FrameSequence):
            last = ceil(clip.source_start + clip.frame_count * clip.speed)
            shown[clip.media] = max(shown.get(clip.media, 0), last)
    there = {folder: len(names_in(folder)) for folder in {frames.folder for frames in shown}}
    counts = {frames: min(frames.frame_count, max(1, last, there[frames.folder])) for frames, last in shown.items()}
    new = {frames: replace(frames, frame_count=count) for frames, count in counts.items()}
    return replace(edit, tracks=tuple(replace(track, items=tuple(_with_media(item, new) for item in track.items)) for track in edit.tracks))


def _with_media(item: Item, new: dict[FrameSequence, FrameSequence]) -> Item:
    return replace(item, media=new[item.media]) if isinstance(item, Clip) and isinstance(item.media, FrameSequence) else item


def _clips(edit: Edit) -> list[Clip]:
    return [item for track in edit.tracks for item in track.items if isinstance(item, Clip)]
