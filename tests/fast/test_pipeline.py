"""Films from requests: the same ones always, whatever happens on the way."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from core import drawing, pictures
from core.backends import Backends
from core.flash_safety import flashes
from core.frame_folder import is_unfinished
from core.keys import picture_key
from core.pipeline import CancelledError, render
from core.protocol import Model, Section, Settings, Stage, UserError, decode
from core.protocol.messages import RenderRequest
from core.storing import MOST_WAITING
from core.sync_card import SyncCard, read_card
from tests import films, sounds
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=2), 22_050)


@pytest.fixture
def request_film(tmp_path, song):
    return lambda **changes: films.request(tmp_path, song, **changes)


def draw(request, **options):
    return render(request, open_backend=Backends().open, **options)


class Watched(SyncCard):
    """A sync card that notes what is asked of it."""

    def __init__(self):
        super().__init__(size=128)
        self.loads, self.drawn = 0, []

    def load(self):
        self.loads += 1

    def draw(self, latents, rows):
        for row, card in zip(rows, super().draw(latents, rows), strict=True):
            self.drawn.append(row)
            yield card


# What a film is -------------------------------------------------------------------------------------------------------------------------


def test_frame_n_shows_picture_n(request_film):
    film = draw(request_film(frame_count=30))
    assert [read_card(pictures.read_picture(path)) for path in films.paths(film.frames)] == [(n, 0) for n in range(30)]
    assert film.drawn_count == 30
    assert film.warnings == ()


def test_names_are_numbered_by_six_digits_from_zero(request_film):
    film = draw(request_film(name="My: film? #1 ♫", frame_count=12))
    names = sorted(path.name for path in Path(film.frames.folder).glob("*.png"))
    assert names == film.frames.file_names()
    assert [re.fullmatch(r"[\w-]+_(\d{6})\.png", name)[1] for name in names] == [f"{n:06d}" for n in range(12)]
    assert film.frames.prefix == f"{Path(film.frames.folder).name}_"
    assert film.digest in film.frames.prefix


@pytest.mark.parametrize(
    ("name", "stem"),
    [("Song 1.wav", "Song-1-wav"), ("../../etc", "etc"), ("???", "film"), ("", "film"), ("Ünï", "Ünï"), ("a" * 300, "a" * 40)],
)
def test_any_name_makes_a_folder_in_its_place(request_film, tmp_path, name, stem):
    film = draw(request_film(name=name, frame_count=1))
    assert Path(film.frames.folder) == tmp_path / "films" / f"{stem}_{film.digest}"


def test_the_request_lies_beside_its_frames(request_film):
    request = request_film()
    film = draw(request)
    assert decode((Path(film.frames.folder) / "film.json").read_text(), RenderRequest) == request


def test_other_pictures_make_another_film_beside_the_first(tmp_path, song):
    one, other = (films.request(tmp_path, song, frame_count=count) for count in (3, 4))  # a sync card listens to no other setting
    first = draw(one)
    kept = films.content(first.frames)
    assert draw(other).frames.folder != first.frames.folder
    assert films.content(first.frames) == kept


# Same request, same pixels --------------------------------------------------------------------------------------------------------------


def test_the_same_request_gives_the_same_bytes(tmp_path, song):
    runs = [draw(films.request(tmp_path / run, song)) for run in "ab"]
    assert films.content(runs[0].frames) == films.content(runs[1].frames)
    assert runs[0].frames.file_names() == runs[1].frames.file_names()


@pytest.mark.parametrize("model", [Model.SYNC_CARD, Model.EMOJI, Model.ABSTRACT])
def test_batch_size_never_changes_a_pixel(tmp_path, song, model):
    backends = Backends()
    runs = [
        render(
            films.request(tmp_path / str(size), song, frame_count=5, settings=Settings(model=model)),
            open_backend=backends.open,
            batch_size=size,
        )
        for size in (1, 4, 7)
    ]
    assert films.content(runs[0].frames) == films.content(runs[1].frames) == films.content(runs[2].frames)
    assert {run.digest for run in runs} == {runs[0].digest}


def test_a_second_run_draws_nothing_and_loads_no_model(request_film):
    first = draw(request_film())
    backend = Watched()
    again = render(request_film(), open_backend=lambda _: backend)
    assert (backend.loads, backend.drawn, again.drawn_count) == (0, [], 0)
    assert again.frames == first.frames


def test_only_what_is_missing_is_drawn(request_film):
    draw(request_film(frame_count=7))
    backend = Watched()
    film = render(request_film(frame_count=20), open_backend=lambda _: backend)
    assert backend.drawn == list(range(7, 20))
    assert film.drawn_count == 13
    assert backend.loads == 1


def test_a_picture_shown_twice_is_drawn_once(request_film, tmp_path):
    quiet = sounds.write(tmp_path / "quiet.wav", np.zeros(22_050), 22_050)
    film = draw(request_film(sound_path=str(quiet), frame_count=40, settings=Settings(smooth_factor=1), source_start_seconds=Fraction(2)))
    assert film.drawn_count == 1
    assert len(films.paths(film.frames)) == 40
    assert len(set(films.content(film.frames))) == 1


def test_a_painted_over_frame_is_drawn_again(request_film):
    first = draw(request_film())
    whole = films.content(first.frames)
    films.paths(first.frames)[3].write_bytes(b"painted over")  # the same file as in the cache
    films.paths(first.frames)[5].unlink()
    again = draw(request_film())
    assert again.drawn_count == 1
    assert films.content(again.frames) == whole


def test_frames_survive_the_loss_of_the_cache(request_film, tmp_path):
    first = draw(request_film())
    for path in films.files_below(tmp_path / "cache"):
        path.unlink()
    assert all(read_card(pictures.read_picture(path)) for path in films.paths(first.frames))
    assert draw(request_film()).drawn_count == 20


# Ends in the middle ---------------------------------------------------------------------------------------------------------------------


def test_a_cancelled_film_goes_on_where_it_stopped(tmp_path, song):
    undisturbed = draw(films.request(tmp_path / "a", song))
    answers = iter([False] * 8 + [True])
    with pytest.raises(CancelledError):
        draw(films.request(tmp_path / "b", song), cancelled=lambda: next(answers))
    kept = len(films.files_below(tmp_path / "b" / "cache" / "pictures"))
    assert kept == 8
    resumed = draw(films.request(tmp_path / "b", song))
    assert resumed.drawn_count == 12
    assert films.content(resumed.frames) == films.content(undisturbed.frames)


def test_a_cancelled_film_asks_for_no_further_picture(request_film):
    backend = Watched()
    with pytest.raises(CancelledError):
        render(request_film(), open_backend=lambda _: backend, cancelled=lambda: len(backend.drawn) >= 4)
    assert len(backend.drawn) == 4


def test_a_killed_film_goes_on_where_it_stopped(tmp_path, song):
    films.hear(films.request(tmp_path / "b", song))
    arguments = ["render", song, "--out", tmp_path / "b" / "films", "--cache", tmp_path / "b" / "cache", "--model", "sync-card"]
    command = [sys.executable, "-m", "core", *arguments, "--aspect", "1:1", "--fps", "25", "--seconds", "0.8", "--fault", "hang@12"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)}) as process:
        try:
            until(lambda: films.kept_pictures(tmp_path / "b" / "cache"))
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    kept = len(films.kept_pictures(tmp_path / "b" / "cache"))
    assert 1 <= kept <= 12
    resumed = draw(films.request(tmp_path / "b", song))
    undisturbed = draw(films.request(tmp_path / "a", song))
    assert resumed.drawn_count == 20 - kept
    assert films.content(resumed.frames) == films.content(undisturbed.frames)


def test_an_error_in_drawing_keeps_what_was_drawn(request_film):
    with pytest.raises(MemoryError):
        render(request_film(), open_backend=Backends(fault="memory@13").open)
    assert draw(request_film()).drawn_count == 7


def test_two_processes_may_draw_the_same_film_at_once(request_film):
    results = []
    threads = [threading.Thread(target=lambda: results.append(draw(request_film()))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    assert all(len(films.content(film.frames)) == 20 for film in results)


# Flashes --------------------------------------------------------------------------------------------------------------------------------

CALM, WILD = Settings(tempo_sensitivity=0.01), Settings(tempo_sensitivity=2, truncation=0.1)


class Lamp:
    """Draws plain grey pictures, bright where the first unit's noise is."""

    width = height = 128
    class_total = 1000
    follows_latents = True

    def __init__(self, gain=20.0):
        self._gain = gain
        self.loads, self.drawn = 0, 0

    def cache_keys(self, latents):
        return [picture_key(b"lamp", bytes([level])) for level in self._levels(latents)]

    def directions(self, **_):
        return np.zeros((6, 128), np.float32)

    def load(self):
        self.loads += 1

    def draw(self, latents, rows):
        for row in rows:
            self.drawn += 1
            yield np.full((128, 128, 3), self._levels(latents)[row], np.uint8)

    def _levels(self, latents):
        return (128 + 100 * np.sin(self._gain * latents.noise[:, 0])).astype(np.uint8)


