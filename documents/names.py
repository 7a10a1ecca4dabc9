"""File names as people gave them: shown, escaped, never used as a path."""

import re
import unicodedata

from documents.ingest.cleaning import visible

LONGEST = 255


def clean(name: str) -> str:
    """The last part of any path, without control and invisible characters, at most 255 long."""
    name = re.split(r"[/\\]", name)[-1]
    name = unicodedata.normalize("NFC", visible(name))
    name = " ".join(name.split()).strip(" .") or "file"
    if len(name) > LONGEST:
        stem, dot, suffix = name.rpartition(".")
        keep = f".{suffix}" if dot and len(suffix) <= 10 else ""
        name = (stem if keep else name)[: LONGEST - len(keep)] + keep
    return name


def clean_path(path: str) -> str:
    """A name inside an archive with its folders, each of them cleaned; still never a path."""
    parts = [part for part in re.split(r"[/\\]", path) if part.strip(" .")]
    kept = "/".join(clean(part) for part in parts[-8:]) or "file"
    return kept if len(kept) <= LONGEST else clean(kept)


def clean_title(text: str) -> str:
    """A title on one line, without control and invisible characters, at most 255 long."""
    text = unicodedata.normalize("NFC", visible(text))
    return " ".join(text.split())[:LONGEST].strip() or "page"


def title_of(name: str) -> str:
    """A file name as words: what a chunk's header says when the file has no title."""
    stem = re.sub(r"\.[A-Za-z0-9]{1,8}$", "", name)
    return re.sub(r"[_\s]+", " ", stem).strip()
