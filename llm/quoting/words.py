"""Content words of questions and sentences, in English and Indonesian."""

from __future__ import annotations

import functools
import re
import threading
import unicodedata

import snowballstemmer

Stems = frozenset[str]
WORD = re.compile(r"[^\W_]+")
STOP_WORDS = {
    "en": frozenset(
        "a about above after again all also am an and any are as at be because been before being "
        "between both but by can could did do does doing during each few for from further had has "
        "have having he her here hers him his how i if in into is it its itself just me more most "
        "my no nor not of off on once only or other our ours out over own please same she should "
        "so some such tell than that the their theirs them then there these they this those "
        "through to too under until up very was we were what when where which while who whom "
        "whose why will with would you your yours explain give".split()
    ),
    "id": frozenset(
        "ada adalah agar akan aku anda antara apa apakah atas atau bagaimana bagaimanakah bagi "
        "bahwa banyak beberapa begitu belum berapa berapakah bila bisa boleh bukan coba dalam dan "
        "dapat dari daripada demi dengan di dia dimana dimaksud disebut hal hanya hingga ia ialah "
        "ini itu jadi jelaskan jika juga kah kalau kami kamu kapan kapankah karena ke kemudian "
        "kepada ketika kita lagi lain lalu maka mana manakah masih mereka mengapa mengapakah "
        "menjadi menurut namun nya oleh pada para pernah pula pun saat saja sambil sampai sangat "
        "saya se sebagai sebelum sebuah sebutkan secara sedang sehingga sejak sekali selain "
        "selama seluruh semua seorang seperti serta sesuatu setelah setiap siapa siapakah suatu "
        "sudah supaya tanpa tapi telah tentang terhadap tersebut tetapi tiap tolong untuk yaitu "
        "yakni yang".split()
    ),
}
ALL_STOP_WORDS = STOP_WORDS["en"] | STOP_WORDS["id"]
# A stemmer keeps the word it works on inside itself, so each thread needs its own.
_local = threading.local()


@functools.lru_cache(maxsize=20_000)
def _stems(word: str) -> Stems:
    stemmers = _local.__dict__.setdefault(
        "stemmers", [snowballstemmer.stemmer(name) for name in ("english", "indonesian")]
    )
    return frozenset(str(stemmer.stemWord(word)) for stemmer in stemmers)


def words(text: str) -> list[str]:
    """Lower-case words of a text, stop words left in."""
    return WORD.findall(unicodedata.normalize("NFKC", text).lower())


def terms(text: str) -> list[Stems]:
    """Each content word as its English and its Indonesian stem: no language has to be guessed."""
    return [_stems(word) for word in words(text) if word not in ALL_STOP_WORDS]


def language(text: str) -> str:
    """ "en" or "id" by the little words only one of the two has; "" when they do not tell."""
    found = set(words(text))
    english = len(found & STOP_WORDS["en"] - STOP_WORDS["id"])
    indonesian = len(found & STOP_WORDS["id"] - STOP_WORDS["en"])
    if english == indonesian:
        return ""
    return "en" if english > indonesian else "id"
