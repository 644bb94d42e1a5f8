"""The weights on this machine: which networks there are, where they lie, whether they are whole; downloaded, added, verified, removed.

In: a folder of models, `<name>/pytorch_model.bin` and `<name>/config.json` each. Out: a `Checkpoint` that can be trusted to be what its
name says. Never downloads unless asked to, never again what is there, and imports torch only to look into a file.

A published network is known by its digest. Where nobody published one (512 px), and for users' own weights, `<name>.sha256` keeps the
digest of the first file, in the words of `sha256sum`; every later file is compared with it.
"""

import functools
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..files import check_writable, whole_file, write_whole
from ..network.architecture import ARCHITECTURES, Architecture
from ..protocol import UserError
from ..protocol.models import ModelEntry, ModelState
from ..working import Cancelled, ReportBytes, end_if, never, report_nothing
from . import checkpoint as checkpoints
from .checkpoint import CONFIG_NAME, WEIGHTS_NAME, find_checkpoint, unreadable
from .digests import DigestMemory, sha256
from .download import Patience, Wanted, discard_part, download, part_bytes
from .folded_cache import is_folded, remove_folded
from .own_weights import weights_in
from .published import PUBLISHED, SOURCE, PublishedModel, address

COPY_BYTES = 1 << 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights that lie on this machine and are what they were.

    Parameters
    ----------
    name
        The model's.
    weights
        The file of its tensors.
    architecture
        What they belong to.
    sha256
        Digest of the file, 64 hexadecimal digits.
    """

    name: str
    weights: Path
    architecture: Architecture
    sha256: str


class ModelStore:
    """The models of one folder.

    Parameters
    ----------
    folder
        Made when the first model comes. May be one that this user can only read.
    cache_folder
        The user's cache folder: digests are remembered there.
    mirrors
        Where to download from, the first one first, see `address`.
    published
        What can be downloaded.
    patience
        How long a download waits.
    """

    def __init__(
        self,
        folder: Path,
        *,
        cache_folder: Path,
        mirrors: Sequence[str] = (SOURCE,),
        published: Sequence[PublishedModel] = PUBLISHED,
        patience: Patience | None = None,
    ) -> None:
        self.folder = folder
        self.cache_folder = cache_folder
        self._mirrors = tuple(mirrors)
        self._published = {model.name: model for model in published}
        self._patience = patience
        self._memory = DigestMemory(cache_folder / "digests")

    def entries(self) -> list[ModelEntry]:
        """List the published models and the user's own, in this order.

        Raises
        ------
        UserError
            If the folder cannot be read.
        """
        return [self._entry(name) for name in (*self._published, *self._own_names())]

    def open(self, name: str) -> Checkpoint:
        """Give a model's checkpoint, once its digest is the one that it must be.

        Takes next to no time where the digest is remembered, else 0.2 s for 235 MB.

        Raises
        ------
        UserError
            If there is no such model, it is not here, or it is not what it was.
        """
        weights = self._weights(name)
        with _reading(self.folder):
            if not weights.is_file():
                raise self._absent(name)
            architecture = self._architecture(name)
            checkpoint = Checkpoint(name=name, weights=weights, architecture=architecture, sha256=self._memory.sha256(weights))
        self._compare(checkpoint)
        self._keep_digest(checkpoint)
        return checkpoint

    def download(self, name: str, *, report: ReportBytes = report_nothing, cancelled: Cancelled = never) -> Checkpoint:
        """Download a published model, or the rest of it; give it at once if it is here.

        Raises
        ------
        UserError
            If no such model is published, no mirror has it, or the folder cannot be written to.
        CancelledError
            If `cancelled` says so. What has come is kept.
        """
        if name not in self._published:
            raise UserError(f"No model “{name}” is published.", f"Choose one of {', '.join(self._published)}.")
        if (ready := self._ready(name)) is not None:
            return ready
        with self._alone(name):
            if (ready := self._ready(name)) is not None:  # another process was faster
                return ready
            model = self._published[name]
            wanted = Wanted(
                target=self._weights(name),
                title=name,
                largest=model.largest_bytes,
                size=model.size,
                sha256=self._expected(name),
                check=functools.partial(_check_structure, name, model.architecture),
            )
            addresses = [*(address(mirror, name) for mirror in self._mirrors), *model.addresses]
            try:
                download(wanted, addresses, report=report, cancelled=cancelled, patience=self._patience)
            except UserError as error:
                raise UserError(error.cause, f"{error.cure}{self._record_hint(name)}") from error
            self._write_config(name, model.architecture)
        return self.open(name)

    def add(self, source: Path, *, name: str = "", report: ReportBytes = report_nothing, cancelled: Cancelled = never) -> list[Checkpoint]:
        """Copy weights from a folder of the user's.

        Parameters
        ----------
        source
            A folder with `pytorch_model.bin` and `config.json`, or with files as they are published (`biggan-deep-256-pytorch_model.bin`),
            or the folder in which `pytorch_pretrained_biggan` keeps what it downloaded; or one file of weights.
        name
            What to call the model; empty: as published, or as its file or folder is called.
        report, cancelled
            Called while a file is copied.

        Raises
        ------
        UserError
            If there are no weights, they are unfit, or another model has that name.
        CancelledError
            If `cancelled` says so. Nothing half is left.
        """
        with _reading(source):
            found = weights_in(source)
        if not found:
            raise UserError(f"There are no weights in {source}.", f"Name a folder that holds {WEIGHTS_NAME} and {CONFIG_NAME}.")
        if name and len(found) > 1:
            raise UserError(f"{source} holds {len(found)} models, which cannot all be called “{name}”.", "Name one file of them.")
        return [self._add_one(weights, name=name, other_name=other, report=report, cancelled=cancelled) for other, weights in found]

    def verify(self, name: str, *, report: ReportBytes = report_nothing, cancelled: Cancelled = never) -> Checkpoint:
        """Read all of a model again: its digest, and the names, shapes and values of its tensors.

        Raises
        ------
        UserError
            If it is not here, or not what it must be.
        CancelledError
            If `cancelled` says so.
        """
        weights = self._weights(name)
        with _reading(self.folder):
            if not weights.is_file():
                raise self._absent(name)
            architecture = self._architecture(name)
            digest = self._memory.sha256_anew(weights, report=report, cancelled=cancelled)
        checkpoint = Checkpoint(name=name, weights=weights, architecture=architecture, sha256=digest)
        self._compare(checkpoint)
        _check_structure(name, architecture, weights)
        self._keep_digest(checkpoint)
        return checkpoint

    def remove(self, name: str) -> int:
        """Remove a model, and what was folded from it or came of it in a download that did not end. Other files in its folder stay.

        Returns
        -------
        int
            How many bytes became free.

        Raises
        ------
        UserError
            If there is nothing of it here, or it may not be removed.
        """
        folder = self._weights(name).parent
        with _reading(self.folder):
            if not folder.is_dir():
                raise self._absent(name)
        with self._alone(name):
            freed = sum(_remove(file) for file in _files_of(folder))
            if digest := self._recorded(name):
                freed += remove_folded(self.cache_folder, digest)
            if name not in self._published:
                self._record(name).unlink(missing_ok=True)
            if not any(folder.iterdir()):
                folder.rmdir()
        return freed

    # What is here -----------------------------------------------------------------------------------------------------------------------

    def _own_names(self) -> list[str]:
        with _reading(self.folder):
            if not self.folder.is_dir():
                return []
            found = (path.name for path in self.folder.iterdir() if (path / WEIGHTS_NAME).is_file())
            return sorted(name for name in found if name not in self._published and NAME.fullmatch(name))

    def _entry(self, name: str) -> ModelEntry:
        weights = self._weights(name)
        with _reading(self.folder):
            bytes_here = weights.stat().st_size if weights.is_file() else part_bytes(weights)
            state = ModelState.PARTIAL if bytes_here else ModelState.ABSENT
            note, architecture = "", self._published[name].architecture if name in self._published else None
            if weights.is_file():
                try:
                    architecture, state = self.open(name).architecture, ModelState.READY
                except UserError as error:
                    note, state = error.cause, ModelState.UNFIT
        return ModelEntry(
            name=name,
            state=state,
            note=note,
            size_px=architecture.output_dim if architecture else 0,
            class_count=architecture.num_classes if architecture else 0,
            bytes_here=bytes_here,
            bytes_total=bytes_here if state == ModelState.READY or name not in self._published else self._published[name].about_bytes,
            folder=str(weights.parent),
            is_published=name in self._published,
        )

    def _weights(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise UserError(f"“{name}” is no name of a model.", "Use letters, digits, dots, hyphens and underscores, at most 64.")
        return self.folder / name / WEIGHTS_NAME

    def _absent(self, name: str) -> UserError:
        model = self._published.get(name)
        if model is None:
            there = ", ".join((*self._published, *self._own_names()))
            return UserError(f"There is no model “{name}”.", f"Choose one of {there}, or add weights of your own.")
        come = part_bytes(self._weights(name))
        half = f": {come // 10**6} MB of its download have come" if come else ""
        return UserError(
            f"The weights of {name} are not on this machine{half}.",
            f"Download them ({model.about_bytes // 10**6} MB), or add a folder that has them: in the add-on's preferences, or by"
            f" models download {name}, models add FOLDER.",
            missing=name,
        )

    def _ready(self, name: str) -> Checkpoint | None:
        try:
            return self.open(name)
        except UserError:  # absent or unfit: both are mended by a download
            return None

    # What it must be --------------------------------------------------------------------------------------------------------------------

    def _architecture(self, name: str) -> Architecture:
        said = find_checkpoint(self._weights(name)).architecture
        published = self._published.get(name)
        if published:
            _refuse_another(name, said or published.architecture, published.architecture)
            return published.architecture
        if said is None:
            raise UserError(f"{self._weights(name).parent} holds no {CONFIG_NAME}.", "Put the one there that belongs to these weights.")
        return said

    def _compare(self, checkpoint: Checkpoint) -> None:
        expected = self._expected(checkpoint.name)
        if expected and checkpoint.sha256 != expected:
            raise UserError(
                f"The weights of {checkpoint.name} are not what they must be: their SHA-256 is {checkpoint.sha256}, not {expected}.",
                self._cure(checkpoint.name),
            )

    def _expected(self, name: str) -> str:
        """Give the digest that a model must have; empty: any."""
        published = self._published.get(name)
        return (published.sha256 if published else "") or self._recorded(name)

    def _cure(self, name: str) -> str:
        if name not in self._published:
            return f"Remove them (in the add-on's preferences, or by models remove {name}), then add them again."
        again = f"Download them again: in the add-on's preferences, or by models download {name}.{self._record_hint(name)}"
        return f"{again} Weights of your own need a name of their own when they are added."

    def _record_hint(self, name: str) -> str:
        """Say how to accept another file than the first one, where that is the user's to decide."""
        if self._published[name].sha256 or not self._recorded(name):
            return ""
        return f" If its publisher has changed it, delete {self._record(name)} first."

    def _recorded(self, name: str) -> str:
        with _reading(self.folder):
            try:
                words = self._record(name).read_text(encoding="utf-8").split()
            except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
                return ""
        return words[0] if words and re.fullmatch("[0-9a-f]{64}", words[0]) else ""

    def _record(self, name: str) -> Path:
        return self.folder / f"{name}.sha256"

    # Changing it ------------------------------------------------------------------------------------------------------------------------

    def _add_one(self, weights: Path, *, name: str, other_name: str, report: ReportBytes, cancelled: Cancelled) -> Checkpoint:
        with _reading(weights):
            architecture = _judged(weights)
            digest = sha256(weights, cancelled=cancelled)
        name = name or self._name_by_digest(digest) or other_name
        self._weights(name)  # refuses a name that is none
        if name in self._published:
            _refuse_another(name, architecture, self._published[name].architecture)
        with self._alone(name):
            if (ready := self._ready(name)) is not None and ready.sha256 == digest:
                return ready
            if ready is not None and name not in self._published:
                raise UserError(f"There is another model “{name}” already.", "Choose another name, or remove that one first.")
            if name in self._published:
                self._compare(Checkpoint(name=name, weights=weights, architecture=architecture, sha256=digest))
            else:
                self._record(name).unlink(missing_ok=True)
            self._write_config(name, architecture)
            _copy(weights, self._weights(name), digest, report=report, cancelled=cancelled)
            discard_part(self._weights(name))
        return self.open(name)

    def _name_by_digest(self, digest: str) -> str:
        return next((model.name for model in self._published.values() if model.sha256 == digest), "")

    def _write_config(self, name: str, architecture: Architecture) -> None:
        write_whole(self._weights(name).with_name(CONFIG_NAME), architecture.to_json().encode())

    def _keep_digest(self, checkpoint: Checkpoint) -> None:
        """Keep the digest that a model must have from now on."""
        if not self._expected(checkpoint.name):
            with suppress(UserError):  # a folder that may only be read: whoever may write there has the say
                write_whole(self._record(checkpoint.name), f"{checkpoint.sha256}  {checkpoint.name}/{WEIGHTS_NAME}\n".encode())

    @contextmanager
    def _alone(self, name: str) -> Generator[None]:
        """Keep other processes from changing the same model."""
        from filelock import FileLock, Timeout

        self._weights(name)
        check_writable(self.folder)
        lock = FileLock(self.folder / f".{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(f"Another process is downloading or changing {name} right now.", "Wait for it, or end it.") from error
        try:
            yield
        finally:
            lock.release()


# Files ----------------------------------------------------------------------------------------------------------------------------------


def _judged(weights: Path) -> Architecture:
    """Read weights of the user's, and tell what they belong to."""
    files = find_checkpoint(weights)
    tensors = checkpoints.read_tensors(weights)
    architecture = files.architecture or checkpoints.recognised(tensors, weights)
    checkpoints.check_tensors(tensors, architecture, source=weights)
    return architecture


def _check_structure(name: str, architecture: Architecture, weights: Path) -> None:
    source = f"The file of {name}"
    checkpoints.check_tensors(checkpoints.read_tensors(weights, source=source), architecture, source=source)


def _refuse_another(name: str, said: Architecture, wanted: Architecture) -> None:
    if said.shapes() != wanted.shapes() or said.output_dim != wanted.output_dim:
        held = next((other for other, architecture in ARCHITECTURES.items() if architecture == said), f"a network of {said.output_dim} px")
        raise UserError(f"This is not {name} but {held}.", "Add it under another name.")


def _copy(source: Path, target: Path, digest: str, *, report: ReportBytes, cancelled: Cancelled) -> None:
    total, done = source.stat().st_size, 0
    with whole_file(target) as temporary:
        with source.open("rb") as reader, temporary.open("wb") as writer:
            while chunk := reader.read(COPY_BYTES):
                end_if(cancelled)
                writer.write(chunk)
                done += len(chunk)
                report(done, total)
        if sha256(temporary) != digest:
            raise UserError(f"{source} changed while it was copied.", "Wait until it is finished, then add it again.")


def _files_of(folder: Path) -> list[Path]:
    """List what is ours in a model's folder, the weights first: half-removed, a model is not here."""
    part = Wanted(target=folder / WEIGHTS_NAME, largest=0)
    return [folder / WEIGHTS_NAME, part.part, part.note, *filter(is_folded, folder.iterdir()), folder / CONFIG_NAME]


def _remove(file: Path) -> int:
    try:
        size = file.stat().st_size
        file.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise UserError(f"{file} cannot be removed: {error.strerror}.", "Give yourself the right to, or let its owner do it.") from error
    return size


@contextmanager
def _reading(place: Path) -> Generator[None]:
    """Turn missing rights into a `UserError`."""
    try:
        yield
    except PermissionError as error:
        raise unreadable(Path(error.filename or place), error) from error
