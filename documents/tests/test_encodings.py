"""Old and wide encodings, told by their bytes."""

import random

import pytest

from documents.ingest import formats
from documents.ingest.readers import encodings, text
from documents.tests.office import make_docx, p

ID = "Pendidikan menuntut siswa memahami “naïve Bayes”, café – dan harga €5."
ZH = "数据库管理系统是一种操纵和管理数据库的大型软件，用于建立、使用和维护数据库。"
JA = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n"
KO = "데이터베이스는 여러 사람이 공유하여 사용할 목적으로 통합한 데이터의 집합이다."
PL = "Żółta gęś śpi, a rośliny przekształcają światło w energię – źródło: książka."
CS = "Příliš žluťoučký kůň úpěl ďábelské ódy."
HU = "Az ősz őszintén gyönyörű, a fűzfák űrt hagynak; tűz, víz és levegő."
RO = "Ştiinţa şi învăţământul în România: plantele transformă lumina."
TR = "Bitkiler güneş ışığını kullanır; İstanbul'da yağış, Şubat'ta çığ."
LV = "Fotosintēze ir process, kurā augi pārvērš gaismas enerģiju. Ūdens, ģimene."
FR = "L'été dernier, l'élève a étudié à l'école où êtes-vous: ça coûte « cher »."
DE = "„Größe“ heißt Maß – über Ärger, Öl und Übung; Café, 5 € pro Stück."
TH = "ประเทศไทยเป็นประเทศที่มีความสวยงามและมีวัฒนธรรมที่หลากหลาย"
AR = "التمثيل الضوئي هو عملية تحويل طاقة الضوء، في النباتات."
RU = "База данных — это упорядоченный набор структурированной информации."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (ID, "utf-8"),
        (ID, "utf-8-sig"),
        (ID, "utf-16"),
        (ID, "utf-16-le"),
        (ID, "utf-16-be"),
        (ID, "utf-32"),
        (ID, "cp1252"),
        ("Café déjà vu, naïve élève à Noël", "latin-1"),
        (ZH, "gbk"),
        ("姓名,年龄,城市\n张三,20,北京\n", "gb18030"),
        ("資料庫管理系統是一種操縱和管理資料庫的大型軟體。", "big5"),
        (JA, "shift_jis"),
        ("データベースは整理された情報の集まり。", "euc_jp"),
        (KO, "euc_kr"),
        (RU, "cp1251"),
        (RU.replace("—", "-"), "koi8-r"),
        (RU.replace("—", "-"), "iso8859-5"),
        (RU.replace("—", "-"), "cp866"),
        (AR, "cp1256"),
        (AR.replace("،", "-"), "iso8859-6"),
        (TH, "cp874"),
        (JA, "iso2022_jp"),
        ("臺北是臺灣的首都，也是政治、經濟與文化的中心。", "big5"),
        (PL, "cp1250"),
        (PL.replace("–", "-"), "iso8859-2"),
        (PL.replace("–", "-"), "cp852"),
        (CS, "cp1250"),
        (CS, "iso8859-2"),
        (HU, "iso8859-2"),
        (RO, "iso8859-2"),
        (TR, "cp1254"),
        (LV, "cp1257"),
        (FR, "cp1252"),
        (FR, "cp850"),
        (FR, "mac_roman"),
        (DE, "cp1252"),
        ("Hëllo wörld " * 20, "utf-8"),
    ],
)
def test_encodings_are_told_by_their_bytes(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    assert raw.decode(encodings.of(raw)) == text
    found = formats.detect(raw[: formats.HEAD], "x.txt")
    assert found is not None and found.KIND == "text"


@pytest.mark.parametrize(
    ("head", "media_type", "error"),
    [
        (b"{\\rtf1", "application/rtf", "wrong_type"),
        (b"\x89PNG\r\n\x1a\n\0", "image/png", "wrong_type"),
        (b"RIFF\0\0\0\0WEBP", "image/webp", "wrong_type"),
        (b'{"cells": [], "nbformat": 4}', "application/x-ipynb+json", "wrong_type"),
        (b"From: a@b.c\nSubject: x\nMessage-ID: <1>\n\nHi", "message/rfc822", "wrong_type"),
        (
            b"From: <Saved>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\n<html>",
            "multipart/related",
            "wrong_type",
        ),
        (b"\0\1\2\3", "application/octet-stream", "wrong_type"),
        (
            b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zipPK",
            "application/epub+zip",
            "wrong_type",
        ),
    ],
)
def test_what_is_not_read_is_known(head: bytes, media_type: str, error: str) -> None:
    assert formats.recognise(head, "a.pdf")[1:] == (media_type, error)


def test_office_files_are_told_by_their_folders(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "x"
    path.write_bytes(b"MZ junk before it" + make_docx(p("x")))
    data = make_docx(p("x"))
    path.write_bytes(data)
    found = formats.recognise(data[: formats.HEAD], "homework.txt", path)
    assert found.reader is not None and found.reader.KIND == "docx"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "line",
    [
        "هذا نص عربي بدون علامة ترتيب البايتات.",
        "Это русский текст о листьях.",
        "日本語の文章です。これはテストファイルです。",
        "이것은 한국어 문장입니다.",
    ],
)
def test_utf_16_without_a_mark_in_any_script(encoding: str, line: str) -> None:
    raw = f"{line}\n{line}\n".encode(encoding)
    assert encodings.of(raw) == encoding and text.is_text(raw)


def test_zeros_alone_make_no_text() -> None:
    chance = random.Random(7)
    for _try in range(200):
        raw = bytes(chance.choice((0, 0, chance.randrange(256))) for _byte in range(400))
        assert not text.is_text(raw)


@pytest.mark.parametrize(
    "line",
    [
        "Nama: Müller, Søren, José, François, Ångström, Citroën, Łódź".replace("Łódź", "Lodz"),
        "Harga €5 – “murah” …",
        "¿Qué? ¡Mañana! El nº 5, la 2ª edición de «Año»",
        "São João, coração e três maçãs",
        "Þetta er íslenska með ð og ö, æ á",
        "20 °C ± 3 µm, 5 m², © 2020",
        "naïve",
    ],
)
def test_western_text_stays_western(line: str) -> None:
    assert encodings.of(line.encode("cp1252")) == "cp1252"
