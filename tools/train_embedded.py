"""Train the embedded model “Emoji”: a small BigGAN-deep that paints emoji, steered by class and noise.

In: `tools/things`. Out: a work folder with `state.pt`, from which training goes on wherever it was stopped, and `log.tsv`. Then
`python -m tools.ship_embedded` makes the model's file of it.

    python -m tools.train_embedded                     begins or goes on; a file STOP in the work folder ends it after the next step
    python -m tools.train_embedded --pictures 900000   sets or changes how long it shall learn in all

`--small` and `--middle` do the same for 32 px and 64 px: if it has learnt as many of that size, it goes on with the next one.

Plain regression: a thing's code and a view's units say exactly what to paint, so that no adversary is needed to know what is right. Small
pictures come first, for shapes are learnt as well from them, and faster: 61 pictures of 64 px a second on two cores, 36 of 128 px. The
shipped weights have learnt from this plan's pictures, and from 44 000 of 128 px between those of 64 px; other things lay beside each in the
last 33 000 only. What comes by chance is drawn from the seed and the step's number, so the same seed gives the same weights on one machine,
interrupted or not.
"""

import argparse
import copy
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from core.commands.asking import cache_folder
from core.network.architecture import Architecture
from tools.things.classes import Thing, things
from tools.things.learning import Stage, first_codes, make_optimisers, picture_loss, run, sharpness_loss, stage_at
from tools.things.network import ARCHITECTURE, CODE_UNITS, Painter
from tools.things.views import UNITS, Pictures, class_units, load_pictures, view

STATE_NAME, LOG_NAME, STOP_NAME = "state.pt", "log.tsv", "STOP"

RATES = {"matrices": 4e-3, "others": 2e-3, "codes": 4e-3}
"""Of Muon, and twice of Adam; see `learning.make_optimisers`."""
FALLING = 0.15  # last share of all pictures, in which the rates fall to 0
WARM_UP_STEPS = 200  # at the beginning of each stage: its last layers are new
AVERAGE = 0.998  # of weights from step to step
JITTER = 0.1  # of codes: a thing has room around it
OTHERS, OTHERS_SHARE, OTHERS_CHANCE = 2, 0.45, 0.5
"""A film's class vectors hold several classes, of together more than 1: beside others of at most this share, a thing stays what it is."""
CODE_SIZE = 32
SHARPENING = 0.06  # last share of all pictures, in which edges must also be as strong as their own
SHARPNESS = 4.0


STAGES = (Stage(size=32, batch=32, pictures=140_000), Stage(size=64, batch=32, pictures=268_000), Stage(size=128, batch=16))


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

    pictures: int = 537_000
    seed: int = 1
    architecture: Architecture = ARCHITECTURE
    stages: tuple[Stage, ...] = STAGES

    def at(self, step: int) -> tuple[Stage, int, float] | None:
        """Give the stage of a step, see `stage_at`."""
        return stage_at(self.stages, step, pictures=self.pictures)


