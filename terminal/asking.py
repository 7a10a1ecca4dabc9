"""Asking a question and waiting for its answer; Ctrl-C stops the answer, not the program."""

import signal
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from terminal.answers import Answer
from terminal.client import Client
from terminal.pictures import Attachment
from terminal.safe import line
from terminal.showing import Json, Plain, Screen, Shown
from terminal.trouble import FAILED, INTERRUPTED, Trouble


class Chat:
    """One chat: begun with its first question, unless it is continued."""

    def __init__(self, client: Client, session_id: str = "", **named: str) -> None:
        self._client = client
        self.session_id = session_id or str(uuid.uuid4())
        self._named = {name: value for name, value in named.items() if value}
        self.sources: list[dict[str, Any]] = []

    def ask(self, question: str, shown: Shown, pictures: Sequence[Attachment] = ()) -> int:
        """The exit code. Raises Trouble when there is nobody to ask."""
        answer = Answer(self._client, self.session_id, question, pictures, **self._named)
        try:
            with stopping(answer) as stopped:
                for name, data in answer.events():
                    shown.take(name, data)
        finally:
            shown.close()
        # Whatever was named belongs to the first question.
        self._named = {}
        self.sources = list(shown.sources)
        if shown.error and not isinstance(shown, Json):
            print(line(shown.error.get("message", "")), file=sys.stderr)
        if stopped.is_set():
            return INTERRUPTED
        return FAILED if shown.error else 0


@contextmanager
def stopping(answer: Answer) -> Iterator[threading.Event]:
    """The first Ctrl-C asks the server to stop, the second leaves. The event tells of the first.

    The handler raises nothing the first time: what is half written is written to its end.
    """
    asked = threading.Event()

    def stop() -> None:
        try:
            answer.stop()
        except Trouble as error:
            print(error.message, file=sys.stderr)

    def interrupted(_number: int, _frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        threading.Thread(target=stop, daemon=True).start()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def shown_on(console: Console, with_sources: bool) -> Shown:
    """Where a question is answered by hand."""
    if console.is_terminal and not console.is_dumb_terminal:
        return Screen(console, with_sources)
    return Plain(sys.stdout, with_sources)


def failed(error: Trouble) -> int:
    print(error.message, file=sys.stderr)
    return error.code
