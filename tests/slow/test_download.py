"""Downloads over lines and from servers as they are."""

import dataclasses
import hashlib
import itertools
import os
import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.models.download import CHUNK_BYTES, Patience, Wanted, discard_part, download, part_bytes
from core.protocol import UserError
from core.working import CancelledError
from tests import web_server
from tests.waiting import until
from tests.web_server import Answer

CONTENT = np.random.default_rng(0).bytes(700_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
NO_PAUSES = Patience(connect_seconds=60, stall_seconds=60, pauses_seconds=(0.01, 0.01))  # a slow machine's silence is no stall
SOON_TIRED = dataclasses.replace(NO_PAUSES, stall_seconds=2)
HURRY = dataclasses.replace(NO_PAUSES, stall_seconds=0.3)
"""Only for what may be asked for once more than it should be."""
MANY = 30  # questions whether it is cancelled: more than there are chunks before the line stalls


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def server():
    with web_server.running({"/weights.bin": CONTENT}) as running:
        yield running


@pytest.fixture
def target(tmp_path):
    return tmp_path / "models" / "weights.bin"


def wanted(target, **changes):
    return Wanted(**{"target": target, "largest": 1_000_000, "size": len(CONTENT), "sha256": DIGEST} | changes)


def unknown(target, **changes):
    """What is known of a file whose digest is not."""
    return wanted(target, size=0, sha256="", **changes)


def fetch(wish, *servers, **options):
    return download(wish, [f"{one.url}/weights.bin" for one in servers], **{"patience": NO_PAUSES} | options)


def goes_on_near(server, byte):
    """Say whether the last request asked for the rest after that byte, or a piece earlier."""
    return byte - CHUNK_BYTES < int(server.requests[-1][1].removeprefix("bytes=").removesuffix("-")) <= byte


def nothing_but(folder, *names):
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


# Lines that hold ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", [wanted, unknown])
@pytest.mark.parametrize("behaviour", [{}, {"has_length": False}, {"has_etag": False}])
def test_a_file_arrives_whole_under_its_name(target, wish, behaviour):
    with web_server.running({"/weights.bin": CONTENT}, **behaviour) as server:
        assert fetch(wish(target), server) == DIGEST
    assert target.read_bytes() == CONTENT
    assert nothing_but(target.parent, "weights.bin")


def test_progress_rises_to_the_end(server, target):
    reports = []
    fetch(wanted(target), server, report=lambda done, total: reports.append((done, total)))
    assert reports == sorted(reports)
    assert reports[0] == (0, len(CONTENT))
    assert reports[-1] == (len(CONTENT), len(CONTENT))


def test_the_target_appears_at_the_end_only(server, target):
    def look(_part):
        assert not target.exists()

    fetch(wanted(target, check=look), server)
    assert target.exists()


def test_a_redirect_is_followed(server, target):
    server.answers = [Answer(redirect="/weights.bin")]
    assert fetch(wanted(target), server) == DIGEST


def test_a_proxy_is_asked_where_one_is_set(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url)
    download(wanted(target), ["http://far.example/weights.bin"], patience=NO_PAUSES)
    assert server.requests == [("http://far.example/weights.bin", "")]


def test_a_proxy_is_left_aside_for_the_hosts_that_no_proxy_names(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert fetch(wanted(target), server) == DIGEST


# Lines that do not ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wish", [wanted, unknown])
@pytest.mark.parametrize("fault", [Answer(cut_after=300_000), Answer(stall_after=300_000)])
def test_a_cut_line_costs_only_what_is_missing(server, target, wish, fault):
    server.answers = [fault]
    assert fetch(wish(target), server, patience=SOON_TIRED if fault.stall_after else NO_PAUSES) == DIGEST
    assert len(server.requests) == 2
    assert goes_on_near(server, 300_000)


def test_many_cuts_do_not_tire_it_while_bytes_come(server, target):
    server.answers = [Answer(cut_after=90_000)] * 7
    assert fetch(wanted(target), server) == DIGEST


def test_a_download_goes_on_the_next_day(server, target):
    server.answers = [Answer(cut_after=300_000)]
    server.usual = Answer(status=503)
    with pytest.raises(UserError, match="503"):
        fetch(wanted(target), server)
    assert 300_000 - CHUNK_BYTES < part_bytes(target) <= 300_000
    assert not target.exists()
    server.usual = Answer()
    assert fetch(wanted(target), server) == DIGEST
    assert goes_on_near(server, 300_000)
    assert nothing_but(target.parent, "weights.bin")


def test_a_part_goes_on_from_another_mirror(server, target):
    server.answers = [Answer(cut_after=300_000)]
    server.usual = Answer(status=404)
    with web_server.running({"/weights.bin": CONTENT}) as other:
        assert fetch(wanted(target), server, other) == DIGEST
        assert goes_on_near(other, 300_000)


def test_a_part_that_lacks_nothing_is_not_fetched_again(server, target):
    target.parent.mkdir()
    for wish in (wanted(target), unknown(target)):
        wish.part.write_bytes(CONTENT)
        assert fetch(wish, server) == DIGEST
    assert server.requests == [("/weights.bin", "bytes=700000-")]  # of the unknown one, to learn that it ends there


def test_a_server_that_ignores_range_costs_a_new_beginning_and_nothing_else(server, target):
    server.answers = [Answer(cut_after=300_000)]
    server.usual = Answer(knows_range=False)
    assert fetch(wanted(target), server) == DIGEST
    assert target.read_bytes() == CONTENT


def test_a_server_that_goes_on_elsewhere_is_not_believed(server, target):
    server.answers = [Answer(cut_after=300_000), Answer(range_lie=-7)]
    assert fetch(unknown(target), server) == DIGEST
    assert server.requests[-1][1] == ""


def test_yesterdays_half_of_another_file_is_thrown_away(server, target):
    target.parent.mkdir()
    wanted(target).part.write_bytes(bytes(300_000))
    assert fetch(wanted(target), server) == DIGEST
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_fetched_anew_when_its_digest_is_unknown(server, target):
    server.answers = [Answer(cut_after=300_000), Answer(status=404)]
    with pytest.raises(UserError):
        fetch(unknown(target), server)
    server.files["/weights.bin"] = CONTENT[::-1]
    fetch(unknown(target), server)
    assert target.read_bytes() == CONTENT[::-1]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server, target):
    target.parent.mkdir()
    wanted(target).part.write_bytes(bytes(800_000))
    assert fetch(wanted(target), server) == DIGEST


# Servers that lie or refuse -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(status=404), "404"),
        (Answer(status=403), "403"),
        (Answer(status=503), "503"),
        (Answer(length_lie=-1000), "699000 bytes, not 700000"),
        (Answer(redirect="ftp://far.example/weights.bin"), "no address"),
        (Answer(redirect="/weights.bin"), "no address"),  # for ever
        (Answer(cut_after=0), "ended after 0|cut the line"),
        (Answer(stall_after=0), "fell silent for 0.3 s"),
    ],
)
def test_the_reason_is_told_and_another_mirror_tried(server, target, answer, reason):
    server.usual = answer
    with pytest.raises(UserError, match=reason) as refusal:
        fetch(wanted(target), server, patience=NO_PAUSES if answer.stall_after is None else HURRY)
    assert "127.0.0.1" in refusal.value.cause
    assert not target.exists()
    discard_part(target)
    with web_server.running({"/weights.bin": CONTENT}) as other:
        assert fetch(wanted(target), server, other, patience=NO_PAUSES if answer.stall_after is None else HURRY) == DIGEST


