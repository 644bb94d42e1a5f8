"""Rules of the frame's own shape: what is drawn for it, and under what name it is kept."""

import argparse
import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import checks, pictures, pipeline
from core.backends import Backends
from core.commands import words
from core.drafts import draft_of
from core.generator import DRAWING_VERSION, Generator, abstract_network, emoji_network
from core.latents import Latents
from core.network.running import Way
from core.protocol import Model, RenderRequest, Section, Settings, UserError, decode, encode
from core.protocol.shape import SQUARE, FirstMap, Widening, cut_size, first_map
from core.sync_card import SyncCard, read_card
from tests import films, sounds

CPU = Way(device="cpu", precision="float32")
WIDE, TALL = Fraction(16, 9), Fraction(9, 16)
ASPECTS = st.fractions(Fraction(1, 10), 10, max_denominator=4096)


@pytest.mark.parametrize(
    ("aspect", "columns", "rows", "size"),
    [
        ("16:9", 7, 4, (224, 126)),
        ("9:16", 4, 7, (126, 224)),
        ("4:3", 5, 4, (160, 120)),
        ("1:1", 4, 4, (128, 128)),
        ("21:9", 9, 4, (288, 124)),
    ],
)
def test_usual_shapes_are_drawn_by_these_maps_and_cut_to_these_sizes(aspect, columns, rows, size):
    wanted = words.aspect(aspect)
    found = first_map(wanted, Widening.EDGE)
    assert (found.columns, found.rows) == (columns, rows)
    assert cut_size(found.picture_size(128), wanted) == size


@given(aspect=ASPECTS, size=st.sampled_from([128, 256, 512]))
def test_pictures_have_the_shape_to_within_a_pixel_and_little_is_cut(aspect, size):
    drawn = first_map(aspect, Widening.STRETCH).picture_size(size)
    width, height = cut_size(drawn, aspect)
    assert min(drawn) == size
    assert width <= drawn[0]
    assert height <= drawn[1]
    assert width == drawn[0] or height == drawn[1]
    assert width % 2 == height % 2 == 0
    assert abs(width - aspect * height) <= 1 or abs(height - width / aspect) <= 1
    assert width * height >= 0.88 * drawn[0] * drawn[1]


def test_a_square_is_drawn_as_ever_whatever_the_widening():
    assert first_map(Fraction(1), Widening.STRETCH) == SQUARE == FirstMap()
    for network in (emoji_network(), abstract_network()):
        name = f"{network.digest} {network.size} {CPU.name} {DRAWING_VERSION}"
        assert Generator(network, CPU).name == Generator(network, CPU, widening=Widening.REFLECT).name == name
    assert Settings().aspect == 1


