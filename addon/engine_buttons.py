"""The engine in the add-on's preferences and, while there is none, in the sidebar: how it is, its buttons, how far its set-up is.

Draws what is known already; reads no files.
"""

import bpy

from ..core.protocol import UserError
from . import engine_setup, jobs
from .asking import may, why_not_online
from .engine import PACKAGE, Condition, chosen_python
from .engine_setup import Task
from .lines import counted, draw_lines

LOG_LINES = 400
WORDS = {
    Condition.ABSENT: "The engine draws the pictures, in a Python environment of its own. It is not set up yet.",
    Condition.HALF_MADE: "The engine's environment is half-made: a set-up did not end.",
    Condition.BROKEN: "The Python that the engine was made with is gone, perhaps with the Blender that it belonged to.",
    Condition.OUTDATED: "The engine was made for another version of this add-on.",
    Condition.READY: "The engine is set up.",
}
LABELS = {Condition.HALF_MADE: "Repair", Condition.BROKEN: "Repair", Condition.OUTDATED: "Update"}
TASK_WORDS = {Task.PLAN: "Looking", Task.MAKE: "Setting up", Task.CHECK: "Checking", Task.REMOVE: "Removing"}


def is_missing() -> bool:
    """Say whether there surely is none; while nobody has looked, have it looked for after drawing."""
    _look_later()
    return not engine_setup.is_set() and engine_setup.state.condition is not None


