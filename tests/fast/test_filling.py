"""Films that fill in while they are drawn: every frame is there early, is always a whole picture, and only ever gets better."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import pictures
from core.backends import Backends
from core.filling import WIDEST_STRIDE, Filling, coarse_first, first_stride, nearest_rows
from core.frame_folder import FrameFolder, is_unfinished, read_request
from core.handover.media import check_present
from core.pipeline import CancelledError, render
from core.protocol import FILM_FILE, UNFINISHED_FILE, Clip, Edit, Missing, Track, UserError
from core.protocol.film_curves import CURVES_FILE
from core.sync_card import read_card
from tests import films, sounds

FRAMES = 50


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=2), 22_050)


@pytest.fixture
def request_film(tmp_path, song):
    return lambda **changes: films.request(tmp_path, song, frame_count=FRAMES, **changes)


def cards(folder):
    """Read which card each frame of a folder shows."""
    return [read_card(pictures.read_picture(path))[0] for path in films.paths(folder.sequence)]


def half_drawn(request, *, after):
    """Draw a film until so many pictures were asked for, then cancel; give its folder, and what it showed when it began."""
    began, asked = [], []

    def cancelled():
        asked.append(1)
        return len(asked) > after

    with pytest.raises(CancelledError):
        render(request, open_backend=Backends().open, cancelled=cancelled, begun=lambda folder: began.append((folder, cards(folder))))
    return began[0]


# The order ------------------------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 3000))
def test_every_frame_is_drawn_once(frame_count):
    assert sorted(coarse_first(frame_count)) == [*range(frame_count)]


@given(st.integers(1, 3000), st.data())
def test_after_each_pass_no_frame_is_farther_from_a_picture_than_the_stride(frame_count, data):
    stride = 1 << data.draw(st.integers(0, first_stride(frame_count).bit_length() - 1))
    drawn = np.zeros(frame_count, bool)
    drawn[coarse_first(frame_count)[: -(-frame_count // stride)]] = True
    assert np.abs(nearest_rows(drawn) - np.arange(frame_count)).max() < max(stride, 2)


def test_no_picture_stands_for_more_frames_than_windows_allows_names_for_a_file():
    assert first_stride(10**6) == WIDEST_STRIDE < 1023
    assert first_stride(1) == 1


# What is seen ---------------------------------------------------------------------------------------------------------------------------


def test_at_the_beginning_every_frame_shows_the_nearest_of_the_first_pictures(request_film):
    folder, shown = half_drawn(request_film(), after=12)
    stride = first_stride(FRAMES)
    assert set(range(0, FRAMES, stride)) <= set(shown)
    assert all(abs(card - frame) < stride for frame, card in enumerate(shown))
    assert is_unfinished(folder.path)


def test_an_end_in_the_middle_leaves_whole_pictures_and_all_that_were_drawn(request_film):
    folder, shown = half_drawn(request_film(), after=30)
    now = cards(folder)
    assert sum(card == frame for frame, card in enumerate(now)) >= 30 > sum(card == frame for frame, card in enumerate(shown))
    assert not (folder.path / FILM_FILE).exists()
    assert read_request(folder.path) == request_film()


def test_the_finished_film_is_the_one_that_is_drawn_in_order(tmp_path, song):
    early, late = (films.request(tmp_path / name, song, frame_count=FRAMES) for name in ("early", "late"))
    began = []
    one = render(early, open_backend=Backends().open, begun=began.append)
    other = render(late, open_backend=Backends().open)
    assert films.content(one.frames) == films.content(other.frames)
    assert one.digest == other.digest == began[0].digest
    assert not is_unfinished(Path(one.frames.folder))
    assert sorted(path.name for path in Path(one.frames.folder).iterdir()) == sorted([CURVES_FILE, FILM_FILE, *one.frames.file_names()])


def test_going_on_shows_what_is_there_at_once_and_draws_the_rest(request_film):
    folder, _ = half_drawn(request_film(), after=20)
    before = cards(folder)
    began = []
    film = render(request_film(), open_backend=Backends().open, begun=lambda folder: began.append(cards(folder)))
    assert sum(card == frame for frame, card in enumerate(began[0])) >= sum(card == frame for frame, card in enumerate(before))
    assert film.drawn_count <= FRAMES - 20
    assert cards(folder) == [*range(FRAMES)]


def test_a_film_of_which_nothing_is_missing_does_not_begin(request_film):
    render(request_film(), open_backend=Backends().open)
    render(request_film(), open_backend=Backends().open, begun=lambda _: pytest.fail("nothing was to be drawn"))


def test_a_finished_films_frames_are_never_replaced_by_their_neighbours(request_film, tmp_path):
    film = render(request_film(), open_backend=Backends().open)
    for path in (tmp_path / "cache" / "pictures").rglob("*.png"):
        path.unlink()
    began = []
    render(request_film(), open_backend=Backends().open, begun=lambda folder: began.append(cards(folder)))
    assert began == [[*range(FRAMES)]]
    assert not is_unfinished(Path(film.frames.folder))


@pytest.fixture
def fill(request_film, tmp_path):
    """Give a filling of a film by made-up pictures, and a function that lets one come."""

    def begin(clock=None):
        keys, there, opened = [f"{row:032x}" for row in range(FRAMES)], {}, []
        filling = Filling(lambda keys: FrameFolder(request_film(), keys=keys), opened.append, clock=clock or (lambda: float(len(there))))
        filling.follow(keys, there)

        def come(row):
            there[keys[row]] = tmp_path / f"{row}.png"
            there[keys[row]].write_text(str(row))
            filling.came(keys[row])

        return come, opened

    return begin


def test_what_another_process_has_put_there_meanwhile_stays(fill, tmp_path):
    come, opened = fill()
    order = coarse_first(FRAMES)
    for row in order[:10]:
        come(row)
    frame = films.paths(opened[0].sequence)[1]
    other = tmp_path / "right.png"
    other.write_text("by the other process")
    other.replace(frame)
    for row in order[10:]:
        if row != 1:
            come(row)
    assert frame.read_text() == "by the other process"
    come(1)
    assert [path.read_text() for path in films.paths(opened[0].sequence)] == [str(row) for row in range(FRAMES)]


def test_showing_takes_a_tenth_of_the_time_at_most(fill, monkeypatch):
    """By a clock that goes on by a second each time that it is read, showing seems to take long; so it is done seldom."""
    shows, show = [], Filling.show
    monkeypatch.setattr(Filling, "show", lambda self: (shows.append(1), show(self)))
    come, _ = fill(clock=iter(range(10**6)).__next__)
    for row in coarse_first(FRAMES):
        come(row)
    assert 2 <= len(shows) <= 2 + FRAMES // 10


# What others make of half a film --------------------------------------------------------------------------------------------------------


def test_half_a_film_is_named_at_export(request_film):
    folder, _ = half_drawn(request_film(), after=12)
    clip = Clip(name="Song Film", frame_count=FRAMES, media=folder.sequence, source_start=0)
    edit = Edit(name="Edit", fps=request_film().fps, tracks=(Track(name="V1", kind="video", items=(clip,)),))
    with pytest.raises(UserError, match="Song Film"):
        check_present(edit, Missing.REFUSE)
    assert "Song Film" in check_present(edit, Missing.GO_ON)[1][0]
    (folder.path / UNFINISHED_FILE).unlink()
    assert check_present(edit, Missing.REFUSE) == (edit, ())
