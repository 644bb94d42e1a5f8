"""Every reader of strangers' bytes, with a corpus of the project's own."""

import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import hypothesis
import numpy as np

from core.commands import reading as command_line
from core.frame_folder import read_request
from core.handover.reading import ADAPTERS, read_edit
from core.handover.recognising import write_sections
from core.protocol import (
    Cancel,
    Clip,
    Drawn,
    Edit,
    Event,
    Export,
    FrameSequence,
    Import,
    MediaFile,
    Progress,
    ProtocolError,
    Render,
    RenderRequest,
    Stage,
    Track,
    UserError,
    decode,
    encode,
    film_curves,
    film_notes,
    line_table,
)
from core.sound import features
from core.words import class_table, lyrics
from tests import films, random_timelines

TESTS = Path(__file__).resolve().parents[1]
SONGS = "la\n\nla la\n[Chorus]\noh\n", "[00:01.00]la\n[00:02.50]<00:02.60>la <00:03.00>oh\n", "1\n00:00:01,000 --> 00:00:02,000\nla\n"
HEADER_TABLE = "line,begin,end,class,similarity,also,mood,words,verse,part,sound\n"
TABLE = HEADER_TABLE + "film,,,tabby cat,,,,,,,\n1,0.5,2,tiger,0.5,lion; lynx,0.2,=la,1,A,\n2,2,,goldfish,,,,oh,1,A,\n"


@dataclass(frozen=True, kw_only=True)
class Reader:
    """What reads a kind of file.

    Attributes
    ----------
    name
        What it is called on the command line.
    file
        The name of the file that it is given.
    read
        Reads it; raises one of `refusals` if it is none.
    corpus
        Gives whole ones.
    accepts_nothing
        Whether even those are refused, such as small tensors of no known network.
    """

    name: str
    file: str
    read: Callable[[Path], object]
    corpus: Callable[[], list[bytes]]
    refusals: tuple[type[Exception], ...] = (UserError,)
    accepts_nothing: bool = False


def _ours(*endings: str) -> list[bytes]:
    return [path.read_bytes() for folder in ("golden", "field") for path in sorted((TESTS / folder).rglob("*")) if path.suffix in endings]


def _timelines(ending: str) -> list[bytes]:
    if ending == ".otioz":
        return _bundles()
    made = list(_random_timelines(ending)) if ending in random_timelines.WRITERS else []
    return [*_ours(ending), *made]


def _random_timelines(ending: str) -> Iterator[bytes]:
    found: list[bytes] = []

    @hypothesis.seed(0)
    @hypothesis.settings(max_examples=12, phases=[hypothesis.Phase.generate], database=None, deadline=None)
    @hypothesis.given(random_timelines.trees())
    def write(tracks):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"a{ending}")
            random_timelines.WRITERS[ending](tracks, path)
            found.append(path.read_bytes())

    write()
    return iter(found)


def _bundles() -> list[bytes]:
    made = []
    for text in _timelines(".otio")[:6]:
        for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", packing) as bundle:
                bundle.writestr("content.otio", text)
                bundle.writestr("version.txt", "1.0.0")
                bundle.writestr("media/a.mov", b"\0" * 200)
            made.append(file.getvalue())
    return made


def _request() -> RenderRequest:
    return films.request(Path("/f"), Path("/f/song.wav"))


def _edit() -> Edit:
    frames = FrameSequence(folder="/f", prefix="a_", suffix=".png", first_number=0, digits=6, frame_count=9)
    media = (frames, MediaFile(path="/m/a.mov", frame_count=30))
    clips = tuple(Clip(name="C", media=one, source_start=Fraction(1, 3), frame_count=5, metadata='{"film":"x"}') for one in media)
    return Edit(name="T", fps=Fraction(24_000, 1001), tracks=(Track(name="V", kind="video", items=clips),), width=64, height=64)


def _messages() -> list[bytes]:
    said = (
        Render(job_id="1", request=_request()),
        Export(job_id="2", edit=_edit(), path="/f/a.otio"),
        Import(job_id="3", path="/f/a.otio"),
        Cancel(job_id="1"),
        Progress(job_id="1", stage=Stage.DRAWING, done=1, total=2),
        Drawn(job_id="1", frames=_edit().tracks[0].items[0].media, drawn_count=2, digest="0", warnings=("a",)),
    )
    return [encode(one).encode() for one in said]


def _read_message(path: Path) -> None:
    line = path.read_bytes()
    try:
        decode(line)
    except ProtocolError:
        decode(line, Event)


def _notes_beside() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        write_sections(_edit(), Path(folder))
        sections = [path.read_bytes() for path in Path(folder).glob("*.json")]
    return [*sections, b'["../a.blend", "/b.blend"]']


def _read_note_beside(path: Path) -> None:
    """Read what lies beside a timeline or film, and is found without anybody's choosing it."""
    path.with_name(film_notes.NOTE_FILE).write_bytes(path.read_bytes())
    film_notes.blends_of(path.parent)
    timeline = path.with_name("a.otio")
    timeline.write_bytes((TESTS / "golden" / "resolve.otio").read_bytes())
    read_edit(timeline, media_folder=path.parent)


