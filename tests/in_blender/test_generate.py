"""Generate, as the button does it: the strip that appears, undo and redo, saving, and a second try."""

import json
from pathlib import Path

import bpy
import pytest


@pytest.fixture
def song(click_track):
    return click_track(seconds=2, clicks=[0.5, 1.0, 1.5])


def generate(wait):
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()


def folder_of(strip):
    return Path(bpy.path.abspath(strip.directory))


def test_film_appears_above_the_sound_with_the_same_edges(saved_film, add_sound, song, wait, films, handles):
    sound = add_sound(song, frame_start=11, channel=2)
    generate(wait)
    (film,) = films()
    assert film.channel == 3
    assert (handles.left(film), handles.right(film)) == (handles.left(sound), handles.right(sound))
    assert len(film.elements) == handles.right(film) - handles.left(film)


def test_film_goes_to_the_first_free_channel(saved_film, add_sound, song, wait, films):
    add_sound(song, channel=1)
    saved_film.editor.strips.new_effect(name="Title", type="COLOR", channel=2, frame_start=40, **_length(saved_film, 10))
    generate(wait)
    assert [film.channel for film in films()] == [3]


def _length(saved_film, frames):
    options = bpy.types.StripsTopLevel.bl_rna.functions["new_effect"].parameters.keys()
    return {"length": frames} if "length" in options else {"frame_end": 40 + frames}


def test_film_follows_a_sound_that_was_moved_meanwhile(saved_film, add_sound, song, wait, films, handles):
    sound = add_sound(song)
    bpy.ops.chromastrip.generate()
    if hasattr(sound, "content_start"):
        sound.content_start = 101
    else:
        sound.frame_start = 101
    wait()
    assert [handles.left(film) for film in films()] == [101]


def test_frames_lie_beside_the_blend_and_by_relative_paths(saved_film, add_sound, song, wait, films):
    add_sound(song)
    generate(wait)
    (film,) = films()
    assert film.directory.startswith("//chromastrip")
    assert folder_of(film).is_relative_to(saved_film.folder)
    assert all((folder_of(film) / element.filename).is_file() for element in film.elements)


def test_generate_is_one_step_of_undo(saved_film, add_sound, song, wait, films):
    add_sound(song)
    bpy.ops.ed.undo_push(message="Before")
    generate(wait)
    assert len(films()) == 1
    bpy.ops.ed.undo()
    assert films() == []
    bpy.ops.ed.redo()
    (film,) = films()
    assert film.chromastrip.film


def test_film_survives_saving_and_loading(saved_film, add_sound, song, wait, films):
    sound = add_sound(song)
    sound.chromastrip.seed = 7
    generate(wait)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    (film,) = films()
    assert (film.chromastrip.seed, film.chromastrip.sound_name) == (7, song.stem)
    assert (folder_of(film) / film.elements[-1].filename).is_file()


def test_generating_again_draws_nothing_and_shows_the_same_frames(addon, saved_film, add_sound, song, wait, films):
    add_sound(song)
    generate(wait)
    (film,) = films()
    before = {path: path.stat().st_mtime_ns for path in folder_of(film).glob("*.png")}
    generate(wait)
    first, second = films()
    assert first.directory == second.directory
    assert {path: path.stat().st_mtime_ns for path in folder_of(second).glob("*.png")} == before


def test_other_settings_leave_the_first_film_alone(saved_film, add_sound, song, wait, films):
    sound = add_sound(song, model="abstract")
    sound_end = "right_handle" if hasattr(sound, "right_handle") else "frame_final_end"
    setattr(sound, sound_end, 4)
    generate(wait)
    (film,) = films()
    before = [(folder_of(film) / element.filename).read_bytes() for element in film.elements]
    sound.chromastrip.seed = 1
    saved_film.editor.active_strip = sound
    generate(wait)
    first, second = films()
    assert first.directory != second.directory
    assert [(folder_of(first) / element.filename).read_bytes() for element in first.elements] == before
    assert (folder_of(second) / second.elements[0].filename).read_bytes() != before[0]


def test_film_plays_in_the_colours_that_were_drawn(saved_film, add_sound, song, wait, films, tmp_path):
    add_sound(song)
    generate(wait)
    scene = saved_film.scene
    scene.frame_current = 2
    scene.render.filepath = str(tmp_path / "still.png")
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    bpy.ops.render.render(write_still=True)
    (film,) = films()
    drawn = bpy.data.images.load(str(folder_of(film) / film.elements[1].filename))
    rendered = bpy.data.images.load(str(tmp_path / "still.png"))
    assert list(rendered.pixels) == pytest.approx(list(drawn.pixels), abs=1 / 255)


def test_exported_timeline_holds_the_film_and_the_sound(saved_film, add_sound, song, wait, films):
    add_sound(song, frame_start=11)
    generate(wait)
    (film,) = films()
    path = saved_film.folder / "film.otio"
    assert bpy.ops.chromastrip.export(filepath=str(path)) == {"FINISHED"}
    wait()
    timeline = json.loads(path.read_text())
    video, audio = timeline["tracks"]["children"]
    gap, clip = video["children"]
    assert (gap["OTIO_SCHEMA"], gap["source_range"]["duration"]["value"]) == ("Gap.1", 10)
    media = clip["media_references"]["DEFAULT_MEDIA"]
    assert media["OTIO_SCHEMA"].startswith("ImageSequenceReference")
    assert Path(media["target_url_base"]) == folder_of(film)
    assert f"{media['name_prefix']}{0:06d}{media['name_suffix']}" == film.elements[0].filename
    assert clip["metadata"]["chromastrip"]["film"] == film.chromastrip.film
    assert audio["children"][1]["media_references"]["DEFAULT_MEDIA"]["target_url"] == str(song)


def test_chosen_things_are_drawn_and_stay_with_the_strip(addon, saved_film, add_sound, song, wait, films):
    sound = add_sound(song)
    sound.chromastrip.classes = "tabby, 579 ,strawberry"
    request = addon.strips.render_request(saved_film.scene, sound)
    assert (request.settings.classes, request.settings.class_count) == ((281, 579, 949), 3)
    generate(wait)
    (film,) = films()
    assert film.chromastrip.classes == "tabby cat, grand piano, strawberry"


def test_an_unknown_thing_is_named_and_nothing_is_drawn(addon, saved_film, add_sound, song, films):
    add_sound(song).chromastrip.classes = "tabby, taby"
    with pytest.raises(RuntimeError, match="“taby”"):
        bpy.ops.chromastrip.generate()
    assert not addon.jobs.state.busy
    assert not films()


@pytest.mark.parametrize(("target", "name"), [("SHOTCUT", "film.mlt"), ("KDENLIVE", "film.kdenlive"), ("PREMIERE", "film.xml")])
def test_the_timeline_is_exported_for_other_editors(addon, saved_film, add_sound, song, wait, target, name):
    add_sound(song, frame_start=11)
    generate(wait)
    path = saved_film.folder / name
    assert bpy.ops.chromastrip.export(filepath=str(path), target=target, collect=True, from_elsewhere=True) == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None
    (written,) = saved_film.folder.rglob(name)  # with its media, in a folder of their own
    assert f"{song.stem}_" in written.read_text(encoding="utf-8")  # a copy, whose name tells it from others'


def test_a_muted_strip_is_disabled_in_the_exported_timeline(addon, saved_film, add_sound, song):
    add_sound(song).mute = True
    edit, warnings = addon.timeline.read_edit(saved_film.scene)
    assert [clip.enabled for track in edit.tracks for clip in track.items] == [False]
    assert warnings == []
