"""The models in the add-on's preferences: the list, its buttons, how far a download is. Draws what is known already; reads no files."""

import uuid
from typing import Any

import bpy

from ..core.protocol import AddModel, DownloadModel, ListModels, ModelEntry, ModelJob, ModelState, RemoveModel, UserError, VerifyModel
from . import engine_setup, folders, jobs, models
from .asking import choose_file, may, why_not_online
from .engine import mirrors
from .lines import draw_lines

ICONS = {ModelState.ABSENT: "BLANK1", ModelState.PARTIAL: "SORTTIME", ModelState.READY: "CHECKMARK", ModelState.UNFIT: "ERROR"}
NOTHING_SELECTED = "Select a model in the list; press Refresh if the list is empty"


class CHROMASTRIP_UL_models(bpy.types.UIList):
    """Name, size and state of each model"""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: models.ModelItem,
        _icon: int,
        _active_data: object,
        _active_property: str,
    ) -> None:
        """Draw a line."""
        entry = models.entry(item.name)
        if entry is None:
            return
        row = layout.split(factor=0.45)
        row.label(text=entry.name, icon=ICONS[entry.state])
        row = row.split(factor=0.25)
        row.label(text=f"{entry.bytes_total // models.MB} MB")
        row = row.split(factor=0.3)
        row.label(text=f"{entry.size_px} px" if entry.size_px else "")
        row.label(text=models.state_words(entry))


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, *, engine_is_set: bool) -> None:
    """Draw the list, what is selected in it, and the buttons."""
    layout.label(text="Models", icon="NETWORK_DRIVE")
    draw_lines(layout, context, ("The embedded models need nothing. These larger ones are downloaded only when you press the button.",))
    if not engine_is_set:
        draw_lines(layout, context, ("Set up the engine first.",), icon="INFO")
        return
    _look_later()
    manager = context.window_manager
    layout.template_list("CHROMASTRIP_UL_models", "", manager, "chromastrip_models", manager, "chromastrip_model", rows=4)
    _draw_selected(layout, context)
    _draw_buttons(layout)
    _draw_progress(layout)
    _draw_news(layout, context)


def _look_later() -> None:
    """Have the list read when it is seen for the first time: after drawing, which does no work."""
    state = models.state
    is_unknown = state.entries is None and state.job is None and state.error is None
    if is_unknown and engine_setup.is_set() and not bpy.app.timers.is_registered(look):
        bpy.app.timers.register(look, first_interval=0.0)


def look() -> None:
    """Ask the worker for the list, unless it is busy; called by a timer."""
    if _why_busy():
        return
    try:
        jobs.start_model_job(ListModels(**_common()))
    except UserError as error:
        models.fail(error)


