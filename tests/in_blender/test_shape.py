"""Films in the frame's own shape; films from before there was a choice stay square."""

import contextlib
import json
from pathlib import Path

import bpy
import pytest

FRAMES = 6


@pytest.fixture
def shape(saved_film):
    """Give a function that sets the scene's resolution."""

    def put(width, height):
        saved_film.scene.render.resolution_x, saved_film.scene.render.resolution_y = width, height

    return put


@pytest.fixture
def sound(add_sound, click_track, handles):
    strip = add_sound(click_track(seconds=0.5, clicks=[0.1]))
    handles.set_right(strip, 1 + FRAMES)
    return strip


@pytest.fixture
def draw(saved_film, wait, films, sound):
    """Give a function that draws the sound's film, and selects it."""

    def press():
        select(saved_film, sound)
        assert bpy.ops.chromastrip.generate() == {"FINISHED"}
        wait()
        select(saved_film, films()[-1])
        return films()[-1]

    return press


@pytest.fixture
def draw_again(addon, wait, saved_film):
    """Give a function that presses Render on a strip, and gives the strip as it is then."""

    def press(strip):
        name = strip.name
        select(saved_film, strip)
        assert bpy.ops.chromastrip.render() == {"FINISHED"}
        wait()
        assert addon.jobs.state.error is None
        return saved_film.editor.strips[name]

    return press


def select(saved_film, *strips):
    for other in saved_film.editor.strips_all:
        other.select = other in strips
    saved_film.editor.active_strip = strips[0]


def picture_size(strip):
    image = bpy.data.images.load(str(Path(bpy.path.abspath(strip.directory)) / strip.elements[0].filename))
    size = tuple(image.size)
    bpy.data.images.remove(image)
    return size


def bars(scene, tmp_path):
    """Render a frame of the sequencer, and count the pixels in which nothing is."""
    scene.frame_current, scene.render.filepath = 3, str(tmp_path / "still.png")
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGBA"
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(tmp_path / "still.png"))
    alphas = list(image.pixels)[3::4]
    bpy.data.images.remove(image)
    return sum(alpha == 0 for alpha in alphas)


@pytest.mark.parametrize(
    ("frame", "size"),
    [((160, 90), (224, 126)), ((90, 160), (126, 224)), ((120, 90), (160, 120)), ((210, 90), (288, 124)), ((128, 128), (128, 128))],
)
def test_a_film_has_the_scenes_shape_and_fills_its_frame_with_no_bars(saved_film, shape, draw, tmp_path, frame, size):
    shape(*frame)
    film = draw()
    assert picture_size(film) == size
    assert bars(saved_film.scene, tmp_path) == 0
    shape(frame[0] * 3, frame[1] * 3)
    assert bpy.ops.chromastrip.apply_fit() == {"FINISHED"}
    assert bars(saved_film.scene, tmp_path) == 0


@pytest.mark.parametrize(("wanted", "size"), [("9:16", (126, 224)), ("1:1", (128, 128)), ("21:9", (288, 124))])
def test_another_shape_than_the_scenes_can_be_chosen(shape, sound, draw, wanted, size):
    shape(160, 90)
    sound.chromastrip.shape = wanted
    film = draw()
    assert picture_size(film) == size
    assert film.chromastrip.aspect in (wanted, "7:3")


def test_any_shape_can_be_written(addon, sound, draw):
    sound.chromastrip.shape, sound.chromastrip.aspect = "other", "2:1"
    assert picture_size(draw()) == (256, 128)


@pytest.mark.parametrize("words", ["0:1", "-16:9", "wide", "100:1", ""])
def test_what_is_no_shape_is_refused_with_words(addon, sound, wait, films, words):
    sound.chromastrip.shape, sound.chromastrip.aspect = "other", words
    with contextlib.suppress(RuntimeError):  # an operator that reports an error
        bpy.ops.chromastrip.generate()
    wait()
    assert "shape" in addon.jobs.state.error.cause
    assert films() == []


