"""The things of a strip: which are chosen, which must never come up. Rules about lists of names; the buttons are in `operators.things`.

What a strip keeps are two texts, names with commas between (`StripSettings.classes`, `excluded`): they go through Copy, Redo, presets of
scripts and other editors' metadata. The lists that the panel shows follow the texts (`follow`), and remember which things are pinned.
"""

import functools
import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.protocol import UserError, class_names

LISTS = {"classes": "things", "excluded": "excluded_things"}
"""The texts, and the lists that follow them."""
KIND = "kind "
MOST = 120
"""So many things can share a film."""


class ThingItem(bpy.types.PropertyGroup):
    """A line of a list: its name is what the text says there."""

    is_pinned: bpy.props.BoolProperty(
        name="Pin", description="Keep this thing when others are shuffled, or chosen for lyrics", options=set()
    )


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a name in a text stands for: one class, or all of a kind.

    Parameters
    ----------
    label
        The class's own name, or the kind's.
    kind
        The class's kind; empty for a whole kind.
    classes
        Its numbers. Empty: nothing is called so.
    """

    label: str
    kind: str
    classes: frozenset[int]


# Texts ----------------------------------------------------------------------------------------------------------------------------------


def names(text: str) -> list[str]:
    """Take a text apart."""
    return [name for part in text.split(",") if (name := part.strip())]


def text_of(parts: Iterable[str]) -> str:
    """Put names together."""
    return ", ".join(parts)


def classes_of(text: str) -> tuple[int, ...]:
    """Give the classes that a text names, in its order.

    Raises
    ------
    UserError
        If one is unknown.
    """
    return tuple(class_names.resolve(name) for name in names(text))


def excluded_classes(text: str) -> tuple[int, ...]:
    """Give the classes that a text of names and kinds excludes, rising.

    Raises
    ------
    UserError
        If one is unknown.
    """
    return tuple(sorted(frozenset[int]().union(*map(class_names.resolve_group, names(text)))))


@functools.lru_cache(maxsize=4096)
def known(name: str, *, as_group: bool = False) -> Known:
    """Say what a name stands for; of an excluded one, perhaps a whole kind."""
    try:
        classes = class_names.resolve_group(name) if as_group else frozenset([class_names.resolve(name)])
    except UserError:
        return Known(label=name, kind="", classes=frozenset())
    if len(classes) > 1:
        return Known(label=name, kind="", classes=classes)
    (number,) = classes
    return Known(label=class_names.name(number), kind=class_names.kinds()[number], classes=classes)


# Lists ----------------------------------------------------------------------------------------------------------------------------------


def follow(group: Any, _context: bpy.types.Context | None = None) -> None:
    """Have the lists that the panel shows say what the texts say; pins stay with their names."""
    for text, items in LISTS.items():
        _match(getattr(group, items), names(getattr(group, text)))


def pinned(group: Any) -> frozenset[str]:
    """Give the names that are pinned."""
    return frozenset(item.name for item in group.things if item.is_pinned)


def _match(items: Any, wanted: Sequence[str]) -> None:
    if [item.name for item in items] == wanted:
        return
    held = {item.name for item in items if item.is_pinned}
    items.clear()
    for name in wanted:
        item = items.add()
        item.name, item.is_pinned = name, name in held


# Choices --------------------------------------------------------------------------------------------------------------------------------


def shuffled(*, seed: int, total: int = class_names.CLASS_COUNT) -> Iterator[str]:
    """Give all classes' names in an order that comes from a seed, the same everywhere."""
    order = sorted(range(total), key=lambda number: hashlib.blake2b(f"{seed} {number}".encode(), digest_size=8).digest())
    return (name_of(number) for number in order)


def exchanged(present: Sequence[str], candidates: Iterable[str], *, held: Collection[str], excluded: Collection[int]) -> list[str]:
    """Put others in the place of all names that are not held, as far as there are candidates.

    Parameters
    ----------
    present
        The names as they stand.
    candidates
        In the order in which they are wanted.
    held
        Names that stay where they are.
    excluded
        Classes that are never taken.
    """
    taken = frozenset[int]().union(*(known(name).classes for name in present if name in held), excluded)
    fitting = (name for name in candidates if not known(name).classes & taken)
    chosen = (name if name in held else next(fitting, "") for name in present)
    return [name for name in chosen if name]


def without(present: Iterable[str], excluded: Collection[int]) -> list[str]:
    """Leave out what is excluded."""
    return [name for name in present if not known(name).classes & set(excluded)]


def name_of(class_id: int) -> str:
    """Name a class as texts do."""
    return class_names.name(class_id)


# Coming and going -----------------------------------------------------------------------------------------------------------------------


@bpy.app.handlers.persistent
def _follow_all(*_: object) -> None:
    """After a .blend was opened, perhaps one of an older version, whose strips have texts only."""
    for scene in bpy.data.scenes:
        if scene.sequence_editor is not None and scene.library is None:
            for strip in scene.sequence_editor.strips_all:
                follow(strip.chromastrip)


def register() -> None:
    """Watch for other files."""
    bpy.app.handlers.load_post.append(_follow_all)


def unregister() -> None:
    """Stop watching."""
    bpy.app.handlers.load_post.remove(_follow_all)