def draw_absent(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """Say that a network is not here, if that is so, and offer to have it: where it is chosen, and where a film has failed for it."""
    if not name:
        return
    _look_later()
    if reason := models.why_absent(name):
        draw_lines(layout, context, (f"{reason}.",), icon="ERROR")
        draw_download(layout, context, name)


def draw_download(layout: bpy.types.UILayout, context: bpy.types.Context, name: str) -> None:
    """Draw the button that fetches a published network, with its size, or how far that is."""
    entry = models.entry(name)
    if models.state.busy:
        _draw_progress(layout)
    elif entry is not None and entry.is_published and entry.state != ModelState.READY:
        left = (entry.bytes_total - entry.bytes_here) // models.MB
        layout.operator("chromastrip.download_named_model", icon="IMPORT", text=f"Download ({left} MB)").model_name = name
        if models.state.error is not None:
            draw_lines(layout, context, (models.state.error.cause, models.state.error.cure))


def _draw_selected(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    entry = models.selected()
    if entry is None:
        return
    if entry.note:
        draw_lines(layout, context, (entry.note,), icon="ERROR")
    elif entry.state != ModelState.ABSENT:
        what = f"{entry.class_count} classes" if entry.class_count else "Makes pictures larger"
        layout.label(text=f"{what}, in {entry.folder}", icon="BLANK1")


def _draw_buttons(layout: bpy.types.UILayout) -> None:
    row = layout.row(align=True)
    entry = models.selected()
    half = entry is not None and entry.state == ModelState.PARTIAL
    row.operator("chromastrip.download_model", icon="IMPORT", text="Resume" if half else "Download")
    row.operator("chromastrip.verify_model", icon="VIEWZOOM")
    row.operator("chromastrip.remove_model", icon="TRASH")
    row.separator()
    row.operator("chromastrip.add_model", icon="FILE_FOLDER")
    row.operator("chromastrip.add_upscaler", icon="FULLSCREEN_ENTER")
    row.operator("chromastrip.list_models", icon="FILE_REFRESH")


def _draw_progress(layout: bpy.types.UILayout) -> None:
    state = models.state
    if state.job is None:
        return
    factor, words = models.progress_words()
    if not state.busy:
        layout.progress(factor=factor, text=words)
        return
    row = layout.split(factor=0.8, align=True)
    row.progress(factor=factor, text=words)
    row.operator("chromastrip.cancel_model_job", icon="CANCEL", text="Cancelling" if state.cancelling else "Cancel")


def _draw_news(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if (error := models.state.error) is not None:
        box = layout.box()
        draw_lines(box, context, (error.cause,), icon="ERROR")
        draw_lines(box, context, (error.cure,))
        box.operator("chromastrip.copy_model_error", icon="COPYDOWN")
    for note in models.state.notes:
        draw_lines(layout, context, (note,), icon="INFO")


# Buttons --------------------------------------------------------------------------------------------------------------------------------


class CHROMASTRIP_OT_list_models(bpy.types.Operator):
    """Look again which models are on this machine"""

    bl_idname = "chromastrip.list_models"
    bl_label = "Refresh"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        return _start(self, ListModels(**_common()))


class CHROMASTRIP_OT_download_model(bpy.types.Operator):
    """Download the selected model, or the rest of it"""

    bl_idname = "chromastrip.download_model"
    bl_label = "Download"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy() or _why_not_download())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it fetched."""
        return _start(self, DownloadModel(**_common(), name=_chosen().name, mirrors=mirrors()))


class CHROMASTRIP_OT_download_named_model(bpy.types.Operator):
    """Download the network that these pictures are drawn by, or the rest of it"""

    bl_idname = "chromastrip.download_named_model"
    bl_label = "Download"
    bl_options = {"INTERNAL"}

    model_name: bpy.props.StringProperty(name="Model", description="As the list of models calls it", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy() or why_not_online())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it fetched."""
        return _start(self, DownloadModel(**_common(), name=self.model_name, mirrors=mirrors()))


class CHROMASTRIP_OT_add_model(bpy.types.Operator):
    """Copy weights of a BigGAN-deep from a folder: published ones, or your own with the config.json that belongs to them"""

    bl_idname = "chromastrip.add_model"
    bl_label = "Add Folder"
    bl_options = {"INTERNAL"}

    directory: bpy.props.StringProperty(
        name="Folder", description="With pytorch_model.bin and config.json, or with files as they are published", subtype="DIR_PATH"
    )
    model_name: bpy.props.StringProperty(
        name="Name", description="What to call the model. Empty: as published, or as its folder is called", options={"SKIP_SAVE"}
    )
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy())

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose a folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it copied."""
        return _start(self, AddModel(**_common(), source=bpy.path.abspath(self.directory), name=self.model_name.strip()))


class CHROMASTRIP_OT_add_upscaler(bpy.types.Operator):
    """Copy weights of a network that makes pictures larger: an ESRGAN or Real-ESRGAN, as .safetensors or .pth"""

    bl_idname = "chromastrip.add_upscaler"
    bl_label = "Add Upscaler"
    bl_options = {"INTERNAL"}

    filepath: bpy.props.StringProperty(name="File", description="A .safetensors or .pth file of weights", subtype="FILE_PATH")
    filter_glob: bpy.props.StringProperty(default="*.safetensors;*.pth", options={"HIDDEN"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy())

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose a file."""
        return choose_file(self, context)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it copied."""
        return _start(self, AddModel(**_common(), source=bpy.path.abspath(self.filepath), as_upscaler=True))


class CHROMASTRIP_OT_verify_model(bpy.types.Operator):
    """Read all of the selected model again and check that it is what it must be"""

    bl_idname = "chromastrip.verify_model"
    bl_label = "Verify"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy() or _why_not_verify())

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it read."""
        return _start(self, VerifyModel(**_common(), name=_chosen().name))


class CHROMASTRIP_OT_remove_model(bpy.types.Operator):
    """Delete the selected model, or what has come of its download, from this machine"""

    bl_idname = "chromastrip.remove_model"
    bl_label = "Remove"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_busy() or _why_not_remove())

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        entry = _chosen()
        words = f"{entry.name} ({entry.bytes_here // models.MB} MB) will be deleted from this machine."
        return context.window_manager.invoke_confirm(
            self, event, title="Remove this model?", message=words, confirm_text="Remove", icon="WARNING"
        )

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Have it deleted."""
        return _start(self, RemoveModel(**_common(), name=_chosen().name))


class CHROMASTRIP_OT_cancel_model_job(bpy.types.Operator):
    """Stop. What has come of a download is kept, to go on from there"""

    bl_idname = "chromastrip.cancel_model_job"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return models.state.busy and not models.state.cancelling

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker to stop."""
        jobs.cancel_model_job()
        return {"FINISHED"}


