"""The sync card: read back after whatever an editor does to a picture."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.sync_card import SyncCard, draw_card, read_card

FRAMES = st.integers(0, 2**24 - 1)
SECTIONS = st.integers(0, 255)
SCATTERED = [0, 1, 2, 255, 256, 17_982, 2**23, 2**24 - 1]


@given(FRAMES, SECTIONS, st.sampled_from([8, 64, 128, 256, 512]))
def test_a_card_is_read_as_it_was_drawn(frame, section, size):
    picture = draw_card(frame=frame, section=section, size=size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert read_card(picture) == (frame, section)
    assert read_card(picture[:, :, 0]) == (frame, section)


@given(FRAMES, SECTIONS, st.integers(24, 300), st.integers(24, 300))
def test_a_scaled_card_is_read(frame, section, width, height):
    picture = Image.fromarray(draw_card(frame=frame, section=section)).resize((width, height))
    assert read_card(np.asarray(picture)) == (frame, section)


@given(FRAMES, SECTIONS, st.integers(0, 2**32 - 1))
def test_a_faint_and_noisy_card_is_read(frame, section, seed):
    noise = np.random.default_rng(seed).normal(0, 20, (128, 128, 1))
    picture = np.clip(draw_card(frame=frame, section=section) * 0.7 + 30 + noise, 0, 255).astype(np.uint8)
    assert read_card(picture) == (frame, section)


@pytest.mark.parametrize("size", [(128, 128), (720, 406)])
def test_cards_survive_h264_and_scaling(tmp_path, size):
    path = tmp_path / "cards.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(30_000, 1001), options={"crf": "28", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for frame in SCATTERED:
            picture = Image.fromarray(draw_card(frame=frame, section=frame % 256)).resize(size)
            container.mux(stream.encode(av.VideoFrame.from_image(picture)))
        container.mux(stream.encode())
    with av.open(str(path)) as container:
        read = [read_card(image.to_ndarray(format="rgb24")) for image in container.decode(video=0)]
    assert read == [(frame, frame % 256) for frame in SCATTERED]


@given(FRAMES, SECTIONS, st.integers(0, 63))
def test_a_card_with_one_wrong_cell_is_no_card(frame, section, cell):
    picture = draw_card(frame=frame, section=section, size=64)
    row, column = divmod(cell, 8)
    picture[row * 8 : row * 8 + 8, column * 8 : column * 8 + 8] ^= 255
    assert read_card(picture) is None


@pytest.mark.parametrize(
    "picture", [np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8), np.indices((64, 64)).sum(axis=0) * 2]
)
def test_other_pictures_are_no_cards(picture):
    assert read_card(picture) is None


def test_noise_is_no_card():
    rng = np.random.default_rng(0)
    assert all(read_card(rng.integers(0, 256, (32, 32, 3))) is None for _ in range(300))


def test_two_cards_mixed_are_not_taken_for_a_third():
    mixed = [(draw_card(frame=n).astype(int) + draw_card(frame=n + 1)) // 2 for n in range(100)]  # between two frames
    assert all(read_card(picture) in {None, (n, 0), (n + 1, 0)} for n, picture in enumerate(mixed))


def test_the_backend_draws_the_frames_numbers():
    card = SyncCard(size=64)
    drawn = card.draw(None, [3, 0, 700])
    assert [read_card(picture) for picture in drawn] == [(3, 0), (0, 0), (700, 0)]


def test_the_pace_can_be_changed_in_the_middle_of_a_frame(tmp_path):
    pace = tmp_path / "pace"
    pace.write_text("600")
    card = SyncCard(size=64, fault=f"pace@{pace}")
    with ThreadPoolExecutor() as pool:
        drawing = pool.submit(lambda: len([*card.draw(None, range(3))]))
        assert not drawing.done()
        (tmp_path / "new").write_text("0")
        (tmp_path / "new").replace(pace)
        assert drawing.result() == 3


def test_faults_happen_at_their_frame_only():
    card = SyncCard(size=64, fault="memory@5")
    assert len([*card.draw(None, range(5))]) == 5
    with pytest.raises(MemoryError):
        [*card.draw(None, [4, 5])]
