"""ZIP archives: what is in them, told from the end of the file without unpacking anything."""

import struct
from pathlib import Path

EMPTY = b"PK\x05\x06"
MAGIC = (b"PK\x03\x04", EMPTY)
# End of central directory (APPNOTE.TXT 4.3.16) and one entry of it (4.3.12).
END = struct.Struct("<4s4H2LH")
ENTRY = struct.Struct("<4s6H3L5H2L")
LONGEST_COMMENT = 65_535
# As much of the directory as is looked at: the web process does this for every upload.
MOST_BYTES = 512 * 1024


def is_zip(head: bytes) -> bool:
    return head.startswith(MAGIC)


def names(path: Path) -> list[str]:
    """Names in the central directory, as far as MOST_BYTES of it reach; none for a broken file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LONGEST_COMMENT - END.size))
            tail = file.read()
            at = tail.rfind(EMPTY)
            if at < 0 or at + END.size > len(tail):
                return []
            end = END.unpack_from(tail, at)
            # Counted back from the end: in front of the archive may stand something else.
            start = size - len(tail) + at - end[5]
            file.seek(start if end[5] < 0xFFFFFFFF and start >= 0 else 0)
            return _entries(file.read(min(end[5], MOST_BYTES)))
    except OSError:
        return []


def _entries(directory: bytes) -> list[str]:
    found = []
    place = 0
    while place + ENTRY.size <= len(directory) and directory.startswith(b"PK\x01\x02", place):
        fields = ENTRY.unpack_from(directory, place)
        length, extra, comment = fields[10:13]
        name = directory[place + ENTRY.size : place + ENTRY.size + length]
        found.append(name.decode("utf-8", errors="replace"))
        place += ENTRY.size + length + extra + comment
    return found
