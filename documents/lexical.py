"""Words to terms for BM25, one tokeniser for documents and questions.

A chunk is stemmed in its own language, a question in both: then no language has to be guessed for
the question. Terms are hashes, so there is no vocabulary table. Changing anything here means
writing all postings again: raise VERSION.
"""

import functools
import hashlib
import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import snowballstemmer

from core import scripts
from core.words import ASKING, content_words

VERSION = 5
LANGUAGES = ("en", "id")
# Robertson and Zaragoza (2009), "The Probabilistic Relevance Framework: BM25 and Beyond".
K1 = 1.2
B = 0.75
# Pinned: half or double of the truth costs under one point of nDCG, keeping it exact would mean
# rewriting every posting of a collection whenever a document comes or goes.
AVERAGE_WORDS = 65.0
AVERAGE_PAGE_WORDS = 200.0
# What a document is about stands where it begins: its first words count half as much again.
OPENING_WORDS = 5
OPENING = 0.5

POSSESSIVE = re.compile(r"['’]s\b")
LETTERS_OR_DIGITS = re.compile(r"[^\W\d_]+|\d+")
_NAMES = {"en": "english", "id": "indonesian", "ar": "arabic"}
# A stemmer keeps the word it works on inside itself, so each thread needs its own.
_local = threading.local()


@functools.lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Without accents; by its script before its language: Arabic has endings of its own."""
    word = scripts.bare(word)
    if scripts.ARABIC.match(word):
        language = "ar"
    stemmers = _local.__dict__.setdefault("stemmers", {})
    if language not in stemmers:
        stemmers[language] = snowballstemmer.stemmer(_NAMES[language])
    return str(stemmers[language].stemWord(word))


@functools.lru_cache(maxsize=200_000)
def term(stemmed: str) -> int:
    """A term's number: 0 <= n < 10^9, the same on every machine."""
    digest = hashlib.blake2b(stemmed.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % 1_000_000_000


def stemmer_of(language: str) -> str:
    """The language whose stems a text has: "id" is Indonesian, all others are taken as English."""
    return language if language in LANGUAGES else "en"


def tokens(text: str, language: str) -> list[str]:
    """The stems of a text in a language."""
    stemmer = stemmer_of(language)
    return [stem(word, stemmer) for word in content_words(text)]


def term_counts(text: str, language: str, opening: str = "") -> dict[int, float]:
    """How often each term is in a text; `opening`: the part of it that a document begins with."""
    stemmer = stemmer_of(language)
    counts: dict[int, float] = dict(Counter([_term_of(w, stemmer) for w in content_words(text)]))
    for word in content_words(opening)[:OPENING_WORDS]:
        counts[_term_of(word, stemmer)] += OPENING
    return counts


@functools.lru_cache(maxsize=200_000)
def _term_of(word: str, stemmer: str) -> int:
    return term(stem(word, stemmer))


def weights(counts: Mapping[int, float], average: float = AVERAGE_WORDS) -> dict[int, float]:
    """{term: BM25 weight tf / (tf + k1 (1 - b + b dl / avgdl))} of one chunk or page."""
    least = floor(sum(counts.values()), average)
    return {number: count / (count + least) for number, count in counts.items()}


def floor(length: Any, average: float) -> Any:
    """What BM25 adds to a count in a text of so many words: a number, or an array of them."""
    return K1 * (1 - B + B * length / average)


def document_terms(text: str, language: str) -> dict[int, float]:
    """{term: BM25 weight} of one chunk."""
    return weights(term_counts(text, language))


def query_terms(text: str) -> dict[int, int]:
    """The terms of a question: {English or Indonesian stem: number of the word it is a stem of}.

    The stems of one word are one word to the search, however seldom one of them is; words that
    share a stem are one, too. Words that only say what kind of answer is wanted are left out,
    unless there are no others. FY2018 asks for 2018 too.
    """
    asked = content_words(POSSESSIVE.sub("", text))
    told = [word for word in asked if word not in ASKING] or asked
    found: dict[int, int] = {}
    for number, part in enumerate(part for word in told for part in _parts(word)):
        stems = {term(stem(part, code)): number for code in LANGUAGES}
        known = {found[each] for each in stems if each in found}
        found |= stems
        found = {each: number if of in known else of for each, of in found.items()}
    return found


def _parts(word: str) -> list[str]:
    """The word itself, and what letters and digits grown together consist of."""
    parts = LETTERS_OR_DIGITS.findall(word)
    return [word, *(part for part in parts if len(part) > 1)] if len(parts) > 1 else [word]
