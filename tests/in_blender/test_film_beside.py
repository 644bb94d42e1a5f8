"""What lies around a film counts: the rest of it, its sound, the frame, the scene's range. "Up to date" is said only where it is so."""

import json
import sys
from pathlib import Path

import bpy
import pytest

FRAMES = 30


@pytest.fixture
def film(saved_film, add_sound, click_track, wait, films, handles):
    """Give a small film by the embedded model, on frames 1 ... 30; it is not selected."""
    sound = add_sound(click_track(seconds=2, clicks=[0.3, 0.7, 1.1]), model="abstract")
    handles.set_right(sound, 1 + FRAMES)
    sound.chromastrip.limit_flashes = False
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (strip,) = films()
    return strip


@pytest.fixture
def split(film):
    """Split the film at frames 11 and 21, and give its three pieces."""
    middle = film.split(frame=11, split_method="SOFT")
    return film, middle, middle.split(frame=21, split_method="SOFT")


@pytest.fixture
def render(addon, saved_film, wait):
    """Give a function that presses Render for a strip, and gives that."""

    def press(strip):
        name = strip.name
        select(saved_film.editor, strip)
        assert bpy.ops.chromastrip.render() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None, addon.jobs.state.error
        return saved_film.editor.strips_all[name]

    return press


def select(editor, *strips):
    for other in editor.strips_all:
        other.select = other in strips
    editor.active_strip = strips[0]


def state(addon, strip):
    return addon.sections.state(strip).name


def edges_of(strip):
    """Read from beside its frames on which sides a piece goes over into its film."""
    request = json.loads((Path(bpy.path.abspath(strip.directory)) / "film.json").read_text())
    return [(section["enters"], section["lands"]) for section in request["sections"]]


def move(strip, frames):
    name = "content_start" if hasattr(strip, "content_start") else "frame_start"
    setattr(strip, name, getattr(strip, name) + frames)


# The rest of the film -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [(True, True), (True, False), (False, True), (False, False)])
def test_a_piece_goes_over_only_into_film_that_is_there(addon, saved_film, split, render, there):
    first, middle, last = split
    for piece, is_there in ((first, there[0]), (last, there[1])):
        if not is_there:
            saved_film.editor.strips.remove(piece)
    middle.chromastrip.seed = 5
    middle = render(middle)
    assert edges_of(middle) == [there]
    assert state(addon, middle) == "FRESH"


def test_what_is_trimmed_away_or_muted_is_not_there(addon, film, render, handles, split):
    first, middle, last = split
    handles.set_right(first, 6)
    last.mute = True
    middle.chromastrip.seed = 5
    assert edges_of(render(middle)) == [(False, False)]


def test_a_piece_that_was_moved_elsewhere_does_not_land_on_what_it_has_left(split, render):
    middle = split[1]
    move(middle, 100)
    middle.chromastrip.seed = 5
    assert edges_of(render(middle)) == [(False, False)]


def test_another_film_of_the_same_sound_is_not_the_rest_of_this_one(addon, saved_film, split, render, wait, films):
    sound = saved_film.editor.strips[split[0].chromastrip.sound_name]
    sound.chromastrip.seed = 77
    select(saved_film.editor, sound)
    bpy.ops.chromastrip.generate()
    wait()
    assert len(films()) == 4
    _, middle, last = (saved_film.editor.strips[name] for name in [strip.name for strip in split])
    saved_film.editor.strips.remove(last)
    middle.chromastrip.seed = 5
    assert edges_of(render(middle)) == [(True, False)]


def test_a_piece_whose_rest_is_deleted_afterwards_says_so_until_it_is_drawn_again(addon, saved_film, split, render):
    _, middle, last = split
    middle.chromastrip.seed = 5
    middle = render(middle)
    assert state(addon, middle) == "FRESH"
    saved_film.editor.strips.remove(last)
    assert state(addon, middle) == "EDGES"
    assert middle.name in [strip.name for strip in addon.sections.outdated(saved_film.scene)]
    middle = render(middle)
    assert edges_of(middle) == [(True, False)]
    assert state(addon, middle) == "FRESH"


def test_pieces_that_show_the_film_itself_may_be_cut_and_moved_freely(addon, saved_film, split):
    first, middle, last = split
    saved_film.editor.strips.remove(last)
    move(first, 100)
    assert [state(addon, strip) for strip in (first, middle)] == ["FRESH", "FRESH"]


def test_splitting_a_drawn_piece_leaves_it_up_to_date(addon, saved_film, split, render):
    middle = split[1]
    middle.chromastrip.seed = 5
    middle = render(middle)
    rest = middle.split(frame=16, split_method="SOFT")
    assert [state(addon, strip) for strip in (middle, rest)] == ["FRESH", "FRESH"]


# Its sound ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def frames_late(addon):
    return sys.modules[f"{addon.__name__}.sound_shift"].frames_late


def test_a_film_that_was_moved_alone_says_how_far_it_lies_from_its_sound(saved_film, film, frames_late):
    sound = saved_film.editor.strips[film.chromastrip.sound_name]
    assert frames_late(film) == 0
    move(film, 12)
    assert frames_late(film) == 12
    move(sound, 12)
    assert frames_late(film) == 0
    move(sound, 5)
    assert frames_late(film) == -5


def test_trimming_sound_or_film_moves_neither(saved_film, film, frames_late, handles):
    sound = saved_film.editor.strips[film.chromastrip.sound_name]
    handles.set_left(sound, 8)
    handles.set_left(film, 5)
    assert frames_late(film) == 0


