"""A server of one's own for tests: real HTTP on this machine, and it answers as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Lists:
    """``answer`` is (status, body): JSON, bytes as they are, or "slow" for a byte a second.

    ``asked`` holds (path, headers) of every request; ``headers`` are sent with each answer.
    """

    def __init__(self) -> None:
        self.answer: tuple[int, Any] = (200, {"data": []})
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.address = ""

    def offer(self, *names: str) -> None:
        self.answer = (200, {"data": [{"id": name} for name in names]})

    @contextmanager
    def running(self) -> Iterator[Lists]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.address = f"http://127.0.0.1:{server.server_port}/v1"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        lists = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lists.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                status, body = lists.answer
                self.send_response(status)
                for name, value in lists.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if body == "slow":
                    self._drip()
                else:
                    self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

            def _drip(self) -> None:
                try:
                    for _ in range(100):
                        self.wfile.write(b" ")
                        self.wfile.flush()
                        time.sleep(0.05)
                except OSError:
                    return  # whoever asked has gone

            def log_message(self, *args: Any) -> None:
                pass

        return Handler
