"""Chosen sentences as quotations that can be found again on their page, word for word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llm.quoting.choose import Choice, Chosen, Passage
from llm.quoting.sentences import Sentence
from llm.quoting.words import ALL_STOP_WORDS, WORD, words

LONGEST, SHORTEST = 480, 20
# What may not stand inside: it would end the quotation, or be taken for a mark of the answer.
BREAKS = re.compile(r"[\"“”«»„]|[\[【]\d[\d,;\s–-]*[\]】]")
REFERENCE = re.compile(r"[\[【][\d,;\s–-]*[\]】]")
BAR = re.compile(r"(?<!\\)\|")
SPACES = re.compile(r"\s+")
# A sentence that begins like this leans on the one before.
LEANING = frozenset(
    "it they he she this these those such its their however therefore thus moreover ini itu "
    "hal ia dia mereka tersebut namun oleh selain akibatnya jadi".split()
)


@dataclass(frozen=True, slots=True)
class Quotation:
    """Consecutive words of the passage with this mark; white space is evened out, and "…" stands
    where a part was left away at an end."""

    mark: int
    text: str


def quotations(question: str, passages: Sequence[Passage], choice: Choice) -> list[Quotation]:
    """The best first; neighbouring sentences are one quotation, in the page's own order."""
    asked = {word for word in words(question) if word not in ALL_STOP_WORDS}
    rank = {chosen: place for place, chosen in enumerate(choice.chosen)}
    runs = []
    for number, sentences in enumerate(choice.sentences):
        places = {chosen.place for chosen in choice.chosen if chosen.passage == number}
        for first, last in _runs(places, sentences):
            best = min(rank.get(Chosen(number, p), len(rank)) for p in range(first, last + 1))
            runs.append((best, number, first, last))
    out: list[Quotation] = []
    for _best, number, first, last in sorted(runs):
        sentences = choice.sentences[number]
        whole = passages[number].text[sentences[first].start : sentences[last].end]
        text = _quotable(whole, asked)
        if len(text) >= SHORTEST:
            out.append(Quotation(passages[number].mark, text))
    return out


def _runs(chosen: set[int], sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """First and last of neighbouring sentences; one that leans takes the one before with it."""
    places = set(chosen)
    for place in chosen:
        before = sentences[place - 1]
        if place and _leans(sentences[place]) and before.whole and not before.alone:
            places.add(place - 1)
    runs: list[tuple[int, int]] = []
    for place in sorted(places):
        if runs and place == runs[-1][1] + 1 and _fits(sentences, runs[-1][0], place):
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs


def _leans(sentence: Sentence) -> bool:
    return bool(set(words(sentence.text)[:1]) & LEANING)


def _fits(sentences: Sequence[Sentence], first: int, last: int) -> bool:
    if any(sentence.alone for sentence in sentences[first : last + 1]):
        return False
    text = " ".join(sentence.text for sentence in sentences[first : last + 1])
    return len(text) <= LONGEST and not BREAKS.search(text)


def _quotable(text: str, asked: set[str]) -> str:
    """The text on one line; of what cannot stand in a quotation, the part that says most."""
    text = _without_bars(SPACES.sub(" ", text).strip())
    parts = [part.strip(" ,;:([") for part in BREAKS.split(text)]
    if len(parts) > 1:
        part = max(parts, key=lambda part: (len(asked & set(words(part))), len(part)))
        # A reference number at the end, such as "[12].", is no word that was left away.
        text = _dotted(part, REFERENCE.sub("", text))
    return text if len(text) <= LONGEST else _cut(text, asked)


def _without_bars(text: str) -> str:
    """Cells of a table with dots between them. Single words with dots quote nothing (rag.quotes):
    they keep their bars."""
    cells = [cell.strip() for cell in BAR.split(text)]
    if len(cells) > 1 and any(len(WORD.findall(cell)) > 1 for cell in cells):
        return " … ".join(cell for cell in cells if cell)
    return text


def _cut(text: str, asked: set[str]) -> str:
    """The stretch of a very long text that holds most of the question's words."""
    starts = [0] + [m.end() for m in re.finditer(r"[,;:)] | (?=[A-Z(])", text)]
    windows = [text[start : start + LONGEST - 2] for start in starts if start < len(text) - 40]
    best = max(windows, key=lambda window: len(asked & set(words(window))))
    if not text.endswith(best):
        best = best.rpartition(" ")[0]
    return _dotted(best.strip(), text)


def _dotted(part: str, text: str) -> str:
    """The part with dots where words of the text were left away."""
    before, _, after = text.partition(part)
    left = "… " if WORD.search(before) else ""
    return f"{left}{part}{' …' if WORD.search(after) else ''}"