def test_a_busy_server_is_asked_again(server, target):
    server.answers = [Answer(status=503), Answer(status=429)]
    assert fetch(wanted(target), server) == DIGEST


def test_a_missing_file_is_not_asked_for_again(server, target):
    server.usual = Answer(status=404)
    with pytest.raises(UserError):
        fetch(wanted(target), server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("length_lie", [1000, -1000])
def test_a_lie_about_the_length_is_found_out_by_the_digest(server, target, length_lie):
    server.usual = Answer(length_lie=length_lie)
    with pytest.raises(UserError):
        fetch(wanted(target, size=0), server)
    assert not target.exists()


def test_another_file_is_refused_and_not_kept(server, target):
    server.files["/weights.bin"] = CONTENT[::-1]
    with pytest.raises(UserError, match="SHA-256") as refusal:
        fetch(wanted(target), server)
    assert DIGEST in refusal.value.cause
    assert nothing_but(target.parent)


def test_what_fails_the_check_is_refused_and_not_kept(server, target):
    def refuse(_part):
        raise UserError("It is a cat.", "Feed it.")

    with pytest.raises(UserError, match="It is a cat"):
        fetch(unknown(target, check=refuse), server)
    assert nothing_but(target.parent)


@pytest.mark.parametrize("has_length", [True, False])
def test_no_server_can_fill_the_disk(server, target, has_length):
    server.usual = Answer(has_length=has_length)
    with pytest.raises(UserError, match="more than"):
        fetch(unknown(target, largest=100_000), server)
    assert part_bytes(target) <= 100_000


@pytest.mark.parametrize("address", ["file:///etc/passwd", "weights.bin", "http://", "http://[", "http://a b/"])
def test_what_is_no_address_is_refused(target, address):
    with pytest.raises(UserError):
        download(wanted(target), [address], patience=NO_PAUSES)


def test_nobody_there(target):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UserError, match="cannot be reached"):
        download(wanted(target), [f"http://127.0.0.1:{port}/weights.bin"], patience=NO_PAUSES)


