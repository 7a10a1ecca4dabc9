"""Child processes that do not outlive us, and how to recognise one again after a crash."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from launch.console import Problem

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Owner:
    """The user a server runs as."""

    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def service_owner() -> Owner | None:
    """`nobody` when we are root (PostgreSQL refuses to run as root), else None: ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem(
            "As root, Lontar runs its database as the user nobody, and this machine has none. "
            "Start Lontar as an ordinary user, or set DATABASE_URL and REDIS_URL."
        ) from None
    return Owner(entry.pw_uid, entry.pw_gid)


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A function for the child between fork and exec: the kernel signals it when we are gone.

    Linux only; elsewhere the next start finds what a killed supervisor left by its pid file.
    """
    parent = os.getpid()

    def ask() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(how), 0, 0, 0)
            if os.getppid() != parent:  # it died before we could ask
                os.kill(os.getpid(), how)

    return ask


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: IO[bytes],
    owner: Owner | None = None,
    stdin: bytes | None = None,
    errors: IO[bytes] | None = None,
    death: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session, so that Ctrl-C in the terminal reaches only us."""
    child = subprocess.Popen(
        argv,
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=log,
        stderr=errors or subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_parent(death),  # noqa: PLW1509  the supervisor has one thread
        **(owner.popen_arguments() if owner else {}),
    )
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(stdin or b"")
    return child


def started_at(pid: int) -> str | None:
    """When the process was started, in whatever unit the system has; None when there is none.

    A pid is used again for another process, a pid together with its start is not.
    """
    if sys.platform == "linux":
        fields = _stat(pid)
        return fields[19] if fields and fields[0] not in "ZX" else None
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True)
    return shown.stdout.strip() or None


def session_members(session: int) -> list[int]:
    """Living processes of a session: a child's own children, even when it is gone itself."""
    if sys.platform != "linux":
        return [session] if started_at(session) else []
    found = []
    for name in os.listdir("/proc"):
        fields = _stat(int(name)) if name.isdigit() else None
        if fields and fields[3] == str(session) and fields[0] not in "ZX":
            found.append(int(name))
    return found


def _stat(pid: int) -> list[str] | None:
    """/proc/<pid>/stat from the third field (state) on; see proc(5)."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ValueError):
        return None
    return text.rsplit(")", 1)[1].split()


def signal_quietly(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, how)


def kill_session(session: int) -> None:
    """End whatever is left of a session, and wait until it is gone."""
    deadline = time.monotonic() + 5
    while (members := session_members(session)) and time.monotonic() < deadline:
        for pid in members:
            signal_quietly(pid, signal.SIGKILL)
        time.sleep(0.02)


class Make:
    """The `make` above us. It is what people signal, and it hands on only some of the signals.

    SIGTERM it passes on. Told SIGINT or SIGHUP alone (not by the terminal, which tells the whole
    group) it waits for us without a word, but it no longer catches that signal: that shows.
    """

    def __init__(self) -> None:
        self.pid = os.getppid() if _libc is not None and os.environ.get("MAKELEVEL") else None
        self.caught = self._caught()
        if _libc is not None and self.pid is not None:
            # Killed, it could not tell us either.
            _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)

    def wants_to_stop(self) -> bool:
        return self._caught() != self.caught

    def _caught(self) -> int:
        """Which of SIGHUP and SIGINT it catches, as a bit mask; see proc(5), SigCgt."""
        if self.pid is None or os.getppid() != self.pid:
            return 0
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        mask = next(int(x.split()[1], 16) for x in status.splitlines() if x.startswith("SigCgt"))
        return mask & (1 << (signal.SIGHUP - 1) | 1 << (signal.SIGINT - 1))
