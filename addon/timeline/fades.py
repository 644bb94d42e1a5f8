"""Cross-fades: Cross and Gamma Cross strips join the clips that they lie over to one row.

Placed clips come in, with the effects over them; `Block`s go out: clips that stand alone, or chains of clips with fades between them.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import bpy

from ...core.protocol import Clip, Crossfade, crossfaded
from .. import compat, keyframes
from .clips import Placed
from .losses import Losses
from .shown import Place, Shown

Kind = Literal["video", "audio"]


@dataclass(frozen=True, kw_only=True)
class Block:
    """What fills the frames first ... end - 1 of a row: clips, with the fades between them."""

    first: int
    end: int
    kind: Kind
    place: Place
    items: tuple[Clip | Crossfade, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a strip has become: its clips, and where its row is."""

    name: str
    kind: Kind
    place: Place
    clips: tuple[Placed, ...]


@dataclass(frozen=True, kw_only=True)
class Fade:
    """A fade from one source to another, by their strips' names, over as many frames as both are seen."""

    name: str
    earlier: str
    later: str
    first: int
    end: int


def fade_of(shown: Shown, losses: Losses) -> Fade | None:
    """Read a Cross or Gamma Cross strip; None if no edit can say it."""
    strip = shown.strip
    if not strip.use_default_fade or shown.first != compat.left_handle(strip) or shown.end != compat.right_handle(strip):
        losses.left_out("a fade that is animated or cut", strip.name)
        return None
    return Fade(name=strip.name, earlier=strip.input_1.name, later=strip.input_2.name, first=shown.first, end=shown.end)


def blocks_of(sources: list[Source], fades: list[Fade], losses: Losses) -> list[Block]:
    """Join what fades connect; everything else stands alone."""
    by_name = {source.name: source for source in sources}
    after: dict[str, Fade] = {}
    before: dict[str, Fade] = {}
    for fade in sorted(fades, key=lambda fade: fade.first):
        if fade.earlier not in after and fade.later not in before and _is_possible(fade, by_name, before.get(fade.earlier)):
            after[fade.earlier] = before[fade.later] = fade
        else:
            losses.left_out("a fade between strips that do not follow each other", fade.name)
    singles = [(source.name, _single(source, placed)) for source in sources for placed in source.clips]
    chains: list[Block] = []
    for source in sources:
        if source.name in after and source.name not in before:
            members = _members(source, by_name, after)
            names = {member.name for member in members}
            others = [*chains, *(block for name, block in singles if name not in names)]
            chains.append(_chain(members, after, others, losses))
    return [*(block for name, block in singles if name not in after and name not in before), *chains]


def _is_possible(fade: Fade, by_name: dict[str, Source], before: Fade | None) -> bool:
    """Say whether one clip follows another as an edit has it, and is free of the fade `before` when this one begins."""
    earlier, later = by_name.get(fade.earlier), by_name.get(fade.later)
    if earlier is None or later is None or len(earlier.clips) != 1 or len(later.clips) != 1:
        return False
    a, b = earlier.clips[0], later.clips[0]
    is_free = before is None or before.end <= fade.first
    return is_free and a.first <= b.first == fade.first and fade.end == a.end <= b.end and fade.end - fade.first > 1


def _single(source: Source, placed: Placed) -> Block:
    return Block(first=placed.first, end=placed.end, kind=source.kind, place=source.place, items=(placed.clip,))


def _members(source: Source, by_name: dict[str, Source], after: dict[str, Fade]) -> list[Source]:
    members = [source]
    while (fade := after.get(members[-1].name)) is not None:
        members.append(by_name[fade.later])
    return members


def _chain(members: list[Source], after: dict[str, Fade], others: list[Block], losses: Losses) -> Block:
    """Join clips to one block, in the lowest of their rows that nothing else takes at that time."""
    items: list[Clip | Crossfade] = []
    last = members[0].clips[0].clip
    for earlier, later in pairwise(members):
        fade = after[earlier.name]
        cut, joint, last = crossfaded(last, later.clips[0].clip, overlap_frames=fade.end - fade.first)
        items += [cut, joint]
    kind, first, end = members[0].kind, members[0].clips[0].first, members[-1].clips[0].end
    strangers = [block for block in others if block.first < end and block.end > first and block.kind == kind]
    place = _free_row([member.place for member in members], strangers)
    for member in members:
        if kind == "video" and any(place < block.place < member.place for block in strangers):
            losses.note("A cross-fade needs one track: {} is below other pictures now.", member.name)
    return Block(first=first, end=end, kind=kind, place=place, items=(*items, last))


def _free_row(places: list[Place], strangers: list[Block]) -> Place:
    taken = {block.place for block in strangers}
    own = next((place for place in sorted(places) if place not in taken), None)
    if own is not None:
        return own
    channel = max(places)[0]
    row = 1 + max((row for other, row in (*places, *taken) if other == channel), default=0)
    return channel, row


def animated_properties(scene: bpy.types.Scene, strips: list[bpy.types.Strip]) -> dict[str, set[str]]:
    """Name the keyframed and driven properties of each strip, by the strip's name."""
    driven = scene.animation_data.drivers if scene.animation_data else ()
    paths = [curve.data_path for curve in (*compat.curves(scene), *driven)]
    if not paths:
        return {}
    found = {strip.name: _below(f"{strip.path_from_id()}.", paths) for strip in strips}
    return {name: names for name, names in found.items() if names}


def _below(prefix: str, paths: list[str]) -> set[str]:
    names = {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
    return {name for name in names if not name.startswith(keyframes.PREFIX)}  # which other programs know nothing of
