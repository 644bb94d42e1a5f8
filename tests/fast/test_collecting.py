"""What leaves with a timeline: media alone, and from outside of the project only what the user agreed to."""

import zipfile
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from core.handover.collecting import is_media
from core.handover.export import export
from core.handover.reading import read_edit
from core.pictures import encode_png
from core.protocol import Clip, Edit, ExportOptions, FrameSequence, MediaFile, Missing, Still, Track, UserError
from core.sync_card import draw_card
from tests import sounds

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----\n"
PRIVATE = {
    "id_rsa": KEY.encode(),
    "id_rsa.txt": KEY.encode(),
    "key.mov": KEY.encode(),
    "key.png": KEY.encode(),
    "key.wav": KEY.encode(),
    "key.nfo": KEY.encode(),
    "letter.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nsecret\n",
    "bits.xbm": b"#define a_width 8\n#define a_height 8\nstatic char a_bits[] = { 0x00 };\n",
    "list.m3u8": b"#EXTM3U\n#EXTINF:1,\nsong.wav\n",
    "list.ffconcat": b"ffconcat version 1.0\nfile song.wav\n",
    "subtitles.srt": b"1\n00:00:00,000 --> 00:00:01,000\nsecret\n",
    "words.lrc": b"[00:01.00]secret\n",
    "passwords.csv": b"site,password\nbank,1234\n",
    "wallet.dat": bytes(range(256)) * 64,
    "settings.json": b'{"token": "secret"}',
    "login.sqlite": b"SQLite format 3\0" + bytes(4096),
    "empty.mov": b"",
    "film.blend": b"BLENDER-v500RENDH" + bytes(1000),
    "archive.zip": b"PK\x03\x04" + bytes(100),
}


def write_movie(path):
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "frames").mkdir(parents=True)
    for number in range(3):
        (folder / "frames" / f"a_{number:04d}.png").write_bytes(encode_png(draw_card(frame=number, section=1, size=64)))
    sounds.write(folder / "song.wav", sounds.melody(seconds=1), 22_050)
    return folder


def frames(folder, **more):
    return FrameSequence(
        **{"folder": str(folder), "prefix": "a_", "suffix": ".png", "first_number": 0, "digits": 4, "frame_count": 3} | more
    )


def edit_of(*media):
    clips = [Clip(name=f"C{place}", media=one, source_start=Fraction(0), frame_count=3) for place, one in enumerate(media)]
    return Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=tuple(clips)),), width=64, height=64)


def everything_below(folder):
    found = b""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        found += path.read_bytes()
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as bundle:
                found += b"".join(map(bundle.read, bundle.namelist()))
    return found


TAKEN_ALONG = [("film.otioz", {}), ("film.otio", {"collect": True}), ("film.mlt", {"collect": True}), ("film.edl", {"collect": True})]


@pytest.mark.parametrize(("name", "options"), TAKEN_ALONG)
def test_a_file_that_is_no_media_does_not_leave(tmp_path, project, name, options):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "id_rsa").write_text(KEY)
    timeline = "TITLE: t\n\n001  AX V     C        00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n"
    (project / "a.edl").write_text(f"{timeline}* FROM CLIP NAME: A\n* SOURCE FILE: {tmp_path}/home/id_rsa\n")
    edit = read_edit(project / "a.edl").edit
    for missing in Missing:
        with pytest.raises(UserError, match="no sounds, pictures or movies"):
            export(edit, project / name, options=ExportOptions(from_elsewhere=True, missing=missing, **options))
    assert KEY.encode() not in everything_below(project)


@pytest.mark.parametrize("name", PRIVATE)
def test_what_is_no_media_is_told_by_its_content(tmp_path, name):
    (tmp_path / name).write_bytes(PRIVATE[name])
    assert not is_media(tmp_path / name)


def test_media_are_told_by_their_content(tmp_path, project):
    pictures = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    for suffix in ("png", "jpg", "tif", "bmp", "webp", "tga", "gif", "jp2"):
        Image.fromarray(pictures).save(tmp_path / f"a.{suffix}")
    for suffix in ("mov", "mp4", "mkv", "avi"):
        write_movie(tmp_path / f"a.{suffix}")
    for suffix in ("flac", "ogg", "aiff"):
        sounds.write(tmp_path / f"a.{suffix}", sounds.melody(seconds=1), 22_050)
    (tmp_path / "without an ending").write_bytes((tmp_path / "a.png").read_bytes())
    assert [path.name for path in [*tmp_path.glob("a.*"), tmp_path / "without an ending", project / "song.wav"] if not is_media(path)] == []


def test_among_numbered_pictures_nothing_else_leaves(project):
    (project / "frames" / "a_0002.png").write_text(KEY)
    with pytest.raises(UserError, match=r"a_0002\.png"):
        export(edit_of(frames(project / "frames")), project / "film.otioz")
    with pytest.raises(UserError, match=r"a_0002\.png"):
        export(edit_of(frames(project / "frames")), project / "film.otio", options=ExportOptions(collect=True))


def test_a_movie_that_goes_along_with_its_pictures_is_held_to_the_same_rule(tmp_path, project):
    (tmp_path / "key.mov").write_text(KEY)
    edit = edit_of(frames(project / "frames", movie=str(tmp_path / "key.mov")))
    with pytest.raises(UserError, match="no sounds, pictures or movies"):
        export(edit, project / "film.otioz", options=ExportOptions(from_elsewhere=True))
    write_movie(tmp_path / "key.mov")
    with pytest.raises(UserError, match="outside of the project"):
        export(edit, project / "film.otioz", options=ExportOptions(inside=(str(project),)))


def test_pictures_that_are_copied_for_their_names_alone_are_held_to_the_same_rule(project):
    (project / "50%").mkdir()
    (project / "50%" / "a.png").write_text(KEY)
    with pytest.raises(UserError, match="no sounds, pictures or movies"):
        export(edit_of(Still(path=str(project / "50%" / "a.png"))), project / "film.mlt")


@pytest.mark.parametrize(("name", "options"), TAKEN_ALONG)
def test_media_from_outside_the_project_are_listed_and_asked_for(tmp_path, project, name, options):
    far = tmp_path / "elsewhere"
    (project / "frames").rename(far)
    edit = edit_of(frames(far), MediaFile(path=str(project / "song.wav"), frame_count=25))
    inside = (str(project),)
    with pytest.raises(UserError, match="outside of the project") as refused:
        export(edit, tmp_path / "out" / name, options=ExportOptions(inside=inside, **options))
    assert str(far) in refused.value.cause
    assert "song.wav" not in refused.value.cause
    assert not list((tmp_path / "out").iterdir())
    export(edit, tmp_path / "out" / name, options=ExportOptions(inside=inside, from_elsewhere=True, **options))
    export(edit, tmp_path / "out" / name, options=ExportOptions(inside=(*inside, str(far)), **options))


def test_a_link_in_the_project_leads_out_of_it(tmp_path, project):
    (project / "frames").rename(tmp_path / "elsewhere")
    (project / "frames").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="outside of the project"):
        export(edit_of(frames(project / "frames")), project / "film.otioz", options=ExportOptions(inside=(str(project),)))


def test_media_that_stay_where_they_are_need_no_question(tmp_path, project):
    (project / "frames").rename(tmp_path / "elsewhere")
    export(edit_of(frames(tmp_path / "elsewhere")), project / "film.otio", options=ExportOptions(inside=(str(project),)))
