"""Numbers that change over time: keyframes and drivers on strips, in the request, after moves, splits, copies and undo."""

import json
from fractions import Fraction
from pathlib import Path

import bpy
import pytest

JITTER = "chromastrip_jitter"


@pytest.fixture
def sound(add_sound, click_track, handles):
    """Give a sound strip on frames 1 ... 24, of the rate that the scene has: 24 a second."""
    strip = add_sound(click_track(seconds=2, clicks=[0.3, 0.7]))
    handles.set_right(strip, 25)
    strip.chromastrip.limit_flashes = False
    return strip


@pytest.fixture
def request_of(addon, saved_film):
    """Give a function that reads a sound's request."""
    return lambda strip: addon.strips.render_request(saved_film.scene, strip)


@pytest.fixture
def generate(wait, films, addon):
    """Give a function that draws the selected sound's film."""

    def press():
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error
        return films()[-1]

    return press


def key(strip, name, values, *, interpolation="LINEAR"):
    """Put keyframes onto a strip's number: values by frame."""
    for frame, value in values.items():
        setattr(strip, f"chromastrip_{name}", value)
        assert strip.keyframe_insert(f"chromastrip_{name}", frame=frame)
    curve = curve_of(strip, name)
    for point in curve.keyframe_points:
        point.interpolation = interpolation
    curve.update()
    return curve


def curve_of(strip, name):
    data = strip.id_data.animation_data
    curves = [curve for layer in data.action.layers for part in layer.strips for bag in part.channelbags for curve in bag.fcurves]
    path = strip.path_from_id(f"chromastrip_{name}")
    return next((curve for curve in curves if curve.data_path == path), None)


def select(editor, *strips):
    for other in editor.strips_all:
        other.select = other in strips
    editor.active_strip = strips[0]


def move(strip, frames):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


def test_every_number_that_may_change_over_time_can_be_keyed_and_no_other(addon, sound):
    parameters = addon.keyframes.PARAMETERS
    for name in addon.keyframes.NUMBERS:
        if parameters[name].animatable:
            assert sound.keyframe_insert(f"chromastrip_{name}", frame=1), name
        else:
            assert not hasattr(sound, f"chromastrip_{name}")


def test_the_shown_number_is_the_setting(sound):
    sound.chromastrip.jitter = 0.25
    assert sound.chromastrip_jitter == 0.25
    sound.chromastrip_jitter = 0.75
    assert sound.chromastrip.jitter == 0.75
    sound.chromastrip_jitter = 7
    assert sound.chromastrip.jitter == 1


def test_straight_keyframes_are_the_curve_in_the_sounds_own_time(sound, request_of, saved_film, set_fps):
    set_fps(saved_film.scene, Fraction(30000, 1001))
    key(sound, "jitter", {1: 0.0, 11: 0.5, 21: 0.1})
    request = request_of(sound)
    (curve,) = request.settings.curves
    assert (curve.parameter, curve.values) == ("jitter", (0.0, 0.5, 0.1, 0.1))
    last = request.frame_count - 1
    assert curve.seconds == tuple(Fraction(frame * 1001, 30000) for frame in (0, 10, 20, last))
    assert not list(request.settings.problems())


def test_a_trimmed_sound_begins_in_the_middle_of_its_curve(sound, request_of, handles):
    key(sound, "jitter", {1: 0.0, 21: 1.0})
    handles.set_left(sound, 11)
    (curve,) = request_of(sound).settings.curves
    assert (curve.values[0], curve.seconds[0]) == (0.5, Fraction(10, 24))


def test_curved_keyframes_are_sampled_on_every_frame(sound, request_of, saved_film):
    key(sound, "truncation", {1: 0.2, 24: 0.9}, interpolation="BEZIER")
    (curve,) = request_of(sound).settings.curves
    assert curve.seconds == tuple(Fraction(frame, 24) for frame in range(24))
    for frame in (5, 12, 20):
        saved_film.scene.frame_set(frame)
        assert curve.values[frame - 1] == pytest.approx(sound.chromastrip.truncation, abs=1e-6)


