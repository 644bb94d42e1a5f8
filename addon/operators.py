"""What the buttons do. Thin: read the strips, start a job, report."""

from collections.abc import Sequence

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..core.protocol import PROFILES, ExportOptions, Missing, MovieKind, PathStyle, Target, UserError
from . import compat, jobs, timeline
from .importing import insert_edit
from .properties import NETWORK, made_with, set_made_with, write_settings
from .sections import (
    Piece,
    is_film,
    mark_as_drawn,
    outdated,
    piece_request,
    selected_films,
    settings_digest,
    show_piece,
    shown_strip,
    sound_of,
)
from .strips import Placement, current_strips, insert_film, placement, render_request, source_strip

ENDINGS = ("_frames.otio", ".otio", ".otioz", ".mlt", ".kdenlive", ".xml", ".fcpxml", ".aaf", ".edl")
"""What an edit's file may be called; the longer of two first."""


class CHROMASTRIP_OT_generate(bpy.types.Operator):
    """Draw a film for the selected sound strip, and put it on the timeline above it"""

    bl_idname = "chromastrip.generate"
    bl_label = "Generate"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        if reason := jobs.why_busy():
            cls.poll_message_set(reason)
            return False
        try:
            source_strip(compat.edited_scene(context))
        except UserError as error:
            cls.poll_message_set(f"{error.cause} {error.cure}".rstrip("."))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the film to the worker."""
        scene = compat.edited_scene(context)
        try:
            strip = source_strip(scene)
            jobs.start_render(render_request(scene, strip), placement(scene, strip))
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_insert_strip(bpy.types.Operator):
    """Put the drawn film on the timeline"""

    bl_idname = "chromastrip.insert_strip"
    bl_label = "Insert Film"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when a film waits."""
        return jobs.state.finished is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert it, with the settings that it was drawn with."""
        film = jobs.state.finished
        assert film is not None  # `poll`
        jobs.state.finished = None
        try:
            if isinstance(film.job.placement, Piece):
                show_piece(film.job.placement, film.drawn.frames, film=film.drawn.digest)
            else:
                _insert(context, film, film.job.placement)
        except UserError as error:
            jobs.show_error(error)  # no report: the timer calls this, and nobody would catch what it raises
            return {"CANCELLED"}
        return {"FINISHED"}


def _insert(context: bpy.types.Context, film: jobs.FinishedFilm, where: Placement) -> None:
    settings = insert_film(context, where, film.drawn.frames).chromastrip
    write_settings(settings, film.settings)
    settings.limit_flashes = film.job.request.limit_flashes
    settings.sound_name = where.sound_strip_name
    mark_as_drawn(
        settings,
        film=film.drawn.digest,
        drawn=settings_digest(settings),
        fps=film.job.request.fps,
        first_frame=0,
        end_frame=film.drawn.frames.frame_count,
    )


class CHROMASTRIP_OT_render(bpy.types.Operator):
    """Draw the selected pieces again with the settings that they have now. Other pieces of their films keep their pictures"""

    bl_idname = "chromastrip.render"
    bl_label = "Render"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = jobs.why_busy() or (
            "" if selected_films(compat.edited_scene(context)) else "Select a strip of pictures that were drawn here"
        )
        return _may(cls, reason)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand them to the worker, one after another."""
        scene = compat.edited_scene(context)
        return _render(self, scene, selected_films(scene))


