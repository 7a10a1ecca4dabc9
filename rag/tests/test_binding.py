"""A mark goes to the page where the quotation before it stands."""

import uuid

from rag.binding import bound
from rag.search import Hit
from rag.sources import Source

BOOK, OTHER = uuid.uuid4(), uuid.uuid4()


def source(number: int, page: int, text: str, document: uuid.UUID = BOOK) -> Source:
    hit = Hit(
        chunk_id=number, document_id=document, filename="a.pdf", title="", page=page, start=0,
        end=len(text), heading="", text=text, ordinal=number, score=0.5, lexical=0.0, fused=0.5,
    )  # fmt: skip
    return Source(number, hit, text)


SOURCES = [
    source(1, 6, "Leaves are boiled and dried."),
    source(2, 7, "Soot of candlenuts is rubbed into the cuts."),
    source(3, 7, "A knife cuts the letters."),
    source(4, 9, "It is written by hand."),
    source(5, 3, "It is written by hand.", OTHER),
]


def test_what_is_not_there_is_left_out() -> None:
    assert bound(SOURCES, [1, 9, 0], "It is so") == [1]
    assert bound([], [1], "“soot of candlenuts is rubbed”") == []


def test_a_quotation_moves_its_mark_to_the_only_page_that_has_it() -> None:
    assert bound(SOURCES, [1], "It says “soot of candlenuts is rubbed”") == [2]
    assert bound(SOURCES, [1], "> soot of candlenuts is rubbed") == [2]
    # The right page, by another of its passages: nothing to put right.
    assert bound(SOURCES, [3], "It says “soot of candlenuts is rubbed”") == [3]


def test_other_marks_beside_it_stay() -> None:
    assert bound(SOURCES, [1, 4], "It says “soot of candlenuts is rubbed”") == [2, 1, 4]
    assert bound(SOURCES, [1, 2], "It says “soot of candlenuts is rubbed”") == [1, 2]


def test_words_on_two_pages_or_on_none_prove_nothing() -> None:
    assert bound(SOURCES, [1], "It says “it is written by hand”") == [1]
    assert bound(SOURCES, [1], "It says “they are made of gold”") == [1]


def test_a_mark_that_does_not_exist_is_not_given_a_meaning() -> None:
    assert bound(SOURCES, [9], "It says “soot of candlenuts is rubbed”") == []


def test_a_quotation_of_an_earlier_sentence_is_not_this_marks() -> None:
    assert bound(SOURCES, [1], "“Soot of candlenuts is rubbed.” That is old. Leaves dry") == [1]
