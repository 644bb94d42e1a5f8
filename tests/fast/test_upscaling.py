"""Pictures made larger: by the user's own weights, in their real file layouts, or by Lanczos' filter."""

import dataclasses
import os
import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from core import checks, finishing, pictures, pipeline
from core.backends import Backends
from core.finishing import FinishedCache, steps_of
from core.protocol import Machine, Model, PictureFormat, Settings, UserError
from core.protocol.shape import Fraction
from core.upscaling.enlarging import OVERLAP, TILE, Enlarger
from core.upscaling.networks import _spandrel, read_upscaler
from core.upscaling.store import Upscalers
from core.working import CancelledError, never
from tests import films, sounds

pytestmark = pytest.mark.usefixtures("one_thread")

PICTURE = np.random.default_rng(1).integers(0, 256, (30, 44, 3), np.uint8)


def module_of(layout, *, scale=4):
    """Make a small network with weights of chance, as its authors' code makes it."""
    torch.manual_seed(3)
    if layout == "compact":
        return _spandrel("architectures.Compact").Compact(num_feat=8, num_conv=2, upscale=scale)
    return _spandrel("architectures.ESRGAN").ESRGAN(num_filters=8, num_blocks=1, scale=scale)


def layouts(module):
    """Give a network's tensors under the names of its authors' files: ESRGAN's first, and what Real-ESRGAN's trainer writes."""
    state = module.state_dict()
    renamed = {
        "model.0": "conv_first", "model.1.sub.1": "conv_body", "model.3": "conv_up1", "model.6": "conv_up2", "model.8": "conv_hr",
        "model.10": "conv_last",
    }  # fmt: skip
    new = {}
    for name, tensor in state.items():
        old = name.rpartition(".")[0]
        if old in renamed:
            new[f"{renamed[old]}.{name.rpartition('.')[2]}"] = tensor
        else:  # model.1.sub.0.RDB1.conv1.0.weight
            parts = name.split(".")
            new[f"body.{parts[3]}.{parts[4].lower()}.{parts[5]}.{parts[7]}"] = tensor
    return {"old": state, "new": new, "wrapped": {"params_ema": new}}


def by_hand(module, picture):
    with torch.inference_mode():
        values = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
        return (module.eval()(values)[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


# Reading --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["old", "new", "wrapped"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_an_esrgan_is_read_from_every_layout_of_its_files(tmp_path, layout, suffix):
    module = module_of("esrgan")
    tensors, file = layouts(module)[layout], tmp_path / f"4x{suffix}"
    if suffix == ".pth":
        torch.save(tensors, file)
    else:
        save_file({name: tensor.contiguous() for name, tensor in tensors.get("params_ema", tensors).items()}, file)
    read = read_upscaler(file)
    assert (read.scale, read.architecture) == (4, "ESRGAN")
    np.testing.assert_array_equal(by_hand(read.module, PICTURE), by_hand(module, PICTURE))


@pytest.mark.parametrize("scale", [2, 4])
def test_a_compact_network_is_read(tmp_path, scale):
    module = module_of("compact", scale=scale)
    torch.save({"params": module.state_dict()}, tmp_path / "small.pth")
    read = read_upscaler(tmp_path / "small.pth")
    assert read.scale == scale
    np.testing.assert_array_equal(by_hand(read.module, PICTURE), by_hand(module, PICTURE))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil was here",)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (lambda file: torch.save({"params": Evil()}, file), "code"),
        (lambda file: file.write_bytes(pickle.dumps(Evil())), "cannot be read|code"),
        (lambda file: file.write_bytes(b"no weights at all"), "cannot be read|code"),
        (lambda file: file.write_bytes(b""), "cannot be read"),
        (lambda file: torch.save([1, 2], file), "no weights"),
        (lambda file: torch.save({"linear.weight": torch.ones(3, 3)}, file), "no upscaler"),
        (lambda file: torch.save({**module_of("compact").state_dict(), "body.9.weight": torch.ones(2)}, file), "fit|no upscaler"),
        (lambda file: torch.save(module_of("compact", scale=3).state_dict(), file), "3 times"),
    ],
)
def test_what_is_no_upscaler_is_refused_and_no_code_runs(tmp_path, monkeypatch, content, word):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "weights.pth"
    content(file)
    with pytest.raises(UserError, match=word):
        read_upscaler(file)
    assert not (tmp_path / "evil was here").exists()


