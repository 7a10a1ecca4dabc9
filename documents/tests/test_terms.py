"""The postings of a document, sorted as columns of numbers, against the plain way of counting."""

import random
import struct
from collections import defaultdict

import numpy
import pytest

from documents import lexical
from documents.ingest import postings
from documents.ingest.chunking import Draft
from documents.ingest.copying import arrays

WORDS = "palm leaf knife ink soot island school reader daun lontar menulis 2019 dynasty".split()


def counted(entry: tuple[int, int, str, str]) -> tuple[int, int, postings.Counted]:
    chunk_id, page, text, language = entry
    return chunk_id, page, postings.Counted.of(text, language)


def test_weights_are_those_of_passages_and_pages_counted_one_by_one() -> None:
    chance = random.Random(4)
    entries = [
        (1000 + n, 3 + n // 4, " ".join(chance.choices(WORDS, k=chance.randint(1, 40))), code)
        for n, code in enumerate(chance.choices(["en", "id", ""], k=60))
    ]
    on_chunks: dict[int, dict[int, float]] = defaultdict(dict)
    pages: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for chunk_id, page, text, language in entries:
        for term, count in lexical.term_counts(text, language).items():
            pages[page][term] += count
        for term, weight in lexical.document_terms(text, language).items():
            on_chunks[term][chunk_id] = weight
    found = dict(postings.of(map(counted, entries)))
    assert list(found) == sorted(on_chunks)
    for term, (chunk_ids, weights, numbers, page_weights) in found.items():
        assert dict(zip(chunk_ids, weights, strict=True)) == pytest.approx(on_chunks[term])
        expected = {
            page: lexical.weights(counts, lexical.AVERAGE_PAGE_WORDS)[term]
            for page, counts in pages.items()
            if term in counts
        }
        assert dict(zip(numbers, page_weights, strict=True)) == pytest.approx(expected)


def test_the_words_a_document_begins_with_count_half_as_much_again() -> None:
    text = "Daun lontar dikeringkan. Pisau, tinta, jelaga, dan lontar."
    counts = lexical.term_counts(f"Naskah\n{text}", "id", opening=text)
    asked = "naskah daun lontar pisau tinta jelaga".split()
    found = [counts[lexical.term(lexical.stem(word, "id"))] for word in asked]
    assert found == [1, 1.5, 2.5, 1.5, 1.5, 1]


def test_only_the_first_passage_is_a_beginning() -> None:
    first, second = (
        postings.Counted.of_passage("Notes", Draft(n, 1, 0, 10, "Leaves", "Leaves dry.", 2), "en")
        for n in (0, 1)
    )
    assert first.terms.tolist() == second.terms.tolist()
    assert sorted(first.counts) == [1, 1.5, 2.5] and sorted(second.counts) == [1, 1, 2]


@pytest.mark.parametrize("texts", [[], ["the of dan"]])
def test_nothing_to_index_gives_no_postings(texts: list[str]) -> None:
    assert list(postings.of(counted((n, 1, text, "en")) for n, text in enumerate(texts))) == []


def test_arrays_are_written_as_postgresql_reads_them() -> None:
    some, none, one = arrays("int8", numpy.array([7, 8, 9]), [0, 2, 2, 3])
    assert some == struct.pack(">6iiqiq", 44, 1, 0, 20, 2, 1, 8, 7, 8, 8)
    assert none == struct.pack(">4i", 12, 0, 0, 20)
    assert one == struct.pack(">6iiq", 32, 1, 0, 20, 1, 1, 8, 9)
