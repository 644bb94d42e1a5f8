"""Several cards draw one film: two cores of the processor, a process each."""

import os
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core.backends import Backends
from core.network.cores import usable_cores
from core.pipeline import CancelledError, draw_span, render
from core.protocol import Machine, Model, Precision, Settings, Stage, UserError
from tests import disks, films, sounds
from tests.architectures import tiny
from tests.waiting import is_running, until
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
TWO = Machine(device="cpu:0,cpu:1", precision=Precision.FLOAT32)

pytestmark = pytest.mark.skipif(usable_cores() < 2, reason="two cards of a core each need two cores")


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.click_track(seconds=5), 22_050)


@pytest.fixture(scope="module")
def backends():
    """Give backends whose cards' processes run from test to test."""
    kept = Backends()
    yield kept
    if kept._cards is not None:
        kept._cards.close()


@pytest.fixture
def ask(tmp_path, song):
    def make(name="two", machine=TWO, **changes):
        changes = {"settings": Settings(model=Model.EMOJI, aspect=Fraction(16, 9)), "frame_count": 40, **changes}
        return films.request(tmp_path / name, song, machine=machine, **changes)

    return make


def alone(ask, **changes):
    """Draw the film with one device, in this process."""
    return render(ask("alone", Machine(device="cpu", precision=Precision.FLOAT32), **changes), open_backend=Backends().open)


def pids(backends):
    return [card.pid for card in backends._cards._cards.values()]


def once_drawing(work):
    """Do something once, as soon as the first pictures are there."""
    done = []

    def report(stage, count, _total):
        if stage == Stage.DRAWING and count > 0 and not done:
            done.append(count)
            work()

    return report


def test_two_cards_draw_the_film_that_one_draws(ask, backends):
    film = render(ask(frame_size=(320, 180)), open_backend=backends.open)
    one = alone(ask, frame_size=(320, 180))
    assert films.content(film.frames) == films.content(one.frames)
    assert (film.digest, film.drawn_count, film.warnings) == (one.digest, one.drawn_count, one.warnings)


def test_they_draw_films_that_are_shown_while_they_are_drawn(ask, backends):
    began = []
    film = render(ask("early"), open_backend=backends.open, begun=began.append)
    assert [folder.digest for folder in began] == [film.digest]
    assert len(films.content(film.frames)) == 40


def test_they_draw_a_span(ask, backends):
    assert draw_span(ask(), range(10, 20), open_backend=backends.open).drawn_count == 10
    film = render(ask(), open_backend=backends.open)
    assert film.drawn_count == 30
    assert films.content(film.frames) == films.content(alone(ask).frames)


def test_their_processes_are_kept_for_the_next_film(ask, backends):
    render(ask(frame_count=4), open_backend=backends.open)
    before = pids(backends)
    render(ask("next", frame_count=8), open_backend=backends.open)
    assert pids(backends) == before


def test_one_that_is_killed_loses_nothing_and_the_user_is_told(ask, backends):
    film = render(ask(), open_backend=backends.open, report=once_drawing(lambda: os.kill(pids(backends)[1], signal.SIGKILL)))
    (warning,) = film.warnings
    assert "cpu:1 stopped, and the other cards drew the rest" in warning
    assert "killed by signal 9" in warning
    assert films.content(film.frames) == films.content(alone(ask).frames)
    again = render(ask("again", frame_count=8), open_backend=backends.open)
    assert again.warnings == ()
    assert len(pids(backends)) == 2  # it was started again


def test_where_all_are_killed_the_film_goes_on_the_next_time(ask, backends):
    with pytest.raises(UserError, match="No card is left"):
        render(ask(), open_backend=backends.open, report=once_drawing(lambda: [os.kill(pid, signal.SIGKILL) for pid in pids(backends)]))
    kept = len(films.kept_pictures(Path(ask().cache_folder)))
    assert kept > 0
    film = render(ask(), open_backend=backends.open)
    assert film.drawn_count <= 40 - kept
    assert films.content(film.frames) == films.content(alone(ask).frames)


def test_cancel_ends_all_and_the_next_film_is_drawn_by_the_same_processes(ask, backends):
    render(ask("warm", frame_count=4), open_backend=backends.open)
    before, ends = pids(backends), []
    with pytest.raises(CancelledError):
        render(ask(), open_backend=backends.open, report=once_drawing(lambda: ends.append(True)), cancelled=lambda: bool(ends))
    assert len(films.kept_pictures(Path(ask().cache_folder))) < 40
    film = render(ask(), open_backend=backends.open)
    assert films.content(film.frames) == films.content(alone(ask).frames)
    assert pids(backends) == before


def test_a_full_disk_ends_the_film_with_its_own_words(ask, backends, tmp_path, monkeypatch):
    monkeypatch.setattr("core.drawing.SPARE_BYTES", -(10**9))  # as if another program had filled the disk meanwhile
    with disks.small(tmp_path / "small", size=600_000) as folder:
        request = films.hear(ask(cache_folder=str(folder / "cache")))
        with pytest.raises(UserError, match="full"):
            render(request, open_backend=backends.open)
    assert len(pids(backends)) == 2


def test_a_model_that_none_of_them_can_load_is_said_so(ask, tmp_path):
    """It is removed between the request and the drawing."""
    architecture = tiny(channel_width=8)
    write_checkpoint(tmp_path / "models" / "roses", checkpoint_tensors(architecture), architecture)
    settings = Settings(model=Model.OWN, own_model="roses", class_count=3, hit=0, breath=0)
    request, backends = ask(settings=settings, frame_count=4), Backends(models_folder=tmp_path / "models")
    opened = backends.open(request)
    shutil.rmtree(tmp_path / "models")
    with pytest.raises(UserError, match="No card is left") as refused:
        render(request, open_backend=lambda _: opened)
    assert "roses" in refused.value.cause


# From the command line ------------------------------------------------------------------------------------------------------------------


def children(pid):
    """List a process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rpartition(")")[2].split()[1] == str(pid):
                found.append(int(stat.parent.name))
        except OSError:  # gone meanwhile
            pass
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells so simply whether a process runs")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_they_end_with_the_process_that_started_them(ask, song, tmp_path, number, code):
    cache = films.hear(ask()).cache_folder
    words = [
        "render",
        song,
        "--out",
        tmp_path / "out",
        "--cache",
        cache,
        "--device",
        "cpu:0,cpu:1",
        "--precision",
        "float32",
        "--fps",
        "60",
    ]
    command = [sys.executable, "-m", "core", *map(str, words)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        until(lambda: films.kept_pictures(Path(cache)) or process.poll() is not None)
        started = children(process.pid)
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        said = process.stderr.read()
    assert process.returncode == code
    assert len(started) >= 2
    assert "Traceback" not in said
    until(lambda: not any(is_running(pid) for pid in started))
