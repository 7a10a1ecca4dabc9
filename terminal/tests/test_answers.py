"""An answer over connections that drop."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from terminal import answers
from terminal.answers import Answer, parsed
from terminal.client import Client
from terminal.keeping import Login
from terminal.trouble import Trouble

WORDS = [f"kata{n} 🌿 " for n in range(12)]


def log() -> list[bytes]:
    """The events of a generation as the server writes them, with comments between."""
    rows = [b"event: session\ndata: {}\n\n"]
    for number, word in enumerate(WORDS, 1):
        data = json.dumps({"content": word}, ensure_ascii=False).encode()
        rows += [b"id: %d\nevent: chunk\ndata: %s\n\n" % (number, data), b": still here\n\n"]
    end = len(WORDS)
    return [*rows, b"id: %d\n\n" % (end + 1), b"id: %d\nevent: done\ndata: {}\n\n" % (end + 2)]


class Breaking(httpx2.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        raise httpx2.ReadError("the connection is gone")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PAUSES", (0.0, 0.0, 0.0))


def asked(handler: Any) -> Answer:
    client = Client(Login("http://lontar.test", key="lontar_x"))
    client._http = httpx2.Client(
        base_url="http://lontar.test", transport=httpx2.MockTransport(handler)
    )
    return Answer(client, "s", "Why?")


def said(answer: Answer) -> str:
    return "".join(data["content"] for name, data in answer.events() if name == "chunk")


@pytest.mark.parametrize("cut", range(0, len(b"".join(log())), 7))
def test_a_drop_anywhere_loses_and_repeats_nothing(cut: int) -> None:
    whole, requests = b"".join(log()), []

    def serve(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        if len(requests) == 1:
            return httpx2.Response(200, stream=Breaking([whole[:cut]]))
        return httpx2.Response(200, content=whole)

    assert said(asked(serve)) == "".join(WORDS)
    bodies = {(r.headers["Idempotency-Key"], r.content) for r in requests}
    assert len(bodies) == 1  # one and the same question


def test_a_server_that_restarts_is_waited_for_and_one_that_is_gone_is_not() -> None:
    whole, tries = b"".join(log()), []

    def serve(request: httpx2.Request) -> httpx2.Response:
        tries.append(request)
        if len(tries) == 1:
            return httpx2.Response(200, stream=Breaking([whole[:200]]))
        if len(tries) == 2:
            raise httpx2.ConnectError("refused")
        if len(tries) == 3:
            return httpx2.Response(502)
        return httpx2.Response(200, content=whole)

    assert said(asked(serve)) == "".join(WORDS)

    def gone(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused")

    with pytest.raises(Trouble) as caught:
        said(asked(gone))
    assert caught.value.code == 4


def test_an_event_that_broke_off_is_none() -> None:
    lines = ["id: 1", "event: chunk", 'data: {"content": "a"}', "", "id: 2", "event: chunk"]
    assert list(parsed(iter(lines))) == [(1, "chunk", {"content": "a"})]