def _read_film(path: Path) -> None:
    request = read_request(path.parent)
    if request is not None:
        decode(encode(request), RenderRequest)


def _read_curves(path: Path) -> None:
    curves = decode(path.read_bytes(), film_curves.FilmCurves)
    film_curves.unpack(curves.energy, count=50)


def _curves() -> list[bytes]:
    levels = film_curves.pack(bytes(range(50)))
    thing = film_curves.ThingCurve(number=3, levels=levels)
    curves = film_curves.FilmCurves(frame_count=50, frames_in_a_point=1, energy=levels, onset_strength=levels, things=(thing,))
    return [encode(curves).encode()]


def _packed_lines() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.csv")
        path.write_text(TABLE)
        return [line_table.pack(class_table.read_table(path).rows).encode()]


def _unpack_lines(path: Path) -> None:
    line_table.unpack(path.read_text(errors="replace"))


def _checkpoints() -> list[bytes]:
    """Make small ones in both layouts: what is large of a real one are its numbers."""
    import torch

    tensors = {"generator.a.weight": torch.zeros(3, 4), "generator.b.bias": torch.ones(5, dtype=torch.float16)}
    made = []
    for is_zip in (False, True):
        file = io.BytesIO()
        torch.save(tensors, file, _use_new_zipfile_serialization=is_zip)
        made.append(file.getvalue())
    return made


def _read_checkpoint(path: Path) -> None:
    from core.models import checkpoint

    checkpoint.recognised(checkpoint.read_tensors(checkpoint.find_checkpoint(path).weights), path)


def _read_configuration(path: Path) -> None:
    from core.network.architecture import read_architecture

    read_architecture(path.read_bytes(), source=str(path))


def _configurations() -> list[bytes]:
    from dataclasses import asdict

    from core.network.architecture import ARCHITECTURES

    return [json.dumps(asdict(one)).encode() for one in ARCHITECTURES.values()]


def _upscalers() -> list[bytes]:
    import torch
    from safetensors.torch import save

    body = {"conv_first.weight": torch.zeros(4, 3, 3, 3), "conv_first.bias": torch.zeros(4), "body.0.weight": torch.zeros(4, 4, 3, 3)}
    header = json.dumps({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    return [save(body), struct.pack("<Q", len(header)) + header + bytes(8)]


def _read_upscaler(path: Path) -> None:
    from core.upscaling.networks import read_upscaler

    read_upscaler(path)


def _arrays() -> list[bytes]:
    made = []
    for pack in (np.savez, np.savez_compressed):
        file = io.BytesIO()
        heard = films.random_features(20)
        pack(file, sound="d", **{name: getattr(heard, name) for name in features.ARRAYS if getattr(heard, name) is not None})
        made.append(file.getvalue())
    return made


def _read_features(path: Path) -> None:
    features.read_saved(path, digest="d")


def _curve_files() -> list[bytes]:
    file = io.BytesIO()
    np.save(file, np.linspace(0, 1, 50))
    return [file.getvalue()]


LYRICS = (".txt", ".lrc", ".srt", ".vtt", ".ass", ".sbv", ".sub")
READERS = (
    Reader(name="lyrics", file="a.txt", read=lyrics.read, corpus=lambda: [*map(str.encode, SONGS), *_ours(*LYRICS)]),
    *(Reader(name=ending[1:], file=f"a{ending}", read=read_edit, corpus=partial(_timelines, ending)) for ending in ADAPTERS),
    Reader(name="notes-beside", file="sections.json", read=_read_note_beside, corpus=_notes_beside),
    Reader(name="table", file="a.csv", read=class_table.read_table, corpus=lambda: [TABLE.encode(), TABLE.replace(",", ";").encode()]),
    Reader(name="packed-lines", file="a", read=_unpack_lines, corpus=_packed_lines),
    Reader(name="film", file="film.json", read=_read_film, corpus=lambda: [encode(_request()).encode()]),
    Reader(name="curves", file="curves.json", read=_read_curves, corpus=_curves, refusals=(ProtocolError,)),
    Reader(name="message", file="a", read=_read_message, corpus=_messages, refusals=(ProtocolError,)),
    Reader(name="checkpoint", file="pytorch_model.bin", read=_read_checkpoint, corpus=_checkpoints, accepts_nothing=True),
    Reader(name="configuration", file="config.json", read=_read_configuration, corpus=_configurations),
    Reader(name="upscaler", file="a.safetensors", read=_read_upscaler, corpus=_upscalers, accepts_nothing=True),
    Reader(name="features", file="a.npz", read=_read_features, corpus=_arrays),
    Reader(name="curve-file", file="a.npy", read=lambda path: command_line.curve(f"truncation={path}"), corpus=_curve_files),
    Reader(name="beats", file="a.txt", read=lambda path: command_line.beats(str(path)), corpus=lambda: [b"0.5, 1, 3/2\n2.25\n"]),
)
