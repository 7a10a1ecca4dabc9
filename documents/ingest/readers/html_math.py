"""Formulas of web pages in one line of text: as TeX where the page has that, else from MathML."""

from xml.etree.ElementTree import Element

TEX = ("application/x-tex", "latex", "tex")
# What MathML Core (3.3, 3.4) puts above, below or beside its first child.
SIGNS = {"msup": "^", "msub": "_", "mover": "^", "munder": "_", "mfrac": "/"}
BOTH = ("msubsup", "munderover")


def write_out(root: Element) -> None:
    """Put the words in place of the marks: of formulas, and of pictures of formulas."""
    for element in root.iter():
        if element.tag == "math":
            words = _tex(element) or element.get("alttext", "") or _linear(element)
            for child in list(element):
                element.remove(child)
            element.text = words.strip()
        elif element.tag == "img" and "math" in element.get("class", ""):
            element.text = element.get("alt", "")
        elif element.get("class") == "katex-html":
            # The same formula again, for the eye.
            tail = element.tail
            element.clear()
            element.tail = tail


def _tex(math: Element) -> str:
    found = (e for e in math.iter("annotation") if e.get("encoding", "").lower() in TEX)
    return next(("".join(element.itertext()) for element in found), "")


def _linear(element: Element, depth: int = 0) -> str:
    if element.tag in ("annotation", "annotation-xml") or depth > 50:
        return ""
    parts = [_linear(child, depth + 1) for child in element]
    if element.tag in SIGNS and len(parts) == 2:
        return SIGNS[element.tag].join(map(_grouped, parts))
    if element.tag in BOTH and len(parts) == 3:
        base, low, high = map(_grouped, parts)
        return f"{base}_{low}^{high}"
    if element.tag == "msqrt":
        return f"√{_grouped(''.join(parts))}"
    if element.tag == "mroot" and len(parts) == 2:
        return f"root({parts[1]}, {parts[0]})"
    return "".join([(element.text or "").strip(), *parts])


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"
