"""What survives in each format: edits go out, are read back, and are compared; the table in docs/handover.md is what came of it.

``python -m tools.handover_table`` writes it there; with ``--check`` it ends with 1 if the table says something else.
"""

import dataclasses
import sys
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.handover.export import export
from core.handover.reading import read_edit
from core.pictures import encode_png
from core.protocol import (
    Clip,
    Colour,
    Crossfade,
    Edit,
    ExportOptions,
    FrameSequence,
    Gap,
    Marker,
    MediaFile,
    Missing,
    Still,
    Text,
    Track,
    UserError,
    VolumePoint,
    volume_at,
)
from core.sync_card import draw_card

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "handover.md"
BEGIN, END = "<!-- made by tools/handover_table.py -->", "<!-- end of what it made -->"
ENDINGS = (".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl")
SAME, TOLD, SILENT = "same", "told", "quietly"
MOVIE, SOUND = MediaFile(path="/m/cam.mov", frame_count=200), MediaFile(path="/m/song.wav", frame_count=200)
COUNT = 16
VOLUMES = ((0, 0.0), (10, 1.0), (20, 0.5))
NTSC = Fraction(30_000, 1001)


def main(arguments: Sequence[str]) -> int:
    """Write the table, or compare it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"{before}{BEGIN}\n\n{table()}\n{END}{after}"
    if "--check" in arguments:
        return int(made != text)
    DOCUMENT.write_text(made, encoding="utf-8")
    return 0


def table() -> str:
    """Try every row in every format, and give the table in Markdown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [[row, *(_outcome(folder, ending, edit, shown) for ending in ENDINGS)] for row, edit, shown in _rows(folder)]
    head = [["", *(f"`{ending}`" for ending in ENDINGS)], ["---"] * (len(ENDINGS) + 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [*head, *rows])


def _outcome(folder: Path, ending: str, edit: Edit, shown: Callable[[Edit], Any]) -> str:
    path = folder / f"film{ending}"
    warnings = [
        told for told in export(edit, path, options=ExportOptions(missing=Missing.GO_ON)).warnings if not told.startswith("Missing")
    ]
    try:
        back = read_edit(path)
    except UserError:  # nothing is left that the format could say
        return TOLD if warnings else SILENT
    notes = [note for note in back.notes if not note.startswith("Media are missing")]
    return SAME if shown(back.edit) == shown(edit) else TOLD if warnings or notes else SILENT


# What is tried --------------------------------------------------------------------------------------------------------------------------


def _rows(folder: Path) -> list[tuple[str, Edit, Callable[[Edit], Any]]]:
    """Give each row's name, its edit, and what of an edit it is about."""
    frames = _frames(folder / "film_0123456789ab")
    movie, sound = _clip(MOVIE, start=12), _clip(SOUND, start=12)
    pieces = [_clip(frames, 5, start=5 * n, name=f"Piece {n}", metadata=f'{{"film":"0123456789ab","seed":{n}}}') for n in range(3)]
    even, uneven = (Crossfade(in_frames=before, out_frames=4) for before in (4, 2))
    changing = tuple(VolumePoint(frame=frame, volume=volume) for frame, volume in VOLUMES)
    marker = Marker(name="Hit", start=5, comment="loud", frame_count=4, colour="RED")
    still = Still(path="/m/still.png")
    return [
        ("cuts, trims, gaps", _edit(_video(Gap(frame_count=7), movie, Gap(frame_count=3), movie)), _places),
        ("29.97 frames a second", _edit(_video(movie), fps=NTSC), lambda edit: edit.fps),
        ("picture's size", _edit(_video(movie)), _size),
        ("picture's size at 29.97", _edit(_video(movie), fps=NTSC), _size),
        ("cross-fades", _edit(_video(movie, even, _clip(MOVIE, start=60))), _places),
        ("uneven cross-fades", _edit(_video(movie, uneven, _clip(MOVIE, start=60))), _places),
        ("cross-fades of sound", _edit(_audio(sound, even, _clip(SOUND, start=60))), _places),
        ("two tracks of pictures", _edit(_video(movie), _video(movie)), _places),
        ("three tracks of sound", _edit(_video(movie), *[_audio(sound)] * 3), _places),
        ("a movie and its own sound", _edit(_video(movie), _audio(_clip(MOVIE, start=12))), _places),
        ("sound between two frames", _edit(_audio(_clip(SOUND, start=Fraction(25, 2)))), _places),
        ("volume", _edit(_audio(dataclasses.replace(sound, volume=0.5))), _loudness),
        ("volume that changes", _edit(_audio(dataclasses.replace(sound, volume=0.7, volume_points=changing))), _loudness),
        ("speeds of movies and sounds", _edit(_video(_retimed(MOVIE, 12)), _audio(_retimed(SOUND, 12))), _places),
        ("speed of numbered pictures", _edit(_video(_retimed(frames, 2, 6))), _places),
        ("speed, begun between two retimed frames", _edit(_video(_retimed(MOVIE, 13))), _places),
        ("numbered pictures", _edit(_video(_clip(frames, 10, start=2))), _media),
        ("stills", _edit(_video(_clip(still, 10))), _media),
        ("colours", _edit(_video(_clip(Colour(red=1, green=0, blue=0), 10))), _media),
        ("words", _edit(_video(_clip(Text(words="Ünï #1"), 10))), _media),
        ("muted clips", _edit(_video(dataclasses.replace(movie, enabled=False))), _places),
        ("clips' names", _edit(_video(dataclasses.replace(movie, name="Ünï & <one>"), _clip(SOUND, name="Two"))), _names),
        ("tracks' names", _edit(_video(movie)), lambda edit: [track.name for track in edit.tracks]),
        ("markers: places, names", _edit(_video(movie), markers=(Marker(name="Hit", start=5),)), _marks("start", "name")),
        ("markers: comments", _edit(_video(movie), markers=(marker,)), _marks("name", "comment")),
        ("markers: colours", _edit(_video(movie), markers=(marker,)), _marks("colour")),
        ("markers: lengths", _edit(_video(movie), markers=(marker,)), _marks("frame_count")),
        ("settings of a section", _edit(_video(pieces[0])), _settings),
        ("settings of pieces of one film", _edit(_video(*pieces)), _settings),
    ]


def _frames(folder: Path) -> FrameSequence:
    folder.mkdir()
    for frame in range(COUNT):
        (folder / f"a_{frame:04d}.png").write_bytes(encode_png(draw_card(frame=frame, size=64)))
    return FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=COUNT)


