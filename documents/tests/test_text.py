"""Cleaning, sentences, passages and terms: pure functions."""

import random

import pytest

from documents import lexical, names
from documents.ingest import chunking, embed, formats, postings, sentences
from documents.ingest.cleaning import Assembler, Hyphens, plain
from documents.ingest.frames import End, Info, PageText, decode, encode
from documents.tests.pdfs import make_pdf


def text_of(raw: str, seen: set[str] | None = None) -> str:
    text, words = Assembler(Hyphens(set(seen or ()))).assemble(raw)
    joined = "".join(text[start:end] for start, end, _, _ in words)
    assert joined == "".join(text.split()).replace("\ufffe", "") or "-" in text
    return text


def test_invisible_characters_and_ligatures_go() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore all")
    assert plain(f"ef\ufb01cient\u200b pa\x00lm\u202e{hidden}") == "efficient palm"
    assert plain("10² and ½") == "10² and ½"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("infor\ufffemation here", "information here"),
        ("infor-\r\nmation here", "information here"),
        ("state\u00ad\r\nment", "statement"),
        ("5G\ufffeenabled", "5G-enabled"),
        ("COVID-\r\n19 cases", "COVID-\n19 cases"),
        ("one\r\ntwo  three\r\n\r\nfour", "one\ntwo three\nfour"),
        ("10 - 20", "10 - 20"),
    ],
)
def test_lines_and_hyphens(raw: str, clean: str) -> None:
    assert text_of(raw) == clean


def test_a_compound_known_from_the_document_keeps_its_hyphen() -> None:
    assert text_of("domain\ufffespecific", {"domain-specific"}) == "domain-specific"
    assert text_of("tree\ufffedecoding", {"tree", "decoding"}) == "tree-decoding"
    assert text_of("under\ufffestanding", {"under", "standing", "understanding"}) == "understanding"


def test_words_know_where_they_came_from() -> None:
    raw = "\x00 infor\ufffemation  \u200bpalm"
    text, words = Assembler().assemble(raw)
    assert text == "information palm"
    assert [(text[s:e], raw[a : b + 1]) for s, e, a, b in words] == [
        ("infor", "infor"),
        ("mation", "mation"),
        ("palm", "\u200bpalm"),
    ]


def test_sentences_keep_abbreviations_whole() -> None:
    text = "Dr. Sari et al. met at 5 p.m. in Bali. They left. Lihat hlm. 12 dll. untuk itu."
    found = [text[start:end] for start, end in sentences.spans(text)]
    assert found[0] == "Dr. Sari et al. met at 5 p.m. in Bali."
    assert "Lihat hlm. 12 dll. untuk itu." in found


def chunks_of(*texts: str, kind: str = "pdf") -> list[chunking.Draft]:
    pages = [PageText(number, text) for number, text in enumerate(texts, start=1)]
    return list(chunking.chunk(pages, kind))


def test_chunks_are_true_spans_of_one_page_and_cover_it() -> None:
    chance = random.Random(7)
    for _round in range(50):
        texts = [
            " ".join(
                "w" * chance.randint(1, 30) + chance.choice(["", "", ".", "\n", "? Aha", "\n\n"])
                for _word in range(chance.randint(1, 300))
            )
            for _page in range(3)
        ]
        covered: dict[int, set[int]] = {}
        for number, draft in enumerate(chunks_of(*texts)):
            assert draft.ordinal == number
            text = texts[draft.page - 1]
            assert text[draft.start : draft.end] == draft.text
            assert 0 < len(draft.text) <= chunking.LONGEST
            covered.setdefault(draft.page, set()).update(range(draft.start, draft.end))
        for page, text in enumerate(texts, start=1):
            missing = set(range(len(text))) - covered[page]
            assert all(not text[place].isalnum() for place in missing)


def test_no_sentence_is_in_two_passages() -> None:
    text = " ".join(f"Sentence number {n} tells of the palm leaf and its use." for n in range(40))
    drafts = chunks_of(text)
    assert len(drafts) > 2 and " ".join(draft.text for draft in drafts) == text


def test_a_passage_is_embedded_as_words_under_its_last_heading() -> None:
    heading, text = (
        "Part I > Item 2 > Cash flows | 2021 | 2020",
        "| Net income ........ | $ 7 |\nEnd.",
    )
    under = "Report | Cash flows | 2021 | 2020"
    assert embed.passage("Report", heading, text) == f"{under}\nNet income $ 7 \nEnd."
    assert embed.passage("Report", "", "---- a - b") == "Report\na - b"
    assert postings.indexed("Report", heading, text) == f"Report | {heading}\n{text}"


