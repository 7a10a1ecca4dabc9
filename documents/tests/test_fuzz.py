"""Damaged at random, every format still ends in pages or in a reason, never in a crash."""

import random
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from documents import reasons
from documents.ingest import chunking, formats
from documents.ingest.frames import PageText, Unreadable
from documents.tests.office import make_docx, p, styled, table, zipped
from documents.tests.test_pptx import make_pptx, shape, tree

ROUNDS = 60
DOCX = make_docx(styled("Heading1", "Satu") + p("Isi.") + table(["a", "b"], ["1", "2"]))
PPTX = make_pptx(tree("sld", shape("Judul", kind="title"), shape("Isi.", kind="body")))
HTML = b"<!doctype html><h1>Satu</h1><ul><li>a<li>b</ul><table><tr><th>x<td rowspan=2>y</table>"
CSV = b'nama,nilai\nSari,"9,5"\nBudi,"dua ""tiga"""\n' * 5
TEXT = "Satu kalimat. Café naïve — dua.\n".encode() * 5
MARKDOWN = b"# Satu\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
ARCHIVE = zipped({"a.txt": "Halo.", "b/c.docx": DOCX})
SAMPLES = [
    ("docx", DOCX),
    ("pptx", PPTX),
    ("html", HTML),
    ("csv", CSV),
    ("text", TEXT),
    ("markdown", MARKDOWN),
    ("zip", ARCHIVE),
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, cut, repeated or put in."""
    out = bytearray(data)
    for _change in range(chance.randint(1, 6)):
        place = chance.randrange(len(out) or 1)
        match chance.randrange(5):
            case 0:
                out[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del out[place : place + chance.randint(1, 40)]
            case 2:
                out[place:place] = chance.choice([b"\0", b"<", b'"', b"\r", b"\xff\xfe", b"]]>"])
            case 3:
                out[place:place] = out[place : place + chance.randint(1, 200)]
            case 4:
                del out[place + chance.randint(0, len(out)) :]
    return bytes(out)


def damaged_inside(data: bytes, chance: random.Random) -> bytes:
    """As `damaged`, but in one file of a ZIP, so that the archive itself stays sound."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(sorted(parts))
    return zipped({**parts, name: damaged(parts[name], chance)})


@pytest.mark.parametrize(("kind", "data"), SAMPLES, ids=[kind for kind, _data in SAMPLES])
@pytest.mark.parametrize("damage", [damaged, damaged_inside])
def test_damaged_files_end_in_pages_or_a_reason(
    tmp_path: Path,
    kind: str,
    data: bytes,
    damage: Callable[[bytes, random.Random], bytes],
) -> None:
    if damage is damaged_inside and not data.startswith(b"PK"):
        pytest.skip("not a package")
    chance = random.Random(f"{kind} {damage.__name__}")
    reader = formats.by_kind(kind)
    assert reader is not None
    path = tmp_path / "file"
    for _round in range(ROUNDS):
        path.write_bytes(damage(data, chance))
        formats.recognise(path.read_bytes()[: formats.HEAD], f"a{reader.EXTENSION}", path)
        try:
            frames = list(reader.read(str(path)))
        except Unreadable as error:
            assert error.code in reasons.SENTENCES, error.code
            continue
        pages = [frame for frame in frames if isinstance(frame, PageText)]
        for draft in chunking.chunk(pages, kind):
            page = pages[draft.page - 1]
            assert page.text[draft.start : draft.end] == draft.text
