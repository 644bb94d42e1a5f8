"""Frames that are filled with their pictures' mirror images."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pictures, pipeline
from core.backends import Backends
from core.checks import check
from core.mirroring import mirrored, mirrored_size
from core.protocol import PictureFormat, UserError
from core.working import CancelledError
from tests import films, sounds

WIDE = Fraction(16, 9)


@given(side=st.integers(2, 64), width=st.integers(1, 40), height=st.integers(1, 40))
def test_the_picture_is_in_the_middle_and_its_mirror_images_beside_it(side, width, height):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    aspect = max(Fraction(1, 10), min(Fraction(10), Fraction(width, height)))
    larger = mirrored(picture, aspect)
    rows, columns = (larger.shape[0] - side) // 2, (larger.shape[1] - side) // 2
    np.testing.assert_array_equal(larger[rows : rows + side, columns : columns + side], picture)
    if 0 < columns <= side:
        np.testing.assert_array_equal(larger[rows : rows + side, :columns], picture[:, :columns][:, ::-1])
    if 0 < rows <= side:
        np.testing.assert_array_equal(larger[:rows, columns : columns + side], picture[:rows][::-1])


@given(side=st.sampled_from([128, 256, 512]), width=st.integers(1, 4096), height=st.integers(1, 4096))
def test_a_mirrored_picture_covers_its_frame_within_two_pixels(side, width, height):
    wide, tall = mirrored_size(side, side, Fraction(width, height))
    assert min(wide, tall) == side
    assert max(wide, tall) % 2 == 0
    exact = side * max(Fraction(width, height), Fraction(height, width))
    assert 0 <= max(wide, tall) - exact < 2


def test_usual_shapes_have_usual_sizes():
    assert [mirrored_size(512, 512, aspect) for aspect in (Fraction(1), WIDE, 1 / WIDE)] == [(512, 512), (912, 512), (512, 912)]


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=1), 22_050)


@pytest.fixture
def draw(tmp_path, song):
    def draw(**changes):
        return pipeline.render(films.request(tmp_path, song, **changes), open_backend=Backends().open)

    return draw


@pytest.mark.parametrize("kind", PictureFormat)
def test_frames_are_mirrored_pictures_and_nothing_is_drawn_twice(draw, kind):
    plain = draw(picture_format=kind)
    wide = draw(picture_format=kind, frame_aspect=WIDE)
    assert (plain.drawn_count, wide.drawn_count) == (20, 0)
    assert plain.digest != wide.digest
    small, large = (pictures.read_picture(films.paths(film.frames)[3]) for film in (plain, wide))
    assert large.shape == (small.shape[0], mirrored_size(small.shape[1], small.shape[0], WIDE)[0], 3)
    if kind != PictureFormat.JPEG:
        np.testing.assert_array_equal(large, mirrored(small, WIDE))


def test_the_order_of_wishes_never_changes_a_pixel(draw, tmp_path):
    """Drawn wide at once, or made wide from what was drawn before."""
    first = films.content(draw(frame_aspect=WIDE).frames)
    again = draw()
    assert again.drawn_count == 0
    elsewhere = {"cache_folder": str(tmp_path / "other"), "frames_folder": str(tmp_path / "other films")}
    draw(**elsewhere)
    assert films.content(draw(frame_aspect=WIDE, **elsewhere).frames) == first


def test_cancel_ends_the_mirroring_of_what_was_drawn_before(draw, tmp_path, song):
    draw()
    request = films.request(tmp_path, song, frame_aspect=WIDE)
    with pytest.raises(CancelledError):
        pipeline.render(request, open_backend=Backends().open, cancelled=lambda: True)
    assert draw(frame_aspect=WIDE).drawn_count == 0


def test_absurd_shapes_are_refused(tmp_path, song):
    with pytest.raises(UserError, match="100 times as wide"):
        check(films.request(tmp_path, song, frame_aspect=Fraction(100)))
