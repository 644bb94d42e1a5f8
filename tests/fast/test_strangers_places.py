"""What a stranger's file names decides neither where is written nor which other computer is asked: only what the user chose does."""

import json
import os
import sys
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from core.backends import Backends
from core.frame_folder import FrameFolder, read_request
from core.handover import export as exporting
from core.handover.drawing_again import draw_missing
from core.handover.finding import plain_path
from core.handover.reading import ADAPTERS, read_edit
from core.keeping import film_use
from core.pipeline import render
from core.protocol import (
    Clip,
    Edit,
    FrameSequence,
    Keeper,
    Machine,
    MediaFile,
    Mix,
    Stem,
    Still,
    Track,
    Use,
    UserError,
    encode,
    places,
)
from core.sound.mixing import ensure_sound
from tests import films, sounds

SHARES = {
    "two slashes": "//evil/share",
    "two backslashes": r"\\evil\share",
    "mixed": r"\/evil/share",
    "long path": r"\\?\UNC\evil\share",
    "device": "//./UNC/evil/share",
    "automounted": "/net/evil/share",
    "by a detour": "/tmp/../net/evil/share",
    "of a Mac": "/Network/Servers/evil/share",
}
URIS = {"host in the URI": "file://evil/share", "four slashes": "file:////evil/share", "escaped": "file://evil/%73hare"}
HERE = "/placeholder"


# Looking --------------------------------------------------------------------------------------------------------------------------------


class Asked:
    """All places that the process looks at, whatever with."""

    def __init__(self):
        self.places = []
        self.is_on = False
        sys.addaudithook(self._hear)  # stays for the process's life

    def _hear(self, event, arguments):
        if self.is_on and event in ("open", "os.listdir", "os.scandir", "subprocess.Popen", "shutil.copyfile"):
            self.note(arguments[0])

    def note(self, place):
        if isinstance(place, str | os.PathLike):
            self.places.append(os.fspath(place))

    def of_others(self):
        return [place for place in self.places if places.host_of(place) or "evil" in place.partition("share")[0].rpartition("/")[2]]


HOOK = Asked()


@pytest.fixture
def asked(monkeypatch):
    """Listen to Python's audit events, and to what has none: `stat` and FFmpeg."""

    def heard(function):
        def call(place, *arguments, **words):
            HOOK.note(place)
            return function(place, *arguments, **words)

        return call

    for module, name in ((os, "stat"), (os, "lstat"), (av, "open")):
        monkeypatch.setattr(module, name, heard(getattr(module, name)))
    HOOK.places.clear()
    HOOK.is_on = True
    yield HOOK
    HOOK.is_on = False


@pytest.fixture
def nobody_trusted(monkeypatch):
    monkeypatch.setattr(places, "_trusted", set())


def timeline(base, *, metadata=""):
    """Give an edit of all kinds of media, all in one folder."""
    frames = FrameSequence(folder=f"{base}/film_0123456789ab", prefix="a_", suffix=".png", first_number=1, digits=4, frame_count=30)
    media = [
        (frames, {}),
        (replace(frames, folder=f"{base}/b", movie=f"{base}/c.mov"), {"metadata": '{"film":"x"}'}),
        (MediaFile(path=f"{base}/d.mov", frame_count=30), {"metadata": metadata}),
        (Still(path=f"{base}/e_0001.png"), {}),
    ]
    clips = [
        Clip(name=f"C{number}", media=one, source_start=Fraction(0), frame_count=20, **more) for number, (one, more) in enumerate(media)
    ]
    heard = Clip(name="S", media=MediaFile(path=f"{base}/s.wav", frame_count=90), source_start=Fraction(0), frame_count=80)
    tracks = (Track(name="V", kind="video", items=tuple(clips)), Track(name="A", kind="audio", items=(heard,)))
    return Edit(name="T", fps=Fraction(25), tracks=tracks, width=64, height=64)


def write(edit, path):
    """Write an edit in any format, with its media's names as they are."""
    form = exporting.FORMATS[path.suffix]
    adapter = "otio_json" if path.suffix == ".otioz" else form.adapter
    if not form.numbered:  # such formats name our pictures by their movies alone
        edit = replace(edit, tracks=tuple(replace(track, items=tuple(filter(can_be_named, track.items))) for track in edit.tracks))
    made = exporting.to_timeline(edit)
    text = exporting.otio.adapters.write_to_string(made, adapter)
    if path.suffix == ".otioz":
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr("content.otio", text)
    else:
        path.write_text(text)
    return path


def can_be_named(clip):
    return not isinstance(clip.media, FrameSequence) or clip.media.movie


