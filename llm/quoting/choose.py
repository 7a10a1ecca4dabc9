"""Which sentences of the passages answer the question best.

A sentence scores by the weight of the question's words it holds (idf over all sentences at hand),
by the kind of thing asked for (a date, a number, a name), and by the rank of its passage. Sentences
are then taken greedily: what the ones before have already said counts for less.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from llm.quoting.sentences import Sentence, split
from llm.quoting.words import Stems, terms, words

MOST, TOTAL, SHORTEST = 5, 1400, 20
NUMBER = re.compile(r"\d")
NAME = re.compile(r"(?<=[^.!?] )[A-Z][\w’'-]+")
NOISE = re.compile(r"\.{4,}|(?:\. ){4,}|https?://|doi\.org|©|ISBN|ISSN", re.IGNORECASE)
ASKS_NUMBER = frozenset("when kapan kapankah berapa berapakah many much year tahun tanggal".split())
ASKS_MEANING = re.compile(
    r"\bdimaksud|\bpengertian|\bdefini|\bapa(?:kah)? itu\b|\bwhat (?:is|are)\b|\bmeaning\b",
    re.IGNORECASE,
)
DEFINES = re.compile(r"\b(?:adalah|merupakan|ialah|yaitu|is|are|refers?|means?)\b")
ASKS_NAME = frozenset("who whom whose siapa siapakah where dimana dimanakah mana".split())


@dataclass(frozen=True, slots=True)
class Passage:
    """``about`` is what the passage belongs to: its document and heading."""

    mark: int
    text: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sentence of a passage: indices into the passages and into its ``split``."""

    passage: int
    place: int


@dataclass(frozen=True, slots=True)
class Choice:
    """``direct`` is False when the best sentence holds little of what was asked."""

    sentences: list[list[Sentence]]
    chosen: tuple[Chosen, ...]
    direct: bool


@dataclass(slots=True)
class _Candidate:
    at: Chosen
    sentence: Sentence
    terms: frozenset[Stems]
    about: frozenset[str]
    base: float = 1.0

    def holds(self, wanted: Stems) -> bool:
        return any(stems & wanted for stems in self.terms)

    def share(self, weights: dict[Stems, float], total: float) -> float:
        """How much of the question's weight the sentence holds, 0 to 1; what only the rest of its
        passage, or the document's or heading's name, holds counts in part."""
        held = 0.0
        for wanted, weight in weights.items():
            if self.holds(wanted):
                held += weight
            elif wanted & self.about:
                held += 0.3 * weight
        return held / total


def choose(question: str, passages: Sequence[Passage]) -> Choice:
    sentences = [split(passage.text) for passage in passages]
    candidates = _candidates(passages, sentences)
    weights = _weights(question, candidates)
    for candidate in candidates:
        candidate.base = _base(candidate, question)
    picked = _pick(candidates, weights)
    total = sum(weights.values()) or 1.0
    best = max((candidate.share(weights, total) for candidate in picked), default=0.0)
    return Choice(sentences, tuple(c.at for c in picked), direct=best >= 0.4)


def _candidates(
    passages: Sequence[Passage], sentences: Sequence[Sequence[Sentence]]
) -> list[_Candidate]:
    """Every sentence once, under the best passage that holds it: passages overlap."""
    seen: set[str] = set()
    found = []
    for number, passage in enumerate(passages):
        around = terms(f"{passage.about} {passage.text}")
        about = frozenset(stem for stems in around for stem in stems)
        for place, sentence in enumerate(sentences[number]):
            key = " ".join(words(sentence.text))
            if len(sentence.text) < SHORTEST or key in seen:
                continue
            seen.add(key)
            held = frozenset(terms(sentence.text))
            found.append(_Candidate(Chosen(number, place), sentence, held, about))
    return found


def _weights(question: str, candidates: Sequence[_Candidate]) -> dict[Stems, float]:
    """The question's terms with their idf; a rare word tells more than a frequent one."""
    counts: Counter[str] = Counter()
    for candidate in candidates:
        counts.update({stem for stems in candidate.terms for stem in stems})
    return {
        stems: math.log(1 + len(candidates) / (1 + max(counts[stem] for stem in stems)))
        for stems in set(terms(question))
    }


def _base(candidate: _Candidate, question: str) -> float:
    """What speaks for a sentence besides the words of the question; about 1."""
    text, score = candidate.sentence.text, 0.9**candidate.at.passage
    asked = set(words(question))
    if not candidate.sentence.whole:
        score *= 0.75
    if text.rstrip("\"'”").endswith("?"):
        score *= 0.35
    if NOISE.search(text):
        score *= 0.4
    if asked & ASKS_NUMBER:
        score *= 1.25 if NUMBER.search(text) else 0.8
    if asked & ASKS_NAME:
        new = {name.lower() for name in NAME.findall(text)} - asked
        score *= 1.2 if new else 0.85
    if ASKS_MEANING.search(question) and _defines(text):
        score *= 1.4
    return score


def _defines(text: str) -> bool:
    """Whether it begins like "X is ...", with nothing much before the verb."""
    verb = DEFINES.search(text)
    return verb is not None and len(terms(text[: verb.start()])) <= 6


def _pick(candidates: Sequence[_Candidate], weights: dict[Stems, float]) -> list[_Candidate]:
    picked: list[_Candidate] = []
    left, length = list(candidates), 0
    weights = dict(weights)
    total = sum(weights.values()) or 1.0
    first = 0.0
    # Where nothing asked for is found, a glance at what came nearest is enough.
    most = MOST if any(c.share(weights, total) for c in candidates) else 2
    while left and len(picked) < most and length < TOTAL:
        score, chosen = max(((_score(c, weights, total), c) for c in left), key=lambda row: row[0])
        if picked and score < 0.33 * first:
            break
        left.remove(chosen)
        if any(_alike(chosen, other) for other in picked):
            continue
        first = first or score
        picked.append(chosen)
        length += len(chosen.sentence.text)
        for wanted in weights:
            if chosen.holds(wanted):
                weights[wanted] *= 0.6
    return picked


def _score(candidate: _Candidate, weights: dict[Stems, float], total: float) -> float:
    # A long sentence holds many words by chance (as b in BM25).
    length = 0.6 + 0.4 * max(len(candidate.terms), 6) / 18
    return candidate.base * (0.02 + candidate.share(weights, total) / length)


def _alike(one: _Candidate, other: _Candidate) -> bool:
    both = len(one.terms & other.terms)
    return both > 0.7 * min(len(one.terms), len(other.terms))
