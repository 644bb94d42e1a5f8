"""The worker as a real process, with the test in the add-on's place: it listens, hands over a token, asks, and hangs up."""

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from core import pictures
from core.protocol import (
    Cancel,
    Cancelled,
    Clip,
    Drawn,
    Edit,
    Event,
    Export,
    Exported,
    Failed,
    Import,
    Imported,
    MediaFile,
    Progress,
    Render,
    Shutdown,
    Stage,
    Track,
    decode,
    encode,
    handshake,
)
from core.sync_card import read_card
from core.worker import Reporter
from tests import films, sounds, verses
from tests.waiting import PATIENCE_SECONDS, is_running, until

ROOT = Path(__file__).resolve().parents[2]
START_CORE = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('core', run_name='__main__', alter_sys=True)"  # as the add-on
)


class Parent:
    """The add-on's end: one worker process and the connection to it."""

    def __init__(self, *, fault="", prelude=""):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_SECONDS)
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-c", prelude + START_CORE, str(ROOT), "worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CHROMASTRIP_FAULT": fault},
        )
        with self.process.stdin as pipe:
            pipe.write(json.dumps({"port": self.listener.getsockname()[1], "token": "secret"}).encode() + b"\n")
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(PATIENCE_SECONDS)
        self.lines = self.connection.makefile("rb")
        asked = handshake.challenge()
        self.send(asked)
        self.hello = self.next_event()
        assert handshake.is_worker(asked, self.hello, token="secret")
        self.send(handshake.welcome(asked, self.hello, token="secret"))

    def send(self, *messages):
        for message in messages:
            self.connection.sendall(encode(message).encode() + b"\n")

    def next_event(self):
        line = self.lines.readline()
        return decode(line, Event) if line else None

    def events(self, job_id):
        """Collect a job's events, its end the last one; None: the connection ended."""
        collected = []
        while not collected or isinstance(collected[-1], Progress):
            collected.append(self.next_event())
        assert {event.job_id for event in collected if event} <= {job_id}
        return collected

    def hang_up(self):
        self.lines.close()
        self.connection.close()

    def end(self):
        self.hang_up()
        self.listener.close()
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:

        def start_worker(**options):
            parent = Parent(**options)
            stack.callback(parent.end)
            return parent

        yield start_worker


@pytest.fixture(scope="module")
def kept_worker():
    """One worker for all the tests that leave it in order."""
    parent = Parent()
    yield parent
    assert parent.end() == 0


@pytest.fixture
def worker(kept_worker):
    return kept_worker


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=2), 22_050)


@pytest.fixture
def render(tmp_path, song):
    films.hear(films.request(tmp_path, song))

    def make(job_id="job", **changes):
        return Render(job_id=job_id, request=films.request(tmp_path, song, **changes))

    return make


# In order -------------------------------------------------------------------------------------------------------------------------------


def test_the_first_line_proves_who_it_is(worker):
    assert worker.hello.pid == worker.process.pid


def test_a_film_is_drawn_and_told_of(worker, render):
    worker.send(render(frame_count=40))
    *progress, drawn = worker.events("job")
    assert [event.stage for event in progress][:2] == [Stage.LISTENING, Stage.LOADING]
    assert [event.done for event in progress if event.stage == Stage.DRAWING][-1] == 40
    assert isinstance(drawn, Drawn)
    assert drawn.drawn_count == 40
    assert [read_card(pictures.read_picture(path)) for path in films.paths(drawn.frames)] == [(n, 0) for n in range(40)]
    worker.send(render("again", frame_count=40))
    assert worker.events("again")[-1].drawn_count == 0


def test_jobs_are_done_one_after_the_other(worker, render):
    worker.send(*(render(f"job {n}", frame_count=5 + n) for n in range(4)))
    for n in range(4):
        assert worker.events(f"job {n}")[-1].frames.frame_count == 5 + n


@pytest.mark.parametrize("kind", sounds.BAD)
def test_a_bad_sound_is_told_with_cause_and_cure(worker, render, tmp_path, kind):
    path = sounds.write_bad(tmp_path, kind)
    worker.send(render(sound_path=str(path)))
    failed = worker.events("job")[-1]
    assert isinstance(failed, Failed)
    assert path.name in failed.cause
    assert failed.cure
    assert failed.details == ""


