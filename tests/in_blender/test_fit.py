"""How a film's pictures fill the frame, and where they go."""

import sys
from pathlib import Path

import bpy
import pytest

FRAMES = 6
SIZES = [(160, 90), (90, 160), (128, 128), (200, 100)]


@pytest.fixture
def shape(saved_film):
    """Give a function that sets the scene's resolution."""

    def put(width, height, percentage=100):
        render = saved_film.scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, percentage

    return put


@pytest.fixture
def draw(saved_film, add_sound, click_track, wait, films, handles):
    """Give a function that draws a film of a few sync cards, and selects it."""
    sound = add_sound(click_track(seconds=0.5, clicks=[0.1]))
    handles.set_right(sound, 1 + FRAMES)
    sound.chromastrip.shape = "1:1"

    def press(fit="fit"):
        saved_film.editor.active_strip = sound
        sound.select = True
        sound.chromastrip.fit = fit
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait()
        return films()[-1]

    return press


def select(saved_film, *strips):
    for other in saved_film.editor.strips_all:
        other.select = other in strips
    saved_film.editor.active_strip = strips[0]


def render(scene, tmp_path, frame=3):
    """Render one frame of the sequencer, and give its picture: width, height, and grey levels 0 ... 255, or -1 where nothing is."""
    scene.frame_current, scene.render.filepath = frame, str(tmp_path / "still.png")
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGBA"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(tmp_path / "still.png"))
    pixels, (width, height) = list(image.pixels), image.size
    bpy.data.images.remove(image)
    return width, height, [round(255 * red) if alpha else -1 for red, alpha in zip(pixels[::4], pixels[3::4], strict=True)]


def covered(picture):
    """Give the rectangle that something shows in: left, bottom, right, top; half-open."""
    width, height, levels = picture
    rows = [row for row in range(height) if any(level >= 0 for level in levels[row * width : (row + 1) * width])]
    columns = [column for column in range(width) if any(level >= 0 for level in levels[column::width])]
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def expected(fit, width, height, percentage):
    """Give the rectangle that a square picture of 128 px covers."""
    width, height = width * percentage / 100, height * percentage / 100
    sides = {
        "fit": (min(width, height), min(width, height)),
        "fill": (width, height),
        "stretch": (width, height),
        "mirror": (width, height),
        "centre": (min(width, 1.28 * percentage), min(height, 1.28 * percentage)),
    }[fit]
    return tuple(pytest.approx(edge, abs=1) for half in (-0.5, 0.5) for edge in (width / 2 + half * sides[0], height / 2 + half * sides[1]))


@pytest.mark.parametrize("fit", ["fit", "fill", "stretch", "centre", "mirror"])
def test_pictures_cover_what_the_setting_says_at_every_resolution(saved_film, shape, draw, tmp_path, fit):
    shape(*SIZES[0])
    film = draw(fit)
    select(saved_film, film)
    for size in SIZES if fit != "mirror" else SIZES[:1]:
        for percentage in (100, 50):
            shape(*size, percentage)
            assert bpy.ops.chromastrip.apply_fit() == {"FINISHED"}
            assert covered(render(saved_film.scene, tmp_path)) == expected(fit, *size, percentage), (size, percentage)


def test_a_new_film_is_fitted_as_blender_does(saved_film, shape, draw):
    shape(160, 90)
    film = draw()
    assert (film.transform.scale_x, film.transform.scale_y) == (pytest.approx(90 / 128), pytest.approx(90 / 128))


def test_the_setting_acts_at_once_and_leaves_the_strip_up_to_date(addon, saved_film, shape, draw):
    shape(160, 90)
    film = draw()
    film.chromastrip.fit = "stretch"
    assert (film.transform.scale_x, film.transform.scale_y) == (pytest.approx(160 / 128), pytest.approx(90 / 128))
    assert addon.sections.state(film) == addon.sections.State.FRESH
    bpy.context.view_layer.update()


def test_a_transform_by_hand_is_left_alone_until_it_is_asked_for(saved_film, shape, draw):
    shape(160, 90)
    film = draw()
    film.transform.offset_x = 12
    film.chromastrip.fit = "fill"
    assert (film.transform.offset_x, film.transform.scale_x) == (12, pytest.approx(90 / 128))
    select(saved_film, film)
    assert bpy.ops.chromastrip.apply_fit() == {"FINISHED"}
    assert (film.transform.offset_x, film.transform.scale_x) == (0, pytest.approx(160 / 128))


def test_a_film_of_an_older_version_follows_too(saved_film, shape, draw):
    shape(160, 90)
    film = draw()
    film.chromastrip.fitted = ""
    film.chromastrip.fit = "fill"
    assert film.transform.scale_x == pytest.approx(160 / 128)


def test_another_resolution_is_noticed_without_files(addon, shape, draw):
    shape(160, 90)
    film = draw()
    fitting = sys.modules[f"{addon.__name__}.fitting"]
    assert not fitting.is_for_another_frame(film.id_data, film)
    shape(90, 160)
    assert fitting.is_for_another_frame(film.id_data, film)


def test_mirrored_frames_are_wide_themselves_and_symmetrical(saved_film, shape, draw, tmp_path):
    shape(160, 90)
    film = draw("mirror")
    image = bpy.data.images.load(str(Path(bpy.path.abspath(film.directory)) / film.elements[0].filename))
    assert tuple(image.size) == (228, 128)
    width, height, levels = render(saved_film.scene, tmp_path)
    edge = round(width / 2 - height / 2)  # of the square in the middle
    for row in range(0, height, 7):
        line = levels[row * width : (row + 1) * width]
        assert line[edge - 20 : edge] == pytest.approx(line[edge : edge + 20][::-1], abs=40)


def test_a_film_becomes_mirrored_by_render_in_its_place(addon, saved_film, shape, draw, wait):
    shape(160, 90)
    film = draw()
    name = film.name
    film.chromastrip.fit = "mirror"
    assert addon.sections.state(film) == addon.sections.State.STALE
    assert film.transform.scale_x == pytest.approx(90 / 128)
    select(saved_film, film)
    assert bpy.ops.chromastrip.render() == {"FINISHED"}
    wait()
    film = saved_film.editor.strips[name]
    assert addon.sections.state(film) == addon.sections.State.FRESH
    assert film.transform.scale_x == pytest.approx(90 / 128, rel=0.01)
    assert film.chromastrip.fitted
    film.chromastrip.fit = "fit"
    assert addon.sections.state(film) == addon.sections.State.STALE


def test_the_fit_is_undone_with_its_setting(saved_film, shape, draw):
    shape(160, 90)
    name = draw().name
    bpy.ops.ed.undo_push(message="Before")
    saved_film.editor.strips[name].chromastrip.fit = "fill"
    bpy.ops.ed.undo_push(message="Fill")
    bpy.ops.ed.undo()
    film = bpy.context.scene.sequence_editor.strips[name]
    assert (film.chromastrip.fit, film.transform.scale_x) == ("fit", pytest.approx(90 / 128))


def test_frames_go_where_the_scene_says_and_are_what_it_says(addon, saved_film, draw, tmp_path):
    saved_film.scene.chromastrip.folder = "//frames here"
    saved_film.scene.chromastrip.picture_format = "jpeg"
    film = draw()
    folder = Path(bpy.path.abspath(film.directory))
    assert folder.parent == saved_film.folder / "frames here"
    assert film.elements[0].filename.endswith(".jpg")
    assert film.directory.startswith("//frames here")
    assert not (saved_film.folder / "chromastrip").exists()
