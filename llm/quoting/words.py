"""Content words of questions and sentences, in English and Indonesian."""

from __future__ import annotations

import functools
import threading

import snowballstemmer

from core.words import ALL_STOP_WORDS, STOP_WORDS, WORD, language, words

__all__ = ["ALL_STOP_WORDS", "STOP_WORDS", "WORD", "Stems", "language", "terms", "words"]

Stems = frozenset[str]
# Here a question's own words are left out too: they are no reason to quote a sentence.
ASKED_FOR = frozenset("explain give jelaskan sebutkan tell".split())
# A stemmer keeps the word it works on inside itself, so each thread needs its own.
_local = threading.local()


@functools.lru_cache(maxsize=20_000)
def _stems(word: str) -> Stems:
    stemmers = _local.__dict__.setdefault(
        "stemmers", [snowballstemmer.stemmer(name) for name in ("english", "indonesian")]
    )
    return frozenset(str(stemmer.stemWord(word)) for stemmer in stemmers)


def terms(text: str) -> list[Stems]:
    """Each content word as its English and its Indonesian stem: no language has to be guessed."""
    left_out = ALL_STOP_WORDS | ASKED_FOR
    return [_stems(word) for word in words(text) if word not in left_out]
