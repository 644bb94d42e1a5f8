"""Lyrics: the table of lines and things that a strip carries, its times, and what of it a film shows."""

import json
from fractions import Fraction

import bpy
import pytest

SONG = """[00:00.50]I saw a tiger walking down the road
[00:01.00]I ate an orange underneath the tree
[00:01.50]A lighthouse was shining over the sea
"""
PLAIN = "I saw a tiger walking down the road\nI ate an orange underneath the tree\n\nA lighthouse was shining over the sea\n"


@pytest.fixture
def sound(saved_film, add_sound, click_track):
    return add_sound(click_track(seconds=4, clicks=[0.5]), frame_start=11)


@pytest.fixture
def settings(sound):
    sound.chromastrip.class_count = 4
    return sound.chromastrip


@pytest.fixture
def timed(settings):
    """Give settings with a table of three lines at 0.5, 1 and 1.5 s."""
    rows = [{"words": f"line {number}", "classes": [number, number + 100], "begin": f"{number}/2"} for number in (1, 2, 3)]
    settings.words = json.dumps(rows)
    return settings


@pytest.fixture
def song(saved_film):
    path = saved_film.folder / "song.lrc"
    path.write_text(SONG)
    return path


def press(name, **options):
    assert getattr(bpy.ops.chromastrip, name)(**options) == {"FINISHED"}


def shown(addon, settings):
    return [(cue.start_seconds, cue.end_seconds, cue.classes[0]) for cue in addon.properties.read_settings(settings).cues]


def names(addon, settings):
    return [row.things[0].name for row in addon.lyrics.rows(settings.words)]


# Finding --------------------------------------------------------------------------------------------------------------------------------


def test_a_file_fills_the_table_the_list_and_the_request(addon, settings, song, wait):
    settings.lyrics_path = "//song.lrc"
    press("find_words")
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    assert names(addon, settings) == ["tiger", "orange", "lighthouse"]
    assert [item.name for item in settings.lines] == [line[10:] for line in SONG.splitlines()]
    assert len(settings.things) == 4
    request = addon.properties.read_settings(settings)
    assert [(cue.start_seconds, cue.classes[0]) for cue in request.cues] == [(Fraction(1, 2), 292), (1, 950), (Fraction(3, 2), 437)]
    assert all(len(cue.classes) > 1 for cue in request.cues)


def test_a_text_has_no_times_until_it_is_given_some(addon, settings, wait):
    text = bpy.data.texts.new("Song")
    text.write(PLAIN)
    settings.lyrics_source, settings.lyrics_text, settings.excluded = "TEXT", "Song", "big cat"
    press("find_words")
    wait()
    assert "tiger" not in names(addon, settings)
    assert shown(addon, settings) == []
    assert "no time" in addon.jobs.state.notes[-1]
    settings.line = 1
    press("choose_line_thing", thing="954")
    press("find_words")  # again: what was done by hand stays
    wait()
    assert names(addon, settings)[1:] == ["banana", "lighthouse"]


def test_finding_things_is_cancelled_like_other_jobs(addon, settings, song, wait):
    settings.lyrics_path = str(song)
    press("find_words")
    assert not bpy.ops.chromastrip.find_words.poll()
    press("cancel")
    wait()
    assert addon.jobs.state.error is None
    assert settings.words or "Cancelled" in addon.jobs.state.notes[0]  # unless it was faster


def test_wrong_lyrics_are_told_with_a_cure(addon, settings, saved_film, wait):
    settings.lyrics_path = str(saved_film.folder / "missing.lrc")
    press("find_words")
    wait()
    assert "missing.lrc" in addon.jobs.state.error.cause
    settings.lyrics_path = ""
    assert not bpy.ops.chromastrip.find_words.poll()


def test_a_missing_model_is_offered_only_where_blender_may_go_online(addon, settings, song):
    settings.lyrics_path = str(song)
    addon.jobs._end(None, addon.jobs.Failed(job_id="", cause="It is not here.", cure="Fetch it.", missing="sentence model"))
    assert addon.jobs.state.missing == "sentence model"
    assert bpy.ops.chromastrip.download_sentence_model.poll() == bpy.app.online_access


# Times ----------------------------------------------------------------------------------------------------------------------------------


def test_lines_show_until_the_next_one_in_the_sounds_own_time(addon, timed):
    half = Fraction(1, 2)
    assert shown(addon, timed) == [(half, 1, 1), (1, 3 * half, 2), (3 * half, 3 * half + 4, 3)]


def test_a_line_is_set_to_the_playhead_and_found_again(addon, timed, saved_film):
    saved_film.scene.frame_current = 11 + 60  # 2.5 s at 24 fps
    timed.line = 1
    press("time_line")
    assert timed.line == 2
    assert (Fraction(5, 2), Fraction(13, 2), 2) in shown(addon, timed)
    timed.line = 0
    press("go_to_line")
    assert saved_film.scene.frame_current == 11 + 12
    saved_film.scene.frame_current = 1
    with pytest.raises(RuntimeError, match="has not begun"):
        bpy.ops.chromastrip.time_line()


