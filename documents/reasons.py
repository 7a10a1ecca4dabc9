"""Why a file could not be read: codes for programs, sentences for students."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from documents.models import Document

SPREADSHEET = _(
    "This is a spreadsheet. Save each of its sheets as CSV, or the whole as PDF, and upload that."
)
MAIL = _("This is a mail. Save what you need of it as PDF or plain text and upload that.")
RECORDING = _(
    "This is a recording. Lontar reads text only: upload a transcript or the slides instead."
)
ARCHIVE = _("This archive is of a kind Lontar cannot open. Pack the files as ZIP and upload that.")

SENTENCES: dict[str, Any] = {
    "empty": _("This file is empty. Choose the file again and upload it once more."),
    "too_large": _("This file is too large. Upload a smaller one, or split it."),
    "wrong_type": _(
        "Lontar cannot read this kind of file. Save it as PDF, DOCX, PPTX, HTML, CSV, plain text "
        "or Markdown and upload that."
    ),
    "encrypted": _(
        "This file is protected by a password. Save a copy without the password and upload that."
    ),
    "damaged": _(
        "This file is damaged and cannot be opened. Download or export it again and upload "
        "the new copy."
    ),
    "no_text": _(
        "This file has no text in it: its pages are pictures, probably a scan. Upload a version "
        "with text, or run text recognition (OCR) on it first."
    ),
    "archive_empty": _(
        "There is no file in this archive that Lontar can read. Pack PDF, Word, PowerPoint, HTML, "
        "CSV, text or Markdown files and upload that."
    ),
    "archive_large": _(
        "This archive holds more than Lontar unpacks: at most 500 files and 2 GB. Split it into "
        "smaller archives."
    ),
    "nested": _("This is an archive inside an archive. Unpack it and upload it by itself."),
    "outside": _("Its name points to a place outside the archive."),
    "quota_files": _(
        "You have as many files as you may keep. Delete some that you no longer need and upload "
        "this one by itself."
    ),
    "quota_bytes": _(
        "There was not enough room left for this. Delete files that you no longer need and upload "
        "this one by itself."
    ),
    "link": _("This is only a link to another file. Pack the file itself."),
    "too_slow": _(
        "Reading this file took too long, so it was stopped. Split it into smaller files or save "
        "it again as a simpler PDF."
    ),
    "too_complex": _(
        "This file holds more than Lontar can read in one piece. Split it into smaller "
        "files or save it again as a simpler PDF."
    ),
    "storage": _(
        "The stored file cannot be read any more. Upload it again; if that fails too, tell an "
        "administrator that the disk should be looked at."
    ),
    "embedder": _(
        "The text was read, but the service that prepares it for searching did not answer. "
        "Press retry in a few minutes."
    ),
    "stopped": _(
        "An administrator stopped the reading of this file. Press retry to have it read again."
    ),
    "cancelled": _("You stopped the reading of this file. Press retry to have it read after all."),
    "internal": _(
        "Something went wrong on our side while reading this file. Press retry; if it happens "
        "again, tell an administrator."
    ),
}


# What to do instead with a file of the wrong type, by its media type or the beginning of it.
INSTEAD: dict[str, Any] = {
    "application/msword": _(
        "This is a Word file in the old DOC format. Open it, save it as DOCX or PDF, and upload "
        "that."
    ),
    "application/vnd.ms-powerpoint": _(
        "This is a PowerPoint file in the old PPT format. Open it, save it as PPTX or PDF, and "
        "upload that."
    ),
    "application/vnd.ms-excel": SPREADSHEET,
    "application/vnd.openxmlformats-officedocument.spreadsheetml": SPREADSHEET,
    "application/vnd.oasis.opendocument.spreadsheet": SPREADSHEET,
    "application/vnd.oasis.opendocument.presentation": _(
        "This is an OpenDocument presentation. Save it as PPTX or PDF and upload that."
    ),
    "application/vnd.oasis.opendocument": _(
        "This is an OpenDocument file. Save it as DOCX or PDF and upload that."
    ),
    "application/rtf": _("This is an RTF file. Save it as DOCX or PDF and upload that."),
    "application/epub": _("This is an e-book (EPUB). Convert it to PDF or HTML and upload that."),
    "application/x-ipynb": _(
        "This is a Jupyter notebook. Export it as HTML or PDF and upload that."
    ),
    "application/vnd.ms-outlook": MAIL,
    "message/rfc822": MAIL,
    "multipart/related": _(
        "This is a web page saved as a single file (MHTML). Save it as HTML or print it to PDF, "
        "and upload that."
    ),
    "image/": _(
        "This is a picture. Put it into a PDF with text recognition (OCR) and upload that."
    ),
    "audio/": RECORDING,
    "video/": RECORDING,
    "application/x-7z": ARCHIVE,
    "application/vnd.rar": ARCHIVE,
    "application/gzip": ARCHIVE,
    "application/x-bzip2": ARCHIVE,
    "application/x-xz": ARCHIVE,
}


REPAIRED = _(
    "This file is damaged: what was left of it was read, and pages may be missing. Download or "
    "export it again and upload the new copy."
)

# What is no PDF has no pages that were scanned.
NO_WORDS = {
    "application/pdf": SENTENCES["no_text"],
    "text/html": _(
        "This web page has no words of its own: frames or a program put them there while it is "
        "shown. Open it in a browser, print it to PDF and upload that."
    ),
    "": _("There are no words in this file, perhaps only pictures. Upload a version with text."),
}


def sentence(code: str, media_type: str = "") -> str:
    """The translated sentence for a code, an empty string for no code."""
    by_type = {"wrong_type": INSTEAD, "no_text": NO_WORDS}.get(code, {})
    for beginning, instead in by_type.items():
        if media_type.startswith(beginning):
            return str(instead)
    return str(SENTENCES.get(code, SENTENCES["internal"])) if code else ""


def cut_short(share: float) -> str:
    """For a file of which only the beginning could be read."""
    return gettext(
        "This file holds more than Lontar reads in one piece: only its first %(percent)d%% can be "
        "found and cited. Split it into smaller files to have the rest read too."
    ) % {"percent": max(1, int(share * 100))}


def cells_cut(rows: int) -> str:
    """For a table with rows that were too long."""
    return ngettext(
        "%(count)d row is too long and was read in part: up to 500 columns and 20,000 characters "
        "a cell.",
        "%(count)d rows are too long and were read in part: up to 500 columns and 20,000 "
        "characters a cell.",
        rows,
    ) % {"count": rows}


def recognised(pages: int, of: int) -> str:
    """For a file with pages that are pictures."""
    if not pages:
        return ""
    if pages >= of:
        return gettext("Scanned: read by text recognition (OCR), which makes mistakes.")
    return ngettext(
        "%(count)d scanned page was read by text recognition (OCR), which makes mistakes.",
        "%(count)d scanned pages were read by text recognition (OCR), which makes mistakes.",
        pages,
    ) % {"count": pages}


def unpacked(count: int, refused: int) -> str:
    """What became of an archive; each refused file has its own sentence (refusals)."""
    taken = ngettext(
        "%(count)d file was taken from this archive.",
        "%(count)d files were taken from this archive.",
        count,
    ) % {"count": count}
    if not refused:
        return taken
    left = ngettext("%(count)d was not.", "%(count)d were not.", refused) % {"count": refused}
    return f"{taken} {left}"


def refusals(refused: list[dict[str, str]]) -> list[tuple[str, str]]:
    """(name, sentence) of files in an archive that were not taken."""
    return [(row["name"], sentence(row["code"], row.get("media_type", ""))) for row in refused]


def remarks(document: "Document") -> str:
    """What of a file that was read its reader should know; empty when there is nothing."""
    gone = gettext("The original file is gone. Upload it again to open it or have it read anew.")
    said = [
        cut_short(document.read_share) if document.read_share < 1 else "",
        cells_cut(document.rows_cut) if document.rows_cut else "",
        str(REPAIRED) if document.is_repaired else "",
        recognised(document.recognised_pages, document.page_count or 0),
        gone if document.original_missing_since else "",
    ]
    return " ".join(filter(None, said))
