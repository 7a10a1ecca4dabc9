"""Office files: ZIP packages of XML parts (ECMA-376, part 2), opened without trusting them.

No DTD is taken (so no entity, and nothing outside the file, is ever looked up), and a part larger
than LARGEST_PART is not read. Parts are parsed as streams; who reads frees what is done with.
"""

import errno
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from documents.ingest.frames import Unreadable

LARGEST_PART = 400_000_000
SMALL_PART = 30_000_000
MOST_ENTRIES = 20_000
PIECE = 256 * 1024
# What zipfile raises for damaged, cut or exotic archives.
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, LookupError, ValueError)


@contextmanager
def opened(path: str) -> Iterator["Package"]:
    """The package at `path`; whatever is wrong with it becomes Unreadable."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield Package(archive)
    except BROKEN as error:
        raise Unreadable("damaged", f"{type(error).__name__}: {error}") from error
    except (ParseError, expat.ExpatError) as error:
        raise Unreadable("damaged", f"XML: {error}") from error
    except OSError as error:
        raise damage(error) from error
    except RuntimeError as error:
        if isinstance(error, RecursionError):
            raise
        raise Unreadable("encrypted", str(error)) from error


def damage(error: OSError) -> Exception:
    """A directory that points in front of the file is damaged; other errors are the disk's."""
    return Unreadable("damaged", str(error)) if error.errno == errno.EINVAL else error


class Package:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise Unreadable("too_complex", f"{len(entries)} entries")
        self._entries = {entry.filename.lstrip("/").lower(): entry for entry in entries}

    def has(self, part: str) -> bool:
        return part.lower() in self._entries

    def main(self, fallback: str) -> str:
        """The part that is the document itself."""
        parts = self.related("", "officeDocument")
        return parts[0] if parts and self.has(parts[0]) else fallback

    def related(self, part: str, kind: str) -> list[str]:
        """Parts `part` points at by relationships whose type ends with `kind`."""
        return [target for _id, type_, target in self._relations(part) if type_.endswith(kind)]

    def by_id(self, part: str) -> dict[str, str]:
        """Relationship id → part; what lies outside the package is left out."""
        return {id_: target for id_, _type, target in self._relations(part)}

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        folder, name = posixpath.split(part)
        root = self.tree(f"{folder}/_rels/{name}.rels".lstrip("/"))
        for relation in root if root is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            target = unquote(relation.get("Target", ""))
            target = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            yield relation.get("Id", ""), relation.get("Type", ""), posixpath.normpath(target)

    def tree(self, part: str) -> Element | None:
        """A small part as a whole; None when it is not there."""
        if not self.has(part):
            return None
        root: Element | None = None
        for _event, element in self.events(part, SMALL_PART):
            root = element if root is None else root
        return root

    def events(self, part: str, largest: int = LARGEST_PART) -> Iterator[tuple[str, Element]]:
        """("start" | "end", element) of a part while it is read."""
        entry = self._entries.get(part.lower())
        if entry is None:
            raise Unreadable("damaged", f"{part} is missing")
        if entry.file_size > largest:
            raise Unreadable("too_complex", f"{part} has {entry.file_size} bytes")
        with self._archive.open(entry) as file:
            yield from parsed(file, largest)


def parsed(file: IO[bytes], largest: int) -> Iterator[tuple[str, Element]]:
    """As Package.events, for any stream of XML."""
    parser = XMLPullParser(("start", "end"))
    prolog = _Prolog()
    size = 0
    while data := file.read(PIECE):
        size += len(data)
        if size > largest:
            raise Unreadable("too_complex", "a part is larger than it says")
        prolog.feed(data)
        parser.feed(data)
        yield from parser.read_events()
    parser.close()
    yield from parser.read_events()


class _Prolog:
    """Reads along up to the first element and refuses a document type declaration."""

    def __init__(self) -> None:
        self._over = False
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._end

    def feed(self, data: bytes) -> None:
        if not self._over:
            self._parser.Parse(data)

    def _refuse(self, *_declaration: object) -> None:
        raise Unreadable("damaged", "a document type declaration in an office file")

    def _end(self, *_element: object) -> None:
        self._over = True


def local(element: Element) -> str:
    """An element's name without its namespace: strict and transitional files differ there only."""
    return element.tag.rpartition("}")[2]


def attribute(element: Element, name: str) -> str | None:
    """An attribute by its local name."""
    for key, value in element.attrib.items():
        if key == name or key.endswith(f"}}{name}"):
            return value
    return None


def child(element: Element | None, *names: str) -> Element | None:
    """The first child of that name, its first child of the next name, and so on."""
    for name in names:
        if element is None:
            return None
        element = next((inner for inner in element if local(inner) == name), None)
    return element


def about(package: Package) -> dict[str, str]:
    """Title, creator and language as the core properties tell (ECMA-376, part 2, 11)."""
    found: dict[str, str] = {}
    for part in package.related("", "core-properties")[:1]:
        root = package.tree(part)
        for element in root if root is not None else ():
            found[local(element)] = " ".join((element.text or "").split())
    return found
