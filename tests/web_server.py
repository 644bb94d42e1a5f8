"""A web server on this machine that can do to a download whatever the world's servers and lines do."""

import contextlib
import dataclasses
import hashlib
import http.server
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

CHUNK_BYTES = 1 << 16
LONGEST_STALL_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one request is answered. By default as it should be.

    Attributes
    ----------
    status : int
        0: 200, or 206 to a Range.
    cut_after, stall_after : int or None
        After so many bytes the line is cut, or nothing comes any more, until the test lets it go on.
    length_lie : int
        Added to the announced length.
    has_length : bool
        Whether a length is announced; without, the end of the line is the end of the file.
    knows_range : bool
        Whether a Range is obeyed.
    range_lie : int
        Added to the first byte that a 206 sends and announces.
    has_etag : bool
        Whether the version is named.
    redirect : str
        Where else to go.
    seconds_a_chunk : float
        How slow the line is.
    """

    status: int = 0
    cut_after: int | None = None
    stall_after: int | None = None
    length_lie: int = 0
    has_length: bool = True
    knows_range: bool = True
    range_lie: int = 0
    has_etag: bool = True
    redirect: str = ""
    seconds_a_chunk: float = 0.0


@dataclass
class Server:
    """A running server.

    Attributes
    ----------
    url : str
        Its address, without a slash at the end.
    files : dict
        Path to content, or to a file that holds it.
    answers : list of Answer
        For the next requests, first to last; then `usual` counts.
    usual : Answer
        For all other requests.
    requests : list of tuple
        What was asked for: the path (a whole address where this server is a proxy), and the Range.
    stalled : threading.Event
        Set once a line has stalled.
    go_on : threading.Event
        A test sets it to end all stalls.
    """

    url: str
    files: dict[str, bytes | Path] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    usual: Answer = field(default_factory=Answer)
    requests: list[tuple[str, str]] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def running(files: dict[str, bytes | Path], **usual) -> Iterator[Server]:
    """Serve files on a free port of the loopback interface."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as listener:
        listener.state = Server(url=f"http://127.0.0.1:{listener.server_port}", files=files, usual=Answer(**usual))
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener.state
        finally:
            listener.state.stopping.set()
            listener.state.go_on.set()
            listener.shutdown()
            thread.join()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        state = self.server.state
        answer = state.answers.pop(0) if state.answers else state.usual
        wanted = self.headers.get("Range", "")
        state.requests.append((self.path, wanted))
        content = state.files.get(urlsplit(self.path).path)
        if content is None:
            answer = dataclasses.replace(answer, status=404)
        if answer.status or answer.redirect:
            self._refuse(answer)
        else:
            self._send(content, wanted, answer)

    def _refuse(self, answer):
        body = b"<html>not what you hoped for</html>"
        self.send_response(answer.status or 302)
        if answer.redirect:
            self.send_header("Location", answer.redirect)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send(self, content, wanted, answer):
        total = len(content) if isinstance(content, bytes) else content.stat().st_size
        etag = _etag(content)
        begin = int(wanted[6:-1]) if re.fullmatch(r"bytes=\d+-", wanted) and answer.knows_range else None
        if begin is not None and self.headers.get("If-Range", etag) != etag:
            begin = None
        if begin is not None and begin >= total:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200 if begin is None else 206)
        first = begin + answer.range_lie if begin is not None else 0
        if begin is not None:
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        if answer.has_length:
            self.send_header("Content-Length", str(total - first + answer.length_lie))
        if answer.has_etag:
            self.send_header("ETag", etag)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who cancels, hangs up
            self._send_body(content, first, answer)

    def _send_body(self, content, first, answer):
        left = min((x for x in (answer.cut_after, answer.stall_after) if x is not None), default=None)
        for chunk in _chunks(content, first):
            piece = chunk if left is None else chunk[:left]
            self.wfile.write(piece)
            time.sleep(answer.seconds_a_chunk)
            if left is not None:
                left -= len(piece)
                if left == 0 and (answer.stall_after is None or not self._stall()):
                    break
                if left == 0:
                    self.wfile.write(chunk[len(piece) :])
                    left = None
        self.close_connection = True

    def _stall(self):
        """Send nothing for a while; say whether to go on then."""
        self.wfile.flush()
        self.server.state.stalled.set()
        return self.server.state.go_on.wait(LONGEST_STALL_SECONDS) and not self.server.state.stopping.is_set()

    def log_message(self, *_):
        pass


def _etag(content):
    if isinstance(content, bytes):
        return f'"{hashlib.md5(content).hexdigest()}"'
    return f'"{content.stat().st_mtime_ns}-{content.stat().st_size}"'


def _chunks(content, first):
    if isinstance(content, bytes):
        yield from (content[at : at + CHUNK_BYTES] for at in range(first, len(content), CHUNK_BYTES))
        return
    with content.open("rb") as file:
        file.seek(first)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
