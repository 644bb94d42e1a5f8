"""Where the media of a timeline lie that came from elsewhere: as named, or beside the timeline if the folder was moved.

Names come in as files have them: plain, relative, as URIs, or as paths of another system. Files are only looked at, never opened.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from ..protocol import FrameSequence, places
from .noting import Notes
from .numbering import first_number_on_disk

WINDOWS_PATH = re.compile(r"/?[A-Za-z]:[\\/]")
FILE_URI = re.compile(r"file:(?://(?P<host>[^/]*))?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)
DEEPEST = 4
"""So many of a path's last parts are looked for beside the timeline."""


class Finder:
    """Finds media, each once.

    Parameters
    ----------
    folder
        Where the timeline's file lies.
    others
        Folders in which media are looked for, too.
    notes
        Takes what is missing, and what lay elsewhere.
    """

    def __init__(self, folder: Path, others: tuple[Path, ...], notes: Notes) -> None:
        self._folder, self._places, self._notes = folder, (*others, folder), notes
        self._found: dict[str, tuple[str, bool]] = {}
        self._first_numbers: dict[tuple[str, str, str], tuple[str, int]] = {}

    def file(self, url: str, *, noted: bool = True) -> str:
        """Give a file's absolute path, as named if it cannot be found; `noted` says whether that is worth a note."""
        if url not in self._found:
            self._found[url] = self._find(plain_path(url))
        path, there = self._found[url]
        if noted and not there:
            self._notes.add("Media are missing", path)
        return path

    def sequence(self, frames: FrameSequence) -> FrameSequence:
        """Give numbered pictures whose folder, and whose first number if it is below 0, are found."""
        frames = _with_plain_names(frames)
        if frames.first_number < 0:
            key = (frames.folder, frames.prefix, frames.suffix)
            if key not in self._first_numbers:
                folder = self._find(plain_path(frames.folder))[0]
                self._first_numbers[key] = folder, first_number_on_disk(replace(frames, folder=folder))
            folder, first = self._first_numbers[key]
            return self.sequence(replace(frames, folder=folder, first_number=first))
        name = f"{frames.prefix}{frames.first_number:0{frames.digits}d}{frames.suffix}"
        folder = plain_path(frames.folder)
        first = self.file(f"{folder}/{name}")
        return replace(frames, folder=first[: -len(name) - 1] if first.endswith(name) else folder)

    def _find(self, path: str) -> tuple[str, bool]:
        """Give a path, and whether something lies there."""
        if not places.may_ask(path):
            return self._find_local(path)
        foreign = WINDOWS_PATH.match(path) is not None and os.name != "nt"
        own = path if foreign or Path(path).is_absolute() else os.path.abspath(self._folder / path)  # noqa: PTH100 (follows no links)
        if not foreign and places.exists(own):
            return own, True
        return self._find_beside(path) or (own, False)

    def _find_local(self, path: str) -> tuple[str, bool]:
        """Find what is said to lie on another computer, without asking that; if it is not here, name where it could be put."""
        if found := self._find_beside(path):
            return found
        name = re.split(r"[\\/]", path.replace("\0", ""))[-1]
        self._notes.add("Lies on another computer, which was not asked: copy it beside the timeline, and import again", path)
        return str(self._places[0] / (name or "media")), False

    def _find_beside(self, path: str) -> tuple[str, bool] | None:
        for place in self._beside(path):
            if places.exists(place):
                self._notes.add("Media lay elsewhere, and were found beside the timeline", place.name)
                return str(place), True
        return None

    def _beside(self, path: str) -> list[Path]:
        """List where a file would lie if its folder had been moved here; never outside."""
        tails = []
        for one in dict.fromkeys((path, unquote(path))):
            parts = [part for part in re.split(r"[\\/]", one) if part not in ("", ".", "..")]
            tails += ["/".join(parts[-length:]) for length in range(min(DEEPEST, len(parts)), 0, -1)]
        return [place / tail for tail in tails for place in self._places]


def _with_plain_names(frames: FrameSequence) -> FrameSequence:
    """Let the names of pictures be names: a folder in them, which may be another computer's, is a part of their folder."""
    *folders, prefix = re.split(r"([\\/])", frames.prefix)
    folder = f"{frames.folder}/{''.join(folders)}".rstrip("/\\") if folders else frames.folder
    return replace(frames, folder=folder, prefix=prefix, suffix=re.sub(r"[\\/]", "_", frames.suffix))


def plain_path(url: str) -> str:
    """Turn a file URI into a path; leave paths as they are."""
    match = FILE_URI.fullmatch(url)
    if match is None:
        return url
    path = unquote(match["path"])
    if match["host"] not in (None, "", "localhost"):
        return f"//{match['host']}{path}"
    return f"{drive[1]}:{path[3:]}" if (drive := re.match(r"/([A-Za-z])[:|][\\/]", path)) else path  # D| is how URIs began
