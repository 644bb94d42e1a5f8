"""The way back: what was exported, imported into an empty scene and exported again, is the same edit; strips stand where they stood."""

import math
import random
from dataclasses import replace
from fractions import Fraction

import bpy
import pytest


@pytest.fixture
def empty_scene(saved_film):
    """Give a function that makes an empty scene of another rate and size the edited one."""

    def make():
        scene = bpy.data.scenes.new("empty")
        scene.render.fps = 60
        scene.sequence_editor_create()
        bpy.context.window.scene = scene
        if hasattr(bpy.context.workspace, "sequencer_scene"):
            bpy.context.workspace.sequencer_scene = scene
        return scene

    return make


@pytest.fixture
def there_and_back(addon, saved_film, empty_scene, wait):
    """Give a function that exports, imports into an empty scene, and gives both edits and the notes."""

    def travel(ending=".otio", **options):
        first, _ = addon.timeline.read_edit(saved_film.scene)
        path = saved_film.folder / f"travel{ending}"
        assert bpy.ops.chromastrip.export(filepath=str(path), from_elsewhere=True, **options) == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state
        scene = empty_scene()
        assert bpy.ops.chromastrip.import_timeline(filepath=str(path)) == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, (addon.jobs.state, addon.jobs.state.details)
        second, _ = addon.timeline.read_edit(scene)
        return first, replace(second, name=first.name), addon.jobs.state.notes

    return travel


@pytest.fixture
def insert(addon, saved_film):
    """Give a function that puts an edit of one track into the scene."""

    def put(*items, kind="video", name="V1", fps=24, markers=(), **options):
        protocol = addon.timeline.reading
        track = protocol.Track(name=name, kind=kind, items=items)
        edit = protocol.Edit(name="edit", fps=Fraction(fps), tracks=(track,), markers=markers)
        return addon.importing.insert_edit(bpy.context, saved_film.scene, edit, **options)

    return put


@pytest.fixture
def still(addon, pictures):
    """Give a function that makes a clip of one picture."""
    clips = addon.timeline.clips

    def make(name, frame_count=10, path=None):
        path = path or str(pictures([f"{name}.png"], folder="stills") / f"{name}.png")
        return clips.Clip(name=name, media=clips.Still(path=path), source_start=Fraction(0), frame_count=frame_count)

    return make


def strips():
    return {strip.name: strip for strip in bpy.context.scene.sequence_editor.strips}


# Round trips ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60)], ids=str)
def test_cuts_trims_and_gaps_come_back(saved_film, add_pictures, add_sound, click_track, set_fps, handles, there_and_back, fps):
    set_fps(saved_film.scene, fps)
    film = add_pictures("film", first=11, count=40)
    film.split(frame=25, split_method="SOFT")
    handles.set_left(film, 14)
    add_pictures("upper", channel=3, first=60)
    sound = add_sound(click_track(seconds=2, clicks=[]), channel=2, frame_start=5)
    handles.set_left(sound, 9)
    sound.sound_offset, sound.volume, sound.mute = 1 / 64, 0.25, True
    first, second, notes = there_and_back()
    assert second == first
    assert len(notes) == 1  # that it was imported


def test_stills_colours_words_and_markers_come_back(saved_film, pictures, add_effect, handles, there_and_back):
    folder = pictures(["one.png"])
    still = saved_film.editor.strips.new_image(name="one", filepath=str(folder / "one.png"), channel=1, frame_start=3, fit_method="FIT")
    handles.set_right(still, 21)
    add_effect("COLOR", channel=1, first=30, end=41, name="red").color = (1, 0, 0.25)
    add_effect("TEXT", channel=2, first=6, end=11, name="title").text = "Über uns"
    saved_film.scene.timeline_markers.new("Strophe", frame=7)
    first, second, _ = there_and_back()
    assert second == first


def test_cross_fades_come_back(add_pictures, add_effect, there_and_back):
    a, b, c = add_pictures("a"), add_pictures("b", channel=2, first=17), add_pictures("c", first=31)
    add_effect("CROSS", channel=3, first=17, end=21, inputs=(a, b), name="1")
    add_effect("CROSS", channel=3, first=31, end=37, inputs=(b, c), name="2")
    add_pictures("title", channel=4)
    first, second, _ = there_and_back()
    assert second == first
    assert [strip.type for strip in strips().values()].count("CROSS") == 2


