"""What does whoever puts a film together spend on each picture that a Ray cluster draws, beside what the cards do?

Run where Ray is installed, as `.venv/ray/bin/python -m benchmarks.ray_scale`; prints JSON. `docs/scale.md` calculates with it. What one
process does is told in processor seconds, and Ray's part by the shortest of some tries: other programs only make it longer.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core import pictures
from core.cache import FrameCache
from core.files import link_or_copy
from core.generator import Generator, emoji_network
from core.latents import Latents
from core.network.running import Way
from core.protocol import PictureFormat

SIZE, COUNT, TRIES = 512, 64, 9
ROWS = 20_000


def main() -> None:
    """Measure all, and print it."""
    found: dict[str, float | str | int] = {"cores": os.cpu_count() or 1, "load": os.getloadavg()[0]}
    picture = _picture()
    content = pictures.encode(picture, PictureFormat.PNG)
    found["PNG, MB"] = len(content) / 1e6
    found["encoding a PNG, one core, ms"] = 1000 * _seconds(lambda: pictures.encode(picture, PictureFormat.PNG), 8)
    with tempfile.TemporaryDirectory() as folder:
        cache, names = FrameCache(Path(folder) / "pictures"), iter(range(10**9))
        path = cache.store("0" * 32, content)
        found["storing a picture, ms"] = 1000 * _seconds(lambda: cache.store(f"{next(names):032x}", content), COUNT)
        found["numbering a frame, ms"] = 1000 * _seconds(lambda: link_or_copy(path, Path(folder) / f"{next(names)}.png"), COUNT)
        found["decoding a PNG to watch it, one core, ms"] = 1000 * _seconds(lambda: pictures.read_small(path), 8)
    found["naming a picture, ms"] = 1000 * _naming_seconds()
    found |= _through_ray(content)
    print(json.dumps({name: value if isinstance(value, int) else round(value, 4) for name, value in found.items()}, indent=1))


def _picture() -> np.ndarray:
    """Give a picture whose PNG is as large as a photograph's: uint8 [512, 512, 3]."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return (np.asarray(coarse, np.int16) + rng.integers(-6, 7, (SIZE, SIZE, 3))).clip(0, 255).astype(np.uint8)


def _naming_seconds() -> float:
    rng = np.random.default_rng(0)
    weights = rng.random((ROWS, 12), np.float32)
    latents = Latents.of_columns(
        noise=rng.standard_normal((ROWS, 128), np.float32),
        displacement=rng.random((ROWS, 6), np.float32),
        classes=range(12),
        weights=weights,
        class_floor=np.zeros(ROWS, np.float32),
        truncation=np.full(ROWS, 0.4, np.float32),
    )
    generator = Generator(emoji_network(), Way(device="cpu", precision="float32"), aspect=Fraction(1))
    return _seconds(lambda: generator.cache_keys(latents), 1) / ROWS


def _through_ray(content: bytes) -> dict[str, float]:
    """Let spans of nothing and spans of pictures come back through Ray: by the object store of one machine, and between two nodes."""
    import ray  # noqa: PLC0415 (an extra)
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415

    @ray.remote(num_cpus=1)
    class Sender:
        def send(self, count: int) -> dict[str, bytes]:
            return {str(number): content[number:] + content[:number] for number in range(count)}

    found = {}
    with _cluster(ray) as nodes:
        for words, node in nodes.items():
            actor = Sender.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)).remote()
            ray.get(actor.send.remote(1))
            for what, spans, count in (("dealing out a span", 50, 0), ("a picture through the store", 1, COUNT)):
                seconds = _seconds(
                    lambda spans=spans, count=count, actor=actor: ray.get([actor.send.remote(count) for _ in range(spans)]),
                    1,
                    clock=time.perf_counter,
                )
                found[f"{words}: {what}, ms"] = 1000 * seconds / max(spans, count)
    return found


@contextmanager
def _cluster(ray: Any) -> Iterator[dict[str, str]]:
    from ray.cluster_utils import Cluster  # noqa: PLC0415 (an extra)

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 200_000_000})
    cluster.add_node(num_cpus=1, object_store_memory=200_000_000)
    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        here = ray.get_runtime_context().get_node_id()
        yield {"same node" if node["NodeID"] == here else "other node, loopback": node["NodeID"] for node in ray.nodes()}
    finally:
        ray.shutdown()
        cluster.shutdown()


def _seconds(work: Callable[[], object], count: int, *, clock: Callable[[], float] = time.process_time) -> float:
    """Give the shortest over some tries of what one call takes."""
    taken = []
    for _ in range(TRIES):
        began = clock()
        for _ in range(count):
            work()
        taken.append((clock() - began) / count)
    return min(taken)


if __name__ == "__main__":
    main()
