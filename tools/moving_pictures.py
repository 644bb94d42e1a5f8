"""Makes the moving pictures of README and gallery, and the movie with sound beside the first, of the demo's song.

    .venv/worker/bin/python -m tools.moving_pictures

In: the demo's song and lyrics, the embedded model, all settings as they come. Out: `docs/images/moving/*.webp` and `film.mp4`.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from core.backends import Backends
from core.directing_job import answer
from core.handover.export import export
from core.handover.movie import write_mp4
from core.handover.reading import read_edit
from core.pipeline import render
from core.protocol import Clip, Direct, Edit, FrameSequence, MediaFile, RenderRequest, Section, Settings, Thing, Track, line_table
from core.words.choosing_job import ChooseClasses
from core.words.choosing_job import answer as choose
from tools.environments import ROOT

SONG, LYRICS = ROOT / "tools" / "demo_song.ogg", ROOT / "tools" / "demo_song.lrc"
OUT = ROOT / "docs" / "images" / "moving"
FPS, SECONDS, CUE_SECONDS = 25, 23, 12.0
WIDE = Fraction(16, 9)
UPSCALE = 2  # 448 x 252, for the movie; at 4 it is 5 MB and shows no more
QUALITY = 85  # below, grounds turn into blocks
MOST_BYTES = 3_000_000
LINES = {"boat": (12.2, 13.6), "strawberries": (10.3, 11.8), "volcano": (16.0, 17.6), "goldfish": (14.0, 15.6)}
"""What is sung when, in seconds, in the order in which the edit has it."""
LARGEST, LARGE, SMALL = (640, 360), (456, 256), (320, 180)
MARGIN, LANE, LINE = 8, 22, 18
PAPER, GROUND, INK, FAINT, PLAYHEAD = (24, 24, 24), (44, 46, 52), (225, 228, 233), (150, 156, 166), (255, 236, 200)
COLOURS = ((78, 121, 167), (200, 120, 50), (88, 140, 90), (150, 90, 140), (170, 80, 80), (110, 110, 160), (150, 130, 60), (70, 140, 140))
FONT = ImageFont.load_default(13)

Span = tuple[float, float]
"""Seconds of a film, or frames of a timeline, half-open."""


@dataclass(frozen=True, kw_only=True)
class Film:
    """A drawn film: the request, and its frames' files."""

    request: RenderRequest
    frames: FrameSequence

    @property
    def paths(self) -> list[Path]:
        """The frames' files, in order."""
        return [Path(self.frames.folder) / name for name in self.frames.file_names()]

    def shown(self, number: int, size: tuple[int, int]) -> Image.Image:
        """Give a frame in a size."""
        with Image.open(self.paths[number]) as picture:
            return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


@dataclass(frozen=True, kw_only=True)
class Block:
    """Something that has a name and a place on a lane."""

    words: str
    span: Span
    colour: tuple[int, int, int]


def main() -> int:
    """Make all of them; 1 if one is too large for a page."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        sung = draw(asked(Path(folder), with_lyrics=True))
        save("film", (sung.shown(number, LARGEST) for number in frames_of((10.3, 17.6))))
        write_mp4(
            OUT / "film.mp4",
            sung.paths,
            fps=sung.request.fps,
            sound=SONG,
            source_start_seconds=Fraction(0),
            duration_seconds=Fraction(SECONDS),
        )
        save("sections", sections(sung, Path(folder)))
        save("cue_sheet", cue_sheet(Path(folder)))
        save("hand_over", hand_over(sung, Path(folder)))
    return max(path.stat().st_size for path in OUT.iterdir()) > MOST_BYTES


# The films ------------------------------------------------------------------------------------------------------------------------------


def asked(folder: Path, *, with_lyrics: bool) -> RenderRequest:
    """Ask for the demo's film, by its lyrics or by the cue sheet."""
    settings = Settings(aspect=WIDE)
    if with_lyrics:
        chosen = choose(ChooseClasses(job_id="", cache_folder=str(folder), lyrics_path=str(LYRICS), class_count=settings.class_count))
        classes = tuple(thing.class_id for thing in chosen.things)
        settings = replace(settings, classes=classes, class_count=len(classes), cues=line_table.cues(chosen.rows))
    return RenderRequest(
        name=SONG.stem,
        sound_path=str(SONG),
        source_start_seconds=Fraction(0),
        frame_count=FPS * SECONDS,
        fps=Fraction(FPS),
        settings=settings,
        frames_folder=str(folder / "films"),
        cache_folder=str(folder / "cache"),
        upscale=UPSCALE,
        by_stamps=True,
    )