def test_a_piece_that_goes_along_with_its_piece_of_the_sound_fits(saved_film, film, frames_late):
    sound = saved_film.editor.strips[film.chromastrip.sound_name]
    rest = (film.split(frame=11, split_method="SOFT"), sound.split(frame=11, split_method="SOFT"))
    for strip in rest:
        move(strip, 40)
    assert [frames_late(film), frames_late(rest[0])] == [0, 0]
    move(rest[0], 3)
    assert frames_late(rest[0]) == 3


def test_a_film_of_an_older_version_or_without_its_sound_claims_nothing(saved_film, film, frames_late):
    move(film, 12)
    film.chromastrip.sound_starts = ""
    assert frames_late(film) == 0
    film.chromastrip.sound_starts = "0"
    assert frames_late(film) == 12
    film.chromastrip.sound_starts = "nonsense"
    assert frames_late(film) == 0


def test_a_mix_is_held_against_each_of_its_sounds(addon, saved_film, add_sound, click_track, wait, films, frames_late):
    one = add_sound(click_track(seconds=1, clicks=[0.3], name="one.wav"))
    other = add_sound(click_track(seconds=1, clicks=[0.6], name="other.wav"), channel=2, frame_start=9)
    select(saved_film.editor, one, other)
    bpy.ops.chromastrip.generate()
    wait()
    (film,) = films()
    assert frames_late(film) == 0
    move(other, 4)
    assert frames_late(film) == -4


# The frame ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def card(saved_film, add_sound, click_track, wait, films, handles):
    """Give a function that draws a few sync cards into a frame of 160 x 90."""
    saved_film.scene.render.resolution_x, saved_film.scene.render.resolution_y = 160, 90
    sound = add_sound(click_track(seconds=0.5, clicks=[0.1]))
    handles.set_right(sound, 7)
    sound.chromastrip.shape = "1:1"

    def draw(fit):
        sound.chromastrip.fit = fit
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait()
        return films()[-1]

    return draw


def resize(saved_film, width, height):
    saved_film.scene.render.resolution_x, saved_film.scene.render.resolution_y = width, height


@pytest.mark.parametrize("fit", ["fit", "fill", "stretch"])
def test_another_resolution_leaves_no_fitted_strip_up_to_date_until_it_is_fitted(addon, saved_film, card, fit):
    film = card(fit)
    resize(saved_film, 200, 320)
    assert state(addon, film) == "UNFITTED"
    select(saved_film.editor, film)
    assert bpy.ops.chromastrip.apply_fit() == {"FINISHED"}
    assert state(addon, film) == "FRESH"
    resize(saved_film, 160, 90)
    assert state(addon, film) == "UNFITTED"
    film.chromastrip.fitted = " ".join(film.chromastrip.fitted.split()[:7])  # as an older version noted it
    assert state(addon, film) == "UNFITTED"


def test_a_resolution_in_which_pictures_still_fit_changes_nothing(addon, saved_film, card):
    film = card("fit")
    resize(saved_film, 320, 90)
    assert state(addon, film) == "FRESH"
    resize(saved_film, 160, 90)
    film.chromastrip.fit = "centre"
    resize(saved_film, 320, 320)
    assert state(addon, film) == "FRESH"


def test_what_was_moved_by_hand_is_the_users(addon, saved_film, card):
    film = card("fit")
    film.transform.offset_x = 12
    resize(saved_film, 90, 320)
    assert state(addon, film) == "FRESH"


def test_mirrored_pictures_want_render_for_another_shape_and_only_a_fit_for_another_size(addon, saved_film, card, render):
    film = card("mirror")
    resize(saved_film, 90, 160)
    assert state(addon, film) == "OTHER_FRAME"
    film = render(film)
    assert state(addon, film) == "FRESH"
    assert film.chromastrip.frames_aspect == "9:16"
    resize(saved_film, 180, 320)
    assert state(addon, film) == "UNFITTED"
    film = render(film)  # draws nothing, and fits it
    assert state(addon, film) == "FRESH"
    film.chromastrip.frames_aspect = ""  # as an older version left it
    resize(saved_film, 160, 90)
    assert state(addon, film) == "OTHER_FRAME"


# The scene's range ----------------------------------------------------------------------------------------------------------------------


def cut_off(addon, scene):
    return sys.modules[f"{addon.__name__}.scene_range"].why_cut_off(scene)


def test_a_scene_that_ends_before_the_film_by_blenders_default_says_so_and_takes_the_films_range(addon, saved_film, film):
    scene = saved_film.scene
    assert not cut_off(addon, scene)
    move(film, 300)
    assert "ends at frame 250, the film at 330" in cut_off(addon, scene)
    assert bpy.ops.chromastrip.set_scene_range() == {"FINISHED"}
    assert (scene.frame_start, scene.frame_end) == (301, 330)
    assert not cut_off(addon, scene)
    with pytest.raises(RuntimeError, match="is the film's already"):
        bpy.ops.chromastrip.set_scene_range()
    scene.frame_start, scene.frame_end = 1, 100  # chosen by the user
    assert not cut_off(addon, scene)


def test_the_range_is_that_of_the_selected_films_else_of_all(saved_film, split):
    scene, (first, middle, last) = saved_film.scene, split
    select(saved_film.editor, middle)
    bpy.ops.chromastrip.set_scene_range()
    assert (scene.frame_start, scene.frame_end) == (11, 20)
    select(saved_film.editor, first, last)
    for strip in split:
        strip.select = False
    bpy.ops.chromastrip.set_scene_range()
    assert (scene.frame_start, scene.frame_end) == (1, 30)
    for strip in split:
        saved_film.editor.strips.remove(strip)
    with pytest.raises(RuntimeError, match="no pictures"):
        bpy.ops.chromastrip.set_scene_range()
