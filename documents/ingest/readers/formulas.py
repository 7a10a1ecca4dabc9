"""Formulas of Office files in one line of text (Office Math, ECMA-376 part 1, 22.1)."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from documents.ingest.readers.packages import attribute, child, local

# Element → the two parts that are joined, and the sign between them.
PAIRS = {"f": ("num", "/", "den"), "sSup": ("e", "^", "sup"), "sSub": ("e", "_", "sub")}
NAMES = {*PAIRS, "rad", "d", "nary"}


def linear(name: str, element: Element, text_of: Callable[[Element], str]) -> str:
    """Fractions, powers, roots, brackets, sums and integrals; `text_of` reads what is inside."""
    parts = {local(inner): text_of(inner).strip() for inner in element}
    if name == "rad":
        degree, base = parts.get("deg", ""), parts.get("e", "")
        return f"root({degree}, {base})" if degree else f"√{_grouped(base)}"
    if name == "d":
        return f"{_sign(element, 'begChr', '(')}{parts.get('e', '')}{_sign(element, 'endChr', ')')}"
    if name == "nary":
        bounds = (("_", parts.get("sub", "")), ("^", parts.get("sup", "")))
        limits = "".join(f"{mark}{_grouped(text)}" for mark, text in bounds if text)
        return f"{_sign(element, 'chr', '∫')}{limits} {parts.get('e', '')}"
    first, sign, second = PAIRS[name]
    return f"{_grouped(parts.get(first, ''))}{sign}{_grouped(parts.get(second, ''))}"


def _sign(element: Element, name: str, usual: str) -> str:
    given = child(element, f"{local(element)}Pr", name)
    return usual if given is None else attribute(given, "val") or ""


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
