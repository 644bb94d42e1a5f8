"""The lists of things: adding, taking away, order, excluding, chance."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import bpy

from ...core.protocol import ChooseClasses, ClassesChosen, Direct, Event, Look, Model, UserError, class_names
from .. import compat, folders, jobs, models, scenes, thing_pictures, things
from ..asking import may
from ..properties import StripSettings
from ..sections import own_request, shown_strip

NO_STRIP = "Select a sound, or pictures that were drawn here"
LIST = bpy.props.EnumProperty(
    name="List",
    items=(
        ("classes", "Chosen", "Things that show"),
        ("excluded", "Excluded", "Things that must never come up"),
    ),
    options={"HIDDEN"},
)
Offered = tuple[str, str, str, int, int]
_offered: dict[str, list[Offered]] = {}  # Blender needs somebody to keep the texts of a list that is made when it is asked for


def offered_things(operator: "CHROMASTRIP_OT_add_thing", _context: bpy.types.Context | None) -> list[Offered]:
    """Give what the search finds: all kinds, and all classes with their pictures and kinds."""
    if not _offered:
        thing_pictures.read()
        classes = [
            (str(number), f"{name}  ({kind})", "", thing_pictures.icon(number), number)
            for number, (name, kind) in enumerate(_names_and_kinds())
        ]
        numbered = enumerate(class_names.all_kinds(), start=len(classes))
        kinds = [(f"{things.KIND}{kind}", f"All of the kind: {kind}", "", 0, number) for number, kind in numbered]
        _offered["classes"] = sorted(classes, key=lambda item: item[1].lower())
        _offered["excluded"] = [*kinds, *_offered["classes"]]
    return _offered["excluded" if operator.list == "excluded" else "classes"]


def forget_offered() -> None:
    """Have the search's list made again: its pictures are gone."""
    _offered.clear()


def _names_and_kinds() -> zip:
    return zip(class_names.names(), class_names.kinds(), strict=True)


class CHROMASTRIP_OT_add_thing(bpy.types.Operator):
    """Search the names and kinds of all things, and add one"""

    bl_idname = "chromastrip.add_thing"
    bl_label = "Add Thing"
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "thing"

    list: LIST
    thing: bpy.props.EnumProperty(name="Thing", description="What to add", items=offered_things)

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Say what it does in each of the lists."""
        if properties.list == "excluded":
            return "Search things and kinds of things, and choose one that must never come up, neither by chance nor for lyrics"
        return "Search the names and kinds of 1000 things, and add one that shall show"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Search."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it at the end."""
        settings = _settings(context)
        try:
            add_excluded(settings, self.thing) if self.list == "excluded" else add_chosen(settings, int(self.thing))
        except UserError as error:
            return jobs.refuse(self, error)
        redraw(context)
        return {"FINISHED"}


def add_excluded(settings: StripSettings, offered: str) -> None:
    """Exclude what the search has found: a kind, or a class by its number."""
    kind = offered.removeprefix(things.KIND)
    exclude(settings, kind if kind != offered else class_names.described([int(offered)])[0])
    settings.excluded_thing = len(settings.excluded_things) - 1


def add_chosen(settings: StripSettings, class_id: int) -> None:
    """Choose a class, unless it is chosen already.

    Raises
    ------
    UserError
        If it is excluded.
    """
    name, present = things.name_of(class_id), things.names(settings.classes)
    if class_id in things.excluded_classes(settings.excluded):
        raise UserError(f"“{name}” is excluded.", "Take that back first, under Look > Excluded.")
    if not any(things.known(other).classes == {class_id} for other in present):
        settings.classes = things.text_of([*present, name])
        settings.thing = len(present)


class CHROMASTRIP_OT_remove_thing(bpy.types.Operator):
    """Take the selected thing off the list. Of an empty list, the seed chooses"""

    bl_idname = "chromastrip.remove_thing"
    bl_label = "Remove Thing"
    bl_options = {"REGISTER", "UNDO"}

    list: LIST

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        settings = _settings(context)
        present = things.names(getattr(settings, self.list))
        index = settings.excluded_thing if self.list == "excluded" else settings.thing
        if not 0 <= index < len(present):
            return {"CANCELLED"}
        setattr(settings, self.list, things.text_of([*present[:index], *present[index + 1 :]]))
        setattr(settings, "excluded_thing" if self.list == "excluded" else "thing", max(0, min(index, len(present) - 2)))
        return {"FINISHED"}


