"""Split at Markers: which markers cut, and what the pieces are."""

import bpy
import pytest

FRAMES = 24


@pytest.fixture
def film(saved_film, add_sound, click_track, wait, films, handles):
    """Give a film of 24 sync cards on frames 11 ... 34, selected."""
    sound = add_sound(click_track(seconds=1.5, clicks=[0.3]), frame_start=11)
    handles.set_right(sound, 11 + FRAMES)
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    (strip,) = films()
    select(saved_film, strip)
    return strip


@pytest.fixture
def mark(saved_film):
    """Give a function that puts markers: names by frame."""

    def put(**markers):
        for name, frames in markers.items():
            for frame in frames:
                saved_film.scene.timeline_markers.new(name.replace("_", " "), frame=frame)

    return put


def select(saved_film, *strips):
    for other in saved_film.editor.strips_all:
        other.select = other in strips
    saved_film.editor.active_strip = strips[0]


def ranges(films, handles):
    return sorted((handles.left(strip), handles.right(strip)) for strip in films())


def split(**options):
    return bpy.ops.chromastrip.split_at_markers(**options)


def test_a_film_is_cut_where_parts_begin_and_nowhere_else(film, mark, films, handles):
    mark(Part_A=[11], Part_B=[17], Part_C=[25, 35], Beat=[12, 14], Bar_1=[20], Mine=[22])
    assert split() == {"FINISHED"}
    assert ranges(films, handles) == [(11, 17), (17, 25), (25, 35)]
    assert all(strip.select for strip in films())


def test_without_parts_ones_own_markers_cut_but_not_beats(film, mark, films, handles):
    mark(Beat=[12, 14], Bar_1=[20], Mine=[22], F_30=[30, 3, 99])
    assert split() == {"FINISHED"}
    assert ranges(films, handles) == [(11, 22), (22, 30), (30, 35)]


def test_bars_and_beats_cut_when_they_are_asked_for(film, mark, films, handles):
    mark(Part_A=[13], Beat=[15], Bar_1=[20])
    split(at="BARS")
    assert ranges(films, handles) == [(11, 20), (20, 35)]
    split(at="BEATS")
    assert ranges(films, handles) == [(11, 15), (15, 20), (20, 35)]
    split(at="ALL")
    assert ranges(films, handles) == [(11, 13), (13, 15), (15, 20), (20, 35)]


def test_the_button_says_why_it_is_grey(saved_film, film, mark):
    mark(Part_A=[11, 35, 60])
    with pytest.raises(RuntimeError, match="No marker stands along"):
        split()
    film.select = False
    with pytest.raises(RuntimeError, match="Select a strip of pictures"):
        split()


def test_only_beats_along_it_cut_nothing(film, mark, films):
    mark(Beat=[15])
    assert split() == {"CANCELLED"}
    assert len(films()) == 1


def test_pieces_show_the_same_pictures_with_the_same_settings_and_can_be_pulled_out_again(addon, film, mark, films, handles):
    shown = [film.strip_elem_from_frame(frame).filename for frame in range(11, 35)]
    settings = addon.properties.settings_json(film.chromastrip)
    mark(Mine=[17, 25])
    split()
    pieces = sorted(films(), key=handles.left)
    again = [piece.strip_elem_from_frame(frame).filename for piece in pieces for frame in range(handles.left(piece), handles.right(piece))]
    assert again == shown
    assert {addon.properties.settings_json(piece.chromastrip) for piece in pieces} == {settings}
    assert {addon.sections.state(piece) for piece in pieces} == {addon.sections.State.FRESH}
    handles.set_right(pieces[2], 35)
    handles.set_left(pieces[2], 11)
    assert addon.sections.shown_frames(pieces[2]) == (0, FRAMES)


def test_all_selected_films_are_cut_and_locked_ones_are_not(saved_film, film, mark, films, handles, wait):
    select(saved_film, next(strip for strip in saved_film.editor.strips if strip.type == "SOUND"))
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    films()[0].lock = True
    select(saved_film, *films())
    mark(Mine=[20])
    split()
    assert ranges(films, handles) == [(11, 20), (11, 35), (20, 35)]


def test_it_is_one_step_of_undo(film, mark, films):
    mark(Mine=[17, 25])
    bpy.ops.ed.undo_push(message="Before")
    assert bpy.ops.chromastrip.split_at_markers("EXEC_DEFAULT", True) == {"FINISHED"}
    assert len(films()) == 3
    bpy.ops.ed.undo()
    assert len(films()) == 1
    bpy.ops.ed.redo()
    assert len(films()) == 3


def test_a_piece_is_drawn_again_alone(addon, saved_film, film, mark, films, handles, wait):
    mark(Mine=[17, 25])
    split()
    first, middle, last = sorted(films(), key=handles.left)
    folder, name = first.directory, middle.name
    middle.chromastrip.limit_flashes = False
    middle.chromastrip.seed = 5
    select(saved_film, middle)
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    wait()
    assert addon.jobs.state.error is None
    middle = saved_film.editor.strips[name]
    assert (handles.left(middle), handles.right(middle)) == (17, 25)
    request = addon.sections.film_request(saved_film.scene, middle)
    assert [(one.first_frame, one.end_frame, one.settings.seed) for one in request.sections] == [(6, 14, 5)]
    assert (first.directory, last.directory) == (folder, folder)
