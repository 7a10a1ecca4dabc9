"""A PDF that was cut or lost its table of objects, put together anew from what is whole.

Objects carry their numbers (ISO 32000-1, 7.3.10), so PDFium finds them without a table, but for
those packed in object streams (7.5.7), which are unpacked here, and the catalogue, which stands at
the end of most files and goes first: a new one lists the pages that are there, in the order of the
old tree as far as that is left, else of the file.
"""

import itertools
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

LARGEST = 200 * 1024 * 1024
MOST_UNPACKED = 200 * 1024 * 1024
MOST_OBJECTS = 500_000
OBJECT = re.compile(rb"(?<!\d)(\d{1,9})[ \t\r\n]{1,4}\d{1,5}[ \t\r\n]{1,4}obj\b")
END = re.compile(rb"\bendobj\b|\bstream\r?\n")
STREAM = re.compile(rb"stream\r?\n")
PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
PACKED = re.compile(rb"/Type\s*/ObjStm\b")
FLATE = re.compile(rb"/Filter\s*\[?\s*/FlateDecode\b")
COUNTS = re.compile(rb"/(N|First)\s+(\d{1,9})\b")
CATALOGUE = re.compile(rb"/Type\s*/Catalog\b")
TREE = re.compile(rb"/Pages\s+(\d{1,9})\s")
KIDS = re.compile(rb"/Kids\s*\[([\d\sR]*)\]")
REFERENCE = re.compile(rb"(\d{1,9})\s+\d{1,5}\s+R")
LONGEST_DICTIONARY = 256 * 1024


def rebuilt(path: str) -> bytes | None:
    """A file PDFium can open, or None when no page is left or the file is locked or too large."""
    file = Path(path)
    if file.stat().st_size > LARGEST:
        return None
    data = file.read_bytes()
    if b"/Encrypt" in data:
        return None
    places = list(_places(data))
    written = {number: data[start:end] for number, start, end in places}
    unpacked = dict(_unpacked(data, places))
    objects = written | unpacked
    pages = _in_order(objects, [n for n, body in objects.items() if PAGE.search(body)])
    if not pages:
        return None
    tree = max(objects) + 1
    out = [data, b"\nendstream\nendobj\n"]
    out += [b"%d 0 obj\n%s\nendobj\n" % item for item in unpacked.items()]
    kids = b" ".join(b"%d 0 R" % number for number in pages)
    out.append(
        b"%d 0 obj\n<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (tree, len(pages), kids)
    )
    out.append(b"%d 0 obj\n<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % (tree + 1, tree))
    # No table is at 0: PDFium looks for the objects itself.
    out.append(b"trailer\n<< /Root %d 0 R /Size %d >>\n" % (tree + 1, tree + 2))
    return b"".join([*out, b"startxref\n0\n%%EOF\n"])


def _places(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(number, start, end) of what stands in front of the end of each object or of its stream."""
    found = list(itertools.islice(OBJECT.finditer(data), MOST_OBJECTS))
    for one, following in itertools.pairwise([*found, None]):
        if one is not None:
            start = one.end()
            last = min(start + LONGEST_DICTIONARY, following.start() if following else len(data))
            end = END.search(data, start, last)
            yield int(one[1]), start, end.start() if end else last


def _unpacked(data: bytes, places: list[tuple[int, int, int]]) -> Iterator[tuple[int, bytes]]:
    """(number, object) of what stands in object streams that are whole so far."""
    left = MOST_UNPACKED
    for _number, start, end in places:
        begin = STREAM.match(data, end)
        if begin is None or not PACKED.search(data, start, end):
            continue
        counts = {found[1]: int(found[2]) for found in COUNTS.finditer(data, start, end)}
        stop = data.find(b"endstream", end)
        stream = data[begin.end() : stop if stop >= 0 else len(data)]
        if FLATE.search(data, start, end):
            stream = _inflated(stream, left)
            left -= len(stream)
        yield from _members(stream, counts.get(b"N", 0), counts.get(b"First", 0))


def _inflated(stream: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, max(1, most))
    except zlib.error:
        return b""


def _members(stream: bytes, count: int, first: int) -> Iterator[tuple[int, bytes]]:
    numbers = [int(word) for word in stream[:first].split()[: 2 * count] if word.isdigit()]
    starts = [*numbers[1::2], len(stream) - first]
    for number, start, end in zip(numbers[::2], starts, starts[1:], strict=False):
        yield number, stream[first + start : first + end]


def _in_order(objects: dict[int, bytes], pages: list[int]) -> list[int]:
    """Pages of the old tree as it lists them, then those it lost."""
    listed: list[int] = []
    roots = [TREE.search(body) for body in objects.values() if CATALOGUE.search(body)]
    waiting = [int(found[1]) for found in roots if found][-1:]
    seen: set[int] = set()
    while waiting:
        number = waiting.pop()
        kids = KIDS.search(objects.get(number, b""))
        if number in seen:
            continue
        seen.add(number)
        if kids is not None:
            waiting += [int(kid) for kid in REFERENCE.findall(kids[1])][::-1]
        else:
            listed.append(number)
    known = set(pages)
    first = [number for number in listed if number in known]
    return first + [number for number in pages if number not in seen]
