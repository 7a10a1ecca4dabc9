"""The second reader of PDF, pypdf: slower and without boxes, but reads what PDFium refuses."""

from collections.abc import Iterator

from documents.ingest.cleaning import Assembler, plain
from documents.ingest.frames import Info, PageText, Unreadable

LONGEST_NAME = 300


def is_locked(path: str) -> bool:
    """Whether a part of the file stays shut without a password.

    PDFium opens a file whose attachments alone are encrypted; it is still not ours to read.
    """
    import pypdf  # noqa: PLC0415
    from pypdf.errors import PyPdfError  # noqa: PLC0415

    try:
        with pypdf.PdfReader(path) as reader:
            return reader.is_encrypted and not reader.decrypt("")
    except (PyPdfError, ValueError, KeyError, NotImplementedError):
        return False


def read(path: str) -> Iterator[Info | PageText]:
    import pypdf  # noqa: PLC0415
    from pypdf.errors import LimitReachedError, PyPdfError  # noqa: PLC0415

    try:
        with pypdf.PdfReader(path) as reader:
            if reader.is_encrypted and not reader.decrypt(""):
                raise Unreadable("encrypted", "pypdf: the password is not empty")
            yield from _pages(reader)
    except (MemoryError, RecursionError, Unreadable):
        raise
    except LimitReachedError as error:
        raise Unreadable("too_complex", f"pypdf: {error}") from error
    except PyPdfError as error:
        raise Unreadable("damaged", f"pypdf: {error}") from error
    except Exception as error:
        # A parser of hostile files fails in ways its own error classes do not cover.
        raise Unreadable("damaged", f"pypdf: {type(error).__name__}: {error}") from error


def _pages(reader: "pypdf.PdfReader") -> Iterator[Info | PageText]:  # noqa: F821
    count = len(reader.pages)
    if not count:
        raise Unreadable("damaged", "pypdf: no pages")
    about = reader.metadata
    title, author = (
        plain(str(value or "")).strip()[:LONGEST_NAME]
        for value in ((about.title, about.author) if about else ("", ""))
    )
    yield Info(count, title, author)
    assembler = Assembler()
    for number, page in enumerate(reader.pages, start=1):
        box = page.cropbox
        text, _words = assembler.assemble(page.extract_text())
        width, height = float(box.width), float(box.height)
        yield PageText(number, text, round(width, 2), round(height, 2))
