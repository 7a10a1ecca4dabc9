"""The addresses a sitemap lists (https://www.sitemaps.org/protocol.html).

Read by a pattern and not by an XML parser: a sitemap is a flat list, and what has no entities, no
DTD and no nesting cannot hide a bomb or open another file.
"""

import html
import re
import zlib
from collections.abc import Callable, Iterator

from documents.web import addresses
from documents.web.addresses import Target
from documents.web.reasons import FetchFailed

# Without a prefix: image:loc and video:loc are no pages.
LOC = re.compile(r"<loc\b[^<>]{0,200}>\s*(?:<!\[CDATA\[)?([^<\]]{1,4000})(?:\]\]>)?\s*</loc>", re.I)
INDEX = re.compile(r"<sitemapindex\b", re.I)
LARGEST = 10 * 1024 * 1024
MOST_FILES = 20

Load = Callable[[Target], bytes]


def pages(start: Target, load: Load, most: int) -> list[Target]:
    """At most `most` pages of the same host, in the order of the sitemap, each once.

    `load` gets the bytes of an address; an index leads to further sitemaps, one level deep.
    Raises FetchFailed: "sitemap" when there is nothing to read.
    """
    text = unpacked(load(start))
    files = [start]
    if INDEX.search(text):
        files = _same_host(start, text)[:MOST_FILES]
        texts: Iterator[str] = (unpacked(load(file)) for file in files)
    else:
        texts = iter([text])
    found: dict[Target, None] = {}
    for listing in texts:
        found.update(dict.fromkeys(_same_host(start, listing)))
        if len(found) >= most:
            break
    if not found:
        raise FetchFailed("sitemap", f"nothing of {start.host} in {len(files)} files")
    return list(found)[:most]


def unpacked(data: bytes) -> str:
    """The text of a sitemap, also of a .gz file; raises FetchFailed."""
    if data[:2] == b"\x1f\x8b":
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            data = inflater.decompress(data, LARGEST)
        except zlib.error as error:
            raise FetchFailed("sitemap", f"badly packed: {error}") from error
        if inflater.unconsumed_tail:
            raise FetchFailed("too_large", "a sitemap that unfolds beyond its limit")
    return data.decode("utf-8", errors="replace")


def _same_host(start: Target, text: str) -> list[Target]:
    """What is listed of this host; addresses that may not be fetched are left out."""
    listed = LOC.findall(text)
    if not listed and "<" not in text:
        # The protocol allows a text file with one address a line.
        listed = text.splitlines()
    found = []
    for entry in listed[:50_000]:
        try:
            target = addresses.parse(html.unescape(entry))
        except FetchFailed:
            continue
        if (target.host, target.port) == (start.host, start.port):
            found.append(target)
    return found
