"""Sync, to the frame and the sample: rendered by Blender, frame n shows picture n, and clicks sit where the source has them."""

from fractions import Fraction

import bpy
import pytest

CLICKS = [0.25, 0.9137, 1.5, 2.03125, 2.9]
SAMPLE = 1 / 48_000

RATES = [Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60)]


@pytest.fixture
def render(saved_film):
    """Give a function that renders frames first ... last by Blender's sequencer, with uncompressed sound."""

    def to_movie(first, last):
        scene = saved_film.scene
        scene.frame_start, scene.frame_end = first, last
        if hasattr(scene.render.image_settings, "media_type"):
            scene.render.image_settings.media_type = "VIDEO"
        scene.render.image_settings.file_format = "FFMPEG"
        ffmpeg = scene.render.ffmpeg
        ffmpeg.format, ffmpeg.codec, ffmpeg.constant_rate_factor, ffmpeg.ffmpeg_preset = "MKV", "H264", "MEDIUM", "REALTIME"
        ffmpeg.audio_codec, ffmpeg.audio_mixrate = "PCM", 48_000
        path = saved_film.folder / "render.mkv"
        scene.render.filepath = str(path)
        bpy.ops.render.render(animation=True)
        return path

    return to_movie


def whole(strip, handles):
    """A strip as it was added."""


def trimmed(strip, handles):
    """A strip that was moved, then trimmed at both ends."""
    handles.set_left(strip, handles.left(strip) + 13)
    handles.set_right(strip, handles.right(strip) - 7)


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize(("edit", "frame_start"), [(whole, 1), (trimmed, 37)])
def test_frame_n_shows_picture_n_and_clicks_sit_where_the_source_has_them(
    fps, edit, frame_start, saved_film, add_sound, click_track, wait, films, handles, set_fps, render, read_movie
):
    set_fps(saved_film.scene, fps)
    sound = add_sound(click_track(seconds=3.3, clicks=CLICKS), frame_start=frame_start)
    edit(sound, handles)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (film,) = films()
    assert (handles.left(film), handles.right(film)) == (handles.left(sound), handles.right(sound))

    movie = read_movie(render(handles.left(sound), handles.right(sound) - 1))

    assert Fraction(movie.fps) == fps
    assert movie.cards == [[frame, 0] for frame in range(handles.right(sound) - handles.left(sound))]
    cut = Fraction(handles.left(sound) - frame_start) / fps  # off the sound's beginning
    length = len(movie.cards) / fps
    expected = [click - float(cut) for click in CLICKS if 0 <= click - cut < length]
    assert movie.clicks == pytest.approx(expected, abs=2 * SAMPLE)


def test_request_names_the_exact_source_time_of_a_trimmed_strip(addon, saved_film, add_sound, click_track, handles, set_fps):
    set_fps(saved_film.scene, Fraction(30000, 1001))
    sound = add_sound(click_track(seconds=3.3, clicks=CLICKS), frame_start=37)
    handles.set_left(sound, 50)
    sound.sound_offset = 0.5
    request = addon.strips.render_request(saved_film.scene, sound)
    assert request.source_start_seconds == Fraction(13 * 1001, 30000) + Fraction(1, 2)
    assert request.fps == Fraction(30000, 1001)


@pytest.mark.any_blender
def test_after_ten_minutes_at_an_ntsc_rate_the_last_frame_is_right(
    saved_film, add_sound, click_track, wait, handles, set_fps, render, read_movie
):
    set_fps(saved_film.scene, Fraction(30000, 1001))
    sound = add_sound(click_track(seconds=600, clicks=[1.0, 599.5]))
    bpy.ops.chromastrip.generate()
    wait(seconds=240)
    frames = handles.right(sound) - 1
    movie = read_movie(render(frames - 29, frames))
    assert movie.cards == [[frame, 0] for frame in range(frames - 30, frames)]
    rendered_from = (frames - 30) * 1001 / 30000
    assert movie.clicks == pytest.approx([599.5 - rendered_from], abs=2 * SAMPLE)


# Blender plays Vorbis 2.9 ms early, and an mp3's very beginning 25 ms early, until a frame is trimmed off (4.5 to 5.2, measured).
@pytest.mark.parametrize(("suffix", "tolerance"), [(".mp3", 0.001), (".m4a", 0.001), (".mp4", 0.001), (".ogg", 0.003)])
def test_what_blender_plays_is_what_is_analysed(
    suffix, tolerance, saved_film, add_sound, wait, run_worker, set_fps, handles, render, read_movie, tmp_path
):
    """Encoders put silence in front; Blender and the analysis must agree on where the sound begins."""
    trim = 5
    path = tmp_path / f"clicks{suffix}"
    run_worker(f"from pathlib import Path; from tests import sounds; sounds.write(Path({str(path)!r}), sounds.click_track())")
    analysed = run_worker(
        f"from pathlib import Path; from core.sound import audio; from tests import sounds; import json;"
        f"print(json.dumps(list(sounds.find_clicks(audio.load(Path({str(path)!r})), audio.SAMPLE_RATE))))"
    )
    set_fps(saved_film.scene, Fraction(25))
    sound = add_sound(path)
    handles.set_left(sound, 1 + trim)
    bpy.ops.chromastrip.generate()
    wait()
    movie = read_movie(render(1 + trim, handles.right(sound) - 1))
    assert movie.cards == [[frame, 0] for frame in range(len(movie.cards))]
    assert len(analysed) >= 3
    assert movie.clicks == pytest.approx([click - trim / 25 for click in analysed], abs=tolerance)


def test_a_movie_whose_sound_begins_late_is_heard_as_blender_plays_it(
    addon, saved_film, sequencer, run_worker, set_fps, handles, render, read_movie, tmp_path
):
    """Blender plays it up to one and a half frames before the place that the strip names, and the film follows."""
    path = tmp_path / "late.mkv"
    run_worker(
        f"from pathlib import Path; from tests import stamped_sounds as s;"
        f"s.write(Path({str(path)!r}), s.clicks(seconds=4.5, begin=0.5), begin=0.5)"
    )
    set_fps(saved_film.scene, Fraction(25))
    if bpy.app.version < (5, 0):
        region = next(region for region in sequencer.regions if region.type == "WINDOW")
        window = bpy.context.window_manager.windows[0]
        with bpy.context.temp_override(window=window, area=sequencer, region=region, scene=saved_film.scene):
            bpy.ops.sequencer.movie_strip_add(filepath=str(path), frame_start=1, channel=1, sound=True, use_framerate=False)
    else:  # without a window the operator ends the process
        saved_film.editor.strips.new_movie("late", str(path), 2, 1)
        handles.set_left(saved_film.editor.strips.new_sound("late", str(path), 1, 13), 1)
    (sound,) = (strip for strip in saved_film.editor.strips_all if strip.type == "SOUND")
    request = addon.strips.render_request(saved_film.scene, sound)
    heard = run_worker(
        f"from core.sound.mixing import ensure_sound; from core.protocol import Mix; ensure_sound({request.sound_path!r},"
        f"Mix(blend_path={request.mix.blend_path!r})); from pathlib import Path; from core.sound import audio; from tests import sounds;"
        f"import json; print(json.dumps(list(sounds.find_clicks(audio.load(Path({request.sound_path!r})), audio.SAMPLE_RATE))))"
    )
    played = read_movie(render(1, 120)).clicks
    assert len(played) == 3
    assert [click - float(request.source_start_seconds) for click in heard] == pytest.approx(played, abs=0.01)