class CHROMASTRIP_OT_copy_model_error(bpy.types.Operator):
    """Copy the error with all its details, to paste it into a report"""

    bl_idname = "chromastrip.copy_model_error"
    bl_label = "Copy Error"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        state = models.state
        context.window_manager.clipboard = "\n".join(filter(None, (f"Blender {bpy.app.version_string}", str(state.error), state.details)))
        return {"FINISHED"}


CLASSES = (
    CHROMASTRIP_UL_models,
    CHROMASTRIP_OT_list_models,
    CHROMASTRIP_OT_download_model,
    CHROMASTRIP_OT_download_named_model,
    CHROMASTRIP_OT_add_model,
    CHROMASTRIP_OT_add_upscaler,
    CHROMASTRIP_OT_verify_model,
    CHROMASTRIP_OT_remove_model,
    CHROMASTRIP_OT_cancel_model_job,
    CHROMASTRIP_OT_copy_model_error,
)


def _why_busy() -> str:
    return jobs.why_busy() or ("The list is being read" if models.state.job is not None else "")


def _why_not_download() -> str:
    entry = models.selected()
    if entry is None:
        return NOTHING_SELECTED
    if entry.state == ModelState.READY:
        return "It is here already"
    if not entry.is_published:
        return "It is one of your own: remove it, and add it again"
    return why_not_online()


def _why_not_verify() -> str:
    entry = models.selected()
    if entry is None:
        return NOTHING_SELECTED
    return "" if entry.state in {ModelState.READY, ModelState.UNFIT} else "It is not here: there is nothing to check"


def _why_not_remove() -> str:
    entry = models.selected()
    if entry is None:
        return NOTHING_SELECTED
    return "It is not here" if entry.state == ModelState.ABSENT else ""


def _chosen() -> ModelEntry:
    entry = models.selected()
    assert entry is not None  # `poll`
    return entry


def _common() -> dict[str, Any]:
    return {"job_id": uuid.uuid4().hex, "cache_folder": str(folders.user_cache_folder())}


def _start(operator: bpy.types.Operator, job: ModelJob) -> set[str]:
    try:
        jobs.start_model_job(job)
    except UserError as error:
        models.fail(error)
        operator.report({"ERROR"}, f"{error.cause} {error.cure}")
        return {"CANCELLED"}
    return {"FINISHED"}