@pytest.fixture(scope="module")
def long_song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "long.wav", sounds.melody(seconds=5), 22_050)


@pytest.fixture
def request_wild(tmp_path, long_song):
    """Give requests for films of 5 s that flash from 1.6 s to 3.2 s."""
    section = Section(first_frame=40, end_frame=80, settings=WILD, landing_seconds=Fraction(0))

    def make(name="wild", **changes):
        return films.request(tmp_path / name, long_song, frame_count=125, settings=CALM, sections=(section,), **changes)

    return make


def light(request, lamp=None, **options):
    return render(request, open_backend=lambda _: lamp or Lamp(), **options)


def flashing(film, fps=Fraction(25)):
    return flashes.find_flashes((pictures.read_small(path) for path in films.paths(film.frames)), fps=fps)


def test_a_film_that_flashes_is_calmed_until_it_does_not(request_wild):
    plain, limited = light(request_wild(limit_flashes=False)), light(request_wild())
    assert flashing(plain)
    assert flashing(limited) == ()
    (warning,) = limited.warnings
    assert "more calmly" in warning


def test_a_flashing_film_is_shown_as_it_is_and_becomes_a_calmer_one(request_wild):
    began = []
    film = light(request_wild(), begun=began.append)
    assert film.digest == light(request_wild(name="in order")).digest
    assert [folder.digest == film.digest for folder in began] == [False]
    assert is_unfinished(began[0].path)  # that one flashes: nobody shall take it for the film
    assert not is_unfinished(Path(film.frames.folder))


