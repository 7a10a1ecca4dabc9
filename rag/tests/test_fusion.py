"""How much each half counts, on scores made by hand."""

import uuid

import pytest

from rag.fusion import CROWD, Candidate, Ranking, fuse

DOCUMENT = uuid.uuid4()


def page(number: int, cosine: float, lexical: float, chunk: int | None = None) -> Candidate:
    return Candidate(chunk or number, DOCUMENT, number, cosine, lexical, lexical)


def order(
    candidates: list[Candidate], mean: float = 0.0, how: Ranking = Ranking.FUSED
) -> list[int]:
    return [ranked.best.page for ranked in fuse(candidates, mean, how)]


def test_each_half_alone() -> None:
    both = [page(1, 0.9, 1.0), page(2, 0.1, 5.0), page(3, 0.5, 0.0)]
    assert order(both, how=Ranking.VECTORS) == [1, 3, 2]
    assert order(both, how=Ranking.WORDS) == [2, 1, 3]


def test_words_that_many_pages_match_yield_to_vectors() -> None:
    crowd = [page(n, 0.2, 9.0) for n in range(10, 10 + CROWD)]
    rival = [page(1, 0.7, 2.0), page(2, 0.2, 10.0)]
    assert order([*rival, *crowd])[0] == 1
    assert order(rival)[0] == 2


def test_vectors_that_are_near_to_everything_yield_to_words() -> None:
    rival = [page(1, 0.95, 5.0), page(2, 0.1, 10.0)]
    assert order(rival, mean=0.0) == [1, 2]
    assert order(rival, mean=0.6) == [2, 1]


def test_a_page_stands_once_with_the_passage_that_speaks_for_it() -> None:
    ranked = fuse([page(1, 0.2, 0.0, 11), page(1, 0.8, 3.0, 12), page(2, 0.5, 3.0, 21)], 0.0)
    assert [(each.best.page, each.best.chunk_id) for each in ranked] == [(1, 12), (2, 21)]


def test_the_document_with_the_best_page_lifts_its_others() -> None:
    other = uuid.uuid4()
    pages = [page(1, 0.9, 0.0), page(2, 0.4, 0.0), Candidate(3, other, 1, 0.5, 0.0, 0.0)]
    found = [(each.best.document_id, each.best.page) for each in fuse(pages, 0.0)]
    assert found == [(DOCUMENT, 1), (DOCUMENT, 2), (other, 1)]


def test_without_words_or_without_anything() -> None:
    assert order([page(1, 0.1, 0.0), page(2, 0.3, 0.0)]) == [2, 1]
    assert fuse([], 0.5) == []
    assert fuse([page(1, -0.5, 0.0)], -0.1)[0].fused == pytest.approx(-0.5 * 1.5)
