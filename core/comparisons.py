"""Questions about several things at once, as one question for each.

A rule for where no model does it: "bandingkan A dan B dalam hal Z", "what do A and B say about Z".
A page that says much of A and nothing of B ranks low for the whole question, and first for its
part.
"""

import re

from core.words import content_words

MOST = 3
# A longer "thing" is a clause, and the rule has misread the sentence.
LONGEST = 8
# What is longer is pasted material.
LONGEST_QUESTION = 300
_AND = r"\s*(?:,?\s+(?:and|dan|serta|dengan|with|to|vs\.?|versus|or|atau|against|from)\s+|,\s*)"
_AND_IN_QUESTION = re.compile(_AND, re.IGNORECASE)
_ABOUT = (
    r"(?:\s*,?\s+(?P<link>about|on|regarding|in terms of|with respect to|concerning|tentang|"
    r"mengenai|dalam hal|dari segi|dari sisi|terkait|soal|in|dalam|menurut|berdasarkan)"
    r"\s+(?P<about>.+?))?"
)
_THINGS = rf"(?P<things>.+?{_AND}.+?)"
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:please |tolong |coba )?(?:compare|contrast|bandingkan(?:lah)?)\s+{_THINGS}{_ABOUT}$",
        r"^(?:.{0,40}?\b)?(?:differences?|similarit(?:y|ies)|comparison|distinction) between\s+"
        rf"{_THINGS}{_ABOUT}$",
        r"^(?:.{0,40}?\b)?(?:beda|bedanya|perbedaan|persamaan|perbandingan)\s+(?:antara\s+)?"
        rf"{_THINGS}{_ABOUT}$",
        r"^(?:what|how) (?:do|does|did)\s+(?P<things>.+?\s+and\s+.+?)\s+"
        r"(?:say|state|write|report|claim|differ|compare|define|describe|explain|treat)\b\s*"
        r"(?:(?:about|on|regarding|in|in terms of)\s+)?(?P<about>.*?)$",
        r"^apa (?:kata|isi|pendapat|pandangan)\s+(?P<things>.+?\s+(?:dan|serta)\s+.+?)\s+"
        r"(?:tentang|mengenai|soal|terhadap)\s+(?P<about>.+?)$",
        r"^bagaimana\s+(?P<things>.+?\s+(?:dan|serta)\s+.+?)\s+"
        r"(?:menjelaskan|membahas|mendefinisikan|memandang|berbeda(?: dalam)?)\s*(?P<about>.*?)$",
        rf"^(?P<things>\S.{{0,80}}?\s+(?:vs\.?|versus)\s+\S.{{0,80}}?){_ABOUT}$",
    )
]


def parts(question: str) -> list[str]:
    """What to look for besides the question: one query for each thing; none for other questions."""
    asked = " ".join(question.split()).rstrip(" ?.!")
    if len(asked) > LONGEST_QUESTION:
        return []
    for pattern in _PATTERNS:
        found = pattern.match(asked)
        if found:
            return _parts(found["things"], found.groupdict().get("about") or "")
    return []


def _parts(things: str, about: str) -> list[str]:
    named = [thing.strip(" \"'“”") for thing in _AND_IN_QUESTION.split(things)]
    named = list(dict.fromkeys(thing for thing in named if content_words(thing)))
    if not 2 <= len(named) <= MOST or any(len(thing.split()) > LONGEST for thing in named):
        return []
    return [f"{thing}: {about}" if about.strip() else thing for thing in named]
