"""Small Office files made in the test, part by part: no library stands between test and reader."""

import io
import zipfile
from collections.abc import Mapping

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def relations(*pairs: tuple[str, str]) -> str:
    """Relationships rId1, rId2, ... of (type, target)."""
    rows = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(pairs, start=1)
    )
    return f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def make_docx(body: str, **parts: str) -> bytes:
    """A Word file with this body; parts: styles, numbering, footnotes, core (inner XML)."""
    files = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations(
            ("officeDocument", "word/document.xml"), ("metadata/core-properties", "core.xml")
        ),
        "word/document.xml": f'{HEAD}<w:document xmlns:w="{W}"><w:body>{body}</w:body>'
        "</w:document>",
        "word/_rels/document.xml.rels": relations(*((name, f"{name}.xml") for name in parts)),
        "core.xml": f'{HEAD}<p xmlns:dc="urn:dc">{parts.pop("core", "")}</p>',
    }
    for name, inner in parts.items():
        files[f"word/{name}.xml"] = f'{HEAD}<w:{name} xmlns:w="{W}">{inner}</w:{name}>'
    return zipped(files)


def p(text: str = "", properties: str = "", run: str = "") -> str:
    """A paragraph of one run; `text` may hold XML."""
    inner = text if text.startswith("<") else f"<w:t>{text}</w:t>"
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr>{inner}</w:r></w:p>"


def styled(style: str, text: str) -> str:
    return p(text, f'<w:pStyle w:val="{style}"/>')


def table(*rows: list[str]) -> str:
    cells = ("".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"
