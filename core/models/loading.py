"""From a checkpoint to its folded network: mapped from a file where one was kept, else loaded strictly, folded, and kept."""

import hashlib
from pathlib import Path

from ..network import folding
from ..network.folding import FOLDING_VERSION, Folded, fold_network
from .checkpoint import load_published
from .folded_cache import FoldedCache
from .store import Checkpoint


def load_folded(checkpoint: Checkpoint, *, cache_folder: Path) -> Folded:
    """Give a checkpoint's folded network.

    At 512 px the first start takes some seconds, every later one about 0.1 s beside importing torch; the published network's own package
    is imported in the first one only.

    Parameters
    ----------
    checkpoint
        As `ModelStore.open` gives it: its digest is that of the file.
    cache_folder
        The user's cache folder.

    Returns
    -------
    Folded
        float32, on the CPU; not to be written to, for it may be mapped from a file.

    Raises
    ------
    UserError
        If the checkpoint is not what it must be.
    """
    cache = FoldedCache(checkpoint.weights, checkpoint.sha256, version=_folding(), cache_folder=cache_folder)
    kept = cache.get(lambda: (fold_network(load_published(checkpoint.weights)).to_tensors(), {}))
    return Folded.from_tensors(kept.tensors, checkpoint.architecture)


def _folding() -> str:
    """Name the folding by its version and its text: who changes the one and forgets the other must not meet yesterday's weights."""
    text = Path(folding.__file__).read_text(encoding="utf-8")  # text: line ends do not matter
    return f"{FOLDING_VERSION}.{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
