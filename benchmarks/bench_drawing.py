"""How many 128 px pictures a second do the embedded models draw, beside the published network as the original visualizers run it?

Five contenders take turns, each in a process of its own: our `Generator` with Emoji, and with Abstract; Emoji's weights in the published
module, called as the originals do (30 pictures at once on all threads, float32, under `no_grad`, in training mode, since neither calls
`eval`); the network that the originals load, at its size and with weights of no meaning; and a whole film, from the request to the files.
"""

import functools
import itertools
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import torch
from pytorch_pretrained_biggan import BigGAN, BigGANConfig

from benchmarks.measure import Figure, interleave, lone_process, seconds, write_results
from benchmarks.songs import DEMO_SONG
from core import pipeline
from core.generator import Generator, Network, abstract_network, emoji_network
from core.latents import Latents, make_latents
from core.models.checkpoint import build_network
from core.network.emoji import read_emoji
from core.network.running import Way
from core.protocol import RenderRequest, Settings
from core.sound import features

REPEATS = 7
FPS = Fraction(25)
OUR_PICTURES = 96
ORIGINAL_BATCH = 30  # deep-music-visualizer's default
FILM_FRAMES = 200
_SEEDS = itertools.count(1)


def main() -> None:
    names = {
        "Emoji, as Chromastrip draws it": emoji,
        "Emoji's weights, as the original visualizers would draw them": emoji_as_the_originals,
        "the originals' own network (biggan-deep-128's size), as they draw it": published_size,
        "a film of Emoji on disk: latents, cache keys, drawing, PNG, folder": film_on_disk,
        "Abstract, as Chromastrip draws it": abstract,
    }
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        contenders = {name: _alone(stack.enter_context(lone_process()), work, folder) for name, work in names.items()}
        measured = interleave(contenders, repeats=REPEATS)
    figures = [Figure(name=name, unit="pictures/s", values=values) for name, values in measured.items()]
    ours, originals, *_ = measured.values()
    ratios = [us / them for us, them in zip(ours, originals, strict=True)]
    figures.append(Figure(name="Emoji here / the same weights as the originals draw", unit="x", values=ratios))
    write_results(
        "drawing",
        question=__doc__,
        figures=figures,
        remarks=f"Latents of the demo song. Originals in batches of {ORIGINAL_BATCH}, without their image post-processing; ours with the"
        f" mapping to 8 bits. The film: {FILM_FRAMES} frames, network loaded and sound analysed before.",
    )


def _alone(process: ProcessPoolExecutor, work: Callable[[Path], float], folder: str) -> Callable[[], float]:
    return lambda: process.submit(work, Path(folder)).result()


# Contenders: each runs in its own process, and returns pictures a second ----------------------------------------------------------------


def emoji(folder: Path) -> float:
    return _ours(emoji_network(), _latents(folder))


def abstract(folder: Path) -> float:
    return _ours(abstract_network(), _latents(folder))


def emoji_as_the_originals(folder: Path) -> float:
    return _as_the_originals(_emoji_module(), _latents(folder), batches=2)


def published_size(folder: Path) -> float:
    return _as_the_originals(_published_network(), _latents(folder), batches=1)


def film_on_disk(folder: Path) -> float:
    request = RenderRequest(
        name="bench",
        sound_path=str(DEMO_SONG),
        source_start_seconds=Fraction(0),
        frame_count=FILM_FRAMES,
        fps=FPS,
        settings=Settings(seed=next(_SEEDS)),  # another seed: no picture is there yet
        frames_folder=str(folder / "films"),
        cache_folder=str(folder / "cache"),
    )
    generator = _generator(emoji_network())
    return FILM_FRAMES / seconds(lambda: pipeline.render(request, open_backend=lambda _: generator))


def _ours(network: Network, latents: Latents) -> float:
    generator = _generator(network)
    return OUR_PICTURES / seconds(lambda: [*generator.draw(latents, range(OUR_PICTURES))])


def _as_the_originals(network: BigGAN, latents: Latents, *, batches: int) -> float:
    noise = torch.from_numpy(latents.noise)
    class_vectors = torch.from_numpy(latents.class_vectors(range(len(latents))))

    def draw() -> None:
        for first in range(0, batches * ORIGINAL_BATCH, ORIGINAL_BATCH):
            batch = slice(first, first + ORIGINAL_BATCH)
            with torch.no_grad():
                network(noise[batch], class_vectors[batch], 1.0).cpu().data.numpy()

    return batches * ORIGINAL_BATCH / seconds(draw)


# What each process makes once -----------------------------------------------------------------------------------------------------------


@functools.cache
def _latents(folder: Path) -> Latents:
    heard = features.load(DEMO_SONG, folder / "cache" / "sounds", digest=features.file_digest(DEMO_SONG))
    return make_latents(heard, Settings(), source_start_seconds=Fraction(0), frame_count=OUR_PICTURES, fps=FPS)


@functools.cache
def _generator(network: Network) -> Generator:
    generator = Generator(network, Way(device="cpu", precision="float32"))
    generator.load()
    return generator


@functools.cache
def _emoji_module() -> BigGAN:
    return build_network(*read_emoji()).train()


@functools.cache
def _published_network() -> BigGAN:
    """Build the published 128 px network. Its weights mean nothing, but cost what the real ones cost."""
    network = BigGAN(BigGANConfig())
    network.generator.bn.weight.data.fill_(1)  # the package leaves these two as it finds the memory
    network.generator.bn.bias.data.zero_()
    return network


if __name__ == "__main__":
    main()
