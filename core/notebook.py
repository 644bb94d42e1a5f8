"""A film in a notebook's page: plot, cue sheet, draft, sliders, movie, and what is taken home (`docs/notebooks/chromastrip.ipynb`).

In: a song, and the command line's options as keywords. Out: files in a folder, and what a page shows of them. Needs IPython and
ipywidgets, which notebooks have. Never asks for anything that the command line cannot.
"""

import argparse
import html
import math
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import ipywidgets as widgets
from IPython import get_ipython
from IPython.display import HTML, FileLink, Image, Video, display

from .backends import Backends
from .canvas import clock
from .commands import asking, plot, render
from .commands.telling import JOB_ID
from .directing_job import answer
from .handover import movie
from .handover.export import export
from .network.running import find_way
from .pipeline import render as draw
from .protocol import (
    AUTO,
    PARAMETERS,
    Clip,
    Direct,
    Edit,
    ExportOptions,
    FrameSequence,
    LineThings,
    MediaFile,
    PathStyle,
    Progress,
    RenderRequest,
    Stage,
    Track,
    UserError,
    class_names,
    line_table,
)
from .sound import audio
from .worker import Reporter

DRAFT_STEP = 3
"""A draft shows every third frame: at the film's own times, so that the film need not draw those again."""
SHOWN_WIDTH = 640
"""Pixels of the page that movies fill."""
FINEST_STEP = 0.01
"""All defaults are multiples of it: a page rounds to steps."""
WIDEST_SLIDER = 1000
"""A number with more values than that, as the seed, is written."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """What a film is made from, and where it goes.

    Parameters
    ----------
    song
        A sound file, or a movie with sound.
    options
        The options of the command `render`, with underscores: ``fps=24``, ``classes=["tabby", "grand piano"]``. None or empty:
        left out.
    sections
        What sections have otherwise, as ``--section`` takes it.
    folder
        Where all that is made lies.
    """

    song: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    sections: tuple[tuple[str, ...], ...] = ()
    folder: Path = Path("chromastrip_film")

    def changed(self, **options: Any) -> "Film":
        """Give the same film with other options; None takes one back."""
        return replace(self, options={**self.options, **options})

    def redone(self, begin: float, end: float, **options: Any) -> "Film":
        """Give the same film with other settings between two of its times, in seconds; what is drawn elsewhere stays."""
        changes = (f"{name}={value}" for name, value in options.items())
        return replace(self, sections=(*self.sections, (f"{begin}:{end}", *changes)))

    def request(self) -> RenderRequest:
        """Make the request that the command line would make.

        Raises
        ------
        UserError
            If an option is unknown, or has no such value.
        """
        asked = render.film_request(_read(render, self._words()))
        return replace(asked, frames_folder=str((self.folder / "frames").absolute()))

    def plot(self) -> Image:
        """Draw what the film hears and what it will do, see the command `plot`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        picture = self.folder / "plot.png"
        plot.run(_read(plot, [*self._words(), "--out", str(picture), "--replace"]))
        return Image(filename=str(picture))

    def cue_sheet(self) -> HTML:
        """Tell which class leads when: those of the lyrics' lines while they are sung, those of the cue sheet between them."""
        request = self.request()
        sung = line_table.of_cues(request.settings.cues)
        written = answer(Direct(job_id=JOB_ID, request=request), backends=Backends()).rows
        rows = sorted((*sung, *written), key=lambda row: row.start_seconds or 0)
        return _table(("time", "part", "leads", "guests"), map(_cue_cells, rows))

    def draft(self) -> Video:
        """Draw every third frame, small, and show them with the sound."""
        fps = Fraction(str(self.options.get("fps", 25))) / DRAFT_STEP
        request = Backends().draft_of(self.changed(fps=fps).request())
        return self._movie(request, self._draw(request), "draft.mp4")

    def render(self) -> Video:
        """Draw the film, with a bar that tells how far it is, and show it with the sound."""
        request = self.request()
        return self._movie(request, self._draw(request), "film.mp4")

    def hand_over(self) -> Path:
        """Put movie, frames, sound and timeline (OpenTimelineIO) into one .zip, and give its path."""
        request = self.request()
        frames = self._draw(request)
        folder = self.folder / Path(frames.folder).name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._write_movie(request, frames, folder / "film.mp4")
        export(_edit(request, frames), folder / "film.otio", options=ExportOptions(collect=True, path_style=PathStyle.RELATIVE))
        shutil.make_archive(str(folder), "zip", folder)
        return self.folder / f"{folder.name}.zip"  # pages link to files below them only

    def _words(self) -> list[str]:
        return [str(self.song), *_words_of(self.options), *(word for section in self.sections for word in ("--section", *section))]

    def _draw(self, request: RenderRequest) -> FrameSequence:
        film = draw(request, open_backend=Backends().open, report=Reporter(JOB_ID, _bar(), clock=time.monotonic))
        for warning in film.warnings:
            display(HTML(f"Note: {html.escape(warning)}"))
        return film.frames

    def _movie(self, request: RenderRequest, frames: FrameSequence, name: str) -> Video:
        self._write_movie(request, frames, self.folder / name)
        return Video(filename=str(self.folder / name), embed=True, width=SHOWN_WIDTH)

    def _write_movie(self, request: RenderRequest, frames: FrameSequence, path: Path) -> None:
        movie.write_mp4(
            path,
            [Path(frames.folder) / name for name in frames.file_names()],
            fps=request.fps,
            sound=self.song,
            source_start_seconds=request.source_start_seconds,
            duration_seconds=request.frame_count / request.fps,
        )