def test_values_stay_in_their_range(sound, request_of):
    curve = key(sound, "jitter", {1: 0.0, 12: 1.0, 24: 0.0}, interpolation="BEZIER")
    for point in curve.keyframe_points:
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left, point.handle_right = (point.co[0] - 4, point.co[1] + 2), (point.co[0] + 4, point.co[1] - 2)
    (curve,) = request_of(sound).settings.curves
    assert (min(curve.values), max(curve.values)) == (0, 1)


def test_a_curve_that_rests_is_a_number(sound, request_of, saved_film):
    key(sound, "jitter", {1: 0.125, 24: 0.125})
    sound.chromastrip.jitter = 0.9  # as if it had been changed by hand, and not keyed
    settings = request_of(sound).settings
    assert (settings.curves, settings.jitter) == ((), 0.125)


def test_whole_numbers_stay_whole(sound, request_of):
    key(sound, "smooth_factor", {1: 5, 24: 50}, interpolation="BEZIER")
    settings = request_of(sound).settings
    assert settings.smooth_factor == 5
    assert isinstance(settings.smooth_factor, int)
    assert all(value == int(value) for value in settings.curves[0].values)


def test_steps_are_steps(sound, request_of):
    key(sound, "jitter", {1: 0.0, 11: 1.0}, interpolation="CONSTANT")
    (curve,) = request_of(sound).settings.curves
    assert curve.values == (0.0, 0.0, 1.0, 1.0)
    assert curve.seconds == tuple(Fraction(frame, 24) for frame in (0, 9, 10, 23))


def test_a_request_does_not_depend_on_the_current_frame(sound, request_of, saved_film):
    key(sound, "jitter", {1: 0.0, 24: 1.0}, interpolation="BEZIER")
    saved_film.scene.frame_set(1)
    before = request_of(sound)
    saved_film.scene.frame_set(17)
    assert request_of(sound) == before


def test_keyframes_go_with_a_sound_that_is_moved_or_renamed(sound, request_of):
    key(sound, "jitter", {1: 0.0, 11: 0.5})
    before = request_of(sound).settings
    move(sound, 30)
    sound.name = 'Another "name"'
    assert request_of(sound).settings == before


def test_a_muted_curve_does_nothing(sound, request_of):
    key(sound, "jitter", {1: 0.0, 11: 0.5}).mute = True
    assert request_of(sound).settings.curves == ()


def test_the_film_carries_the_keyframes_and_is_up_to_date(addon, sound, generate, saved_film, handles):
    key(sound, "jitter", {1: 0.0, 11: 0.5}, interpolation="BEZIER")
    film = generate()
    assert [tuple(point.co) for point in curve_of(film, "jitter").keyframe_points] == [(1, 0), (11, 0.5)]
    for frame in (1, 8, 20):
        saved_film.scene.frame_set(frame)
        assert addon.sections.state(film) == addon.sections.State.FRESH
    move(film, 50)
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_a_changed_keyframe_makes_a_film_stale_and_set_back_makes_it_fresh(addon, sound, generate):
    state, states = addon.sections.state, addon.sections.State
    key(sound, "jitter", {1: 0.0, 11: 0.5}, interpolation="BEZIER")
    film = generate()
    curve = curve_of(film, "jitter")
    curve.keyframe_points[1].co[1] = 0.75
    assert state(film) == states.STALE
    curve.keyframe_points[1].co[1] = 0.5
    assert state(film) == states.FRESH
    film.chromastrip_depth = 0.5
    film.keyframe_insert("chromastrip_depth", frame=1)
    assert state(film) == states.STALE


