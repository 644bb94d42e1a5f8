"""The sequencer as an edit: every kind of strip, cut, fade, meta, speed and part, and the sentences about what an edit cannot say."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import bpy
import pytest

VERSION = bpy.app.version


@pytest.fixture
def read(addon, saved_film, set_fps):
    """Give a function that reads the edit; the timeline runs at 25 frames a second."""
    set_fps(saved_film.scene, Fraction(25))

    def read_edit(part="ALL"):
        edit, warnings = addon.timeline.read_edit(saved_film.scene, addon.timeline.Part[part])
        return SimpleNamespace(edit=edit, warnings=warnings, tracks=[list(map(told, track.items)) for track in edit.tracks])

    return read_edit


def told(item):
    """Put an item of a track in short."""
    if hasattr(item, "in_frames"):
        return f"fade {item.in_frames}+{item.out_frames}"
    if not hasattr(item, "media"):
        return f"gap {item.frame_count}"
    return f"{item.name} {item.frame_count} from {item.source_start}" + (f" x{item.speed}" if item.speed != 1 else "")


# Media ----------------------------------------------------------------------------------------------------------------------------------


def test_trimmed_pictures_and_the_gap_before_them(read, add_pictures, handles):
    strip = add_pictures("a", first=11)
    handles.set_left(strip, 14)
    handles.set_right(strip, 25)
    result = read()
    assert result.tracks == [["gap 13", "a 11 from 3"]]
    media = result.edit.tracks[0].items[1].media
    assert (media.prefix, media.suffix, media.first_number, media.digits, media.frame_count) == ("a_", ".png", 0, 4, 20)
    assert result.warnings == []


def test_one_picture_is_a_still(read, saved_film, pictures, handles):
    folder = pictures(["one.png"])
    strip = saved_film.editor.strips.new_image(name="one", filepath=str(folder / "one.png"), channel=1, frame_start=1, fit_method="FIT")
    handles.set_right(strip, 41)
    result = read()
    assert result.tracks == [["one 40 from 0"]]
    assert result.edit.tracks[0].items[0].media.path == str(folder / "one.png")


def test_pictures_that_are_not_in_a_row_become_several_clips(read, saved_film, pictures, handles):
    names = ["a_1.png", "a_2.png", "a_3.png", "b.png", "c_7.png", "c_8.png"]
    folder = pictures(names)
    strip = saved_film.editor.strips.new_image(name="mix", filepath=str(folder / names[0]), channel=1, frame_start=1, fit_method="FIT")
    for name in names[1:]:
        strip.elements.append(name)
    handles.set_left(strip, 2)
    result = read()
    assert result.tracks == [["gap 1", "mix 2 from 1", "mix 1 from 0", "mix 2 from 0"]]
    assert result.warnings == ["Pictures that are not numbered in a row are several clips: “mix”."]


def test_a_movie_of_another_rate_keeps_its_speed_or_its_frames(read, saved_film, write_movie):
    path = write_movie("m.mp4", fps=50, frame_count=40)
    saved_film.editor.strips.new_movie(name="m", filepath=str(path), channel=1, frame_start=1, fit_method="FIT")
    result = read()
    assert result.tracks == [["m 40 from 0 x1/2"]]  # each frame of the movie takes one of the timeline
    assert result.edit.tracks[0].items[0].media.frame_count == 20


def test_sound_keeps_its_volume_its_trims_and_its_mute(read, saved_film, add_sound, click_track, handles):
    strip = add_sound(click_track(seconds=2, clicks=[]), frame_start=3)
    handles.set_left(strip, 8)
    strip.sound_offset = 1 / 75  # a third of a frame
    strip.volume = 0.5
    strip.mute = True
    (clip,) = (clip for clip in read().edit.tracks[0].items if hasattr(clip, "media"))
    assert (clip.source_start, clip.volume, clip.enabled, clip.frame_count) == (5 + Fraction(1, 3), 0.5, False, 45)


def test_a_packed_sound_is_written_to_a_file(read, add_sound, click_track):
    path = click_track(seconds=1, clicks=[0.5])
    content = path.read_bytes()
    add_sound(path).sound.pack()
    path.unlink()
    (clip,) = read().edit.tracks[0].items
    assert Path(clip.media.path).read_bytes() == content


def test_colours_and_words(read, saved_film, add_effect):
    add_effect("COLOR", channel=1, first=1, end=11, name="red").color = (1, 0, 0.25)
    words = add_effect("TEXT", channel=2, first=6, end=11, name="title")
    words.text, words.font_size = "Über uns", saved_film.scene.render.resolution_y / 10
    result = read()
    assert result.tracks == [["red 10 from 0"], ["gap 5", "title 5 from 0"]]
    colour, title = result.edit.tracks[0].items[0].media, result.edit.tracks[1].items[1].media
    assert (colour.red, colour.green, colour.blue, title.words) == (1.0, 0.0, 0.25, "Über uns")
    assert result.warnings == []


def test_our_film_carries_its_settings(read, add_pictures):
    strip = add_pictures("film", count=1)
    strip.chromastrip.film, strip.chromastrip.seed = "abc", 7
    (clip,) = read().edit.tracks[0].items
    assert clip.media.frame_count == 1  # a film of one frame is no still
    assert '"film":"abc"' in clip.metadata
    assert '"seed":7' in clip.metadata


# Cuts and rates -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(24), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(60)], ids=str)
def test_rates_are_exact(addon, saved_film, add_pictures, set_fps, fps):
    set_fps(saved_film.scene, fps)
    add_pictures("a")
    assert addon.timeline.read_edit(saved_film.scene)[0].fps == fps


def test_pieces_of_a_split_strip_touch(read, add_pictures):
    add_pictures("a").split(frame=8, split_method="SOFT")
    assert read().tracks == [["a 7 from 0", "a.001 13 from 7"]]


def test_channels_become_tracks_from_the_bottom_up_and_sound_comes_last(read, saved_film, add_pictures, add_sound, click_track):
    add_sound(click_track(seconds=1, clicks=[]), channel=2)
    add_pictures("upper", channel=3)
    add_pictures("lower", channel=1)
    saved_film.editor.channels[3].name = "Titles"
    saved_film.editor.channels[1].mute = True
    edit = read().edit
    assert [(track.name, track.kind) for track in edit.tracks] == [("Channel 1", "video"), ("Titles", "video"), ("Channel 2", "audio")]
    assert [track.items[0].enabled for track in edit.tracks] == [False, True, True]
    assert (edit.width, edit.height) == (128, 128)


def test_a_strip_before_the_scenes_first_frame_moves_the_beginning(read, saved_film, add_pictures):
    saved_film.scene.frame_start = 101
    add_pictures("early", first=91)
    saved_film.scene.timeline_markers.new("here", frame=101)
    result = read()
    assert result.tracks == [["early 20 from 0"]]
    assert [(marker.name, marker.start, marker.colour) for marker in result.edit.markers] == [("here", 10, "GREEN")]


def test_a_marker_before_the_first_frame_is_named(read, saved_film, add_pictures):
    add_pictures("a")
    saved_film.scene.timeline_markers.new("early", frame=-5)
    assert read().warnings == ["Not in the file: “early” (a marker before the first frame)."]


# Cross-fades ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["CROSS", "GAMMA_CROSS"])
def test_a_fade_joins_two_channels_to_one_track(read, add_pictures, add_effect, kind):
    a, b = add_pictures("a", channel=1), add_pictures("b", channel=2, first=14)
    add_effect(kind, channel=3, first=14, end=21, inputs=(a, b))
    result = read()
    assert result.tracks == [["a 16 from 0", "fade 3+4", "b 17 from 3"]]
    assert result.warnings == []


def test_a_row_of_fades_is_one_track(read, add_pictures, add_effect):
    a, b, c = add_pictures("a"), add_pictures("b", channel=2, first=17), add_pictures("c", first=31)
    add_effect("CROSS", channel=3, first=17, end=21, inputs=(a, b), name="1")
    add_effect("CROSS", channel=3, first=31, end=37, inputs=(b, c), name="2")
    assert read().tracks == [["a 18 from 0", "fade 2+2", "b 15 from 2", "fade 3+3", "c 17 from 3"]]


def test_a_fade_whose_channel_is_taken_gets_a_track_of_its_own(read, add_pictures, add_effect):
    a, b = add_pictures("a"), add_pictures("b", channel=2, first=14)
    add_pictures("other", channel=1, first=25)
    add_pictures("above", channel=2, first=40, count=5)
    add_effect("CROSS", channel=3, first=14, end=21, inputs=(a, b))
    assert read().tracks == [["gap 24", "other 20 from 0"], ["a 16 from 0", "fade 3+4", "b 17 from 3", "gap 6", "above 5 from 0"]]


def test_fades_that_no_edit_can_say_are_named_and_their_clips_stay(read, add_pictures, add_effect):
    a, b = add_pictures("a"), add_pictures("b", channel=2, first=5, count=10)
    add_effect("CROSS", channel=3, first=5, end=15, inputs=(a, b), name="inside")
    animated = add_effect("CROSS", channel=4, first=5, end=15, inputs=(a, b), name="animated")
    animated.use_default_fade = False
    result = read()
    assert result.tracks == [["a 20 from 0"], ["gap 4", "b 10 from 0"]]
    assert result.warnings == [
        "Not in the file: “animated” (a fade that is animated or cut).",
        "Not in the file: “inside” (a fade between strips that do not follow each other).",
    ]


def test_crossfade_sounds_joins_two_sounds_to_one_track(read, saved_film, add_sound, click_track, crossfade_sounds, set_fps, handles):
    set_fps(saved_film.scene, Fraction(25))
    path = click_track(seconds=2, clicks=[])
    one, two = add_sound(path, channel=1), add_sound(path, channel=2, frame_start=41)
    one.volume = two.volume = 0.5
    for strip in (one, two):
        strip.select = True
    assert crossfade_sounds() == {"FINISHED"}
    result = read()
    assert result.tracks == [["clicks 45 from 0", "fade 5+5", "clicks.001 45 from 5"]]
    assert [clip.volume for clip in result.edit.tracks[0].items[::2]] == [0.5, 0.5]
    assert result.warnings == []


def test_volume_that_changes_otherwise_goes_along(read, add_sound, click_track):
    strip = add_sound(click_track(seconds=2, clicks=[]))
    for frame, volume in ((10, 1), (20, 0.25)):
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)
    result = read()
    (clip,) = result.edit.tracks[0].items
    assert (clip.volume_points[0].volume, clip.volume_points[-1].volume) == (1, 0.25)
    assert result.warnings == []


# Metas ----------------------------------------------------------------------------------------------------------------------------------


def test_a_meta_is_unfolded_within_its_edges(read, saved_film, add_pictures, handles):
    meta = saved_film.editor.strips.new_meta("meta", channel=2, frame_start=1)
    add_pictures("in", channel=5).move_to_meta(meta)
    add_pictures("over", channel=6, first=11).move_to_meta(meta)
    handles.set_right(meta, 26)
    handles.set_left(meta, 6)
    add_pictures("beside", channel=2, first=40)
    result = read()
    assert result.tracks == [["gap 5", "in 15 from 5", "gap 19", "beside 20 from 0"], ["gap 10", "over 15 from 0"]]
    assert [track.name for track in result.edit.tracks] == ["Channel 2", "Channel 2.1"]
    assert result.warnings == ["Metas are unfolded into tracks: “meta”."]


def test_a_muted_meta_mutes_what_is_in_it(read, saved_film, add_sound, click_track, handles):
    meta = saved_film.editor.strips.new_meta("meta", channel=2, frame_start=1)
    add_sound(click_track(seconds=1, clicks=[])).move_to_meta(meta)
    handles.set_right(meta, 26)
    meta.mute = True
    (clip,) = read().edit.tracks[0].items
    assert not clip.enabled


# Speed ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("speed", "shown"), [(2, 10), (0.5, 40)])
def test_retimed_pictures_have_a_speed(read, add_pictures, set_speed, speed, shown):
    set_speed(add_pictures("a", first=11), speed)
    (gap, clip) = read().edit.tracks[0].items
    whole = 20 if VERSION >= (5, 0, 0) else 19  # 4.5 stretches from the first frame to the beginning of the last one
    assert clip.speed == Fraction(whole, round(whole / speed))
    assert abs(clip.frame_count - shown) <= 1
    assert (gap.frame_count, clip.source_start) == (10, 0)


def test_a_piece_of_a_split_strip_that_is_retimed(read, add_pictures, set_speed):
    piece = add_pictures("a").split(frame=11, split_method="SOFT")
    set_speed(piece, 0.5)
    first, second = read().edit.tracks[0].items
    assert (first.speed, first.frame_count) == (1, 10)
    assert (second.source_start, second.speed) == (10, Fraction(1, 2))


@pytest.mark.parametrize("speed", [2, 0.5])
def test_retimed_sounds_and_movies_have_a_speed(read, saved_film, add_sound, click_track, write_movie, set_speed, speed):
    movie = write_movie("m.mp4", fps=25, frame_count=40)
    strips = [
        saved_film.editor.strips.new_movie(name="m", filepath=str(movie), channel=1, frame_start=1, fit_method="FIT"),
        add_sound(click_track(seconds=40 / 25, clicks=[]), channel=2),
    ]
    for strip in strips:
        set_speed(strip, speed)
    sounds = set(bpy.data.sounds)
    edit = read().edit
    whole = 40 if VERSION >= (5, 0, 0) else 39
    clips = [track.items[0] for track in edit.tracks]
    assert [clip.speed for clip in clips] == [Fraction(whole, round(whole / speed))] * 2
    assert [clip.media.frame_count for clip in clips] == [40, 40]
    assert (set(bpy.data.sounds), len(bpy.data.scenes)) == (sounds, 1)  # what was loaded to be measured is gone


def test_retimed_strips_anywhere_on_the_timeline_begin_where_they_should(
    read, saved_film, add_pictures, add_sound, click_track, write_movie, set_speed, handles
):
    add_pictures("first", channel=9)  # Blender takes its place for that of the others' keys
    movie = write_movie("m.mp4", fps=25, frame_count=40)
    made = [
        add_pictures("a", channel=1, first=51, count=40),
        saved_film.editor.strips.new_movie(name="m", filepath=str(movie), channel=2, frame_start=51, fit_method="FIT"),
        add_sound(click_track(seconds=40 / 25, clicks=[]), channel=3, frame_start=51),
    ]
    for strip in made:
        set_speed(strip, 0.5)
        handles.set_left(strip, 61)
    whole = 40 if VERSION >= (5, 0, 0) else 39
    speed = Fraction(whole, round(whole / 0.5))
    tracks = [track for track in read().edit.tracks if track.name != "Channel 9"]
    assert [track.items[0].frame_count for track in tracks] == [60, 60, 60]
    assert [(track.items[1].source_start, track.items[1].speed) for track in tracks] == [(10 * speed, speed)] * 3


def test_a_speed_that_changes_is_told(read, add_pictures, set_speed):
    strip = add_pictures("a", count=40)
    set_speed(strip.split(frame=21, split_method="SOFT"), 0.25)
    strip = next(one for one in bpy.context.scene.sequence_editor.strips if one.name == "a.001")
    left = "left_handle" if hasattr(strip, "left_handle") else "frame_final_start"
    bpy.context.scene.sequence_editor.strips.remove(bpy.context.scene.sequence_editor.strips["a"])
    setattr(strip, left, 1)  # now both stretches are seen
    result = read()
    assert result.warnings == ["The speed changes: “a.001” has its average speed in the file."]
    (clip,) = result.edit.tracks[0].items
    assert Fraction(1, 4) < clip.speed < 1


def test_a_speed_effect_takes_the_place_of_its_strip(read, add_pictures, add_effect, handles):
    strip = add_pictures("a")
    handles.set_right(strip, 11)
    effect = add_effect("SPEED", channel=2, first=1, end=11, inputs=(strip,), name="twice")
    effect.speed_control, effect.speed_factor = "MULTIPLY", 1.5
    assert read().tracks == [["twice 10 from 0 x3/2"]]
    effect.speed_control = "STRETCH"
    assert read().tracks == [["twice 10 from 0 x2"]]
    effect.speed_control = "FRAME_NUMBER"
    result = read()
    assert result.tracks == [["a 10 from 0"]]
    assert result.warnings == ["Not in the file: “twice” (a Speed effect that changes, stands still or runs back)."]


def test_a_muted_effect_leaves_its_strips_as_they_are(read, add_pictures, add_effect):
    a, b = add_pictures("a"), add_pictures("b", channel=2, first=14)
    add_effect("CROSS", channel=3, first=14, end=21, inputs=(a, b), name="cross").mute = True
    add_effect("SPEED", channel=4, first=14, end=34, inputs=(b,), name="speed").mute = True
    result = read()
    assert result.tracks == [["a 20 from 0"], ["gap 13", "b 20 from 0"]]
    assert result.warnings == ["Not in the file: “cross”, “speed” (a muted effect)."]


# Parts ----------------------------------------------------------------------------------------------------------------------------------


def test_selected_strips_begin_at_the_first_of_them(read, add_pictures):
    add_pictures("a").select = False
    add_pictures("b", first=31).select = True
    assert read("SELECTED").tracks == [["b 20 from 0"]]


def test_the_preview_range_cuts_at_both_ends(read, saved_film, add_pictures):
    add_pictures("a")
    add_pictures("b", first=31)
    saved_film.scene.use_preview_range = True
    saved_film.scene.frame_preview_start, saved_film.scene.frame_preview_end = 5, 34
    for frame in (4, 5, 34, 35):
        saved_film.scene.timeline_markers.new(str(frame), frame=frame)
    result = read("PREVIEW")
    assert result.tracks == [["a 16 from 4", "gap 10", "b 4 from 0"]]
    assert [(marker.name, marker.start) for marker in result.edit.markers] == [("5", 0), ("34", 29)]


@pytest.mark.parametrize(("part", "words"), [("SELECTED", "No strip is selected"), ("PREVIEW", "No preview range is set")])
def test_a_part_that_is_not_there_is_refused(addon, read, add_pictures, part, words):
    add_pictures("a").select = False
    with pytest.raises(addon.jobs.UserError, match=words):
        read(part)


# What an edit cannot say ----------------------------------------------------------------------------------------------------------------


def change_blending(strip):
    strip.blend_type = "ADD"


def change_opacity(strip):
    strip.blend_alpha = 0.5


def crop(strip):
    strip.crop.min_x = 3


def move(strip):
    strip.transform.offset_x = 20


def scale(strip):
    strip.transform.scale_x = strip.transform.scale_y = 2


def mirror(strip):
    strip.use_flip_x = True


def reverse(strip):
    strip.use_reverse_frames = True


def modify(strip):
    strip.modifiers.new("curves", "CURVES")


def animate(strip):
    strip.keyframe_insert("blend_alpha", frame=1)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (change_blending, "blending"),
        (change_opacity, "opacity"),
        (crop, "cropping"),
        (move, "place, size or rotation"),
        (scale, "place, size or rotation"),
        (mirror, "mirroring"),
        (reverse, "running backwards"),
        (modify, "modifiers"),
        (animate, "keyframes"),
    ],
)
def test_what_a_clip_cannot_say_is_named(read, add_pictures, change, what):
    change(add_pictures('Bild "1"'))
    result = read()
    assert result.warnings == [f'Not in the file: {what} of “Bild "1"”.']
    assert len(result.tracks) == 1


@pytest.mark.parametrize(("kind", "name"), [("ADJUSTMENT", "Adjustment"), ("MULTICAM", "Multicam")])
def test_strips_that_no_clip_can_stand_for_are_named(read, add_pictures, add_effect, kind, name):
    add_pictures("a")
    add_effect(kind, channel=2, first=1, end=11, name="x")
    result = read()
    assert len(result.tracks) == 1
    (warning,) = result.warnings
    assert warning.startswith("Not in the file: “x” (")
    assert name.lower() in warning.lower()


def test_a_scene_strip_is_named(read, saved_film):
    other = bpy.data.scenes.new("other")
    saved_film.editor.strips.new_scene(name="scene", scene=other, channel=1, frame_start=1)
    assert read().warnings == ["Not in the file: “scene” (Scene strip)."]


# Bad input ------------------------------------------------------------------------------------------------------------------------------


def test_a_rate_that_no_timeline_can_have_is_refused(addon, saved_film, add_pictures, wait):
    saved_film.scene.render.fps, saved_film.scene.render.fps_base = 1, 1e-5
    add_pictures("a")
    bpy.ops.chromastrip.export(filepath=str(saved_film.folder / "x.otio"))
    wait()
    assert "frames a second" in addon.jobs.state.error.cause


def test_odd_names_survive(addon, read, saved_film, add_pictures, wait):
    strip = add_pictures("50% #1? 映画", folder="a # b? 映")
    path = saved_film.folder / "x % #.otio"
    bpy.ops.chromastrip.export(filepath=str(path))
    wait()
    assert addon.jobs.state.error is None
    (clip,) = json.loads(path.read_text(encoding="utf-8"))["tracks"]["children"][0]["children"]
    media = clip["media_references"]["DEFAULT_MEDIA"]
    assert clip["name"] == strip.name
    assert Path(media["target_url_base"], f"{media['name_prefix']}0000.png").is_file()


@pytest.mark.parametrize(("missing", "clips"), [("REFUSE", None), ("SKIP", 0), ("GO_ON", 1)])
def test_missing_frames_are_named_and_the_user_chooses(addon, saved_film, add_pictures, wait, missing, clips):
    strip = add_pictures("lost")
    for path in (saved_film.folder.parent / "lost").iterdir():
        path.unlink()
    path = saved_film.folder / "x.otio"
    bpy.ops.chromastrip.export(filepath=str(path), missing=missing)
    wait()
    told = str(addon.jobs.state.error) + " ".join(addon.jobs.state.notes)
    assert strip.name in told
    assert path.is_file() == (clips is not None)


def test_a_blend_that_was_never_saved_exports_too(addon, pictures, wait, tmp_path):
    bpy.ops.wm.read_homefile(use_empty=True)
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    folder = pictures(["a_1.png", "a_2.png"])
    editor = bpy.context.scene.sequence_editor_create()
    editor.strips.new_image(name="a", filepath=str(folder / "a_1.png"), channel=1, frame_start=1).elements.append("a_2.png")
    path = tmp_path / "x.otio"
    bpy.ops.chromastrip.export(filepath=str(path))
    wait()
    assert addon.jobs.state.error is None
    assert f"{folder}/" in path.read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_written_to_is_named(addon, saved_film, add_pictures, wait):
    add_pictures("a")
    bpy.ops.chromastrip.export(filepath="/proc/x.otio")  # where not even root may write
    wait()
    assert "/proc" in addon.jobs.state.error.cause


def test_a_folder_that_is_not_there_is_named_and_nothing_is_made(addon, saved_film, add_pictures, wait, tmp_path):
    add_pictures("a")
    (tmp_path / "file").write_text("no folder")
    bpy.ops.chromastrip.export(filepath=str(tmp_path / "file" / "x.otio"))
    wait()
    assert str(tmp_path / "file") in addon.jobs.state.error.cause


def test_every_range_of_the_exported_timeline_is_in_bounds(
    saved_film, add_pictures, add_sound, add_effect, click_track, set_speed, handles, wait, worker_python
):
    a, b = add_pictures("a"), add_pictures("b", channel=2, first=14)
    add_effect("CROSS", channel=3, first=14, end=21, inputs=(a, b))
    fast = add_pictures("fast", channel=4, first=31, count=40)
    set_speed(fast, 2)
    handles.set_left(fast, 36)
    handles.set_right(add_pictures("held", channel=5), 41)  # beyond its last picture
    handles.set_right(add_sound(click_track(seconds=1, clicks=[]), channel=6), 61)  # into silence
    path = saved_film.folder / "x.otio"
    bpy.ops.chromastrip.export(filepath=str(path))
    wait()
    tool = [worker_python.with_name("otiotool"), "-i", path, "--verify-ranges"]
    done = subprocess.run(tool, capture_output=True, text=True, check=True)
    told = done.stdout.splitlines()
    assert len([line for line in told if "IN BOUNDS" in line]) >= 6
    assert not [line for line in told if "OUT" in line]


def test_the_warnings_are_shown_after_the_export(addon, saved_film, add_pictures, wait):
    add_pictures("a").blend_alpha = 0.5
    bpy.ops.chromastrip.export(filepath=str(saved_film.folder / "x.otio"))
    wait()
    assert "Not in the file: opacity of “a”." in addon.jobs.state.notes


def _keyed(strip, *points):
    for frame, volume in points:
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)


@pytest.mark.parametrize("current", [1, 30])
def test_a_fade_in_is_not_read_at_the_playhead(read, saved_film, add_sound, click_track, current):
    strip = add_sound(click_track(seconds=2, clicks=[]))
    _keyed(strip, (1, 0), (21, 0.5), (31, 0.5), (41, 1))
    for curve in (curve for bag in [saved_film.scene] for curve in _curves(bag)):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    saved_film.scene.frame_set(current)
    result = read()
    (clip,) = result.edit.tracks[0].items
    assert [(point.frame, point.volume) for point in clip.volume_points] == [(0, 0), (20, 0.5), (30, 0.5), (40, 1), (50, 1)]
    assert clip.volume == pytest.approx((20 * 0.25 + 10 * 0.5 + 10 * 0.75 + 10) / 50)
    assert result.warnings == []


def test_a_smooth_fade_is_sampled_within_a_hundredth(addon, read, saved_film, add_sound, click_track):
    strip = add_sound(click_track(seconds=2, clicks=[]))
    _keyed(strip, (1, 0), (41, 1))
    (curve,) = _curves(saved_film.scene)
    (clip,) = read().edit.tracks[0].items
    protocol = __import__("sys").modules[f"{addon.__name__.removesuffix('.addon')}.core.protocol"]
    assert all(abs(protocol.volume_at(clip.volume_points, n) - curve.evaluate(1 + n)) < 0.01 for n in range(51))
    assert len(clip.volume_points) < 25


def test_a_driven_volume_is_named(read, saved_film, add_sound, click_track):
    strip = add_sound(click_track(seconds=2, clicks=[]))
    strip.driver_add("volume").driver.expression = "0.5"
    assert read().warnings == ["Not in the file: keyframes of “clicks”."]


def _curves(scene):
    action = scene.animation_data.action
    bags = [bag for layer in action.layers for part in layer.strips for bag in part.channelbags] if hasattr(action, "layers") else [action]
    return [curve for bag in bags for curve in bag.fcurves]


def test_a_movies_file_is_opened_once_for_its_rate(addon, read, saved_film, write_movie, monkeypatch):
    path = write_movie("m.mp4", fps=50, frame_count=40)
    for number in range(6):
        saved_film.editor.strips.new_movie(name=f"m{number}", filepath=str(path), channel=1 + number, frame_start=1, fit_method="FIT")
    speeds = __import__("sys").modules[f"{addon.__name__}.timeline.speeds"]
    opened, version = [], speeds._anew
    monkeypatch.setattr(speeds, "_anew", lambda *of: opened.append(of) or version(*of))
    assert [track[0] for track in read().tracks] == [f"m{number} 40 from 0 x1/2" for number in range(6)]
    assert len(opened) == 1
    assert len([key for key in speeds._rates if key[0] == str(path)]) == 1


def test_many_movies_are_opened_by_the_worker_and_none_in_blender(addon, read, saved_film, write_movie, wait, monkeypatch):
    paths = [write_movie(f"{number}.mp4", fps=(25, 50)[number % 2], frame_count=40) for number in range(6)]
    for number, path in enumerate(paths):
        saved_film.editor.strips.new_movie(name=f"m{number}", filepath=str(path), channel=1 + number, frame_start=1, fit_method="FIT")
    speeds = __import__("sys").modules[f"{addon.__name__}.timeline.speeds"]
    opened = []
    monkeypatch.setattr(speeds, "_own_rate", lambda strip: speeds._rates[speeds._version(speeds.movie_path(strip))])
    monkeypatch.setattr(speeds, "_anew", lambda *of: opened.append(of))
    assert bpy.ops.chromastrip.export(filepath=str(saved_film.folder / "many.otio")) == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state
    assert (saved_film.folder / "many.otio").is_file()
    assert opened == []
    assert [track[0] for track in read().tracks] == [f"m{number} 40 from 0" + " x1/2" * (number % 2) for number in range(6)]