def test_shape_and_widening_are_in_the_key_and_the_networks_own_widening_is_none_of_its_own():
    network = abstract_network()
    names = {Generator(network, CPU, aspect=aspect, widening=widening).name for aspect in (WIDE, TALL) for widening in Widening}
    assert len(names) == 2 * len(Widening)
    assert Generator(network, CPU, aspect=WIDE).name == Generator(network, CPU, aspect=WIDE, widening=network.widening).name
    assert Generator(network, CPU, aspect=Fraction(7, 4)).name != Generator(network, CPU, aspect=WIDE).name  # not cut
    assert Generator(network, CPU, aspect=Fraction(17, 16)).name != Generator(network, CPU).name  # a square, cut


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("aspect", [WIDE, TALL])
def test_a_network_draws_the_frames_shape(aspect):
    rng = np.random.default_rng(0)
    latents = Latents.of_columns(
        noise=np.clip(rng.standard_normal((2, 128)), -2, 2).astype(np.float32),
        classes=(980, 3),
        weights=rng.random((2, 2)).astype(np.float32),
        class_floor=np.zeros(2, np.float32),
        truncation=np.ones(2, np.float32),
    )
    network = emoji_network()
    generator = Generator(network, CPU, aspect=aspect)
    drawn = np.stack([*generator.draw(latents, [0, 1])])
    assert drawn.shape == (2, generator.height, generator.width, 3)
    whole = np.stack([*Generator(network, CPU, aspect=Fraction(7, 4) if aspect > 1 else Fraction(4, 7)).draw(latents, [0, 1])])
    top, left = ((whole.shape[axis] - drawn.shape[axis]) // 2 for axis in (1, 2))
    np.testing.assert_array_equal(drawn, whole[:, top : top + generator.height, left : left + generator.width])  # cut evenly


# The sync card --------------------------------------------------------------------------------------------------------------------------


@given(aspect=ASPECTS, frame=st.integers(0, 2**24 - 1))
def test_a_card_of_any_shape_is_read(aspect, frame):
    card = SyncCard(size=128, aspect=aspect)
    (picture,) = card.draw(None, [frame])
    assert picture.shape == (card.height, card.width, 3)
    assert read_card(picture) == (frame, 0)


def test_cards_of_other_shapes_have_other_keys():
    keys = {key for aspect in (1, WIDE, TALL, Fraction(4, 3)) for key in SyncCard(size=128, aspect=Fraction(aspect)).cache_keys(range(5))}
    assert len(keys) == 4 * 5


# Films ----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=1), 22_050)


@pytest.mark.parametrize("aspect", [WIDE, TALL])
def test_frames_contact_sheet_and_small_copies_have_the_films_shape(tmp_path, song, aspect):
    request = films.request(tmp_path, song, frame_count=6, settings=Settings(model=Model.SYNC_CARD, aspect=aspect))
    frames = films.paths(pipeline.render(request, open_backend=Backends().open).frames)
    assert {pictures.read_picture(frame).shape for frame in frames} == {(126, 224, 3) if aspect > 1 else (224, 126, 3)}
    small = pictures.read_small(frames[0])
    assert small.shape[:2] == ((42, 74) if aspect > 1 else (74, 42))
    sheet = pictures.contact_sheet(frames, fps=25, columns=2, rows=3)
    cell = ((sheet.width - 6) // 2 - 6, (sheet.height - 6) // 3 - 16 - 6)
    assert Fraction(*cell) == pytest.approx(aspect, rel=0.02)
    assert np.asarray(sheet)[8, 8].tolist() in ([0, 0, 0], [255, 255, 255])  # no bars beside the card


def test_a_film_made_before_there_were_shapes_is_square(tmp_path, song):
    request = films.request(tmp_path, song)
    old = json.loads(encode(request))
    del old["settings"]["aspect"], old["settings"]["widening"]
    assert decode(json.dumps(old), RenderRequest) == request
    assert request.settings.aspect == 1


def test_a_section_has_its_films_shape(tmp_path, song):
    settings = Settings(model=Model.SYNC_CARD, aspect=WIDE)
    section = Section(first_frame=2, end_frame=4, settings=dataclasses.replace(settings, seed=3))
    request = films.request(tmp_path, song, settings=settings, sections=(section,))
    checks.check(request)
    for change in ({"aspect": Fraction(1)}, {"widening": Widening.STRETCH}):
        other = dataclasses.replace(section, settings=dataclasses.replace(section.settings, **change))
        with pytest.raises(UserError, match="shape"):
            checks.check(dataclasses.replace(request, sections=(other,)))


def test_a_draft_has_its_films_shape(tmp_path, song):
    request = films.request(tmp_path, song, settings=Settings(model=Model.BIGGAN, size=512, aspect=TALL))
    assert draft_of(request, is_here=lambda _: False).settings.aspect == TALL
    assert draft_of(request, is_here=lambda _: True).settings.aspect == TALL


# Bad input ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("aspect", [Fraction(0), Fraction(-16, 9), Fraction(100), Fraction(1, 100)])
def test_a_shape_that_no_picture_has_is_refused(tmp_path, song, aspect):
    with pytest.raises(UserError, match="1:10 to 10:1"):
        checks.check(films.request(tmp_path, song, settings=Settings(aspect=aspect)))


@pytest.mark.parametrize("text", ["0:9", "16:0", "-16:9", "16", "wide", "16:9:4", "1/0:1", "nan:1", "1e999999999:1", "1:1e400", ""])
def test_words_that_are_no_shape_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="16:9"):
        words.aspect(text)
