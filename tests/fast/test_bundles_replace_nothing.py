"""A stranger's bundle: it replaces no file, brings nothing but media, and is as large as it looks."""

import contextlib
import json
import struct
import zipfile

import pytest

from core.handover.reading import read_edit
from core.protocol import UserError

TIME = {"OTIO_SCHEMA": "RationalTime.1", "rate": 25.0, "value": 9.0}
GAP = {"OTIO_SCHEMA": "Gap.1", "source_range": {"OTIO_SCHEMA": "TimeRange.1", "start_time": TIME, "duration": TIME}}
TRACK = {"OTIO_SCHEMA": "Track.1", "name": "V", "kind": "Video", "children": [GAP]}
TIMELINE = {"OTIO_SCHEMA": "Timeline.1", "name": "T", "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [TRACK]}}
CENTRAL = b"PK\x01\x02"  # how an entry of a zip's directory begins


def bundle(path, members):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("content.otio", json.dumps(TIMELINE))
        for name, content in members:
            made.writestr(name, content)
    return path


def below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_bundle_brings_media_and_nothing_else(tmp_path):
    names = (
        ".bashrc",
        "run.sh",
        "media/.htaccess",
        "media/.git/hooks/x",
        "__MACOSX/media/._a.mov",
        "media2/a.mov",
        "sections.json",
        "media",
    )
    path = bundle(tmp_path / "a.otioz", [("media/a.mov", b"x"), ("media/deeper/b.mov", b"y"), *((name, b"bad") for name in names)])
    read_edit(path, media_folder=tmp_path / "there")
    assert below(tmp_path / "there") == {"media/a.mov": b"x", "media/deeper/b.mov": b"y"}


@pytest.mark.parametrize("there", [b"mine", b"other", b""], ids=["as long", "longer", "empty"])
def test_a_file_that_differs_is_never_replaced(tmp_path, there):
    path = bundle(tmp_path / "a.otioz", [("media/a.mov", b"four"), ("media/b.mov", b"b")])
    (tmp_path / "there" / "media").mkdir(parents=True)
    (tmp_path / "there" / "media" / "a.mov").write_bytes(there)
    with pytest.raises(UserError, match="is there already"):
        read_edit(path, media_folder=tmp_path / "there")
    assert below(tmp_path / "there") == {"media/a.mov": there}


def test_nor_is_a_folder_or_a_link(tmp_path):
    path = bundle(tmp_path / "a.otioz", [("media/a.mov", b"four")])
    (tmp_path / "folder" / "media" / "a.mov").mkdir(parents=True)
    (tmp_path / "link" / "media").mkdir(parents=True)
    (tmp_path / "link" / "media" / "a.mov").symlink_to(tmp_path / "nowhere")
    for name in ("folder", "link"):
        with pytest.raises(UserError, match="is there already"):
            read_edit(path, media_folder=tmp_path / name)
    assert not (tmp_path / "nowhere").exists()


def test_a_bundle_that_was_made_anew_is_unpacked_beside_the_older_one(tmp_path):
    for content in (b"one", b"two", b"one", b"two"):
        read_edit(bundle(tmp_path / "a.otioz", [("media/a.mov", content), ("media/b.mov", b"same")]))
    (tmp_path / "a_media_3").symlink_to(tmp_path / "elsewhere")
    read_edit(bundle(tmp_path / "a.otioz", [("media/a.mov", b"three")]))
    names = {name: content for name, content in below(tmp_path).items() if name.endswith("a.mov")}
    assert names == {"a_media/media/a.mov": b"one", "a_media_2/media/a.mov": b"two", "a_media_4/media/a.mov": b"three"}
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("other", ["media/a.mov", "media/A.MOV", "media/\u0041\u0308.mov"], ids=["same", "by case", "by form"])
def test_two_files_of_one_name_are_refused(tmp_path, other):
    first = "media/\u00c4.mov" if "\u0308" in other else "media/a.mov"
    with pytest.warns(UserWarning, match="Duplicate") if other == first else contextlib.nullcontext():
        path = bundle(tmp_path / "a.otioz", [(first, b"x"), (other, b"y")])
    with pytest.raises(UserError, match="over each other"):
        read_edit(path, media_folder=tmp_path / "there")


def entries(content):
    """Give the places of a zip's directory entries."""
    places = [content.index(CENTRAL)]
    while (place := content.find(CENTRAL, places[-1] + 4)) >= 0:
        places.append(place)
    return places


def test_members_that_share_their_bytes_are_refused(tmp_path):
    path = bundle(tmp_path / "a.otioz", [(f"media/{number}.mov", bytes(1000)) for number in range(5)])
    read_edit(path, media_folder=tmp_path / "fine")
    plain = path.read_bytes()
    _, first, second, *_ = entries(plain)
    same = bytearray(plain)
    same[second + 42 : second + 46] = plain[first + 42 : first + 46]  # where its header lies
    quoting = bytearray(plain)
    struct.pack_into("<II", quoting, first + 20, 1500, 1500)  # its size: the next one's header lies in it
    for content in (same, quoting):
        path.write_bytes(content)
        with pytest.raises(UserError, match="over each other"):
            read_edit(path, media_folder=tmp_path / "there")
    assert not (tmp_path / "there").exists()
