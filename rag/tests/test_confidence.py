"""How likely the material holds an answer, on scores made by hand."""

import uuid

from rag.candidates import Scored
from rag.confidence import DOUBTFUL, likelihood
from rag.fusion import Candidate
from rag.search import Findings


def found(nearest: float, reach: float, mean: float = 0.1) -> Scored:
    return Scored([Candidate(1, uuid.uuid4(), 1, nearest, 1.0, 1.0)], mean, reach)


def test_near_passages_and_words_that_are_met_speak_for_an_answer() -> None:
    assert likelihood(found(0.7, 0.5)) > 0.8
    assert likelihood(found(0.2, 0.1)) < DOUBTFUL
    assert likelihood(found(0.7, 0.1)) > likelihood(found(0.4, 0.1))
    assert likelihood(found(0.4, 0.6)) > likelihood(found(0.4, 0.1))


def test_being_near_says_less_where_all_is_near() -> None:
    assert likelihood(found(0.6, 0.2, mean=0.5)) < likelihood(found(0.6, 0.2, mean=0.1))


def test_words_alone_have_a_scale_of_their_own() -> None:
    assert likelihood(found(0.0, 0.7), words_only=True) > 0.7
    assert likelihood(found(0.0, 0.05), words_only=True) < DOUBTFUL
    assert likelihood(Scored([], 0.0, 0.0)) == 0


def test_across_languages_little_can_be_said() -> None:
    assert Findings([], likelihood=0.05).is_doubtful
    assert not Findings([], likelihood=0.05, across_languages=True).is_doubtful
