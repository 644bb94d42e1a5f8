"""Spans of a film that are drawn alone, perhaps elsewhere: what they may be, and who has drawn some.

The frames come through the cache. Beside them, whoever draws a span notes what film it took it for, and what it drew with: machines that
see another film (another version, other settings) draw for nothing, and those with other kernels round otherwise. The last call tells.
"""

import dataclasses
import hashlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .files import write_whole
from .protocol import ProtocolError, RenderRequest, UserError, decode, encode

PACKAGES = ("torch", "numpy")


@dataclass(frozen=True, kw_only=True)
class SpanNote:
    """Who drew a span.

    Parameters
    ----------
    first_frame, end_frame
        Half-open.
    film
        Digest of the whole film as that machine saw it.
    host, kernels
        The machine's name, and what its pictures' rounding depends on beside their keys.
    """

    first_frame: int
    end_frame: int
    film: str
    host: str
    kernels: str


def check_span(span: range, request: RenderRequest) -> None:
    """Refuse a span that is not within the film.

    Raises
    ------
    UserError
        Names what is wrong.
    """
    if not 0 <= span.start < span.stop <= request.frame_count:
        raise UserError(
            f"Frames {span.start}:{span.stop} are no span of a film that has the frames 0:{request.frame_count}.",
            "Give the first frame and the one behind the last, as 1000:2000.",
        )


def note_span(request: RenderRequest, span: range, *, film: str) -> None:
    """Write down that this machine draws a span of a film with that digest."""
    note = SpanNote(first_frame=span.start, end_frame=span.stop, film=film, host=platform.node(), kernels=kernels())
    content = encode(note).encode()
    write_whole(_folder(request) / f"{span.start}-{span.stop}-{hashlib.blake2b(content, digest_size=6).hexdigest()}.json", content)


def strange_spans(request: RenderRequest, *, film: str) -> Iterator[str]:
    """Tell of spans that were drawn for another film, or with other kernels than this machine's."""
    for note in _read(_folder(request)):
        span = f"Frames {note.first_frame}:{note.end_frame} were drawn on “{note.host}”"
        if note.film != film:
            yield f"{span} for another film than this one, and not used: another version, model, precision or card, or other settings."
        elif note.kernels != kernels():
            yield f"{span} by {note.kernels}; this machine has {kernels()}. Such pictures may differ by a level here and there."


def kernels() -> str:
    """Name what a processor's sums depend on: packages, and which instructions it has."""
    return f"{packages()}, {_processor()}"


def packages() -> str:
    """Name the packages that calculate, with their versions."""
    return ", ".join(f"{name} {_version(name)}" for name in PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:  # not Linux
        found = None
    return found[1] if found else f"{platform.machine()} {platform.processor()}"


def _read(folder: Path) -> Iterator[SpanNote]:
    for file in sorted(folder.glob("*.json")):
        try:
            yield decode(file.read_bytes(), SpanNote)
        except (OSError, ProtocolError):  # a damaged one, or a newer version's
            continue


def _folder(request: RenderRequest) -> Path:
    """Give the folder of a film's notes, named by what all versions and machines see alike: what was asked for, without paths."""
    asked = (request.name, request.source_start_seconds, request.frame_count, request.fps, _changed(request.settings))
    sections = [(section.first_frame, section.end_frame, _changed(section.settings)) for section in request.sections]
    digest = hashlib.blake2b(repr((asked, sections)).encode(), digest_size=12).hexdigest()
    return Path(request.cache_folder) / "spans" / digest


def _changed(settings: object) -> list[tuple[str, str]]:
    """Give the settings that are not their defaults: a version that has one more names the others as before."""
    fields = [(field, getattr(settings, field.name)) for field in dataclasses.fields(settings)]  # ty: ignore[invalid-argument-type]
    return [(field.name, repr(value)) for field, value in fields if value != field.default]
