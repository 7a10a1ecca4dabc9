"""Words to terms for BM25, one tokeniser for documents and questions.

A chunk is stemmed in its own language, a question in both: then no language has to be guessed for
the question. Terms are hashes, so there is no vocabulary table. Changing anything here means
writing all postings again: raise VERSION.
"""

import functools
import hashlib
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable

import snowballstemmer

VERSION = 1
LANGUAGES = ("en", "id")
# Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond".
K1 = 1.2
B = 0.75
# Pinned: half or double of the truth costs under one point of nDCG, keeping it exact would mean
# rewriting every posting of a collection whenever a document comes or goes.
AVERAGE_WORDS = 65.0

WORD = re.compile(r"[^\W_]+")
STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "a about above after again all also am an and any are as at be because been before being "
        "below between both but by can could did do does doing down during each few for from "
        "further had has have having he her here hers him his how i if in into is it its itself "
        "just me more most my no nor not of off on once only or other our ours out over own same "
        "she should so some such than that the their theirs them then there these they this those "
        "through to too under until up very was we were what when where which while who whom why "
        "will with would you your yours".split()
    ),
    "id": frozenset(
        "ada adalah agar akan aku anda antara apa apakah atas atau bagaimana bagi bahwa banyak "
        "beberapa begitu belum berapa bila bisa boleh bukan dalam dan dapat dari daripada demi "
        "dengan di dia dimana hal hanya hingga ia ialah ini itu jadi jika juga kalau kami kamu "
        "kapan karena ke kemudian kepada ketika kita lagi lain lalu maka mana masih mereka "
        "mengapa menjadi namun nya oleh pada para pernah pula pun saat saja sambil sampai sangat "
        "saya se sebagai sebelum sebuah secara sedang sehingga sejak sekali selain selama seluruh "
        "semua seorang seperti serta sesuatu setelah setiap siapa suatu sudah supaya tanpa tapi "
        "telah tentang terhadap tersebut tetapi tiap untuk yaitu yakni yang".split()
    ),
}
ALL_STOP_WORDS = STOP_WORDS["en"] | STOP_WORDS["id"]
_NAMES = {"en": "english", "id": "indonesian"}
# A stemmer keeps the word it works on inside itself, so each thread needs its own.
_local = threading.local()


@functools.lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    stemmers = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = snowballstemmer.stemmer(_NAMES[language])
    return str(stemmers[language].stemWord(word))


@functools.lru_cache(maxsize=200_000)
def term(stemmed: str) -> int:
    """A term's number: 0 <= n < 10^9, the same on every machine."""
    digest = hashlib.blake2b(stemmed.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % 1_000_000_000


def words(text: str) -> list[str]:
    """Lower-case words without the stop words of either language, in order."""
    found = WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return [word for word in found if word not in ALL_STOP_WORDS]


def tokens(text: str, language: str) -> list[str]:
    """The stems of a text in a language; "id" is Indonesian, all others are taken as English."""
    stemmer = language if language in LANGUAGES else "en"
    return [stem(word, stemmer) for word in words(text)]


def document_terms(text: str, language: str) -> dict[int, float]:
    """{term: BM25 weight tf / (tf + k1 (1 - b + b dl / avgdl))} of one chunk."""
    counts = Counter(map(term, tokens(text, language)))
    length = sum(counts.values())
    floor = K1 * (1 - B + B * length / AVERAGE_WORDS)
    return {number: count / (count + floor) for number, count in counts.items()}


def query_terms(text: str) -> list[int]:
    """The terms of a question, English and Indonesian stems of every word, each once."""
    found: Iterable[str] = (stem(word, code) for word in words(text) for code in LANGUAGES)
    return list(dict.fromkeys(map(term, found)))