def test_undo_makes_a_film_fresh_again(addon, sound, generate, saved_film):
    key(sound, "jitter", {1: 0.0, 11: 0.5})
    name = generate().name
    bpy.ops.ed.undo_push(message="drawn")
    film = bpy.context.scene.sequence_editor.strips_all[name]
    film.chromastrip_jitter = 0.9
    film.keyframe_insert(JITTER, frame=20)
    bpy.ops.ed.undo_push(message="keyed")
    assert addon.sections.state(film) == addon.sections.State.STALE
    bpy.ops.ed.undo()
    film = bpy.context.scene.sequence_editor.strips_all[name]
    assert len(curve_of(film, "jitter").keyframe_points) == 2
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_a_piece_has_the_films_curve_until_its_keyframes_change(addon, sound, generate, saved_film):
    key(sound, "jitter", {1: 0.0, 20: 1.0}, interpolation="BEZIER")
    film = generate()
    piece = film.split(frame=11, split_method="SOFT")
    whole = addon.sections.film_request(saved_film.scene, piece)
    assert len(whole.settings.curves) == 1
    request, _ = addon.sections.piece_request(saved_film.scene, piece)
    assert request.sections == ()
    assert request.settings == whole.settings
    curve_of(piece, "jitter").keyframe_points[1].co[1] = 0.25
    request, meant = addon.sections.piece_request(saved_film.scene, piece)
    (section,) = request.sections
    assert (section.first_frame, section.end_frame) == (10, 24)
    assert section.settings.curves[0].values[-1] == 0.25
    assert request.settings == whole.settings
    assert meant.drawn == addon.sections.settings_digest(piece)


def test_a_moved_piece_takes_its_keyframes_where_they_now_are(addon, sound, generate, saved_film):
    key(sound, "jitter", {1: 0.0, 20: 1.0})
    piece = generate().split(frame=11, split_method="SOFT")
    before = addon.sections.piece_request(saved_film.scene, piece)[0]
    move(piece, 40)  # the keyframes go with it
    assert addon.sections.piece_request(saved_film.scene, piece)[0] == before
    for point in curve_of(piece, "jitter").keyframe_points:
        point.co[0] += 2
    (section,) = addon.sections.piece_request(saved_film.scene, piece)[0].sections
    assert section.settings.curves[0].seconds[1:3] == (Fraction(2, 24), Fraction(21, 24))


def test_keyframes_that_are_taken_away_leave_no_curve(addon, sound, generate, saved_film):
    key(sound, "jitter", {1: 0.0, 20: 1.0})
    film = generate()
    addon.keyframes.remove_keys(film)
    assert addon.sections.state(film) == addon.sections.State.STALE
    assert addon.sections.piece_request(saved_film.scene, film)[0].settings.curves == ()


def test_rendering_a_keyed_piece_makes_it_fresh(addon, sound, generate, saved_film, wait):
    key(sound, "jitter", {1: 0.0, 20: 1.0})
    piece = generate().split(frame=13, split_method="SOFT")
    key(piece, "truncation", {13: 0.2, 24: 1.0})
    select(saved_film.editor, piece)
    assert addon.sections.state(piece) == addon.sections.State.STALE
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None
    assert addon.sections.state(piece) == addon.sections.State.FRESH
    film = json.loads((Path(bpy.path.abspath(piece.directory)) / "film.json").read_text(encoding="utf-8"))
    assert [curve["parameter"] for curve in film["sections"][0]["settings"]["curves"]] == ["jitter", "truncation"]


def test_settings_are_copied_with_their_keyframes(addon, sound, saved_film, add_sound, click_track):
    key(sound, "jitter", {1: 0.0, 11: 0.5}, interpolation="BEZIER")
    other = add_sound(click_track(seconds=2, clicks=[0.5], name="other.wav"), frame_start=101, channel=5)
    key(other, "beat", {101: 0.0, 111: 2.0})
    select(saved_film.editor, sound)
    assert bpy.ops.chromastrip.copy_settings() == {"FINISHED"}
    select(saved_film.editor, other)
    assert bpy.ops.chromastrip.paste_settings() == {"FINISHED"}
    assert [tuple(point.co) for point in curve_of(other, "jitter").keyframe_points] == [(101, 0), (111, 0.5)]
    assert curve_of(other, "beat") is None
    described = addon.keyframes.described
    assert described(other, origin=101) == described(sound, origin=1)