def test_a_timeline_is_exported(worker, tmp_path):
    sound = sounds.write(tmp_path / "song.wav", sounds.chord(seconds=1))
    clip = Clip(name="Song", media=MediaFile(path=str(sound), frame_count=9), source_start=Fraction(1, 2), frame_count=5)
    edit = Edit(name="Song", fps=Fraction(25), tracks=(Track(name="Sound", kind="audio", items=(clip,)),))
    target = str(tmp_path / "demo.otio")
    worker.send(Export(job_id="out", edit=edit, path=target))
    assert worker.events("out") == [Exported(job_id="out", path=target)]
    worker.send(Export(job_id="bad", edit=edit, path="/dev/null/demo.otio"))
    assert "cannot be written" in worker.events("bad")[-1].cause
    worker.send(Import(job_id="in", path=target), Import(job_id="none", path=str(tmp_path / "none.otio")))
    assert worker.events("in") == [Imported(job_id="in", edit=edit)]
    assert "There is no file" in worker.events("none")[-1].cause


def test_classes_are_chosen_for_lyrics_or_by_chance(worker, verses_read):
    song = verses.job(verses.CHORUS, cache_folder=verses_read.cache_folder)
    worker.send(
        song, dataclasses.replace(song, job_id="wrong", blocklist=("dragons",)), dataclasses.replace(song, job_id="chance", words="")
    )
    chosen = worker.events("verse")[-1]
    assert [row.text for row in chosen.rows][:2] == ["Goldfish in a bowl", "A tabby on the wall"]
    assert {"goldfish", "tabby cat"} <= {thing.name for thing in chosen.things}
    failed = worker.events("wrong")[-1]
    assert "no class “dragons”" in failed.cause
    assert failed.details == ""
    assert len(worker.events("chance")[-1].things) == song.class_count


def test_a_job_cancelled_before_it_began_draws_nothing(worker, render, tmp_path):
    worker.send(render("first"), render("second", cache_folder=str(tmp_path / "other")), Cancel(job_id="second"))
    assert isinstance(worker.events("first")[-1], Drawn)
    assert worker.events("second")[-1] == Cancelled(job_id="second")
    assert not (tmp_path / "other" / "pictures").exists()


def test_cancelling_what_is_not_there_does_nothing(worker, render):
    worker.send(Cancel(job_id="nobody"), render())
    assert isinstance(worker.events("job")[-1], Drawn)


# Cancel and faults ----------------------------------------------------------------------------------------------------------------------


def test_cancel_is_heard_between_batches_and_the_next_job_goes_on(start, render):
    worker = start(fault="slow@0.05")
    worker.send(render("long", frame_count=2000))
    while (event := worker.next_event()).stage != Stage.DRAWING:
        pass
    worker.send(Cancel(job_id="long"))
    *progress, last = worker.events("long")
    assert last == Cancelled(job_id="long")  # all frames would take 100 s
    done = max([event.done, *(event.done for event in progress)])
    worker.send(render("rest", frame_count=2000), Cancel(job_id="rest"))
    assert worker.next_event().done == 0
    assert worker.events("rest")[-1] == Cancelled(job_id="rest")
    worker.send(render("short", frame_count=done))
    assert worker.events("short")[-1].drawn_count <= 8  # the rest was kept


def test_progress_tells_rate_and_time_left(start, render):
    worker = start(fault="slow@0.01")
    worker.send(render(frame_count=150))
    drawing = [event for event in worker.events("job")[:-1] if event.stage == Stage.DRAWING]
    middle = drawing[1:-1]
    assert middle
    assert all(event.frames_per_second > 0 for event in middle)
    assert all(event.seconds_left == pytest.approx((150 - event.done) / event.frames_per_second) for event in middle)
    assert drawing[-1].seconds_left == 0


def test_full_memory_is_told_and_survived(start, render):
    worker = start(fault="memory@10")
    worker.send(render(), render("small", frame_count=8))
    failed = worker.events("job")[-1]
    assert "memory" in failed.cause
    assert failed.cure
    assert isinstance(worker.events("small")[-1], Drawn)


def test_death_ends_the_connection_and_keeps_what_was_drawn(start, render):
    worker = start(fault="die@110")
    worker.send(render(frame_count=120))
    assert worker.events("job")[-1] is None
    assert worker.process.wait(PATIENCE_SECONDS) == 3
    successor = start()
    successor.send(render(frame_count=120))
    assert successor.events("job")[-1].drawn_count < 120


