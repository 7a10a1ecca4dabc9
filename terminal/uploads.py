"""`lontar upload`: files with progress, on their way and while they are read."""

import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from terminal import chats
from terminal.client import Client
from terminal.safe import line
from terminal.trouble import FAILED, USAGE, Trouble
from terminal.words import say

POLL_SECONDS = 0.7
READ, BROKEN = "PROCESSED", "FAILED"


def upload(client: Client, options: Namespace) -> int:
    """Each file in turn; the exit code tells whether all arrived and could be read."""
    paths = [Path(name) for name in options.files]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise Trouble(say("There is no file %s.") % line(missing[0]), USAGE)
    where = "files/upload"
    if options.chat:
        where = f"chat/sessions/{chats.found(client, options.chat)}/files"
    elif options.collection:
        where = f"collections/{options.collection}/files"
    codes = []
    with _bars() as bars:
        for path in paths:
            try:
                codes.append(_one(client, path, where, bars, options.wait))
            except Trouble as error:
                bars.stop()
                print(f"{line(path.name)}: {error.message}", file=sys.stderr)
                codes.append(error.code)
                bars.start()
    return max(codes, default=0)


def _one(client: Client, path: Path, where: str, bars: Progress, wait: bool) -> int:
    name = line(path.name)
    task = bars.add_task(say("uploading %s") % name, total=path.stat().st_size)
    with path.open("rb") as file:
        watched = Watched(file, lambda done: bars.update(task, completed=done))
        row = client.answer("POST", where, files={"file": (path.name, watched)}).json()
    if wait:
        bars.update(task, description=say("reading %s") % name, total=100, completed=0)
        for state in _states(client, row):
            bars.update(task, completed=state.get("progress") or 0)
            row = state
    code = FAILED if row["status"] == BROKEN else 0
    bars.remove_task(task)
    said = say("%s: ready") if row["status"] == READ else say("%s: uploaded")
    if code:
        raise Trouble(line(row.get("error") or ""), code)
    print(said % name)
    return 0


def _states(client: Client, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What is known of a document, until it is read or cannot be."""
    while row["status"] not in (READ, BROKEN):
        time.sleep(POLL_SECONDS)
        row = client.get(f"files/{row['id']}")
        yield row


class Watched:
    """A file that tells how far it was read."""

    def __init__(self, file: BinaryIO, told: Any) -> None:
        self._file = file
        self._told = told

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._told(self._file.tell())
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _bars() -> Progress:
    """On standard error, and only where that is a terminal."""
    where = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn())
    return Progress(*columns, console=where, transient=True, disable=not where.is_terminal)
