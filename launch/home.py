"""LONTAR_HOME: everything this installation knows. Nothing above it is ever changed."""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from launch.console import Problem
from launch.process import kill_session, signal_quietly, started_at

ROTATE_ABOVE = 5 * 1024 * 1024  # bytes of a log before it is put aside at the next start


@dataclass(frozen=True)
class Secrets:
    secret_key: str
    field_encryption_key: str
    postgres: str
    redis: str
    postgres_web: str


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs = path / "logs"
        self._lock: int | None = None

    def create(self) -> None:
        """Make the folder, closed to others: it holds keys and people's documents."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            for part in ("logs", "run", "files"):
                (self.path / part).mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"Lontar cannot write to {self.path} ({error.strerror}). Set LONTAR_HOME to a "
                "folder that belongs to you."
            ) from error

    def lock(self) -> None:
        """Only one supervisor for a LONTAR_HOME. The kernel lets go of the lock when we die."""
        handle = os.open(self.path / "run" / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = os.read(handle, 20).decode().strip() or "unknown"
            os.close(handle)
            raise Problem(
                f"Lontar is already running from {self.path} (process {pid}). Stop it first, or "
                "set LONTAR_HOME to another folder for a second one."
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._lock = handle

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def read(self, name: str) -> str | None:
        with contextlib.suppress(FileNotFoundError):
            return (self.path / name).read_text()
        return None

    def secrets(self) -> tuple[Secrets, bool]:
        """The generated secrets, and whether they were made just now."""
        file = self.path / "secrets.json"
        with contextlib.suppress(FileNotFoundError):
            kept = json.loads(file.read_text())
            if "postgres_web" not in kept:  # made before the web process had a role of its own
                kept["postgres_web"] = secrets.token_urlsafe(24)
                self.write("secrets.json", json.dumps(kept, indent=1))
            return Secrets(**kept), False
        made = Secrets(
            secret_key=secrets.token_urlsafe(50),
            field_encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            postgres=secrets.token_urlsafe(24),
            redis=secrets.token_urlsafe(24),
            postgres_web=secrets.token_urlsafe(24),
        )
        self.write("secrets.json", json.dumps(vars(made), indent=1))
        return made, True

    def port(self, name: str) -> int:
        """A loopback port kept from start to start, another one when somebody took it."""
        file = self.path / "run" / f"{name}.port"
        with contextlib.suppress(FileNotFoundError, ValueError):
            kept = int(file.read_text())
            if port_is_free("127.0.0.1", kept):
                return kept
        port = free_port()
        self.write(f"run/{name}.port", str(port))
        return port

    def write(self, name: str, text: str) -> None:
        """Replace a small file as a whole, readable by us alone, safe against a crash."""
        file = self.path / name
        new = file.with_name(f"{file.name}.new")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        new.replace(file)

    def log(self, name: str) -> Path:
        """The log of a part; a long one of an earlier start is put aside."""
        file = self.logs / f"{name}.log"
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_size > ROTATE_ABOVE:
                file.replace(self.logs / f"{name}.1.log")
        return file

    def remember(self, name: str, pid: int) -> None:
        self.write(f"run/{name}.pid", json.dumps({"pid": pid, "started": started_at(pid)}))

    def forget(self, name: str) -> None:
        (self.path / "run" / f"{name}.pid").unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End what a killed supervisor left behind, recognised by pid and start, never by name."""
        for file in sorted((self.path / "run").glob("*.pid")):
            with contextlib.suppress(ValueError, KeyError):
                record = json.loads(file.read_text())
                pid, started = int(record["pid"]), record["started"]
                if started and started_at(pid) == started:
                    _end(pid, signal.SIGINT if file.stem == "postgres" else signal.SIGTERM)
            file.unlink(missing_ok=True)

    def clear_counts(self) -> None:
        """Remove what processes of earlier starts counted: files that nobody adds to any more.

        To whoever collects the figures a restart is one from zero, as with any program.
        """
        for file in (self.path / "counts").glob("*.db"):
            file.unlink(missing_ok=True)


def _end(pid: int, how: signal.Signals) -> None:
    deadline = time.monotonic() + 5
    signal_quietly(pid, how)
    while started_at(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    kill_session(pid)


def port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