class Training:
    """A network that learns, and all that it needs to go on.

    Parameters
    ----------
    plan
        What to do.
    learned
        The things; all have a code.
    device
        Where to compute.
    is_compiled
        Whether PyTorch may compile the network: about one and a half times as fast after minutes of compiling.
    """

    def __init__(self, plan: Plan, learned: tuple[Thing, ...], *, device: str = "cpu", is_compiled: bool = False) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.device = plan, torch.device(device)
        self.step = self.learned = 0
        self._things = learned
        sizes = tuple(stage.size for stage in plan.stages)
        painter = Painter(plan.architecture, thing_count=len(learned), sizes=sizes)
        plain = load_pictures(learned, size=CODE_SIZE)
        painter.codes.data.copy_(first_codes(plain.layers[:, 0], units=CODE_UNITS))
        self.painter = painter.to(self.device, memory_format=torch.channels_last)  # ty: ignore[no-matching-overload]
        self.average = {name: value.detach().clone() for name, value in self.painter.named_parameters()}
        self._optimisers = make_optimisers(self.painter)
        self._paint = torch.compile(self.painter, dynamic=False) if is_compiled else self.painter
        self._pictures: dict[int, Pictures] = {}
        self._class_units = class_units(learned, plain).to(self.device)
        self._classes_by_thing = [torch.tensor(thing.classes) for thing in learned]
        self._first_classes = torch.tensor([thing.classes[0] for thing in learned], device=self.device)
        self._chances = torch.tensor([len(thing.classes) ** 0.5 for thing in learned])

    def advance(self) -> tuple[int, Tensor] | None:
        """Make one step: give the size of its pictures and its loss; None: the plan is fulfilled."""
        here = self.plan.at(self.step)
        if here is None:
            return None
        stage, step_in_stage, done = here
        self._set_rates(min(1.0, (1 - done) / FALLING) * min(1.0, (step_in_stage + 1) / WARM_UP_STEPS))
        rng = torch.Generator().manual_seed((self.plan.seed << 32) + self.step)
        chosen, units, beside = self._conditions(stage.batch, rng)
        with torch.no_grad():
            views, opacity = view(self._pictures_of(stage.size), chosen, units)
        loss = self._learn(self.painter.condition(chosen, units) + beside, views, opacity, is_sharpening=1 - done < SHARPENING)
        self.step += 1
        self.learned += stage.batch
        return stage.size, loss

    def _set_rates(self, share: float) -> None:
        for name, optimiser in self._optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = RATES[name] * share

    def _conditions(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Choose things, for each a class of it and a view, and what the network gets beside them.

        Returns
        -------
        chosen : Tensor
            int64 [count].
        units : Tensor
            float32 [count, units]: of the class, of other classes, and of noise.
        beside : Tensor
            float32 [count, 128]: other things' codes, and jitter.
        """
        chosen = torch.multinomial(self._chances, count, replacement=True, generator=rng)
        places = torch.rand(count, generator=rng)
        own_classes = [self._classes_by_thing[place] for place in chosen.tolist()]
        classes = torch.stack([own[int(place * len(own))] for own, place in zip(own_classes, places, strict=True)])
        truncation = torch.rand(count, 1, generator=rng)
        by_noise = truncation * torch.randn(count, len(UNITS), generator=rng)
        others = torch.randint(len(self._things), (count, OTHERS), generator=rng)
        shares = OTHERS_SHARE * torch.rand(count, OTHERS, 1, generator=rng) * (torch.rand(count, OTHERS, 1, generator=rng) < OTHERS_CHANCE)
        jitter = JITTER * torch.randn(count, CODE_UNITS, generator=rng)
        others, shares = others.to(self.device), shares.to(self.device)
        by_others = (shares * self._class_units[self._first_classes[others]]).sum(dim=1)
        units = self._class_units[classes.to(self.device)] + by_others + by_noise.to(self.device)
        codes = (shares * self.painter.codes[others]).sum(dim=1) + jitter.to(self.device)
        return chosen.to(self.device), units, functional.pad(codes, (len(UNITS), 0))

    def _learn(self, condition: Tensor, views: Tensor, opacity: Tensor, *, is_sharpening: bool) -> Tensor:
        painted = self._paint(condition, views.shape[-1])
        loss = picture_loss(painted, views, opacity)
        if is_sharpening:
            loss = loss + SHARPNESS * sharpness_loss(painted, views)
        self.painter.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.painter.parameters(), 1.0)
        for optimiser in self._optimisers.values():
            optimiser.step()
        self._follow()
        return loss.detach()

    @torch.no_grad()
    def _follow(self) -> None:
        share = 1 - min(AVERAGE, (self.step + 1) / (self.step + 10))
        names = [name for name, value in self.painter.named_parameters() if value.grad is not None]
        values = dict(self.painter.named_parameters())
        torch._foreach_lerp_([self.average[name] for name in names], [values[name].detach() for name in names], share)

    def _pictures_of(self, size: int) -> Pictures:
        if size not in self._pictures:
            loaded = load_pictures(self._things, size=size)
            self._pictures = {size: Pictures(layers=loaded.layers.to(self.device), size=size)}
        return self._pictures[size]

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
            "pictures": self.plan.pictures,
            "seed": self.plan.seed,
            "things": [thing.name for thing in self._things],
            "painter": self.painter.state_dict(),
            "average": self.average,
            "optimisers": {name: optimiser.state_dict() for name, optimiser in self._optimisers.items()},
        }
        torch.save(state, half)
        half.replace(path)

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
        self.step = state["step"]


def _move_codes(state: dict, own: Tensor, new: Tensor, old: Tensor) -> None:
    """Put codes, and what Adam knows of them, in the places of today's things."""
    for codes in (state["painter"], state["average"]):
        codes["codes"] = own.clone().index_copy(0, new, codes["codes"][old])
    (moments,) = state["optimisers"]["codes"]["state"].values()
    for name in ("exp_avg", "exp_avg_sq"):
        moments[name] = torch.zeros_like(own).index_copy(0, new, moments[name][old])


# The program ----------------------------------------------------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Train until the plan is fulfilled or somebody asks to stop."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    state, stop = options.work / STATE_NAME, options.work / STOP_NAME
    stop.unlink(missing_ok=True)
    plan = Plan(pictures=options.pictures, seed=options.seed, stages=_stages(options.small, options.middle))
    training = Training(plan, things(), device=options.device, is_compiled=options.compile)
    if state.exists():
        training.load(state)
    with (options.work / LOG_NAME).open("a", encoding="utf-8") as log:
        for line in run(training, state, should_stop=stop.exists):
            print(line, file=log, flush=True)
    return 0


def _stages(small: int, middle: int) -> tuple[Stage, ...]:
    first, second, last = STAGES
    return replace(first, pictures=small), replace(second, pictures=middle), last


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.train_embedded", description="Train the embedded model “Emoji”.")
    parser.add_argument("--work", type=Path, default=cache_folder() / "things", metavar="FOLDER", help="the user's cache folder")
    parser.add_argument("--pictures", type=int, default=Plan.pictures, help=f"to learn from in all ({Plan.pictures})")
    parser.add_argument("--small", type=int, default=STAGES[0].pictures, help=f"of these, at 32 px ({STAGES[0].pictures})")
    parser.add_argument("--middle", type=int, default=STAGES[1].pictures, help=f"at 64 px ({STAGES[1].pictures})")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true", help="minutes of compiling, then half as fast again")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
