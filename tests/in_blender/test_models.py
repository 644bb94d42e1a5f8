"""The models in the add-on's preferences: their buttons, through the real worker, to a web server on this machine."""

import os
import signal
import subprocess
import time
from types import SimpleNamespace

import bpy
import pytest

from tests import web_server
from tests.web_server import Answer

from .conftest import ROOT

pytestmark = pytest.mark.any_blender

NAME = "biggan-deep-512"  # whose digest nobody published: weights made here will do
PUBLISHED = ["biggan-deep-128", "biggan-deep-256", NAME]
SLOW = Answer(seconds_a_chunk=0.005, stall_after=60_000_000)
"""Such a download cannot be done before a test ends it."""

MAKE = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
import torch
from core.network.architecture import ARCHITECTURES
from tests.architectures import tiny
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint
folder, large = Path({folder!r}), ARCHITECTURES[{name!r}]
write_checkpoint(folder / "roses", checkpoint_tensors(tiny(channel_width=4)), tiny(channel_width=4))
write_checkpoint(folder / {name!r}, {{name: torch.full(shape, 0.5) for name, shape in large.shapes().items()}}, large)
"""


@pytest.fixture(scope="session")
def made(worker_python, tmp_path_factory):
    """Give a folder of weights: of the published network at full size, and of a small one of the user's own."""
    folder = tmp_path_factory.mktemp("made")
    program = MAKE.format(root=str(ROOT), folder=str(folder), name=NAME)
    done = subprocess.run([worker_python, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def server(made):
    with web_server.running({f"/{NAME}-pytorch_model.bin": made / NAME / "pytorch_model.bin"}) as running:
        yield running


@pytest.fixture
def here(addon, server, tmp_path, monkeypatch):
    """Give this user's folder of models, in a Blender that may go online and has a worker of its own."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHROMASTRIP_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CHROMASTRIP_MIRRORS", server.url)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # the source of the real ones: never asked by a test
    bpy.context.preferences.system.use_online_access = True
    addon.jobs._drop_worker()
    addon.models.state = addon.models.State()
    addon.models.fill_list()
    yield tmp_path / "models"
    addon.jobs._drop_worker()
    addon.models.state = addon.models.State()


@pytest.fixture
def press(addon, here):
    """Give a function that presses a button for a model, and one that waits until the worker has done what it is about."""

    def button(action, name="", **values):
        if name:
            names = [item.name for item in bpy.context.window_manager.chromastrip_models]
            bpy.context.window_manager.chromastrip_model = names.index(name)
        return getattr(bpy.ops.chromastrip, action)(**values)

    def wait(*, until=lambda: False, seconds=300):
        end = time.monotonic() + seconds
        while (addon.models.state.job is not None or addon.models.state.is_outdated) and not until():
            assert time.monotonic() < end, f"still busy after {seconds} s: {addon.models.state}"
            time.sleep(0.02)
            addon.jobs.tick()

    def done(action, name="", **values):
        button(action, name, **values)
        wait()

    button("list_models")
    wait()
    return SimpleNamespace(button=button, wait=wait, done=done)


def come(addon, megabytes):
    """Say when at least so much has come."""

    def has_come():
        progress = addon.models.state.progress
        return progress is not None and progress.done_bytes >= megabytes * 10**6

    return has_come


def why_not(press, action, name):
    with pytest.raises(RuntimeError) as refusal:
        press.button(action, name)
    return str(refusal.value)


def test_the_list_is_read_and_nothing_is_fetched(addon, press, server, here):
    assert [item.name for item in bpy.context.window_manager.chromastrip_models] == PUBLISHED
    assert [addon.models.state_words(entry) for entry in addon.models.state.entries] == ["Not here"] * 3
    assert addon.models.state.folder == str(here)
    assert server.requests == []
    assert not here.exists()


def test_a_button_that_can_do_nothing_says_why(press):
    assert "not here" in why_not(press, "verify_model", NAME)
    assert "not here" in why_not(press, "remove_model", NAME)
    bpy.context.window_manager.chromastrip_model = 99
    assert "Select a model" in why_not(press, "download_model", "")


def test_nothing_is_fetched_while_blender_may_not_go_online(press, server):
    bpy.context.preferences.system.use_online_access = False
    assert "Allow Online Access" in why_not(press, "download_model", NAME)
    assert server.requests == []


def test_a_download_is_cancelled_resumed_verified_and_removed(addon, press, server, here):
    server.usual = SLOW
    press.button("download_model", NAME)
    press.wait(until=come(addon, 12))
    assert "MB/s" in addon.models.progress_words()[1]
    assert not bpy.ops.chromastrip.download_model.poll()
    assert bpy.ops.chromastrip.cancel_model_job() == {"FINISHED"}
    press.wait()
    assert "Cancelled" in addon.models.state.notes[0]
    assert addon.models.state_words(addon.models.entry(NAME)).startswith("Half downloaded (")
    half = addon.models.entry(NAME).bytes_here

    server.usual = Answer()
    press.done("download_model", NAME)
    assert addon.models.state.error is None
    assert server.requests[-1][1] == f"bytes={half}-"
    assert addon.models.state_words(addon.models.entry(NAME)) == "Here"
    assert "here already" in why_not(press, "download_model", NAME)

    press.done("verify_model", NAME)
    assert "whole (512 px" in addon.models.state.notes[0]
    press.done("remove_model", NAME)
    assert "MB are free again" in addon.models.state.notes[0]
    assert addon.models.state_words(addon.models.entry(NAME)) == "Not here"
    assert list(here.rglob("*.bin")) == []


def test_weights_of_ones_own_are_added_found_damaged_and_removed(addon, press, made, here):
    press.done("add_model", directory=str(made / "roses") + "/", model_name="tulips")
    assert addon.models.state.error is None
    assert [entry.name for entry in addon.models.state.entries] == [*PUBLISHED, "tulips"]
    assert addon.models.entry("tulips").size_px == 32
    weights = here / "tulips" / "pytorch_model.bin"
    content = bytearray(weights.read_bytes())
    content[-50_000] ^= 1
    weights.write_bytes(content)
    press.done("verify_model", "tulips")
    assert "not what they must be" in addon.models.state.error.cause
    assert addon.models.state_words(addon.models.entry("tulips")) == "Damaged"
    assert "one of your own" in why_not(press, "download_model", "tulips")
    press.done("remove_model", "tulips")
    assert addon.models.state.error is None
    assert addon.models.entry("tulips") is None


def test_a_folder_without_weights_is_refused(addon, press, tmp_path):
    press.done("add_model", directory=str(tmp_path) + "/")
    assert "There are no weights" in addon.models.state.error.cause
    assert addon.models.state.error.cure


def test_a_mirror_that_has_nothing_is_named(addon, press, server):
    server.files.clear()
    press.done("download_model", NAME)
    assert "127.0.0.1 answers 404" in addon.models.state.error.cause
    assert "mirror" in addon.models.state.error.cure
    assert addon.models.state_words(addon.models.entry(NAME)) == "Not here"


def test_a_killed_worker_is_told_of_and_the_next_one_goes_on(addon, press, server):
    server.usual = SLOW
    press.button("download_model", NAME)
    press.wait(until=come(addon, 5))
    os.kill(addon.jobs.worker_pid(), signal.SIGKILL)
    press.wait()
    assert "signal 9" in addon.models.state.error.cause
    assert addon.jobs.state.error is None
    press.done("list_models")
    assert addon.models.entry(NAME).state == "half a download"


def test_film_and_model_wait_for_each_other(addon, press, server, saved_film, add_sound, click_track, wait, films):
    add_sound(click_track(seconds=1, clicks=[0.5]))
    server.usual = SLOW
    press.button("download_model", NAME)
    with pytest.raises(RuntimeError, match="A model is being downloaded"):
        bpy.ops.chromastrip.generate()
    press.wait(until=come(addon, 1))
    bpy.ops.chromastrip.cancel_model_job()
    press.wait()
    bpy.ops.chromastrip.generate()
    assert "A film is being drawn" in why_not(press, "download_model", NAME)
    wait()
    assert len(films()) == 1
    assert "Cancelled" in addon.models.state.notes[0]


def test_another_blend_disturbs_neither_list_nor_download(addon, press, server):
    server.usual = SLOW
    press.button("download_model", NAME)
    press.wait(until=come(addon, 1))
    bpy.ops.wm.read_homefile(use_empty=True)
    assert [item.name for item in bpy.context.window_manager.chromastrip_models] == PUBLISHED
    press.wait(until=come(addon, 5))
    assert addon.models.state.busy
    bpy.ops.chromastrip.cancel_model_job()
    press.wait()
    assert addon.models.entry(NAME).bytes_here >= 5 * 10**6


# Films ----------------------------------------------------------------------------------------------------------------------------------


def test_a_network_of_ones_own_draws_the_film(addon, press, made, here, saved_film, add_sound, click_track, wait, films):
    press.done("add_model", directory=str(made / "roses") + "/", model_name="tulips")
    sound = add_sound(click_track(seconds=0.5, clicks=[0.2]), model="own")
    sound.chromastrip.own_model = "tulips"
    bpy.ops.chromastrip.generate()
    wait()
    assert addon.jobs.state.error is None
    (film,) = films()
    assert (film.chromastrip.model, film.chromastrip.own_model) == ("own", "tulips")
    picture = bpy.data.images.load(f"{bpy.path.abspath(film.directory)}/{film.elements[0].filename}")
    assert tuple(picture.size) == (32, 32)
    assert len(film.elements) == 12  # half a second at 24 frames a second


def test_a_network_that_is_not_here_is_named_with_what_to_do(addon, press, here, saved_film, add_sound, click_track, wait, films):
    sound = add_sound(click_track(seconds=0.5, clicks=[0.2]), model="biggan-deep")
    sound.chromastrip.size = "512"
    bpy.ops.chromastrip.generate()
    wait()
    assert "biggan-deep-512 are not on this machine" in addon.jobs.state.error.cause
    assert "preferences" in addon.jobs.state.error.cure
    assert films() == []


def test_a_network_that_is_not_here_is_told_before_anything_is_drawn(addon, press, saved_film, add_sound, click_track):
    strip = add_sound(click_track(seconds=0.5, clicks=[0.2]), model="biggan-deep")
    strip.chromastrip.size = "512"
    name = addon.models.network_of(strip.chromastrip)
    assert name == NAME
    assert addon.models.why_absent(name) == f"{NAME} is not here yet"
    strip.chromastrip.model, strip.chromastrip.own_model = "own", "tulips"
    assert "no model “tulips”" in addon.models.why_absent(addon.models.network_of(strip.chromastrip))
    strip.chromastrip.model = "emoji"
    assert not addon.models.why_absent(addon.models.network_of(strip.chromastrip))
    addon.models.state.entries = None
    assert not addon.models.why_absent(NAME)  # nobody knows yet


def test_a_film_that_failed_for_a_network_offers_the_download_and_is_gone_on_with_only_after_it(
    addon, press, saved_film, add_sound, click_track, wait
):
    strip = add_sound(click_track(seconds=0.5, clicks=[0.2]), model="biggan-deep")
    strip.chromastrip.size = "512"
    addon.models.state.entries = None  # nobody has opened the preferences
    bpy.ops.chromastrip.generate()
    wait()
    press.wait()
    error = addon.jobs.shown_error()
    assert error.missing == NAME
    assert "Press Download" in error.cure
    assert "models download" not in str(error)
    with pytest.raises(RuntimeError, match=f"{NAME} is not here yet"):
        bpy.ops.chromastrip.go_on_drawing()
    press.done("download_named_model", model_name=NAME)
    assert addon.models.is_here(NAME), addon.models.state
    assert addon.jobs.shown_error() is None
    assert bpy.ops.chromastrip.go_on_drawing.poll()


# Upscalers ------------------------------------------------------------------------------------------------------------------------------

MAKE_UPSCALER = """if True:
    import sys; sys.path.insert(0, {root!r})
    import torch
    from core.upscaling.networks import _spandrel
    torch.save(_spandrel("architectures.Compact").Compact(num_feat=4, num_conv=1, upscale=2).state_dict(), {file!r})
"""


def test_an_upscaler_is_added_and_removed_by_buttons(addon, press, worker_python, tmp_path):
    file = tmp_path / "small 2x.pth"
    subprocess.run([worker_python, "-c", MAKE_UPSCALER.format(root=str(ROOT), file=str(file))], check=True)
    press.done("add_upscaler", filepath=str(file))
    assert addon.models.state.error is None
    entry = addon.models.entry("upscaler/small-2x")
    assert entry.state == "ready"
    press.done("verify_model", entry.name)
    assert "2x" in addon.models.state.notes[0]
    press.done("remove_model", entry.name)
    assert addon.models.entry("upscaler/small-2x") is None


def test_a_file_that_is_no_upscaler_is_refused(addon, press, tmp_path):
    (tmp_path / "weights.pth").write_bytes(b"nothing of the kind")
    press.done("add_upscaler", filepath=str(tmp_path / "weights.pth"))
    assert "weights.pth" in addon.models.state.error.cause
