"""OpenTimelineIO adapter for bundles (``.otioz``) with everything inside, both ways: movies, sound, and numbered pictures too.

OpenTimelineIO's own writer leaves numbered pictures out, and asks for file names that are unique; here every file gets a name of its own.
OpenTimelineIO's own reader reads and extracts what this writes, and this reads what its writer does. Where both are installed this one
writes and reads ``.otioz``, so it takes the other's arguments and does the same for them. OpenTimelineIO loads this file alone, by its
path. Needs nothing but opentimelineio.
"""

import re
import unicodedata
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import opentimelineio as otio
from opentimelineio.adapters.file_bundle_utils import MediaReferencePolicy, NotAFileOnDisk

VERSION = "1.0.0"
CONTENT, VERSION_FILE, MEDIA = "content.otio", "version.txt", "media/"
PINNED_SCHEMAS = {"Clip": 2, "Marker": 2}
DIGITS = 6
NAME_LENGTH = 40
LARGEST_BYTES = 100_000_000


def write_to_file(
    input_otio: otio.schema.Timeline,
    filepath: str,
    media_policy: str = MediaReferencePolicy.ErrorIfNotFile,
    dryrun: bool = False,  # noqa: FBT001, FBT002 (as OpenTimelineIO's own)
    *,
    frames: bool = True,
) -> int | None:
    """Write a bundle.

    Parameters
    ----------
    input_otio
        Its references are plain paths or file URIs; it is left as it is.
    filepath
        The file to write; it must not be there.
    media_policy
        One of OpenTimelineIO's `MediaReferencePolicy`: refuse what is no file that is there, let it be a missing reference, or let all be.
    dryrun
        Whether to write nothing, and to give the size of the files.
    frames
        Whether numbered pictures go in too, where there is a movie of them.

    Returns
    -------
    int or None
        With `dryrun` the size of all files, in bytes.

    Raises
    ------
    opentimelineio.exceptions.OTIOError
        If the file is there already, or media are missing.
    OSError
        If the file cannot be written.
    """
    if Path(filepath).exists():
        raise otio.exceptions.OTIOError(f"'{filepath}' exists, will not overwrite.")
    timeline, packing = _packed(input_otio, media_policy, frames=frames)
    if dryrun:
        return sum(source.stat().st_size for source in packing.files.values())
    text = otio.adapters.write_to_string(timeline, "otio_json", target_schema_versions=PINNED_SCHEMAS)
    with zipfile.ZipFile(filepath, "w", allowZip64=True) as bundle:
        bundle.writestr(VERSION_FILE, VERSION, zipfile.ZIP_DEFLATED)
        bundle.writestr(CONTENT, text, zipfile.ZIP_DEFLATED)
        for name, source in packing.files.items():
            bundle.write(source, name, zipfile.ZIP_STORED)  # movies and pictures are packed already
    return None


def _packed(given: otio.schema.Timeline, policy: str, *, frames: bool) -> tuple[otio.schema.Timeline, "_Packing"]:
    """Give a copy whose media are named as they will lie in the bundle, and the files."""
    timeline, packing = given.deepcopy(), _Packing()
    for clip in timeline.find_clips():
        references = clip.media_references()
        if not frames and len(references) > 1:
            references = {key: one for key, one in references.items() if key == clip.active_media_reference_key}
        for key, reference in references.items():
            all_missing = policy == MediaReferencePolicy.AllMissing
            if fault := f"{policy} specified as the MediaReferencePolicy" if all_missing else packing.fault(reference):
                if policy == MediaReferencePolicy.ErrorIfNotFile:
                    raise NotAFileOnDisk(f"“{clip.name}”: {fault}")
                references[key] = _missing(reference, fault)
            else:
                packing.take(reference, clip.name)
        clip.set_media_references(references, clip.active_media_reference_key)
    return timeline, packing


def _missing(reference: otio.core.MediaReference, reason: str) -> otio.schema.MissingReference:
    """Stand in for media that are not in the bundle, with what OpenTimelineIO's own writer notes of them."""
    noted = {"missing_reference_because": reason, **dict(reference.metadata)}
    if isinstance(reference, otio.schema.ExternalReference):
        noted["original_target_url"] = reference.target_url
    return otio.schema.MissingReference(name=reference.name, available_range=reference.available_range, metadata=noted)


def read_from_file(filepath: str, extract_to_directory: str | None = None) -> otio.schema.Timeline:
    """Read a bundle's timeline; its media stay packed (`core.handover.bundles` unpacks strangers' safely).

    Parameters
    ----------
    filepath
        The bundle.
    extract_to_directory
        A folder that is there, into which all of it is unpacked, as OpenTimelineIO's own adapter does it.

    Returns
    -------
    otio.schema.Timeline
        With the media's names within the bundle.

    Raises
    ------
    ValueError
        If the bundle holds no timeline, or one that is too large.
    opentimelineio.exceptions.OTIOError
        If it is no bundle, the folder is not there, or holds media already.
    """
    if extract_to_directory:
        return otio.adapters.from_name("otioz").module().read_from_file(filepath, extract_to_directory=extract_to_directory)
    if not zipfile.is_zipfile(filepath):
        raise otio.exceptions.OTIOError(f"Not a zipfile: {filepath}")
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

    def fault(self, reference: otio.core.MediaReference) -> str:
        """Say why a reference's files cannot be taken; nothing if they can, or if it names none."""
        if isinstance(reference, otio.schema.ImageSequenceReference):
            wanted = _numbered(reference)
        elif isinstance(reference, otio.schema.ExternalReference):
            wanted = iter((Path(_plain_path(reference.target_url)),))
        else:
            return ""
        gone = next((path for path in wanted if not path.is_file()), None)
        return "" if gone is None else f"{gone} is no file that is there"

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
        for index, path in enumerate(_numbered(reference)):
            self.files[f"{MEDIA}{prefix}_{index:0{DIGITS}d}{reference.name_suffix}"] = path
        reference.target_url_base, reference.name_prefix = MEDIA, f"{prefix}_"
        reference.start_frame, reference.frame_step, reference.frame_zero_padding = 0, 1, DIGITS

    def _name(self, source: str, wish: str) -> str:
        """Give one medium's name: safe letters, and a number that keeps it apart from the others."""
        plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode()
        safe = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:NAME_LENGTH] or "clip"
        return self._names.setdefault(source, f"{safe}_{len(self._names) + 1:03d}")


def _numbered(reference: otio.schema.ImageSequenceReference) -> Iterator[Path]:
    folder = Path(_plain_path(reference.target_url_base))
    for index in range(reference.number_of_images_in_sequence()):
        number = f"{reference.start_frame + index * reference.frame_step:0{reference.frame_zero_padding}d}"
        yield folder / f"{reference.name_prefix}{number}{reference.name_suffix}"


def _plain_path(url: str) -> str:
    return url2pathname(unquote(urlsplit(url).path)) if url.startswith("file://") else url