def test_a_server_whose_certificate_is_not_trusted(target, tmp_path):
    with web_server.running({"/weights.bin": CONTENT}) as server, pytest.raises(UserError):  # speaks no TLS at all
        download(wanted(target), [server.url.replace("http", "https") + "/weights.bin"], patience=NO_PAUSES)


def test_no_mirror_at_all(target):
    with pytest.raises(UserError, match="no address is known"):
        download(wanted(target), [])


LIES = st.builds(
    Answer,
    status=st.sampled_from([0, 0, 0, 500, 206, 416]),
    cut_after=st.none() | st.integers(0, 90_000),
    length_lie=st.sampled_from([0, 0, -100, 100]),
    has_length=st.booleans(),
    knows_range=st.booleans(),
    range_lie=st.sampled_from([0, 0, -5, 5]),
    has_etag=st.booleans(),
)


@settings(max_examples=40)
@given(st.lists(LIES, max_size=5), st.integers(0, 120_000))
def test_whatever_servers_do_the_target_is_the_right_file_or_not_there(tmp_path_factory, answers, part):
    target = tmp_path_factory.mktemp("lies") / "weights.bin"
    content = CONTENT[:100_000]
    wish = wanted(target, size=len(content), sha256=hashlib.sha256(content).hexdigest())
    wish.part.write_bytes(CONTENT[:part])
    with web_server.running({"/weights.bin": content}) as server:
        server.answers = list(answers)
        for _ in range(2):
            try:
                fetch(wish, server)
            except UserError:
                assert not target.exists() or target.read_bytes() == content
        server.answers.clear()
        fetch(wish, server)
    assert target.read_bytes() == content


# The user and the disk ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer(stall_after=300_000), Answer(stall_after=0), Answer(seconds_a_chunk=0.05, stall_after=600_000)])
def test_cancel_is_heard_also_while_nothing_comes(server, target, answer):
    server.usual = answer
    asked = itertools.count()
    with pytest.raises(CancelledError):  # not the end of a patience: the line never goes on
        fetch(wanted(target), server, cancelled=lambda: next(asked) > MANY)
    assert not target.exists()
    server.usual = Answer()
    assert fetch(wanted(target), server) == DIGEST


def test_no_thread_is_left_behind(server, target):
    server.answers = [Answer(stall_after=300_000), Answer(cut_after=100_000)]
    fetch(wanted(target), server, patience=HURRY)
    until(lambda: not any(thread.name == "download" for thread in threading.enumerate()))


def test_a_folder_that_may_not_be_written_to(server, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written to"):
        fetch(wanted(tmp_path / "file" / "weights.bin"), server)
    assert server.requests == []


def test_a_disk_without_room_is_noticed_before_anything_comes(server, target):
    with pytest.raises(UserError, match="still to come"):
        fetch(wanted(target, size=0, sha256="", largest=1 << 70), _huge(server))
    assert part_bytes(target) == 0


def _huge(server):
    server.usual = Answer(length_lie=1 << 60)
    return server