@pytest.mark.parametrize("name", ["gone.pth", "gone.safetensors", "folder.pth", "weights.bin"])
def test_what_cannot_be_read_is_said_so(tmp_path, name):
    (tmp_path / "folder.pth").mkdir()
    with pytest.raises(UserError, match=name.partition(".")[0]):
        read_upscaler(tmp_path / name)


# Running --------------------------------------------------------------------------------------------------------------------------------


def test_tiles_give_what_the_whole_picture_gives(tmp_path):
    torch.save(module_of("compact").state_dict(), tmp_path / "small.pth")
    read = read_upscaler(tmp_path / "small.pth")
    picture = np.random.default_rng(2).integers(0, 256, (TILE + 9, 2 * TILE + OVERLAP, 3), np.uint8)
    enlarge = Enlarger(read, device="cpu", cancelled=never)
    larger = enlarge(picture)
    assert larger.shape == (4 * picture.shape[0], 4 * picture.shape[1], 3)
    assert np.abs(larger.astype(int) - by_hand(read.module, picture)).max() <= 1
    np.testing.assert_array_equal(enlarge(picture), larger)


def test_enlarging_ends_when_nobody_wants_it(tmp_path):
    torch.save(module_of("compact").state_dict(), tmp_path / "small.pth")
    with pytest.raises(CancelledError):
        Enlarger(read_upscaler(tmp_path / "small.pth"), device="cpu", cancelled=lambda: True)(PICTURE)


def test_too_little_memory_is_said_so(tmp_path):
    torch.save(module_of("compact").state_dict(), tmp_path / "small.pth")
    enlarge = Enlarger(read_upscaler(tmp_path / "small.pth"), device="cpu", cancelled=never)

    def draw_without_memory(_):
        raise torch.OutOfMemoryError

    enlarge._module = draw_without_memory
    with pytest.raises(UserError, match="Upscale"):
        enlarge(PICTURE)


# The store ------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def upscalers(tmp_path):
    torch.save(module_of("compact").state_dict(), tmp_path / "my small 4x.pth")
    return Upscalers(folder=tmp_path / "models", cache_folder=tmp_path / "cache")


def test_an_upscaler_is_added_listed_verified_and_removed(upscalers, tmp_path):
    assert "upscaler/my-small-4x is here and whole (4x" in upscalers.add(tmp_path / "my small 4x.pth")
    (entry,) = upscalers.entries()
    assert (entry.name, entry.state) == ("upscaler/my-small-4x", "ready")
    assert "whole" in upscalers.verify(entry.name)
    assert upscalers.remove(entry.name) == (tmp_path / "my small 4x.pth").stat().st_size
    assert upscalers.entries() == []


def test_another_upscaler_never_takes_a_name_that_is_taken(upscalers, tmp_path):
    upscalers.add(tmp_path / "my small 4x.pth", name="mine")
    upscalers.add(tmp_path / "my small 4x.pth", name="mine")
    torch.save(module_of("esrgan").state_dict(), tmp_path / "mine.pth")
    with pytest.raises(UserError, match="another upscaler"):
        upscalers.add(tmp_path / "mine.pth")


@pytest.mark.parametrize("name", ["gone", "upscaler/gone", "../secret", "upscaler/../../secret", ""])
def test_an_upscaler_that_is_not_here_is_said_so(upscalers, name):
    with pytest.raises(UserError, match="no upscaler"):
        upscalers.file(name)


# Films ----------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=1), 22_050)


@pytest.fixture
def draw(tmp_path, song, monkeypatch, upscalers):
    monkeypatch.setenv("CHROMASTRIP_MODELS", str(upscalers.folder))
    upscalers.add(tmp_path / "my small 4x.pth", name="mine")

    def draw(**changes):
        settings = Settings(model=Model.SYNC_CARD, aspect=Fraction(16, 9))
        request = films.request(tmp_path, song, **{"frame_count": 3, "settings": settings, "machine": Machine(device="cpu"), **changes})
        return pipeline.render(request, open_backend=Backends().open)

    return draw


