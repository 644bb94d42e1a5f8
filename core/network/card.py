"""Runs the network on a graphics card: batches of one shape, a recorded graph, copies on a stream of their own.

In: rows of latents. Out: a stream of pictures. Any device will do, also a processor: there tests hold this against the other ways to draw.
"""

import itertools
import math
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec

import numpy as np
import torch
from torch import Tensor

from ..pictures import Pictures
from ..protocol import UserError
from ..working import DeviceLostError
from . import memory
from .folding import Folded
from .reference import Doubling, draw, prepare
from .runners import Inputs, RowSource, checked, is_out_of_memory, too_large

MOST_PIXELS = 1 << 22
"""In one batch: 16 pictures at 512 px keep any card busy."""
USED_MEMORY = 0.8
WARM_UPS = 3
SHAPE_WITHOUT_MEASURE = 4
Outcome = tuple[Tensor, Tensor]
Draw = Callable[[Folded, Tensor, Tensor, Tensor], Outcome]


class DeviceRunner:
    """Draws in batches of one shape, since kernels for another shape may round differently.

    The shape is the largest power of two that memory allows, up to `MOST_PIXELS`, in which a picture's place in the batch changes nothing.
    If memory runs out later, it is halved; pictures from there on may differ in what was rounded to 8 bits.

    Parameters
    ----------
    folded
        float32.
    device
        Such as "cuda", "cuda:1", "mps" or "cpu".
    dtype
        float16 has 8 times the precision of bfloat16, and range enough, since norms keep all values near 1.
    doubling
        See `Doubling`.
    compiled
        Whether PyTorch shall make kernels of its own, that do a norm in one pass. Takes a minute once. `can_compile` says where it can.
    batch_shape
        Pictures in a batch; None: as many as memory and steadiness allow.
    draw
        What draws, if not `reference.draw`.

    Raises
    ------
    UserError
        If the device is not there, or has no memory for one picture.
    """

    def __init__(
        self,
        folded: Folded,
        *,
        device: str,
        dtype: torch.dtype = torch.float16,
        doubling: Doubling = Doubling.TRANSPOSED,
        compiled: bool = False,
        batch_shape: int | None = None,
        draw: Draw = draw,
    ) -> None:
        check_device(device)
        self._device = torch.device(device)
        self._picture_size = folded.first_map.picture_size(folded.architecture.output_dim)
        self._folded, self._dtype = folded, dtype
        self._function = torch.compile(draw, dynamic=False) if compiled else draw
        self._lane: _DirectLane | _RecordedLane | None = None
        try:
            self._weights = prepare(folded, dtype=dtype, device=self._device, doubling=doubling)
            self.batch_shape = batch_shape or self._steady_shape(self._largest_shape())
        except RuntimeError as error:
            self._explain(error)
            raise

    @property
    def at_once(self) -> int:
        """A batch."""
        return self.batch_shape

    def draw(self, rows: RowSource) -> Pictures:
        """Draw. See `runners.Runner`."""
        done = 0
        while done < len(rows):
            for batch in self._while_memory_lasts(rows, done):
                yield from batch
                done += len(batch)
            if done < len(rows):
                self._halve()

    def _while_memory_lasts(self, rows: RowSource, done: int) -> Iterator[np.ndarray]:
        """Give the pictures from row ``done`` on, batch by batch, until the end, or until memory runs out."""
        try:
            for drawn in self._batches(rows, done):
                batch = drawn[: len(rows) - done].copy()  # out of memory that the next but one is written to
                done += len(batch)
                yield batch
        except RuntimeError as error:
            if not is_out_of_memory(error) or self.batch_shape == 1:
                self._explain(error)
                raise

    def _halve(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)  # a lane that was broken off in its warm-ups may still draw
        self._lane = None  # with all its memory
        self.batch_shape //= 2
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _batches(self, rows: RowSource, done: int) -> Iterator[np.ndarray]:
        """Give the pictures from row ``done`` on, batch by batch; one is drawn while the one before is fetched."""
        firsts = range(done, len(rows), self.batch_shape)
        try:
            for fetch in _one_ahead(self._start(rows.tensors(first, self.batch_shape)) for first in firsts):
                pictures, means = fetch()
                yield checked(pictures, means).numpy()
        finally:
            self._settle()

    def _start(self, inputs: Inputs) -> Callable[[], Outcome]:
        with self._ready_device():
            return self._ready_lane().start(inputs)

    @contextmanager
    def _ready_device(self) -> Generator[None]:
        """Let PyTorch draw, on this device: what names none (a graph's recording, pinned memory, events) means the thread's own card."""
        own = torch.cuda.device(self._device) if self._device.type == "cuda" else nullcontext()
        with own, torch.inference_mode(), steady_kernels():
            yield

    def _settle(self) -> None:
        """Wait until nothing is drawn any more: the allocator, which knows of one stream only, may then give all of its memory away."""
        if self._lane is not None:
            self._lane.settle()

    def _ready_lane(self) -> "_DirectLane | _RecordedLane":
        if self._lane is None:
            lane = _RecordedLane if self._device.type == "cuda" else _DirectLane
            self._lane = lane(self._draw_on_device, self._blank(self.batch_shape), self._device)
        return self._lane

    def _draw_on_device(self, *inputs: Tensor) -> Outcome:
        return self._function(self._weights, *inputs)

    def _blank(self, count: int) -> Inputs:
        architecture = self._weights.architecture
        return torch.zeros(count, architecture.z_dim), torch.zeros(count, architecture.num_classes), torch.ones(count)

    def _largest_shape(self) -> int:
        most = _power_of_two(MOST_PIXELS // math.prod(self._picture_size))
        if self._device.type != "cuda":
            return min(SHAPE_WITHOUT_MEASURE, most)
        with self._ready_device():
            torch.cuda.reset_peak_memory_stats(self._device)
            before = torch.cuda.memory_allocated(self._device)
            draw(self._weights, *(values.to(self._device) for values in self._blank(1)))
            one = torch.cuda.max_memory_allocated(self._device) - before
        free = torch.cuda.mem_get_info(self._device)[0]
        return min(_power_of_two(int(USED_MEMORY * free / one)), most)

    def _steady_shape(self, shape: int) -> int:
        """Halve a shape until no picture's bits depend on its place in the batch; alone, it has only one.

        An H100 shares the sums of some products out by where in the batch they lie: at 512 px in float16, batches of 16 differed in the
        last bits when their pictures changed places; at 128 and 256 px, and in float32, they did not.
        """
        while shape > 1 and not self._is_steady_and_fits(shape):
            shape //= 2
        return shape

    def _is_steady_and_fits(self, shape: int) -> bool:
        """Memory for many pictures was only guessed from one's: kernels for another shape may want more room to work in."""
        try:
            return self._is_steady(shape)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        return False

    def _is_steady(self, shape: int) -> bool:
        inputs = [values.to(self._device) for values in self._any_rows(shape)]
        with self._ready_device():
            pictures, _ = self._draw_on_device(*inputs)
            turned, _ = self._draw_on_device(*(values.flip(0) for values in inputs))
            return torch.equal(turned.flip(0), pictures)

    def _any_rows(self, count: int) -> Inputs:
        noise, classes, truncations = self._blank(count)
        rng = torch.Generator().manual_seed(count)
        noise.normal_(generator=rng)
        classes.uniform_(generator=rng)
        return noise, classes / classes.sum(dim=1, keepdim=True), truncations

    def _fitting(self) -> tuple[int, int] | None:
        """Estimate the longest picture that there is memory for."""
        if self._device.type != "cuda":
            return None
        torch.cuda.empty_cache()
        free = torch.cuda.mem_get_info(self._device)[0]
        return memory.largest_that_fits(self._folded, free * memory.FLOAT_BYTES // self._dtype.itemsize)

    def _explain(self, error: RuntimeError) -> None:
        """Raise what PyTorch says about the device in words for people; about anything else say nothing."""
        if is_out_of_memory(error):
            raise too_large(str(self._device), self._picture_size, fitting=self._fitting()) from error
        if isinstance(error, torch.AcceleratorError):
            first_line = str(error).partition("\n")[0]
            cure = "Render again: what was drawn is kept. If it stops again, draw on the processor."
            raise DeviceLostError(f"The graphics card stopped: {first_line.rstrip('.')}.", cure) from error


def _power_of_two(most: int) -> int:
    """Give the largest one that is not above ``most``; 1 at least."""
    return 1 << (max(most, 1).bit_length() - 1)


def check_device(device: str) -> None:
    """Make sure that a device is there.

    Raises
    ------
    UserError
        Says what is missing.
    """
    kind = torch.device(device).type
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError(f"No graphics card can be used: {_why_no_cuda()}.", "Choose the processor as the device, or mend that.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise UserError("This computer has no graphics unit that PyTorch can use as mps.", "Choose the processor as the device.")


def _why_no_cuda() -> str:
    if torch.version.cuda is None:
        return "the worker's PyTorch was built without CUDA"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:  # no driver, one that is too old, no card
        return str(error).partition("\n")[0].rstrip(".")
    return "PyTorch sees none"


def can_compile(device: str) -> bool:
    """Tell whether `torch.compile` has what it needs: a C++ compiler, and Triton for graphics cards."""
    has_compiler = any(shutil.which(name) for name in ("cc", "gcc", "clang", "cl"))
    return has_compiler and (torch.device(device).type != "cuda" or find_spec("triton") is not None)


def steady_kernels() -> AbstractContextManager[None]:
    """Have cuDNN choose kernels by shape alone, give the same sums each time, and not shorten float32."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


def _one_ahead(started: Iterator[Callable[[], Outcome]]) -> Iterator[Callable[[], Outcome]]:
    """Start the next one before the one before is asked for."""
    waiting = next(started, None)
    while waiting is not None:
        following = next(started, None)
        yield waiting
        waiting = following


# Lanes ----------------------------------------------------------------------------------------------------------------------------------


class _DirectLane:
    """Draws by plain calls, on any device."""

    def __init__(self, draw: Callable[..., Outcome], _: Inputs, device: torch.device) -> None:
        self._draw, self._device = draw, device

    def start(self, inputs: Inputs) -> Callable[[], Outcome]:
        """Begin to draw; what is given back waits for the pictures."""
        pictures, means = self._draw(*(values.to(self._device) for values in inputs))
        return lambda: (pictures.cpu(), means.cpu())

    def settle(self) -> None:
        """Do nothing: one stream's memory is given away in that stream's order."""


class _RecordedLane:
    """Draws by replaying a recorded graph: some 300 kernels are started by one call. Copies run beside it, through pinned memory."""

    def __init__(self, draw: Callable[..., Outcome], blank: Inputs, device: torch.device) -> None:
        self._work, self._copies = torch.cuda.Stream(device), torch.cuda.Stream(device)
        self._inputs = [values.to(device) for values in blank]
        torch.cuda.synchronize(device)  # inputs and weights were made on another stream
        with torch.cuda.stream(self._work):
            for _ in range(WARM_UPS):
                draw(*self._inputs)
        torch.cuda.synchronize(device)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, stream=self._work, capture_error_mode="thread_local"):
            self._outcome = draw(*self._inputs)
        self._slots = itertools.cycle([_Slot(blank, self._outcome), _Slot(blank, self._outcome)])

    def start(self, inputs: Inputs) -> Callable[[], Outcome]:
        """Begin to draw; what is given back waits for the pictures, which stay until the second start from now."""
        slot = next(self._slots)
        slot.arrived.synchronize()  # nothing to wait for, unless an earlier draw was broken off
        with torch.cuda.stream(self._work):
            for there, pinned, given in zip(self._inputs, slot.inputs, inputs, strict=True):
                there.copy_(pinned.copy_(given), non_blocking=True)
            self._graph.replay()
            for kept, drawn in zip(slot.drawn, self._outcome, strict=True):
                kept.copy_(drawn)
        self._copies.wait_stream(self._work)
        with torch.cuda.stream(self._copies):
            for here, kept in zip(slot.fetched, slot.drawn, strict=True):
                here.copy_(kept, non_blocking=True)
            slot.arrived.record()
        return slot.wait

    def settle(self) -> None:
        """Wait for both streams."""
        self._work.synchronize()
        self._copies.synchronize()


class _Slot:
    """Memory of one batch in flight, on both sides."""

    def __init__(self, blank: Inputs, outcome: Outcome) -> None:
        self.inputs = [values.clone().pin_memory() for values in blank]
        self.drawn = [torch.empty_like(values) for values in outcome]
        self.fetched = [torch.empty(values.shape, dtype=values.dtype, pin_memory=True) for values in outcome]
        self.arrived = torch.cuda.Event()

    def wait(self) -> Outcome:
        self.arrived.synchronize()
        pictures, means = self.fetched
        return pictures, means
