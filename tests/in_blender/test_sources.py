"""Which sound a film hears: one strip, several, a meta, a retimed one, one with a volume curve; and its mix, exact to the frame."""

import shutil
import sys
from pathlib import Path

import bpy
import pytest

HITS = (
    "import av, json, numpy as np;"
    "f = av.open({path!r}); s = f.streams.audio[0];"
    "y = np.concatenate([np.abs(a.to_ndarray()).reshape(-1, s.channels).max(1) for a in f.decode(s)]);"
    "n = np.flatnonzero(y > 0.02); n = n[np.r_[True, np.diff(n) > 1000]] if len(n) else n;"
    "print(json.dumps((n / s.rate * 24).tolist()))"
)
"""Find where silence turns loud, in frames at 24 fps, from the file's first sample on."""

CLICKS = [0.25, 0.5, 1.0]  # frames 6, 12 and 24 of a sound at 24 fps


@pytest.fixture
def song(click_track):
    return click_track(seconds=1.5, clicks=CLICKS)


@pytest.fixture
def mixed(addon, saved_film, worker_python, run_worker):
    """Give a function that has the mix for some strips made, and gives the frames of the timeline on which it hits."""

    def mix(*strips):
        select(saved_film, *strips)
        request = addon.strips.render_request(saved_film.scene, addon.strips.source_strip(saved_film.scene))
        first, _ = addon.strips.heard_span(saved_film.scene, strips[0])
        assert request.mix is not None
        found = run_worker(
            "from core.sound.mixing import ensure_sound; from core.protocol import Mix;"
            f"ensure_sound({request.sound_path!r}, Mix(blend_path={request.mix.blend_path!r}));" + HITS.format(path=request.sound_path)
        )
        return [first + frame for frame in found], request

    return mix


@pytest.fixture
def in_sequencer(saved_film, sequencer):
    """Give a function that calls an operator as the sequencer's menu does."""
    region = next(region for region in sequencer.regions if region.type == "WINDOW")

    def call(operator):
        window = bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window, area=sequencer, region=region, scene=saved_film.scene):
            assert operator() == {"FINISHED"}

    return call


def select(saved_film, *strips):
    for other in saved_film.editor.strips_all:
        other.select = other in strips
    saved_film.editor.active_strip = strips[0]


def near(frames):
    return pytest.approx(frames, abs=0.05)


def counts():
    return {name: len(getattr(bpy.data, name)) for name in ("scenes", "sounds", "actions", "collections", "objects", "node_groups")}


# What is mixed ---------------------------------------------------------------------------------------------------------------------------


def test_a_plain_sound_is_its_own_file(addon, saved_film, add_sound, song):
    strip = add_sound(song, frame_start=11)
    select(saved_film, strip)
    request = addon.strips.render_request(saved_film.scene, strip)
    assert (request.mix, Path(request.sound_path)) == (None, song)


def test_several_sounds_are_mixed_as_they_lie_and_others_are_not_heard(addon, saved_film, add_sound, song, mixed, handles):
    first, second, stranger = (add_sound(song, frame_start=start, channel=channel) for start, channel in ((11, 1), (50, 3), (20, 5)))
    handles.set_left(first, 14)
    found, request = mixed(first, second)
    assert found == near([17, 23, 35, 56, 62, 74])
    assert (request.source_start_seconds, request.frame_count) == (0, handles.right(second) - 14)
    where = addon.strips.placement(saved_film.scene, first)
    assert (where.left_handle, where.channel, where.sound_names) == (14, 3, (first.name, second.name))
    assert stranger.name not in where.sound_names


def test_muted_ones_of_several_are_not_heard(addon, saved_film, add_sound, song):
    first, second, third = (add_sound(song, frame_start=start, channel=start) for start in (1, 3, 5))
    second.mute = True
    saved_film.editor.channels[5].mute = True
    select(saved_film, first, second, third)
    assert addon.strips.selected_sources(saved_film.scene) == [first]
    select(saved_film, second)
    assert addon.strips.selected_sources(saved_film.scene) == [second]


def test_a_meta_strip_is_heard_as_it_is_trimmed(saved_film, add_sound, song, mixed, handles, in_sequencer):
    select(saved_film, add_sound(song, frame_start=11), add_sound(song, frame_start=61, channel=2))
    in_sequencer(bpy.ops.sequencer.meta_make)
    (meta,) = saved_film.editor.strips
    meta.name = "Both"
    handles.set_left(meta, 20)
    found, request = mixed(meta)
    assert found == near([23, 35, 67, 73, 85])
    assert request.name == "Both"


def test_in_an_open_meta_strip_its_sounds_are_chosen_from(addon, saved_film, add_sound, song, mixed, in_sequencer):
    names = [add_sound(song, frame_start=start, channel=channel).name for start, channel in ((11, 1), (61, 2), (100, 3))]
    select(saved_film, *(saved_film.editor.strips_all[name] for name in names))
    in_sequencer(bpy.ops.sequencer.meta_make)
    in_sequencer(bpy.ops.sequencer.meta_toggle)
    inner = [saved_film.editor.strips_all[name] for name in names[:2]]
    assert mixed(*inner)[0] == near([17, 23, 35, 67, 73, 85])
    in_sequencer(bpy.ops.sequencer.meta_toggle)


