"""PowerPoint files: a slide is a page, read as people read it."""

from pathlib import Path
from typing import Any

import pytest

from documents.ingest.frames import Unreadable
from documents.ingest.readers import pptx
from documents.tests.office import HEAD, PACKAGE, RELATIONS, relations, zipped

NAMES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    f'xmlns:r="{RELATIONS}" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"'
)


def shape(*texts: str, kind: str = "", at: tuple[int, int] | None = None) -> str:
    place = f'<p:ph type="{kind}"/>' if kind else ""
    offset = f'<a:xfrm><a:off x="{at[0]}" y="{at[1]}"/></a:xfrm>' if at else ""
    lines = "".join(f"<a:p><a:r><a:t>{text}</a:t></a:r></a:p>" for text in texts)
    return (
        f"<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:spPr>{offset}</p:spPr>"
        f"<p:txBody>{lines}</p:txBody></p:sp>"
    )


def tree(name: str, *inner: str) -> str:
    body = "".join(inner)
    return f"{HEAD}<p:{name} {NAMES}><p:cSld><p:spTree>{body}</p:spTree></p:cSld></p:{name}>"


def make_pptx(*slides: str, **parts: str) -> bytes:
    ids = "".join(f'<p:sldId id="{256 + n}" r:id="rId{n}"/>' for n in range(1, len(slides) + 1))
    files = {
        "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations(("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"{HEAD}<p:presentation {NAMES}><p:sldIdLst>{ids}</p:sldIdLst>"
        "</p:presentation>",
        # The first relationship is the last slide: the list decides, not the names of the parts.
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{n}.xml") for n in range(len(slides), 0, -1))
        ),
    }
    for number, slide in enumerate(slides):
        files[f"ppt/slides/slide{len(slides) - number}.xml"] = slide
    files |= {f"ppt/{name.replace('__', '/')}": data for name, data in parts.items()}
    return zipped(files)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def go(data: bytes) -> Any:
        path = tmp_path / "file.pptx"
        path.write_bytes(data)
        return list(pptx.read(str(path)))

    return go


def test_slides_come_in_the_order_of_the_show(read: Any) -> None:
    first = tree("sld", shape("Isi satu.", kind="body"), shape("Judul satu", kind="title"))
    info, one, two = read(make_pptx(first, tree("sld", shape("Dua."))))
    assert (info.page_count, info.unit) == (2, "slide")
    assert one.text == "Judul satu\n\nIsi satu." and one.headings == ((0, "Judul satu"),)
    assert (two.number, two.text, two.headings) == (2, "Dua.", ((0, ""),))


def test_shapes_are_read_from_top_left(read: Any) -> None:
    slide = tree(
        "sld",
        shape("bawah", at=(0, 5_000_000)),
        shape("kanan", at=(4_000_000, 1_100_000)),
        f"<p:grpSp><p:grpSpPr><a:xfrm><a:off x='0' y='1000000'/></a:xfrm></p:grpSpPr>"
        f"{shape('kiri dua', at=(9, 900_000))}{shape('kiri satu', at=(9, 9))}</p:grpSp>",
        shape("1", kind="sldNum"),
    )
    _info, page = read(make_pptx(slide))
    assert page.text.split("\n\n") == ["kiri satu", "kiri dua", "kanan", "bawah"]


def test_tables_charts_and_notes_are_words_too(read: Any) -> None:
    def cell(text: str) -> str:
        return f"<a:tc><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = (("Bulan", "Hujan"), ("Mei", "120"))
    cells = "".join(f"<a:tr>{''.join(map(cell, row))}</a:tr>" for row in rows)
    data = "<a:graphic><a:graphicData>{}</a:graphicData></a:graphic>"
    frame = f"<p:graphicFrame>{data}</p:graphicFrame>"
    slide = tree(
        "sld", frame.format(f"<a:tbl>{cells}</a:tbl>"), frame.format('<c:chart r:id="rId2"/>')
    )

    def points(*values: str) -> str:
        return "".join(f"<c:pt><c:v>{value}</c:v></c:pt>" for value in values)

    chart = (
        f"{HEAD}<c:chartSpace {NAMES}><c:chart><c:ser><c:tx>{points('Suhu')}</c:tx>"
        f"<c:cat>{points('Jan', 'Feb')}</c:cat><c:val>{points('27', '28')}</c:val></c:ser>"
        "</c:chart></c:chartSpace>"
    )
    parts = {
        "slides___rels__slide1.xml.rels": relations(
            ("notesSlide", "../notes.xml"), ("chart", "../chart.xml")
        ),
        "notes.xml": tree("notes", shape("Ingatkan tugas.", kind="body")),
        "chart.xml": chart,
    }
    parts = {name.replace("slides___rels", "slides/_rels"): data for name, data in parts.items()}
    _info, page = read(make_pptx(slide, **parts))
    assert page.text.split("\n\n") == [
        "| Bulan | Hujan |\n| Mei | 120 |",
        "|  | Suhu |\n| Jan | 27 |\n| Feb | 28 |",
        "Ingatkan tugas.",
    ]
    assert [header for _start, _end, header in page.blocks] == ["Bulan | Hujan", "Suhu"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zipped({"ppt/x.xml": "<a/>"}), "damaged"),
        (make_pptx(), "no_text"),
        (make_pptx("<p:sld"), "damaged"),
    ],
)
def test_broken_files_have_a_reason(read: Any, data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert caught.value.code == code


def test_raised_numbers_stay_raised(read: Any) -> None:
    run = '<a:r><a:rPr baseline="30000"/><a:t>2</a:t></a:r>'
    slide = tree("sld", shape("Luas 5 km").replace("</a:r>", f"</a:r>{run}"))
    assert read(make_pptx(slide))[1].text == "Luas 5 km²"