def draw(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw how the engine is, its buttons, and the news."""
    layout.label(text="Engine", icon="SYSTEM")
    _look_later()
    _draw_condition(layout, context)
    _draw_buttons(layout)
    _draw_progress(layout)
    _draw_rows(layout, context)
    _draw_news(layout, context)


def draw_in_sidebar(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Draw what is missing, the button that mends it, and how far that is: where the first film is made."""
    box = layout.box()
    _draw_condition(box, context)
    if _why_not_online():
        box.operator("extensions.userpref_allow_online", text="Allow Online Access", icon="INTERNET")
    row = box.row(align=True)
    row.operator("chromastrip.set_up_engine", icon="IMPORT", text=_label())
    row.operator("preferences.addon_show", icon="PREFERENCES", text="").module = PACKAGE
    _draw_progress(box)
    _draw_news(box, context)


def _look_later() -> None:
    """Have files read when this is seen for the first time: after drawing, which does no work."""
    if engine_setup.state.condition is None and not bpy.app.timers.is_registered(engine_setup.look):
        bpy.app.timers.register(engine_setup.look, first_interval=0.0)


def _draw_condition(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = engine_setup.state
    if chosen_python():
        draw_lines(
            layout, context, ("The engine runs in the Engine Python that is named below. Clear that to have one set up.",), icon="INFO"
        )
    elif state.condition is not None:
        is_ready = state.condition == Condition.READY
        draw_lines(layout, context, (WORDS[state.condition],), icon="CHECKMARK" if is_ready else "INFO")
    plan = state.plan
    if plan is not None and not engine_setup.is_set():
        what = f"About {plan.download_mb / 1000:.1f} GB will be downloaded: packages for Python {plan.version}, PyTorch {plan.build}."
        if not plan.download_mb:
            what = f"Nothing will be downloaded: packages for Python {plan.version} come from the folder."
        room = f"On the disk they take about {plan.disk_mb / 1000:.1f} GB; {plan.free_mb / 1000:.0f} GB are free."
        draw_lines(layout, context, (what, room))


def _draw_buttons(layout: bpy.types.UILayout) -> None:
    state = engine_setup.state
    row = layout.row(align=True)
    if not engine_setup.is_set() or (state.is_faulty and not chosen_python()):
        row.operator("chromastrip.set_up_engine", icon="IMPORT", text=_label())
    row.operator("chromastrip.check_engine", icon="VIEWZOOM")
    row.operator("chromastrip.remove_engine", icon="TRASH")
    row.operator("chromastrip.copy_engine_log", icon="COPYDOWN")


def _label() -> str:
    state = engine_setup.state
    if state.failed == Task.MAKE:
        return "Retry"
    is_made = state.condition == Condition.READY
    return "Repair" if is_made else LABELS.get(state.condition, "Set Up Engine")


def _draw_progress(layout: bpy.types.UILayout) -> None:
    state = engine_setup.state
    if state.task is None or not state.busy:
        return
    row = layout.split(factor=0.8, align=True)
    row.progress(factor=state.part, text=state.words or TASK_WORDS[state.task])
    row.operator("chromastrip.cancel_engine", icon="CANCEL", text="Cancelling" if state.cancelling else "Cancel")


def _draw_rows(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = engine_setup.state
    if not state.rows:
        return
    box = layout.box()
    draw_lines(box, context, (f"Blender: {bpy.app.version_string}",), icon="CHECKMARK")
    for row in state.rows:
        draw_lines(box, context, (f"{row.name}: {row.words}",), icon="CHECKMARK" if row.is_well else "ERROR")
    box.operator("chromastrip.copy_engine_report", icon="COPYDOWN")


def _draw_news(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    state = engine_setup.state
    if state.error is not None:
        box = layout.box()
        draw_lines(box, context, (state.error.cause,), icon="ERROR")
        draw_lines(box, context, (state.error.cure,))
        if state.offer is not None:
            box.operator("chromastrip.set_up_offered_build", icon="IMPORT", text=offer_label(state.offer))
    if state.note:
        draw_lines(layout, context, (state.note,), icon="INFO")


# Buttons --------------------------------------------------------------------------------------------------------------------------------


class CHROMASTRIP_OT_set_up_engine(bpy.types.Operator):
    """Make the engine's Python environment in your user folder: once for all Blenders on this computer. Blender stays usable meanwhile"""

    bl_idname = "chromastrip.set_up_engine"
    bl_label = "Set Up Engine"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy() or _why_not_online())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Begin."""
        return _start(Task.MAKE)


class CHROMASTRIP_OT_set_up_offered_build(bpy.types.Operator):
    """Make the engine's environment with the other build of PyTorch, since the one that fits this computer cannot be had"""

    bl_idname = "chromastrip.set_up_offered_build"
    bl_label = "Use Other Build"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = "" if engine_setup.state.offer is not None else "The build that fits this computer has not been refused"
        return may(cls, reason or _why_busy() or _why_not_online())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Begin."""
        return _start(Task.MAKE, take_offer=True)


class CHROMASTRIP_OT_check_engine(bpy.types.Operator):
    """Look at Python, PyTorch, device, memory, models and disk, and name the first thing that is wrong"""

    bl_idname = "chromastrip.check_engine"
    bl_label = "Check"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, "The engine is being worked on" if engine_setup.state.busy else "")

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Begin."""
        return _start(Task.CHECK)


class CHROMASTRIP_OT_remove_engine(bpy.types.Operator):
    """Delete the engine's Python environment from this computer. Models and films stay"""

    bl_idname = "chromastrip.remove_engine"
    bl_label = "Remove"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        is_absent = engine_setup.state.condition in {None, Condition.ABSENT}
        return may(cls, _why_busy() or ("There is nothing to remove" if is_absent else ""))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        words = "Its packages will be deleted, for all Blenders on this computer. Models and films stay."
        return context.window_manager.invoke_confirm(
            self, event, title="Remove the engine?", message=words, confirm_text="Remove", icon="WARNING"
        )

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Begin."""
        return _start(Task.REMOVE)


class CHROMASTRIP_OT_cancel_engine(bpy.types.Operator):
    """Stop. What has been downloaded is kept for the next time"""

    bl_idname = "chromastrip.cancel_engine"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return engine_setup.state.busy and not engine_setup.state.cancelling

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have the program end itself."""
        engine_setup.cancel()
        return {"FINISHED"}


class CHROMASTRIP_OT_copy_engine_log(bpy.types.Operator):
    """Copy what the last set-up said, to look into it or to paste it into a report"""

    bl_idname = "chromastrip.copy_engine_log"
    bl_label = "Copy Log"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        lines = engine_setup.log().splitlines()[-LOG_LINES:]
        context.window_manager.clipboard = "\n".join([*_error_lines(), *lines])
        self.report({"INFO"}, f"{counted(len(lines), 'line')} copied" if lines else "There is no log yet")
        return {"FINISHED"}


class CHROMASTRIP_OT_copy_engine_report(bpy.types.Operator):
    """Copy what Check found, to paste it into a report"""

    bl_idname = "chromastrip.copy_engine_report"
    bl_label = "Copy Report"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        context.window_manager.clipboard = report()
        return {"FINISHED"}


CLASSES = (
    CHROMASTRIP_OT_set_up_engine,
    CHROMASTRIP_OT_set_up_offered_build,
    CHROMASTRIP_OT_check_engine,
    CHROMASTRIP_OT_remove_engine,
    CHROMASTRIP_OT_cancel_engine,
    CHROMASTRIP_OT_copy_engine_log,
    CHROMASTRIP_OT_copy_engine_report,
)


def report() -> str:
    """Give all that Check found, as text."""
    rows = [f"{row.name}: {row.words}" for row in engine_setup.state.rows]
    return "\n".join([f"Blender: {bpy.app.version_string}", *rows, *_error_lines()])


def _error_lines() -> list[str]:
    return [] if engine_setup.state.error is None else [str(engine_setup.state.error)]


def _why_busy() -> str:
    return "The engine is being worked on" if engine_setup.state.busy else jobs.why_busy()


def _why_not_online() -> str:
    reason = why_not_online()
    has_packages = bpy.context.preferences.addons[PACKAGE].preferences.wheel_folder
    return f"{reason}, or choose a folder of packages below" if reason and not has_packages else ""


def offer_label(offer: engine_setup.Offer) -> str:
    """Name the button that takes another build, as the program's own words do, with its size."""
    is_larger = engine_setup.state.plan is None or offer.download_mb > engine_setup.state.plan.download_mb
    return f"Use {'Large' if is_larger else 'Small'} Build ({offer.download_mb / 1000:.1f} GB)"


def _start(task: Task, *, take_offer: bool = False) -> set[str]:
    if task in {Task.MAKE, Task.REMOVE}:
        jobs.end_worker()  # it holds the files that are about to change
    try:
        engine_setup.start(task, take_offer=take_offer)
    except UserError as error:
        engine_setup.fail(task, error)
        return {"CANCELLED"}
    return {"FINISHED"}