def test_a_retimed_sound_hits_where_it_plays(saved_film, add_sound, song, mixed, set_speed, handles):
    strip = add_sound(song, frame_start=11)
    if hasattr(strip, "pitch_correction"):
        strip.pitch_correction = False
    set_speed(strip, 2)
    strip = saved_film.editor.strips_all[strip.name]
    found, request = mixed(strip)
    assert found == pytest.approx([11 + 3, 11 + 6, 11 + 12], abs=0.6)
    assert request.frame_count == handles.right(strip) - handles.left(strip)


def test_a_volume_curve_is_heard(saved_film, add_sound, song, mixed):
    strip = add_sound(song, frame_start=11)
    for frame, volume in ((11, 0.0), (22, 0.0), (23, 1.0)):
        strip.volume = volume
        strip.keyframe_insert("volume", frame=frame)
    found, _ = mixed(strip)
    assert found == near([23, 35])


def test_a_scene_strip_is_heard(saved_film, add_sound, song, mixed):
    other = bpy.data.scenes.new("Other")
    other.sequence_editor_create().strips.new_sound(name="x", filepath=str(song), channel=1, frame_start=1)
    other.frame_end = 30
    strip = saved_film.editor.strips.new_scene(name="Inside", scene=other, channel=1, frame_start=11)
    strip.chromastrip.model = "sync-card"
    if hasattr(strip, "scene_input"):
        strip.scene_input = "SEQUENCER"
    found, _ = mixed(strip)
    assert found == near([17, 23, 35])


def test_packed_sounds_are_mixed(saved_film, add_sound, song, mixed):
    first, second = add_sound(song, frame_start=11), add_sound(song, frame_start=61, channel=2)
    first.sound.pack()
    song.unlink()
    second.sound = first.sound
    found, _ = mixed(first, second)
    assert found == near([17, 23, 35, 67, 73, 85])


# What is left as it was ------------------------------------------------------------------------------------------------------------------


def test_the_scene_stays_as_it_was(addon, saved_film, add_sound, song):
    scene = saved_film.scene
    first, second = add_sound(song, frame_start=11), add_sound(song, frame_start=61, channel=2)
    first.keyframe_insert("volume", frame=11)
    third = add_sound(song, frame_start=5, channel=4)
    third.mute, scene.use_preview_range, scene.frame_preview_start = True, True, 7
    select(saved_film, first, second)
    scene.frame_set(33)
    before = counts(), [strip_told(strip) for strip in saved_film.editor.strips], scene_told(scene)
    addon.strips.render_request(scene, first)
    assert (counts(), [strip_told(strip) for strip in saved_film.editor.strips], scene_told(scene)) == before


def strip_told(strip):
    return strip.name, strip.mute, strip.select, strip.channel, strip.volume, strip.sound.filepath


def scene_told(scene):
    names = ("frame_start", "frame_end", "frame_current", "use_preview_range", "frame_preview_start", "use_audio", "name")
    return *(getattr(scene, name) for name in names), scene.sequence_editor.active_strip.name, scene.animation_data.action.name


def test_the_same_sounds_are_the_same_mix_wherever_they_lie_together(addon, saved_film, add_sound, song):
    first, second = add_sound(song, frame_start=11), add_sound(song, frame_start=61, channel=2)
    first.keyframe_insert("volume", frame=20)

    def name():
        return addon.sources.digest(saved_film.scene, [first, second])

    before = name()
    second.volume = 0.5
    louder = name()
    second.volume = 1.0
    assert before == name() != louder
    second.channel = 7
    assert name() == before
    second.sound_offset = 0.1
    assert name() != before


def test_what_cannot_be_mixed_says_why(addon, saved_film, add_sound, song):
    first, second = add_sound(song, frame_start=-30), add_sound(song, frame_start=61, channel=2)
    select(saved_film, first, second)
    with pytest.raises(RuntimeError, match=r"begin at frame -30.*Move them"):
        bpy.ops.chromastrip.generate()
    song.unlink()
    with pytest.raises(RuntimeError, match="is missing"):
        bpy.ops.chromastrip.generate()
    saved_film.editor.active_strip = None
    select_none(saved_film)
    with pytest.raises(RuntimeError, match="select several to mix them"):
        bpy.ops.chromastrip.generate()


def select_none(saved_film):
    for strip in saved_film.editor.strips_all:
        strip.select = False


# The film --------------------------------------------------------------------------------------------------------------------------------


def beside(film):
    return Path(bpy.path.abspath(film.directory)).parent / "sounds"


