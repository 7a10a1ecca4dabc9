"""What a person's newest documents are about, by their own headings."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min

from accounts.models import User
from documents.asking import reading_as
from documents.models import QA, Chunk, Collection, Document

NEWEST = 8  # documents that are looked at
FIRST = 80  # passages of each
SHORTEST, LONGEST, MOST_WORDS = 5, 70, 9

# Parts that every book has: nothing can be asked of them. In lower case, without numbers.
EVERYWHERE = frozenset(
    """
    table of contents; contents; index; references; reference; bibliography; further reading; notes;
    acknowledgements; acknowledgments; acknowledgement; abstract; summary; introduction; preface;
    foreword; appendix; appendices; conclusion; conclusions; discussion; results; methods; method;
    methodology; materials and methods; background; related work; exercises; exercise; problems;
    solutions; answers; questions; review questions; list of figures; list of tables; figures;
    tables; figure; table; glossary; copyright; license; disclaimer; cover; title; author; authors;
    about the author; about the authors; keywords; agenda; outline; overview; objectives;
    learning objectives; thank you; thanks; untitled; document; page; chapter; section; example;
    examples; general information; additional information; contact; syllabus; schedule; q a;
    daftar isi; isi; daftar pustaka; pustaka; referensi; rujukan; daftar tabel; daftar gambar;
    daftar lampiran; kata pengantar; prakata; pendahuluan; latar belakang; rumusan masalah; tujuan;
    tujuan penelitian; manfaat; manfaat penelitian; metode; metode penelitian; hasil; pembahasan;
    hasil dan pembahasan; kesimpulan; simpulan; kesimpulan dan saran; saran; penutup; abstrak;
    ringkasan; rangkuman; lampiran; latihan; soal; soal latihan; tugas; jawaban; indeks; glosarium;
    ucapan terima kasih; terima kasih; hak cipta; judul; penulis; halaman; bab; contoh; contoh soal;
    kata kunci; tinjauan pustaka; umum; ketentuan umum; ketentuan penutup; undang undang;
    undang undang republik indonesia; menimbang; mengingat; memutuskan; menetapkan; penjelasan
    """.replace("\n", " ").split(";")
)
KNOWN = frozenset(" ".join(name.split()) for name in EVERYWHERE)
NUMBER = re.compile(
    r"^\s*(?:(?i:chapter|section|part|unit|module|lecture|week|lesson|appendix"
    r"|bab|bagian|modul|pertemuan|minggu|pelajaran|lampiran|pasal|ayat)\b\.?\s*"
    r"(?i:(?:one|two|three|four|five|six|seven|eight|nine|ten"
    r"|(?:ke)?(?:satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan|sepuluh)|pertama)\b)?)?"
    r"(?:(?:\d+(?:[.\-]\d+)*[.):]?|[IVXLC]+[.):]?|[A-Za-z][.):]|[ivx]+[.)])(?=\s|$)|[•*#\-–])?"
    r"\s*[:.–-]?\s*"
)
# What shows that words were cut off, are no words, or are a sentence of the text.
DOTS = re.compile(r"\.\s?\.|…")  # of a table of contents
WRONG = re.compile(
    r"[|_\\<>{}=@#*$^~]|https?:|www\.|[,;:\-–(/&]$|\d{3}|\d$|\.(?:pdf|docx?|pptx?|md|txt)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(
    r"\b(?:is|are|was|were|has|have|will|adalah|ialah|merupakan|yaitu|telah|akan)\b|[.!]$",
    re.IGNORECASE,
)
CUT_OFF = re.compile(
    r"\b(?:of|the|a|an|and|or|for|to|in|on|with|by|from|dan|atau|di|ke|dari|yang|untuk|dengan"
    r"|tentang|pada|oleh|dalam|sebagai)$",
    re.IGNORECASE,
)
SMALL = frozenset("of the a an and or for to in on with by dan atau di ke dari yang untuk".split())


@dataclass(frozen=True)
class Topic:
    """Something to ask about; `is_question` where its words are a whole question already."""

    words: str
    document: str
    is_question: bool = False


@dataclass(frozen=True)
class Topics:
    """`any_ready`: whether there is a document to ask of at all."""

    any_ready: bool
    topics: Sequence[Topic]


def topics(user: User, most: int, collections: Iterable[UUID] | None = None) -> Topics:
    """What can be asked about in the newest documents a search of the user would go through.

    `collections`: those an assistant searches, of which only what the user may read counts.
    """
    with reading_as(user):
        documents = _newest(user, collections)
        chunks = Chunk.objects.filter(
            document__in=[row["id"] for row in documents], ordinal__lt=FIRST
        )
        counted = chunks.values("document_id", "heading").annotate(
            number=Count("id"), first=Min("ordinal")
        )
        rows = list(counted.order_by("document_id", "first")) if documents else []
    headings = defaultdict(list)
    for row in rows:
        headings[row["document_id"]].append((row["heading"], row["number"]))
    each = [_of_document(row, headings[row["id"]]) for row in documents]
    return Topics(bool(documents), _in_turns(each, most))


def _newest(user: User, collections: Iterable[UUID] | None) -> list[Any]:
    if collections is None:
        found = Document.objects.meant_for(user)
    else:
        found = Document.objects.visible_to(user).filter(collection__in=list(collections))
    # The files of an archive are documents of their own; those of a chat are asked there.
    ready = found.filter(status=Document.Status.PROCESSED).exclude(kind="zip")
    asked = ready.exclude(collection__kind=Collection.Kind.CHAT).order_by("-uploaded_at", "-id")
    return list(asked.values("id", "kind", "title", name=F("original_filename"))[:NEWEST])


def _of_document(document: Any, headings: list[tuple[str, int]]) -> list[Topic]:
    title, name = (document["title"] or "").strip(), document["name"]
    if document["kind"] == QA:
        return [Topic(title, name, is_question=True)] if title.endswith("?") else []
    whole = sum(number for _, number in headings)
    named = {title.casefold(), name.rsplit(".", 1)[0].replace("_", " ").casefold()}
    found: dict[str, Topic] = {}
    for heading, number in headings:
        words = topic_of(heading)
        # What stands over most of a document is its title, or printed on every page.
        everywhere = whole > 3 and number > whole / 2
        if not words or everywhere or words.casefold() in named:
            continue
        found.setdefault(words.casefold(), Topic(words, title or name, words.endswith("?")))
    return _spread(list(found.values()))


def _spread(found: list[Topic]) -> list[Topic]:
    """First, middle, and so on: not three from the first page."""
    telling = [topic for topic in found if " " in topic.words]
    found = telling if len(telling) >= 3 else found
    if len(found) < 3:
        return found
    third = len(found) // 3
    return [found[0], found[third], found[2 * third]]


def _in_turns(each: list[list[Topic]], most: int) -> list[Topic]:
    """One of each document before a second of any."""
    turns = [found[turn] for turn in range(3) for found in each if turn < len(found)]
    return turns[:most]


def topic_of(heading: str) -> str:
    """A heading in words one can ask about; empty for what is no topic: "Table of contents",
    numbers, words that are cut off, a sentence of the text."""
    words = " ".join(heading.rsplit(" > ", 1)[-1].split())
    if DOTS.search(words):
        return ""
    words = NUMBER.sub("", words, count=1).strip(" .:•–-\"'“”")
    letters = sum(letter.isalpha() for letter in words)
    few = len(words) < SHORTEST or letters < 0.75 * len(words.replace(" ", ""))
    many = len(words) > LONGEST or len(words.split()) > MOST_WORDS
    if few or many or not words[0].isupper() or _everywhere(words):
        return ""
    if WRONG.search(words) or CUT_OFF.search(words):
        return ""
    if SENTENCE.search(words) and not words.endswith("?"):
        return ""
    return _calm(words) if words.isupper() else words


def _everywhere(words: str) -> bool:
    """Also "Abstract and keywords": each part of it is one that every book has."""
    plain = " ".join(re.findall(r"[^\W\d_]+", words)).lower()
    return plain in KNOWN or all(part in KNOWN for part in re.split(" (?:and|dan) ", plain))


def _calm(words: str) -> str:
    """CAPITALS as a title; what has no vowel is an abbreviation and stays."""

    def one(word: str) -> str:
        if not re.search("[AEIOUY]", word):
            return word
        return word.lower() if word.lower() in SMALL else word.capitalize()

    return " ".join(one(word) for word in words.split())
