"""Train the embedded model “Figures”: a small BigGAN-deep that paints figures of any class, steered by noise, in any shape.

In: `tools/figures`. Out: a work folder with `figures.zip`, the pictures to learn from, with `state.pt`, from which training goes on
wherever it was stopped, and `log.tsv`. What makes a model's file of it is still missing.

    python -m tools.train_figures                     begins or goes on; a file STOP in the work folder ends it after the next step
    python -m tools.train_figures --pictures 900000   sets or changes how long it shall learn in all
    python -m tools.train_figures --minutes 20 --device cuda --batches 256 192 64

`--small` and `--middle` do the same for 64 px and 128 px: if it has learnt as many of that size, it goes on with the next one. With
`--minutes` it is time that is shared out, on a machine that is lent for so long. A machine without the packages of figures needs only the
work folder.

Plain regression: a figure's code and a view's units say exactly what to paint, so that no adversary is needed to know what is right. Small
pictures come first, for shapes are learnt as well from them, and faster. What comes by chance is drawn from the seed and the step's number,
so the same seed gives the same weights on one machine, interrupted or not (on a graphics card nearly: its sums have no fixed order).
"""

import argparse
import copy
import os
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from core.commands.asking import cache_folder
from core.network.architecture import NOISE_UNITS, Architecture
from tools.figures.classes import Thing, things
from tools.figures.pictures import load_figures
from tools.figures.views import FIGURE_UNITS, UNITS, Figures, class_units, shrink_figures, view
from tools.things.learning import Stage, first_codes, make_optimisers, picture_loss, run, sharpness_loss, stage_at
from tools.things.network import SQUARE, Painter, widening_of

LAYERS = (
    *((True, 16, 16), (False, 16, 16), (True, 16, 8), (False, 8, 8), (True, 8, 8), (False, 8, 8)),
    *((True, 8, 4), (False, 4, 4), (True, 4, 2), (False, 2, 2), (True, 2, 1)),
)
ARCHITECTURE = Architecture(output_dim=256, channel_width=32, layers=LAYERS, attention_layer_position=3)
"""256 px: 14.6 MB in float16. Widths of 16 channels and their multiples fill a processor's vectors."""
CODE_UNITS = NOISE_UNITS - len(UNITS)

STATE_NAME, LOG_NAME, STOP_NAME, FIGURES_NAME = "state.pt", "log.tsv", "STOP", "figures.zip"
AVERAGE_NAME = "average.safetensors"
BEGUN = Path(__file__).parent / "figures" / "begun.safetensors"
"""Weights that have learnt for 13 minutes on a graphics card: where a new work folder begins."""

RATES = {"matrices": 5e-3, "others": 2e-3, "codes": 5e-3}
"""Of Muon, and twice of Adam; see `learning.make_optimisers`."""
FALLING = 0.35  # last share of all pictures, in which the rates fall to 0
WARM_UP_STEPS = 200  # at the beginning of each stage: its last layers are new
AVERAGE = 0.998  # of weights from step to step
JITTER = 0.1  # of codes: a figure has room around it

SHAPES = ((SQUARE, 0.3), ((4, 7), 0.5), ((7, 4), 0.2))
"""Of canvases, with how often each is learnt; a batch of wide ones has fewer pictures, as many pixels."""

ALONE, MOST_GUESTS = 0.4, 5
GUESTS = torch.tensor([0.7, 0.18, 0.06, 0.03, 0.03])
LEADS = (1.3, 6.0)
WHOLE, WEIGHTS = 0.5, (0.55, 1.3)
"""Class vectors as films have them: alone, or with so many guests, the lead so many times as strong as the strongest of them; of a sum of
1, or of another one. A crowd shows its lead."""
FAR, FAR_SHARE = 2.2, 0.35
"""How far one unit of the figure reaches in some views, beyond what noise does: drives will push it there."""

CODE_SIZE = 32
FIGURE_WEIGHT = 2.0
SHARPENING = 0.25  # last share of all pictures, in which edges must also be as strong as their own
SHARPNESS = 3.0


