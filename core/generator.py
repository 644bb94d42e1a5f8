"""Latents to pictures: any BigGAN-deep, run the fastest way that this machine has.

Until the network is first needed, torch is not even imported: making a `Generator` and naming its pictures is cheap.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .grounds import drawn_out
from .keys import picture_key
from .latents import Latents
from .network.emoji import emoji_digest, emoji_directions, load_emoji
from .network.running import Way, open_runner
from .pictures import Pictures
from .protocol import EMBEDDED_SIZES, Model
from .protocol.shape import SQUARE, Widening, cut_size, first_map
from .walk.originals import CLASS_COUNT
from .working import Cancelled, ReportCount, never, report_nothing

if TYPE_CHECKING:
    from .models.store import Checkpoint
    from .network.folding import Folded
    from .network.runners import Inputs, Runner

DRAWING_VERSION = 2
"""Part of every picture's name: raise it when the same weights are drawn otherwise."""

GROUND_VERSION = 2
"""The same for what `grounds` adds to squares."""

EMOJI_WEIGHT_LIMIT = 1.3
"""Films' class vectors sum up to 3.7. The published networks bear that; Emoji, which has learnt single things, would draw noise."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network that can be drawn with.

    Parameters
    ----------
    digest
        Names its weights.
    size
        Width and height of its square pictures.
    class_total
        How many classes it knows.
    load
        Gives its folded weights.
    directions
        Gives the directions of its noise, float32 [6, 128], see `network.directions`. None: nobody knows them yet, see `calibrating`.
    weight_limit
        Largest sum of a class vector that it has learnt to draw; larger ones are scaled down to it. None: any.
    widening
        How it is brought to other shapes, where nobody says otherwise.
    """

    digest: str
    size: int
    class_total: int
    load: "Callable[[], Folded]"
    directions: Callable[[], np.ndarray] | None = None
    weight_limit: float | None = None
    widening: Widening = Widening.EDGE


def emoji_network() -> Network:
    """Give the embedded network “Emoji”, which was trained."""
    return Network(
        digest=emoji_digest(),
        size=EMBEDDED_SIZES[Model.EMOJI],
        class_total=CLASS_COUNT,
        load=load_emoji,
        directions=emoji_directions,
        weight_limit=EMOJI_WEIGHT_LIMIT,
        widening=Widening.GROUND,
    )


def abstract_network() -> Network:
    """Give the embedded network “Abstract”, which is made by a recipe."""
    recipe = (Path(__file__).parent / "network" / "abstract.py").read_text(encoding="utf-8")  # text: line ends do not matter
    digest = hashlib.blake2b(recipe.encode(), digest_size=16).hexdigest()
    return Network(
        digest=digest,
        size=EMBEDDED_SIZES[Model.ABSTRACT],
        class_total=CLASS_COUNT,
        load=_make_abstract,
        directions=abstract_directions,
        widening=Widening.REFLECT,
    )


def abstract_directions() -> np.ndarray:
    """Read Abstract's directions, float32 [6, 128]: found once by `calibrating`, since its recipe never changes."""
    return np.load(Path(__file__).parent / "network" / "abstract_directions.npy", allow_pickle=False)


def network_of(checkpoint: "Checkpoint", *, cache_folder: Path) -> Network:
    """Give the network of a checkpoint; its folded weights are kept in the cache folder."""

    def load() -> "Folded":
        from .models.loading import load_folded

        return load_folded(checkpoint, cache_folder=cache_folder)

    return Network(
        digest=checkpoint.sha256,
        size=checkpoint.architecture.output_dim,
        class_total=checkpoint.architecture.num_classes,
        load=load,
    )


