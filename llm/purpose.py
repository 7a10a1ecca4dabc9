"""What kind of answer a question asks for, told by its words, in English and Indonesian.

It only chooses between fallbacks: a wrong guess costs nothing but the better of two stand-ins. So
it is a list of words and no model; a question that says nothing plain is *general*.
"""

from __future__ import annotations

import re

from llm.models import Task

# Asked in this order: "write a poem about why ..." is creative, "why ... in 1945" is reasoning.
_WORDS: tuple[tuple[Task, str], ...] = (
    (
        Task.CREATIVE,
        r"poems?|stor(?:y|ies)|songs?|lyrics|essays?|slogans?|brainstorm|imagine|invent|role-?play"
        r"|write (?:me )?an?\b|draft|metaphors?|analog(?:y|ies)"
        r"|puisi|pantun|cerita|cerpen|dongeng|lagu|esai|karang(?:an|kan)|bayangkan|ciptakan"
        r"|tulis(?:kan)?|buat(?:kan)? (?:sebuah|cerita|puisi|pantun)|perumpamaan|analogi",
    ),
    (
        Task.REASONING,
        r"why|prove|proofs?|derive|deriv(?:ation|e)|calculate|comput(?:e|ation)|solve|compare"
        r"|contrast|step[ -]by[ -]step|explain how|how (?:does|do|is|are|can|would)|what if"
        r"|evaluate|analy[sz]e|argue|debug|justify"
        r"|mengapa|kenapa|buktikan|bukti|turunkan|hitung(?:lah)?|selesaikan|bandingkan"
        r"|langkah demi langkah|bagaimana|apa jadinya|analisis(?:lah)?|evaluasi|alasan(?:nya)?"
        r"|jelaskan (?:cara|proses|bagaimana)",
    ),
    (
        Task.FACTUAL,
        r"who|when|where|which|what (?:is|are|was|were|does)|what's|how (?:many|much|old|long|far)"
        r"|define|definition|meaning of|name (?:the|all|three|two)|list"
        r"|siapa(?:kah)?|kapan(?:kah)?|di ?mana(?:kah)?|manakah|apa(?:kah)? (?:itu|arti|yang)"
        r"|berapa(?:kah)?|definisi(?:kan)?|pengertian|sebutkan|arti dari",
    ),
)
_PATTERNS = [(task, re.compile(rf"\b(?:{words})\b", re.IGNORECASE)) for task, words in _WORDS]
# The request stands at the beginning or the end; what lies between may be pasted material.
_EDGE = 400


def task_of(question: str) -> Task:
    """The task of a question; *general* when no word tells."""
    text = question if len(question) <= 2 * _EDGE else f"{question[:_EDGE]}\n{question[-_EDGE:]}"
    found = (task for task, pattern in _PATTERNS if pattern.search(text))
    return next(found, Task.GENERAL)
