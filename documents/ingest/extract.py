"""The parent's side of extraction: start the child, read its frames, end it whatever happens."""

import contextlib
import fcntl
import functools
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO

from django.conf import settings

from documents.ingest import recognition
from documents.ingest.frames import (
    MOST_CHARACTERS,
    MOST_PAGES,
    End,
    Frame,
    Info,
    Member,
    PageText,
    Unreadable,
    decode,
)
from documents.ingest.patience import Patience
from documents.ingest.readers import text
from documents.ingest.readers.ocr import Program

log = logging.getLogger(__name__)
# How long the child may keep us waiting: a start and something for each megabyte.
BASE_SECONDS = 90
SECONDS_PER_MB = 1.0
MOST_SECONDS = 600
# Recognising a page takes seconds: a scanned book may take its time.
OCR_SECONDS = 3 * 3600
PIPE = 2**20
LONGEST_FRAME = 64 * 1024 * 1024
# PDFium aborts itself when it gets no memory; the kernel takes the largest process when all is out.
OUT_OF_MEMORY = tuple(
    -number for number in (signal.SIGABRT, signal.SIGILL, signal.SIGTRAP, signal.SIGKILL)
)


# Starting a child takes longer than reading a paragraph. Not for files of people who upload.
_vouched_for: ContextVar[bool] = ContextVar("vouched_for", default=False)


@contextmanager
def vouched_for() -> Iterator[None]:
    """Plain text is read in this process; every other kind still by a child."""
    token = _vouched_for.set(True)
    try:
        yield
    finally:
        _vouched_for.reset(token)


class Crashed(Exception):
    """The child died without a word; `code` is what to tell when a second try dies too."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def members(path: Path, kind: str) -> Generator[Member, None, None]:
    """As `extract`, for an archive: its files in pieces."""
    with closing(_frames_of(path, kind, second=False, seconds=None)) as frames:
        yield from (frame for frame in frames if isinstance(frame, Member))


def extract(
    path: Path, kind: str, *, second: bool = False, seconds: float | None = None
) -> Iterator[Info | PageText]:
    """Info, then every page in order, as the child reads them.

    Raises Unreadable (final) or Crashed (the second reader may manage). Closing the generator
    kills the child.
    """
    if kind == text.KIND and _vouched_for.get():
        yield from text.read(str(path), second)
        return
    with closing(_frames_of(path, kind, second, seconds)) as frames:
        yield from (frame for frame in frames if isinstance(frame, Info | PageText))


def _frames_of(
    path: Path, kind: str, second: bool, seconds: float | None
) -> Generator[Frame, None, None]:
    tesseract = recognition.program() if kind == "pdf" else None
    limit = seconds or (OCR_SECONDS if tesseract else wall_seconds(path))
    child = _start(path, kind, limit, second, tesseract)
    late = threading.Event()
    patience = Patience(limit, functools.partial(_expire, child, late))
    try:
        ended = False
        for frame in _frames(child, patience):
            if isinstance(frame, End):
                ended = True
                break
            yield frame
        if not ended:
            raise _death(child, late.is_set())
    finally:
        patience.close()
        _kill(child)
        if child.stdout:
            child.stdout.close()


def wall_seconds(path: Path) -> float:
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise Unreadable("storage", "the original is not there") from error
    return min(MOST_SECONDS, BASE_SECONDS + SECONDS_PER_MB * size / 2**20)


def _start(
    path: Path, kind: str, limit: float, second: bool, tesseract: Program | None
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-B", "-m", "documents.ingest.child", kind, str(path)]
    command += [str(int(limit) + 1), "second" if second else "first"]
    command += [tesseract.path, tesseract.languages] if tesseract is not None else []
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        # Nothing of ours: keys and passwords stand in the environment.
        env={"LANG": "C.UTF-8", "PATH": os.defpath},
        # A group of its own, so that one signal ends whatever it started.
        start_new_session=True,
    )
    if hasattr(fcntl, "F_SETPIPE_SZ") and child.stdout:
        # Room to read on while what was read is embedded. The kernel may allow less.
        with contextlib.suppress(OSError):
            fcntl.fcntl(child.stdout, fcntl.F_SETPIPE_SZ, PIPE)
    return child


def _frames(child: subprocess.Popen[bytes], patience: Patience) -> Iterator[Frame]:
    if child.stdout is None:
        raise ValueError("the child has no pipe")
    characters = 0
    while line := _line(child.stdout, patience):
        if not line.endswith(b"\n"):
            if len(line) >= LONGEST_FRAME:
                raise Unreadable("too_complex", "one page is too long")
            return
        frame = decode(line)
        if isinstance(frame, PageText):
            characters += len(frame.text)
        pages = frame.page_count if isinstance(frame, Info) else 0
        if characters > MOST_CHARACTERS or pages > MOST_PAGES:
            raise Unreadable("too_complex", "too many pages or characters")
        yield frame


def _line(pipe: IO[bytes], patience: Patience) -> bytes:
    with patience.waiting():
        return pipe.readline(LONGEST_FRAME)


def _death(child: subprocess.Popen[bytes], late: bool) -> Exception:
    """What an end without a last frame means."""
    try:
        code = child.wait(timeout=20)
    except subprocess.TimeoutExpired:
        return Crashed("internal", "the child closed its pipe and stayed")
    if late or code == -signal.SIGXCPU:
        return Unreadable("too_slow", f"ended with {code}")
    if code in OUT_OF_MEMORY:
        return Crashed("too_complex", f"ended with {code}")
    return Crashed("damaged", f"ended with {code}")


def _expire(child: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(child, wait=False)


def _kill(child: subprocess.Popen[bytes], wait: bool = True) -> None:
    if child.poll() is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            log.debug("child %d was gone already", child.pid)
    if wait:
        child.wait()
