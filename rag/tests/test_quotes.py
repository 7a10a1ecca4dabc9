"""Is a quotation on the page: what counts as the same, and what must not."""

import pytest

from rag.folding import fold
from rag.quotes import digest, find_close, find_exact, find_quote

PAGE = (
    "Photosynthesis takes place in the chloro-\nplast. Light is caught by “chlorophyll”, which\n"
    "looks green. The oﬃcial yield is 1.5 percent, not 15 percent, at −5 °C in the well-known "
    "lab of Ångström; growth of 10² cells. The Calvin cycle does not fix carbon dioxide at night, "
    "because the stomata of most plants are closed and no light is there to drive it."
)


@pytest.mark.parametrize(
    ("quotation", "words"),
    [
        ("takes place in the chloroplast", "takes place in the chloro-\nplast"),
        ('LIGHT is  caught by "chlorophyll", which looks green.', "Light is caught by"),
        ("the official yield is 1.5 percent", "The oﬃcial yield"),
        ("at -5 °C in the wellknown lab of A\u030angstro\u0308m", "at −5 °C"),
        ("Light is caught … which looks green", "Light is caught by “chlorophyll”, which\nlooks"),
        ("Light [of the sun] is caught by", "Light is caught by"),
        ("Light is caught [...] because the stomata of most plants", "Light is caught by"),
        ("**place** in the chloroplast", "place in"),
    ],
)
def test_dress_does_not_matter(quotation: str, words: str) -> None:
    found = find_exact(PAGE, quotation)
    assert found is not None and PAGE[found.start : found.end].startswith(words)


@pytest.mark.parametrize(
    "quotation",
    [
        "5 percent, not 15 percent",  # the page says 1.5
        "looks green. The official yield is 1",
        "5 °C in the well-known lab",  # the page says minus five
        "growth of 102 cells",
        "hotosynthesis takes place",
        "which looks blue",
        "the ... of ... in",
        "…",
        "",
    ],
)
def test_another_meaning_is_not_the_same(quotation: str) -> None:
    assert find_quote(PAGE, quotation) is None


def test_a_misread_word_is_close_and_a_lost_negation_is_not() -> None:
    misread = "because the stornata of most plants are closed and no light is there to drive it"
    found = find_close(PAGE, misread)
    assert found is not None and found.match == "close"
    assert PAGE[found.start : found.end].startswith("because the stomata")
    assert find_quote(PAGE, misread.replace("no light", "light")) is None
    assert (
        find_quote(
            PAGE,
            "The Calvin cycle does fix carbon dioxide at night, because the "
            "stomata of most plants are closed",
        )
        is None
    )
    assert (
        find_quote(
            PAGE,
            "The official yield is 1.6 percent, not 15 percent, at -5 °C in the well-known lab",
        )
        is None
    )


def test_twice_on_a_page_is_found_next_to_where_it_is_looked_for() -> None:
    page = "The leaf is green. " * 3
    found = find_exact(page, "the leaf is green", near=40)
    assert found is not None and found.start == 38


def test_offsets_lead_back_through_every_change_of_length() -> None:
    for piece in ("ﬁeld", "Straße", "ＡＢＣ", "a\u00adb", "İstanbul", "e\u0301"):
        text = f"xx {piece} yy"
        start, end = fold(text).span(fold(text).text.index(" ") + 1, fold(text).text.rindex(" "))
        assert text[start:end] == piece


def test_the_same_words_read_anew_have_the_same_digest() -> None:
    assert digest("The oﬃcial\nyield—of “it”") == digest('the official yield-of "it"')
    assert digest("10 percent") != digest("100 percent")


def test_a_long_page_and_a_long_quotation_do_not_take_long() -> None:
    page = " ".join(f"word{n % 700} leaf light" for n in range(20_000))
    assert find_quote(page, " ".join(f"word{n} light leaf" for n in range(90))) is None


MARKDOWN = (
    "# Bab **satu**\n\nFotosintesis *hanya* terjadi di `kloroplas`, lihat [gambar **dua**](a/b.png "
    '"Daun") dan ___stroma___.\n\n> - Klorofil **a** menyerap cahaya\n> - 5 * 3 * 2 = 30 \\*\n\n'
    "Nilai `x_1` dan snake_case_name tetap, **tidak pernah** 2*3*4, **-5** derajat."
)


@pytest.mark.parametrize(
    ("quotation", "words"),
    [
        ("Fotosintesis hanya terjadi di kloroplas", "Fotosintesis *hanya* terjadi di `kloroplas"),
        ("lihat gambar dua dan stroma.", 'lihat [gambar **dua**](a/b.png "Daun") dan ___stroma'),
        ("Bab satu fotosintesis hanya", "Bab **satu**\n\nFotosintesis *hanya"),
        ("Klorofil a menyerap cahaya 5 * 3 * 2 = 30", None),
        ("tetap, tidak pernah 2*3*4", "tetap, **tidak pernah** 2*3*4"),
        ("dan snake_case_name tetap", "dan snake_case_name tetap"),
        ("*hanya* terjadi", "*hanya* terjadi"),
    ],
)
def test_signs_of_markdown_are_not_seen(quotation: str, words: str | None) -> None:
    found = find_quote(MARKDOWN, quotation)
    assert found is not None and found.match == "exact"
    assert words is None or MARKDOWN[found.start : found.end] == words


@pytest.mark.parametrize(
    "quotation",
    ["pernah 234", "5 derajat", "snakecasename tetap", "Fotosintesis terjadi di kloroplas", "532"],
)
def test_without_its_signs_a_page_says_nothing_else(quotation: str) -> None:
    assert find_quote(MARKDOWN, quotation) is None


def test_signs_of_markdown_without_an_end_take_no_time() -> None:
    for page in ("**a " * 20_000, "[" * 50_000, "`a" * 30_000, "> " * 50_000, "_a " * 30_000):
        assert find_quote(page, "the light is caught by chlorophyll in leaves") is None
