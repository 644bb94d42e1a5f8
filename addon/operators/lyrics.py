"""The table of lyrics and things: finding things for lines, choosing others, setting times."""

import uuid
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import bpy

from ...core.protocol import ChooseClasses, ClassesChosen, Event, LineThings, Strategy, UserError, line_table
from .. import compat, folders, jobs, lyrics, scenes, things
from ..asking import choose_file, may, why_not_online
from ..lines import counted
from ..properties import StripSettings
from ..sections import film_request, frame_number, is_film, shown_frames, shown_strip, sound_place
from ..strips import heard_span, portable, scene_fps, source_start_seconds
from .things import NO_STRIP, exchange, offered_things, redraw

LYRICS_FILES = "*.txt;*.lrc;*.srt;*.vtt;*.ass;*.ssa;*.sbv;*.sub;*.ttml;*.csv;*.tsv"


class CHROMASTRIP_OT_find_words(bpy.types.Operator):
    """Find a thing for each line of the lyrics, and things for where nothing is sung. What you have pinned stays"""

    bl_idname = "chromastrip.find_words"
    bl_label = "Find Things"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context) or jobs.why_busy() or _why_no_lyrics(_settings(context)))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker."""
        return _try_to_ask(self, context, download=False)


class CHROMASTRIP_OT_choose_lyrics(bpy.types.Operator):
    """Choose a file with the song's words: a text, .lrc, .srt, .vtt or another subtitle file. It is read at once"""

    bl_idname = "chromastrip.choose_lyrics"
    bl_label = "Choose Lyrics"
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_text: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    filter_glob: bpy.props.StringProperty(default=LYRICS_FILES, options={"HIDDEN"})
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Look beside the last one, else beside the sound."""
        strip = _strip(context)
        return choose_file(self, context, near=strip.chromastrip.lyrics_path or sound_place(compat.edited_scene(context), strip))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Name it, from the .blend's place where that can be done."""
        settings = _settings(context)
        settings.lyrics_source, settings.lyrics_path = "FILE", portable(bpy.path.abspath(self.filepath))
        return {"FINISHED"}


class CHROMASTRIP_OT_read_lyrics(bpy.types.Operator):
    """Find things for lyrics that were just chosen"""

    bl_idname = "chromastrip.read_lyrics"
    bl_label = "Read Lyrics"
    bl_options = {"INTERNAL"}

    scene_name: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})
    strip_name: bpy.props.StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when the engine is free."""
        return not jobs.why_busy()

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Ask the worker, if the strip is still there and names lyrics."""
        scene, strip = scenes.find(self.scene_name), scenes.find_strip(self.scene_name, self.strip_name)
        if scene is None or strip is None or _why_no_lyrics(strip.chromastrip):
            return {"CANCELLED"}
        try:
            _ask(scene, strip, download=False)
        except UserError as error:
            jobs.show_error(error)  # no report: a timer calls this, and nobody would catch what it raises
            return {"CANCELLED"}
        return {"FINISHED"}


class CHROMASTRIP_OT_download_sentence_model(bpy.types.Operator):
    """Download the sentence model that reads lyrics (90 MB), then find the things"""

    bl_idname = "chromastrip.download_sentence_model"
    bl_label = "Download Sentence Model"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = _why_no_strip(context) or jobs.why_busy() or why_not_online()
        return may(cls, reason or _why_no_lyrics(_settings(context)))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Ask the worker, which may go online this once."""
        return _try_to_ask(self, context, download=True)


class CHROMASTRIP_OT_take_words(bpy.types.Operator):
    """Put the found things into the strip's table"""

    bl_idname = "chromastrip.take_words"
    bl_label = "Find Things"
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only when some were found."""
        return bool(_found)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Fill the table and the list."""
        told = _found.pop()
        strip = scenes.find_strip(told.scene_name, told.strip_name)
        if strip is None:
            jobs.show_error(UserError(f"The strip “{told.strip_name}” is gone.", "Select a sound, and find the things again."))
            return {"CANCELLED"}
        settings = strip.chromastrip
        excluded = things.excluded_classes(settings.excluded)
        table = lyrics.merged(told.chosen.rows, lyrics.rows(settings.words), excluded=excluded)
        settings.words, settings.line = line_table.pack(table), 0
        exchange(settings, [thing.name for thing in told.chosen.things], count=len(told.chosen.things))
        jobs.state.notes = (*told.chosen.warnings, *_about_times(table))
        return {"FINISHED"}


