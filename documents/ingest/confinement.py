"""What a process that opens strangers' files may not do, from `confine` on."""

import ctypes
import resource
import sys
from typing import Any

from core.priority import READER, step_back

MEMORY = 1_400 * 1024 * 1024
# Events of CPython's audit hooks (PEP 578) a reader has no business with.
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.system", "os.spawn", "ftplib.")
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
# The one program a reader may start: Tesseract, when the parent names it.
_programs: list[str] = []


def allow(program: str) -> None:
    """Before `confine`: the path of a program that may be started."""
    _programs.append(program)


def confine(cpu_seconds: int, *, is_waited_for: bool = False) -> None:
    """Limits first, then no way back: hard limits cannot be raised again.

    `is_waited_for`: a person waits for it, so it does not step back behind other work.
    """
    if not is_waited_for:
        step_back(READER)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if sys.platform == "linux":
        # A network namespace of its own has no network; not every kernel allows it.
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)
    sys.addaudithook(_forbid)


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and arguments[0] in _programs:
        return
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"a reader may not use {event}")
    # A number is a pipe that is open already.
    if event != "open" or isinstance(arguments[0], int):
        return
    if isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise PermissionError("a reader may not write")
