"""The process that opens strangers' files.

`python -m documents.ingest.child KIND PATH SECONDS first|second [TESSERACT LANGUAGES]`: it knows
no Django, no database and no secrets, may not write files, start programs (but Tesseract, when it
is named) or use the network, and dies when it wants too much memory or time. Its only way out is
the pipe.
"""

import ctypes
import resource
import sys
from typing import Any

from core.priority import READER, step_back
from documents.ingest import formats
from documents.ingest.frames import End, Unreadable, encode
from documents.ingest.readers import ocr

MEMORY = 1_400 * 1024 * 1024
# Events of CPython's audit hooks (PEP 578) a reader has no business with.
FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.system", "os.spawn", "ftplib.")
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000


# The one program a reader may start: Tesseract, when the parent names it.
_allowed: list[ocr.Program] = []


def confine(cpu_seconds: int) -> None:
    """Limits first, then no way back: hard limits cannot be raised again."""
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
    if event == "subprocess.Popen" and _allowed and arguments[0] == _allowed[0].path:
        return
    if event.startswith(FORBIDDEN):
        raise PermissionError(f"a reader may not use {event}")
    # A number is a pipe that is open already.
    if event != "open" or isinstance(arguments[0], int):
        return
    if isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise PermissionError("a reader may not write")


def main(
    kind: str,
    path: str,
    cpu_seconds: int,
    second: bool,
    tesseract: ocr.Program | None = None,
) -> int:
    out = sys.stdout.buffer
    reader = formats.by_kind(kind)
    if reader is None:
        out.write(encode(Unreadable("wrong_type", kind)))
        return 1
    frames = reader.read(path, second)
    if tesseract is not None:
        _allowed.append(tesseract)
        frames = ocr.filled(frames, path, tesseract)
    confine(cpu_seconds)
    try:
        for frame in frames:
            out.write(encode(frame))
            out.flush()
        out.write(encode(End()))
        out.flush()
    except Unreadable as error:
        out.write(encode(error))
    except MemoryError:
        out.write(encode(Unreadable("too_complex", "out of memory")))
    except RecursionError:
        out.write(encode(Unreadable("too_complex", "nested too deeply")))
    except OSError as error:
        out.write(encode(Unreadable("storage", f"{type(error).__name__}: {error}")))
    out.flush()
    return 0


if __name__ == "__main__":
    program = ocr.Program(*sys.argv[5:7]) if len(sys.argv) > 6 else None
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "second", program))
