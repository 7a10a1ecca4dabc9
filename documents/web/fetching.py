"""Fetching one address: GET, up to five redirects, each of them checked, decoded within limits.

No cookies, no credentials, no proxy from the environment, one connection for one request.
"""

import logging
import ssl
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

import certifi
import httpcore2
from django.conf import settings

from documents.web import addresses
from documents.web.addresses import Target
from documents.web.reasons import FetchFailed
from documents.web.wire import (
    CONNECT_SECONDS,
    Budget,
    PinnedBackend,
    ProxiedBackend,
    Resolve,
    system_resolve,
)

log = logging.getLogger(__name__)
ROBOT = "LontarBot"
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 5
SILENCE_SECONDS = 15.0
PIECE = 64 * 1024
# Of the headers, the chunk sizes and the bodies of redirects.
ENVELOPE = 256 * 1024
NEVER_TEXT = ("image/", "audio/", "video/", "font/", "text/css", "text/javascript")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Answer:
    """What a server said; `url` is where it was said after all redirects, `media_type` is bare."""

    status: int
    target: Target
    media_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    retry_after: str = ""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: validators of the copy we have, the size limit, and who may say no."""

    etag: str = ""
    last_modified: str = ""
    largest: int = 0
    # Asked before every request, also after redirects; raises FetchFailed.
    permit: Callable[[Target], None] = field(default=lambda _target: None)


def user_agent() -> str:
    contact = settings.WEB_SOURCES_CONTACT
    return f"{ROBOT}/1.0 (+{contact})" if contact else f"{ROBOT}/1.0 (course material)"


def largest() -> int:
    """The largest page in bytes, unpacked."""
    return min(int(settings.WEB_SOURCES_MAX_MB), int(settings.MAX_UPLOAD_MB)) * MEBIBYTE


class Fetcher:
    """`resolve` and `tls` are given by tests; in production they are the system's."""

    def __init__(self, resolve: Resolve = system_resolve, tls: ssl.SSLContext | None = None):
        self._resolve = resolve
        self._tls = tls or ssl.create_default_context(cafile=certifi.where())

    def get(self, url: str | Target, sink: Callable[[bytes], object], wanted: Wanted) -> Answer:
        """Give the body of a 200 to `sink`, piece by piece. Raises FetchFailed.

        Other answers than 200 and redirects are returned without their body.
        """
        target = addresses.parse(url) if isinstance(url, str) else url
        limit = wanted.largest or largest()
        budget = Budget(float(settings.WEB_SOURCES_SECONDS), limit + ENVELOPE)
        for _hop in range(MOST_REDIRECTS + 1):
            wanted.permit(target)
            answer, location = self._ask(target, sink, wanted, budget, limit)
            if location is None:
                return answer
            target = addresses.follow(target, location)
        raise FetchFailed("redirects", f"more than {MOST_REDIRECTS}")

    def _ask(
        self,
        target: Target,
        sink: Callable[[bytes], object],
        wanted: Wanted,
        budget: Budget,
        limit: int,
    ) -> tuple[Answer, str | None]:
        """One request: (the answer, where it leads on)."""
        try:
            with (
                closing(self._pool(budget)) as pool,
                pool.stream(
                    "GET",
                    _url(target),
                    headers=_headers(target, wanted),
                    extensions={
                        "timeout": {
                            "connect": CONNECT_SECONDS,
                            "read": SILENCE_SECONDS,
                            "write": SILENCE_SECONDS,
                            "pool": CONNECT_SECONDS,
                        }
                    },
                ) as response,
            ):
                headers = _plain(response.headers)
                if response.status in REDIRECTS and headers.get("location"):
                    return Answer(response.status, target), headers["location"]
                answer = _answer(response.status, target, headers)
                if response.status == 200:
                    _refuse(answer, headers, limit)
                    for piece in _decoded(response.iter_stream(), headers, limit):
                        sink(piece)
                return answer, None
        except ssl.SSLError as error:
            raise FetchFailed("tls", f"{target.authority}: {error}") from error
        except httpcore2.TimeoutException as error:
            raise FetchFailed("timeout", f"{target.authority}: {error!r}") from error
        except (httpcore2.ConnectError, httpcore2.ProxyError) as error:
            raise FetchFailed(_connection(error), f"{target.authority}: {error!r}") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise FetchFailed("broken", f"{target.authority}: {error!r}") from error

    def _pool(self, budget: Budget) -> httpcore2.ConnectionPool:
        proxy = settings.WEB_SOURCES_PROXY
        kind = ProxiedBackend if proxy else PinnedBackend
        return httpcore2.ConnectionPool(
            ssl_context=self._tls,
            proxy=httpcore2.Proxy(proxy) if proxy else None,
            max_connections=1,
            max_keepalive_connections=0,
            network_backend=kind(budget, self._resolve),
        )


