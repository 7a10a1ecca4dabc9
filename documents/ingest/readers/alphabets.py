"""Which old table of one byte a letter a text in Latin letters was written with.

The tables hold the same bytes for other letters, so any of them decodes any text. What tells is
the spelling: by the right table every word is made of the letters of one language, with capitals
where capitals stand. Western European is believed first, another only where it is clearly better.
"""

import re
from collections import Counter
from collections.abc import Iterator

WESTERN = ("cp1252", "cp850", "mac_roman")
CENTRAL = ("cp1250", "iso8859-2", "cp852", "mac_latin2")
# Letters besides a to z of a language, and the tables its files come in.
LANGUAGES = (
    ("äöüß", WESTERN),
    ("àâæçéèêëîïôœùûüÿ", WESTERN),
    ("áéíñóúüçïàèòºª", WESTERN),
    ("áâãàçéêíóôõúüºª", WESTERN),
    ("àèéìíîòóùúºª", WESTERN),
    ("åäöæøéüá", WESTERN),
    ("áðéíóúýþæö", WESTERN),
    ("éèëïöüáóíú", WESTERN),
    ("ąćęłńóśźż", CENTRAL),
    ("áčďéěíňóřšťúůýž", CENTRAL),
    ("áäčďéíĺľňóôŕšťúýž", CENTRAL),
    ("áéíóöőúüű", CENTRAL),
    ("čćđšž", CENTRAL),
    ("ăâîşţ", CENTRAL),
    ("çëğıiöşüâîû", ("cp1254", "cp857")),
    ("āčēģīķļņšūž", ("cp1257",)),
    ("ąčęėįšųūž", ("cp1257",)),
)
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўђјљњћџѓѕќ"
ARABIC = "".join(map(chr, [*range(0x621, 0x63B), *range(0x640, 0x653)])) + "پچژگ،؛؟"
SCRIPTS = (
    (CYRILLIC, ("cp1251", "koi8-r", "iso8859-5", "cp866", "mac_cyrillic")),
    (ARABIC, ("cp1256", "iso8859-6")),
)
WORD = re.compile(rb"[A-Za-z'\x80-\xff]*[\x80-\xff][A-Za-z'\x80-\xff]*")
THAI = re.compile("[\u0e01-\u0e5b]")
# Vowels and tones above and below follow a consonant or one another, vowels in front stand before
# one, and digits stand by themselves: where not, it is no Thai. Big5 has Latin letters between.
ASTRAY = re.compile(
    "(?<![\u0e01-\u0e2e\u0e31-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
    "|[\u0e40-\u0e44](?![\u0e01-\u0e2e])|(?<=[\u0e01-\u0e2e])[\u0e4f-\u0e5b]"
    "|[\u0e01-\u0e5b][@-~](?=[\u0e01-\u0e5b])"
)
# Signs that may stand between letters, before or behind them, and anywhere but between them.
BETWEEN, BEFORE = "’–—…·\xad", "„‚¿¡"
SIGNS = BETWEEN + BEFORE + "“”‘«»‹›\xa0°€¤£¥©®™§¶•·²³¹½¼¾×÷±µ†‡‰¢¬"
MOST_WORDS = 3000
# A table that is not Western has to spell nearly all, and clearly more than the Western one.
LEAST, BETTER = 0.95, 0.1
FEWEST = 3


def latin(raw: bytes) -> str:
    """The table of a text in Latin letters that is not Windows-1252, or empty."""
    words = _words(raw)
    western = max(_share(words, "cp1252", letters) for letters, t in LANGUAGES if t is WESTERN)
    found = _best(words, LANGUAGES)
    telling = sum(n for word, n in words.items() if _differs(word, found))
    clear = _share_of(words, found) >= max(LEAST, western + BETTER)
    return found if clear and telling >= FEWEST else ""


def script(raw: bytes) -> str:
    """The table of a text in Cyrillic or Arabic letters, or empty."""
    words = _words(raw)
    found = _best(words, SCRIPTS)
    return found if _share_of(words, found, SCRIPTS) >= LEAST else ""


def is_thai(raw: bytes) -> bool:
    """Every letter is Thai, every mark where one can stand: no other text of such bytes is."""
    text = raw.decode("cp874", errors="replace")
    high = sum(character > "\x7f" for character in text)
    good = len(THAI.findall(text)) - 3 * len(ASTRAY.findall(text))
    return high >= FEWEST and good >= LEAST * high


def _words(raw: bytes) -> Counter[bytes]:
    return Counter(dict(Counter(WORD.findall(raw)).most_common(MOST_WORDS)))


def _best(words: Counter[bytes], languages: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """The first table of the language that spells most."""
    best, highest = "", 0.0
    for letters, tables in languages:
        for table in tables:
            share = _share(words, table, letters)
            if share > highest:
                best, highest = table, share
    return best


def _share_of(
    words: Counter[bytes],
    table: str,
    languages: tuple[tuple[str, tuple[str, ...]], ...] = LANGUAGES,
) -> float:
    return max((_share(words, table, s) for s, tables in languages if table in tables), default=0.0)


def _share(words: Counter[bytes], table: str, letters: str) -> float:
    """Of what is not ASCII, how much stands in words that this language could spell."""
    good = whole = 0
    for raw, count in words.items():
        word = raw.decode(table, errors="replace")
        high = count * sum(character > "\x7f" for character in word)
        whole += high
        good += high if _is_spelled(word, letters) else 0
    return good / whole if whole else 0.0


def _is_spelled(word: str, letters: str) -> bool:
    if any(sign in word for sign in SIGNS) and not _signs_stand_well(word):
        return False
    return all(_is_cased(part) and _is_of(part, letters) for part in _parts(word))


def _signs_stand_well(word: str) -> bool:
    for place, sign in enumerate(word):
        before, after = word[:place][-1:].isalpha(), word[place + 1 : place + 2].isalpha()
        if sign in SIGNS and sign not in BETWEEN and before and (after or sign in BEFORE):
            return False
    return True


def _parts(word: str) -> Iterator[str]:
    return filter(None, re.split(f"[{re.escape(SIGNS)}']+", word))


def _is_cased(part: str) -> bool:
    return part[1:] == part[1:].lower() or part == part.upper()


def _is_of(part: str, letters: str) -> bool:
    """Within a word of another script no Latin letter stands."""
    is_latin = letters[0] < "\u0370"
    return all((is_latin and c <= "\x7f") or c.lower()[:1] in letters for c in part)


def _differs(word: bytes, table: str) -> bool:
    return bool(table) and word.decode(table, "replace") != word.decode("cp1252", "replace")
