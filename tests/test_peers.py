"""Published holes of products like this one: each is named by the test that tries it here.

A number in the docstring of a test says: this was tried. A whole product's holes that concern what
Lontar does not have are in NOT_HERE, with why.
"""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"CVE-\d{4}-\d{4,6}|GHSA(?:-[a-z0-9]{4}){3}|(?:RAGFlow|Ragflow) #\d+")
# The kinds of holes, each with numbers of which at least one must be named by a test.
KINDS = {
    "a thing of others by its id": ["CVE-2026-41949", "CVE-2026-45666", "CVE-2024-52294"],
    "another one's chat went on": ["CVE-2026-45349"],
    "another one's answer watched or stopped": ["CVE-2026-31950", "CVE-2026-42276"],
    "attached by an id": ["CVE-2026-45402", "CVE-2026-59217", "CVE-2026-41950", "CVE-2026-54009"],
    "rows that belong to a row": ["GHSA-x395-6h48-wr8v", "CVE-2026-44201", "CVE-2026-59215"],
    "messages of windows": ["CVE-2026-54007"],
    "secrets one can guess": ["CVE-2025-1796"],
    "secrets as delivered": ["CVE-2025-56157", "CVE-2026-56269"],
    "prompts for whoever asks": ["CVE-2026-45351"],
    "one Redis for two": ["CVE-2026-44552"],
    "an id inside one of one's own": ["CVE-2026-54015"],
    "some of a list": ["CVE-2026-28788"],
    "reading became writing": ["CVE-2026-59212", "CVE-2026-45671"],
    "search in what others hold": ["CVE-2026-45398", "CVE-2026-61644"],
    "a tool of the model": ["CVE-2026-54016"],
    "shared links": ["GHSA-386h-chg4-cfw9", "CVE-2025-69286"],
    "lists and counts of people": ["GHSA-96jx-fj7m-qh6x"],
    "exports": ["CVE-2024-0765"],
    "rights that outlive their end": ["CVE-2026-44553", "CVE-2025-71335", "CVE-2026-32717"],
    "frames of a socket": ["CVE-2026-44564", "CVE-2026-59216"],
    "changes by GET, and from elsewhere": ["CVE-2024-7035", "CVE-2026-45317"],
    "origins": ["CVE-2026-56400", "CVE-2025-63386"],
    "the first admin": ["CVE-2026-45675"],
    "codes and links to a new password": ["CVE-2024-12039", "CVE-2026-41276", "CVE-2026-72917"],
    "who has an account": ["CVE-2026-28288", "CVE-2025-13473"],
    "tokens taken for others": ["CVE-2022-29217", "CVE-2025-41258", "CVE-2026-31944"],
    "tokens of somebody switched off": ["CVE-2024-22513"],
    "keys": ["CVE-2026-42208", "CVE-2026-35030", "CVE-2026-44847", "CVE-2026-45339"],
    "doors beside the door": ["CVE-2026-44556", "CVE-2026-45365"],
    "keys of providers": ["CVE-2026-41487", "CVE-2024-37895", "GHSA-7qqc-wrcw-2fj9"],
    "the environment": ["CVE-2026-32625"],
    "fields nobody offered": ["CVE-2026-31942", "CVE-2026-44550", "CVE-2026-47101"],
    "a text for a right": ["GHSA-59xh-5vwx-4c4q", "CVE-2026-40351"],
    "above oneself": ["GHSA-8c6x-pfjq-9gr7", "CVE-2026-32715", "CVE-2026-4292"],
    "a form's key of another row": ["CVE-2026-87975"],
    "addresses inside": ["CVE-2026-31943", "CVE-2025-65958"],
    "redirects": ["CVE-2026-45401", "CVE-2026-41481"],
    "names that change": ["CVE-2026-31945", "CVE-2026-41488"],
    "reading that fetches": ["CVE-2025-0184", "RAGFlow #15438"],
    "answers that unfold": ["CVE-2025-66418"],
    "other pages that render": ["CVE-2026-44721", "GHSA-7cq3-mhxq-w946"],
    "files opened as pages": ["CVE-2025-46571", "CVE-2024-12871"],
    "names that are paths": ["CVE-2026-34371", "CVE-2026-32719"],
    "sizes": ["CVE-2026-54024", "CVE-2026-33034"],
    "readers of files": ["CVE-2025-55197", "CVE-2026-24688", "CVE-2016-5851"],
    "queries that are run": ["CVE-2025-64459", "CVE-2025-1793"],
    "pickles": ["CVE-2021-23727", "CVE-2024-12433"],
    "cells that are run": ["CVE-2022-24770"],
    "what is kept for another": ["CVE-2026-59213"],
    "open redirects": ["CVE-2026-18266"],
    "the Host header": ["CVE-2026-49468"],
    "bodies that end the process": ["CVE-2026-31949"],
    "doors without a lock": ["CVE-2026-45397", "CVE-2024-8053"],
}
NOT_HERE = {
    "CVE-2026-54017": "no proxy to other servers' paths",
    "CVE-2025-64496": "no events of a model server reach the page but text, tools and usage",
    "CVE-2026-45303": "no previews of spreadsheets made in the browser",
    "CVE-2026-54011": "no Mermaid, and no code of an answer is run",
    "CVE-2025-59528": "no tools that people write",
    "CVE-2024-23751": "no SQL of a model",
    "CVE-2026-45338": "no pictures of people are fetched",
}


@cache
def named() -> dict[str, list[str]]:
    """{number: the tests that name it}; a module's docstring stands for its tests."""
    found: dict[str, list[str]] = {}
    for path in ROOT.rglob("test_*.py"):
        parts = path.relative_to(ROOT).parts
        if parts[0].startswith(".") or path == Path(__file__):
            continue
        tree = ast.parse(path.read_text())
        places = [("", tree)]
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        places += [(f"::{n.name}", n) for n in tree.body if isinstance(n, functions)]
        for name, node in places:
            if name and not name.startswith("::test_"):
                continue
            for number in NUMBER.findall(" ".join((ast.get_docstring(node) or "").split())):
                found.setdefault(number, []).append("/".join(parts) + name)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_hole_is_tried_by_name(kind):
    missing = [number for number in KINDS[kind] if number not in named()]
    assert not missing, f"no test names {missing}: write one that tries it, or say why in NOT_HERE"


def test_what_is_not_here_is_tried_by_no_test():
    assert not set(NOT_HERE) & set(named())
