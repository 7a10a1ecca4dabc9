"""Folders of questions with known evidence, told apart by the files they hold.

questions.jsonl and pdfs/          evidence is pages: [[file, page]]
corpus.jsonl, queries.jsonl and    evidence is passages: qrels.tsv
documents.jsonl and queries.jsonl  evidence is spans: [[document, start, end]], in characters
MANIFEST.jsonl and files/          no questions: what each file must end as
"""

import hashlib
import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Unit = tuple[Hashable, ...]
UNTITLED = "passage"


class NoSet(Exception):
    """The folder holds none of the known kinds of set."""


@dataclass(frozen=True)
class Question:
    """`gold` maps units to grades and is empty for a question that has no answer here."""

    id: str
    text: str
    gold: dict[Unit, int]
    needs_picture: bool = False


@dataclass(frozen=True)
class File:
    """What is uploaded: `key` is what the set calls it, `name` what a person would."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Folder:
    path: Path
    kind: str  # pages, passages, spans or files

    @property
    def name(self) -> str:
        return self.path.name

    def files(self) -> Iterator[File]:
        if self.kind in ("pages", "files"):
            inside = self.path / ("pdfs" if self.kind == "pages" else "files")
            for path in sorted(inside.iterdir()):
                yield File(path.name, path.name, path.read_bytes())
            return
        for row in rows(self.path / ("corpus" if self.kind == "passages" else "documents")):
            title = " ".join(str(row.get("title") or UNTITLED).replace("/", " ").split())
            yield File(str(row["id"]), f"{title[:200]}.txt", str(row["text"]).encode())

    def digest(self) -> str:
        """Changes with anything that would be uploaded."""
        whole = hashlib.sha256()
        for file in self.files():
            whole.update(repr((file.key, file.name)).encode())
            whole.update(hashlib.sha256(file.data).digest())
        return whole.hexdigest()

    def questions(self) -> list[Question]:
        if self.kind == "files":
            return []
        found = rows(self.path / ("questions" if self.kind == "pages" else "queries"))
        grades = self._grades() if self.kind == "passages" else {}
        asked = [self._question(row, grades) for row in found]
        without = self.path / "unanswerable.jsonl"
        if without.exists():
            asked += [Question(str(r["qid"]), str(r["question"]), {}) for r in rows(without)]
        return asked

    def _question(self, row: dict[str, Any], grades: dict[str, dict[Unit, int]]) -> Question:
        gold: dict[Unit, int] = grades.get(str(row["qid"]), {})
        if self.kind == "pages":
            gold = {(docname(name), int(page)): 1 for name, page in row["gold"]}
        elif self.kind == "spans":
            gold = {(docname(d), int(s), int(e)): 1 for d, s, e in row["gold_spans"]}
        answerable = row.get("answerable", True)
        picture = bool(row.get("requires_visual", False))
        return Question(str(row["qid"]), str(row["question"]), gold if answerable else {}, picture)

    def _grades(self) -> dict[str, dict[Unit, int]]:
        found: dict[str, dict[Unit, int]] = {}
        for line in (self.path / "qrels.tsv").read_text(encoding="utf-8").splitlines():
            question, passage, grade = line.split("\t")
            if int(grade) > 0:
                found.setdefault(question, {})[(passage,)] = int(grade)
        return found

    def expected(self) -> dict[str, str]:
        """Of a set of files: name → what it must end as."""
        return {str(row["file"]): str(row["expect"]) for row in rows(self.path / "MANIFEST")}


def open_folder(path: Path) -> Folder:
    """Raises NoSet."""
    kinds = {
        "pages": ("questions.jsonl", "pdfs"),
        "passages": ("corpus.jsonl", "queries.jsonl", "qrels.tsv"),
        "spans": ("documents.jsonl", "queries.jsonl"),
        "files": ("MANIFEST.jsonl", "files"),
    }
    for kind, parts in kinds.items():
        if all((path / part).exists() for part in parts):
            return Folder(path, kind)
    raise NoSet(str(path))


def rows(path: Path) -> list[dict[str, Any]]:
    with path.with_suffix(".jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def docname(name: str) -> str:
    """Names of one file compare equal whatever their case and with or without .pdf."""
    return Path(str(name)).name.strip().lower().removesuffix(".pdf")
