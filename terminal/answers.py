"""One answer as it comes: no character lost or twice, whatever happens to the connection."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2

from terminal import trouble
from terminal.client import Client
from terminal.pictures import Attachment
from terminal.trouble import Trouble

Event = tuple[str, dict[str, Any]]
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)


class Answer:
    """Asks once, and reads on after the last number seen when the connection drops.

    The question carries an Idempotency-Key: sent again it is no second question, and the server
    sends the same events with the same numbers.
    """

    def __init__(
        self,
        client: Client,
        session_id: str,
        question: str,
        pictures: Sequence[Attachment] = (),
        **named: str,
    ) -> None:
        """`named`: model or assistant, for a chat that begins with this question."""
        self.session_id = session_id
        self._client = client
        self._body: dict[str, Any] = {
            "prompt": question,
            "session_id": session_id,
            "stream": True,
            **named,
        }
        if pictures:
            self._body["attachments"] = [*pictures]
        self._key = uuid.uuid4().hex
        self._seen = 0
        self._failures = 0
        self.finished = False

    def events(self) -> Iterator[Event]:
        """(name, data) up to `done` or `error`. Raises Trouble."""
        while not self.finished:
            try:
                yield from self._connected()
            except httpx2.TransportError as error:
                if self._failures >= len(PAUSES):
                    raise trouble.unreachable(self._client.login.address) from error
            except Trouble as error:
                # Restarted behind a proxy: 502 and 503 pass.
                if not (self._seen and error.code == trouble.FAILED) or self._failures >= 3:
                    raise
            if not self.finished:
                time.sleep(PAUSES[min(self._failures, len(PAUSES) - 1)])
                self._failures += 1

    def stop(self) -> None:
        """Ask the server to stop; what was said is kept, and `events` tells the end."""
        self._client.post(f"chat/sessions/{self.session_id}/stop")

    def _connected(self) -> Iterator[Event]:
        headers = {"Idempotency-Key": self._key, "Accept": "text/event-stream"}
        options = {"json": self._body, "headers": headers}
        with self._client.stream("POST", "chat", **options) as response:
            for number, name, data in parsed(response.iter_lines()):
                if number <= self._seen:
                    continue
                self._seen, self._failures = number, 0
                if name:
                    self.finished = name in ("done", "error")
                    yield name, data


def parsed(lines: Iterator[str]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """(id, event, data) of each whole event; one without data has an id alone.

    Format: WHATWG HTML, section 9.2. An event that broke off before its empty line is none.
    """
    number, name, data = 0, "", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if number:
                yield number, name if data else "", json.loads(data) if data else {}
            number, name, data = 0, "", ""
        elif field == "id" and value.isdigit():
            number = int(value)
        elif field == "event":
            name = value
        elif field == "data":
            data += value
