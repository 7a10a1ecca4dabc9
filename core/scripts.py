"""Scripts that are written without spaces between words, or with signs that may be left out.

Where words are not told apart on the page they are not told apart here either: each two neighbours
stand for a word, in the text and in the question (as in Lucene's CJK analyzer). That needs no
dictionary, and no guess of the language.
"""

import itertools
import re
import unicodedata
from collections.abc import Iterator

# Words have no spaces between them. Korean has, and so have the scripts of India.
BLOCKS = {
    "hiragana": [(0x3041, 0x309F)],
    "katakana": [(0x30A1, 0x30FF), (0x31F0, 0x31FF)],
    "thai": [(0x0E01, 0x0E4E)],
    "lao": [(0x0E81, 0x0ECD), (0x0EDC, 0x0EDF)],
    "burmese": [(0x1000, 0x109F)],
    "khmer": [(0x1780, 0x17D3), (0x17D7, 0x17DD)],
    "balinese": [(0x1B00, 0x1B7F)],
    "javanese": [(0xA980, 0xA9DF)],
}
# Too many to be asked one by one, and all of them letters.
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


def _letters(block: str) -> str:
    """The letters of a block with the marks that belong to them, without digits and stops."""
    signs = (chr(code) for first, last in BLOCKS[block] for code in range(first, last + 1))
    return "".join(sign for sign in signs if unicodedata.category(sign)[0] in "LM")


# A change of script is the end of a word: particles in kana after a noun in kanji.
_RUNS = "|".join(f"[{letters}]+" for letters in (HAN, *map(_letters, BLOCKS)))
RUN = re.compile(f"({_RUNS})")
# Asked first: to look for runs in a text without any would cost more than all the rest.
ANY = re.compile(f"[{HAN}{''.join(map(_letters, BLOCKS))}]")
_MARKS = "".join(
    sign for block in BLOCKS for sign in _letters(block) if unicodedata.category(sign)[0] == "M"
)
# A letter with its vowel signs is one sign.
SIGN = re.compile(f".[{_MARKS}]*")

# Arabic and Persian: vowel marks and lengthening are written or left out, and some letters have
# several forms that readers and keyboards take for one (Larkey, Ballesteros, Connell 2002).
_LEFT_OUT = dict.fromkeys([*range(0x064B, 0x0660), 0x0640, 0x0670])
PLAIN = _LEFT_OUT | str.maketrans("أإآٱىیېئةۀکؤ", "ااااييييههكو")
ARABIC = re.compile("[\u0600-\u06ff]")
ACCENTS = re.compile("(?<=[a-z])[\u0300-\u036f]+")


def plain(text: str) -> str:
    """The text in the one form in which Arabic letters are compared; all else as it is."""
    return text.translate(PLAIN) if ARABIC.search(text) else text


def bare(word: str) -> str:
    """Latin letters without their accents, which a question leaves out: Pokémon and Pokemon.

    `word` is in lower case. Marks of other letters make another letter and stay (й, が).
    """
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", ACCENTS.sub("", apart))


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each has spaces between its words."""
    if not ANY.search(text):
        yield text, True
        return
    for place, part in enumerate(RUN.split(text)):
        if part:
            yield part, place % 2 == 0


def pairs(run: str) -> list[str]:
    """Each sign with the next one; a sign that stands alone by itself."""
    signs = SIGN.findall(run)
    return ["".join(pair) for pair in itertools.pairwise(signs)] or signs
