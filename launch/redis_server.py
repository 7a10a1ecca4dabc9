"""The embedded Redis: loopback only, with a password, keeping accepted work across a crash."""

import signal
import socket
from pathlib import Path

from launch.binaries import redis_server
from launch.process import Owner

STOP = signal.SIGTERM


class Redis:
    def __init__(
        self, folder: Path, port: int, password: str, owner: Owner | None, throwaway: bool = False
    ) -> None:
        self.folder, self.port, self.password, self.owner = folder, port, password, owner
        self.keep = "no" if throwaway else "yes"
        self.program = redis_server(owner)
        self.env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [str(self.program), "-"]  # reads its settings, the password too, from stdin

    def settings(self) -> bytes:
        """redis.conf; `noeviction`, because a queue must never lose a task to make room."""
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "dir .",
            f"appendonly {self.keep}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
            "databases 64",
            "loglevel warning",
        ]
        return "\n".join(lines).encode() + b"\n"

    def ready(self) -> bool:
        """Whether it answers and has read its data: PONG, not LOADING."""
        ask = f"AUTH {self.password}\r\nPING\r\n".encode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as wire:
                wire.sendall(ask)
                answer = b""
                while answer.count(b"\r\n") < 2 and (read := wire.recv(200)):
                    answer += read
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"
