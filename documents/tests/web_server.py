"""A web server on this machine for tests, and names that lead to it."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handle = Callable[[Any], None]
HTML = "text/html; charset=utf-8"


class Site:
    """Pages by path; a page is (type, body) or a function of the request. `hits` are requests."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_address[1]
        self.pages: dict[str, tuple[str, bytes] | Handle] = {}
        self.hits: list[tuple[str, dict[str, str]]] = []

    @property
    def paths(self) -> list[str]:
        return [path for path, _headers in self.hits]

    def put(self, path: str, body: str | bytes, media_type: str = HTML) -> None:
        self.pages[path] = (media_type, body.encode() if isinstance(body, str) else body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Lontar hangs up on what it does not want: no stories about that on the terminal.
    handle_error = lambda self, *_args: None  # noqa: E731
    site: Site


class Request(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.server.site
        site.hits.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        page = site.pages.get(self.path)
        self.close_connection = True
        if callable(page):
            page(self)
        elif page is None:
            self.answer(404, b"")
        else:
            self.answer(200, page[1], **{"Content-Type": page[0]})

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        pass


@contextmanager
def serving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Site]:
    server = _Server((host, 0), Request)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.site = Site(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def leads_to(location: str, status: int = 302) -> Handle:
    return lambda request: request.answer(status, b"", Location=location)


class Names:
    """A name server: the answers for a name, one look-up after the other; the last one stays."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.answers = {name.replace("_", "."): rows for name, rows in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        rows = self.answers.get(host)
        if rows is None:
            raise OSError(f"no such name: {host}")
        return rows.pop(0) if len(rows) > 1 else rows[0]
