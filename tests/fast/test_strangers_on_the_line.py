"""Other programs of this computer between add-on and worker: they learn no secret, keep nobody out, and abort nothing."""

import contextlib
import json
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from core import worker
from core.protocol import (
    Cancel,
    Challenge,
    Event,
    Failed,
    Hello,
    Message,
    Ping,
    Pong,
    ProtocolError,
    Welcome,
    decode,
    encode,
    handshake,
)
from tests.outside_blender import addon_module
from tests.waiting import PATIENCE_SECONDS, is_running, until

TOLD = "CHROMASTRIP_TEST_TOLD"
FAKE_WORKER = f"""
import os, pathlib, sys
place = pathlib.Path(os.environ["{TOLD}"])
place.with_suffix(".part").write_text(sys.stdin.readline())
place.with_suffix(".part").rename(place)
sys.stdin.read()
import signal; signal.pause()
"""
NESTED = [
    b"[" * 100_000,
    b"[" * 900 + b"]" * 900,
    b'{"type":' * 120 + b"1" + b"}" * 120,
    b'{"type":"Hello","pid":' + b"[" * 450 + b"]" * 450 + b"}",
]
OTHER_WORDS = [b"GET / HTTP/1.1", b"", b"null", b'{"type":"Hello"}', b"\xff\xfe", b"1" * 999, b'{"type":"Shutdown"}', b"{}"]


@pytest.fixture
def client_module():
    return addon_module("worker_client")


@pytest.fixture
def clock(client_module, monkeypatch):
    """A clock that stands still until it is set forward."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


@pytest.fixture
def client(client_module, clock, tmp_path, monkeypatch):
    """The add-on's end, with a process that never calls: the test does, in its place, or as somebody else."""
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "__main__.py").write_text(FAKE_WORKER)
    monkeypatch.setattr(client_module, "END_SECONDS", 0)
    monkeypatch.setenv(TOLD, str(tmp_path / "told.json"))
    made = client_module.WorkerClient(Path(sys.executable), tmp_path)
    until((tmp_path / "told.json").exists)
    made.told = json.loads((tmp_path / "told.json").read_text())
    yield made
    made.stop()


class Caller:
    """Somebody who calls the add-on."""

    def __init__(self, client):
        self.socket = socket.create_connection(("127.0.0.1", client.told["port"]), timeout=PATIENCE_SECONDS)
        self.lines = self.socket.makefile("rb")

    def say(self, line):
        with contextlib.suppress(OSError):  # hung up on meanwhile
            self.socket.sendall(line + b"\n")

    def hear(self, kind):
        return decode(self.lines.readline(), kind)

    def is_hung_up_on(self):
        with contextlib.suppress(ConnectionResetError):
            return not self.socket.recv(1 << 16)
        return True

    def close(self):
        self.lines.close()
        self.socket.close()


@pytest.fixture
def call(client):
    with contextlib.ExitStack() as stack:

        def make():
            made = Caller(client)
            stack.callback(made.close)
            return made

        yield make


def be_worker(client, call):
    """Call as the real worker does."""
    caller = call()
    client.poll()
    until(lambda: client.poll() == [] and client._strangers)
    asked = caller.hear(Challenge)
    hello = handshake.answer(asked, token=client.told["token"], pid=1)
    caller.say(encode(hello).encode())
    until(lambda: client.poll() == [] and client._line is not None)
    assert handshake.is_add_on(asked, hello, caller.hear(Welcome), token=client.told["token"])
    return caller


# Who calls the add-on -------------------------------------------------------------------------------------------------------------------


def test_the_secret_is_never_said(client, call):
    caller = be_worker(client, call)
    client.send(Ping())
    client.poll()
    assert client.told["token"].encode() not in caller.socket.recv(1 << 16)
    for message in (handshake.challenge(), handshake.answer(handshake.challenge(), token="secret", pid=1)):
        assert "secret" not in encode(message)


@pytest.mark.parametrize("line", [*NESTED, *OTHER_WORDS], ids=range(len(NESTED) + len(OTHER_WORDS)))
def test_whatever_a_stranger_says_first_it_is_hung_up_on_and_the_worker_comes_in(client, call, line):
    stranger = call()
    client.poll()
    stranger.say(line)
    until(lambda: client.poll() == [] and not client._strangers)
    stranger.hear(Challenge)
    assert stranger.is_hung_up_on()
    be_worker(client, call)


def test_an_endless_first_line_is_not_kept(client, client_module, call):
    stranger = call()
    stranger.say(b"x" * (client_module.FIRST_LINE_BYTES + 1))
    until(lambda: client.poll() == [] and not client._strangers)


@pytest.mark.parametrize("count", [8, 200])
def test_mute_callers_keep_nobody_out(client, client_module, clock, call, count):
    mute = [call() for _ in range(count) if client.poll() == []]
    be_worker(client, call)
    assert all(caller.hear(Challenge) and caller.is_hung_up_on() for caller in mute[-1:])
    assert not client._strangers


