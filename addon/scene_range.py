"""What of a film the scene's frame range leaves out: playback and Render Animation stop where the scene ends."""

from collections.abc import Iterable

import bpy

from . import compat
from .sections import all_films, selected_films

DEFAULT_RANGE = (1, 250)
"""Blender's own, which nobody has chosen."""


def films_span(scene: bpy.types.Scene) -> tuple[int, int] | None:
    """Give the frames that the selected films fill, or without any all films of the scene; half-open. None: there are no films."""
    films: Iterable[bpy.types.ImageStrip] = selected_films(scene) or all_films(scene)
    edges = [(compat.left_handle(strip), compat.right_handle(strip)) for strip in films if not strip.mute]
    return (min(left for left, _ in edges), max(right for _, right in edges)) if edges else None


def wanted_range(scene: bpy.types.Scene) -> tuple[int, int] | None:
    """Give the range that shows those films, first and last frame; a scene cannot begin before frame 0. None: there are no films."""
    span = films_span(scene)
    return None if span is None or span[1] <= 0 else (max(span[0], 0), span[1] - 1)


def why_cut_off(scene: bpy.types.Scene) -> str:
    """Say what of a film is not played nor rendered, where the scene still has the range that Blender gave it; empty: nothing."""
    wanted = wanted_range(scene) if (scene.frame_start, scene.frame_end) == DEFAULT_RANGE else None
    if wanted is None or wanted[1] <= scene.frame_end:
        return ""
    return f"The scene ends at frame {scene.frame_end}, the film at {wanted[1]}: playback and Render Animation stop before."