def test_the_panel_says_how_large_pictures_are_and_what_they_cost(addon, shape, sound):
    shape(1920, 1080)
    sound.chromastrip.model = "biggan-deep"
    sound.chromastrip.size = "512"
    assert addon.shapes.described(sound.chromastrip) == "896 x 504 px, 1.75 times the work of a square"
    sound.chromastrip.shape = "1:1"
    assert addon.shapes.described(sound.chromastrip) == "512 x 512 px"


def test_a_piece_keeps_its_films_shape_whatever_the_scene_has_become(addon, shape, draw, draw_again):
    shape(160, 90)
    piece = draw().split(frame=4, split_method="SOFT")
    shape(90, 160)
    piece.chromastrip.seed = 7
    piece = draw_again(piece)
    assert picture_size(piece) == (224, 126)
    assert addon.sections.state(piece) == addon.sections.State.FRESH


def test_a_whole_film_gets_another_shape_by_render(addon, saved_film, shape, draw, draw_again, tmp_path):
    shape(160, 90)
    film = draw()
    film.chromastrip.aspect = "9:16"
    assert addon.sections.state(film) == addon.sections.State.STALE
    film = draw_again(film)
    assert picture_size(film) == (126, 224)
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_a_sound_gets_its_films_shape_with_its_settings(saved_film, shape, sound, draw):
    shape(160, 90)
    sound.chromastrip.shape = "9:16"
    film = draw()
    sound.chromastrip.shape = "scene"
    select(saved_film, film)
    assert bpy.ops.chromastrip.copy_settings() == {"FINISHED"}
    select(saved_film, sound)
    assert bpy.ops.chromastrip.paste_settings() == {"FINISHED"}
    assert (sound.chromastrip.shape, sound.chromastrip.aspect) == ("other", "9:16")


def test_films_of_an_older_version_stay_square(addon, saved_film, shape, sound, draw, draw_again):
    shape(160, 90)
    sound.chromastrip.shape = "1:1"
    film = draw()
    for name in ("shape", "aspect", "widening"):
        film.chromastrip.property_unset(name)
    path = Path(bpy.path.abspath(film.directory)) / "film.json"
    request = json.loads(path.read_text(encoding="utf-8"))
    del request["settings"]["aspect"], request["settings"]["widening"]
    path.write_text(json.dumps(request), encoding="utf-8")
    assert addon.sections.state(film) == addon.sections.State.FRESH
    piece = film.split(frame=4, split_method="SOFT")
    piece.chromastrip.seed = 7
    assert picture_size(draw_again(piece)) == (128, 128)
    assert addon.shapes.described(film.chromastrip) == "128 x 128 px"


# Upscale --------------------------------------------------------------------------------------------------------------------------------


def test_a_films_pictures_are_made_larger_and_it_shows_as_before(addon, saved_film, shape, sound, draw, draw_again, tmp_path):
    shape(160, 90)
    sound.chromastrip.upscale = "2"
    film = draw()
    assert picture_size(film) == (448, 252)
    assert film.chromastrip.upscale == "2"
    assert bars(saved_film.scene, tmp_path) == 0
    film.chromastrip.upscale = "1"
    assert addon.sections.state(film) == addon.sections.State.STALE
    film = draw_again(film)
    assert picture_size(film) == (224, 126)
    assert bars(saved_film.scene, tmp_path) == 0
    assert addon.sections.state(film) == addon.sections.State.FRESH


def test_an_upscaler_that_is_not_here_is_said_so(addon, shape, sound, wait, films):
    sound.chromastrip.upscale, sound.chromastrip.upscaler = "4", "gone"
    assert bpy.ops.chromastrip.generate() == {"FINISHED"}
    wait()
    assert "no upscaler" in addon.jobs.state.error.cause
    assert films() == []
