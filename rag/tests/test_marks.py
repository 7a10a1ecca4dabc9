"""Marks are filtered the same however the text is cut."""

import itertools

import pytest

from rag.marks import MarkFilter, strip_marks


def filtered(pieces: list[str], known: set[int]) -> tuple[str, list[int]]:
    marks = MarkFilter(lambda numbers, _before: [n for n in numbers if n in known])
    text = "".join(marks.feed(piece) for piece in pieces) + marks.close()
    return text, marks.cited


CASES = [
    ("Leaves make sugar [1].", {1}, "Leaves make sugar [1].", [1]),
    ("Nothing says so [7].", {1}, "Nothing says so.", []),
    ("Both [1, 2] and [2][9].", {1, 2}, "Both [1][2] and [2].", [1, 2]),
    ("As 【1†source】 says", {1}, "As [1] says", [1]),
    ("`a[1]` is code, [1] is not", {1}, "`a[1]` is code, [1] is not", [1]),
    ("```\nx[7] = y[8]\n```\nso [7]", {7}, "```\nx[7] = y[8]\n```\nso [7]", [7]),
    ("~~~\nx[7]\n~~~\nso [8].", {7}, "~~~\nx[7]\n~~~\nso.", []),
    ("one ` tick\nand [9].", {1}, "one ` tick\nand.", []),
    ("[link](http://x) and [ ] and [12", {1}, "[link](http://x) and [ ] and [12", []),
    ("[9](http://x) is a link", {1}, "[9](http://x) is a link", []),
    ("an array [1000] of [2023] stays", {1}, "an array [1000] of [2023] stays", []),
    ("[Source 1] and [sumber 9] say", {1}, "[1] and say", [1]),
    ("See [Source 1, Source 2].", {1, 2}, "See [1][2].", [1, 2]),
    ("full ［１］ width [２]", {1}, "full [1] width", [1]),
    ("a range [1-3].", {1, 2, 3}, "a range [1][2][3].", [1, 2, 3]),
    ("a note [^1] of it", {1}, "a note [1] of it", [1]),
    ("twice [1][1].", {1}, "twice [1].", [1]),
    ("[1] [2]\n[1]", {1, 2}, "[1][2]\n[1]", [1, 2]),
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


def test_a_mark_is_bound_with_the_line_before_it_however_it_came() -> None:
    seen: list[str] = []

    def bind(numbers: list[int], before: str) -> list[int]:
        seen.append(before)
        return [numbers[0] + 1]

    for pieces in (
        ["First.\nHe says “so it is”", " [1", "]."],
        ["First.\nHe says “so it is” [1]."],
    ):
        marks = MarkFilter(bind)
        assert "".join(map(marks.feed, pieces)) + marks.close() == "First.\nHe says “so it is” [2]."
        assert marks.cited == [2]
    assert seen == ["He says “so it is”"] * 2


def test_marks_without_an_end_do_not_take_long() -> None:
    marks = MarkFilter(lambda numbers, _before: numbers)
    for text in ("[1" * 20_000, "[1]" * 20_000 + "x", "[1 " * 20_000, "[source " * 9_000):
        marks.feed(text)
    marks.close()


def test_marks_of_an_earlier_answer_are_stripped_before_the_next() -> None:
    assert strip_marks("Sugar is made [1][2]. Then [3, 4] it moves.") == (
        "Sugar is made. Then it moves."
    )