def test_a_running_head_is_no_heading() -> None:
    page = "Bunga Rampai Jilid Satu\n{}\nIsi halaman ini panjang sekali dan menjelaskan banyak hal."
    drafts = chunks_of(*(page.format(f"Bab {n} Awal") for n in range(1, 6)))
    assert [draft.heading for draft in drafts][2:] == ["Bab 3 Awal", "Bab 4 Awal", "Bab 5 Awal"]


def test_markdown_chunks_know_their_path_across_pages() -> None:
    first = "# Guide\n\nHello there.\n\n## Install\n\n```\n# not a heading\n```\nRun it."
    drafts = chunks_of(first, "More about installing.", "# Other\n\nEnd.", kind="markdown")
    assert [draft.heading for draft in drafts] == [
        "Guide",
        "Guide > Install",
        "Guide > Install",
        "Other",
    ]


def test_terms_are_stable_and_meet_across_forms() -> None:
    document = lexical.document_terms("Lontar leaves are written on.", "en")
    assert set(lexical.query_terms("writing on a LEAF written leaves")) & set(document)
    indonesian = lexical.document_terms("pembelajaran mahasiswa", "id")
    assert set(lexical.query_terms("belajar")) & set(indonesian)
    assert not lexical.document_terms("the of dan yang", "en")


def test_accents_are_no_other_word() -> None:
    for document, question in (("Pokémon", "pokemon"), ("Sao Paulo", "São Paulo")):
        asked = set(lexical.query_terms(question))
        assert asked & set(lexical.document_terms(document, "id"))
    assert not set(lexical.query_terms("мой")) & set(lexical.document_terms("мои", "en"))


def test_stems_of_one_word_are_one_word() -> None:
    assert len(set(lexical.query_terms("harry potter").values())) == 2
    assert len(lexical.query_terms("harry potter")) > 2
    # Words that share a stem are one, even when a third one joins them.
    assert len(set(lexical.query_terms("berdiri diri mendirikan").values())) == 1


def test_weights_follow_bm25() -> None:
    weights = lexical.document_terms("palm palm leaf", "en")
    floor = 1.2 * (0.25 + 0.75 * 3 / 65)
    assert weights[lexical.term(lexical.stem("palm", "en"))] == pytest.approx(2 / (2 + floor))


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (make_pdf(["x"]), "x.txt", "pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.7", "x", "pdf"),
        (b"junk\0" * 20 + b"%PDF-1.4", "x.pdf", "pdf"),
        (b"A text about %PDF-1.4 files", "x.pdf", "text"),
        (b"# Title", "notes.MD", "markdown"),
        (b"<p align=center>Logo</p>", "README.md", "markdown"),
        (b"# Title", "notes", "text"),
        ("halo".encode("utf-16"), "x.txt", "text"),
        (b"<!DOCTYPE html><p>", "x.txt", "html"),
        (b"<div>part</div>", "x.txt", "html"),
        (b"a;b;c\n" * 9, "x", "csv"),
        (b"a,b\n1,2", "x.CSV", "csv"),
        (b"Satu, dua, tiga.\n" * 9, "x.txt", "text"),
        (b"plain", "mail.eml", None),
        (b"PK\x03\x04\0\0", "x.pdf", None),
        (b"MZ\0\0", "x.txt", None),
        (b"{\\rtf1}", "x.txt", None),
        (b"GIF89a\0", "a.pdf", None),
    ],
)
def test_the_format_is_decided_by_content(head: bytes, name: str, kind: str | None) -> None:
    found = formats.detect(head, name)
    assert (found.KIND if found else None) == kind


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.pdf", "a.pdf"),
        ("a\x00b\u202egnp.pdf", "abgnp.pdf"),
        ("  .. ", "file"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("-rf.pdf", "-rf.pdf"),
    ],
)
def test_names_are_shown_not_trusted(given: str, clean: str) -> None:
    assert names.clean(given) == clean


def test_frames_survive_the_pipe() -> None:
    for frame in (
        Info(3, "T", "ä"),
        PageText(1, "line\nüber\u2028", 1.5, 2.0, b"\x00\xff\n"),
        End(),
    ):
        line = encode(frame)
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        assert decode(line) == frame


def test_pictures_in_addresses_are_left_out_wherever_pieces_end() -> None:
    from documents.ingest.readers import inline

    picture = "data:image/png;base64," + "iVBORw0KGgo+/=" * 40
    text = f"Sebelum ![a]({picture}) antara <{picture}> data: sesudah data:text/plain,x"
    left = text.replace(picture, "data:image/png;base64,")
    for size in (1, 2, 7, 64, 10_000):
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert "".join(inline.without(pieces)) == left
