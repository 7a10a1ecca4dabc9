"""Marks are filtered the same however the text is cut."""

import itertools

import pytest

from rag.marks import MarkFilter, strip_marks


def filtered(pieces: list[str], known: set[int]) -> tuple[str, list[int]]:
    marks = MarkFilter(lambda number: number in known)
    text = "".join(marks.feed(piece) for piece in pieces) + marks.close()
    return text, marks.cited


CASES = [
    ("Leaves make sugar [1].", {1}, "Leaves make sugar [1].", [1]),
    ("Nothing says so [7].", {1}, "Nothing says so.", []),
    ("Both [1, 2] and [2][9].", {1, 2}, "Both [1][2] and [2].", [1, 2]),
    ("As 【1†source】 says", {1}, "As [1] says", [1]),
    ("`a[1]` is code, [1] is not", {1}, "`a[1]` is code, [1] is not", [1]),
    ("```\nx[7] = y[8]\n```\nso [7]", {7}, "```\nx[7] = y[8]\n```\nso [7]", [7]),
    ("[link](http://x) and [ ] and [12", {1}, "[link](http://x) and [ ] and [12", []),
    ("an array [1000] stays", {1}, "an array [1000] stays", []),
]


@pytest.mark.parametrize(("text", "known", "expected", "cited"), CASES)
def test_unknown_marks_vanish_wherever_the_stream_is_cut(
    text: str, known: set[int], expected: str, cited: list[int]
) -> None:
    assert filtered([text], known) == (expected, cited)
    assert filtered(list(text), known) == (expected, cited)
    for cut in itertools.combinations(range(len(text)), 2):
        pieces = [text[: cut[0]], text[cut[0] : cut[1]], text[cut[1] :]]
        assert filtered(pieces, known) == (expected, cited)


def test_marks_of_an_earlier_answer_are_stripped_before_the_next() -> None:
    assert strip_marks("Sugar is made [1][2]. Then [3, 4] it moves.") == (
        "Sugar is made. Then it moves."
    )