class Sliders:
    """Sliders for some of a film's numbers, by their names in `PARAMETERS`; they begin where the film has them."""

    def __init__(self, film: Film, *names: str) -> None:
        settings = film.request().settings
        self._sliders = {name: _slider(name, getattr(settings, name)) for name in names}

    def values(self) -> dict[str, float]:
        """Give what they stand at, as options of a film."""
        return {name: slider.value for name, slider in self._sliders.items()}

    def _ipython_display_(self) -> None:
        display(widgets.VBox([*self._sliders.values()]))


def search(*words: str) -> HTML:
    """Tell which classes have these words in their names or kinds, for the option `classes`."""
    found = (number for word in words for number in class_names.search(word))
    return _table(("number", "name", "kind"), ((number, class_names.name(number), class_names.kinds()[number]) for number in found))


def device() -> str:
    """Name what draws here: the graphics card if there is one, and in which precision."""
    way = find_way(device=AUTO, precision=AUTO, cache_folder=asking.cache_folder())
    return f"{way.model or way.device}, {way.precision}"


def uploader() -> widgets.FileUpload:
    """Give a button that takes a sound file."""
    return widgets.FileUpload(accept="audio/*,video/*", multiple=False, description="Choose a song")


def uploaded(button: widgets.FileUpload, *, otherwise: Path) -> Path:
    """Save what a button has taken beside the notebook, and give its path; `otherwise`, if it has taken nothing."""
    if not button.value:
        return otherwise
    one = next(iter(button.value.values() if isinstance(button.value, dict) else button.value))  # ipywidgets 7, or 8
    path = Path(Path((one.get("metadata") or one)["name"]).name)
    path.write_bytes(one["content"])
    return path


def offer(path: Path) -> None:
    """Let the reader have a file: by a download in Colab, by a link elsewhere."""
    if "google.colab" in sys.modules:
        from google.colab import files

        files.download(str(path))
    else:
        display(FileLink(str(path)))


def tell_errors_plainly() -> None:
    """Have the page show a `UserError`'s cause and cure, in place of where in the program it happened."""
    get_ipython().set_custom_exc((UserError,), _tell)


def _tell(shell: Any, _kind: type[UserError], error: UserError, _trace: Any, **_options: Any) -> list[str]:
    told = [error.cause, f"→ {error.cure}"]
    shell._showtraceback(type(error), error, told)  # noqa: SLF001 (what IPython's own handlers call)
    return told


# From keywords to a request -------------------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Tells wrong usage as an error: a notebook must not be left by `sys.exit`."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"These options cannot be read: {message}.", "`chromastrip render --help` lists them.")


def _read(command: Any, words: Sequence[str]) -> argparse.Namespace:
    """Read words as one of `core.commands` reads them."""
    parser = _Parser(allow_abbrev=False)
    command.add(parser.add_subparsers())
    return parser.parse_args([command.__name__.rpartition(".")[2], *words])


def _words_of(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if value is None or value is False or value in ("", [], ()):  # but 0 is a number
            continue
        yield f"--{name.replace('_', '-')}"
        if value is not True:
            yield from map(str, value if isinstance(value, list | tuple) else (value,))


# What a page shows ----------------------------------------------------------------------------------------------------------------------


def _slider(name: str, value: float) -> widgets.Widget:
    known = PARAMETERS[name]
    look = {"description": known.label, "tooltip": known.help, "style": {"description_width": "10em"}}
    bounds = {"value": value, "min": known.minimum, "max": known.maximum}
    if known.maximum - known.minimum > WIDEST_SLIDER:
        return widgets.BoundedIntText(**bounds, **look)
    shape = {"layout": {"width": "36em"}, "continuous_update": False}
    if isinstance(value, int):
        return widgets.IntSlider(**bounds, **look, **shape)
    return widgets.FloatSlider(step=FINEST_STEP, **bounds, **look, **shape)


def _bar() -> Callable[[Progress], None]:
    """Show a bar, and give what moves it."""
    bar, words = widgets.IntProgress(layout={"width": "24em"}), widgets.Label()
    display(widgets.HBox([bar, words]))

    def show(event: Progress) -> None:
        bar.max, bar.value = max(event.total, 1), event.done
        left = f", {event.seconds_left:.0f} s left" if event.frames_per_second and event.stage == Stage.DRAWING else ""
        words.value = f"{event.stage} {event.done}/{event.total}{left}"

    return show


def _cue_cells(row: LineThings) -> tuple[str, str, str, str]:
    lead, *guests = (thing.name for thing in row.things)
    return clock(float(row.start_seconds or 0), exact=True), row.part or "sung", lead, ", ".join(guests)


def _table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> HTML:
    def line(cells: Sequence[object], tag: str) -> str:
        return "<tr>" + "".join(f'<{tag} style="text-align: left">{html.escape(str(cell))}</{tag}>' for cell in cells) + "</tr>"

    return HTML(f"<table>{line(titles, 'th')}{''.join(line(row, 'td') for row in rows)}</table>")


def _edit(request: RenderRequest, frames: FrameSequence) -> Edit:
    """Lay a film above its sound."""
    sound = Path(request.sound_path)
    sound_frames = math.ceil(Fraction(len(audio.load(sound)), audio.SAMPLE_RATE) * request.fps)
    start = request.source_start_seconds * request.fps
    shown = Clip(name=request.name, media=frames, source_start=Fraction(0), frame_count=request.frame_count)
    heard = Clip(
        name=sound.name,
        media=MediaFile(path=str(sound), frame_count=sound_frames),
        source_start=start,
        frame_count=min(request.frame_count, sound_frames - math.floor(start)),
    )
    tracks = (Track(name="Film", kind="video", items=(shown,)), Track(name="Sound", kind="audio", items=(heard,)))
    return Edit(name=request.name, fps=request.fps, tracks=tracks)