def test_cross_fades_of_sound_come_back(addon, saved_film, add_sound, click_track, set_fps, empty_scene, handles):
    set_fps(saved_film.scene, Fraction(25))
    path = click_track(seconds=4, clicks=[])
    clips = addon.timeline.clips
    media = clips.MediaFile(path=str(path), frame_count=100)
    pair = [
        clips.Clip(name=name, media=media, source_start=Fraction(20), frame_count=40, volume=0.5, enabled=True) for name in ("one", "two")
    ]
    reading = addon.timeline.reading
    items = (pair[0], reading.Crossfade(in_frames=3, out_frames=4), pair[1])
    track = reading.Track(name="Channel 1", kind="audio", items=items)
    edit = reading.Edit(name="e", fps=Fraction(25), tracks=(track,), width=128, height=128)
    assert addon.importing.insert_edit(bpy.context, saved_film.scene, edit) == []
    one, two = strips()["one"], strips()["two"]
    assert (handles.left(one), handles.right(one), handles.left(two), handles.right(two)) == (1, 45, 38, 81)
    second, warnings = addon.timeline.read_edit(saved_film.scene)
    assert second.tracks == edit.tracks
    assert warnings == []


@pytest.mark.parametrize("ending", [".otio", ".kdenlive", ".mlt", ".xml", ".fcpxml"])
def test_a_volume_that_changes_comes_back(saved_film, add_sound, click_track, there_and_back, set_fps, ending):
    set_fps(saved_film.scene, Fraction(25))
    strip = add_sound(click_track(seconds=2, clicks=[]))
    for frame, volume in ((1, 0), (21, 0.5), (31, 0.5), (51, 1)):
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)
    first, second, _ = there_and_back(ending)
    (one,), (two,) = (edit.tracks[0].items for edit in (first, second))
    assert two.volume == pytest.approx(one.volume, abs=0.01)
    assert [round(point.volume, 1) for point in two.volume_points[:: len(two.volume_points) - 1]] == [0, 1]


@pytest.mark.parametrize("speed", [2, 0.5, 1.3])
def test_speeds_come_back(saved_film, add_pictures, add_sound, click_track, write_movie, set_speed, set_fps, there_and_back, speed):
    set_fps(saved_film.scene, Fraction(25))
    movie = write_movie("m.mp4", fps=25, frame_count=40)
    made = [
        add_pictures("a", count=40, first=7),
        saved_film.editor.strips.new_movie(name="m", filepath=str(movie), channel=2, frame_start=1, fit_method="FIT"),
        add_sound(click_track(seconds=40 / 25, clicks=[]), channel=3),
    ]
    for strip in made:
        set_speed(strip, speed)
    saved_film.editor.strips["a"].split(frame=16, split_method="SOFT")
    first, second, _ = there_and_back()
    assert second == first


def test_a_movie_of_another_rate_comes_back_in_its_own_time(addon, saved_film, write_movie, set_fps, sequencer, handles):
    set_fps(saved_film.scene, Fraction(25))
    clips, reading = addon.timeline.clips, addon.timeline.reading
    media = clips.MediaFile(path=str(write_movie("m.mp4", fps=50, frame_count=80)), frame_count=40)
    clip = clips.Clip(name="m", media=media, source_start=Fraction(10), frame_count=20)
    track = reading.Track(name="Channel 1", kind="video", items=(clip,))
    edit = reading.Edit(name="e", fps=Fraction(25), tracks=(track,), width=128, height=128)
    assert addon.importing.insert_edit(bpy.context, saved_film.scene, edit) == []
    assert addon.timeline.read_edit(saved_film.scene)[0].tracks == edit.tracks


def test_our_films_settings_come_back_and_can_be_drawn_again(addon, saved_film, add_sound, click_track, wait, films, there_and_back):
    sound = add_sound(click_track(seconds=1, clicks=[0.5]), frame_start=11)
    sound.chromastrip.seed = 7
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    before = addon.properties.settings_json(film.chromastrip)
    first, second, _ = there_and_back()
    assert second == first
    (again,) = films()
    assert addon.properties.settings_json(again.chromastrip) == before
    assert again.color_tag == addon.strips.STRIP_COLOR
    sound = strips()["clicks"]
    assert (sound.chromastrip.seed, sound.chromastrip.model) == (7, "sync-card")
    for strip in strips().values():
        strip.select = strip == sound
    bpy.context.scene.sequence_editor.active_strip = sound
    bpy.ops.chromastrip.generate()
    wait()
    assert [strip.chromastrip.film for strip in films()] == [again.chromastrip.film] * 2


