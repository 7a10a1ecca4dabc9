"""What counts as a word, in scripts with spaces and without."""

import re
import unicodedata

import pytest

from core.words import words

WORD = re.compile(r"[^\W_]+")


@pytest.mark.parametrize(
    "text",
    [
        "Jelaga kemiri dioleskan pada goresan; naskah lontar abad ke-19.",
        "Ångström’s café — naïve “résumé” № 5 ½ x² ﬁne",
        "Москва — столица России. Ελληνικά, עברית, 한국어 문서, हिन्दी",
        "snake_case FY2018 α-helix 3,14",
    ],
)
def test_languages_with_spaces_are_as_they_were(text: str) -> None:
    assert words(text) == WORD.findall(unicodedata.normalize("NFKC", text).lower())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("中国的首都是北京。", "中国 国的 的首 首都 都是 是北 北京"),
        ("人口2100万 (GDP)", "人口 2100 万 gdp"),
        ("東京は日本の首都です", "東京 は 日本 の 首都 です"),
        ("ﾃﾞｰﾀ", "デー ータ"),
        ("ภาษา", "ภา าษ ษา"),
        ("ꦲꦏ꧀ꦱꦫ꧈ ꦗꦮ꧉", "ꦲꦏ꧀ ꦏ꧀ꦱ ꦱꦫ ꦗꦮ"),
        ("ᬅᬓ᭄ᬱᬭ ᬩᬮᬶ᭞", "ᬅᬓ᭄ ᬓ᭄ᬱ ᬱᬭ ᬩᬮᬶ"),
    ],
)
def test_signs_go_in_pairs_where_nobody_writes_spaces(text: str, found: str) -> None:
    assert words(text) == found.split()


def test_arabic_is_compared_in_one_form() -> None:
    assert words("كِتَابٌ") == words("كتاب") == words("كتـــاب")
    assert words("أحمد إلى") == words("احمد الى")
    # Persian letters and the Arabic ones that stand for them on another keyboard.
    assert words("یک کتاب") == words("يك كتاب")