def renamed(path, place):
    """Let a timeline name another place."""
    if path.suffix == ".otioz":
        with zipfile.ZipFile(path) as bundle:
            text = bundle.read("content.otio").decode()
        with zipfile.ZipFile(path, "w") as bundle:
            bundle.writestr("content.otio", text.replace(HERE, json.dumps(place)[1:-1]))
    else:
        text = path.read_text()
        assert HERE in text
        path.write_text(text.replace(HERE, json.dumps(place)[1:-1] if path.suffix == ".otio" else place))


def places_of(edit):
    for track in edit.tracks:
        for item in track.items:
            media = getattr(item, "media", None)
            yield from (getattr(media, name) for name in ("folder", "path", "movie") if getattr(media, name, ""))


@pytest.mark.parametrize("ending", ADAPTERS)
@pytest.mark.parametrize("place", [*SHARES.values(), *URIS.values()], ids=[*SHARES, *URIS])
def test_no_reader_asks_another_computer(tmp_path, asked, nobody_trusted, ending, place):
    path = write(timeline(HERE), tmp_path / f"a{ending}")
    renamed(path, place)
    asked.places.clear()
    read = read_edit(path)
    assert asked.places  # the hook hears
    assert asked.of_others() == []
    assert not any(map(places.host_of, places_of(read.edit)))
    assert any("another computer" in note for note in read.notes)


@pytest.mark.parametrize("place", [*SHARES.values(), *URIS.values()], ids=[*SHARES, *URIS])
@pytest.mark.parametrize("folder", ["", "/", "/tmp", "media"])
def test_the_name_of_a_picture_leads_nowhere_else(tmp_path, asked, nobody_trusted, place, folder):
    edit = timeline(HERE)
    frames = replace(edit.tracks[0].items[0].media, folder=folder, prefix=f"{place}/a_", suffix="/../b.png")
    clip = replace(edit.tracks[0].items[0], media=frames)
    path = write(replace(edit, tracks=(replace(edit.tracks[0], items=(clip,)),)), tmp_path / "a.otio")
    asked.places.clear()
    (read,) = read_edit(path).edit.tracks[0].items
    assert not any(map(places.host_of, asked.places))
    assert not {"/", "\\"} & {*read.media.prefix, *read.media.suffix}
    assert not places.host_of(read.media.folder)


@pytest.mark.parametrize("place", SHARES.values(), ids=SHARES)
def test_what_lies_beside_a_timeline_sends_nobody_elsewhere(tmp_path, asked, nobody_trusted, place):
    frames = timeline(place).tracks[0].items[1].media
    section = {"name": "C2", "metadata": {"film": "x"}, "frames": json.loads(encode(frames))}
    (tmp_path / "a_media").mkdir()
    (tmp_path / "a_media" / "sections.json").write_text(json.dumps({"schema": 1, "sections": [section]}))
    (tmp_path / "a_media" / "film_0123456789ab").mkdir()
    (tmp_path / "a_media" / "film_0123456789ab" / "film.json").write_text("{}")
    asked.places.clear()
    read = read_edit(write(timeline(tmp_path / "a_media", metadata='{"film":"x"}'), tmp_path / "a.otio"))
    assert asked.of_others() == []
    assert not any(map(places.host_of, places_of(read.edit)))


def test_a_computer_that_the_user_has_chosen_is_asked(tmp_path, asked, nobody_trusted):
    places.trust("//NAS/projects/film.otio")
    path = write(timeline("//nas/projects"), tmp_path / "a.otio")
    asked.places.clear()
    read = read_edit(path)
    assert "//nas/projects/d.mov" in asked.places
    assert "//nas/projects/d.mov" in places_of(read.edit)


@pytest.mark.parametrize("place", SHARES.values(), ids=SHARES)
def test_a_films_request_and_its_note_of_blends_ask_nobody(tmp_path, asked, nobody_trusted, place):
    request = films.request(tmp_path, tmp_path / "song.wav")
    film = FrameFolder(request, keys=["1"]).path
    film.mkdir(parents=True)
    media = FrameSequence(folder=str(film), prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=1)
    clip = Clip(name="C", media=media, source_start=Fraction(0), frame_count=1)
    edit = Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=(clip,)),))
    far = f"{place}/a.wav"
    for more in (
        {"sound_path": far},
        {"features_path": far},
        {"motion_stem": Stem(sound_path=far)},
        {"class_stem": Stem(sound_path=far)},
        {"mix": Mix(blend_path=far)},
    ):
        (film / "film.json").write_text(encode(replace(request, **more)))
        with pytest.raises(UserError, match="another computer"):
            draw_missing(edit, open_backend=Backends().open)
    (film / "blends.json").write_text(json.dumps([far, "../../own.blend"]))
    keeper = Keeper(folder=str(film.parent), blend=str(tmp_path / "own.blend"))
    assert film_use(film, keeper, now=2e9) == Use.ELSEWHERE  # who cannot be asked may show it
    assert asked.of_others() == []