STAGES = (Stage(size=64, batch=32, pictures=400_000), Stage(size=128, batch=32, pictures=400_000), Stage(size=256, batch=16))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What training depends on beside the things.

    Parameters
    ----------
    pictures
        How many to learn from in all.
    seed
        Of all chance.
    architecture
        Of the network.
    stages
        Small pictures first.
    """

    pictures: int = 2_000_000
    seed: int = 1
    architecture: Architecture = ARCHITECTURE
    stages: tuple[Stage, ...] = STAGES

    def at(self, step: int) -> tuple[Stage, int, float] | None:
        """Give the stage of a step, see `stage_at`."""
        return stage_at(self.stages, step, pictures=self.pictures)


TIME_SHARES = (0.1, 0.15)
"""Of small and of middle pictures, where time is shared out; the rest is that of the last stage."""


@dataclass(frozen=True, kw_only=True)
class TimedPlan(Plan):
    """A plan for a machine that is there for some time, however fast it is: not repeatable.

    Parameters
    ----------
    seconds
        In all, from its making.
    begun
        When it was made, by the monotonic clock.
    begun_steps
        Of each stage so far, its first step's number; filled while it goes on.
    """

    seconds: float
    begun: float
    begun_steps: dict[int, int] = field(default_factory=dict)

    def at(self, step: int) -> tuple[Stage, int, float] | None:
        """Give the stage of now. See `Plan`."""
        done = (time.monotonic() - self.begun) / self.seconds
        number = int((done > np.cumsum(TIME_SHARES)).sum())
        return None if done >= 1 else (self.stages[number], step - self.begun_steps.setdefault(number, step), done)


class Training:
    """A network that learns, and all that it needs to go on.

    Parameters
    ----------
    plan
        What to do.
    learned
        The things; all have a code.
    pictures
        uint8 [things, styles, 256, 256, 4], see `figures.load_figures`.
    device
        Where to compute: on a graphics card in bfloat16.
    """

    def __init__(self, plan: Plan, learned: tuple[Thing, ...], pictures: np.ndarray, *, device: str = "cpu") -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.device = plan, torch.device(device)
        self.step = self.learned = 0
        self._things, self._own_pictures = learned, pictures
        sizes = tuple(stage.size for stage in plan.stages)
        painter = Painter(plan.architecture, thing_count=len(learned), sizes=sizes, code_units=CODE_UNITS)
        plain = shrink_figures(pictures, size=CODE_SIZE)
        painter.codes.data.copy_(first_codes(plain.layers[:, 0], units=CODE_UNITS))
        self.painter = painter.to(self.device, memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
        self.average = {name: value.detach().clone() for name, value in self.painter.named_parameters()}
        self._optimisers = make_optimisers(self.painter)
        self._figures: Figures | None = None
        self._class_units = class_units(learned, plain).to(self.device)
        self._classes = _class_table(learned).to(self.device)
        self._class_counts = torch.tensor([len(thing.classes) for thing in learned])

    def advance(self) -> tuple[int, Tensor] | None:
        """Make one step: give the size of its pictures and its loss; None: the plan is fulfilled."""
        here = self.plan.at(self.step)
        if here is None:
            return None
        stage, step_in_stage, done = here
        self._set_rates(min(1.0, (1 - done) / FALLING) * min(1.0, (step_in_stage + 1) / WARM_UP_STEPS))
        rng = torch.Generator().manual_seed((self.plan.seed << 32) + self.step)
        rows, columns = shape = SHAPES[int(torch.multinomial(torch.tensor([share for _, share in SHAPES]), 1, generator=rng))][0]
        chosen, units, codes = self._conditions(max(1, stage.batch * 16 // (rows * columns)), rng)
        with torch.no_grad():
            views, opacity = view(self._figures_of(stage.size), chosen, units, rows=rows, columns=columns)
        loss = self._loss_of(units, codes, views, opacity, stage.size, shape, is_sharpening=1 - done < SHARPENING)
        self._learn(loss)
        self.step += 1
        self.learned += len(chosen)
        return stage.size, loss.detach()

    def _set_rates(self, share: float) -> None:
        for name, optimiser in self._optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = RATES[name] * share

    def _conditions(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, Tensor]]:
        """Choose figures, for each a class of it and a view, and what other classes are beside it.

        Returns
        -------
        chosen : Tensor
            int64 [count].
        units : Tensor
            float32 [count, units]: of the class, of other classes, and of noise.
        codes : tuple of Tensor
            Of whose codes the condition is made: figures int64 [count, 1 + guests], their shares float32 [count, 1 + guests], and what
            comes by chance, float32 [count, code units].
        """
        chosen = torch.multinomial(self._class_counts**0.5, count, replacement=True, generator=rng)
        guests = torch.randint(len(self._things), (count, MOST_GUESTS), generator=rng)
        everybody = torch.cat([chosen[:, None], guests], dim=1)  # [count, 1 + guests]
        shares = _shares(count, rng)
        which = (torch.rand(count, 1 + MOST_GUESTS, generator=rng) * self._class_counts[everybody]).long()
        by_noise = torch.rand(count, 1, generator=rng) * torch.randn(count, len(UNITS), generator=rng)
        by_noise += _far(count, rng)
        jitter = JITTER * torch.randn(count, CODE_UNITS, generator=rng)
        everybody, shares, which, by_noise, jitter, chosen = (
            value.to(self.device, non_blocking=True) for value in (everybody, shares, which, by_noise, jitter, chosen)
        )
        classes = self._classes[everybody, which]
        units = (shares[..., None] * self._class_units[classes]).sum(dim=1) + by_noise
        return chosen, units, (everybody, shares, jitter)

    def _loss_of(
        self,
        units: Tensor,
        codes: tuple[Tensor, Tensor, Tensor],
        views: Tensor,
        opacity: Tensor,
        size: int,
        shape: tuple[int, int],
        *,
        is_sharpening: bool,
    ) -> Tensor:
        everybody, shares, jitter = codes
        mixed = (shares[..., None] * self.painter.codes[everybody]).sum(dim=1) + jitter
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            painted = self.painter(torch.cat([units, mixed], dim=1), size, shape, widening_of(shape, self.device))
        loss = picture_loss(painted, views, opacity, figure_weight=FIGURE_WEIGHT)
        return loss + SHARPNESS * sharpness_loss(painted, views) if is_sharpening else loss

    def _learn(self, loss: Tensor) -> None:
        self.painter.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.painter.parameters(), 1.0)
        for optimiser in self._optimisers.values():
            optimiser.step()
        self._follow()

    @torch.no_grad()
    def _follow(self) -> None:
        share = 1 - min(AVERAGE, (self.step + 1) / (self.step + 10))
        values = {name: value for name, value in self.painter.named_parameters() if value.grad is not None}
        torch._foreach_lerp_([self.average[name] for name in values], [value.detach() for value in values.values()], share)

    def _figures_of(self, size: int) -> Figures:
        if self._figures is None or self._figures.size != size:
            self._figures = shrink_figures(self._own_pictures, size=size).to(self.device)
        return self._figures

    def averaged(self) -> Painter:
        """Give a copy of the network with the mean of its latest weights, on the CPU."""
        painter = copy.deepcopy(self.painter)
        for name, value in painter.named_parameters():
            value.data.copy_(self.average[name])
        return painter.to("cpu").eval()

    def save(self, path: Path) -> None:
        """Write all that is needed to go on, whole or not at all."""
        half = path.with_name(f".{path.name}-{os.getpid()}")
        state = {
            "step": self.step,
            "learned": self.learned,
            "pictures": self.plan.pictures,
            "seed": self.plan.seed,
            "things": [thing.name for thing in self._things],
            "painter": self.painter.state_dict(),
            "average": self.average,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self._optimisers.items()},
        }
        torch.save(state, half)
        half.replace(path)
        self._save_average(path.with_name(AVERAGE_NAME))

    def _save_average(self, path: Path) -> None:
        """Write the averaged weights, which are what is shipped, in float16: small enough to be sent from machine to machine."""
        half = path.with_name(f".{path.name}-{os.getpid()}")
        tensors = {name: value.half().contiguous().cpu() for name, value in self.average.items()}
        names = "\n".join(thing.name for thing in self._things)
        save_file(tensors, half, metadata={"step": str(self.step), "pictures": str(self.learned), "things": names})
        half.replace(path)

    def load_average(self, path: Path) -> None:
        """Take over what `_save_average` wrote: to ship it, or to begin from it.

        Raises
        ------
        ValueError
            If it belongs to other figures.
        """
        with safe_open(path, framework="pt") as file:
            notes = file.metadata()
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no mapping)
        if notes["things"].split("\n") != [thing.name for thing in self._things]:
            raise ValueError(f"{path} has learnt other figures than those of today's table")
        with torch.no_grad():
            for name, value in self.painter.named_parameters():
                value.copy_(tensors[name])
                self.average[name].copy_(tensors[name])
        self.learned = int(notes["pictures"])

    def load(self, path: Path) -> None:
        """Take over what `save` wrote. Things that are new get new codes; those that are gone lose theirs.

        Raises
        ------
        RuntimeError
            If it belongs to another network.
        """
        state = torch.load(path, map_location=self.device, weights_only=True)
        places = {name: place for place, name in enumerate(state["things"])}
        kept = [(new, places[thing.name]) for new, thing in enumerate(self._things) if thing.name in places]
        if len(kept) != len(self._things) or len(places) != len(self._things):
            new, old = (torch.tensor(side) for side in zip(*kept, strict=True))
            _move_codes(state, self.painter.codes.detach(), new, old)
        self.painter.load_state_dict(state["painter"])
        for name, value in state["average"].items():
            self.average[name].copy_(value)
        for name, optimiser in self._optimisers.items():
            optimiser.load_state_dict(state["optimisers"][name])
        self.step, self.learned = state["step"], state["learned"]


def _move_codes(state: dict, own: Tensor, new: Tensor, old: Tensor) -> None:
    """Put codes, and what Adam knows of them, in the places of today's things."""
    for codes in (state["painter"], state["average"]):
        codes["codes"] = own.clone().index_copy(0, new, codes["codes"][old])
    (moments,) = state["optimisers"]["codes"]["state"].values()
    for name in ("exp_avg", "exp_avg_sq"):
        moments[name] = torch.zeros_like(own).index_copy(0, new, moments[name][old])