# The end --------------------------------------------------------------------------------------------------------------------------------


def is_gone(process):
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE_SECONDS)
    return process.returncode is not None


def test_shutdown_ends_it(start):
    worker = start()
    worker.send(Shutdown())
    assert is_gone(worker.process)
    assert worker.process.returncode == 0


@pytest.mark.parametrize("fault", ["", "slow@1", "hang@3"])
def test_it_ends_with_its_parent_even_in_the_middle_of_a_job(start, render, fault):
    worker = start(fault=fault)
    if fault:
        worker.send(render(frame_count=500))
        while (event := worker.next_event()).stage != Stage.LOADING:
            assert event is not None
    worker.hang_up()
    assert is_gone(worker.process)


def test_it_ends_when_its_parent_talks_nonsense(start):
    worker = start()
    worker.connection.sendall(b"[" * 100_000 + b"\n")
    assert is_gone(worker.process)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells so simply whether a process runs")
def test_it_ends_when_its_parent_is_killed(render, tmp_path):
    program = f"""
import sys; sys.path[:0] = [{str(ROOT)!r}]
from tests.slow import test_worker
from core.protocol import Render, decode
parent = test_worker.Parent(fault="hang@3")
parent.send(decode(sys.stdin.readline(), Render))
parent.next_event()
print(parent.process.pid, flush=True)
parent.events("job")
"""
    parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    parent.stdin.write(encode(render(frame_count=2000)) + "\n")
    parent.stdin.close()
    worker_pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not is_running(worker_pid))


def test_it_does_not_start_without_a_parent():
    done = subprocess.run(
        [sys.executable, "-m", "core", "worker"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "add-on" in done.stderr
    assert "Traceback" not in done.stderr


def test_chatter_on_standard_output_disturbs_nothing(start, render):
    chatter = "import sys, os; print('{\"type\": \"Shutdown\"}', flush=True); os.write(1, b'noise'); sys.stderr.write('warning');"
    worker = start(prelude=chatter)
    worker.send(render())
    assert isinstance(worker.events("job")[-1], Drawn)
    assert worker.end() == 0


def test_ctrl_c_in_the_parents_terminal_ends_it(start, render):
    worker = start(fault="slow@0.05")
    worker.send(render(frame_count=500))
    worker.next_event()
    worker.process.send_signal(signal.SIGINT)
    assert is_gone(worker.process)


# Counts to events -----------------------------------------------------------------------------------------------------------------------


def reported(*steps):
    """Tell a reporter of (seconds, stage, done) steps of 100 frames; give its events."""
    now, events = [0.0], []
    report = Reporter("job", events.append, clock=lambda: now[0])
    for seconds, stage, done in steps:
        now[0] = seconds
        report(stage, done, 100)
    return events


def test_rate_and_time_left_count_what_was_drawn_now():
    events = reported((100, Stage.LOADING, 40), (101, Stage.DRAWING, 48), (102, Stage.DRAWING, 58), (103, Stage.DRAWING, 68))
    assert [(event.frames_per_second, event.seconds_left) for event in events] == [(0, 0), (0, 0), (10, 4.2), (10, 3.2)]


def test_a_few_events_a_second_are_enough_but_the_last_is_always_told():
    events = reported(*((n / 1000, Stage.DRAWING, n) for n in range(101)))
    assert len(events) == 2
    assert events[-1].done == 100


def test_a_new_stage_is_told_at_once():
    assert [event.stage for event in reported((1, Stage.LISTENING, 0), (1.001, Stage.LOADING, 0), (1.002, Stage.DRAWING, 8))] == [
        Stage.LISTENING,
        Stage.LOADING,
        Stage.DRAWING,
    ]


@pytest.mark.skipif(sys.platform == "darwin", reason="a Mac's clock also counts sleep: Blender alone ends a hung worker there")
def test_a_worker_in_which_python_never_runs_again_ends_itself():
    program = """
import re
from core import worker
worker.HANG_SECONDS, worker.ALIVE_SECONDS = 1.0, 0.1
worker._end_when_hung()
re.match("(a*)*$", "a" * 60 + "b")  # never ends, and lets no other thread run
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)
    assert done.returncode == 1
    assert "Timeout" in done.stderr  # the log then says where it hung