def draw(request: RenderRequest) -> Film:
    """Draw a film."""
    return Film(request=request, frames=render(request, open_backend=Backends().open).frames)


def frames_of(span: Span) -> range:
    """List the frames between two times."""
    return range(round(span[0] * FPS), round(span[1] * FPS))


# What is shown --------------------------------------------------------------------------------------------------------------------------


def sections(film: Film, folder: Path) -> Iterator[Image.Image]:
    """Show a film beside the same with a section of other settings."""
    shown, section = (11.0, 17.6), (13.75, 15.75)
    first, end = (round(seconds * FPS) for seconds in section)
    wild = replace(film.request.settings, tempo_sensitivity=0.8, hit_zoom=1.0, hit_turn=1.0, truncation=1.0)
    landing = Section(first_frame=first, end_frame=end, settings=wild, landing_seconds=Fraction(1, 2))
    other = draw(replace(film.request, sections=(landing,), frames_folder=str(folder / "other")))
    block = Block(words="other settings", span=section, colour=COLOURS[1])
    for number in frames_of(shown):
        yield stacked(
            (film.shown(number, SMALL), other.shown(number, SMALL)),
            ("as it was", "with a section"),
            [[block]],
            time=number / FPS,
            shown=shown,
        )


def cue_sheet(folder: Path) -> Iterator[Image.Image]:
    """Show a film without lyrics above its cue sheet."""
    film = draw(asked(folder, with_lyrics=False))
    rows = answer(Direct(job_id="", request=film.request), backends=Backends()).rows
    begins = [float(row.start_seconds or 0) for row in rows]
    leads = [row.things[0] for row in rows]
    blocks = [
        Block(words=lead.name, span=span, colour=colour_of(lead, leads))
        for lead, span in zip(leads, pairwise([*begins, float(SECONDS)]), strict=True)
    ]
    for number in frames_of((0, CUE_SECONDS)):
        yield stacked((film.shown(number, LARGE),), ("",), [blocks], time=number / FPS, shown=(0.0, CUE_SECONDS))


def colour_of(lead: Thing, leads: Sequence[Thing]) -> tuple[int, int, int]:
    """Give the same class the same colour."""
    names = list(dict.fromkeys(thing.name for thing in leads))
    return COLOURS[names.index(lead.name) % len(COLOURS)]