def _class_table(learned: tuple[Thing, ...]) -> Tensor:
    """List each thing's classes: int64 [things, most], filled up with 0."""
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(thing.classes) for thing in learned], batch_first=True)


def _shares(count: int, rng: torch.Generator) -> Tensor:
    """Draw class vectors as films have them, of a lead and its guests: float32 [count, 1 + guests]."""
    number = 1 + torch.multinomial(GUESTS, count, replacement=True, generator=rng)
    guests = torch.rand(count, MOST_GUESTS, generator=rng) * (torch.arange(MOST_GUESTS) < number[:, None])
    guests = guests * (torch.rand(count, 1, generator=rng) > ALONE)
    least, most = LEADS
    lead = guests.amax(dim=1, keepdim=True) * least * (most / least) ** torch.rand(count, 1, generator=rng)
    shares = torch.cat([torch.where(lead > 0, lead, 1), guests], dim=1)
    low, high = WEIGHTS
    other_sum = low + (high - low) * torch.rand(count, 1, generator=rng)
    is_whole = torch.rand(count, 1, generator=rng) < WHOLE
    return shares / shares.sum(dim=1, keepdim=True) * torch.where(is_whole, 1, other_sum)


def _far(count: int, rng: torch.Generator) -> Tensor:
    """Push one of the figure's units far in some views: float32 [count, units]."""
    which = torch.randint(len(FIGURE_UNITS), (count, 1), generator=rng)
    push = (2 * torch.rand(count, 1, generator=rng) - 1) * FAR * (torch.rand(count, 1, generator=rng) < FAR_SHARE)
    return torch.zeros(count, len(UNITS)).scatter_(1, which, push)