def test_a_calmed_film_differs_only_where_it_says(request_wild):
    plain, limited = light(request_wild(limit_flashes=False)), light(request_wild())
    differs = [
        n for n, (one, other) in enumerate(zip(films.content(plain.frames), films.content(limited.frames), strict=True)) if one != other
    ]
    times = [float(time) for time in re.findall(r"0:(\d\d\.\d)", limited.warnings[0])]
    assert times[0] - 0.05 <= differs[0] / 25 <= times[0] + 1
    assert times[-1] - 1 <= differs[-1] / 25 <= times[-1] + 0.05
    assert limited.digest != plain.digest


def test_a_film_that_may_flash_is_drawn_as_it_is_and_warned_of(request_wild):
    film = light(request_wild(limit_flashes=False))
    (warning,) = film.warnings
    (passage,) = flashing(film)
    assert flashes.tell_times([(passage.first_frame, passage.end_frame)], fps=Fraction(25)) in warning
    assert "epilepsy" in warning


@pytest.mark.parametrize("limit", [True, False])
def test_a_film_that_does_not_flash_is_the_same_limited_or_not(request_film, limit):
    film = light(request_film(settings=CALM, frame_count=50, limit_flashes=limit))
    assert film.warnings == ()
    assert film.digest == light(request_film(settings=CALM, frame_count=50, limit_flashes=not limit)).digest


