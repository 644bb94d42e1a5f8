"""Which strips are seen and heard, where: metas unfolded, muted channels heeded, cut to the part that is wanted.

Strips come in, `Shown` strips go out. Knows nothing of clips.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace

import bpy

from .. import compat
from ..strips import current_strips
from .losses import Losses

Place = tuple[int, int]
"""A channel, and a row within it: what is in a meta strip can take several rows of the meta's channel."""


class Part(enum.StrEnum):
    """What of the sequencer is meant."""

    ALL = "ALL"
    SELECTED = "SELECTED"
    PREVIEW = "PREVIEW"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A strip as far as it is seen or heard.

    Parameters
    ----------
    strip
        The strip; no meta.
    first, end
        The frames of the timeline on which it shows: first ... end - 1.
    place
        Its channel and row.
    enabled
        Whether neither it nor its channel nor a meta around it is muted.
    gain
        What its volume is multiplied with by the metas around it.
    """

    strip: bpy.types.Strip
    first: int
    end: int
    place: Place
    enabled: bool
    gain: float


@dataclass(frozen=True, kw_only=True)
class _Around:
    """What strips lie in: the window that shows of them, the rows that lead there, and what holds for all of them."""

    first: float
    end: float
    path: tuple[int, ...] = ()
    enabled: bool = True
    gain: float = 1.0


def shown_strips(scene: bpy.types.Scene, part: Part, losses: Losses) -> list[Shown]:
    """List what is seen and heard, metas unfolded."""
    editor = scene.sequence_editor
    if part == Part.PREVIEW:
        around = _Around(first=scene.frame_preview_start, end=scene.frame_preview_end + 1)
    else:
        around = _Around(first=float("-inf"), end=float("inf"))
    if part == Part.SELECTED:
        meta = editor.meta_stack[-1] if len(editor.meta_stack) else editor
        strips = [strip for strip in current_strips(editor) if strip.select]
        return _with_rows(_unfolded(strips, meta.channels, around, losses))
    return _with_rows(_unfolded(list(editor.strips), editor.channels, around, losses))


def _unfolded(
    strips: list[bpy.types.Strip], channels: bpy.types.bpy_prop_collection, around: _Around, losses: Losses
) -> Iterator[tuple[tuple[int, ...], Shown]]:
    for strip in strips:
        inner = replace(
            around,
            first=max(around.first, compat.left_handle(strip)),
            end=min(around.end, compat.right_handle(strip)),
            path=(*around.path, strip.channel),
            enabled=around.enabled and not strip.mute and not channels[strip.channel].mute,
        )
        if inner.first >= inner.end:
            continue
        if strip.type == "META":
            losses.note("Metas are unfolded into tracks: {}.", strip.name)
            gain = around.gain * getattr(strip, "volume", 1.0)  # 5.2
            if f"{strip.path_from_id()}.volume" in {curve.data_path for curve in compat.curves(strip.id_data)}:
                losses.lost("keyframes", strip.name)
            yield from _unfolded(list(strip.strips), strip.channels, replace(inner, gain=gain), losses)
        else:
            yield (
                inner.path,
                Shown(strip=strip, first=int(inner.first), end=int(inner.end), place=(0, 0), enabled=inner.enabled, gain=inner.gain),
            )


def _with_rows(unfolded: Iterator[tuple[tuple[int, ...], Shown]]) -> list[Shown]:
    """Give each its row within its channel: what lies lowest in a meta shares the row of the channel's other strips."""
    found = list(unfolded)
    paths = sorted({path for path, _ in found if len(path) > 1})
    rows: dict[tuple[int, ...], int] = {}
    for path in paths:
        rows[path] = sum(1 for other in rows if other[0] == path[0])
    return [replace(one, place=(path[0], rows.get(path, 0))) for path, one in found]