def _clip(medium: Any, frame_count: int = 30, *, start: Fraction | int = 0, name: str = "Clip", **more: Any) -> Clip:
    return Clip(name=name, media=medium, source_start=Fraction(start), frame_count=frame_count, **more)


def _retimed(medium: Any, start: int, frame_count: int = 30) -> Clip:
    return _clip(medium, frame_count, start=start, speed=Fraction(2))


def _video(*items: Clip | Gap | Crossfade) -> Track:
    return Track(name="Track", kind="video", items=items)


def _audio(*items: Clip | Gap | Crossfade) -> Track:
    return Track(name="Track", kind="audio", items=items)


def _edit(*tracks: Track, fps: Fraction = Fraction(25), markers: tuple[Marker, ...] = ()) -> Edit:
    return Edit(name="Edit", fps=fps, tracks=tracks, markers=markers, width=512, height=288)


# What is compared -----------------------------------------------------------------------------------------------------------------------


def _clips(edit: Edit) -> list[Clip]:
    return [item for track in edit.tracks for item in track.items if isinstance(item, Clip)]


def _places(edit: Edit) -> Any:
    """Say where everything is, in which order the tracks, and how fast it goes."""
    return [(track.kind, [_place(item) for item in track.items]) for track in edit.tracks]


def _place(item: Clip | Gap | Crossfade) -> Any:
    if isinstance(item, Clip):
        return item.source_start, item.frame_count, item.speed, item.enabled
    return item


def _size(edit: Edit) -> tuple[int, int]:
    return edit.width, edit.height


def _loudness(edit: Edit) -> Any:
    """Say how loud each clip is at its beginning, its end, and between, within a twentieth."""
    return [[round(20 * _volume(clip, frame)) for frame in (0, 5, 10, 15, 20, 29)] for clip in _clips(edit)]


def _volume(clip: Clip, frame: int) -> float:
    return volume_at(clip.volume_points, frame) if clip.volume_points else clip.volume


def _media(edit: Edit) -> Any:
    """Say what is shown, but for the names of movies that an export adds."""
    return [dataclasses.replace(one, movie="") if isinstance(one, FrameSequence) else one for one in (clip.media for clip in _clips(edit))]


def _names(edit: Edit) -> list[str]:
    return [clip.name for clip in _clips(edit)]


def _settings(edit: Edit) -> list[str]:
    return [clip.metadata for clip in _clips(edit)]


def _marks(*fields: str) -> Callable[[Edit], Any]:
    return lambda edit: [[getattr(marker, field) for field in fields] for marker in edit.markers]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
