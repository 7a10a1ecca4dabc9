"""A small server that speaks like OpenAI, Anthropic and Google: for end-to-end tests and load.

It calls `document_search` when the tool is offered and has not answered yet, and then answers from
the passages found, with their marks, at a settable pace. Nothing but the standard library.

    python -m bench.fake_providers --port 9100 --pace 40
    OPENAI_API_KEY=any OPENAI_BASE_URL=http://127.0.0.1:9100/v1 make run
    ANTHROPIC_API_KEY=any ANTHROPIC_BASE_URL=http://127.0.0.1:9100 make run
    GEMINI_API_KEY=any GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:9100 make run

A word in the question decides how it behaves: `FAKE:429` (any status) fails before the answer,
`FAKE:cut` drops the connection in its middle, `FAKE:twice` calls the tool twice at once,
`FAKE:plain` answers without searching, `FAKE:long` writes a thousand words.
"""

import argparse
import asyncio
import contextlib
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.fake_wires import Anthropic, Asked, Call, Google, OpenAI, Step

MODELS = ("fake-large", "fake-small")
FILLER = (
    "This is further explanation that only makes the answer longer, so that streaming, stopping "
    "and resuming have something to work on. "
)
COMMAND = re.compile(r"FAKE:(\w+)")


@dataclass
class FakeProviders:
    """`pace` is words a second (0: as fast as possible), `first` seconds before the first one."""

    pace: float = 0.0
    first: float = 0.0
    words: int = 60
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    streams_cut: int = 0

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        return await asyncio.start_server(self._connection, host, port, limit=2**24)

    @contextlib.contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve in a thread of its own; gives the address without a path."""
        started = threading.Event()
        address: list[str] = []
        stops: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def main() -> None:
            server = await self.serve(port=port)
            address.append(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            stops.append((asyncio.get_running_loop(), asyncio.Event()))
            started.set()
            await stops[0][1].wait()
            server.close()

        thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
        thread.start()
        if not started.wait(5):
            raise RuntimeError("the fake providers did not start")
        try:
            yield address[0]
        finally:
            loop, stop = stops[0]
            loop.call_soon_threadsafe(stop.set)
            thread.join(5)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            self.streams_cut += 1
        finally:
            writer.close()

    async def _one_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = await _head(reader)
        if not head:
            return False
        method, path, headers = head
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        path = path.partition("?")[0]
        if method == "GET":
            return await _answer(writer, 200, _models(path, headers))
        body = json.loads(raw or b"{}")
        self.requests.append((path, body))
        if path.endswith("/embeddings"):
            return await _answer(writer, 200, _embeddings(body))
        protocol = _protocol(path)
        if protocol is None:
            return await _answer(writer, 404, {"error": {"message": "no such path", "code": 404}})
        return await self._stream(writer, protocol, body)

    async def _stream(
        self, writer: asyncio.StreamWriter, protocol: OpenAI | Anthropic | Google, body: Any
    ) -> bool:
        asked = protocol.read(body)
        command = _command(asked)
        if command.isdigit():
            error = {"message": "made to fail", "type": "api_error", "code": int(command)}
            return await _answer(writer, int(command), {"type": "error", "error": error})
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        await asyncio.sleep(self.first)
        sent = 0
        async for piece in self._paced(protocol.write(self._steps(asked, command), _model(body))):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            sent += 1
            if command == "cut" and asked.results and sent > self.words // 2:
                return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _paced(self, pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
            if self.pace:
                await asyncio.sleep(1 / self.pace)

    def _steps(self, asked: Asked, command: str) -> Iterator[Step]:
        if asked.offers_search and not asked.results and command != "plain":
            question = COMMAND.sub("", asked.question).strip()
            yield Call("document_search", {"query": question})
            if command == "twice":
                yield Call("document_search", {"query": f"{question} definition"})
            return
        words = _answer_text(asked).split(" ")
        wanted = 1000 if command == "long" else self.words
        filler = (FILLER * (wanted // 20 + 1)).split(" ")
        words += ["\n\n", *filler[: max(0, wanted - len(words))]] if wanted > len(words) else []
        for word in words:
            yield word if word.endswith("\n") else f"{word} "


def _command(asked: Asked) -> str:
    found = COMMAND.search(asked.question)
    return found.group(1) if found else ""


def _answer_text(asked: Asked) -> str:
    """One sentence of each of the first three passages, quoted with its mark."""
    passages = [passage for result in asked.results for passage in _passages(result)]
    if not passages:
        return "The material has nothing on this, so this answer is not from it."
    lines = ["**From your material:**"]
    for passage in passages[:3]:
        text = " ".join(str(passage["text"]).split())
        sentence = re.split(r"(?<=[.!?]) ", text)[0][:200].replace('"', "'").replace("[", "(")
        lines.append(f'- "{sentence}" [{passage["mark"]}]')
    return "\n".join(lines)


def _passages(result: str) -> list[dict[str, Any]]:
    try:
        return list(json.loads(result).get("passages", []))
    except (ValueError, AttributeError):
        return []


def _protocol(path: str) -> OpenAI | Anthropic | Google | None:
    if path.endswith("/chat/completions"):
        return OpenAI()
    if path.endswith("/messages"):
        return Anthropic()
    return Google() if path.endswith(":streamGenerateContent") else None


def _model(body: dict[str, Any]) -> str:
    return str(body.get("model") or MODELS[0])


def _models(path: str, headers: dict[str, str]) -> dict[str, Any]:
    if "x-goog-api-key" in headers or "v1beta" in path:
        return {
            "models": [
                {
                    "name": f"models/{name}",
                    "displayName": name,
                    "inputTokenLimit": 32768,
                    "outputTokenLimit": 4096,
                    "supportedGenerationMethods": ["generateContent"],
                }
                for name in MODELS
            ]
        }
    rows = [{"id": name, "object": "model", "type": "model", "created": 1} for name in MODELS]
    return {"object": "list", "data": rows, "has_more": False}


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """Counts of letters: the same text always gets the same vector, like texts a like one."""
    size = int(body.get("dimensions") or 64)
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    rows = []
    for index, text in enumerate(texts):
        vector = [1.0] + [0.0] * (size - 1)
        for character in text.lower():
            vector[ord(character) % size] += 1.0
        rows.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return {"object": "list", "data": rows, "model": _model(body), "usage": usage}


async def _head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    """(method, path, headers) of the next request; None when the client has gone."""
    first = await reader.readline()
    if not first.strip():
        return None
    method, path, _version = first.decode().split()
    headers = {}
    while (line := (await reader.readline()).decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return method, path, headers


async def _answer(writer: asyncio.StreamWriter, status: int, body: Any) -> bool:
    raw = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}"
    writer.write(f"{head}\r\n\r\n".encode() + raw)
    await writer.drain()
    return True


async def _main(options: argparse.Namespace) -> None:
    fake = FakeProviders(pace=options.pace, first=options.first, words=options.words)
    server = await fake.serve(options.host, options.port)
    print(f"fake providers on http://{options.host}:{server.sockets[0].getsockname()[1]}")
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--pace", type=float, default=40, help="words a second, 0: no pause")
    parser.add_argument("--first", type=float, default=0.2, help="seconds before the first word")
    parser.add_argument("--words", type=int, default=120, help="length of an answer")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))
