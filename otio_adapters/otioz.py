"""OpenTimelineIO adapter for bundles (``.otioz``) with everything inside, both ways: movies, sound, and numbered pictures too.

OpenTimelineIO's own writer leaves numbered pictures out, and asks for file names that are unique; here every file gets a name of its own.
OpenTimelineIO's own reader reads and extracts what this writes, and this reads what its writer does. OpenTimelineIO loads this file alone,
by its path. Needs nothing but opentimelineio.
"""

import re
import unicodedata
import zipfile
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import opentimelineio as otio

VERSION = "1.0.0"
CONTENT, VERSION_FILE, MEDIA = "content.otio", "version.txt", "media/"
PINNED_SCHEMAS = {"Clip": 2, "Marker": 2}
DIGITS = 6
NAME_LENGTH = 40
LARGEST_BYTES = 100_000_000


def write_to_file(input_otio: otio.schema.Timeline, filepath: str, *, frames: bool = True) -> bool:
    """Write a bundle.

    Parameters
    ----------
    input_otio
        Its references are plain paths or file URIs; it is left as it is.
    filepath
        The file to write.
    frames
        Whether numbered pictures go in too, where there is a movie of them.

    Returns
    -------
    bool
        True.

    Raises
    ------
    OSError
        If media are missing, or the file cannot be written.
    """
    timeline = input_otio.deepcopy()
    packing = _Packing()
    for clip in timeline.find_clips():
        references = clip.media_references()
        if not frames and len(references) > 1:
            references = {key: one for key, one in references.items() if key == clip.active_media_reference_key}
        for reference in references.values():
            packing.take(reference, clip.name)
        clip.set_media_references(references, clip.active_media_reference_key)
    text = otio.adapters.write_to_string(timeline, "otio_json", target_schema_versions=PINNED_SCHEMAS)
    with zipfile.ZipFile(filepath, "w", allowZip64=True) as bundle:
        bundle.writestr(VERSION_FILE, VERSION, zipfile.ZIP_DEFLATED)
        bundle.writestr(CONTENT, text, zipfile.ZIP_DEFLATED)
        for name, source in packing.files.items():
            bundle.write(source, name, zipfile.ZIP_STORED)  # movies and pictures are packed already
    return True


def read_from_file(filepath: str) -> otio.schema.Timeline:
    """Read a bundle's timeline; its media stay packed (`core.handover.bundles` unpacks them safely).

    Returns
    -------
    otio.schema.Timeline
        With the media's names within the bundle.

    Raises
    ------
    ValueError
        If the bundle holds no timeline, or one that is too large.
    """
    with zipfile.ZipFile(filepath) as bundle:
        if CONTENT not in bundle.namelist():
            raise ValueError(f"{filepath} holds no {CONTENT}")
        with bundle.open(CONTENT) as file:
            text = file.read(LARGEST_BYTES + 1)
    if len(text) > LARGEST_BYTES:
        raise ValueError(f"the timeline in {filepath} has more than {LARGEST_BYTES / 1e6:.0f} MB")
    return otio.adapters.read_from_string(text.decode(), "otio_json")


class _Packing:
    """What goes into a bundle: each medium once, under a name of its own."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}
        self._names: dict[str, str] = {}

    def take(self, reference: otio.core.MediaReference, clip_name: str) -> None:
        """Take a reference's files, and let it name them as they lie in the bundle."""
        if isinstance(reference, otio.schema.ImageSequenceReference):
            self._take_sequence(reference, clip_name)
        elif isinstance(reference, otio.schema.ExternalReference):
            source = Path(_plain_path(reference.target_url))
            name = f"{MEDIA}{self._name(str(source), source.stem)}{source.suffix}"
            self.files[name] = source
            reference.target_url = name

    def _take_sequence(self, reference: otio.schema.ImageSequenceReference, clip_name: str) -> None:
        folder = Path(_plain_path(reference.target_url_base))
        prefix = self._name(f"{folder}/{reference.name_prefix}", clip_name)
        for index in range(reference.number_of_images_in_sequence()):
            number = f"{reference.start_frame + index * reference.frame_step:0{reference.frame_zero_padding}d}"
            name = f"{MEDIA}{prefix}_{index:0{DIGITS}d}{reference.name_suffix}"
            self.files[name] = folder / f"{reference.name_prefix}{number}{reference.name_suffix}"
        reference.target_url_base, reference.name_prefix = MEDIA, f"{prefix}_"
        reference.start_frame, reference.frame_step, reference.frame_zero_padding = 0, 1, DIGITS

    def _name(self, source: str, wish: str) -> str:
        """Give one medium's name: safe letters, and a number that keeps it apart from the others."""
        plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode()
        safe = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:NAME_LENGTH] or "clip"
        return self._names.setdefault(source, f"{safe}_{len(self._names) + 1:03d}")


def _plain_path(url: str) -> str:
    return url2pathname(unquote(urlsplit(url).path)) if url.startswith("file://") else url