@pytest.mark.parametrize("limit", [True, False])
def test_a_second_run_of_a_flashing_film_draws_nothing_and_counts_nothing(request_wild, tmp_path, monkeypatch, limit):
    first = light(request_wild(limit_flashes=limit))
    shown = {path.stat().st_ino for path in films.paths(first.frames)}
    for path in films.files_below(tmp_path / "wild" / "cache" / "pictures"):  # the pictures on the way to it are not needed again
        if path.stat().st_ino not in shown:
            path.unlink()
    monkeypatch.setattr(pictures, "read_small", None)
    lamp = Lamp()
    again = light(request_wild(limit_flashes=limit), lamp)
    assert (lamp.loads, lamp.drawn, again.drawn_count) == (0, 0, 0)
    assert (again.frames, again.digest, again.warnings) == (first.frames, first.digest, first.warnings)


def test_a_calmed_film_never_depends_on_the_batch_size(request_wild):
    runs = [light(request_wild(str(size)), batch_size=size) for size in (1, 7, 100)]
    assert len({run.digest for run in runs}) == 1
    assert films.content(runs[0].frames) == films.content(runs[1].frames) == films.content(runs[2].frames)


def test_a_film_that_is_cancelled_while_it_is_calmed_goes_on_there(request_wild):
    stages = []
    with pytest.raises(CancelledError):
        light(request_wild(), report=lambda stage, *_: stages.append(stage), cancelled=lambda: Stage.CALMING in stages, batch_size=1)
    resumed, undisturbed = light(request_wild()), light(request_wild("other"))
    assert 0 < resumed.drawn_count < undisturbed.drawn_count
    assert resumed.digest == undisturbed.digest
    assert films.content(resumed.frames) == films.content(undisturbed.frames)


def test_where_no_slower_walk_helps_the_picture_stands_still(request_wild):
    lamp = Lamp(gain=3000)  # flashes however short the way is
    film = light(request_wild(), lamp)
    assert flashing(film) == ()
    assert len({path.stat().st_ino for path in films.paths(film.frames)[50:70]}) == 1


def test_a_damaged_note_is_counted_anew(request_wild, tmp_path):
    first = light(request_wild())
    for note in films.files_below(tmp_path / "wild" / "cache" / "flashes"):
        note.write_bytes(note.read_bytes()[:-5] + b"\xff")
    assert light(request_wild()) == dataclasses.replace(first, drawn_count=0)


def test_a_measuring_card_is_never_calmed_nor_counted(request_film, tmp_path):
    film = draw(request_film(frame_count=200))
    assert flashing(film)  # its cells change at every frame
    assert not (tmp_path / "cache" / "flashes").exists()
    assert [read_card(pictures.read_picture(path)) for path in films.paths(film.frames)] == [(n, 0) for n in range(200)]


def test_calming_is_told_as_progress(request_wild):
    reports = []
    light(request_wild(), report=lambda *report: reports.append(report), batch_size=4)
    calming = [(done, total) for stage, done, total in reports if stage == Stage.CALMING]
    assert calming[-1] == (125, 125)
    assert any(done < total for done, total in calming)
    assert reports.index((Stage.DRAWING, 125, 125)) < reports.index((Stage.CALMING, *calming[0]))


# Room -----------------------------------------------------------------------------------------------------------------------------------


def test_few_pictures_wait_in_memory_however_long_the_film(request_film, monkeypatch):
    alive, most = weakref.WeakSet(), []
    encode = pictures.encode_png

    class Picture(np.ndarray):  # plain arrays cannot be put in a set
        __hash__ = object.__hash__

    class Counted(SyncCard):
        def draw(self, latents, rows):
            for card in super().draw(latents, rows):
                drawn = card.view(Picture)
                alive.add(drawn)
                most.append(len(alive))
                yield drawn

    def slowly(picture):
        time.sleep(0.004)
        return encode(picture)

    monkeypatch.setattr(pictures, "encode_png", slowly)
    render(request_film(frame_count=200), open_backend=lambda _: Counted(size=128))
    assert len(most) == 200
    assert max(most) <= MOST_WAITING + 2 + os.cpu_count()  # a thread lets go of its picture a moment after it is done


