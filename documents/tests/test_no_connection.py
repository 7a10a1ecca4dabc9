"""Reading a document opens no connection, whatever the document asks for.

The readers run as they do in the product, and once more with nothing forbidden to them: what they
do not even try needs no wall. Addresses are this machine's own, where a listener would see.
"""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from documents.ingest.extract import extract
from documents.ingest.frames import Frame, Info, PageText, Unreadable, decode
from documents.tests.office import HEAD, PACKAGE, RELATIONS, W, p, relations, zipped
from documents.tests.pdfs import FONT, assemble, make_pdf
from documents.tests.test_pptx import make_pptx, shape, tree

TEXT = "Palm leaves were written on with a knife."
# The child as it is, but for the walls; what it does with sockets goes to its standard error.
OPEN = """
import sys
from documents.ingest import child
def watch(event, arguments):
    if event.startswith("socket."):
        print(event, file=sys.stderr, flush=True)
child.confine = lambda seconds: sys.addaudithook(watch)
sys.exit(child.main(sys.argv[1], sys.argv[2], 60, False))
"""


class Listener:
    """The kernel takes connections for it, so that none is missed and nothing has to run."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"

    def was_called(self) -> bool:
        try:
            self._socket.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


def pdf(url: str) -> bytes:
    """Links, actions on opening and closing, a form, scripts, and a stream kept elsewhere."""
    content = f"BT /F1 11 Tf 72 770 Td ({TEXT}) Tj ET"
    uri = f"<< /S /URI /URI ({url}) >>"
    script = f"<< /S /JavaScript /JS (app.launchURL\\('{url}'\\); this.submitForm\\('{url}'\\)) >>"
    elsewhere = f"<< /FS /URL /F ({url}) >>"
    return assemble(
        [
            f"<< /Type /Catalog /Pages 2 0 R /OpenAction {script} /AA << /WC {uri} >> /URI "
            f"<< /Base ({url}) >> /AcroForm << /Fields [] /XFA 8 0 R >> /Names << /JavaScript "
            f"<< /Names [(a) {script}] >> /EmbeddedFiles << /Names [(b) << /Type /Filespec "
            f"/FS /URL /F ({url}) >>] >> >> >>",
            "<< /Type /Pages /Kids [6 0 R] /Count 1 >>",
            FONT,
            "<< /Title (Leaves) >>",
            f"<< /Length {len(content)} >>\nstream\n{content}\nendstream",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Resources << "
            f"/Font << /F1 3 0 R >> /XObject << /I 7 0 R >> >> /AA << /O {uri} >> /Annots [<< "
            f"/Type /Annot /Subtype /Link /Rect [0 0 595 842] /A {uri} /PA {uri} >> << /Type "
            f"/Annot /Subtype /Widget /FT /Btn /T (s) /Rect [0 0 9 9] /A << /S /SubmitForm /F "
            f"{elsewhere} >> >> << /Type /Annot /Subtype /Link /Rect [0 0 9 9] /A << /S /GoToR "
            f"/F {elsewhere} /D [0 /Fit] >> >> << /Type /Annot /Subtype /Link /Rect [0 0 9 9] "
            f"/A << /S /ImportData /F {elsewhere} >> >>] >>",
            "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 "
            f"/ColorSpace /DeviceGray /F {elsewhere} /Length 0 >>\nstream\n\nendstream",
            f"<< /Length 0 /F {elsewhere} >>\nstream\n\nendstream",
        ]
    )


def html(url: str) -> bytes:
    return f"""<!DOCTYPE html SYSTEM "{url}" [<!ENTITY e SYSTEM "{url}">]>
