"""Jobs about models through the real worker process: progress, Cancel, and whatever the world's servers do to a download."""

import contextlib
import itertools
import os
from pathlib import Path

import pytest

from core.models.digests import sha256
from core.protocol import (
    AddModel,
    Cancel,
    Cancelled,
    DownloadModel,
    Failed,
    ListModels,
    ModelProgress,
    ModelsListed,
    ModelState,
    RemoveModel,
    VerifyModel,
)
from tests import web_server
from tests.architectures import tiny
from tests.slow.test_worker import Parent
from tests.waiting import PATIENCE_SECONDS
from tests.web_server import Answer
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]
NETWORK = tiny(channel_width=16)
JOBS = itertools.count()
PUBLISH = """
import sys; sys.path.insert(0, {root!r})
from core.models import published
from core.network.architecture import read_architecture
network = read_architecture({config!r}, source="")
published.PUBLISHED = (
    published.PublishedModel(name="known", architecture=network, size={size}, sha256={sha256!r}),
    published.PublishedModel(name="unknown", architecture=network),
)
published.SOURCE = {url!r}
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("made") / "roses", checkpoint_tensors(NETWORK), NETWORK)


@pytest.fixture(scope="module")
def server(weights):
    with web_server.running({}) as running:
        yield running


@pytest.fixture(scope="module")
def worker(weights, server, tmp_path_factory):
    """One worker for all tests, in a world in which two small networks are published."""
    publish = PUBLISH.format(
        root=str(ROOT), config=NETWORK.to_json(), size=weights.stat().st_size, sha256=sha256(weights), url=f"{server.url}/source"
    )
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        patch.setenv("CHROMASTRIP_MODELS", str(tmp_path_factory.mktemp("user") / "models"))
        patch.setenv("CHROMASTRIP_MIRRORS", f"{server.url}/mirror")
        parent = Parent(prelude=publish)
        stack.callback(parent.end)
        yield parent


@pytest.fixture
def start(worker, server, weights, tmp_path):
    """Give a function that sends a job and gives its number; mirror and line are in order before each test."""
    server.files = {"/mirror/known-pytorch_model.bin": weights, "/mirror/unknown-pytorch_model.bin": weights}
    server.usual = Answer()
    server.requests.clear()
    server.stalled.clear()

    def send(kind, **values):
        job_id = f"job {next(JOBS)}"
        worker.send(kind(job_id=job_id, cache_folder=str(tmp_path / "cache"), **values))
        return job_id

    return send


@pytest.fixture
def ask(worker, start):
    """Give a function that has a job done, and gives its progress and its end; and leave nothing behind for the next test."""

    def do(kind, **values):
        return rest(worker, start(kind, **values))

    yield do
    for entry in do(ListModels)[1].entries:
        if entry.state != ModelState.ABSENT:
            do(RemoveModel, name=entry.name)


def rest(worker, job_id):
    """Give a job's progress from now on, and its end."""
    progress = []
    while isinstance(event := worker.next_event(), ModelProgress):
        progress.append(event)
        assert event.job_id == job_id
    assert event.job_id == job_id
    return progress, event


def states(listed):
    return {entry.name: str(entry.state) for entry in listed.entries}


def come(worker, byte_count):
    """Wait until so many bytes have come."""
    while worker.next_event().done_bytes < byte_count:
        pass


def test_the_list_asks_nobody(ask, server):
    progress, listed = ask(ListModels)
    assert progress == []
    assert states(listed) == {"known": "not here", "unknown": "not here"}
    assert all(entry.is_published and entry.folder.startswith(listed.folder) for entry in listed.entries)
    assert server.requests == []
    assert not Path(listed.folder).exists() or not any(Path(listed.folder).rglob("*.bin"))


def test_a_download_tells_bytes_rate_and_time_left(ask, server, weights):
    server.usual = Answer(seconds_a_chunk=0.03)
    progress, listed = ask(DownloadModel, name="known")
    assert states(listed)["known"] == "ready"
    assert "known is here and whole (32 px" in listed.notes[0]
    total = weights.stat().st_size
    assert {event.total_bytes for event in progress} == {total}
    assert [event.done_bytes for event in progress] == sorted(event.done_bytes for event in progress)
    assert progress[-1].done_bytes == total
    middle = [event for event in progress if event.bytes_per_second and event.done_bytes < total]
    assert middle
    assert all(event.seconds_left == pytest.approx((total - event.done_bytes) / event.bytes_per_second) for event in middle)
    assert ask(DownloadModel, name="known")[0] == []
    assert len(server.requests) == 1  # never again what is here


