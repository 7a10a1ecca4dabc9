"""CSV: each row with the names of its columns, whatever the dialect."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from documents.ingest import chunking
from documents.ingest.frames import Info, PageText, Unreadable
from documents.ingest.readers import delimited, streams


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def go(data: str | bytes) -> list[Info | PageText]:
        path = tmp_path / "file.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return list(delimited.read(str(path)))

    return go


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_say_the_names_of_their_columns(read: Any, delimiter: str) -> None:
    data = "Nama;Kota;Nilai\nSari;Denpasar;9,5\nBudi;;8\n".replace(";", delimiter)
    if delimiter == ",":
        data = data.replace("9,5", '"9,5"')
    info, page = read(data)
    assert (info.page_count, info.unit) == (1, "rows")
    assert page.text == (
        "Row 1\nNama: Sari\nKota: Denpasar\nNilai: 9,5\n\nRow 2\nNama: Budi\nNilai: 8"
    )


def test_quoted_cells_may_hold_lines_and_marks(read: Any) -> None:
    _info, page = read('a,b\r\n"satu\r\ndua, ""tiga""",x\r\n')
    assert page.text == 'Row 1\na: satu dua, "tiga"\nb: x'


def test_rows_that_are_cut_are_counted(read: Any) -> None:
    long = "kata " * 5000
    wide = ",".join(["x"] * 600)
    info, _page = read(f"a,b\nsatu,dua\n{long},b\n{wide}\ntiga,empat\n")
    assert info.rows_cut == 2
    assert read(f"a,b\nsatu,dua{',' * 600}\n")[0].rows_cut == 0


def test_a_mark_that_never_closes_costs_no_rows(read: Any) -> None:
    rows = "".join(f"{n},kata {n}\n" for n in range(1000))
    _info, *pages = read(f'nomor,isi\n0,"terbuka\n{rows}')
    text = "\n".join(page.text for page in pages)
    assert all(f"isi: kata {n}\n" in f"{text}\n" for n in range(1000))


@pytest.mark.parametrize(
    ("data", "first"),
    [
        ("1,2\n3,4\n", "Row 1\n1 | 2"),
        ("Kota,2019,2020\nUbud,1,2\n", "Row 1\nKota: Ubud\n2019: 1\n2020: 2"),
        ("sep=;\na;b\nx;y\n", "Row 1\na: x\nb: y"),
        ("a,b\nx,y,z\n", "Row 1\na: x\nb: y\n#3: z"),
        ("satu\n", "Row 1\nsatu"),
    ],
)
def test_headers_are_told_from_rows(read: Any, data: str, first: str) -> None:
    assert read(data)[1].text.startswith(first)


def test_pages_have_fifty_rows_and_rows_stay_whole(read: Any) -> None:
    data = "nama,isi\n" + "".join(f"n{n},Satu. Dua! Tiga? {'x' * 40}\n" for n in range(1, 121))
    _info, *pages = read(data)
    assert [page.text.split("\n")[0] for page in pages] == ["Row 1", "Row 51", "Row 101"]
    drafts = list(chunking.chunk(pages, "csv"))
    assert len(drafts) < 60, "several rows a passage"
    assert all(draft.text.startswith("Row ") for draft in drafts)
    assert all(draft.text.endswith("x" * 40) for draft in drafts)


def test_a_long_file_says_how_much_was_read(read: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_CHARACTERS", 100_000)
    monkeypatch.setattr(streams, "COUNTED", 5)
    data = "a,b\n" + "".join(f"nama {n},{'isi ' * 20}\n" for n in range(20_000))
    first, *pages, last = read(data)
    assert isinstance(last, Info) and last.page_count == len(pages)
    assert 0.02 < last.read < 0.3 and first.page_count > len(pages)


def test_a_line_without_end_is_cut(read: Any) -> None:
    _info, *pages = read("a,b\n" + "x" * 3_000_000 + ",1\n")
    assert pages and all(len(page.text) < 2_000_000 for page in pages)


def test_what_csv_writes_is_read_back(read: Any) -> None:
    out = io.StringIO()
    rows = [["kunci", "nilai"]] + [[f"k{n}", "a,'\"\n;b" * (n % 3)] for n in range(30)]
    csv.writer(out).writerows(rows)
    text = read(out.getvalue())[1].text
    assert text.count("kunci: k") == 30


def test_a_mark_that_the_end_of_the_file_leaves_open_is_none(read: Any) -> None:
    assert read('a,b\n"x,1\ny,2\nz,3\n')[1].text == (
        'Row 1\na: "x\nb: 1\n\nRow 2\na: y\nb: 2\n\nRow 3\na: z\nb: 3'
    )


@pytest.mark.parametrize(("data", "code"), [("\n \n", "empty"), ("-,-\n*,*\n", "no_text")])
def test_files_without_words_say_so(read: Any, data: str, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert caught.value.code == code


def test_a_title_above_the_table_is_not_its_header(read: Any) -> None:
    data = "Laporan 2023\nSumber: BPS\n\nbulan,jumlah,total\nJan,1,10\nFeb,2,20\nMar,3,30\n"
    _info, page = read(data)
    assert page.text.startswith("Laporan 2023\nSumber: BPS\n\nRow 1\nbulan: Jan\njumlah: 1")
    assert [page.text[a:b].split("\n")[0] for a, b, _ in page.blocks] == ["Row 1", "Row 2", "Row 3"]


def test_two_columns_of_one_name_have_a_header_where_numbers_stand_under_it(read: Any) -> None:
    assert read("nama,nilai,nilai\nBudi,8,9\n")[1].text == "Row 1\nnama: Budi\nnilai: 8\nnilai: 9"
    assert read("a,b,a\nc,d,e\n")[1].text.startswith("Row 1\na | b | a")
