"""Make the file of the embedded model “Emoji” of what was trained.

In: the work folder of `tools/train_embedded.py`. Out: `core/network/emoji.safetensors`, float16, by the published names.

    python -m tools.ship_embedded [--work FOLDER] [--out FILE]
"""

import argparse
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save

from core.commands.asking import cache_folder
from core.files import write_whole
from core.network.architecture import Architecture
from core.network.emoji import CONFIG_KEY, NOISE_UNITS, UNITS_KEY, WEIGHTS
from tools.things.classes import thing_of_class, things
from tools.things.network import noise_matrix
from tools.things.publishing import publish
from tools.things.views import UNITS, class_units, load_pictures
from tools.train_embedded import CODE_SIZE, STATE_NAME, Plan, Training

MOST_BYTES = 8_000_000
SOURCE = "trained on pictures of Noto Color Emoji (drawings: Apache-2.0, font: OFL-1.1)"


def main(arguments: list[str]) -> int:
    """Write the file and say how large it is."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    training = Training(Plan(), things())
    training.load(options.work / STATE_NAME)
    content = ship(training)
    if len(content) > MOST_BYTES:
        print(f"{len(content)} bytes are more than the {MOST_BYTES} that may be shipped", file=sys.stderr)
        return 1
    write_whole(options.out, content)
    print(f"{options.out}: {len(content)} bytes, of step {training.step}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.ship_embedded", description="Make the file of the embedded model “Emoji”.")
    parser.add_argument("--work", type=Path, default=cache_folder() / "things", metavar="FOLDER", help="where it was trained")
    parser.add_argument("--out", type=Path, default=WEIGHTS, metavar="FILE")
    parser.add_argument("--threads", type=int, default=1)
    return parser


def ship(training: Training) -> bytes:
    """Give the file's bytes: the averaged weights, published."""
    painter = training.averaged()
    own = class_units(things(), load_pictures(things(), size=CODE_SIZE))
    tensors = publish(painter, torch.from_numpy(thing_of_class()), own)
    return file_of(tensors, painter.architecture)


def file_of(tensors: dict[str, torch.Tensor], architecture: Architecture) -> bytes:
    """Give the bytes of a file of published tensors, with what the units of noise are."""
    metadata = {CONFIG_KEY: architecture.to_json(), UNITS_KEY: json.dumps(UNITS), "source": SOURCE}
    return save(tensors | {NOISE_UNITS: noise_matrix().contiguous()}, metadata=metadata)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