<?xml-stylesheet href="{url}"?><html manifest="{url}" xmlns:xi="http://www.w3.org/2001/XInclude">
<head><base href="{url}"><meta http-equiv="refresh" content="0; url={url}"><meta charset="utf-8">
<link rel="stylesheet" href="{url}"><link rel="preload prefetch dns-prefetch" href="{url}">
<style>@import "{url}"; p {{ background: url({url}) }}</style><script src="{url}"></script>
<title>Leaves</title></head><body background="{url}"><main><p>{TEXT} &e;</p>
<img src="{url}" srcset="{url} 2x" alt="leaf"><iframe src="{url}"></iframe><embed src="{url}">
<object data="{url}"></object><video src="{url}" poster="{url}"></video>
<a href="{url}" ping="{url}">
more</a><svg><image xlink:href="{url}"/><use href="{url}#a"/></svg><xi:include href="{url}"/>
<form action="{url}"><input type="image" src="{url}"></form></main></body></html>""".encode()


def external(url: str, *kinds: str) -> str:
    rows = "".join(
        f'<Relationship Id="rIdX{n}" Type="{RELATIONS}/{kind}" Target="{url}"{mode}/>'
        for kind in kinds
        for n, mode in ((f"{kind}1", ' TargetMode="External"'), (f"{kind}2", ""))
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{0}" parse="text"/>'


def docx(url: str) -> bytes:
    """Template, styles, pictures and a part of the text elsewhere; fields that fetch."""
    field = (
        f'<w:fldSimple w:instr="INCLUDETEXT {url}"/><w:fldSimple w:instr="INCLUDEPICTURE {url}"/>'
    )
    picture = (
        '<w:r><w:drawing><a:blip xmlns:a="urn:a" xmlns:r="' + RELATIONS + '" r:link="rIdXimage1"/>'
        '</w:drawing></w:r><w:altChunk xmlns:r="' + RELATIONS + '" r:id="rIdXaFChunk1"/>'
    )
    kinds = (
        "image",
        "attachedTemplate",
        "styles",
        "numbering",
        "footnotes",
        "aFChunk",
        "hyperlink",
    )
    body = f"{p(TEXT)}<w:p>{field}{picture}</w:p>{INCLUDE.format(url)}"
    return zipped(
        {
            "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types"/>',
            "_rels/.rels": relations(("officeDocument", "word/document.xml")),
            "word/document.xml": f'{HEAD}<?xml-stylesheet href="{url}"?><w:document xmlns:w="{W}" '
            f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="{W} {url}">'
            f"<w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": external(url, *kinds),
        }
    )


def pptx(url: str) -> bytes:
    rels = external(url, "image", "slideLayout", "notesSlide", "chart", "video", "hyperlink")
    slide = tree("sld", shape(TEXT), INCLUDE.format(url))
    return make_pptx(slide, **{"slides___rels__slide1.xml.rels": rels})


def markdown(url: str) -> bytes:
    return f"# Leaves\n\n{TEXT} ![leaf]({url}) <img src='{url}'> <{url}>\n".encode()


def table(url: str) -> bytes:
    return f'leaf,tool\n{TEXT},"=WEBSERVICE(""{url}"")"\n'.encode()


DOCUMENTS = {
    "pdf": pdf,
    "html": html,
    "docx": docx,
    "pptx": pptx,
    "markdown": markdown,
    "csv": table,
}
Make = Callable[[str], bytes]


def unconfined(kind: str, path: Path, program: str = OPEN) -> tuple[list[bytes], list[str]]:
    """The frames a reader gives without walls, and what it did with sockets."""
    done = subprocess.run(
        [sys.executable, "-c", program, kind, str(path)],
        capture_output=True,
        cwd=settings.BASE_DIR,
        timeout=120,
        check=False,
    )
    events = [line for line in done.stderr.decode().splitlines() if line.startswith("socket.")]
    return done.stdout.splitlines(), events


def text_of(frames: list[Frame]) -> str:
    return "\n".join(frame.text for frame in frames if isinstance(frame, PageText))


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_reading_opens_no_connection(kind: str, tmp_path: Path, listener: Listener) -> None:
    """Dify CVE-2025-0184, RAGFlow #15438: an upload that made the reader fetch."""
    path = tmp_path / "document"
    path.write_bytes(DOCUMENTS[kind](listener.url))
    walled = [frame for frame in extract(path, kind) if isinstance(frame, Info | PageText)]
    free, events = unconfined(kind, path)
    assert TEXT in text_of(list(walled)) and TEXT in text_of([decode(line) for line in free])
    assert events == [] and not listener.was_called()


@pytest.mark.parametrize("second", [False, True])
def test_both_readers_of_a_pdf(second: bool, tmp_path: Path, listener: Listener) -> None:
    path = tmp_path / "document"
    path.write_bytes(pdf(listener.url))
    frames: list[Frame] = list(extract(path, "pdf", second=second))
    assert TEXT in text_of(frames) and not listener.was_called()


@pytest.mark.parametrize("target", ["{0}", "file:///etc/hostname"])
def test_entities_from_elsewhere_are_refused_unread(
    target: str, tmp_path: Path, listener: Listener
) -> None:
    """python-docx CVE-2016-5851, openpyxl CVE-2017-5992."""
    address = target.format(listener.url)
    path = tmp_path / "document"
    doctype = f'<!DOCTYPE d SYSTEM "{address}" [<!ENTITY e SYSTEM "{address}">'
    parts = {
        "_rels/.rels": relations(("officeDocument", "word/document.xml")),
        "word/document.xml": f'{HEAD}{doctype}<!ENTITY % p SYSTEM "{address}"> %p;]><w:document '
        f'xmlns:w="{W}"><w:body>{p(f"{TEXT} &e;")}</w:body></w:document>',
    }
    path.write_bytes(zipped(parts))
    with pytest.raises(Unreadable) as refused:
        list(extract(path, "docx"))
    assert refused.value.code == "damaged"
    said, events = unconfined("docx", path)
    assert len(said) == 1 and b"damaged" in said[0]
    assert events == [] and not listener.was_called()


def test_a_reader_that_did_would_be_seen(tmp_path: Path, listener: Listener) -> None:
    """The measure itself: the same child, with a reader that connects."""
    port = listener.url.split(":")[2].split("/")[0]
    call = f"import socket; socket.create_connection(('127.0.0.1', {port})).close()"
    bad = OPEN.replace("sys.exit(", f"exec({call!r}) if child.confine(1) is None else 0\nsys.exit(")
    path = tmp_path / "document"
    path.write_bytes(make_pdf([TEXT]))
    _, events = unconfined("pdf", path, bad)
    assert "socket.connect" in events and listener.was_called()