@pytest.mark.parametrize("ending", [".otioz", ".kdenlive", ".mlt", ".xml", ".fcpxml", ".edl"])
def test_every_format_brings_the_cuts_back(add_pictures, there_and_back, set_fps, saved_film, ending):
    set_fps(saved_film.scene, Fraction(25))
    add_pictures("film", first=11, count=40).split(frame=25, split_method="SOFT")
    first, second, _ = there_and_back(ending)
    lengths = [[item.frame_count for item in track.items] for track in first.tracks]
    assert [[item.frame_count for item in track.items] for track in second.tracks] == lengths
    assert [item.source_start for item in second.tracks[0].items if hasattr(item, "media")] == [0, 14]


@pytest.fixture
def random_edit(addon, pictures, click_track):
    """Give a function that makes an edit of random tracks, as different as strips allow."""
    reading, clips = addon.timeline.reading, addon.timeline.clips
    names = [f"r_{number:04d}.png" for number in range(101, 131)]
    folder = str(pictures([*names, "still.png"], folder="random"))
    frames = clips.FrameSequence(folder=folder, prefix="r_", suffix=".png", first_number=101, digits=4, frame_count=30)
    song = str(click_track(seconds=2, clicks=[0.5], name="random.wav"))
    media = [frames, clips.Still(path=f"{folder}/still.png"), clips.Colour(red=0.5, green=0.25, blue=1.0), clips.Text(words="Über\nuns 🎹")]

    def clip(rng, name, kind, fade, fps):
        one = clips.MediaFile(path=song, frame_count=math.ceil(2 * fps)) if kind == "audio" else rng.choice(media)
        is_file = kind == "audio" or one == frames
        start = Fraction(rng.randrange(-8, 40)) + (Fraction(rng.randrange(8), 8) if kind == "audio" else 0)
        return clips.Clip(
            name=name,
            media=one,
            source_start=start if is_file else Fraction(fade.in_frames if fade else 0),
            frame_count=rng.randrange(12, 40),
            enabled=rng.random() < 0.8,
            volume=rng.choice([1.0, 0.5, 0.25]) if kind == "audio" else 1.0,
        )

    def track(rng, kind, channel, fps):
        items = []
        for number in range(rng.randrange(1, 7)):
            fade = None
            if items and rng.random() < 0.4:
                frame_count = rng.randrange(2, 11)
                fade = reading.Crossfade(in_frames=frame_count // 2, out_frames=frame_count - frame_count // 2)
                items.append(fade)
            elif rng.random() < 0.5:
                items.append(reading.Gap(frame_count=rng.randrange(1, 30)))
            items.append(clip(rng, f"{kind} {channel} {number}", kind, fade, fps))
        return reading.Track(name=f"Channel {channel}", kind=kind, items=tuple(items))

    def edit(seed, fps):
        rng = random.Random(seed)
        tracks = [track(rng, "video", 3 * number + 1, fps) for number in range(rng.randrange(1, 4))]
        tracks += [track(rng, "audio", 2 * number + 20, fps) for number in range(rng.randrange(3))]
        marker_frames = sorted(rng.sample(range(100), 3))
        markers = tuple(reading.Marker(name=f"M{frame}", start=frame) for frame in marker_frames)
        return reading.Edit(name=f"random {seed}", fps=fps, tracks=tuple(tracks), markers=markers, width=640, height=360)

    return edit


@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(50)], ids=str)
@pytest.mark.parametrize("seed", range(12))
def test_any_edit_becomes_strips_that_are_the_same_edit(addon, saved_film, random_edit, seed, fps):
    edit = random_edit(seed, fps)
    scene = bpy.data.scenes.new(edit.name)
    assert addon.importing.insert_edit(bpy.context, scene, edit) == []
    again, warnings = addon.timeline.read_edit(scene)
    assert again == edit
    assert warnings == []


