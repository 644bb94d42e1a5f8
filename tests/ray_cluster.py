"""A Ray cluster on this machine: a head that draws nothing and two nodes, by `ray start`, each in a network namespace of its own.

Where the system gives no namespaces (no root), all are on the loopback with ports of their own.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.environments import RAY, ROOT, clean_environ

HEAD, *NODES = NAMES = ("h", "a", "b")
MARK = "CHROMASTRIP_TEST_NODE"
STORE = ("--object-store-memory", "80000000", "--disable-usage-stats", "--log-color", "false")
LOOPBACK = "127.0.0.1"


class RayCluster:
    """The running cluster.

    Parameters
    ----------
    environ
        What its nodes find in their environment.
    """

    def __init__(self, **environ: str) -> None:
        self._id = f"cs{os.getpid() % 100_000}"
        self._environ = environ
        self._folder = Path(tempfile.mkdtemp(prefix="cr"))  # a short path: sockets have no room for long ones
        self._subnet = f"10.{os.getpid() // 250 % 250}.{os.getpid() % 250}"
        self._has_namespaces = self._make_namespaces()
        self.address = f"{self._host(HEAD)}:{_free_port()}"

    def start(self) -> None:
        """Start head and nodes, one after the other: on one machine they choose the names of their sockets by what is there."""
        port = self.address.rpartition(":")[2]
        self._start(HEAD, "--head", "--port", port, "--num-cpus", "0", "--include-dashboard=false", "--temp-dir", str(self._folder))
        for name in NODES:
            self._start(name, "--address", self.address, "--num-cpus", "1")

    def _start(self, name: str, *words: str) -> None:
        log = self._folder / f"{name}.log"
        with log.open("w") as output:
            started = self.run(name, [*self._ray(name), *words], output=output.fileno())
        assert started.wait() == 0, log.read_text()

    def run(self, name: str, command: Sequence[str], *, output: int = subprocess.DEVNULL, **environ: str) -> subprocess.Popen[str]:
        """Run a program where a node is."""
        where = ["ip", "netns", "exec", self._space(name)] if self._has_namespaces else []
        own = clean_environ(**self._environ | {MARK: self._space(name)} | environ)
        return subprocess.Popen([*where, *command], cwd=ROOT, env=own, stdout=output, stderr=subprocess.STDOUT, text=True)

    def kill(self, name: str) -> None:
        """End a node at once, with all its processes."""
        mark = f"{MARK}={self._space(name)}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    os.kill(int(folder.name), signal.SIGKILL)

    def close(self) -> None:
        """End all, and remove what was made."""
        for name in reversed(NAMES):
            self.kill(name)
        if self._has_namespaces:
            for name in NAMES:
                _ip("netns", "del", self._space(name))
            _ip("link", "del", self._id)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ray(self, name: str) -> list[str]:
        return [str(RAY.python.parent / "ray"), "start", "--node-ip-address", self._host(name), *STORE]

    def _space(self, name: str) -> str:
        return f"{self._id}{name}"

    def _host(self, name: str) -> str:
        return f"{self._subnet}.{2 + NAMES.index(name)}" if self._has_namespaces else LOOPBACK

    def _make_namespaces(self) -> bool:
        if os.geteuid() or not shutil.which("ip") or not _ip("link", "add", self._id, "type", "bridge"):
            return False
        _ip("link", "set", self._id, "up")
        return all(self._make_namespace(name) for name in NAMES)

    def _make_namespace(self, name: str) -> bool:
        space = self._space(name)
        address = f"{self._subnet}.{2 + NAMES.index(name)}/24"
        return (
            _ip("netns", "add", space)
            and _ip("link", "add", space, "type", "veth", "peer", "name", "eth0", "netns", space)
            and _ip("link", "set", space, "master", self._id, "up")
            and _ip("-n", space, "addr", "add", address, "dev", "eth0")
            and _ip("-n", space, "link", "set", "eth0", "up")
            and _ip("-n", space, "link", "set", "lo", "up")
        )


@contextmanager
def ray_cluster(**environ: str) -> Iterator[RayCluster]:
    """Give a running cluster; it ends with the context, however."""
    cluster = RayCluster(**environ)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _ip(*words: str) -> bool:
    return subprocess.run(["ip", *words], capture_output=True, check=False).returncode == 0


def _free_port() -> int:
    with socket.create_server(("", 0)) as server:
        return server.getsockname()[1]
