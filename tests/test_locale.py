"""The Indonesian translation is whole, and what is compiled is what is written."""

import ast
import gettext
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "locale" / "id" / "LC_MESSAGES"
DOMAINS = ["django", "djangojs"]
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
JS_WORDS = re.compile(r"""\bn?gettext\(\s*"((?:[^"\\]|\\.)*)"(?:,\s*"((?:[^"\\]|\\.)*)")?""")


def entries(domain: str) -> list[dict[str, str]]:
    """The entries of a .po file: msgid, msgid_plural, msgstr, msgstr[0], flags."""
    found = []
    for block in (FOLDER / f"{domain}.po").read_text().split("\n\n"):
        entry: dict[str, str] = {"flags": ""}
        key = ""
        for line in block.splitlines():
            if line.startswith("#,"):
                entry["flags"] += line
            elif line.startswith("#"):
                continue
            elif line.startswith('"'):
                entry[key] += ast.literal_eval(line)
            else:
                key, _, value = line.partition(" ")
                entry[key] = ast.literal_eval(value)
        if entry.get("msgid"):
            found.append(entry)
    return found


def translations(entry: dict[str, str]) -> list[str]:
    return [value for key, value in entry.items() if key.startswith("msgstr")]


@pytest.mark.parametrize("domain", DOMAINS)
def test_nothing_is_missing_or_doubtful(domain: str) -> None:
    assert len(entries(domain)) > 50
    for entry in entries(domain):
        assert "fuzzy" not in entry["flags"], entry["msgid"]
        assert all(translations(entry)), entry["msgid"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_places_to_fill_are_kept(domain: str) -> None:
    for entry in entries(domain):
        allowed = set(PLACE.findall(entry["msgid"] + entry.get("msgid_plural", "")))
        for text in translations(entry):
            assert set(PLACE.findall(text)) == allowed, entry["msgid"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_the_compiled_file_is_up_to_date(domain: str) -> None:
    with (FOLDER / f"{domain}.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for entry in entries(domain):
        one, many = entry["msgid"], entry.get("msgid_plural")
        context = entry.get("msgctxt")
        if many:
            assert compiled.ngettext(one, many, 2) == translations(entry)[0]
        elif context:
            assert compiled.pgettext(context, one) == translations(entry)[0]
        else:
            assert compiled.gettext(one) == translations(entry)[0]


def test_every_sentence_of_the_scripts_is_in_the_catalog() -> None:
    known = {entry["msgid"] for entry in entries("djangojs")}
    said = {
        ast.literal_eval(f'"{match[1]}"')
        for path in (ROOT / "static" / "js").glob("*.js")
        for match in JS_WORDS.finditer(path.read_text())
    }
    assert said - known == set()