# The program ----------------------------------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Train until the plan is fulfilled or somebody asks to stop."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.backends.cudnn.benchmark = True  # shapes come again and again
    torch.set_float32_matmul_precision("high")
    options.work.mkdir(parents=True, exist_ok=True)
    state, stop = options.work / STATE_NAME, options.work / STOP_NAME
    stop.unlink(missing_ok=True)
    figures = load_figures(things(), options.work / FIGURES_NAME)
    training = Training(_plan(options), things(), figures, device=options.device)
    if state.exists():
        training.load(state)
    else:
        average = state.with_name(AVERAGE_NAME)
        training.load_average(average if average.exists() else BEGUN)
    with (options.work / LOG_NAME).open("a", encoding="utf-8") as log:
        for line in run(training, state, should_stop=stop.exists):
            print(line, file=log, flush=True)
    return 0


def _plan(options: argparse.Namespace) -> Plan:
    pictures = (options.small, options.middle, 0)
    stages = tuple(
        replace(stage, pictures=count, batch=batch) for stage, count, batch in zip(STAGES, pictures, options.batches, strict=True)
    )
    if options.minutes:
        return TimedPlan(seed=options.seed, stages=stages, seconds=60 * options.minutes, begun=time.monotonic())
    return Plan(pictures=options.pictures, seed=options.seed, stages=stages)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.train_figures", description="Train the embedded model “Figures”.")
    parser.add_argument("--work", type=Path, default=cache_folder() / "figures", metavar="FOLDER", help="the user's cache folder")
    parser.add_argument("--pictures", type=int, default=Plan.pictures, help=f"to learn from in all ({Plan.pictures})")
    parser.add_argument("--small", type=int, default=STAGES[0].pictures, help=f"of these, at 64 px ({STAGES[0].pictures})")
    parser.add_argument("--middle", type=int, default=STAGES[1].pictures, help=f"at 128 px ({STAGES[1].pictures})")
    parser.add_argument("--minutes", type=float, help="share out so much time instead")
    parser.add_argument("--batches", type=int, nargs=3, default=[stage.batch for stage in STAGES], help="pictures in a step of each stage")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
