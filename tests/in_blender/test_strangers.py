"""Strangers' timelines, .blend files and films' requests in Blender: nothing is asked, written or made that the user did not choose."""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import bpy
import pytest

pytestmark = pytest.mark.any_blender


@pytest.fixture
def song(click_track):
    return click_track(seconds=1, clicks=[0.5])


@pytest.fixture
def protocol(addon):
    return sys.modules[addon.__name__.removesuffix("addon") + "core.protocol"]


@pytest.fixture
def edit_of(protocol):
    def make(*media, length=10):
        clips = [
            protocol.Clip(name=f"C{place}", media=one, source_start=Fraction(0), frame_count=length) for place, one in enumerate(media)
        ]
        return protocol.Edit(name="T", fps=Fraction(25), tracks=(protocol.Track(name="V", kind="video", items=tuple(clips)),))

    return make


def numbered(protocol, folder, count):
    return protocol.FrameSequence(folder=str(folder), prefix="a_", suffix=".png", first_number=0, digits=6, frame_count=count)


def test_a_timeline_of_more_pictures_than_blender_holds_is_refused_before_a_strip_is_made(addon, saved_film, protocol, edit_of):
    edit = edit_of(*[replace(numbered(protocol, "/usr", 2_000_000), prefix=f"a{number}_") for number in range(6)])
    with pytest.raises(protocol.UserError, match="numbered pictures"):
        addon.importing.insert_edit(bpy.context, saved_film.scene, edit)
    assert not len(saved_film.editor.strips)


def test_whether_pictures_are_there_is_found_out_without_naming_them_all(addon, protocol, tmp_path, monkeypatch):
    making = sys.modules[f"{addon.__name__}.importing.making"]
    named = []
    monkeypatch.setattr(protocol.FrameSequence, "file_names", lambda self: named.append(self) or [])
    assert making.is_missing(numbered(protocol, tmp_path, 2_000_000))
    assert named == []


@pytest.mark.parametrize("share", ["//evil/share", "\\\\evil\\share", "/net/evil"])
def test_no_other_computer_is_asked_whether_media_are_there(addon, protocol, monkeypatch, share):
    making = sys.modules[f"{addon.__name__}.importing.making"]
    asked = []
    monkeypatch.setattr("os.stat", lambda path, *_, **__: asked.append(path))
    monkeypatch.setattr("os.listdir", lambda path: asked.append(path) or [])
    media = [numbered(protocol, share, 3), protocol.MediaFile(path=f"{share}/a.mov", frame_count=3), protocol.Still(path=f"{share}/a.png")]
    found = [making.is_missing(one) for one in media]
    monkeypatch.undo()
    assert found == [True] * 3
    assert asked == []


@pytest.mark.parametrize("text", ["1e999999999", "nan", "1/0", "x"])
def test_a_monstrous_rate_on_a_strip_is_none(addon, saved_film, add_sound, song, wait, films, fault, text):
    fault("")
    add_sound(song).chromastrip.model = "sync-card"
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    film.chromastrip.fps = text
    assert addon.strips.drawn_fps(film) == 0
    assert addon.retiming.in_order(saved_film.scene, [film]) == [film]


def test_a_films_request_has_no_sound_mixed_to_where_it_says_and_asks_nobody(
    addon, saved_film, add_sound, song, wait, films, fault, protocol
):
    fault("")
    sound = add_sound(song)
    sound.chromastrip.model = "sync-card"
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    path = Path(bpy.path.abspath(film.directory)) / "film.json"
    honest = protocol.decode(path.read_bytes(), protocol.RenderRequest)
    victim = saved_film.folder / "home"
    victim.mkdir()
    (victim / "a.blend").write_bytes(b"BLENDER")
    for name in (".bashrc", "..", "mix-0123456789abcdef.wav"):
        claim = replace(
            honest, sound_path=f"{victim}/{name}", mix=protocol.Mix(blend_path=str(victim / "a.blend")), cache_folder=str(victim)
        )
        path.write_text(protocol.encode(claim))
        request = addon.sections.film_request(saved_film.scene, film)
        places = [request.sound_path, request.frames_folder, request.cache_folder]
        assert all(Path(place).is_relative_to(saved_film.folder / "chromastrip") for place in places if place != str(song))
    for more in ({"features_path": "//evil/share/a.npz"}, {"motion_stem": protocol.Stem(sound_path="//evil/share/a.wav")}):
        path.write_text(protocol.encode(replace(honest, **more)))
        with pytest.raises(protocol.UserError, match="another computer"):
            addon.sections.film_request(saved_film.scene, film)


def test_media_from_elsewhere_are_listed_before_they_are_collected(addon, saved_film, add_sound, song, wait):
    add_sound(song)
    path = saved_film.folder / "out" / "film.otio"
    bpy.ops.chromastrip.export(filepath=str(path), collect=True)
    wait()
    assert str(song) in addon.jobs.state.error.cause
    assert not path.exists()
    bpy.ops.chromastrip.export(filepath=str(path), collect=True, from_elsewhere=True)
    wait()
    assert addon.jobs.state.error is None
    assert path.exists()
