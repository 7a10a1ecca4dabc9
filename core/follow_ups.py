"""Questions that cannot stand alone: "and the second?", "bagaimana fungsinya?".

A rule for where no model rewrites them: an elliptic question is looked for together with the last
question that could stand alone. It goes by little words of English and Indonesian.
"""

import re
from collections.abc import Sequence

from core.words import ALL_STOP_WORDS, ASKING, words

# Words of a question that speak of what was said before, and not of the material.
ABOUT_BEFORE = frozenset(
    "again also clarify continue deeper different elaborate else example examples expand first "
    "further last latter former next one ones previous reason second sentence simpler simply "
    "summarise summarize summary third thing things mean means shorter longer detail details "
    "bagian berapa contoh contohnya kedua kesatu ketiga lanjut lanjutkan lanjutan lebih maksud "
    "maksudnya artinya alasan alasannya pertama perjelas rinci rincinya ringkas ringkasnya "
    "sederhana selanjutnya sebelumnya singkat tadi terakhir terus berikan beri kasih detailnya "
    "gitu begitulah ok oke okay ya yes no tidak please halo hai hello hi hey thanks thank terima "
    "makasih".split()
)
POINTING = frozenset(
    "it its they them their theirs this that these those he she his her him hers itu ini tersebut "
    "dia ia mereka beliau tadi former latter".split()
)
# Ends in -nya and points at nothing.
NOT_POINTING = frozenset(
    "tanya bertanya punya mempunyai hanya biasanya umumnya misalnya sebenarnya akhirnya banyaknya "
    "sepenuhnya seharusnya sebaiknya terjadinya adanya".split()
)
OPENING = re.compile(
    r"^(?:and|but|so|or|then|what about|how about|dan|tapi|tetapi|lalu|terus|kalau|jika|"
    r"bagaimana dengan|gimana dengan|gimana|kalo|atau)\b",
    re.IGNORECASE,
)
# "Apa itu osmosis?" has one word of its own and stands alone.
ASKS_MEANING = re.compile(
    r"^(?:apa(?:kah)?(?: itu)?(?: yang dimaksud(?: dengan)?)?|siapa(?:kah)?(?: itu)?|"
    r"(?:di ?mana|jelaskan|definisikan|pengertian|explain|define|describe)|"
    r"(?:what|who|where) (?:is|are|was|were)(?: an?)?|what does)"
    r" (?!(?:the|its?|this|that|these|those|itu|ini|yang)\b)",
    re.IGNORECASE,
)
NAMES_WITH_ITU = re.compile(r"^(?:apa|siapa)(?:kah)? (?:sih )?itu (?=\w)", re.IGNORECASE)
# A greeting needs no search.
GREETINGS = frozenset(
    "hi hello hey halo hai hallo selamat pagi siang sore malam assalamualaikum thanks thank "
    "you terima kasih makasih ok oke okay good morning afternoon evening there apa kabar how "
    "are".split()
)
# A question with more words of its own says what it is about.
FEW = 3
LOOKED_BACK = 6
LONGEST = 600


def own_words(question: str) -> list[str]:
    """The words that say what a question is about."""
    left_out = ALL_STOP_WORDS | ASKING | ABOUT_BEFORE
    return [word for word in words(question) if word not in left_out]


def is_elliptic(question: str) -> bool:
    """Whether the question needs those before it to be understood."""
    question = " ".join(question.split())
    own = own_words(question)
    if not own:
        return True
    if len(own) > FEW:
        return False
    if OPENING.match(question) or _points_back(question):
        return True
    return len(own) == 1 and not ASKS_MEANING.match(question)


def stand_alone(question: str, history: Sequence[str], heading: str = "") -> str:
    """What to look for: the question itself, or with what it leaves out.

    `history` is what was asked before, oldest first; `heading` is that of the passage cited last,
    which a question without words of its own ("explain that further") is about.
    """
    question = " ".join(question.split())
    if not is_elliptic(question):
        return question
    earlier = [" ".join(text.split()) for text in history[-LOOKED_BACK:] if own_words(text)]
    if any(text[:LONGEST] in question for text in earlier if text != question):
        return question  # written before, by this rule or by a model
    anchor = next(
        (place for place in reversed(range(len(earlier))) if not is_elliptic(earlier[place])), 0
    )
    carried = earlier[anchor : anchor + 1]
    carried += [" ".join(own_words(text)) for text in earlier[anchor + 1 :][-2:]]
    if heading and not own_words(question):
        carried.append(heading)
    return " ".join([*(text[:LONGEST] for text in carried), question])


def _points_back(question: str) -> bool:
    found = words(NAMES_WITH_ITU.sub("", question))
    return any(word in POINTING or _ends_in_nya(word) for word in found)


def _ends_in_nya(word: str) -> bool:
    return word.endswith("nya") and len(word) > len("nya") + 2 and word not in NOT_POINTING


def is_greeting(question: str) -> bool:
    found = words(question)
    return 0 < len(found) <= 5 and set(found) <= GREETINGS
