"""Which words bear out a claim."""

from rag.passages import claims, locate, sentences

PASSAGE = (
    "Photosynthesis takes place in the chloroplast. Light is caught by chlorophyll, which\n"
    "looks green. The Calvin cycle fixes carbon dioxide in the stroma."
)


def test_each_mark_gets_the_sentence_that_carries_it() -> None:
    answer = "It happens in the chloroplast [1]. Carbon is fixed in the stroma [2][3].\nEnd."
    found = claims(answer)
    assert found[1] == "It happens in the chloroplast "
    assert "stroma" in found[2] and "stroma" in found[3]


def test_a_true_quotation_is_found_over_line_breaks_and_case() -> None:
    span = locate(PASSAGE, '"light is caught by chlorophyll, which looks green"')
    assert span.verified
    assert PASSAGE[span.start : span.end].startswith("Light is caught")
    assert PASSAGE[span.start : span.end].endswith("looks green")


def test_an_invented_quotation_is_not_verified() -> None:
    assert not locate(PASSAGE, 'It says "chlorophyll is made of copper and tin".').verified


def test_a_paraphrase_marks_the_nearest_sentence() -> None:
    span = locate(PASSAGE, "In the stroma the Calvin cycle binds carbon dioxide.")
    assert span.verified
    assert PASSAGE[span.start : span.end] == (
        "The Calvin cycle fixes carbon dioxide in the stroma."
    )


def test_a_claim_without_a_shared_word_marks_the_whole_passage() -> None:
    span = locate(PASSAGE, "Xylophone.")
    assert (span.start, span.end) == (0, len(PASSAGE))


def test_sentences_leave_out_blanks() -> None:
    assert [PASSAGE[s:e][:5] for s, e in sentences(PASSAGE)] == ["Photo", "Light", "The C"]