def shapes(film):
    return {pictures.read_picture(path).shape[1::-1] for path in films.paths(film.frames)}


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"upscale": 2}, (448, 252)),
        ({"upscale": 4}, (896, 504)),
        ({"upscale": 4, "upscaler": "mine"}, (896, 504)),
        ({"upscale": 2, "upscaler": "upscaler/mine"}, (448, 252)),
        ({"frame_size": (640, 360)}, (640, 360)),
        ({"upscale": 2, "frame_size": (640, 360)}, (640, 360)),
        ({"upscale": 2, "frame_aspect": Fraction(2)}, (504, 252)),
    ],
)
def test_frames_are_as_large_as_asked_for(draw, changes, size):
    assert shapes(draw(**changes)) == {size}


def test_each_way_has_its_films_and_draws_no_picture_again(draw):
    plain = draw()
    ways = [{"upscale": 4}, {"upscale": 2}, {"upscale": 4, "upscaler": "mine"}, {"frame_size": (640, 360)}]
    finished = [draw(**way) for way in ways]
    assert len({film.digest for film in (plain, *finished)}) == 1 + len(ways)
    assert [film.drawn_count for film in finished] == [0] * len(ways)
    assert films.content(draw(**ways[2]).frames) == films.content(finished[2].frames)


def test_a_network_enlarges_the_drawn_picture(draw, tmp_path):
    card = pictures.read_picture(films.paths(draw().frames)[1])
    larger = pictures.read_picture(films.paths(draw(upscale=4, upscaler="mine").frames)[1])
    assert np.abs(larger.astype(int) - by_hand(module_of("compact"), card)).max() <= 1
    by_lanczos = pictures.read_picture(films.paths(draw(upscale=4).frames)[1])
    np.testing.assert_array_equal(by_lanczos, np.asarray(Image.fromarray(card).resize((896, 504), Image.Resampling.LANCZOS)))


def test_other_weights_by_the_same_name_make_another_film(draw, upscalers, tmp_path):
    first = draw(upscale=4, upscaler="mine")
    upscalers.remove("mine")
    torch.manual_seed(9)
    torch.save(_spandrel("architectures.Compact").Compact(num_feat=8, num_conv=1, upscale=4).state_dict(), tmp_path / "other.pth")
    upscalers.add(tmp_path / "other.pth", name="mine")
    second = draw(upscale=4, upscaler="mine")
    assert first.digest != second.digest


def test_a_film_of_finished_pictures_loads_no_network_again(draw, monkeypatch):
    draw(upscale=4, upscaler="mine")
    monkeypatch.setattr("core.upscaling.networks.read_upscaler", None)
    assert shapes(draw(upscale=4, upscaler="mine")) == {(896, 504)}


def test_finishing_ends_when_nobody_wants_it(draw, tmp_path, song):
    draw()
    request = films.request(tmp_path, song, upscale=4, settings=Settings(model=Model.SYNC_CARD, aspect=Fraction(16, 9)))
    cache = finishing.FrameCache(tmp_path / "cache" / "pictures")
    keys = [path.name.partition("-")[0] for path in films.kept_pictures(tmp_path / "cache")]
    with pytest.raises(CancelledError):
        list(FinishedCache(cache, steps_of(request), PictureFormat.PNG, lambda: True).finish(keys, suffix=".png"))


def test_finishing_what_is_drawn_is_told_as_progress(draw, tmp_path, song):
    draw()
    reports = []
    request = films.request(tmp_path, song, frame_count=3, upscale=2, settings=Settings(model=Model.SYNC_CARD, aspect=Fraction(16, 9)))
    pipeline.render(request, open_backend=Backends().open, report=lambda *told: reports.append(told))
    assert [done for _, done, _ in reports][-4:] == [1, 2, 3, 3]


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"upscale": 3}, "2 or 4"), ({"upscale": 0}, "2 or 4"), ({"frame_size": (0, 2)}, "even"), ({"frame_size": (641, 360)}, "even"),
     ({"frame_size": (99_999_998, 2)}, "at most")],
)  # fmt: skip
def test_sizes_that_no_frame_has_are_refused(tmp_path, song, changes, word):
    with pytest.raises(UserError, match=word):
        checks.check(dataclasses.replace(films.request(tmp_path, song), **changes))


def test_an_upscaler_that_is_gone_is_said_before_drawing(draw):
    with pytest.raises(UserError, match="no upscaler “gone”"):
        draw(upscale=4, upscaler="gone")
