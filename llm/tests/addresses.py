"""Addresses at which no provider answers."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

UNKNOWN = "provider.invalid"


def address(kind: str, monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[str] | None:
    """ "refuses", "unknown" or "full": an address of this kind while the context lasts."""
    if kind == "unknown":
        monkeypatch.setattr(socket, "getaddrinfo", _unknown)
        return _url(UNKNOWN)
    return {"refuses": refuses, "full": full}[kind]() if kind else None


def _unknown(host: str, *args: object, **options: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, f"Name or service not known: {host}")


@contextmanager
def _url(host: str) -> Iterator[str]:
    yield f"http://{host}"


@contextmanager
def refuses() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def full() -> Iterator[str]:
    """Somebody listens and takes no connection: the queue of waiting ones is full."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        for client in waiting:
            client.close()
