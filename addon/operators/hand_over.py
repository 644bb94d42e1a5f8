"""The edit, out to other editors and back."""

import uuid

import bpy
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ...core.protocol import (
    PROFILES,
    Event,
    ExportOptions,
    MeasureMovies,
    Missing,
    MovieKind,
    MoviesMeasured,
    PathStyle,
    Target,
    UserError,
)
from .. import compat, folders, jobs, scenes, timeline
from ..asking import choose_file, may
from ..importing import insert_edit

ENDINGS = ("_frames.otio", ".otio", ".otioz", ".mlt", ".kdenlive", ".xml", ".fcpxml", ".aaf", ".edl")
"""What an edit's file may be called; the longer of two first."""
READ_ENDINGS = tuple(ending for ending in ENDINGS if ending != ".aaf")
MOST_OPENED = 4
"""So many movies of unknown rate are opened in Blender: a hundredth of a second each."""


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
    from_elsewhere: bpy.props.BoolProperty(
        name="Media from Elsewhere",
        description="Let Collect Media, and .otioz, take along what lies outside of the folders of this .blend and of the file. An imported"
        " timeline can name any file of this computer",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        scene = compat.edited_scene(context)
        return may(cls, jobs.why_busy()) and scene is not None and scene.sequence_editor is not None

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
        scene, part, path = compat.edited_scene(context), timeline.Part[self.part], bpy.path.abspath(self.filepath)
        try:
            options = ExportOptions(
                target=Target[self.target],
                path_style=PathStyle[self.path_style],
                movies=MovieKind[self.movies],
                movie_sound=self.movie_sound,
                collect=self.collect,
                missing=Missing[self.missing],
                inside=folders.of_project(compat.edited_scene(context)),
                from_elsewhere=self.from_elsewhere,
            )
            unknown = timeline.unknown_movies(scene)
            if len(unknown) > MOST_OPENED:
                _export_when_measured(scene, part, path, options, unknown)
            else:
                _export(scene, part, path, options)
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


def _export(scene: bpy.types.Scene, part: timeline.Part, path: str, options: ExportOptions) -> None:
    edit, warnings = timeline.read_edit(scene, part)
    jobs.start_export(edit, path, options, warnings=tuple(warnings))


def _export_when_measured(scene: bpy.types.Scene, part: timeline.Part, path: str, options: ExportOptions, movies: list[str]) -> None:
    """Have the worker open the movies first: here hundreds of them would stop the window."""
    name = scenes.noted_name(scene)

    def take(event: Event) -> None:
        assert isinstance(event, MoviesMeasured)
        timeline.remember(event.movies)
        found = scenes.find(name)
        if found is None or found.sequence_editor is None:
            jobs.show_error(UserError(f"The scene “{name}” is gone.", "Export another one."))
            return
        try:
            _export(found, part, path, options)
        except UserError as error:
            jobs.show_error(error)

    question = MeasureMovies(job_id=uuid.uuid4().hex, paths=tuple(movies))
    jobs.ask(question, take, busy_words="Movies are being looked at")


class CHROMASTRIP_OT_import(bpy.types.Operator, ImportHelper):
    """Put a timeline that came back from another editor into the sequencer, sections with their settings"""

    bl_idname = "chromastrip.import_timeline"
    bl_label = "Import Timeline"
    bl_options = {"REGISTER"}

    filter_glob: bpy.props.StringProperty(default=";".join(f"*{ending}" for ending in READ_ENDINGS), options={"HIDDEN"})
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
        return may(cls, jobs.why_busy()) and compat.edited_scene(context) is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Let the user choose a file."""
        return choose_file(self, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Hand the file to the worker, which reads it."""
        scene = compat.edited_scene(context)
        first_frame = scene.frame_current if self.place == "CURRENT" else scene.frame_start
        try:
            jobs.start_import(bpy.path.abspath(self.filepath), scenes.noted_name(scene), first_frame=first_frame)
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
        scene = scenes.find(read.job.scene_name)
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
