"""Fetch one large file over HTTP: with progress, going on after a cut line, from the first mirror that has the right file.

In: addresses, and what the file must be. Out: the file, whole and checked, under its name; or a `UserError`, and a part to go on from.
Never starts by itself, never writes the target before everything about it is right, and takes no more bytes than it was told to.

No library did all this. pooch, which librosa brings along, begins anew after a cut and knows neither mirrors nor Cancel; pypdl, which has
both, brings aiohttp and eight more packages. requests, which the published network's own package needs, does what is hard about HTTP:
proxies (HTTPS_PROXY, NO_PROXY), certificates, redirects.
"""

import errno
import json
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from ..files import check_writable, disk_errors_explained, write_whole
from ..protocol import UserError
from ..working import Cancelled, CancelledError, ReportBytes, end_if, never, report_nothing
from .digests import sha256

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 15  # requests forgets the last one, half come, when the line is cut
CHUNKS_WAITING = 32
LOOK_UP_SECONDS = 0.1
SPARE_BYTES = 20_000_000
PART_SUFFIX = ".part"
OK, PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 200, 206, 416
TRY_AGAIN_LATER = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The file that is wanted.

    Parameters
    ----------
    target
        Where it shall lie.
    title
        What to call it in messages; empty: by its file's name.
    largest
        No more bytes than that are taken.
    size
        Its bytes; 0: not known.
    sha256
        Its digest; empty: not known.
    check
        Looks at the finished file before it gets its name; raises `UserError` if it is the wrong one.
    """

    target: Path
    largest: int
    title: str = ""
    size: int = 0
    sha256: str = ""
    check: Callable[[Path], None] = lambda _part: None

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.target.with_name(f".{self.target.name}{PART_SUFFIX}")

    @property
    def note(self) -> Path:
        """What is known about the part."""
        return self.part.with_suffix(".json")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for others.

    Parameters
    ----------
    connect_seconds
        For a server to answer at all.
    stall_seconds
        For the next byte.
    pauses_seconds
        Before each new try that follows a try without a single new byte; after the last one, the next mirror's turn comes.
    """

    connect_seconds: float = 10.0
    stall_seconds: float = 20.0
    pauses_seconds: tuple[float, ...] = (1.0, 2.0, 4.0)


class _MirrorError(Exception):
    """A mirror will not do: the reason, as the end of a sentence."""


class _CutError(Exception):
    """The transfer ended early, and may go on: the reason, as the end of a sentence."""


def download(
    wanted: Wanted,
    addresses: Sequence[str],
    *,
    report: ReportBytes = report_nothing,
    cancelled: Cancelled = never,
    patience: Patience | None = None,
) -> str:
    """Download a file, or the rest of it. One process at a time: the caller sees to that.

    Parameters
    ----------
    wanted
        What it must be, and where it goes.
    addresses
        http or https, tried in this order.
    report, cancelled
        Called after each 32 kB, and `cancelled` also while nothing comes.
    patience
        How long to wait.

    Returns
    -------
    str
        The SHA-256 of the file.

    Raises
    ------
    UserError
        If no mirror had the right file, or it could not be written. What has come is kept, unless it was wrong.
    CancelledError
        If `cancelled` says so. What has come is kept.
    """
    check_writable(wanted.target.parent)
    reasons = []
    for address in addresses:
        transfer = _Transfer(wanted, address, patience or Patience(), report=report, cancelled=cancelled)
        try:
            return transfer.run()
        except _MirrorError as reason:
            reasons.append(f"{_host(address)} {reason}")
    raise UserError(
        f"{wanted.title or wanted.target.name} could not be downloaded: {'; '.join(reasons) or 'no address is known'}.",
        "Try again, which goes on from what has come; or name another mirror (Mirrors in the add-on's preferences, --mirror), or set"
        " HTTPS_PROXY if your network wants one.",
    )


def part_bytes(target: Path) -> int:
    """Count what has come so far of a download that did not end; 0: nothing."""
    try:
        return Wanted(target=target, largest=0).part.stat().st_size
    except OSError:
        return 0


def discard_part(target: Path) -> None:
    """Remove what has come so far."""
    wanted = Wanted(target=target, largest=0)
    wanted.part.unlink(missing_ok=True)
    wanted.note.unlink(missing_ok=True)


