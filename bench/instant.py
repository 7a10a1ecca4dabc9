"""An embeddings API that answers at once, so that what is measured is ours: see `bench.ingest`."""

import base64
import json
import random
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    requests: int = 0
    texts: int = 0


@contextmanager
def instant_embeddings(dimensions: int) -> Iterator[tuple[str, Asked]]:
    """(base URL, what was asked so far) of a server in this process."""
    asked = Asked()
    lock = threading.Lock()
    ready = [_vector(dimensions, seed) for seed in range(256)]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            texts = body["input"]
            with lock:
                asked.requests += 1
                asked.texts += len(texts)
            rows = ",".join(
                f'{{"index":{n},"embedding":"{ready[hash(text) % 256]}"}}'
                for n, text in enumerate(texts)
            )
            answer = f'{{"object":"list","data":[{rows}],"model":"bench"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to tell."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", asked
    finally:
        server.shutdown()


def _vector(dimensions: int, seed: int) -> str:
    """A unit vector as the API writes it."""
    chance = random.Random(seed)
    numbers = [chance.gauss(0, 1) for _ in range(dimensions)]
    length = sum(number * number for number in numbers) ** 0.5
    packed = struct.pack(f"<{dimensions}f", *(number / length for number in numbers))
    return base64.b64encode(packed).decode()