def _url(target: Target) -> httpcore2.URL:
    """From the checked parts: nothing is parsed a second time."""
    return httpcore2.URL(
        scheme=target.scheme, host=target.host, port=target.port, target=target.path
    )


def _headers(target: Target, wanted: Wanted) -> list[tuple[str, str]]:
    headers = [
        ("Host", target.authority),
        ("User-Agent", user_agent()),
        ("Accept", "text/html, application/xhtml+xml, application/pdf, text/plain, */*;q=0.5"),
        ("Accept-Language", "id, en;q=0.8, *;q=0.5"),
        ("Accept-Encoding", "gzip"),
        ("Connection", "close"),
    ]
    if wanted.etag:
        headers.append(("If-None-Match", wanted.etag))
    if wanted.last_modified:
        headers.append(("If-Modified-Since", wanted.last_modified))
    return headers


def _plain(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Names in lower case; of a repeated header the first one counts."""
    plain: dict[str, str] = {}
    for name, value in headers:
        plain.setdefault(name.decode("latin-1").lower(), value.decode("latin-1").strip())
    return plain


def _answer(status: int, target: Target, headers: Mapping[str, str]) -> Answer:
    media_type, _, rest = headers.get("content-type", "").partition(";")
    charset = ""
    for part in rest.split(";"):
        name, _, value = part.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip(" \"'").lower()[:40]
    return Answer(
        status,
        target,
        media_type=media_type.strip().lower()[:100],
        charset=charset,
        etag=_validator(headers.get("etag", "")),
        last_modified=_validator(headers.get("last-modified", "")),
        retry_after=headers.get("retry-after", "")[:40],
    )


def _validator(text: str) -> str:
    """A validator is sent back as it came, or not at all."""
    return text if len(text) <= 200 and text.isascii() and text.isprintable() else ""


def _refuse(answer: Answer, headers: Mapping[str, str], limit: int) -> None:
    """What the headers tell already."""
    if answer.media_type.startswith(NEVER_TEXT):
        raise FetchFailed("wrong_type", answer.media_type)
    length = headers.get("content-length", "")
    if length.isdigit() and int(length[:18]) > limit:
        raise FetchFailed("too_large", f"{length} bytes are announced")


def _decoded(pieces: Iterator[bytes], headers: Mapping[str, str], limit: int) -> Iterator[bytes]:
    """The body unpacked, at most `limit` bytes of it; a bomb is stopped while it unfolds."""
    encoding = headers.get("content-encoding", "").lower()
    if encoding in ("", "identity"):
        unpacked = pieces
    elif encoding in ("gzip", "x-gzip", "deflate"):
        unpacked = _inflated(pieces)
    else:
        raise FetchFailed("wrong_type", f"packed as {encoding[:40]}")
    total = 0
    for piece in unpacked:
        total += len(piece)
        if total > limit:
            raise FetchFailed("too_large", f"more than {limit} bytes")
        yield piece


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    # 32: gzip and zlib are told apart by their first bytes.
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        for packed in pieces:
            data = packed
            while data and not inflater.eof:
                yield inflater.decompress(data, PIECE)
                data = inflater.unconsumed_tail
        if not inflater.eof:
            raise FetchFailed("broken", "the packed body ends early")
    except zlib.error as error:
        raise FetchFailed("broken", f"badly packed: {error}") from error


def _connection(error: Exception) -> str:
    """A handshake that fails arrives as a failed connection: the cause tells them apart."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls"
        cause = cause.__cause__ or cause.__context__
    return "refused"