class _Transfer:
    """One file from one mirror."""

    def __init__(self, wanted: Wanted, address: str, patience: Patience, *, report: ReportBytes, cancelled: Cancelled) -> None:
        self._wanted = wanted
        self._address = address
        self._patience = patience
        self._report = report
        self._cancelled = cancelled

    def run(self) -> str:
        if not re.match(r"https?://\w", self._address):
            raise _MirrorError("is no http or https address")
        came_before = part_bytes(self._wanted.target) > 0
        self._fetch()
        try:
            return self._finish()
        except _MirrorError:
            if not came_before:
                raise
        self._fetch()  # what came before may have been another file: once more, from the beginning
        return self._finish()

    def _fetch(self) -> None:
        """Transfer until all is there, with pauses between tries that bring nothing."""
        pauses = iter(self._patience.pauses_seconds)
        while True:
            before = part_bytes(self._wanted.target)
            try:
                self._transfer(start=before)
            except _CutError as reason:
                if part_bytes(self._wanted.target) > before:
                    pauses = iter(self._patience.pauses_seconds)
                pause = next(pauses, None)
                if pause is None:
                    raise _MirrorError(str(reason)) from reason
                self._wait(pause)
            else:
                return

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            end_if(self._cancelled)
            time.sleep(min(left, LOOK_UP_SECONDS))

    def _transfer(self, *, start: int) -> None:
        """Ask for all from byte `start` on, and write what comes."""
        if self._wanted.size and start == self._wanted.size:
            return
        stream = _stream(self._address, self._headers(start), self._patience, self._cancelled)
        try:
            head = next(stream)
            assert isinstance(head, _Head)
            if start and head.status == RANGE_NOT_SATISFIABLE and head.range_total == start:
                return  # nothing is left to ask for: the last try ended with the last byte
            begin = self._begin(head, asked=start)
            total = self._total(head, begin)
            self._check_space(total - begin)
            self._note(head, total)
            self._write(stream, begin=begin, total=total)
        finally:
            stream.close()

    def _headers(self, start: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity", "User-Agent": "Chromastrip"}
        if start:
            headers["Range"] = f"bytes={start}-"
            validator = _read_note(self._wanted.note)
            if validator and not self._wanted.sha256:  # else the digest decides, and a part may go on from another mirror
                headers["If-Range"] = validator
        return headers

    def _begin(self, head: "_Head", *, asked: int) -> int:
        """Tell at which byte the answer begins."""
        if head.status == OK:
            return 0
        if head.status == PARTIAL_CONTENT and head.range_begin == asked:
            return asked
        if head.status in {PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE}:
            discard_part(self._wanted.target)
            raise _CutError("does not go on where the part ends")
        if head.status in TRY_AGAIN_LATER:
            raise _CutError(f"answers {head.status} {head.reason}".rstrip())
        raise _MirrorError(f"answers {head.status} {head.reason}".rstrip())

    def _total(self, head: "_Head", begin: int) -> int:
        """Tell how many bytes the whole file has there; 0: the server does not say."""
        total = head.range_total or (begin + head.length if head.length else 0)
        if self._wanted.size and total not in {0, self._wanted.size}:
            raise _MirrorError(f"has a file of {total} bytes, not {self._wanted.size}")
        if total > self._wanted.largest:
            raise _MirrorError(f"has a file of {total} bytes, more than the {self._wanted.largest} that it may have")
        return total or self._wanted.size

    def _check_space(self, needed: int) -> None:
        folder = self._wanted.target.parent
        free = shutil.disk_usage(folder).free
        if free < needed + SPARE_BYTES:
            raise UserError(
                f"The disk of {folder} has {free // 10**6} MB left, and {needed // 10**6} MB are still to come.",
                "Free some space, or choose another folder for the models.",
            )

    def _note(self, head: "_Head", total: int) -> None:
        note = {"address": self._address, "validator": head.validator, "total": total}
        with suppress(UserError):  # without it, the next try begins anew at worst
            write_whole(self._wanted.note, json.dumps(note).encode())

    def _write(self, stream: "Generator[_Head | bytes]", *, begin: int, total: int) -> None:
        done = begin
        with _write_errors_explained(self._wanted.part), self._wanted.part.open("r+b" if begin else "wb") as part:
            part.seek(begin)
            self._report(done, total)
            for chunk in stream:
                assert isinstance(chunk, bytes)
                done += len(chunk)
                if done > (total or self._wanted.largest):
                    raise _MirrorError(f"sends more than the {total or self._wanted.largest} bytes that the file may have")
                part.write(chunk)
                self._report(done, total)
        if done < total:
            raise _CutError(f"ended after {done} of {total} bytes")

    def _finish(self) -> str:
        """Check the whole part and give it its name; throw it away if it is wrong."""
        wanted = self._wanted
        try:
            digest = sha256(wanted.part, cancelled=self._cancelled)
            _check(wanted, digest)
        except _MirrorError:
            discard_part(wanted.target)
            raise
        with disk_errors_explained(wanted.target.parent):
            wanted.part.replace(wanted.target)
        discard_part(wanted.target)
        return digest


def _check(wanted: Wanted, digest: str) -> None:
    size = wanted.part.stat().st_size
    if wanted.size and size != wanted.size:
        raise _MirrorError(f"sent {size} bytes, not {wanted.size}")
    if wanted.sha256 and digest != wanted.sha256:
        raise _MirrorError(f"sent another file: its SHA-256 is {digest}, not {wanted.sha256}")
    try:
        wanted.check(wanted.part)
    except UserError as error:
        raise _MirrorError(f"sent another file: {error.cause.rstrip('.')}") from error


@contextmanager
def _write_errors_explained(part: Path) -> Generator[None]:
    """Turn a disk that fills up, or may not be written to, into a `UserError`; what has come is kept."""
    with disk_errors_explained(part.parent):
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise UserError(
                    f"The disk of {part.parent} is full.", "Free some space and start again: the download goes on from what has come."
                ) from error
            raise


def _read_note(note: Path) -> str:
    try:
        return str(json.loads(note.read_bytes())["validator"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:  # half an IPv6 address
        return address


# One request ----------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Head:
    """What a server says before the file.

    Parameters
    ----------
    status, reason
        Of HTTP.
    length
        Bytes that follow; 0: it does not say.
    range_begin, range_total
        Of a part: its first byte, and the bytes of the whole; -1 and 0 where it does not say.
    validator
        What names this version of the file, for If-Range; empty: nothing does.
    """

    status: int
    reason: str
    length: int
    range_begin: int
    range_total: int
    validator: str


def _stream(address: str, headers: dict[str, str], patience: Patience, cancelled: Cancelled) -> Generator[_Head | bytes]:
    """Request an address on a thread of its own, so that the caller can look up while the line stalls.

    Yields
    ------
    _Head or bytes
        The head, then the body in pieces.

    Raises
    ------
    _CutError
        If the line is cut, stalls, or cannot be made.
    CancelledError
        If `cancelled` says so.
    """
    arrived: queue.Queue[_Head | bytes | Exception | None] = queue.Queue(CHUNKS_WAITING)
    abandoned = threading.Event()
    threading.Thread(target=_read, args=(address, headers, patience, arrived, abandoned), daemon=True, name="download").start()
    try:
        while True:
            end_if(cancelled)
            try:
                item = arrived.get(timeout=LOOK_UP_SECONDS)
            except queue.Empty:
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                _raise_explained(item, patience)
            else:
                yield item
    finally:
        abandoned.set()


def _read(address: str, headers: dict[str, str], patience: Patience, arrived: queue.Queue, abandoned: threading.Event) -> None:
    """Put a head and the body's pieces in a queue, then None, or what went wrong."""
    try:
        limits = (patience.connect_seconds, patience.stall_seconds)
        with _session() as session, session.get(address, headers=headers, stream=True, timeout=limits) as response:
            _put(arrived, _head(response), abandoned)
            for chunk in response.iter_content(CHUNK_BYTES):
                _put(arrived, chunk, abandoned)
        _put(arrived, None, abandoned)
    except CancelledError:
        return
    except Exception as error:  # noqa: BLE001 (goes to the thread that asked, which knows what to do)
        with suppress(CancelledError):
            _put(arrived, error, abandoned)


def _session() -> "requests.Session":
    """Give a session that follows no redirect from https to http, where anybody on the way could answer."""
    import requests

    session = requests.Session()
    next_address = session.get_redirect_target

    def checked(resp: "requests.Response") -> str | None:
        address = next_address(resp)
        if address and resp.url.startswith("https:") and urljoin(resp.url, address).lower().startswith("http:"):
            raise requests.exceptions.InvalidSchema(f"{resp.url} leads to {address}")
        return address

    session.get_redirect_target = checked
    return session


def _put(arrived: queue.Queue, item: object, abandoned: threading.Event) -> None:
    while not abandoned.is_set():
        try:
            arrived.put(item, timeout=LOOK_UP_SECONDS)
        except queue.Full:
            continue
        return
    raise CancelledError


def _head(response: "requests.Response") -> _Head:
    headers = response.headers
    etag = headers.get("ETag", "")
    span = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("Content-Range", ""))
    return _Head(
        status=response.status_code,
        reason=response.reason or "",
        length=_number(headers.get("Content-Length", "")),
        range_begin=int(span[1]) if span and span[1] else -1,
        range_total=_number(span[2]) if span else 0,
        validator=headers.get("Last-Modified", "") if etag.startswith("W/") or not etag else etag,  # a weak one names no bytes
    )


def _raise_explained(error: Exception, patience: Patience) -> None:
    """Say what an error of requests means for this mirror; let any other error pass."""
    from requests import exceptions

    if isinstance(error, exceptions.SSLError):
        raise _MirrorError("has no certificate that this machine trusts") from error
    if isinstance(error, exceptions.TooManyRedirects | exceptions.InvalidURL | exceptions.InvalidSchema | UnicodeError):
        raise _MirrorError("leads to no address that can be asked") from error
    if isinstance(error, exceptions.ProxyError):
        raise _CutError("cannot be reached through the proxy that is set") from error
    if isinstance(error, exceptions.ConnectTimeout):
        raise _CutError(f"did not answer for {patience.connect_seconds:g} s") from error
    if isinstance(error, exceptions.ReadTimeout) or "Read timed out" in str(error):
        raise _CutError(f"fell silent for {patience.stall_seconds:g} s") from error
    if isinstance(error, exceptions.ChunkedEncodingError | exceptions.ContentDecodingError):
        raise _CutError("cut the line") from error
    if isinstance(error, exceptions.ConnectionError):
        raise _CutError("cannot be reached") from error
    raise error


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
