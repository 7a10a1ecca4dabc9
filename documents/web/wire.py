"""The socket under a fetch: it connects to addresses that were checked, and to no others.

The name is looked up, all its addresses are judged and one of them is connected to in one place,
so there is no second look-up that could be answered differently (DNS rebinding). TLS above it
still checks the certificate for the name. Time and bytes are counted here, below every parser.
"""

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from ssl import SSLContext
from typing import Any

import httpcore2

from documents.web import addresses
from documents.web.addresses import Address
from documents.web.reasons import FetchFailed

Resolve = Callable[[str, int], list[str]]
LOOKUP_SECONDS = 6.0
CONNECT_SECONDS = 6.0
# getaddrinfo cannot be interrupted: it is waited for, and left behind when it takes too long.
_lookups = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lookup")


def system_resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Budget:
    """Seconds and bytes that one fetch may use, redirects and all."""

    def __init__(self, seconds: float, size: int) -> None:
        self._until = time.monotonic() + seconds
        self._left = size

    def seconds(self, at_most: float | None) -> float:
        """What is left of the time, for one wait. Raises FetchFailed."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise FetchFailed("timeout", "the time for the whole fetch is over")
        return left if at_most is None else min(left, at_most)

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise FetchFailed("too_large", "more bytes than a fetch may have")


class CountedStream(httpcore2.NetworkStream):
    """A stream whose every wait and byte comes out of the budget."""

    def __init__(self, stream: httpcore2.NetworkStream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, self._budget.seconds(timeout))
        self._budget.spend(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._budget.seconds(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        seconds = self._budget.seconds(timeout)
        inner = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return CountedStream(inner, self._budget)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects by name to checked addresses; `resolve` is asked once for each connection."""

    def __init__(self, budget: Budget, resolve: Resolve = system_resolve) -> None:
        self._budget = budget
        self._resolve = resolve
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        found = self.lookup(host, port)
        addresses.check(found, host, port)
        return self.connect_any(found, port, timeout)

    def lookup(self, host: str, port: int) -> list[Address]:
        """All addresses of a name; a literal is its own. Raises FetchFailed."""
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass
        waiting = _lookups.submit(self._resolve, host, port)
        try:
            texts = waiting.result(self._budget.seconds(LOOKUP_SECONDS))
            found = [ipaddress.ip_address(text) for text in texts]
        except (OSError, UnicodeError, ValueError, TookTooLong) as error:
            raise FetchFailed("dns", f"{host}: {error!r}") from error
        if not found:
            raise FetchFailed("dns", f"{host} has no address")
        return found

    def connect_any(
        self, found: list[Address], port: int, timeout: float | None
    ) -> httpcore2.NetworkStream:
        """The first of the addresses that answers, at most four of them."""
        error: Exception | None = None
        for address in found[:4]:
            seconds = self._budget.seconds(timeout)
            try:
                stream = self._sockets.connect_tcp(str(address), port, seconds)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                error = failed
                continue
            return CountedStream(stream, self._budget)
        raise error or FetchFailed("dns", "no address")

    def connect_unix_socket(self, *_args: Any, **_options: Any) -> httpcore2.NetworkStream:
        raise FetchFailed("private", "a socket file")


class ProxiedBackend(PinnedBackend):
    """Connects to the operator's own proxy, which then decides what may be reached."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return self.connect_any(self.lookup(host, port), port, timeout)
