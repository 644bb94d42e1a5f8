"""Seven spans by three processes, in any order, one killed twice, two drawing the same span: the film of one process."""

import signal
import subprocess
import sys
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from core.backends import Backends
from core.pipeline import render
from core.protocol import Model, Settings
from tests import films, sounds
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 84
SPANS = [f"{first}:{first + 12}" for first in range(0, FRAMES, 12)]
PROGRAM = """if True:
    import sys
    from core.command_line import main
    *spans, end = sys.argv[1:]
    words = end.split("|")
    for span in spans:
        assert main([*words, "--frames", span]) == 0
        print(span, flush=True)
"""


def start(words, *spans):
    """Start a process that draws some spans, one after the other, and tells each that it has drawn."""
    command = [sys.executable, "-c", PROGRAM, *spans, "|".join(words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_the_finished_film_is_that_of_one_process(tmp_path):
    song = sounds.write(tmp_path / "song.wav", sounds.click_track(seconds=5), 22_050)
    asked = {"settings": Settings(model=Model.EMOJI, aspect=Fraction(16, 9)), "frame_count": FRAMES}
    request = films.hear(films.request(tmp_path / "spans", song, **asked))
    cache = Path(request.cache_folder)
    words = ["render", str(song), "--cache", str(cache), "--fps", "25", "--seconds", f"{FRAMES}/25", "--precision", "float32"]
    words += ["--device", "cpu"]

    for _ in range(2):  # killed in the middle of its work, twice
        before = len(films.kept_pictures(cache))
        with start(words, *reversed(SPANS)) as killed:
            until(lambda before=before: len(films.kept_pictures(cache)) > before or killed.poll() is not None)
            killed.send_signal(signal.SIGKILL)
        assert killed.returncode == -signal.SIGKILL
    assert 2 <= len(films.kept_pictures(cache)) < FRAMES

    orders = [(6, 1, 4), (5, 2), (2, 0, 3)]  # the third span twice
    with ExitStack() as stack:
        three = [stack.enter_context(start(words, *(SPANS[place] for place in order))) for order in orders]
        told = {span for process in three for span in process.stdout.read().split()}
    assert [process.returncode for process in three] == [0, 0, 0]
    assert told == {*SPANS}

    film = render(request, open_backend=Backends().open)
    alone = render(films.request(tmp_path / "alone", song, **asked), open_backend=Backends().open)
    assert (film.digest, film.drawn_count) == (alone.digest, 0)
    assert films.content(film.frames) == films.content(alone.frames)
