import re

import pytest

from llm.quoting.choose import Passage, choose
from llm.quoting.quotations import quotations
from llm.quoting.sentences import split
from llm.quoting.words import language

CELL = """BIOLOGY 101 – LECTURE 3
Cell Respiration
The mitochondrion is the organelle in which most of the cell's ATP is
produced. Dr. Peter Mitchell described the proton gradient, e.g. across the inner
membrane, in 1961. It drives the enzyme ATP synthase.
What is the role of ATP in the cell?
• Glycolysis takes place in the cytosol.
• The Krebs cycle takes place in the matrix [12].
Table 3.1 Yield per glucose
Glycolysis 2 ATP
"""
FOTO = """Fotosintesis adalah proses yang dilakukan oleh tumbuhan hijau untuk mengubah energi
cahaya menjadi energi kimia. Proses ini berlangsung di dalam kloroplas yang mengandung
klorofil. Menurut Prof. Dr. H. Suyitno, S.Pd., laju fotosintesis dipengaruhi oleh intensitas
cahaya, kadar karbon dioksida, dan suhu. Pada suhu 30 derajat lajunya paling tinggi."""


def texts(passage):
    return [sentence.text for sentence in split(passage)]


def test_sentences_of_wrapped_lines_lists_and_headings():
    found = texts(CELL)
    assert "Cell Respiration" in found
    assert (
        "The mitochondrion is the organelle in which most of the cell's ATP is produced." in found
    )
    assert (
        "Dr. Peter Mitchell described the proton gradient, e.g. across the inner membrane, in 1961."
        in found
    )
    assert "Glycolysis takes place in the cytosol." in found, "the bullet is not part of it"
    assert "Glycolysis 2 ATP" in found


def test_indonesian_titles_do_not_end_a_sentence():
    assert any(text.startswith("Menurut Prof. Dr. H. Suyitno, S.Pd., laju") for text in texts(FOTO))
    assert len(texts(FOTO)) == 4


def test_offsets_point_into_the_passage():
    for sentence in split(CELL):
        piece = CELL[sentence.start : sentence.end]
        assert re.sub(r"\s+", " ", piece).strip() == sentence.text


def test_headings_rows_and_cut_pieces_are_not_whole_sentences():
    whole = {sentence.text: sentence.whole for sentence in split("of the cell. " + CELL)}
    assert not whole["of the cell."] and not whole["Glycolysis 2 ATP"]
    assert whole["Glycolysis takes place in the cytosol."]


@pytest.mark.parametrize("text", ["", "   \n\n ", "....", "12 34 56", "\x00"])
def test_nothing_to_say_gives_no_sentences(text):
    assert split(text) == []


def quoted(question, *passages):
    given = [Passage(number, text) for number, text in enumerate(passages, 1)]
    choice = choose(question, given)
    return quotations(question, given, choice), choice.direct


def is_verbatim(quotation, passage):
    words = [re.escape(word) for word in quotation.text.strip(" .…").split()]
    return re.search(r"\s+".join(words), passage) is not None


@pytest.mark.parametrize(
    ("question", "says", "mark"),
    [
        ("Where is most ATP produced?", "mitochondrion is the organelle", 1),
        ("When did Mitchell describe the proton gradient?", "in 1961", 1),
        ("where does the Krebs cycle take place", "takes place in the matrix", 1),
        ("Apa itu fotosintesis?", "Fotosintesis adalah proses", 2),
        ("Apa saja yang mempengaruhi laju fotosintesis?", "intensitas cahaya", 2),
        ("pada suhu berapa fotosintesis paling tinggi?", "30 derajat", 2),
    ],
)
def test_the_first_quotation_answers(question, says, mark):
    found, direct = quoted(question, CELL, FOTO)
    assert says in found[0].text and found[0].mark == mark and direct
    assert all(is_verbatim(quotation, (CELL, FOTO)[quotation.mark - 1]) for quotation in found)


def test_a_question_in_the_material_does_not_answer_a_question():
    found, _ = quoted("What is the role of ATP in the cell?", CELL)
    assert not found[0].text.endswith("?")


def test_a_sentence_that_leans_takes_the_one_before_with_it():
    found, _ = quoted("What drives ATP synthase?", CELL)
    assert found[0].text.startswith("Dr. Peter Mitchell") and found[0].text.endswith("synthase.")


def test_the_same_sentence_in_overlapping_passages_is_quoted_once():
    found, _ = quoted("What is photosynthesis?", FOTO, FOTO)
    assert len({quotation.text for quotation in found}) == len(found)


def test_marks_and_quotation_marks_of_the_page_stay_outside_the_quotation():
    page = 'Smith [3] calls the powerhouse "mitochondrion" a cliché of biology teaching [4, 5].'
    found, _ = quoted("What is the cliché of biology teaching?", page)
    assert not re.search(r"[\[\]\"“”]", found[0].text) and is_verbatim(found[0], page)


def test_an_endless_sentence_is_cut_around_the_words_asked_for():
    page = "The list names " + ", ".join(f"item number {n}" for n in range(80)) + ", and a zebra."
    found, _ = quoted("Is there a zebra?", page)
    assert "zebra" in found[0].text and len(found[0].text) <= 490 and is_verbatim(found[0], page)


def test_what_is_not_there_is_not_claimed():
    found, direct = quoted("Who won the 1998 world cup?", CELL, FOTO)
    assert not direct and len(found) <= 2


def test_at_most_a_handful_of_short_quotations():
    page = " ".join(f"Photosynthesis fact {n} is about light and leaf {n}." for n in range(60))
    found, _ = quoted("Explain photosynthesis, light and leaf", page)
    assert 1 <= len(found) <= 5 and sum(len(quotation.text) for quotation in found) < 2000


def test_language_of_short_questions():
    assert language("Apa itu sel?") == "id"
    assert language("what about mitochondria") == "en"
    assert language("DNA") == ""


LECTURE = """## Why leaves are green

Chlorophyll absorbs red and blue light most.
It reflects the green light that we see.

| Pigment | Absorbs mostly | Colour |
|---|:---:|---|
| Chlorophyll | red and blue light | green |
| Carotene | blue light alone | orange |

### Where does the green light go
> The green light is sent back by the leaf.
"""


def test_signs_of_markdown_are_no_part_of_a_quotation():
    found = texts(LECTURE)
    assert found[0] == "Why leaves are green"
    assert "Where does the green light go" in found
    assert "The green light is sent back by the leaf." in found
    assert not any("---" in text or text.startswith(("#", ">", "|")) for text in found)
    for sentence in split(LECTURE):
        piece = LECTURE[sentence.start : sentence.end]
        assert re.sub(r"\s+", " ", piece).strip() == sentence.text


@pytest.mark.parametrize(
    "question",
    ["Which light does chlorophyll absorb?", "Where does the green light go?", "Carotene absorbs?"],
)
def test_a_quotation_from_markdown_is_plain_and_stands_on_its_page(question):
    passages = [Passage(1, LECTURE)]
    quoted = quotations(question, passages, choose(question, passages))
    assert quoted
    for quotation in quoted:
        assert not set("#>|") & set(quotation.text), quotation.text