def hand_over(film: Film, folder: Path) -> Iterator[Image.Image]:
    """Show an edit above its tracks, as they are read back from one format after the other."""
    edit = cut(film)
    frame_count = sum(item.frame_count for item in edit.tracks[0].items if isinstance(item, Clip))
    endings = (".kdenlive", ".fcpxml", ".xml", ".otio")
    read = [read_edit(export(edit, folder / f"edit{ending}").path).edit for ending in endings]
    for number in range(frame_count):
        part = min(number * len(read) // frame_count, len(read) - 1)
        lanes = [list(blocks_of(track)) for track in read[part].tracks]
        source = shown_at(read[part].tracks[0], number)
        yield stacked(
            (film.shown(source, LARGE),),
            (f"read back from edit{endings[part]}",),
            lanes,
            time=float(number),
            shown=(0.0, float(frame_count)),
        )


def cut(film: Film) -> Edit:
    """Cut some lines of the song together, each with its sound."""
    song = MediaFile(path=str(SONG), frame_count=FPS * SECONDS)
    spans = [(name, frames_of(span)) for name, span in LINES.items()]

    def clips(media: FrameSequence | MediaFile) -> tuple[Clip, ...]:
        return tuple(Clip(name=name, media=media, source_start=Fraction(span.start), frame_count=len(span)) for name, span in spans)

    tracks = (Track(name="Film", kind="video", items=clips(film.frames)), Track(name="Song", kind="audio", items=clips(song)))
    return Edit(name="edit", fps=Fraction(FPS), tracks=tracks)


def placed(track: Track) -> Iterator[tuple[int, Clip]]:
    """Give a track's clips with the frames at which they begin."""
    items = [item for item in track.items if not hasattr(item, "in_frames")]
    begins = accumulate((item.frame_count for item in items), initial=0)
    return ((begin, item) for begin, item in zip(begins, items, strict=False) if isinstance(item, Clip))


def blocks_of(track: Track) -> Iterator[Block]:
    """Draw a track's clips as blocks, named after what their media show there: in Kdenlive names belong to media, not to clips."""
    named = {frames_of(span).start: name for name, span in LINES.items()}
    for number, (begin, clip) in enumerate(placed(track)):
        colour = COLOURS[number % 4 + (0 if track.kind == "video" else 4)]
        yield Block(words=named[round(clip.source_start)], span=(begin, begin + clip.frame_count), colour=colour)


def shown_at(track: Track, frame: int) -> int:
    """Say which of the film's frames a track shows."""
    begin, clip = max((one for one in placed(track) if one[0] <= frame), key=lambda one: one[0])
    return round(clip.source_start) + frame - begin


# Pictures -------------------------------------------------------------------------------------------------------------------------------


def stacked(
    pictures: Sequence[Image.Image], words: Sequence[str], lanes: Sequence[Sequence[Block]], *, time: float, shown: Span
) -> Image.Image:
    """Put pictures beside each other, with words above them, and lanes of blocks with a playhead below."""
    width = sum(picture.width for picture in pictures) + MARGIN * (len(pictures) + 1)
    top = MARGIN + (LINE if any(words) else 0)
    bottom = top + pictures[0].height + MARGIN
    sheet = Image.new("RGB", (width, bottom + len(lanes) * (LANE + 2) + MARGIN), PAPER)
    brush = ImageDraw.Draw(sheet)
    left = MARGIN
    for picture, said in zip(pictures, words, strict=True):
        brush.text((left, MARGIN - 2), said, FAINT, font=FONT)
        sheet.paste(picture, (left, top))
        left += picture.width + MARGIN

    def column(at: float) -> float:
        share = (at - shown[0]) / (shown[1] - shown[0])
        return MARGIN + min(max(share, 0.0), 1.0) * (width - 2 * MARGIN)

    for number, lane in enumerate(lanes):
        paint_lane(sheet, lane, top=bottom + number * (LANE + 2), column=column)
    brush.line((column(time), bottom - 3, column(time), sheet.height - MARGIN + 2), PLAYHEAD, 2)
    return sheet


def paint_lane(sheet: Image.Image, lane: Sequence[Block], *, top: int, column: Callable[[float], float]) -> None:
    """Paint blocks into a lane, and into each as much of its words as fits."""
    brush = ImageDraw.Draw(sheet)
    brush.rectangle((MARGIN, top, sheet.width - MARGIN, top + LANE), GROUND)
    for block in lane:
        left, right = (column(at) for at in block.span)
        if right <= left:  # outside of what is shown
            continue
        brush.rectangle((left + 1, top, max(left + 1, right - 1), top + LANE), block.colour)
        fitting = next(
            (block.words[:end] for end in range(len(block.words), 0, -1) if FONT.getlength(block.words[:end]) < right - left - 8), ""
        )
        brush.text((left + 5, top + 3), fitting, INK, font=FONT)


def save(name: str, pictures: Iterator[Image.Image]) -> None:
    """Write a moving picture that begins again at its end."""
    first, *others = pictures
    path = OUT / f"{name}.webp"
    first.save(path, save_all=True, append_images=others, duration=1000 // FPS, loop=0, quality=QUALITY, method=4)
    print(f"{path.relative_to(ROOT)}: {len(others) + 1} frames, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    sys.exit(main())