def test_silent_callers_are_dropped_after_a_second(client, client_module, clock, call):
    mute = [call() for _ in range(3)]
    until(lambda: client.poll() == [] and len(client._strangers) == 3)
    clock.seconds += client_module.STRANGER_SECONDS + 0.1
    client.poll()
    assert not client._strangers
    assert all(caller.hear(Challenge) and caller.is_hung_up_on() for caller in mute)


def test_a_recorded_or_reflected_answer_is_worth_nothing(client, call):
    recorded = encode(handshake.answer(handshake.challenge(), token=client.told["token"], pid=1)).encode()
    stranger = call()
    client.poll()
    stranger.say(recorded)
    until(lambda: client.poll() == [] and not client._strangers)
    asked = handshake.challenge()
    hello = handshake.answer(asked, token="t", pid=1)
    reflected = Welcome(proof=hello.proof)
    assert not handshake.is_add_on(asked, hello, reflected, token="t")


# Whom the worker calls ------------------------------------------------------------------------------------------------------------------


def test_the_worker_does_nothing_for_who_does_not_know_the_token(monkeypatch):
    monkeypatch.setattr(worker, "CALLS", 3)
    monkeypatch.setattr(worker, "CALL_SECONDS", 0)
    heard = []
    answers = [b"", b'{"type":"Welcome","proof":"guessed"}\n', encode(Cancel(job_id="x")).encode() + b"\n"]

    def pose():
        for answer in answers:
            with listener.accept()[0] as caller:
                caller.sendall(encode(handshake.challenge()).encode() + b"\n" + answer)
                caller.shutdown(socket.SHUT_WR)
                heard.append(caller.makefile("rb").read())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        posing = threading.Thread(target=pose)
        posing.start()
        with pytest.raises(ConnectionError, match="not the add-on"):
            worker._meet(listener.getsockname()[1], "secret")
        posing.join()
    assert len(heard) == len(answers)
    assert not any(b"secret" in one for one in heard)
    assert all(decode(one.splitlines()[0], Hello) for one in heard)  # a proof, and no event of any job


@pytest.mark.parametrize("line", [*NESTED, *OTHER_WORDS], ids=range(len(NESTED) + len(OTHER_WORDS)))
def test_a_line_of_any_kind_is_a_message_or_refused(line):
    for expected in (Message, Event, Hello, Challenge):
        with contextlib.suppress(ProtocolError):
            decode(line, expected)


# Long answers, and none -----------------------------------------------------------------------------------------------------------------


def test_every_answer_may_be_long_however_late_it_comes(client, clock, call):
    caller = be_worker(client, call)
    for number in range(3):
        event = Failed(job_id=str(number), cause="x" * 3_000_000, cure="")
        sending = threading.Thread(target=caller.say, args=(encode(event).encode(),))
        sending.start()
        heard = until(client.poll)
        sending.join()
        assert [encode(one) for one in heard] == [encode(event)]
        clock.seconds += 3600
        client._polled = clock.seconds  # nobody polls where no job runs


def test_a_long_line_is_searched_once(client_module):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = client_module.Line(ours)
        searched = []

        class Counted(bytes):
            def split(self, *arguments):
                searched.append(len(self))
                return super().split(*arguments)

        receive = line._receive
        line._receive = lambda: Counted(receive())
        sent = b"x" * 2_000_000 + b"\n"
        sending = threading.Thread(target=theirs.sendall, args=(sent,))
        sending.start()
        assert until(line.read) == [sent[:-1]]
        sending.join()
        assert sum(searched) == len(sent)


def test_a_worker_that_answers_is_never_ended_however_long_it_works(client, client_module, clock, call):
    caller = be_worker(client, call)
    for _ in range(300):
        clock.seconds += 1
        assert client.poll() == []
        if client._is_pinged and client._silent > client_module.PING_SECONDS + 2:
            client.poll()
            assert caller.hear(Message) == Ping()
            caller.say(encode(Pong()).encode())
            until(lambda: client.poll() == [] and client._silent < client_module.PING_SECONDS)
    assert not client.has_ended


@pytest.mark.parametrize(("cancels", "seconds"), [(False, 120), (True, 15)])
def test_a_worker_that_does_not_answer_is_ended_and_sooner_after_cancel(client, client_module, clock, call, cancels, seconds):
    be_worker(client, call)
    if cancels:
        client.send(client_module.Cancel(job_id="x"))
    for _ in range(seconds - 1):
        clock.seconds += 1
        client.poll()
    clock.seconds += 1
    with pytest.raises(client_module.WorkerError, match="did not answer"):
        client.poll()
    until(lambda: not is_running(client.pid))


def test_the_time_that_a_computer_sleeps_is_no_silence(client, clock, call):
    be_worker(client, call)
    for _ in range(10):
        clock.seconds += 100_000
        client.poll()
    assert not client.has_ended
