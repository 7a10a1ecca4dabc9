"""Keeps the parts running: one thread, one loop, nothing but the standard library."""

import contextlib
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from launch.console import Problem, say
from launch.home import Home
from launch.options import ROOT
from launch.process import Owner, kill_session, signal_quietly, spawn
from launch.tail import Tail

TICK = 0.5  # seconds between two looks at the logs; a dying child wakes us at once
STEADY = 30.0  # seconds a part must run before its failures are forgotten
FIRST_FAILURES = 3  # so many at the very first start mean that it cannot start at all
LONGEST_WAIT = 30.0  # seconds between two tries of a part that keeps failing


class Stopped(Exception):
    """We were asked to stop."""


@dataclass
class Part:
    """One child: how it is started, stopped and recognised as ready."""

    name: str
    command: Callable[[], list[str]]
    env: Mapping[str, str]
    cwd: Path
    owner: Owner | None = None
    stdin: Callable[[], bytes] | None = None
    stop: signal.Signals = signal.SIGTERM
    grace: float = 10.0  # seconds from the polite signal to SIGKILL
    ready: Callable[[], bool] = lambda: True
    before: Callable[[], None] = lambda: None

    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    failures: int = field(default=0, init=False)
    started: float = field(default=0.0, init=False)
    next_try: float = field(default=0.0, init=False)
    was_ready: bool = field(default=False, init=False)


class Supervisor:
    def __init__(self, home: Home, told_to_stop: Callable[[], bool] = lambda: False) -> None:
        self.home = home
        self.told_to_stop = told_to_stop  # by other means than a signal to us
        self.parts: list[Part] = []
        self.tails: dict[str, Tail] = {}
        self.requests = 0
        self._wake, sender = socket.socketpair()
        self._wake.setblocking(False)
        sender.setblocking(False)
        self._sender = sender
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop
        signal.signal(signal.SIGINT, self._requested)
        signal.signal(signal.SIGTERM, self._requested)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored: started with nohup
            signal.signal(signal.SIGHUP, self._requested)

    def _requested(self, _number: int, _frame: FrameType | None) -> None:
        self.requests += 1

    def add(self, part: Part) -> Part:
        self.parts.append(part)
        self.tails[part.name] = Tail(self.home.log(part.name), part.name)
        self._start(part)
        return part

    def pause(self, seconds: float) -> None:
        """Sleep that ends early when a child dies or a signal comes."""
        if self.requests or self.told_to_stop():
            raise Stopped
        if select.select([self._wake], [], [], seconds)[0]:
            with contextlib.suppress(BlockingIOError):
                self._wake.recv(4096)
        if self.requests:
            raise Stopped

    def wait_ready(self, part: Part, seconds: float) -> None:
        """Wait until a part answers; a Problem when it ends too often or takes too long."""
        deadline = time.monotonic() + seconds
        while not part.ready():
            self.look_after()
            if time.monotonic() > deadline:
                raise Problem(self._last_words(part, f"did not answer within {seconds:.0f} s"))
            self.pause(0.03)
        part.was_ready = True

    def run(self, name: str, argv: list[str], env: Mapping[str, str]) -> tuple[int, str]:
        """Run one short command to its end while looking after the parts; (code, output).

        What it logs goes to a log of its name. What it says goes through a nameless file: it may
        hold a password that nobody should find later.
        """
        with tempfile.TemporaryFile() as output, open(self.home.log(name), "ab") as log:
            child = spawn(argv, env=env, cwd=ROOT, log=output, errors=log)
            try:
                while child.poll() is None:
                    self.look_after()
                    self.pause(0.1)
            finally:
                kill_session(child.pid)
                child.wait()
            output.seek(0)
            return child.returncode, output.read().decode(errors="replace")

    def watch(self) -> None:
        """Until somebody asks us to stop."""
        while True:
            self.look_after()
            self.pause(TICK)

    def look_after(self) -> None:
        for part in self.parts:
            if part.process is None:
                if time.monotonic() >= part.next_try:
                    self._start(part)
            elif part.process.poll() is not None:
                self._ended(part, part.process)
            elif part.failures and time.monotonic() - part.started > STEADY:
                part.failures = 0
            self.tails[part.name].show()

    def stop(self) -> None:
        """Stop everything: first what serves people, then the servers below it."""
        impatient = self.requests
        for upper in (True, False):
            group = [p for p in self.parts if (p.name in ("web", "worker")) is upper]
            self._stop_group([p for p in group if p.process is not None], impatient)
        self.parts.clear()

    def _stop_group(self, group: list[Part], requests: int) -> None:
        begin = time.monotonic()
        for part in group:
            if part.process:
                signal_quietly(part.process.pid, part.stop)
        for part in group:
            child = part.process
            if child is None:
                continue
            while child.poll() is None and time.monotonic() - begin < part.grace:
                if self.requests > requests:  # asked once more: no more waiting
                    break
                time.sleep(0.02)
            kill_session(child.pid)
            child.wait()
            part.process = None
            self.home.forget(part.name)

    def _start(self, part: Part) -> None:
        part.before()
        with open(self.home.log(part.name), "ab") as log:
            part.process = spawn(
                part.command(),
                env=part.env,
                cwd=part.cwd,
                log=log,
                owner=part.owner,
                stdin=part.stdin() if part.stdin else None,
                death=part.stop,
            )
        part.started = time.monotonic()
        self.home.remember(part.name, part.process.pid)

    def _ended(self, part: Part, child: subprocess.Popen[bytes]) -> None:
        kill_session(child.pid)  # its own children, if it left any
        self.tails[part.name].show()
        part.process = None
        part.failures += 1
        if not part.was_ready and part.failures >= FIRST_FAILURES:
            raise Problem(self._last_words(part, f"could not start ({_how(child.returncode)})"))
        wait = min(LONGEST_WAIT, 0.2 * 2 ** (part.failures - 1))
        part.next_try = time.monotonic() + wait
        when = "now" if wait < 1 else f"in {wait:.0f} s"
        say(f"{part.name} ended ({_how(child.returncode)}); it is started again {when}")

    def _last_words(self, part: Part, what: str) -> str:
        log = self.home.logs / f"{part.name}.log"
        lines = log.read_text(errors="replace").splitlines()[-12:] if log.exists() else []
        quoted = "\n".join(f"    {line}" for line in lines)
        return f"{part.name} {what}. The end of {log}:\n{quoted}"


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
