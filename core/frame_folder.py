"""A film's own folder of numbered frames, each one the same file as its picture in the cache.

While a film is drawn, its request lies there as ``unfinished.json``: nobody takes a half film for a whole one. At the end it is
``film.json``.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from .cache import holds
from .files import link_or_copy, write_whole
from .keys import film_digest
from .protocol import FILM_FILE, UNFINISHED_FILE, FrameSequence, ProtocolError, RenderRequest, UserError, decode, encode, places
from .protocol.film_curves import CURVES_FILE, FilmCurves

FRAME_DIGITS = 6


class FrameFolder:
    """The folder of one film, named after its digest: other settings never overwrite a film that a strip may still show.

    Parameters
    ----------
    request
        Written beside the frames.
    keys
        The frames' cache keys.
    finish
        What becomes of the pictures, see `film_digest`.
    """

    def __init__(self, request: RenderRequest, *, keys: Sequence[str], finish: Sequence[Sequence[str]] = ()) -> None:
        suffix = request.picture_format.suffix
        self.digest = film_digest(keys, suffix=suffix, finish=finish)
        stem = f"{_safe_name(request.name)}_{self.digest}"
        self.path = Path(request.frames_folder) / stem
        self._request, self._keys = request, keys
        self.sequence = FrameSequence(
            folder=str(self.path), prefix=f"{stem}_", suffix=suffix, first_number=0, digits=FRAME_DIGITS, frame_count=len(keys)
        )

    def begin(self) -> None:
        """Make the folder, and note that its film is not finished."""
        self._check_no_link()
        write_whole(self.path / UNFINISHED_FILE, encode(self._request).encode())

    def fill(self, pictures: Mapping[str, Path]) -> None:
        """Show each key's picture in every frame that it belongs to. The film is finished then."""
        self._check_no_link()
        if not (self.path / FILM_FILE).is_file():
            self.begin()
        for key, file in zip(self._keys, self.sequence.file_names(), strict=True):
            link_or_copy(pictures[key], self.path / file)
        self._check_frames(pictures)
        write_whole(self.path / FILM_FILE, encode(self._request).encode())
        (self.path / UNFINISHED_FILE).unlink(missing_ok=True)

    def _check_frames(self, pictures: Mapping[str, Path]) -> None:
        """Look at the frames before they are called a film: a disk may damage a picture while others are drawn."""
        files = dict(zip(self._keys, self.sequence.file_names(), strict=True))
        damaged = [pictures[key].name for key, file in files.items() if not holds(self.path / file, pictures[key])]
        if damaged:
            raise UserError(
                f"{len(damaged)} pictures of the cache were damaged while the film was drawn, such as {damaged[0]}.",
                "Start again: the others are kept. If it happens again, check the disk, or choose a folder on another one.",
            )

    def _check_no_link(self) -> None:
        """Write nothing through a link: a stranger's project may hold one in the place of a film's folder."""
        if self.path.is_symlink():
            raise UserError(f"{self.path} is a link, in the place of a film's folder.", "Delete or rename that link.")

    def note_curves(self, curves: FilmCurves) -> None:
        """Write down what is drawn under the film's strip."""
        write_whole(self.path / CURVES_FILE, encode(curves).encode())


def is_unfinished(folder: Path) -> bool:
    """Say whether a folder holds a film of ours of which some frames show their neighbours' pictures."""
    return (folder / UNFINISHED_FILE).is_file()


def read_request(folder: Path) -> RenderRequest | None:
    """Read what the film in a folder is drawn from; None: it is none of ours."""
    for name in (UNFINISHED_FILE, FILM_FILE):
        try:
            return decode(places.read_small(folder / name), RenderRequest)
        except (OSError, ProtocolError):
            continue
    return None


def _safe_name(name: str) -> str:
    """Keep letters and digits only: some editors cannot read ``# ? %`` or blanks in the paths of image sequences."""
    return re.sub(r"\W+", "-", name).strip("-_")[:40] or "film"
