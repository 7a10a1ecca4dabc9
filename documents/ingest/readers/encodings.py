"""Which encoding a text is in: by its mark, what it says, how it is spelt, at last by guessing."""

import codecs
import re
from typing import NamedTuple

from documents.ingest.readers import alphabets

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What ISO 2022 says before Japanese letters (RFC 1468).
SHIFTED = re.compile(rb"\x1b\$[@B]")
# Labels that mean more than they say (WHATWG Encoding, 4.2).
MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}
# What Western text holds besides ASCII when it is read by the right table.
WESTERN = re.compile("[À-ÖØ-öø-ÿŒœŠšŽžŸ‘’‚“”„–—…•€£¥©®™°·«»§¶±²³¹¼½¾¿¡ªº\xa0×÷µ†‡‰‹›]")
WIDE = ("utf-16-le", "utf-16-be")
# Letters of the scripts from Greek to Khmer, Kana, Han and Hangul.
FOREIGN = re.compile("[\u0370-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
HIGH_RUN = re.compile("[^\x00-\x7f]{4}")


class EastAsian(NamedTuple):
    """An encoding of two bytes a letter; `first` is where those of common letters begin and end."""

    encoding: str
    usual: re.Pattern[str]
    odd: re.Pattern[str]
    first: tuple[int, int]


HAN = "\u4e00-\u9fff"
KANA = "\u3040-\u30ff"
# The first of equals wins: common syllables of Korean are common letters of Chinese too.
EAST_ASIAN = (
    EastAsian("cp949", re.compile("[\uac00-\ud7a3]"), re.compile(f"[{HAN}]"), (0xB0, 0xC8)),
    EastAsian("cp932", re.compile(f"[{KANA}{HAN}]"), re.compile("[\uff61-\uff9f]"), (0x82, 0x97)),
    EastAsian("gb18030", re.compile(f"[{HAN}]"), re.compile("[\u3400-\u4dbf]"), (0xB0, 0xD7)),
    EastAsian("big5", re.compile(f"[{HAN}]"), re.compile("[\ue000-\uf8ff]"), (0xA4, 0xC6)),
    EastAsian("euc_jp", re.compile(f"[{KANA}{HAN}]"), re.compile("[\uff61-\uff9f]"), (0xA4, 0xCF)),
)
# Thai in one of these encodings comes up to 0.8.
SURE = 0.9
SAMPLE = 64 * 1024
# Fewer bytes than this are a whole file.
SHORT = 4096


def of(raw: bytes, declared: str = "") -> str:
    """The encoding of a text by a part of its bytes; one broken byte in UTF-8 is still UTF-8."""
    for mark, encoding in MARKS:
        if raw.startswith(mark):
            return encoding
    wide = _wide(raw[:SAMPLE])
    if wide:
        return wide
    if SHIFTED.search(raw) and decodes(raw, "iso2022_jp"):
        return "iso2022_jp"
    if is_utf8(raw):
        return "utf-8"
    named = known(declared)
    if named and not named.startswith(("utf-16", "utf-32", "utf-8")) and decodes(raw, named):
        return named
    return "utf-8" if _mostly_utf8(raw) else _guess(raw)


def known(label: str) -> str:
    """Python's name of the encoding a page or mail declares; empty for an unknown one."""
    try:
        name = codecs.lookup(label.strip()).name if label.strip() else ""
    except (LookupError, ValueError):
        return ""
    return MEANT.get(name, name)


def is_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8; what may be the beginning of more may be cut in a character."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(raw, final=len(raw) < SHORT)
    except UnicodeDecodeError:
        return False
    return True


class Utf8:
    """Whether a stream is UTF-8, piece after piece."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.valid = True

    def feed(self, data: bytes, final: bool = False) -> None:
        try:
            self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self.valid = False


def decodes(raw: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(raw)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _wide(raw: bytes) -> str:
    """UTF-16 without a mark: in Western text every other byte is zero."""
    even, odd = raw[::2].count(0), raw[1::2].count(0)
    if (
        max(even, odd) * 10 < 6 * (len(raw) // 2)
        or len(raw) < 8
        or min(even, odd) * 20 > max(even, odd)
    ):
        return next(filter(lambda encoding: _reads_as(raw, encoding), WIDE), "")
    return "utf-16-le" if odd > even else "utf-16-be"


def _reads_as(raw: bytes, encoding: str) -> bool:
    """Whether it is UTF-16 of another script: nothing else has zeros and is letters throughout.

    In the wrong order of bytes a blank is no blank and a line's end no character.
    """
    if b"\0" not in raw:
        return False
    text = raw[: len(raw) // 2 * 2].decode(encoding, errors="replace")
    letters, blanks = len(FOREIGN.findall(text)), sum(map(str.isspace, text))
    shown = "".join(text.split()).replace("\ufeff", "")
    return bool(blanks) and letters * 10 >= len(text) * 6 and shown.isprintable()


def _mostly_utf8(raw: bytes) -> bool:
    text = raw.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) > 3 * broken and broken * 100 < len(text)


def _guess(raw: bytes) -> str:
    sample = telling(raw)
    latin = alphabets.latin(sample)
    if latin:
        return latin
    if _is_western(sample):
        return "cp1252"
    east = _east_asian(sample)
    if alphabets.is_thai(sample) and not _east_asian(sample, SURE):
        return "cp874"
    if east:
        return east
    import charset_normalizer  # noqa: PLC0415

    best = charset_normalizer.from_bytes(sample).best()
    encoding = best.encoding if best else "cp1252"
    # Tables of Latin letters were looked at already: here they are guesswork.
    is_latin = not FOREIGN.search(sample.decode(encoding, errors="replace"))
    return (alphabets.script(sample) or "cp1252") if is_latin else encoding


def telling(raw: bytes) -> bytes:
    """The lines that hold other bytes than ASCII, up to SAMPLE: the rest tells nothing."""
    if len(raw) <= SAMPLE:
        return raw
    lines: list[bytes] = []
    size = 0
    for line in raw.split(b"\n"):
        if not line.isascii():
            lines.append(line[:4096])
            size += len(lines[-1])
            if size > SAMPLE:
                break
    return b"\n".join(lines)


def _is_western(raw: bytes) -> bool:
    """Whether what is not ASCII stands alone or in pairs, and is what Western texts hold."""
    text = raw.decode("cp1252", errors="replace")
    high = sum(char > "\x7f" for char in text)
    usual = len(WESTERN.findall(text))
    return usual * 20 >= high * 19 and len(HIGH_RUN.findall(text)) * 20 <= high


def _east_asian(raw: bytes, least: float = 0.6) -> str:
    """By the share of common letters among what is not ASCII."""
    best, highest = "", least
    for candidate in EAST_ASIAN:
        text = raw.decode(candidate.encoding, errors="replace")
        letters = sum(char > "\x7f" for char in text) or 1
        bad = text.count("\ufffd") + len(candidate.odd.findall(text))
        good = sum(_is_common(char, candidate) for char in candidate.usual.findall(text))
        share = (good - 3 * bad) / letters
        if share > highest:
            best, highest = candidate.encoding, share
    return best


def _is_common(char: str, candidate: EastAsian) -> bool:
    raw = char.encode(candidate.encoding, errors="ignore")
    low, high = candidate.first
    return len(raw) == 2 and low <= raw[0] <= high
