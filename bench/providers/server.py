"""The simulated providers behind one port."""

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench.providers import catalogue
from bench.providers.anthropic import Anthropic
from bench.providers.behaviour import Behaviour
from bench.providers.google import Google
from bench.providers.http import Connection, Received
from bench.providers.openai import OpenAI
from bench.providers.pacer import Pacer
from bench.providers.records import Record, Records
from bench.providers.steps import Asked, steps
from bench.providers.stream import Stream
from bench.providers.wire import Wire

GOOGLE_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):streamGenerateContent$")
WRONG_KEY = "wrong"
PAGE = "<!doctype html><title>Log in to the network</title>"
MODELS = ("fake-large", "fake-small")


class Simulator:
    """``usual`` is how a model behaves whose id does not say; ``names`` are the models listed.

    ``records.rows`` tell every request for an answer; their bodies are kept with ``keep_bodies``.
    """

    def __init__(
        self,
        usual: Behaviour | None = None,
        names: Sequence[str] = MODELS,
        keep_bodies: bool = False,
    ) -> None:
        self.usual = usual or Behaviour()
        self.names = list(names)
        self.records = Records(keep_bodies)
        self.pacer = Pacer()

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Listen in the running loop; the caller closes the server."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Connection(self._handle), host, port, backlog=1024)

    @contextlib.contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve in a thread of its own; gives the address without a path."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        server = asyncio.run_coroutine_threadsafe(self.serve(port=port), loop).result(60)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(60)
            loop.close()

    def _handle(self, connection: Connection, received: Received) -> None:
        path = received.path
        if path == "/stats":
            return connection.answer(200, self.records.as_json())
        if path == "/reset":
            self.records.reset()
            return connection.answer(200, {})
        try:
            body = received.body()
        except ValueError:
            return connection.answer(400, {"error": {"message": "no JSON", "code": 400}})
        wire = _wire(received, body)
        if WRONG_KEY in _keys(received):
            return connection.answer(*wire.error(401, "errkey"))
        if received.method == "GET":
            return self._list(connection, wire.name, path)
        if path.endswith("/embeddings"):
            return connection.answer(200, catalogue.openai_embeddings(body))
        if path.endswith(":batchEmbedContents"):
            return connection.answer(200, catalogue.google_embeddings(body))
        if path.endswith("/api/show"):
            return connection.answer(200, {"capabilities": ["completion", "tools"]})
        if not path.endswith(("/chat/completions", "/messages", ":streamGenerateContent")):
            return connection.answer(*wire.error(404, ""))
        return self._answer(connection, wire, body)

    def _list(self, connection: Connection, protocol: str, path: str) -> None:
        if not path.endswith("/models"):
            return connection.answer(404, {"error": {"message": "no such path"}})
        return connection.answer(200, catalogue.models(protocol, self.names))

    def _answer(self, connection: Connection, wire: Wire, body: Any) -> None:
        model = wire.model
        asked = wire.read(body)
        behaviour = self.usual.read(model)
        times = behaviour.number("times")
        if times and self.records.count(model, asked.mark) >= times:
            behaviour = behaviour.healed()
        record = self.records.add(wire.name, model, asked.mark, body)
        if self._failed(connection, wire, behaviour, asked, record):
            return
        stream = Stream(connection, wire, behaviour, self.records)
        self.pacer.at(stream.begin(steps(asked, behaviour), record), stream.due)

    def _failed(
        self,
        connection: Connection,
        wire: Wire,
        behaviour: Behaviour,
        asked: Asked,
        record: Record,
    ) -> bool:
        """Whether the request got no stream."""
        if "mute" in behaviour:
            record.kind = "mute"
            connection.on_lost = lambda: setattr(record, "closed", time.monotonic())
            return True
        word = next((word for word in behaviour.words if word.startswith("err")), "")
        status = behaviour.number("err")
        if asked.unpaired or ("think" in behaviour and not asked.signed):
            word, status = "err", 400
        if "page" in behaviour or "json" in behaviour:
            record.kind = "error"
            connection.answer(200, PAGE if "page" in behaviour else wire.error(503, "")[1])
            return True
        if not word:
            return False
        after = {"Retry-After": str(behaviour.number("after"))} if "after" in behaviour else {}
        record.status, told = wire.error(status, word)
        record.kind = "error"
        connection.answer(record.status, told, after)
        return True


def _wire(received: Received, body: Any) -> Wire:
    """The protocol a request speaks, for the model it asks."""
    if found := GOOGLE_PATH.search(received.path):
        return Google(found.group(1))
    if "x-goog-api-key" in received.headers or "v1beta" in received.path:
        return Google("")
    model = str(body.get("model") or "")
    return Anthropic(model) if "anthropic-version" in received.headers else OpenAI(model)


def _keys(received: Received) -> list[str]:
    names = ("authorization", "x-api-key", "x-goog-api-key")
    return [received.headers.get(name, "").removeprefix("Bearer ") for name in names]