def test_redo_gives_the_sound_the_films_keyframes(addon, sound, generate, saved_film):
    key(sound, "jitter", {1: 0.0, 11: 0.5})
    film = generate()
    addon.keyframes.remove_keys(sound)
    select(saved_film.editor, film)
    assert bpy.ops.chromastrip.redo() == {"FINISHED"}
    assert [tuple(point.co) for point in curve_of(sound, "jitter").keyframe_points] == [(1, 0), (11, 0.5)]


def test_keyframes_survive_copying_to_another_scene(addon, sound, generate, saved_film, sequencer):
    key(sound, "jitter", {1: 0.0, 11: 0.5})
    film = generate()
    select(saved_film.editor, film)
    other = bpy.data.scenes.new("Other")
    other.render.resolution_x = saved_film.scene.render.resolution_x  # else it would want to be fitted
    other.render.resolution_y = saved_film.scene.render.resolution_y
    other.sequence_editor_create()
    region = next(region for region in sequencer.regions if region.type == "WINDOW")
    window = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=window, area=sequencer, region=region, scene=saved_film.scene):
        assert bpy.ops.sequencer.copy() == {"FINISHED"}
    window.scene = other
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = other
    with bpy.context.temp_override(window=window, area=sequencer, region=region, scene=other):
        assert bpy.ops.sequencer.paste() == {"FINISHED"}
    (copy,) = other.sequence_editor.strips
    window.scene = saved_film.scene
    assert len(addon.keyframes.moving(copy)) == 1
    assert addon.sections.state(copy) == addon.sections.State.FRESH


def test_keyframes_survive_a_way_through_an_export(addon, sound, generate, saved_film, tmp_path, wait):
    key(sound, "jitter", {1: 0.0, 11: 0.5}, interpolation="BEZIER")
    film = generate()
    before = addon.keyframes.described(film, origin=1)
    path = tmp_path / "edit.otio"
    assert bpy.ops.chromastrip.export(filepath=str(path)) == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    addon.keyframes.remove_keys(film)
    for strip in list(saved_film.editor.strips):
        saved_film.editor.strips.remove(strip)
    assert bpy.ops.chromastrip.import_timeline(filepath=str(path)) == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None, addon.jobs.state.error
    (film,) = addon.sections.all_films(saved_film.scene)
    assert addon.keyframes.described(film, origin=addon.sections.film_origin(film)) == before
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_keyframes_survive_in_the_job_list(addon, sound, saved_film):
    key(sound, "jitter", {1: 0.0, 11: 0.5}, interpolation="BEZIER")
    place, keyframes = addon.strips.placement(saved_film.scene, sound), addon.keyframes
    assert len(place.keyed[0].keys) == 2
    assert keyframes.decode(keyframes.encode(place), addon.strips.Placement) == place


def test_strange_keyframes_in_metadata_are_left_out(addon):
    good = {"name": "jitter", "frame": 1.0}
    key_, number = {"type": "Key", "frame": 1.0, "value": 0.5}, {"type": "KeyedNumber", "name": "jitter", "goes_on": False}
    unpacked = addon.keyframes.unpacked
    assert [one.name for one in unpacked([{**number, "keys": [key_]}])] == ["jitter"]
    strange = [
        good,
        7,
        {**number, "keys": []},
        {**number, "keys": [{**key_, "interpolation": "WILD"}]},
        {**number, "name": "seed", "keys": [key_]},
    ]
    assert unpacked([*strange, {**number, "keys": [{**key_, "frame": 1e300}]}, {**number, "keys": [{**key_, "left": [1.0]}]}]) == ()
    assert unpacked("keys") == unpacked(None) == ()


# Drivers --------------------------------------------------------------------------------------------------------------------------------