@pytest.fixture
def film(addon, saved_film, add_sound, song, wait, films):
    """Give a film of two sounds, drawn and selected."""
    first, second = add_sound(song, frame_start=11), add_sound(song, frame_start=50, channel=2)
    second.chromastrip.seed = 3
    select(saved_film, first, second)
    saved_film.editor.active_strip = second
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    (strip,) = films()
    select(saved_film, strip)
    return strip


def test_the_film_of_a_mix_lies_above_all_its_sounds_from_the_first_to_the_last(saved_film, film, handles):
    sounds = [strip for strip in saved_film.editor.strips if strip.type == "SOUND"]
    assert (handles.left(film), handles.right(film)) == (11, max(map(handles.right, sounds)))
    assert (film.channel, film.chromastrip.seed, film.chromastrip.mixed_names) == (3, 3, "clicks\nclicks.001")
    assert sorted(path.suffix for path in beside(film).iterdir()) == [".blend", ".wav"]


def test_redo_selects_all_the_sounds_and_render_makes_the_mix_again_after_reloading(addon, saved_film, film, wait):
    film.chromastrip.seed = 9
    assert bpy.ops.chromastrip.redo() == {"FINISHED"}
    assert [strip.name for strip in addon.strips.selected_sources(saved_film.scene)] == ["clicks", "clicks.001"]
    assert addon.sections.shown_strip(saved_film.scene).chromastrip.seed == 9
    name, folder = film.name, beside(film)
    names = sorted(path.name for path in folder.iterdir())
    film.split(frame=30, split_method="SOFT")
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    for suffixes in ((".wav",), (".wav", ".blend")):
        for path in folder.iterdir():
            if path.suffix in suffixes:
                path.unlink()
        editor = bpy.context.scene.sequence_editor
        for other in editor.strips:
            other.select = other.name == name
        editor.strips[name].chromastrip.jitter = 0.1 * len(suffixes)
        assert bpy.ops.chromastrip.render() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error
        assert sorted(path.name for path in folder.iterdir()) == names


def test_a_mix_that_cannot_be_made_again_says_so(saved_film, film):
    shutil.rmtree(beside(film))
    saved_film.editor.strips.remove(saved_film.editor.strips["clicks"])
    film.chromastrip.jitter = 0.9
    with pytest.raises(RuntimeError, match=r"The sounds that .* was drawn from are gone"):
        bpy.ops.chromastrip.render()


def test_beats_are_marked_along_a_mix(addon, saved_film, add_sound, click_track, wait):
    """Clicks every half second, twelve frames, over two strips with a gap of a beat."""
    clicks = click_track(seconds=4, clicks=[0.5 * n for n in range(8)])
    first, second = add_sound(clicks, frame_start=13), add_sound(clicks, frame_start=13 + 9 * 12, channel=2)
    select(saved_film, first, second)
    assert bpy.ops.chromastrip.add_markers(kinds={"BEATS"}) == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    frames = [marker.frame for marker in saved_film.scene.timeline_markers]
    assert len(frames) > 6
    assert max(frames) > 13 + 10 * 12
    assert all(min(frame % 12, -frame % 12) <= 2 or min((frame - 1) % 12, -(frame - 1) % 12) <= 2 for frame in frames)
    request = addon.strips.render_request(saved_film.scene, first)
    assert [round(time * 24) + 13 for time in request.beats_seconds] == sorted(frames)


def test_the_film_of_a_mix_of_one_plain_sound_hits_on_the_same_frames(addon, saved_film, add_sound, song, run_worker):
    """A volume curve that changes nothing makes it a mix: its samples are the file's, a little quieter."""
    strip = add_sound(song, frame_start=11, model="abstract")
    encode = sys.modules[addon.__name__.replace(".addon", ".core.protocol")].encode
    select(saved_film, strip)
    requests = [encode(addon.strips.render_request(saved_film.scene, strip))]
    strip.keyframe_insert("volume", frame=11)
    requests.append(encode(addon.strips.render_request(saved_film.scene, strip)))
    motion, motion_of_mix = run_worker(
        "import json, numpy as np; from core.latents import latents_of; from core.protocol import RenderRequest, decode;"
        "from core.sound.listening import listen; from core.sound.mixing import ensure_sound;"
        f"requests = [decode(line, RenderRequest) for line in {requests!r}];"
        "[ensure_sound(one.sound_path, one.mix) for one in requests];"
        "noise = [latents_of(one, listen(one), class_total=1000).noise for one in requests];"
        "print(json.dumps([np.linalg.norm(np.diff(rows, axis=0), axis=1).astype(float).tolist() for rows in noise]))"
    )
    assert strongest(motion) == strongest(motion_of_mix)
    assert motion == pytest.approx(motion_of_mix, rel=0.05, abs=0.05 * max(motion))


def strongest(motion):
    """Give the three frames at which a film moves most."""
    peaks = [n for n in range(1, len(motion) - 1) if motion[n - 1] < motion[n] >= motion[n + 1]]
    return sorted(sorted(peaks, key=lambda n: -motion[n])[:3])
