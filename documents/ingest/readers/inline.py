"""Pictures written into a text as addresses (data: URLs, RFC 2397): megabytes nobody reads."""

import re
from collections.abc import Iterable, Iterator

START = re.compile(r"data:[\w.+-]{1,60}/[\w.+-]{1,80}(?:;[\w=.+-]{1,60})*;base64,", re.IGNORECASE)
REST = re.compile(r"[A-Za-z0-9+/=_%\-]*")
# Longer than any beginning: so much is held back, since it may go on in the next piece.
LONGEST = 400


def without(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces with the bytes of each picture left out; the address keeps its beginning."""
    rest, inside = "", False
    for piece in pieces:
        text = rest + piece
        kept: list[str] = []
        place = 0
        while True:
            if inside:
                place = REST.match(text, place).end()  # type: ignore[union-attr]
                if place == len(text):
                    rest = ""
                    break
                inside = False
            found = START.search(text, place)
            if found is None:
                held = text.rfind("data:", max(place, len(text) - LONGEST))
                held = held if held >= 0 else max(place, len(text) - len("data:"))
                kept.append(text[place:held])
                rest = text[held:]
                break
            kept.append(text[place : found.end()])
            place, inside = found.end(), True
        yield "".join(kept)
    yield rest