# As Blender renders it -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def render(tmp_path):
    """Give a function that renders frames of the edited scene's sequencer, and gives their pixels."""

    def frame(scene, number):
        path = tmp_path / f"{scene.name}_{number}.png"
        scene.frame_set(number)
        scene.render.filepath = str(path)
        if hasattr(scene.render.image_settings, "media_type"):
            scene.render.image_settings.media_type = "IMAGE"
        scene.render.image_settings.file_format = "PNG"
        scene.view_settings.view_transform = "Standard"
        bpy.ops.render.render(write_still=True, scene=scene.name)
        image = bpy.data.images.load(str(path))
        middle = image.pixels[len(image.pixels) // 2 : len(image.pixels) // 2 + 3]
        bpy.data.images.remove(image)
        return [round(value * 255) for value in middle]

    return lambda scene, frames: [frame(scene, number) for number in frames]


def test_every_frame_looks_as_before(saved_film, add_pictures, add_effect, set_speed, handles, there_and_back, render):
    a, b = add_pictures("a", count=40), add_pictures("b", channel=2, first=31, count=30)
    add_effect("CROSS", channel=3, first=31, end=41, inputs=(a, b))
    fast = add_pictures("fast", channel=4, first=64, count=60)
    set_speed(fast, 2.5)
    handles.set_left(fast, 68)
    slow = add_pictures("slow", channel=4, first=100)
    set_speed(slow, 0.6)
    handles.set_right(slow, 122)
    frames = [*range(28, 44), *range(62, 72), *range(84, 90), *range(98, 124)]
    before = render(saved_film.scene, frames)
    there_and_back()
    assert render(bpy.context.scene, frames) == before
    assert len({tuple(pixel) for pixel in before}) > 20


@pytest.mark.parametrize(("control", "factor"), [("MULTIPLY", 1.5), ("MULTIPLY", 0.5), ("STRETCH", 1)])
def test_speed_effects_and_metas_look_as_before_within_a_picture(
    saved_film, add_pictures, add_effect, sequencer, handles, there_and_back, render, control, factor
):
    add_pictures("inside", first=71, count=30).select = True
    with bpy.context.temp_override(area=sequencer, region=next(region for region in sequencer.regions if region.type == "WINDOW")):
        bpy.ops.sequencer.meta_make()
    (meta,) = saved_film.editor.strips
    handles.set_right(meta, 96)
    handles.set_left(meta, 75)
    strip = add_pictures("a", first=11, count=60)
    handles.set_left(strip, 16)
    handles.set_right(strip, 41)
    effect = add_effect("SPEED", channel=2, first=16, end=41, inputs=(strip,), name="speed")
    effect.speed_control, effect.speed_factor = control, factor
    frames = [*range(14, 43, 3), 40, *range(73, 98, 4)]
    before = [pixel[0] for pixel in render(saved_film.scene, frames)]
    there_and_back()
    after = [pixel[0] for pixel in render(bpy.context.scene, frames)]
    assert all(abs(one - other) <= 1 for one, other in zip(before, after, strict=True)), list(zip(frames, before, after, strict=True))


def test_every_sample_sounds_as_before(
    saved_film, add_sound, click_track, crossfade_sounds, set_fps, set_speed, handles, there_and_back, tmp_path
):
    set_fps(saved_film.scene, Fraction(25))
    path = click_track(seconds=4, clicks=[0.1, 0.9, 1.7, 2.4, 3.3])
    whole = add_sound(path, frame_start=11)
    handles.set_left(whole, 30)
    whole.sound_offset, whole.volume = 1 / 64, 0.5
    fast = add_sound(path, channel=2, frame_start=21)
    set_speed(fast, 1.6)
    handles.set_left(fast, 40)
    one, two = add_sound(path, channel=3, frame_start=121), add_sound(path, channel=4, frame_start=201)
    for strip in saved_film.editor.strips:
        strip.select = strip in (one, two)
    assert crossfade_sounds() == {"FINISHED"}
    for curve in bpy.data.actions[-1].layers[0].strips[0].channelbags[0].fcurves:
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"

    def mix(scene):
        wav = tmp_path / f"{scene.name}.wav"
        scene.frame_start, scene.frame_end = 1, 320
        scene.frame_set(1)
        bpy.ops.sound.mixdown(filepath=str(wav), container="WAV", codec="PCM", format="S16")
        return wav.read_bytes()

    before = mix(saved_film.scene)
    there_and_back()
    assert mix(bpy.context.scene) == before
    assert len(set(before)) > 2


# An edit into a scene -------------------------------------------------------------------------------------------------------------------


def test_an_empty_scene_takes_rate_size_and_length(addon, saved_film, insert, still):
    insert(still("a", 30), fps=Fraction(30000, 1001))
    assert addon.strips.scene_fps(saved_film.scene) == Fraction(30000, 1001)
    assert saved_film.scene.frame_end == 30


def test_strips_land_above_what_is_there_and_nothing_moves(saved_film, insert, still, add_pictures, handles):
    add_pictures("old", channel=4, first=1)
    saved_film.scene.render.fps = 25
    notes = insert(still("new"), first_frame=6)
    made = strips()
    assert (made["new"].channel, handles.left(made["new"]), handles.right(made["new"])) == (5, 6, 16)
    assert (made["old"].channel, handles.left(made["old"])) == (4, 1)
    assert notes == ["The timeline “edit” has 24 frames a second, the scene 25."]
    assert [name for name, strip in made.items() if strip.select] == ["new"]


def test_what_begins_before_its_media_or_ends_after_them_holds_its_place(addon, insert, pictures, handles):
    clips = addon.timeline.clips
    names = [f"a_{number:04d}.png" for number in range(10)]
    media = clips.FrameSequence(folder=str(pictures(names)), prefix="a_", suffix=".png", first_number=0, digits=4, frame_count=10)
    insert(
        *(clips.Clip(name=f"{start}", media=media, source_start=Fraction(start), frame_count=5) for start in (-30, -2, 3, 8, 50)),
    )
    assert [(name, handles.left(strip), handles.right(strip)) for name, strip in strips().items()] == [
        ("-30", 1, 6),
        ("-2", 6, 11),
        ("3", 11, 16),
        ("8", 16, 21),
        ("50", 21, 26),
    ]
    assert [strip.channel for strip in strips().values()] == [1] * 5


def test_missing_media_are_named_and_their_strips_are_there(addon, insert, still, tmp_path):
    clips = addon.timeline.clips
    sound = clips.Clip(
        name="gone", media=clips.MediaFile(path=str(tmp_path / "gone.wav"), frame_count=50), source_start=Fraction(7), frame_count=20
    )
    notes = insert(sound, kind="audio")
    assert "“gone”" in notes[0]
    assert "missing" in notes[0]
    assert strips()["gone"].sound.filepath.endswith("gone.wav")


def test_markers_keep_their_names(addon, saved_film, insert, still):
    marker = addon.timeline.reading.Marker
    notes = insert(still("a"), markers=(marker(name="one", start=3), marker(name="", comment="two", start=5, colour="RED")))
    assert [(marker.name, marker.frame) for marker in saved_film.scene.timeline_markers] == [("one", 4), ("two", 6)]
    assert notes == ["Blender's markers have a name and a frame, and no more: “two”."]


def test_a_timeline_of_too_many_tracks_changes_nothing(addon, saved_film, still):
    reading = addon.timeline.reading
    tracks = tuple(reading.Track(name=str(number), kind="video", items=(still("a"),)) for number in range(130))
    with pytest.raises(addon.jobs.UserError, match="channels"):
        addon.importing.insert_edit(bpy.context, saved_film.scene, reading.Edit(name="e", fps=Fraction(24), tracks=tracks))
    assert strips() == {}


def test_the_import_is_one_step_of_undo(addon, saved_film, add_pictures, there_and_back):
    add_pictures("a").split(frame=8, split_method="SOFT")
    bpy.ops.ed.undo_push(message="Before")
    there_and_back()
    assert len(bpy.data.scenes["empty"].sequence_editor.strips) == 2
    bpy.ops.ed.undo()
    assert "empty" not in bpy.data.scenes or len(bpy.data.scenes["empty"].sequence_editor.strips) == 0


def test_a_file_that_is_no_timeline_is_refused(addon, saved_film, wait):
    path = saved_film.folder / "broken.otio"
    path.write_text("{")
    bpy.ops.chromastrip.import_timeline(filepath=str(path))
    wait()
    assert addon.jobs.state.error is not None
    assert strips() == {}


def test_settings_of_another_version_are_told(addon, insert, pictures):
    clips = addon.timeline.clips
    media = clips.FrameSequence(folder=str(pictures(["a_0.png"])), prefix="a_", suffix=".png", first_number=0, digits=1, frame_count=1)
    made = '{"film":"abc","seed":3,"colour_of_the_moon":1,"look":"nobody\'s"}'
    notes = insert(clips.Clip(name="a", media=media, source_start=Fraction(0), frame_count=1, metadata=made))
    assert "another version" in notes[0]
    assert (strips()["a"].chromastrip.film, strips()["a"].chromastrip.seed) == ("abc", 3)


def test_two_thousand_clips_come_in(insert, still):
    clip = still("a", 5)
    insert(*(replace(clip, name=f"a {number}") for number in range(2000)))
    assert len(strips()) == 2000