def test_too_little_space_is_told_before_anything_is_drawn(request_film, monkeypatch):
    backend = Watched()
    monkeypatch.setattr(drawing, "SPARE_BYTES", 10**18)
    with pytest.raises(UserError, match=r"MB free; 20 pictures may need") as refusal:
        render(request_film(), open_backend=lambda _: backend)
    assert "space" in refusal.value.cure
    assert backend.drawn == []


@pytest.mark.parametrize("name", ["frames_folder", "cache_folder"])
def test_a_folder_that_cannot_be_made_is_named(request_film, tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    backend = Watched()
    with pytest.raises(UserError, match="file"):
        render(request_film(**{name: str(tmp_path / "file" / "below")}), open_backend=lambda _: backend)
    assert backend.drawn == []


# Requests that no film can come from ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"frame_count": 0}, "0 frames"),
        ({"frame_count": -3}, "-3 frames"),
        ({"fps": Fraction(0)}, "frame rate is 0"),
        ({"fps": Fraction(-24)}, "frame rate is -24"),
        ({"settings": Settings(jitter=3)}, "Jitter"),
        ({"settings": Settings(classes=(1, 1))}, "twice"),
        ({"sound_path": "/no/such/sound.wav"}, "sound.wav"),
        ({"sound_path": "/"}, "/"),
    ],
)
def test_bad_requests_are_refused_and_leave_nothing(request_film, tmp_path, changes, word):
    with pytest.raises(UserError, match=word) as refusal:
        draw(request_film(**changes))
    assert refusal.value.cure
    assert films.files_below(tmp_path) == []


@pytest.mark.parametrize("kind", sounds.BAD)
def test_bad_sounds_are_refused_and_leave_nothing(request_film, tmp_path, kind):
    path = sounds.write_bad(tmp_path, kind)
    with pytest.raises(UserError, match=re.escape(path.name)):
        draw(request_film(sound_path=str(path)))
    assert films.files_below(tmp_path) == ([path] if path.is_file() else [])


# What people are told -------------------------------------------------------------------------------------------------------------------


def reports_of(request, **options):
    reports = []
    film = draw(request, report=lambda *report: reports.append(report), **options)
    return film, reports


def test_progress_rises_to_the_end(request_film):
    _, reports = reports_of(request_film(), batch_size=3)
    assert [stage for stage, _, _ in reports[:2]] == [Stage.LISTENING, Stage.LOADING]
    counts = [done for stage, done, _ in reports if stage == Stage.DRAWING]
    assert counts == sorted(counts)
    assert counts[-1] == 20
    assert len(set(counts)) >= 6
    assert {total for _, _, total in reports} == {20}


def test_a_film_that_was_there_is_told_as_done(request_film):
    draw(request_film())
    _, reports = reports_of(request_film())
    assert reports == [(Stage.LISTENING, 0, 20), (Stage.DRAWING, 20, 20)]


@pytest.mark.parametrize(
    ("start", "count", "words"),
    [(0, 50, []), (-1, 50, []), (0, 100, ["goes on to 4.0 s"]), (-3, 25, ["is silent"]), (10, 25, ["goes on to 11.0 s", "is silent"])],
)
def test_people_are_told_when_the_sound_is_shorter_than_the_film(request_film, start, count, words):
    warnings = draw(request_film(source_start_seconds=Fraction(start), frame_count=count)).warnings
    assert len(warnings) == len(words)
    assert all(word in warning and "song.wav" in warning for word, warning in zip(words, warnings, strict=True))


def test_people_are_told_of_silence(request_film, tmp_path):
    samples = sounds.melody(seconds=4)
    samples[44_100:] = 0
    half_silent = sounds.write(tmp_path / "half.wav", samples, 22_050)
    assert draw(request_film(sound_path=str(half_silent))).warnings == ()
    (warning,) = draw(request_film(sound_path=str(half_silent), source_start_seconds=Fraction(5, 2))).warnings
    assert "silent between 2.5 s and 3.3 s" in warning


def test_an_embedded_model_draws_its_own_size_whatever_an_old_film_says(request_film):
    film, other = (draw(request_film(frame_count=1, settings=Settings(model=Model.ABSTRACT, size=size))) for size in (128, 256))
    assert film.digest == other.digest