class CHROMASTRIP_OT_paste_lyrics(bpy.types.Operator):
    """Make a text of what you have copied elsewhere, one line of the song on each line, and take the lyrics from it"""

    bl_idname = "chromastrip.paste_lyrics"
    bl_label = "Paste Lyrics"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_strip(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the text."""
        pasted = context.window_manager.clipboard
        if not pasted.strip():
            self.report({"WARNING"}, "There is no text on the clipboard")
            return {"CANCELLED"}
        text = bpy.data.texts.new("Lyrics")
        text.write(pasted)
        settings = _settings(context)
        settings.lyrics_source, settings.lyrics_text = "TEXT", text.name
        return {"FINISHED"}


class CHROMASTRIP_OT_clear_words(bpy.types.Operator):
    """Empty the table: the film's own things show throughout"""

    bl_idname = "chromastrip.clear_words"
    bl_label = "Clear Lyrics"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Empty it."""
        settings = _settings(context)
        settings.words, settings.line = "", 0
        return {"FINISHED"}


class CHROMASTRIP_OT_remove_line(bpy.types.Operator):
    """Take the selected line out of the table: what showed before it goes on until its own end"""

    bl_idname = "chromastrip.remove_line"
    bl_label = "Remove Line"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        settings = _settings(context)
        table, index = lyrics.rows(settings.words), settings.line
        settings.words = line_table.pack((*table[:index], *table[index + 1 :]))
        settings.line = max(0, min(index, len(table) - 2))
        return {"FINISHED"}


class CHROMASTRIP_OT_choose_line_thing(bpy.types.Operator):
    """Search the names and kinds of 1000 things, and choose what this line shows"""

    bl_idname = "chromastrip.choose_line_thing"
    bl_label = "Choose Thing"
    bl_description = (
        "Search the names and kinds of 1000 things, and choose what this line shows; of a cue sheet, what its part shows in place of this"
        " one, wherever the part comes. It stays when things are found again"
    )
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "thing"

    list: bpy.props.StringProperty(default="classes", options={"HIDDEN", "SKIP_SAVE"})  # which `offered_things` asks for
    thing: bpy.props.EnumProperty(name="Thing", description="What the line shows", items=offered_things)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Search."""
        context.window_manager.invoke_search_popup(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Choose it."""
        settings = _settings(context)
        table = lyrics.rows(settings.words)
        if table[settings.line].part:
            settings.words = line_table.pack(lyrics.exchanged_in_part(table, settings.line, int(self.thing)))
        else:
            lyrics.change(settings, settings.line, lambda row: lyrics.with_exchanged_thing(row, int(self.thing)))
        redraw(context)
        return {"FINISHED"}


class CHROMASTRIP_OT_use_line_thing(bpy.types.Operator):
    """Let the line show this thing first. The others come and go with the harmony"""

    bl_idname = "chromastrip.use_line_thing"
    bl_label = "Use Thing"
    bl_options = {"REGISTER", "UNDO"}

    class_id: bpy.props.IntProperty(name="Class", description="Number of the thing", min=0, max=999, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Put it first."""
        settings = _settings(context)
        lyrics.change(settings, settings.line, lambda row: lyrics.with_thing(row, self.class_id))
        return {"FINISHED"}


class CHROMASTRIP_OT_pin_line(bpy.types.Operator):
    """Keep this line's thing when things are found again, or let it go"""

    bl_idname = "chromastrip.pin_line"
    bl_label = "Pin Line"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Turn the pin over."""
        settings = _settings(context)
        lyrics.change(settings, settings.line, lambda row: replace(row, is_pinned=not row.is_pinned))
        return {"FINISHED"}


class CHROMASTRIP_OT_time_line(bpy.types.Operator):
    """Let the selected line begin at the playhead, and select the next one: press it in time while the song plays"""

    bl_idname = "chromastrip.time_line"
    bl_label = "Set to Playhead"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_line(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set its time."""
        scene = compat.edited_scene(context)
        try:
            seconds = sound_seconds(scene, _strip(context), scene.frame_current)
        except UserError as error:
            return jobs.refuse(self, error)
        settings = _settings(context)
        lyrics.change(settings, settings.line, lambda row: lyrics.starting(row, seconds))
        settings.line = min(settings.line + 1, len(settings.lines) - 1)
        return {"FINISHED"}


class CHROMASTRIP_OT_untime_line(bpy.types.Operator):
    """Take the selected line's time away: it shows nothing until it has one again"""

    bl_idname = "chromastrip.untime_line"
    bl_label = "Clear Time"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_time(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Clear it."""
        settings = _settings(context)
        lyrics.change(settings, settings.line, lambda row: lyrics.starting(row, None))
        return {"FINISHED"}


class CHROMASTRIP_OT_go_to_line(bpy.types.Operator):
    """Put the playhead where the selected line begins"""

    bl_idname = "chromastrip.go_to_line"
    bl_label = "Go to Line"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        return may(cls, _why_no_time(context))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go there."""
        scene = compat.edited_scene(context)
        row = lyrics.selected(_settings(context))
        assert row is not None  # `poll`
        assert row.start_seconds is not None
        try:
            scene.frame_current = frame_of(scene, _strip(context), row.start_seconds)
        except UserError as error:
            return jobs.refuse(self, error)
        return {"FINISHED"}


class CHROMASTRIP_OT_spread_lines(bpy.types.Operator):
    """Give the lines without times some: evenly between those that have times, and along the strip"""

    bl_idname = "chromastrip.spread_lines"
    bl_label = "Spread Lines"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Say why not, if not."""
        reason = _why_no_line(context)
        return may(cls, reason or ("" if _has_untimed(_settings(context)) else "All lines have times"))

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Spread them."""
        scene, strip, settings = compat.edited_scene(context), _strip(context), _settings(context)
        try:
            first, after = (compat.left_handle(strip), compat.right_handle(strip)) if is_film(strip) else heard_span(scene, strip)
            begin, end = sound_seconds(scene, strip, first), sound_seconds(scene, strip, after - 1)
        except UserError as error:
            return jobs.refuse(self, error)
        settings.words = line_table.pack(lyrics.spread(lyrics.rows(settings.words), begin, end))
        return {"FINISHED"}


CLASSES = (
    CHROMASTRIP_OT_find_words,
    CHROMASTRIP_OT_choose_lyrics,
    CHROMASTRIP_OT_read_lyrics,
    CHROMASTRIP_OT_download_sentence_model,
    CHROMASTRIP_OT_take_words,
    CHROMASTRIP_OT_paste_lyrics,
    CHROMASTRIP_OT_clear_words,
    CHROMASTRIP_OT_remove_line,
    CHROMASTRIP_OT_choose_line_thing,
    CHROMASTRIP_OT_use_line_thing,
    CHROMASTRIP_OT_pin_line,
    CHROMASTRIP_OT_time_line,
    CHROMASTRIP_OT_untime_line,
    CHROMASTRIP_OT_go_to_line,
    CHROMASTRIP_OT_spread_lines,
)


# Asking ---------------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Found:
    """Things for lyrics that wait to be put into a table, and the strip that they are for."""

    scene_name: str
    strip_name: str
    chosen: ClassesChosen


_found: list[Found] = []


def _try_to_ask(operator: bpy.types.Operator, context: bpy.types.Context, *, download: bool) -> set[str]:
    try:
        _ask(compat.edited_scene(context), _strip(context), download=download)
    except UserError as error:
        return jobs.refuse(operator, error)
    return {"FINISHED"}


def _ask(scene: bpy.types.Scene, strip: bpy.types.Strip, *, download: bool) -> None:
    settings = strip.chromastrip
    question = ChooseClasses(
        job_id=uuid.uuid4().hex,
        cache_folder=str(folders.user_cache_folder()),
        lyrics_path=_lyrics_path(settings),
        words=_lyrics_words(settings),
        strategy=Strategy(settings.lyrics_strategy),
        class_count=max(len(settings.things), settings.class_count),
        seed=settings.seed,
        blocklist=tuple(things.names(settings.excluded)),
        with_mood=True,
        download=download,
    )
    jobs.ask(question, partial(_take, scenes.noted_name(scene), strip.name), busy_words="Things are being found for lyrics")


def _take(scene_name: str, strip_name: str, event: Event) -> None:
    assert isinstance(event, ClassesChosen)
    _found[:] = [Found(scene_name=scene_name, strip_name=strip_name, chosen=event)]
    bpy.ops.chromastrip.take_words("EXEC_DEFAULT", True)


def _lyrics_path(settings: StripSettings) -> str:
    return str(Path(bpy.path.abspath(settings.lyrics_path)).absolute()) if settings.lyrics_source == "FILE" else ""


def _lyrics_words(settings: StripSettings) -> str:
    """Give the text's words.

    Raises
    ------
    UserError
        If it holds none.
    """
    if settings.lyrics_source == "FILE":
        return ""
    words = bpy.data.texts[settings.lyrics_text].as_string()
    if not words.strip():
        raise UserError(
            f"The text “{settings.lyrics_text}” is empty.", "Write the song's words into it, one line of the song on each line."
        )
    return words


def _about_times(table: tuple[LineThings, ...]) -> tuple[str, ...]:
    untimed = sum(row.start_seconds is None for row in table)
    if not untimed:
        return ()
    told = f"{untimed} of {counted(len(table), 'line')} {'has' if untimed == 1 else 'have'} no time"
    return (f"{told}: set them to the playhead, or spread them along the strip.",)


# Time -----------------------------------------------------------------------------------------------------------------------------------


def sound_seconds(scene: bpy.types.Scene, strip: bpy.types.Strip, frame: int) -> Fraction:
    """Say what time in the sound's own a frame of the timeline shows; a film's strip shows its first or last picture beyond its ends.

    Raises
    ------
    UserError
        If it lies before the sound's beginning, or it is not known what the film was drawn from.
    """
    if is_film(strip):
        film = film_request(scene, strip)
        inside = min(max(frame, compat.left_handle(strip)), compat.right_handle(strip) - 1)
        seconds = film.source_start_seconds + frame_number(strip.strip_elem_from_frame(inside).filename) / film.fps
    else:
        seconds = source_start_seconds(scene, strip) + (frame - compat.left_handle(strip)) / scene_fps(scene)
    if seconds < 0:
        raise UserError(f"On frame {frame}, the sound has not begun yet.", "Move the playhead into the sound.")
    return seconds


def frame_of(scene: bpy.types.Scene, strip: bpy.types.Strip, seconds: Fraction) -> int:
    """Give the frame of the timeline that is nearest to a time in the sound's own.

    Raises
    ------
    UserError
        If it is not known what the film was drawn from.
    """
    left = compat.left_handle(strip)
    if is_film(strip):
        film = film_request(scene, strip)
        return left + round((seconds - film.source_start_seconds) * film.fps) - shown_frames(strip)[0]
    return left + round((seconds - source_start_seconds(scene, strip)) * scene_fps(scene))


# Why not --------------------------------------------------------------------------------------------------------------------------------


def _strip(context: bpy.types.Context) -> bpy.types.Strip:
    strip = shown_strip(compat.edited_scene(context))
    assert strip is not None  # `poll`
    return strip


def _settings(context: bpy.types.Context) -> StripSettings:
    return _strip(context).chromastrip


def _why_no_strip(context: bpy.types.Context) -> str:
    return "" if shown_strip(compat.edited_scene(context)) is not None else NO_STRIP


def _why_no_lyrics(settings: StripSettings) -> str:
    if settings.lyrics_source == "FILE":
        return "" if settings.lyrics_path else "Choose a lyrics file first"
    return "" if settings.lyrics_text in bpy.data.texts else "Choose a text first, or paste lyrics"


def _why_no_line(context: bpy.types.Context) -> str:
    reason = _why_no_strip(context)
    return reason or ("" if lyrics.selected(_settings(context)) is not None else "No line is selected")


def _why_no_time(context: bpy.types.Context) -> str:
    reason = _why_no_line(context)
    row = None if reason else lyrics.selected(_settings(context))
    return reason or ("" if row is not None and row.start_seconds is not None else "This line has no time yet")


def _has_untimed(settings: StripSettings) -> bool:
    return any(row.start_seconds is None for row in lyrics.rows(settings.words))
