"""Which headings one can ask about."""

from typing import Any

import pytest

from accounts.models import User
from documents.collections import create_collection, default_collection
from documents.headings import topic_of, topics
from documents.models import Chunk, Document

TOPICS = {
    "Bioluminescence > 1. Why fireflies glow": "Why fireflies glow",
    "1.1 Efficiency of the reaction": "Efficiency of the reaction",
    "Chapter 4: The Krebs Cycle": "The Krebs Cycle",
    "Chapter One: The Cell Membrane": "The Cell Membrane",
    "BAB III SISTEM JAMINAN SOSIAL DAN BPJS": "Sistem Jaminan Sosial dan BPJS",
    "Minggu 3: Hukum Newton": "Hukum Newton",
    "i. Pengertian Ekosistem": "Pengertian Ekosistem",
    "IV. Hasil Panen": "Hasil Panen",
    "Civil rights": "Civil rights",
    "A. Fotosintesis": "Fotosintesis",
    "How do birds fly?": "How do birds fly?",
}
JUNK = [
    "",
    "12",
    "2.1.3",
    "Part II",
    "Pasal 2",
    "Bagian Kedua . . .",
    "Table of contents",
    "1 Introduction",
    "DAFTAR ISI ........ 4",
    "BAB II TINJAUAN PUSTAKA",
    "References",
    "Abstract and Keywords",
    "Acknowledgments",
    "2. Undang-Undang Nomor 40 Tahun 2004 tentang",
    "2. Jaminan Sosial adalah salah satu bentuk",
    "The role of",
    "Optimized Table Tokenization for Table Structure Recognition 9",
    "https://example.org/a",
    "lecture_notes_final.pdf",
    "and then the leaves",
    "x" * 80,
    "| a | b |",
]


@pytest.mark.parametrize(("heading", "words"), TOPICS.items())
def test_a_heading_without_its_number(heading: str, words: str) -> None:
    assert topic_of(heading) == words


@pytest.mark.parametrize("heading", JUNK)
def test_what_is_no_topic(heading: str) -> None:
    assert topic_of(heading) == ""


def put(owner: User, name: str, headings: list[str], **fields: Any) -> Document:
    collection = fields.pop("collection", None) or default_collection()
    made = Document.objects.create(
        owner=owner,
        collection=collection,
        original_filename=name,
        file_size=1,
        sha256=name,
        status=fields.pop("status", Document.Status.PROCESSED),
        **fields,
    )
    Chunk.objects.bulk_create(
        Chunk(
            document=made,
            collection=collection,
            ordinal=number,
            page=1,
            start=0,
            end=1,
            heading=heading,
            text="x",
            word_count=1,
        )
        for number, heading in enumerate(headings)
    )
    return made


@pytest.mark.django_db
def test_one_of_each_document_before_a_second_of_any(alice: User) -> None:
    put(
        alice, "old.pdf", ["Palm leaves", "Soot and ink", "Cords and boards", "Kept in the rafters"]
    )
    put(alice, "new.pdf", ["Contents", "Mangrove roots"])
    found = topics(alice, 3)
    assert found.any_ready
    assert [(topic.words, topic.document) for topic in found.topics] == [
        ("Mangrove roots", "new.pdf"),
        ("Palm leaves", "old.pdf"),
        ("Soot and ink", "old.pdf"),
    ]


@pytest.mark.django_db
def test_what_stands_over_every_page_is_no_topic(alice: User) -> None:
    put(alice, "book.pdf", ["Bunga Rampai"] * 9 + ["Soot and ink"], title="Cords and boards")
    put(alice, "Mangrove roots.pdf", ["Mangrove roots", "Cords and boards"], title="Mangroves")
    assert [topic.words for topic in topics(alice, 9).topics] == [
        "Cords and boards",
        "Soot and ink",
    ]


@pytest.mark.django_db
def test_only_what_may_be_read_and_is_ready(alice: User, bob: User, admin: User) -> None:
    private = create_collection(actor=admin, name="Private")
    put(admin, "closed.pdf", ["Palm leaves"], collection=private)
    put(admin, "coming.pdf", ["Mangrove roots"], status=Document.Status.PROCESSING)
    for person in (alice, bob):
        assert topics(person, 3) == topics(person, 3, [private.pk])
        assert not topics(person, 3).any_ready
    assert [topic.words for topic in topics(admin, 3, [private.pk]).topics] == ["Palm leaves"]
