"""The process that opens strangers' files.

`python -m documents.ingest.child KIND PATH SECONDS first|second [TESSERACT LANGUAGES]`: it knows
no Django, no database and no secrets, may not write files, start programs (but Tesseract, when it
is named) or use the network, and dies when it wants too much memory or time. Its only way out is
the pipe.
"""

import sys

from documents.ingest import formats
from documents.ingest.confinement import allow, confine
from documents.ingest.frames import End, Unreadable, encode
from documents.ingest.readers import ocr


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
        allow(tesseract.path)
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
