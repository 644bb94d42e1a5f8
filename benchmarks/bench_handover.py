"""How long does it take to hand over a timeline of two hours and 2 000 clips, and to read it back?

Without movies to encode: cards on three tracks, cross-fades, gaps, two tracks of sound, 1 000 markers, settings on every clip.
Written is everything that says where frames lie; read back is the same edit, its media looked for, its sections recognised.
"""

import json
import tempfile
from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path

from benchmarks.measure import Figure, interleave, seconds, write_results
from core.handover.export import export
from core.handover.reading import read_edit
from core.pictures import encode_png
from core.protocol import Clip, Crossfade, Edit, FrameSequence, Gap, Marker, MediaFile, Settings, Track, encode
from core.sync_card import draw_card

REPEATS = 5
FPS = Fraction(24)
LENGTH = int(2 * 3600 * FPS)
FILMS, FRAMES = 100, 500
PICTURE_CLIPS, SOUND_CLIPS, MARKERS = 1500, 500, 1000
PICTURE_TRACKS, SOUND_TRACKS = 3, 2
GROUP = 4
FADE = Crossfade(in_frames=6, out_frames=6)
BAR_SECONDS = 5
ENDINGS = {".otio": True, ".kdenlive": True, ".mlt": True, ".xml": False, ".fcpxml": False, ".edl": False, ".aaf": False}
NOT_READ = {".aaf"}
"""Whether numbered pictures can be told; where they cannot, the same clips show movies that are there already."""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames, movies = timeline(folder, numbered=True), timeline(folder, numbered=False)
        contenders: dict[str, Callable[[], float]] = {}
        for ending, numbered in ENDINGS.items():
            edit, path = frames if numbered else movies, folder / "out" / f"film{ending}"
            check(edit, path)
            contenders[f"{ending} written"] = lambda edit=edit, path=path: seconds(lambda: export(edit, path))
            if ending in NOT_READ:
                continue
            contenders[f"{ending} read back"] = lambda path=path: seconds(lambda: read_edit(path))
        measured = interleave(contenders, repeats=REPEATS)
        sizes = ", ".join(f"{ending} {(folder / 'out' / f'film{ending}').stat().st_size / 1e6:.1f} MB" for ending in ENDINGS)
    write_results(
        "handover",
        question=__doc__,
        figures=[_figure(name, values) for name, values in measured.items()],
        remarks=f"{PICTURE_CLIPS} clips of {FILMS} films of {FRAMES} frames, {SOUND_CLIPS} of sound; every frame is looked for. {sizes}.",
    )


def _figure(name: str, values: list[float]) -> Figure:
    kept = sorted(values)[len(values) // 2] < BAR_SECONDS
    return Figure(name=name, unit="s", values=values, bar=f"under {BAR_SECONDS} s", kept=kept)


def check(edit: Edit, path: Path) -> None:
    """Make sure that what is measured is the whole work: every clip that the format can say comes back, with its settings."""
    export(edit, path)
    if path.suffix in NOT_READ:
        return
    read = read_edit(path).edit
    tracks = edit.tracks if path.suffix != ".edl" else (edit.tracks[0], *edit.tracks[PICTURE_TRACKS:])
    there, back = (sum(isinstance(item, Clip) for track in one for item in track.items) for one in (tracks, read.tracks))
    assert there == back, (path.suffix, there, back)
    if path.suffix != ".edl":  # movies that we did not make carry no settings there
        assert sum(bool(item.metadata) for track in read.tracks for item in track.items if isinstance(item, Clip)) >= PICTURE_CLIPS


def timeline(folder: Path, *, numbered: bool) -> Edit:
    """Make the timeline, and its frames if they are not there."""
    films = [_film(folder, number, numbered=numbered) for number in range(FILMS)]
    song = folder / "song.wav"
    song.touch()
    numbers = count()
    per_track, spacing = PICTURE_CLIPS // PICTURE_TRACKS, LENGTH * PICTURE_TRACKS // PICTURE_CLIPS
    settings = json.dumps(json.loads(encode(Settings(seed=7))) | {"film": "0123456789ab", "schema": 1}, sort_keys=True)
    tracks = [
        Track(name=f"V{one}", kind="video", items=_pictures(films, per_track, spacing, numbers, settings)) for one in range(PICTURE_TRACKS)
    ]
    sound = MediaFile(path=str(song), frame_count=LENGTH)
    each = LENGTH * SOUND_TRACKS // SOUND_CLIPS
    tracks += [
        Track(
            name=f"A{one}",
            kind="audio",
            items=tuple(
                Clip(name=f"Song {n}", media=sound, source_start=Fraction(n * each), frame_count=each)
                for n in range(SOUND_CLIPS // SOUND_TRACKS)
            ),
        )
        for one in range(SOUND_TRACKS)
    ]
    markers = tuple(Marker(name=f"Beat {n}", start=n * LENGTH // MARKERS) for n in range(MARKERS))
    return Edit(name="Two hours", fps=FPS, tracks=tuple(tracks), markers=markers, width=128, height=128)


def _pictures(
    films: list[FrameSequence | MediaFile], clips: int, spacing: int, numbers: "count[int]", settings: str
) -> tuple[Clip | Gap | Crossfade, ...]:
    """Put clips in a row in groups of four: two that fade into each other, a gap, two with a hard cut."""
    items: list[Clip | Gap | Crossfade] = []
    for index in range(clips):
        number = next(numbers)
        length = spacing - (spacing // 5 if index % GROUP == GROUP - 1 else 0)
        start = Fraction(20 + number % 100)
        items.append(Clip(name=f"Film {number}", media=films[number % FILMS], source_start=start, frame_count=length, metadata=settings))
        if index % GROUP == 0 and index + 1 < clips:
            items.append(FADE)
        elif index % GROUP == GROUP - 1:
            items.append(Gap(frame_count=spacing // 5))
    return tuple(items)


def _film(folder: Path, number: int, *, numbered: bool) -> FrameSequence | MediaFile:
    place = folder / f"film_{number:03d}"
    if not numbered:
        place.with_suffix(".mov").touch()
        return MediaFile(path=str(place.with_suffix(".mov")), frame_count=FRAMES)
    place.mkdir()
    card = encode_png(draw_card(frame=0, section=number % 16, size=64))
    first = folder / "card.png"
    first.write_bytes(card)
    for frame in range(FRAMES):
        (place / f"f{number:03d}_{frame:06d}.png").hardlink_to(first)
    return FrameSequence(folder=str(place), prefix=f"f{number:03d}_", suffix=".png", first_number=0, digits=6, frame_count=FRAMES)


if __name__ == "__main__":
    main()
