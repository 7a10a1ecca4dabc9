"""Thoughts in the text of an answer, cut into pieces at every place."""

import itertools

import pytest

from llm.events import ReasoningDelta, TextDelta
from llm.providers.thinking import Thinking

SAID = "\n\nIt is <think>a tag</think> & done."


def told(*pieces: str) -> tuple[str, str]:
    """(thought, said)"""
    thinking = Thinking()
    events = [event for piece in pieces for event in thinking.feed(piece)] + thinking.rest()
    assert all(event.text for event in events)
    thought = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    return thought, "".join(event.text for event in events if isinstance(event, TextDelta))


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<think>", "</think>"), ("\n <thinking>", "</thinking>"), ("[THINK]", "[/THINK]")],
)
def test_wherever_it_is_cut_thought_and_text_are_told_apart(opening: str, closing: str) -> None:
    whole = f"{opening}\nWhy < so? </thin>{closing}{SAID}"
    for first, second in itertools.combinations(range(len(whole) + 1), 2):
        pieces = (whole[:first], whole[first:second], whole[second:])
        assert told(*pieces) == ("\nWhy < so? </thin>", SAID.lstrip())
    assert told(*whole) == ("\nWhy < so? </thin>", SAID.lstrip())


@pytest.mark.parametrize(
    "text",
    ["", " ", "<", "<thin", "<b>bold</b>", "Say <think>x</think>", "\n\nTwo", "[1] is", "[TH"],
)
def test_what_does_not_begin_with_a_thought_is_text_to_the_letter(text: str) -> None:
    assert told(*text) == ("", text) == told(text)


def test_a_thought_without_an_end_is_no_answer() -> None:
    assert told("<think>", "and so on </thi") == ("and so on </thi", "")


def test_text_is_not_held_back_longer_than_it_must() -> None:
    thinking = Thinking()
    assert thinking.feed("<") == []
    assert thinking.feed("b") == [TextDelta("<b")]
    thinking = Thinking()
    assert thinking.feed("<think>abc") == [ReasoningDelta("abc")]
    assert thinking.feed("def</th") == [ReasoningDelta("def")]
    assert thinking.feed("x") == [ReasoningDelta("</thx")]
