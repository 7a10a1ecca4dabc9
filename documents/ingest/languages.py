"""Which language a text is in: a two-letter code (ISO 639-1), empty where there is too little."""

from collections import Counter
from collections.abc import Mapping

from core.words import STOP_WORDS, words

SAMPLE = 600
LEAST = 30
# Little words are nearly half of English prose and a quarter of Indonesian; of other languages'
# prose they are hardly ever a tenth. So many of one and so few of the other need no model. LIKELY
# are enough where they told that one language, of these two, of a third of the passages before.
SURE, LIKELY, OTHER = {"en": 0.3, "id": 0.18}, 0.15, 0.05
SEVERAL = 20
# The model takes longer for a passage than everything else here. Of the passages that need it, it
# is asked about the first so many and then about each fifth; about the rest only when there is a
# language beside the main one that may be spoken by one passage in RARE.
FIRST, EACH = 50, 5
RARE = 20


def guess(text: str) -> str:
    sample = text[:SAMPLE]
    if sum(map(str.isalpha, sample)) < LEAST:
        return ""
    return _by_little_words(sample, SURE) or _by_model(sample)


class Spoken:
    """The languages of one document: `add` its passages in order, then `settle`."""

    def __init__(self) -> None:
        self._codes: list[str] = []
        # Passages whose language is the main one unless the model says otherwise.
        self._open: dict[int, str] = {}
        self._asked = 0
        self._counts: Counter[str] = Counter()
        self._told: Counter[str] = Counter()

    def add(self, text: str) -> str:
        """What the passage's language is taken for until all are known."""
        sample = text[:SAMPLE]
        code = ""
        if sum(map(str.isalpha, sample)) >= LEAST:
            code = _by_little_words(sample, self._enough())
            self._told[code] += bool(code)
            code = code or self._seldom_by_model(sample)
        self._codes.append(code)
        self._counts[code] += bool(code)
        return code

    def settle(self) -> tuple[list[str], str]:
        """(the language of each passage, the document's); a rare one is taken for the main one."""
        if self._open and self._may_be_mixed():
            for place, sample in self._open.items():
                self._codes[place] = _by_model(sample)
            self._open.clear()
        counts = Counter(filter(None, self._codes))
        main = counts.most_common(1)[0][0] if counts else ""
        sure = {code for code, count in counts.items() if count * RARE >= len(self._codes)}
        return [code if code in sure else main for code in self._codes], main

    def _enough(self) -> dict[str, float]:
        """The shares of little words that tell a language here."""
        for code, count in self._told.most_common(1):
            if count >= max(SEVERAL, len(self._codes) / 3, 0.9 * self._told.total()):
                return SURE | {code: LIKELY}
        return SURE

    def _seldom_by_model(self, sample: str) -> str:
        self._asked += 1
        if self._asked <= FIRST or self._asked % EACH == 0 or self._may_be_mixed():
            return _by_model(sample)
        self._open[len(self._codes)] = sample
        return ""

    def _may_be_mixed(self) -> bool:
        """By half of what is rare: what was asked is a sample."""
        others = self._counts.most_common(2)[1:]
        return bool(others) and others[0][1] * EACH * 2 * RARE >= len(self._codes)


def _by_model(sample: str) -> str:
    import py3langid  # noqa: PLC0415

    code, _score = py3langid.classify(sample)
    # Malay and Javanese are what short Indonesian texts are taken for; the stemmer fits them too.
    return "id" if code in ("ms", "jv") else str(code)


def _by_little_words(sample: str, enough: Mapping[str, float]) -> str:
    """ "en" or "id" where there is no doubt; a tenth of what the model takes."""
    found = words(sample)
    if len(found) < LEAST:
        return ""
    shares = {
        code: sum(map(little.__contains__, found)) / len(found)
        for code, little in STOP_WORDS.items()
    }
    for code, other in (("en", "id"), ("id", "en")):
        if shares[code] >= enough[code] and shares[other] <= OTHER:
            return code
    return ""