def test_cancel_ends_a_download_and_the_next_one_goes_on(ask, start, worker, server, weights):
    server.usual = Answer(seconds_a_chunk=0.05, stall_after=weights.stat().st_size - 1)  # it cannot be done before it is cancelled
    job_id = start(DownloadModel, name="known")
    come(worker, 200_000)
    worker.send(Cancel(job_id=job_id))
    assert rest(worker, job_id)[1] == Cancelled(job_id=job_id)
    half = next(entry for entry in ask(ListModels)[1].entries if entry.name == "known")
    assert half.state == ModelState.PARTIAL
    assert 200_000 <= half.bytes_here < half.bytes_total
    server.usual = Answer()
    progress, listed = ask(DownloadModel, name="known")
    assert progress[0].done_bytes == half.bytes_here
    assert server.requests[-1] == ("/mirror/known-pytorch_model.bin", f"bytes={half.bytes_here}-")
    assert states(listed)["known"] == "ready"


@pytest.mark.usefixtures("ask")
def test_cancel_is_heard_while_the_line_stalls(start, worker, server):
    server.usual = Answer(stall_after=300_000)
    job_id = start(DownloadModel, name="known")
    assert server.stalled.wait(PATIENCE_SECONDS)
    worker.send(Cancel(job_id=job_id))
    assert rest(worker, job_id)[1] == Cancelled(job_id=job_id)


def test_a_cut_line_is_taken_up_again(ask, server):
    server.answers = [Answer(cut_after=300_000)]
    assert states(ask(DownloadModel, name="unknown")[1])["unknown"] == "ready"
    (_, whole), (_, remainder) = server.requests
    assert whole == ""
    assert remainder.startswith("bytes=")


def test_the_source_is_asked_where_the_mirror_has_nothing(ask, server):
    server.files["/source/known-pytorch_model.bin"] = server.files.pop("/mirror/known-pytorch_model.bin")
    assert states(ask(DownloadModel, name="known")[1])["known"] == "ready"
    assert [path for path, _ in server.requests] == ["/mirror/known-pytorch_model.bin", "/source/known-pytorch_model.bin"]


def test_what_nobody_has_is_told_with_cause_and_cure(ask, server):
    server.files.clear()
    failed = ask(DownloadModel, name="known")[1]
    assert isinstance(failed, Failed)
    assert failed.cause.count("answers 404") == 2
    assert failed.cure
    assert failed.details == ""
    assert "No model “poppies”" in ask(DownloadModel, name="poppies")[1].cause


def test_the_users_own_are_added_verified_found_damaged_and_removed(ask, weights):
    progress, listed = ask(AddModel, source=str(weights.parent), name="tulips")
    assert progress[-1].name == "tulips"
    own = next(entry for entry in listed.entries if entry.name == "tulips")
    assert (own.state, own.is_published, own.size_px) == (ModelState.READY, False, 32)
    progress, listed = ask(VerifyModel, name="tulips")
    assert progress[-1].done_bytes == progress[-1].total_bytes == weights.stat().st_size
    assert "tulips is here and whole" in listed.notes[0]
    file = Path(own.folder) / weights.name
    file.write_bytes(file.read_bytes()[::-1])
    assert "not what they must be" in ask(VerifyModel, name="tulips")[1].cause
    assert states(ask(ListModels)[1])["tulips"] == "unfit"
    listed = ask(RemoveModel, name="tulips")[1]
    assert isinstance(listed, ModelsListed)
    assert "MB are free again" in listed.notes[0]
    assert "tulips" not in states(listed)
    assert not file.exists()


def test_a_folder_of_nothing_is_refused(ask, tmp_path):
    assert "There are no weights" in ask(AddModel, source=str(tmp_path))[1].cause


@pytest.mark.usefixtures("ask")
def test_a_job_cancelled_before_it_began_fetches_nothing(start, worker, server):
    server.usual = Answer(stall_after=300_000)
    first = start(DownloadModel, name="known")
    assert server.stalled.wait(PATIENCE_SECONDS)
    second = start(DownloadModel, name="unknown")
    worker.send(Cancel(job_id=second), Cancel(job_id=first))
    assert rest(worker, first)[1] == Cancelled(job_id=first)
    assert rest(worker, second)[1] == Cancelled(job_id=second)
    assert {path for path, _ in server.requests} == {"/mirror/known-pytorch_model.bin"}