def test_times_are_typed_to_the_millisecond(addon, timed):
    timed.line = 0
    assert timed.line_start == pytest.approx(0.5)
    assert timed.line_end == pytest.approx(1)
    timed.line_start = 0.123
    timed.line_end = 0.75
    assert shown(addon, timed)[0] == (Fraction(123, 1000), Fraction(3, 4), 1)
    timed.line_start = 0.8  # its end does not come before its beginning
    assert shown(addon, timed)[0][:2] == (Fraction(4, 5), 1)
    press("untime_line")
    assert len(shown(addon, timed)) == 2
    assert not bpy.ops.chromastrip.go_to_line.poll()


def test_lines_without_times_are_spread_between_those_that_have_some(addon, settings):
    rows = [{"words": str(number), "classes": [number]} for number in range(5)]
    rows[2]["begin"] = "2"
    settings.words = json.dumps(rows)
    press("spread_lines")
    starts = [start for start, _, _ in shown(addon, settings)]
    assert starts[:3] == [0, 1, 2]
    assert 2 < starts[3] < starts[4] < 4
    assert not bpy.ops.chromastrip.spread_lines.poll()


# Things ---------------------------------------------------------------------------------------------------------------------------------


def test_another_thing_for_a_line_is_chosen_and_pinned(addon, timed):
    timed.line = 1
    press("use_line_thing", class_id=102)
    assert addon.properties.read_settings(timed).cues[1].classes == (102, 2)
    press("choose_line_thing", thing="281")
    assert addon.properties.read_settings(timed).cues[1].classes == (281, 2)
    rows = addon.lyrics.rows(timed.words)
    assert [row.is_pinned for row in rows] == [False, True, False]
    press("pin_line")
    assert not addon.lyrics.rows(timed.words)[1].is_pinned
    press("remove_line")
    assert names(addon, timed) == [addon.things.name_of(1), addon.things.name_of(3)]
    press("clear_words")
    assert timed.words == ""
    assert not bpy.ops.chromastrip.remove_line.poll()


# What carries it ------------------------------------------------------------------------------------------------------------------------


def test_a_film_carries_its_words_and_notices_when_they_change(addon, timed, sound, saved_film, wait, films):
    rows = json.loads(timed.words)
    timed.words = json.dumps([*rows, {"words": "no time", "classes": [5]}])
    timed.line = 3
    press("generate")
    wait()
    (film,) = films()
    assert film.chromastrip.words == timed.words
    assert addon.sections.state(film) == addon.sections.State.FRESH
    sound.select, film.select = False, True
    saved_film.editor.active_strip = film
    film.chromastrip.line = 3
    press("use_line_thing", class_id=6)  # of a line without a time: it is in no picture
    assert addon.sections.state(film) == addon.sections.State.FRESH
    film.chromastrip.line = 0
    before = film.chromastrip.words
    press("use_line_thing", class_id=101)
    assert addon.sections.state(film) == addon.sections.State.STALE
    press("redo")
    assert timed.words == film.chromastrip.words
    assert json.loads(addon.properties.settings_json(film.chromastrip))["words"] == timed.words
    film.chromastrip.words = before
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_a_piece_of_a_film_has_words_of_its_own(addon, timed, saved_film, wait, films):
    press("generate")
    wait()
    (film,) = films()
    piece = film.split(frame=30, split_method="SOFT")
    for strip in saved_film.editor.strips:
        strip.select = strip == piece
    saved_film.editor.active_strip = piece
    piece.chromastrip.line = 2
    saved_film.scene.frame_current = 11 + 48
    press("time_line")
    request, _ = addon.sections.piece_request(saved_film.scene, piece)
    (section,) = request.sections
    assert section.settings.cues[-1].start_seconds == 2
    assert request.settings.cues[-1].start_seconds == Fraction(3, 2)


def test_words_come_back_from_other_editors_and_are_shared_with_the_sound(addon, timed, sound, wait, films, saved_film, click_track):
    timed.excluded, timed.line = "dog", 1
    press("generate")
    wait()
    (film,) = films()
    metadata = addon.properties.settings_json(film.chromastrip)
    saved_film.editor.strips.remove(sound)
    back = saved_film.editor.strips.new_sound(name="clicks", filepath=str(click_track(seconds=4, clicks=[0.5])), channel=5, frame_start=1)
    film.chromastrip.words = film.chromastrip.excluded = ""
    losses = addon.timeline.losses.Losses()
    assert addon.importing.restoring.restore_settings(film, metadata, losses)
    assert [item.name for item in film.chromastrip.lines] == ["line 1", "line 2", "line 3"]
    assert addon.sections.state(film) == addon.sections.State.FRESH
    addon.importing.restoring.share_settings([film, back])
    assert (back.chromastrip.words, back.chromastrip.excluded) == (film.chromastrip.words, "dog")
    assert addon.properties.read_settings(back.chromastrip).cues == addon.properties.read_settings(film.chromastrip).cues


def test_strangers_words_do_no_harm(addon, settings):
    settings.words = "[{]"
    assert len(settings.lines) == 0
    with pytest.raises(addon.lyrics.UserError, match="cannot be read"):
        addon.properties.read_settings(settings)
