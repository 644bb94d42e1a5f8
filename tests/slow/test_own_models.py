"""Films by networks that lie on this machine: the right pictures, from the right weights, for as many classes as the network knows."""

import dataclasses
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from core import pictures
from core.backends import Backends
from core.latents import latents_of
from core.models.checkpoint import load_published
from core.network.reference import to_8_bits
from core.network.running import Way
from core.pipeline import render
from core.protocol import Cue, Machine, Model, PictureFormat, Precision, Section, Settings, UserError
from core.sound.listening import listen
from tests import films, sounds
from tests.architectures import tiny
from tools.make_checkpoint import checkpoint_tensors, write_checkpoint

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[2]
SMALL = tiny(channel_width=8)
EXACT = Machine(device="cpu", precision=Precision.FLOAT32)
PROGRAM = """if True:
    import sys
    from pathlib import Path
    from core.backends import Backends
    from core.pipeline import render
    from core.protocol import RenderRequest, decode
    request = decode(Path(sys.argv[1]).read_text(), RenderRequest)
    film = render(request, open_backend=Backends(models_folder=Path(sys.argv[2])).open)
    assert film.drawn_count == 0
    assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return sounds.write(tmp_path_factory.mktemp("sound") / "song.wav", sounds.melody(seconds=2), 22_050)


@pytest.fixture
def models(tmp_path):
    write_checkpoint(tmp_path / "models" / "roses", checkpoint_tensors(SMALL), SMALL)
    return tmp_path / "models"


@pytest.fixture
def request_roses(tmp_path, song):
    def ask(*, settings=None, **changes):
        chosen = dataclasses.replace(settings or Settings(class_count=3), model=Model.OWN, own_model="roses")
        return films.request(tmp_path, song, **{"frame_count": 6, "settings": chosen, "machine": EXACT, **changes})

    return ask


def draw(request, models):
    return render(request, open_backend=Backends(models_folder=models).open)


def shown(film):
    return np.stack([pictures.read_picture(path) for path in films.paths(film.frames)])


def test_a_film_shows_what_the_published_module_draws(request_roses, models):
    request = request_roses(settings=Settings(class_count=3, truncation=1.0, hit=0.0))
    module = load_published(models / "roses" / "pytorch_model.bin").eval()
    latents = latents_of(request, listen(request), class_total=10)
    class_vectors = torch.from_numpy(latents.class_vectors(range(6), class_total=10))
    with torch.inference_mode():
        expected = to_8_bits(module(torch.from_numpy(latents.noise), class_vectors, 1.0))[0].numpy()
    drawn = shown(draw(request, models))
    assert drawn.shape == (6, 32, 32, 3)
    assert np.abs(drawn.astype(int) - expected).max() <= 1


def test_other_weights_of_the_same_name_draw_another_film(request_roses, models, tmp_path):
    first = draw(request_roses(), models)
    other = tmp_path / "others"
    write_checkpoint(other / "roses", checkpoint_tensors(SMALL, seed=1), SMALL)
    second = draw(request_roses(), other)
    assert second.drawn_count == 6
    assert second.digest != first.digest
    assert draw(request_roses(), models).drawn_count == 0


def test_a_network_stays_loaded_until_another_one_draws(request_roses, models):
    backends = Backends(models_folder=models)
    first = backends.open(request_roses())
    assert backends.open(request_roses(frame_count=3)) is first
    other = backends.open(request_roses(settings=Settings(), machine=Machine(device="cpu", precision=Precision.BFLOAT16)))
    assert other is not first
    assert backends.open(request_roses()) is not first


def test_a_film_that_is_there_needs_no_network(request_roses, models):
    film = draw(request_roses(), models)
    command = [sys.executable, "-c", PROGRAM, Path(film.frames.folder) / "film.json", models]
    subprocess.run(command, check=True, cwd=ROOT)


def test_precisions_share_no_pictures(request_roses, models):
    draw(request_roses(), models)
    assert draw(request_roses(machine=Machine(device="cpu", precision=Precision.BFLOAT16)), models).drawn_count == 6


# Classes --------------------------------------------------------------------------------------------------------------------------------


def test_chance_chooses_among_the_classes_that_the_network_knows(request_roses, models):
    request = request_roses(settings=Settings(class_count=120, blend=1.0))
    classes, _ = latents_of(request, listen(request), class_total=10).in_columns()
    assert set(classes) == set(range(10))
    assert draw(request, models).frames.frame_count == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"settings": Settings(classes=(1, 10))},
        {"settings": Settings(cues=(Cue(start_seconds=Fraction(0), end_seconds=Fraction(1), classes=(999,)),))},
        {"sections": (Section(first_frame=0, end_frame=3, settings=Settings(model=Model.OWN, own_model="roses", classes=(500,))),)},
    ],
)
def test_classes_that_the_network_does_not_know_are_refused(request_roses, models, changes):
    with pytest.raises(UserError, match=r"10 classes, no number (10|999|500)"):
        draw(request_roses(**changes), models)


# Files ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PictureFormat.JPEG, PictureFormat.WEBP])
def test_frames_of_other_formats_look_alike_and_lie_beside_the_png(request_roses, models, kind):
    exact = draw(request_roses(), models)
    lossy = draw(request_roses(picture_format=kind), models)
    assert lossy.frames.suffix == kind.suffix
    assert lossy.drawn_count == 6
    assert lossy.frames.folder != exact.frames.folder
    assert np.abs(shown(lossy).astype(int) - shown(exact)).mean() < (4 if kind == PictureFormat.JPEG else 1e-9)
    assert draw(request_roses(picture_format=kind), models).drawn_count == 0
    assert draw(request_roses(), models).drawn_count == 0


# What cannot be drawn with --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(model=Model.OWN, own_model="tulips"), "tulips"),
        (Settings(model=Model.OWN, own_model="../roses"), "roses"),
        (Settings(model=Model.OWN), "not which"),
        (Settings(model=Model.ABSTRACT, own_model="roses"), "roses"),
        (Settings(model=Model.BIGGAN, size=256), "biggan-deep-256 are not on this machine"),
        (Settings(model=Model.BIGGAN, size=300), "128 px, 256 px, 512 px"),
    ],
)
def test_networks_that_are_not_there_are_named(tmp_path, song, models, settings, words):
    with pytest.raises(UserError, match=words) as refusal:
        draw(films.request(tmp_path, song, settings=settings), models)
    assert refusal.value.cure
    assert not (tmp_path / "films").exists()


def test_numbers_out_of_range_are_never_a_picture(request_roses, tmp_path):
    tensors = checkpoint_tensors(SMALL)
    tensors["generator.conv_to_rgb.bias"] = torch.full_like(tensors["generator.conv_to_rgb.bias"], 1e38)
    tensors["generator.bn.weight"] = torch.full_like(tensors["generator.bn.weight"], 1e38)
    write_checkpoint(tmp_path / "loud" / "roses", tensors, SMALL)
    with pytest.raises(UserError, match="left their range"):
        draw(request_roses(), tmp_path / "loud")
    assert list((tmp_path / "cache" / "pictures").rglob("*.png")) == []


def test_ways_are_part_of_a_pictures_name(models, request_roses):
    request = request_roses()
    backend = Backends(models_folder=models).open(request)
    assert Way(device="cpu", precision="float32").name in backend.name