@pytest.mark.parametrize("path", ["/home/a/b", "C:\\a\\b", "C:/a", "a/b", "../a", "/network/a", "/netto/a", "\\\\?\\C:\\a\\b", "", "/"])
def test_places_here_are_asked(path):
    assert places.may_ask(path)


@pytest.mark.parametrize("path", [*SHARES.values(), *map(plain_path, URIS.values()), "\\\\.\\pipe\\x", "//", "a\0b"])
def test_places_elsewhere_are_not(path, nobody_trusted):
    places.trust("\\\\?\\C:\\own", "\\\\.\\pipe\\own", "//nas/own")
    assert not places.may_ask(path)
    assert (places.exists(path), places.is_file(path), places.is_folder(path), places.names_in(path)) == (False, False, False, set())


# Writing --------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def film(tmp_path):
    """Give a stranger's project: a film in it, of which a frame is missing."""
    project = tmp_path / "project"
    song = sounds.write(tmp_path / "song.wav", sounds.melody(seconds=1), 22_050)
    frames = render(films.request(project, song, frame_count=4), open_backend=Backends().open).frames
    films.paths(frames)[2].unlink()
    return frames


def export_again(frames, **words):
    clip = Clip(name="Film", media=frames, source_start=Fraction(0), frame_count=4)
    edit = Edit(name="T", fps=Fraction(25), tracks=(Track(name="V", kind="video", items=(clip,)),))
    draw_missing(edit, open_backend=Backends().open, **words)


def claim(frames, **more):
    path = Path(frames.folder) / "film.json"
    path.write_text(encode(replace(read_request(path.parent), **more)))


def test_drawing_again_writes_beside_the_frames_and_nowhere_else(tmp_path, film):
    victim = tmp_path / "home" / ".config"
    claim(film, cache_folder=str(victim / "autostart"), frames_folder=str(victim), machine=Machine(cache_folder=str(victim / "x")))
    export_again(film, memory=str(tmp_path / "memory"))
    assert not victim.exists()
    assert all(path.is_file() for path in films.paths(film))
    assert {path.name for path in tmp_path.iterdir()} <= {"project", "song.wav", "memory"}


def test_drawing_again_has_no_sound_mixed_to_where_a_request_says(tmp_path, film, monkeypatch):
    script = tmp_path / "mixer.py"
    script.write_text("import pathlib, sys; pathlib.Path(sys.argv[2]).write_bytes(b'mixed')")
    monkeypatch.setenv("CHROMASTRIP_MIXER", json.dumps([sys.executable, str(script)]))
    (tmp_path / "a.blend").write_bytes(b"BLENDER")
    victim = tmp_path / "home" / ".config"
    mix = Mix(blend_path=str(tmp_path / "a.blend"))
    for name in (".bashrc", "film.json", "..", "mix-0123456789abcdef.wav/../.bashrc"):
        claim(film, sound_path=f"{victim}/{name}", mix=mix)
        with pytest.raises(UserError):
            export_again(film)
    claim(film, sound_path=f"{victim}/mix-0123456789abcdef.wav", mix=mix)
    with pytest.raises(UserError):  # it is no sound, but it was made
        export_again(film)
    assert not victim.exists()
    assert [path.name for path in (Path(film.folder).parent / "sounds").iterdir()] == ["mix-0123456789abcdef.wav"]


def test_nothing_but_a_mix_is_made_by_mixing(tmp_path):
    (tmp_path / "a.blend").write_bytes(b"BLENDER")
    for name in (".profile", "mix.wav", "mix-0123456789abcdef.wav.sh", "song.wav"):
        with pytest.raises(UserError, match="is not what a mixed sound is called"):
            ensure_sound(str(tmp_path / name), Mix(blend_path=str(tmp_path / "a.blend")))


def test_a_folder_that_is_no_films_is_not_drawn_into(tmp_path, film):
    folder = Path(film.folder).rename(Path(film.folder).with_name("holiday"))
    export_again(replace(film, folder=str(folder)))  # it stays incomplete, and the export names what is missing
    assert len(list(folder.glob("*.png"))) == 3
