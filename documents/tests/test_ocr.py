"""Pages that are pictures, read by Tesseract where it is switched on."""

import shutil
import struct
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from documents.ingest import recognition
from documents.ingest.extract import extract
from documents.ingest.frames import Info, PageText
from documents.ingest.readers import ocr, pdf
from documents.tests.pdfs import FONT, HEIGHT, WIDTH, assemble, make_pdf

SCALE = 2


def picture_of(text: str) -> str:
    """A page's text as an image object of a PDF."""
    with pypdfium2.PdfDocument(make_pdf([text])) as document:
        bitmap = document[0].render(scale=SCALE, grayscale=True)
        rows = bytes(bitmap.buffer).hex()
        stride, height = bitmap.stride, bitmap.height
    return (
        f"<< /Type /XObject /Subtype /Image /Width {stride} /Height {height} /ColorSpace "
        f"/DeviceGray /BitsPerComponent 8 /Filter /ASCIIHexDecode /Length {len(rows) + 1} >>\n"
        f"stream\n{rows}>\nendstream"
    )


def mixed() -> bytes:
    """A page of words, a scanned one, and an empty one."""
    words = "BT /F1 11 Tf 72 770 Td (Typed words here.) Tj ET"
    scan = f"q {WIDTH} 0 0 {HEIGHT} 0 0 cm /I1 Do Q"
    resources = "/Resources << /Font << /F1 3 0 R >> /XObject << /I1 4 0 R >> >>"
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] {resources}"
    return assemble(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [5 0 R 6 0 R 7 0 R] /Count 3 >>",
            FONT,
            picture_of("Scanned palm leaves\nwere read again."),
            f"{page} /Contents 8 0 R >>",
            f"{page} /Contents 9 0 R >>",
            f"{page} >>",
            f"<< /Length {len(words)} >>\nstream\n{words}\nendstream",
            f"<< /Length {len(scan)} >>\nstream\n{scan}\nendstream",
        ],
        "/Root 1 0 R",
    )


def read(path: Path) -> list[PageText]:
    return [frame for frame in extract(path, "pdf") if isinstance(frame, PageText)]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.pdf"
    path.write_bytes(mixed())
    return path


@pytest.fixture
def tesseract(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A program in Tesseract's place that runs the given shell lines."""
    settings.OCR, settings.OCR_LANGUAGES = True, "ind+eng"
    program = tmp_path / "tesseract"

    def use(lines: str) -> ocr.Program:
        listing = 'if [ "$1" = --list-langs ]; then echo List; echo ind; echo eng; exit; fi'
        program.write_text(f"#!/bin/sh\n{listing}\ncat > /dev/null\n{lines}\n")
        program.chmod(0o755)
        recognition._installed.cache_clear()
        monkeypatch.setattr(shutil, "which", lambda _name: str(program))
        return ocr.Program(str(program), "ind+eng")

    return use


def row(line: int, left: int, text: str, sure: float = 91.5) -> str:
    return f"5\\t1\\t1\\t1\\t{line}\\t1\\t{left}\\t100\\t200\\t50\\t{sure}\\t{text}"


def test_only_pages_without_words_are_recognised(scan: Path, tesseract: Any) -> None:
    rows = [row(1, 300, "Daun"), row(1, 600, "lon-"), row(2, 300, "tar"), row(2, 9, "~", 3)]
    tesseract(f"printf '%b\\n' {' '.join(map(repr, rows))}".replace("\\\\", "\\"))
    typed, scanned, empty = read(scan)
    assert typed.text == "Typed words here."
    assert scanned.text == "Daun lontar" and empty.text == ""
    assert [frame.recognised for frame in extract(scan, "pdf") if isinstance(frame, Info)][-1] == 1
    boxes = list(struct.iter_unpack("<6H", scanned.boxes))
    assert [scanned.text[start:end] for start, end, *_ in boxes] == ["Daun", "lon", "tar"]
    assert boxes[0][2] < boxes[1][2] and all(0 < box[4] <= 10_000 for box in boxes)


@pytest.mark.parametrize(
    "lines", ["exit 1", "echo rubbish", "kill -9 $$", "printf '%b' '" + row(1, 1, "x", 30) + "'"]
)
def test_a_page_that_cannot_be_made_out_stays_empty(scan: Path, tesseract: Any, lines: str) -> None:
    tesseract(lines)
    assert [page.text for page in read(scan)] == ["Typed words here.", "", ""]


def test_a_recognition_that_hangs_costs_its_page_only(
    scan: Path, tesseract: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr, "PAGE_SECONDS", 0.3)
    program = tesseract("exec sleep 30")
    frames = list(ocr.filled(pdf.read(str(scan)), str(scan), program))
    assert isinstance(frames[0], Info) and len(frames) == 4


def test_without_the_setting_nothing_is_started(scan: Path, settings: Any) -> None:
    assert settings.OCR is False
    assert read(scan)[1].text == ""


@pytest.mark.parametrize(
    ("languages", "words"), [("ind+xyz", "xyz"), ("ind;rm", "OCR_LANGUAGES"), ("--help", "OCR_")]
)
def test_what_is_missing_is_said(
    scan: Path, tesseract: Any, settings: Any, caplog: Any, languages: str, words: str
) -> None:
    tesseract("exit 1")
    settings.OCR_LANGUAGES = languages
    assert words in recognition.trouble()
    assert read(scan)[1].text == "" and words in caplog.text


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_tesseract_itself_reads_the_page(scan: Path, settings: Any) -> None:
    settings.OCR, settings.OCR_LANGUAGES = True, "eng"
    recognition._installed.cache_clear()
    page = read(scan)[1]
    assert page.text == "Scanned palm leaves\nwere read again."
    assert len(page.boxes) == 6 * 12