def drive(strip, name, *, expression="", kind="SCRIPTED", paths=()):
    """Drive a strip's number by properties of its scene."""
    driver = strip.driver_add(f"chromastrip_{name}").driver
    driver.type = kind
    for number, path in enumerate(paths):
        variable = driver.variables.new()
        variable.name = f"v{number}"
        variable.targets[0].id_type = "SCENE"
        variable.targets[0].id = strip.id_data
        variable.targets[0].data_path = path
    if expression:
        driver.expression = expression
    return driver


EXPRESSIONS = (
    "frame / 100",
    "v0 * 0.5 + 0.1",
    "0.5 + 0.4 * sin(frame / 3)",
    "min(v0, 0.4) if frame > 10 else clamp(v1 / 50)",
    "lerp(0.1, 0.9, smoothstep(5, 20, frame))",
    "frame > 12 and v0 < 0.7",
)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_driver_is_followed_as_blender_follows_it(sound, request_of, saved_film, expression):
    scene = saved_film.scene
    for frame, value in ((1, 0.0), (24, 1.0)):
        scene["wave"] = value
        scene.keyframe_insert('["wave"]', frame=frame)
    scene["still"] = 17.0
    drive(sound, "jitter", expression=expression, paths=('["wave"]', '["still"]'))
    curve = request_of(sound).settings.curves[0]
    by_second = dict(zip(curve.seconds, curve.values, strict=True))
    for frame in (1, 7, 12, 13, 24):
        scene.frame_set(frame)
        second = Fraction(frame - 1, 24)
        if second in by_second:
            assert by_second[second] == pytest.approx(sound.chromastrip.jitter, abs=1e-5), frame
    assert {Fraction(0), Fraction(23, 24)} <= set(by_second)


@pytest.mark.parametrize(("kind", "value"), [("SUM", 0.75), ("AVERAGE", 0.375), ("MIN", 0.25), ("MAX", 0.5)])
def test_drivers_of_numbers_alone_rest(sound, request_of, saved_film, kind, value):
    saved_film.scene["a"], saved_film.scene["b"] = 0.25, 0.5
    drive(sound, "jitter", kind=kind, paths=('["a"]', '["b"]'))
    settings = request_of(sound).settings
    assert (settings.curves, settings.jitter) == ((), value)


def test_a_driver_may_follow_another_strips_driven_number(sound, request_of, add_sound, click_track):
    other = add_sound(click_track(seconds=2, clicks=[0.5], name="other.wav"), channel=5)
    other.select = False
    drive(other, "depth", expression="frame / 48")
    drive(sound, "jitter", expression="1 - v0", paths=(other.path_from_id("chromastrip_depth"),))
    (curve,) = request_of(sound).settings.curves
    assert (curve.values[0], curve.values[-1]) == (pytest.approx(1 - 1 / 48), pytest.approx(0.5))


REFUSED = ("__import__('os').getcwd()", "self.jitter", "v0.real", "[1][0]", "9.0 ** 999.0", "1e308 * 10 - 1e308 * 10", "noise(1)", "1 / 0")


@pytest.mark.parametrize("expression", REFUSED)
def test_what_cannot_be_followed_is_refused_and_never_executed(addon, sound, request_of, saved_film, expression):
    saved_film.scene["a"] = 0.5
    drive(sound, "jitter", expression=expression, paths=('["a"]',))
    with pytest.raises(addon.keyframes.UserError, match="Jitter"):
        request_of(sound)
    assert len(list(addon.keyframes.refusals(sound))) == 1


def test_what_a_driver_follows_counts_for_its_film(addon, sound, generate, saved_film):
    saved_film.scene["a"] = 0.25
    drive(sound, "jitter", expression="v0 + frame / 100", paths=('["a"]',))
    film = generate()
    assert addon.keyframes.moving(film)["jitter"].driver is None  # it was drawn so, whatever the driver does later
    assert addon.sections.state(film) == addon.sections.State.FRESH
    drive(film, "depth", expression="v0", paths=('["a"]',))
    before = addon.sections.settings_digest(film)
    saved_film.scene["a"] = 0.5
    assert addon.sections.settings_digest(film) != before
