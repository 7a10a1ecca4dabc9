"""The languages of a document's passages, with as few questions to the model as do."""

import pytest

from documents.ingest import languages
from documents.ingest.languages import EACH, FIRST, Spoken

ENGLISH = (
    "The leaves of the palm were cut and they were dried in the sun for a week before the writers "
    "of the island took them and wrote on both sides with a knife that was made for it."
)
INDONESIAN = (
    "Daun lontar itu dipotong dan dikeringkan di bawah matahari selama seminggu sebelum para "
    "penulis di pulau itu mengambilnya dan menulis pada kedua sisi dengan pisau yang dibuat untuk "
    "itu oleh seorang pandai besi."
)
FRENCH = "Les feuilles du palmier étaient coupées puis séchées au soleil pendant une semaine."
TABLE = "Revenue 2019 2020 2021 operating margin cash flow dividends per share goodwill"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts the model is asked about; it is right about all of these."""
    texts: list[str] = []

    def answer(sample: str) -> str:
        texts.append(sample)
        return "fr" if sample == FRENCH else "en"

    monkeypatch.setattr(languages, "_by_model", answer)
    return texts


def spoken(texts: list[str]) -> tuple[list[str], str]:
    heard = Spoken()
    for text in texts:
        heard.add(text)
    return heard.settle()


def test_little_words_need_no_model(asked: list[str]) -> None:
    assert spoken([ENGLISH] * 9 + [INDONESIAN] * 3) == (["en"] * 9 + ["id"] * 3, "en")
    assert not asked


def test_the_model_itself_knows_what_little_words_do_not_tell() -> None:
    assert languages.guess(FRENCH) == "fr"
    assert languages.guess("1,204 | 88") == ""


def test_every_passage_of_a_short_document_is_asked_about(asked: list[str]) -> None:
    assert spoken([FRENCH, TABLE, FRENCH]) == (["fr", "en", "fr"], "fr")
    assert len(asked) == 3


def test_of_many_passages_in_one_language_few_are_asked_about(asked: list[str]) -> None:
    codes, main = spoken([ENGLISH, TABLE] * 500)
    assert (set(codes), main) == ({"en"}, "en")
    assert len(asked) == FIRST + (500 - FIRST) // EACH


def test_a_second_language_makes_it_ask_about_all(asked: list[str]) -> None:
    texts = [ENGLISH] * 300 + [TABLE] * 300 + [FRENCH] * 60
    codes, main = spoken(texts)
    assert main == "en" and codes == ["en"] * 600 + ["fr"] * 60
    assert len(asked) == 360


def test_one_passage_in_a_hundred_is_taken_for_the_main_language(asked: list[str]) -> None:
    codes, _main = spoken([FRENCH, *[ENGLISH] * 99])
    assert set(codes) == {"en"}


def test_numbers_are_in_the_language_of_their_document(asked: list[str]) -> None:
    assert spoken(["1 2 3", INDONESIAN]) == (["id", "id"], "id")
    assert spoken(["1 2 3"]) == ([""], "")


def test_after_many_passages_in_one_language_fewer_little_words_tell_it(asked: list[str]) -> None:
    terse = (
        "Palm leaf manuscripts: cutting, boiling, drying, pressing, writing in soot ink with iron "
        "styluses on both sides; storing between wooden boards; the oldest date from the island's "
        "ninth century courts."
    )
    assert spoken([terse]) == (["en"], "en") and asked == [terse]
    asked.clear()
    spoken([ENGLISH] * 30 + [terse, FRENCH])
    assert asked == [FRENCH]
    asked.clear()
    spoken([ENGLISH, INDONESIAN] * 30 + [terse])
    assert asked == [terse], "not where two languages are spoken"
