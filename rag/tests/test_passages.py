"""Which words a mark stands for, and which words bear them out."""

from rag.passages import claims, nearest, sentences

PASSAGE = (
    "Photosynthesis takes place in the chloroplast. Light is caught by chlorophyll, which\n"
    "looks green. The Calvin cycle fixes carbon dioxide in the stroma."
)


def test_each_mark_gets_the_sentence_that_carries_it() -> None:
    answer = "First. It happens in the chloroplast [1]. Carbon is fixed in the stroma [2][3].\nEnd."
    assert [(claim.numbers, claim.text) for claim in claims(answer)] == [
        ((1,), "It happens in the chloroplast"),
        ((2, 3), "Carbon is fixed in the stroma"),
    ]


def test_quotations_go_to_the_marks_of_their_sentence() -> None:
    answer = (
        'It says “light is caught. It is green” [1]. As [2] has it, "the cycle fixes carbon". '
        'Nobody said "this is not cited at all".'
    )
    assert [(claim.numbers, claim.quotations) for claim in claims(answer)] == [
        ((1,), ("light is caught. It is green",)),
        ((2,), ("the cycle fixes carbon",)),
    ]


def test_a_block_quotation_is_a_quotation_with_its_own_mark_or_that_below() -> None:
    found = claims("Look:\n> Light is caught\n> by chlorophyll. [1]\n\n> It looks green.\n— [2]\n")
    assert [claim.quotations for claim in found if claim.quotations] == [
        ("Light is caught by chlorophyll.",),
        ("It looks green.",),
    ]
    assert found[0].numbers == (1,) and found[1].numbers == (2,)


def test_marks_in_code_stand_for_nothing() -> None:
    assert claims("```\nx[1] = 2\n```\n") == []


def test_bullets_are_not_part_of_a_claim() -> None:
    assert claims("- Leaves are green [1]\n2. Roots are not [2]")[1].text == "Roots are not"


def test_a_paraphrase_marks_the_nearest_sentence() -> None:
    start, end = nearest(PASSAGE, "In the stroma the Calvin cycle binds carbon dioxide.")
    assert PASSAGE[start:end] == "The Calvin cycle fixes carbon dioxide in the stroma."


def test_a_claim_without_a_shared_word_marks_the_whole_passage() -> None:
    assert nearest(PASSAGE, "Xylophone.") == (0, len(PASSAGE))


def test_sentences_leave_out_blanks() -> None:
    assert [PASSAGE[s:e][:5] for s, e in sentences(PASSAGE)] == ["Photo", "Light", "The C"]
