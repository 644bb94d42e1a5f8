"""A short, fixed round of the rig, so that it goes on working, and what it once found stays found."""

import os
import random

import pytest

from tests.rig import faults, strangers
from tests.rig.mutating import mutated
from tests.rig.readers import READERS

SEED, INPUTS = 0, 10
QUICK = [reader for reader in READERS if reader.name not in ("checkpoint", "upscaler")]  # which import torch

ROUNDS = (("killed", "first frame", "card"), ("cache damaged", "writing", "card"))


def test_a_seed_gives_the_same_rounds_and_the_same_bytes_again():
    assert list(faults.plans(rounds=70, seed=1)) == list(faults.plans(rounds=70, seed=1))
    assert len({(plan.fault, plan.moment) for plan in faults.plans(rounds=70, seed=1)}) == 70
    first, second = (mutated([b"a b c", b"[1, 2]"], random.Random("x 1")) for _ in range(2))
    assert first == second


def test_strangers_bytes_are_a_result_or_a_sentence(tmp_path):
    assert strangers.run_by_seed([reader.name for reader in QUICK], rounds=INPUTS, seed=SEED, keep=tmp_path) == []


@pytest.mark.parametrize("said", ROUNDS, ids=" ".join)
def test_a_disturbed_film_is_the_undisturbed_one_or_a_sentence(tmp_path, said):
    if os.name != "posix":
        pytest.skip("signals and mounts are POSIX")
    fault, moment, settings = said
    plan = faults.Plan(fault=fault, moment=moment, surface="command line", settings=settings, seed=fault)
    assert faults.Rig(tmp_path / "rig").round(plan)
