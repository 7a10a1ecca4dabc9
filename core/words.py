"""Words of a text: what counts as one, and the little ones of English and Indonesian.

Both decide what is in the index: raise documents.lexical.VERSION when they change.
"""

import re
import unicodedata

from core import scripts

WORD = re.compile(r"[^\W_]+")
STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        "a about above after again all also am an and any are as at be because been before being "
        "below between both but by can could did do does doing down during each few for from "
        "further had has have having he her here hers him his how i if in into is it its itself "
        "just me more most my no nor not of off on once only or other our ours out over own "
        "please same she should so some such than that the their theirs them then there these "
        "they this those through to too under until up very was we were what when where which "
        "while who whom whose why will with would you your yours".split()
    ),
    "id": frozenset(
        "ada adalah agar akan aku anda antara apa apakah atas atau bagaimana bagaimanakah bagi "
        "bahwa banyak beberapa begitu belum berapa berapakah bila bisa boleh bukan coba dalam dan "
        "dapat dari daripada demi dengan di dia dimaksud dimana dimanakah disebut hal hanya "
        "hingga ia ialah ini itu jadi jika juga kah kalau kami kamu kapan kapankah karena ke "
        "kemudian kepada ketika kita lagi lain lalu maka mana manakah masih mengapa mengapakah "
        "menjadi menurut mereka namun nya oleh pada para pernah pula pun saat saja sambil sampai "
        "sangat saya se sebagai sebelum sebuah secara sedang sehingga sejak sekali selain selama "
        "seluruh semua seorang seperti serta sesuatu setelah setiap siapa siapakah suatu sudah "
        "supaya tanpa tapi telah tentang terhadap tersebut tetapi tiap tolong untuk yaitu yakni "
        "yang".split()
    ),
}
ALL_STOP_WORDS = STOP_WORDS["en"] | STOP_WORDS["id"]
# What a question says about the answer it wants. In a document such words may be the subject.
ASKING: frozenset[str] = frozenset(
    "answer assume based describe detail details document explain follow following give given "
    "information list many mention mentioned much name named primarily provide question rely "
    "relying report respond response show shown shows state stated tell use using write written "
    "berikut bernama jawab jawaban jelaskan nama namanya pertanyaan sebut sebutkan "
    "according".split()
)


def words(text: str) -> list[str]:
    """Lower-case words in order, stop words left in; pairs of signs where nobody writes spaces."""
    text = unicodedata.normalize("NFKC", text).lower()
    if text.isascii():
        return WORD.findall(text)
    found: list[str] = []
    for part, has_spaces in scripts.parts(scripts.plain(text)):
        found += WORD.findall(part) if has_spaces else scripts.pairs(part)
    return found


def content_words(text: str) -> list[str]:
    """Lower-case words in order without the stop words of either language."""
    return [word for word in words(text) if word not in ALL_STOP_WORDS]


def language(text: str) -> str:
    """ "en" or "id" by the little words only one of the two has; "" when they do not tell."""
    found = set(words(text))
    english = len(found & STOP_WORDS["en"] - STOP_WORDS["id"])
    indonesian = len(found & STOP_WORDS["id"] - STOP_WORDS["en"])
    if english == indonesian:
        return ""
    return "en" if english > indonesian else "id"
