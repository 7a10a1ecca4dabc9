"""The web processes: `python -m config.web` takes the address and the application of daphne.

One interpreter lock lets one processor work, and the first words of many answers at once then wait
for each other. So one process loads the application, and others are forked from it: what is loaded
lies in memory once. It serves nobody itself; it starts again a child that ended. Each child has a
listening socket of its own (SO_REUSEPORT, see socket(7)), over which the kernel spreads
connections. The parent holds all of them, so those of a child that died wait for its successor.

WEB_PROCESSES says how many there are; by default two, or one where there is one processor.
"""

import argparse
import contextlib
import ctypes
import gc
import importlib
import os
import signal
import socket
import sys
import time
from types import FrameType

from config import env

DEFAULT = 2
HASTE = 5.0  # seconds within which a child that ends has failed to start
FAILURES = 3  # so many one after another, and starting it again does not help
BACKLOG = 512
# What daphne needs that makes no event loop: 26 MB that each child would else load for itself.
SHARED = ("daphne.http_protocol", "daphne.ws_protocol", "twisted.internet.endpoints")
STOPS = (signal.SIGTERM, signal.SIGINT)


def main() -> None:
    *options, application = sys.argv[1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("-b", dest="host", default="127.0.0.1")
    parser.add_argument("-p", dest="port", type=int, default=8000)
    given, others = parser.parse_known_args(options)
    count = how_many()
    if count < 2:
        _serve([*options, application])
    else:
        sockets = listen(given.host, given.port, count)
        load(application)
        sys.exit(Parent(sockets, [*others, application]).run())


def how_many() -> int:
    """Processes that answer; one where sockets cannot share an address fairly."""
    if sys.platform != "linux":
        return 1
    return env.number("WEB_PROCESSES", min(DEFAULT, len(os.sched_getaffinity(0))))


def listen(host: str, port: int, count: int) -> list[socket.socket]:
    """Sockets of one address. OSError when another program has it.

    Another Lontar of the same user could share it by SO_REUSEPORT: a first socket without asks.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as alone:
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind((host, port))
        alone.listen()
    sockets = []
    for _ in range(count):
        one = socket.socket(family, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((host, port))
        one.listen(BACKLOG)
        sockets.append(one)
    return sockets


def load(application: str) -> None:
    """Import what every child needs. Nothing here may open a connection or begin a thread."""
    for name in (*SHARED, application.partition(":")[0]):
        importlib.import_module(name)
    # What the collector looks at is written to, and then no longer shared.
    gc.collect()
    gc.freeze()


class Parent:
    """Starts the children, starts them again, and hands on what asks it to stop."""

    def __init__(self, sockets: list[socket.socket], arguments: list[str]) -> None:
        self.sockets = sockets
        self.arguments = arguments
        self.children: dict[int, tuple[int, float]] = {}  # pid: (its socket, when it began)
        self.failures = 0
        self.stopping = False

    def run(self) -> int:
        """Until all have ended; what the process exits with."""
        for number in STOPS:
            signal.signal(number, self._stop)
        for place in range(len(self.sockets)):
            self._start(place)
        while self.children:
            pid, status = os.wait()
            place, began = self.children.pop(pid, (None, 0.0))
            if place is None or self.stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            sys.stderr.write(f"web process {pid} ended ({code}); another takes its place\n")
            self.failures = self.failures + 1 if time.monotonic() - began < HASTE else 0
            if self.failures >= FAILURES:
                self._stop(signal.SIGTERM, None)
                continue
            self._start(place)
        return 1 if self.failures >= FAILURES else 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        for pid in list(self.children):
            with contextlib.suppress(ProcessLookupError):  # waited for, but not yet forgotten
                os.kill(pid, signal.SIGTERM)

    def _start(self, place: int) -> None:
        parent = os.getpid()
        # A stop between the fork and the note of it would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        try:
            if self.stopping:
                return
            pid = os.fork()
            if pid == 0:
                self._become(place, parent)
            self.children[pid] = place, time.monotonic()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def _become(self, place: int, parent: int) -> None:
        """The child's whole life: what it raises ends it, and nothing above catches it."""
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        _die_with(parent)
        for number, other in enumerate(self.sockets):
            if number != place:
                other.close()
        _serve(["--fd", str(self.sockets[place].fileno()), *self.arguments])
        sys.exit(0)


def _die_with(parent: int) -> None:
    """Have the kernel end this process when the parent is killed; prctl(2), PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _serve(arguments: list[str]) -> None:
    """daphne, for good. Importing it makes the event loop, which no two processes can share."""
    server = importlib.import_module("config.server")
    sys.argv = [sys.argv[0], *arguments]
    server.main()


if __name__ == "__main__":
    main()