class CHROMASTRIP_OT_move_thing(bpy.types.Operator):
    """Move the selected thing in the list. The first one follows the loudest note, the second one the next, and so on"""

    bl_idname = "chromastrip.move_thing"
    bl_label = "Move Thing"
    bl_options = {"REGISTER", "UNDO"}

    step: bpy.props.IntProperty(name="Step", description="Up is -1, down is 1", default=-1, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or ("" if len(_settings(context).things) > 1 else "There are no two things to order"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Move it."""
        settings = _settings(context)
        present = things.names(settings.classes)
        index, to = settings.thing, settings.thing + self.step
        if not (0 <= index < len(present) and 0 <= to < len(present)):
            return {"CANCELLED"}
        present.insert(to, present.pop(index))
        settings.classes = things.text_of(present)
        settings.thing = to
        return {"FINISHED"}


class CHROMASTRIP_OT_clear_things(bpy.types.Operator):
    """Empty the list, so that the seed chooses. Pinned things go, too"""

    bl_idname = "chromastrip.clear_things"
    bl_label = "Clear Things"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or _why_empty(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Empty it."""
        settings = _settings(context)
        settings.classes, settings.thing = "", 0
        return {"FINISHED"}


class CHROMASTRIP_OT_exclude_thing(bpy.types.Operator):
    """Take the selected thing off the list, and see that it never comes up: not by chance, and not for lyrics"""

    bl_idname = "chromastrip.exclude_thing"
    bl_label = "Exclude Thing"
    bl_options = {"REGISTER", "UNDO"}

    whole_kind: bpy.props.BoolProperty(name="Whole Kind", description="Exclude all things of the same kind, too")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or _why_empty(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Exclude it."""
        settings = _settings(context)
        present = things.names(settings.classes)
        if not 0 <= settings.thing < len(present):
            return {"CANCELLED"}
        chosen = things.known(present[settings.thing])
        if not chosen.classes:
            self.report({"ERROR"}, f"There is no thing “{chosen.label}”: remove it")
            return {"CANCELLED"}
        exclude(settings, chosen.kind if self.whole_kind else class_names.described(chosen.classes)[0])
        settings.thing = max(0, min(settings.thing, len(settings.things) - 1))
        return {"FINISHED"}


class CHROMASTRIP_OT_shuffle_things(bpy.types.Operator):
    """Put other things in the place of all that are not pinned; never excluded ones. Each time others"""

    bl_idname = "chromastrip.shuffle_things"
    bl_label = "Shuffle"
    bl_options = {"REGISTER", "UNDO"}

    seed: bpy.props.IntProperty(name="Shuffle Seed", description="The same number gives the same things", min=0)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or _why_empty(context))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Take the next number."""
        self.seed += 1
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Exchange them."""
        settings = _settings(context)
        try:
            exchange(settings, list(things.shuffled(seed=self.seed, total=class_total(settings))))
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_fill_things(bpy.types.Operator):
    """List the things that the seed chooses, to change some of them. Pinned things stay"""

    bl_idname = "chromastrip.fill_things"
    bl_label = "Fill by Seed"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = _why_no_strip(context) or jobs.why_busy()
        if not reason and class_total(_settings(context)) != class_names.CLASS_COUNT:
            reason = "This network does not know the 1000 things of ImageNet"
        return may(cls, reason)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker, which knows what a film with this seed shows."""
        scene = compat.edited_scene(context)
        strip = shown_strip(scene)
        assert strip is not None  # `poll`
        settings = strip.chromastrip
        try:
            question = _of_film(scene, strip) if settings.look == Look.CHROMASTRIP and settings.blend < 1 else _of_seed(settings)
            jobs.ask(question, partial(_take, scenes.noted_name(scene), strip.name), busy_words="Things are being chosen")
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_take_things(bpy.types.Operator):
    """Put the things that the seed chooses on the list"""

    bl_idname = "chromastrip.take_things"
    bl_label = "Fill by Seed"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when some were chosen."""
        return bool(_chosen)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """List them."""
        told = _chosen.pop()
        strip = scenes.find_strip(told.scene_name, told.strip_name)
        if strip is None:
            jobs.show_error(UserError(f"The strip “{told.strip_name}” is gone.", "Select a sound, and fill its list again."))
            return {"CANCELLED"}
        exchange(strip.chromastrip, [thing.name for thing in told.chosen.things], count=len(told.chosen.things))
        return {"FINISHED"}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Things that wait to be listed, and the strip that they are for."""

    scene_name: str
    strip_name: str
    chosen: ClassesChosen


_chosen: list[Chosen] = []


def _of_seed(settings: StripSettings) -> ChooseClasses:
    """Ask what the seed chooses, whatever the song."""
    return ChooseClasses(
        job_id=uuid.uuid4().hex,
        cache_folder=str(folders.user_cache_folder()),
        class_count=max(len(settings.things), settings.class_count),
        seed=settings.seed,
        blocklist=tuple(things.names(settings.excluded)),
    )


def _of_film(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Direct:
    """Ask what a film that the song directs shows by itself."""
    request = own_request(scene, strip)
    count = max(len(strip.chromastrip.things), strip.chromastrip.class_count)
    sung = tuple(cue for cue in request.settings.cues if not cue.part)
    return Direct(
        job_id=uuid.uuid4().hex, request=replace(request, settings=replace(request.settings, classes=(), class_count=count, cues=sung))
    )


def _take(scene_name: str, strip_name: str, event: Event) -> None:
    assert isinstance(event, ClassesChosen)
    _chosen[:] = [Chosen(scene_name=scene_name, strip_name=strip_name, chosen=event)]
    bpy.ops.chromastrip.take_things("EXEC_DEFAULT", True)


CLASSES = (
    CHROMASTRIP_OT_add_thing,
    CHROMASTRIP_OT_remove_thing,
    CHROMASTRIP_OT_move_thing,
    CHROMASTRIP_OT_clear_things,
    CHROMASTRIP_OT_exclude_thing,
    CHROMASTRIP_OT_shuffle_things,
    CHROMASTRIP_OT_fill_things,
    CHROMASTRIP_OT_take_things,
)


# What they share ------------------------------------------------------------------------------------------------------------------------


def exclude(settings: StripSettings, name: str) -> None:
    """See that a class or a kind never comes up; what is listed of it goes."""
    present = things.names(settings.excluded)
    if name not in present:
        settings.excluded = things.text_of([*present, name])
    settings.classes = things.text_of(things.without(things.names(settings.classes), things.known(name, as_group=True).classes))


def exchange(settings: StripSettings, candidates: Sequence[str], *, count: int = 0) -> None:
    """Put candidates in the place of all things that are not pinned, on a list of at least `count`.

    Raises
    ------
    UserError
        If something unknown is excluded.
    """
    held = things.pinned(settings)
    present = sorted(things.names(settings.classes), key=lambda name: name not in held) if count else things.names(settings.classes)
    present += [""] * (count - len(present))
    excluded = things.excluded_classes(settings.excluded)
    settings.classes = things.text_of(things.exchanged(present, candidates, held=held, excluded=excluded))


def class_total(settings: StripSettings) -> int:
    """Say how many classes the strip's network knows, as far as the worker has told."""
    entry = models.entry(settings.own_model) if settings.model == Model.OWN else None
    return (entry.class_count if entry is not None else 0) or class_names.CLASS_COUNT


def _settings(context: bpy.types.Context) -> StripSettings:
    strip = shown_strip(compat.edited_scene(context))
    assert strip is not None  # `poll`
    return strip.chromastrip


def _why_no_strip(context: bpy.types.Context) -> str:
    return "" if shown_strip(compat.edited_scene(context)) is not None else NO_STRIP


def _why_empty(context: bpy.types.Context) -> str:
    return "" if len(_settings(context).things) else "The list is empty: the seed chooses"


def redraw(context: bpy.types.Context) -> None:
    """Have the panel drawn: a search popup's end does not do it."""
    if context.area is not None:
        context.area.tag_redraw()