class Generator:
    """The backend that draws with a BigGAN.

    Parameters
    ----------
    network
        The weights.
    way
        How they are run.
    aspect
        The pictures' width by height: they are drawn in the nearest shape that the network can, and cut to it.
    widening
        How the network is brought to it; None: as suits it.
    cache_folder
        The user's, for directions that had to be found; None: they are found anew.
    note
        What there is to tell of the way; empty: nothing.
    """

    follows_latents = True

    def __init__(
        self,
        network: Network,
        way: Way,
        *,
        aspect: Fraction = Fraction(1),
        widening: Widening | None = None,
        cache_folder: Path | None = None,
        note: str = "",
    ) -> None:
        self.notes: Sequence[str] = (note,) if note else ()
        self.class_total = network.class_total
        self._first_map = first_map(aspect, widening or network.widening)
        drawn = self._first_map.picture_size(network.size)
        self.width, self.height = cut_size(drawn, aspect)
        self.name = " ".join((f"{network.digest} {network.size} {way.name} {DRAWING_VERSION}", *self._shape_words(drawn)))
        self._drawn_out = drawn if self._first_map.widening is Widening.GROUND else None
        self._left, self._top = ((whole - cut) // 2 for whole, cut in zip(drawn, (self.width, self.height), strict=True))
        self._network, self.way, self._cache_folder = network, way, cache_folder
        self._directions: np.ndarray | None = None
        self._runner: Runner | None = None

    def _shape_words(self, drawn: tuple[int, int]) -> Iterator[str]:
        """Name what is not as in a square: squares keep the names that they have always had."""
        if self._first_map != SQUARE:
            version = f" {GROUND_VERSION}" if self._first_map.widening is Widening.GROUND else ""
            yield f"{self._first_map.columns}x{self._first_map.rows} {self._first_map.widening}{version}"
        if (self.width, self.height) != drawn:
            yield f"cut {self.width}x{self.height}"

    def cache_keys(self, latents: Latents) -> list[str]:
        """Name each row's picture by its latents, the weights and the kernels: 32 hexadecimal digits."""
        name = self.name.encode()
        return [
            picture_key(
                name,
                self._noise(latents, [row]).tobytes(),
                self._class_vectors(latents, [row]).tobytes(),  # whole, so that neither the classes' order nor an unused one counts
                latents.truncation[row].tobytes(),
            )
            for row in range(len(latents))
        ]

    def directions(self, *, report: ReportCount = report_nothing, cancelled: Cancelled = never) -> np.ndarray:
        """Give what displaces the network's pictures, float32 [6, 128]: known, kept, or found by drawing for under a minute.

        Raises
        ------
        CancelledError
            If `cancelled` said so: then nothing is kept.
        """
        if self._directions is None:
            known = self._network.directions
            self._directions = self._calibrated(report, cancelled) if known is None else known()
        return self._directions

    def _calibrated(self, report: ReportCount, cancelled: Cancelled) -> np.ndarray:
        from .network.calibrating import CALIBRATION_VERSION, calibrate, kept_or_calibrated

        def find() -> np.ndarray:
            return calibrate(self._network.load(), self.way, report=report, cancelled=cancelled)

        if self._cache_folder is None:
            return find()
        way = re.sub(r"[^\w.-]+", "-", self.way.name)
        name = f"{self._network.digest[:32]}-{way}-{CALIBRATION_VERSION}.npy"
        return kept_or_calibrated(self._cache_folder / "directions" / name, find)

    def displaced(self, latents: Latents, rows: Sequence[int]) -> Latents:
        """Give some rows with their displacement in the noise: the same pictures, by a process that knows no directions."""
        own = {name: values[rows] for name, values in vars(latents).items()}
        return Latents(**{**own, "noise": self._noise(latents, rows), "displacement": np.zeros_like(own["displacement"])})

    def load(self) -> None:
        """Load the network."""
        if self._runner is None:
            shape = SQUARE if self._drawn_out else self._first_map
            self._runner = open_runner(dataclasses.replace(self._network.load(), first_map=shape), self.way)

    @property
    def at_once(self) -> int:
        """How many pictures keep it busy; loads the network."""
        self.load()
        assert self._runner is not None
        return self._runner.at_once

    def draw(self, latents: Latents, rows: Sequence[int]) -> Pictures:
        """Draw some rows, in this order: uint8 [height, width, 3] each. The same row gives the same bytes in any company."""
        self.load()
        assert self._runner is not None
        with closing(self._runner.draw(_ChosenRows(latents, rows, self._noise, self._class_vectors))) as drawn:
            for square in drawn:
                picture = drawn_out(square, width=self._drawn_out[0], height=self._drawn_out[1]) if self._drawn_out else square
                yield picture[self._top : self._top + self.height, self._left : self._left + self.width]

    def _noise(self, latents: Latents, rows: Sequence[int]) -> np.ndarray:
        """Give some rows' noise with the displacement in it: float32 [len(rows), 128]."""
        noise, displacement = latents.noise[rows], latents.displacement[rows]
        if not displacement.any():
            return noise
        for amounts, direction in zip(displacement.T, self.directions(), strict=True):
            noise = noise + amounts[:, None] * direction  # one by one: a matrix product would round by how many rows there are
        return noise

    def _class_vectors(self, latents: Latents, rows: Sequence[int]) -> np.ndarray:
        vectors = latents.class_vectors(rows, class_total=self.class_total)
        limit = self._network.weight_limit
        return vectors if limit is None else vectors / np.maximum(1, vectors.sum(axis=1, keepdims=True) / np.float32(limit))


RowsOf = Callable[[Latents, Sequence[int]], np.ndarray]
"""Gives an array with one row for each of some rows of latents."""


class _ChosenRows:
    """Some rows of latents, as a runner asks for them: class vectors of a whole film would fill the memory."""

    def __init__(self, latents: Latents, rows: Sequence[int], noise: RowsOf, class_vectors: RowsOf) -> None:
        self._latents, self._rows = latents, np.asarray(rows, np.int64)
        self._noise, self._class_vectors = noise, class_vectors

    def __len__(self) -> int:
        return len(self._rows)

    def tensors(self, first: int, count: int) -> "Inputs":
        """Give some rows, see `RowSource`."""
        import torch

        from .network.runners import up_to_the_last

        here = self._rows[up_to_the_last(first, count, len(self))]
        values = (self._noise(self._latents, here), self._class_vectors(self._latents, here), self._latents.truncation[here])
        noise, class_vectors, truncations = (torch.from_numpy(value) for value in values)
        return noise, class_vectors, truncations


def _make_abstract() -> "Folded":
    """Make the embedded network on one core, so that sums come in one order."""
    import torch

    from .network.abstract import build_abstract
    from .network.folding import fold_network

    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as one_core:
        return one_core.submit(lambda: fold_network(build_abstract())).result()