class CHROMASTRIP_OT_render_stale(bpy.types.Operator):
    """Draw all pieces of the scene whose settings were changed since they were drawn, or whose frames are missing"""

    bl_idname = "chromastrip.render_stale"
    bl_label = "Render Stale Strips"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        return _may(cls, jobs.why_busy() or ("" if scene and scene.sequence_editor else "The sequencer is empty"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Find them, and hand them to the worker."""
        scene = compat.edited_scene(context)
        return _render(self, scene, list(outdated(scene)))


def _render(operator: bpy.types.Operator, scene: bpy.types.Scene, strips: Sequence[bpy.types.ImageStrip]) -> set[str]:
    if not strips:
        operator.report({"INFO"}, "All strips are up to date")
        return {"CANCELLED"}
    try:
        jobs.start_pieces([piece_request(scene, strip) for strip in strips])
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}


class CHROMASTRIP_OT_redo(bpy.types.Operator):
    """Give the sound the settings of the selected strip that was drawn from it, and select the sound: to draw another film like it"""

    bl_idname = "chromastrip.redo"
    bl_label = "Redo"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        films = selected_films(scene)
        if len(films) != 1:
            return _may(cls, "Select one strip of pictures that were drawn here")
        return _may(cls, "" if sound_of(scene, films[0]) else f"The sound “{films[0].chromastrip.sound_name}” is not in this scene")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy them."""
        scene = compat.edited_scene(context)
        (film,) = selected_films(scene)
        sound = sound_of(scene, film)
        assert sound is not None  # `poll`
        set_made_with(sound.chromastrip, made_with(film.chromastrip))
        film.select, sound.select = False, True
        scene.sequence_editor.active_strip = sound
        return {"FINISHED"}


_copied: dict[str, object] = {}  # settings, until Blender ends


class CHROMASTRIP_OT_copy_settings(bpy.types.Operator):
    """Copy the settings of the active strip, to paste them onto others"""

    bl_idname = "chromastrip.copy_settings"
    bl_label = "Copy Settings"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return _may(cls, "" if shown_strip(compat.edited_scene(context)) else "Select a sound, or pictures that were drawn here")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remember them."""
        strip = shown_strip(compat.edited_scene(context))
        assert strip is not None  # `poll`
        _copied.clear()
        _copied.update(made_with(strip.chromastrip))
        return {"FINISHED"}


class CHROMASTRIP_OT_paste_settings(bpy.types.Operator):
    """Give all selected strips the copied settings. Pictures keep their model and size: those belong to the whole film"""

    bl_idname = "chromastrip.paste_settings"
    bl_label = "Paste Settings"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = "" if _copied else "No settings have been copied yet"
        return _may(cls, reason or ("" if _targets(context) else "Select sounds, or pictures that were drawn here"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set them."""
        for strip in _targets(context):
            set_made_with(strip.chromastrip, _copied, keep=NETWORK if is_film(strip) else ())
        return {"FINISHED"}


def _targets(context: bpy.types.Context) -> list[bpy.types.Strip]:
    scene = compat.edited_scene(context)
    strips = current_strips(scene.sequence_editor) if scene and scene.sequence_editor else ()
    return [strip for strip in strips if strip.select and (strip.type == "SOUND" or is_film(strip))]


def _may(operator: type[bpy.types.Operator], reason: str) -> bool:
    """Answer a poll: a reason greys the button, and says why."""
    if reason:
        operator.poll_message_set(reason)
    return not reason


class CHROMASTRIP_OT_cancel(bpy.types.Operator):
    """Stop drawing. Finished frames are kept: generating again draws only the rest"""

    bl_idname = "chromastrip.cancel"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return jobs.state.busy and not jobs.state.cancelling

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker to stop."""
        jobs.cancel()
        return {"FINISHED"}


class CHROMASTRIP_OT_export(bpy.types.Operator, ExportHelper):
    """Write the timeline for another editor"""

    bl_idname = "chromastrip.export"
    bl_label = "Export Timeline"
    bl_options = {"REGISTER"}

    filename_ext = ".otio"
    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"})
    target: bpy.props.EnumProperty(
        name="For",
        description="Which program shall open it",
        items=(
            (
                Target.FILE_NAME.name,
                "Any, by File Name",
                "The name ends in .otio, .otioz, .mlt, .kdenlive, .xml, .fcpxml, .aaf or .edl",
            ),
            *((target.name, target.value, profile.help) for target, profile in PROFILES.items()),
        ),
    )
    part: bpy.props.EnumProperty(
        name="Strips",
        description="What of the sequencer is exported",
        items=(
            (timeline.Part.ALL.name, "All", "From the scene's first frame on"),
            (timeline.Part.SELECTED.name, "Selected", "The selected strips, from the first of them on"),
            (timeline.Part.PREVIEW.name, "Preview Range", "What shows in the preview range"),
        ),
    )
    missing: bpy.props.EnumProperty(
        name="Missing Media",
        description="What to do about frames and sound files that are not where they should be; they are named in any case",
        items=tuple((choice.name, choice.value, "") for choice in Missing),
    )
    path_style: bpy.props.EnumProperty(
        name="Paths",
        description="How the file names media, where its format leaves a choice",
        items=tuple((style.name, style.value, "") for style in PathStyle),
    )
    movies: bpy.props.EnumProperty(
        name="Movies",
        description="What numbered pictures are turned into, for programs that read movies only",
        items=tuple((kind.name, kind.value, "") for kind in MovieKind),
    )
    movie_sound: bpy.props.BoolProperty(name="Sound in Movies", description="Put the sound that lies under them into those movies, too")
    collect: bpy.props.BoolProperty(
        name="Collect Media", description="Copy frames, movies and sounds beside the file, so that the folder can be moved or mailed"
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        if reason := jobs.why_busy():
            cls.poll_message_set(reason)
            return False
        scene = compat.edited_scene(context)
        return scene is not None and scene.sequence_editor is not None

    def check(self, _context: bpy.types.Context) -> bool:
        """Let the file's name end as the program wants it."""
        if self.target == Target.FILE_NAME.name:
            return False
        wanted = PROFILES[Target[self.target]].ending
        stem = next((self.filepath.removesuffix(ending) for ending in ENDINGS if self.filepath.endswith(ending)), self.filepath)
        changed = self.filepath != stem + wanted
        self.filepath = stem + wanted
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read the edit off the sequencer and hand it to the worker."""
        try:
            edit, warnings = timeline.read_edit(compat.edited_scene(context), timeline.Part[self.part])
            options = ExportOptions(
                target=Target[self.target],
                path_style=PathStyle[self.path_style],
                movies=MovieKind[self.movies],
                movie_sound=self.movie_sound,
                collect=self.collect,
                missing=Missing[self.missing],
            )
            jobs.start_export(edit, bpy.path.abspath(self.filepath), options, warnings=tuple(warnings))
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_import(bpy.types.Operator, ImportHelper):
    """Put a timeline that came back from another editor into the sequencer, sections with their settings"""

    bl_idname = "chromastrip.import_timeline"
    bl_label = "Import Timeline"
    bl_options = {"REGISTER"}

    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in ENDINGS), options={"HIDDEN"})
    place: bpy.props.EnumProperty(
        name="Begin At",
        description="Where the timeline's first frame goes",
        items=(
            ("SCENE", "Scene's First Frame", "Where the exported timeline began"),
            ("CURRENT", "Current Frame", "Where the playhead stands"),
        ),
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        if reason := jobs.why_busy():
            cls.poll_message_set(reason)
            return False
        return compat.edited_scene(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the file to the worker, which reads it."""
        scene = compat.edited_scene(context)
        first_frame = scene.frame_current if self.place == "CURRENT" else scene.frame_start
        try:
            jobs.start_import(bpy.path.abspath(self.filepath), scene.name, first_frame=first_frame)
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_insert_timeline(bpy.types.Operator):
    """Put the timeline that was read into the sequencer"""

    bl_idname = "chromastrip.insert_timeline"
    bl_label = "Insert Timeline"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when one waits."""
        return jobs.state.read is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Insert it, and tell what could not be as it was."""
        read = jobs.state.read
        assert read is not None  # `poll`
        jobs.state.read = None
        scene = bpy.data.scenes.get(read.job.scene_name)
        if scene is None:
            jobs.show_error(UserError(f"The scene “{read.job.scene_name}” is gone.", "Import the timeline again."))
            return {"CANCELLED"}
        try:
            notes = insert_edit(context, scene, read.imported.edit, first_frame=read.job.first_frame)
        except UserError as error:
            jobs.show_error(error)  # no report: the timer calls this, and nobody would catch what it raises
            return {"CANCELLED"}
        jobs.state.notes = (f"Imported {read.job.path}", *read.imported.notes, *notes)
        return {"FINISHED"}


def draw_add_menu(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    """Draw our entry of the sequencer's Add menu."""
    self.layout.separator()
    self.layout.operator("chromastrip.import_timeline", text="Timeline from Another Editor", icon="IMPORT")


class CHROMASTRIP_OT_copy_error(bpy.types.Operator):
    """Copy the error with all its details, to paste it into a report"""

    bl_idname = "chromastrip.copy_error"
    bl_label = "Copy Error"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it on the clipboard."""
        state = jobs.state
        context.window_manager.clipboard = "\n".join(filter(None, (f"Blender {bpy.app.version_string}", str(state.error), state.details)))
        return {"FINISHED"}


class CHROMASTRIP_OT_use_standard_view(bpy.types.Operator):
    """Show pictures with the colours that they were drawn in: set the scene's view transform to Standard"""

    bl_idname = "chromastrip.use_standard_view"
    bl_label = "Use Standard View"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set it."""
        compat.edited_scene(context).view_settings.view_transform = "Standard"
        return {"FINISHED"}
