"""What of the network's tests takes seconds: the embedded model, and a process of its own."""

import json
import subprocess
import sys

import pytest
import torch

from core.network import processor
from core.network.abstract import build_abstract
from core.network.folding import fold_network
from tools import published

pytestmark = pytest.mark.usefixtures("one_thread")

PROGRAM = """if True:
    import hashlib, json, sys
    import numpy as np
    from core.network.folding import fold
    from core.network.runners import CpuRunner, Rows
    from tests.architectures import tiny
    from tools import published
    runner = CpuRunner(fold(published.random_state(tiny()), tiny()), cores=int(sys.argv[1]))
    noise, class_vectors = published.random_inputs(tiny(), 3)
    rows = Rows(noise=noise.numpy(), class_vectors=class_vectors.numpy(), truncations=np.ones(3, np.float32))
    print(json.dumps([hashlib.sha256(picture.tobytes()).hexdigest() for picture in runner.draw(rows)]))
"""


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_the_embedded_model_folds(dtype, error):
    module = build_abstract()
    folded = fold_network(module)
    noise, class_vectors = published.random_inputs(folded.architecture, 2)
    truth = module.double()(noise.double(), class_vectors.double(), 1.0)
    prepared, buffers = processor.prepare_cpu(folded, dtype=dtype), processor.Buffers()
    drawn = [
        processor.draw_values(prepared, *row, buffers) for row in zip(noise.split(1), class_vectors.split(1), torch.ones(2, 1), strict=True)
    ]
    assert float((torch.cat(drawn).double() - truth).norm() / truth.norm()) < error


def test_another_process_with_other_threads_draws_the_same():
    first, second = (
        json.loads(subprocess.run([sys.executable, "-c", PROGRAM, cores], check=True, capture_output=True).stdout) for cores in "12"
    )
    assert first == second
    assert len({*first}) == len(first)
