"""The cue sheet in Blender: seen before anything is drawn, changed by hand, as markers and back."""

from fractions import Fraction

import bpy
import pytest


@pytest.fixture
def sound(saved_film, add_sound, click_track):
    sound = add_sound(click_track(seconds=40, clicks=[0.5 + 0.5 * number for number in range(78)]), frame_start=11)
    sound.chromastrip.model, sound.chromastrip.seed = "sync-card", 3
    return sound


@pytest.fixture
def settings(sound):
    return sound.chromastrip


@pytest.fixture
def write(addon, wait):
    def press():
        assert bpy.ops.chromastrip.direct() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error

    return press


def table(addon, settings):
    return addon.lyrics.rows(settings.words)


def leads(addon, settings):
    return [row.things[0].name for row in table(addon, settings)]


def markers(scene):
    return sorted((marker.frame, marker.name) for marker in scene.timeline_markers if marker.name.startswith("Cue "))


def test_the_sheet_fills_the_table_and_is_in_the_request(addon, settings, write, saved_film, sound):
    assert settings.blend == pytest.approx(0.4)
    write()
    rows = table(addon, settings)
    assert len(rows) > 3
    assert all(row.part for row in rows)
    assert [item.name for item in settings.lines] == [f"Part {row.part}" for row in rows]
    cues = addon.strips.render_request(saved_film.scene, sound).settings.cues
    assert [(cue.start_seconds, cue.part) for cue in cues] == [(row.start_seconds, row.part) for row in rows]
    assert settings.classes == ""


def test_writing_again_keeps_what_is_sung_and_what_is_pinned(addon, settings, write):
    settings.words = '[{"words":"a tiger","classes":[292],"begin":"10","end":"14"}]'
    write()
    rows = table(addon, settings)
    assert [row.text for row in rows if row.text] == ["a tiger"]
    assert [row.start_seconds for row in rows] == sorted(row.start_seconds for row in rows)
    settings.line = 0
    assert bpy.ops.chromastrip.choose_line_thing(thing="954") == {"FINISHED"}
    changed = leads(addon, settings)
    assert changed[0] == "banana"
    settings.class_count = 3
    write()
    again = leads(addon, settings)
    assert again[0] == "banana"
    assert len(set(again)) < len(set(changed))


def test_another_class_for_a_part_is_for_all_of_it(addon, settings, write):
    write()
    before = table(addon, settings)
    old, part = before[0].things[0].class_id, before[0].part
    settings.line = 0
    bpy.ops.chromastrip.choose_line_thing(thing="954")
    for was, row in zip(before, table(addon, settings), strict=True):
        expected = [954 if thing.class_id == old and was.part == part else thing.class_id for thing in was.things]
        assert [thing.class_id for thing in row.things] == expected


def test_cues_go_to_markers_and_come_back_moved(addon, settings, write, saved_film):
    write()
    scene, before = saved_film.scene, table(addon, settings)
    assert bpy.ops.chromastrip.cues_to_markers() == {"FINISHED"}
    assert bpy.ops.chromastrip.cues_to_markers() == {"FINISHED"}, "in the place of those before"
    assert [name for _, name in markers(scene)] == [f"Cue {row.things[0].name}" for row in before]
    assert bpy.ops.chromastrip.cues_from_markers() == {"FINISHED"}
    assert table(addon, settings) == before
    second = sorted((marker for marker in scene.timeline_markers), key=lambda marker: marker.frame)[1]
    second.frame += 5
    second.name = "Cue banana"
    bpy.ops.chromastrip.cues_from_markers()
    moved = table(addon, settings)[1]
    assert moved.things[0].name == "banana"
    assert moved.start_seconds == Fraction(second.frame - 11) / addon.strips.scene_fps(scene)
    assert [row.start_seconds for row in table(addon, settings)][2:] == [row.start_seconds for row in before][2:]


def test_a_marker_that_names_nothing_is_told(settings, saved_film, sound):
    saved_film.scene.timeline_markers.new("Cue unicorn", frame=20)
    with pytest.raises(RuntimeError, match="unicorn"):
        bpy.ops.chromastrip.cues_from_markers()


def test_moved_bars_are_in_the_request(addon, saved_film, sound):
    request = addon.strips.render_request
    for frame in (23, 71, 119):
        saved_film.scene.timeline_markers.new(f"Bar {frame}", frame=frame)
    fps = addon.strips.scene_fps(saved_film.scene)
    assert request(saved_film.scene, sound).bars_seconds == tuple(Fraction(step) / fps for step in (12, 60, 108))
    assert request(saved_film.scene, sound).beats_seconds == ()


def test_where_all_things_show_there_is_no_sheet(addon, settings, wait):
    settings.blend = 1.0
    bpy.ops.chromastrip.direct()
    wait()
    assert "nothing leads" in addon.jobs.state.error.cause


def test_fill_by_seed_lists_what_the_film_shows(addon, settings, write, wait, saved_film, sound):
    settings.class_count = 5
    write()
    written = settings.words
    shown = {number for cue in addon.lyrics.cues(written) for number in cue.classes}
    settings.words = ""
    assert bpy.ops.chromastrip.fill_things() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    assert set(addon.properties.read_settings(settings).classes) == shown
    write()
    assert settings.words == written, "the film stays the same"


def test_a_models_defaults_follow_it_but_not_what_was_set_by_hand(settings):
    settings.model = "emoji"
    assert settings.truncation == pytest.approx(0.4)
    settings.model = "biggan-deep"
    assert settings.truncation == pytest.approx(1)
    settings.truncation, settings.model = 0.3, "emoji"
    assert settings.truncation == pytest.approx(0.3)


def test_a_film_of_an_earlier_release_keeps_its_look(addon, saved_film, settings):
    settings.film = "abc"
    addon.properties._keep_as_drawn()
    assert settings.blend == 1
    del settings["blend"]
    settings.film, settings.truncation = "", 1.0
    addon.properties._keep_as_drawn()
    assert settings.blend == pytest.approx(0.4)


def test_digests_of_an_earlier_release_hold(addon, settings):
    settings.blend, settings.truncation = 1.0, 1.0
    assert not {"blend", "truncation"} & addon.properties.chosen(settings).keys()


@pytest.mark.parametrize("style", ["Storybook", "Dream", "Quick_Cuts", "Parade", "Collage", "Chord_Dance"])
def test_each_style_has_settings_and_a_picture(addon, sound, style):
    assert bpy.ops.chromastrip.use_style(style=style) == {"FINISHED"}
    assert not list(addon.properties.read_settings(sound.chromastrip).problems())
    assert (addon.presets.READY_MADE / "styles" / f"{style}.png").is_file()
    assert style in addon.presets._pictures
