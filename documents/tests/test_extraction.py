"""The child process and its readers, with real files."""

import os
import signal
import struct
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from documents.ingest import extract as extraction
from documents.ingest import patience
from documents.ingest.extract import Crashed, extract
from documents.ingest.frames import Info, PageText, Unreadable
from documents.tests.bombs import bomb
from documents.tests.pdfs import FONT, HEIGHT, MARGIN, WIDTH, assemble, encrypted_pdf, make_pdf


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def go(data: bytes, kind: str = "pdf", **options: Any) -> list[Info | PageText]:
        path = tmp_path / "file"
        path.write_bytes(data)
        return list(extract(path, kind, **options))

    return go


def boxes(page: PageText) -> list[tuple[int, ...]]:
    return list(struct.iter_unpack("<6H", page.boxes))


def test_a_pdf_gives_its_pages_in_order_with_title_and_size(read: Any) -> None:
    info, first, second = read(make_pdf(["Hello palm leaves.", "Page two."], title="Lontar"))
    assert (info.page_count, info.title) == (2, "Lontar")
    assert (first.number, first.text) == (1, "Hello palm leaves.")
    assert (second.number, second.text) == (2, "Page two.")
    assert (first.width, first.height) == (WIDTH, HEIGHT)


def test_each_word_has_a_box_where_it_stands(read: Any) -> None:
    _info, page = read(make_pdf(["Alpha beta\ngamma"]))
    rows = boxes(page)
    assert [page.text[start:end] for start, end, *_ in rows] == ["Alpha", "beta", "gamma"]
    (_, _, x0, y0, x1, y1), (_, _, next_x0, *_), (_, _, _, below, *_) = rows
    assert abs(x0 / 10_000 * WIDTH - MARGIN) < 2
    assert y0 / 10_000 * HEIGHT < MARGIN < y1 / 10_000 * HEIGHT + 5
    assert x1 < next_x0 and below > y0


def test_boxes_follow_rotation_and_crop(read: Any) -> None:
    turned = boxes(read(make_pdf(["Alpha beta"], rotate=90))[1])
    # Turned clockwise the line runs down the right side.
    assert turned[0][2] > 5_000 and turned[0][3] < turned[1][3]
    cropped = boxes(read(make_pdf(["Alpha beta"], crop=(50, 50, WIDTH, HEIGHT)))[1])
    assert abs(cropped[0][2] / 10_000 * (WIDTH - 50) - (MARGIN - 50)) < 2


def test_a_file_with_junk_before_its_header_is_read(read: Any) -> None:
    _info, page = read(b"HTTP/1.1 200 OK\r\n\r\n" + make_pdf(["Still here."]))
    assert page.text == "Still here."


def test_pypdf_reads_what_the_first_reader_may_not(read: Any) -> None:
    info, page = read(make_pdf(["Second reader."], title="T"), second=True)
    assert (info.title, page.text, page.boxes) == ("T", "Second reader.", b"")


def test_a_password_is_told_from_an_empty_one(read: Any) -> None:
    with pytest.raises(Unreadable) as caught:
        read(encrypted_pdf("secret"))
    assert caught.value.code == "encrypted"
    assert read(encrypted_pdf(""))[1].text == "A secret sentence for you."


@pytest.mark.parametrize(
    "data", [make_pdf(["cut"])[:300], b"%PDF-1.4\nnothing else", assemble(["<< >>"])]
)
def test_damaged_files_are_called_damaged(read: Any, data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data)
    assert caught.value.code == "damaged"


def test_a_page_tree_that_bites_its_tail_ends(read: Any) -> None:
    """pypdf CVE-2026-24688, CVE-2026-27628, CVE-2026-54531."""
    loop = assemble(
        ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [2 0 R] /Count 1 >>"],
        "/Root 1 0 R",
    )
    with pytest.raises(Unreadable) as caught:
        read(loop)
    assert caught.value.code == "damaged"


@pytest.mark.parametrize("second", [False, True])
def test_a_bomb_of_a_gigabyte_is_too_complex(read: Any, second: bool) -> None:
    """pypdf CVE-2025-55197, CVE-2025-62708, CVE-2026-31826."""
    data = bomb(1500)
    stream = data.decode("latin-1")
    packed = assemble(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R "
            "/Resources << /Font << /F1 5 0 R >> >> >>",
            f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n{stream}\nendstream",
            FONT,
        ],
        "/Root 1 0 R",
    )
    with pytest.raises((Crashed, Unreadable)) as caught:
        read(packed, second=second)
    assert caught.value.code == "too_complex"


def test_text_is_decoded_cleaned_and_cut_into_pages(read: Any) -> None:
    text = "Satu kalimat yang panjang.\r\n" * 400
    info, *pages = read(text.encode("utf-16"), "text")
    assert info.page_count == len(pages) > 2
    assert "".join(page.text.replace("\n", "") for page in pages) == text.replace("\r\n", "")


def test_old_encodings_and_one_broken_byte_are_read(read: Any) -> None:
    _info, page = read("Café déjà vu, naïve élève à Noël".encode("cp1252"), "text")
    assert "Café déjà vu" in page.text
    _info, page = read("Hëllo wörld ".encode() * 200 + b"\xff tail", "text")
    assert page.text.startswith("Hëllo wörld") and page.text.endswith("tail")


@pytest.mark.parametrize(("data", "code"), [(b" \n\t ", "empty"), (b"--- *** ---", "no_text")])
def test_text_without_words_says_so(read: Any, data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(data, "text")
    assert caught.value.code == code


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A child that runs the given statement instead of a reader."""

    def use(statement: str) -> None:
        script = tmp_path / "child.py"
        script.write_text(
            "import os, sys, time, socket, subprocess\n"
            "from documents.ingest import child\n"
            "from documents.ingest.frames import PageText\n"
            "class Reader:\n"
            "    KIND = 'pdf'\n"
            "    @staticmethod\n"
            "    def read(path, second):\n"
            "        yield PageText(1, 'before')\n"
            f"        {statement}\n"
            "        yield PageText(2, 'after')\n"
            "child.formats.by_kind = lambda kind: Reader\n"
            "sys.exit(child.main(sys.argv[1], sys.argv[2], int(sys.argv[3]), False))\n"
        )
        start = extraction.subprocess.Popen

        def popen(command: list[str], **options: Any) -> Any:
            options["env"]["PYTHONPATH"] = str(options["cwd"])
            return start([command[0], "-B", str(script), *command[4:]], **options)

        monkeypatch.setattr(extraction.subprocess, "Popen", popen)

    return use


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("x = bytearray(3_000_000_000)", "too_complex"),
        ("f = lambda n: f(n) ; f(1)", "too_complex"),
    ],
)
def test_a_reader_that_wants_too_much_is_too_complex(
    read: Any, reader: Any, statement: str, code: str
) -> None:
    reader(statement)
    with pytest.raises(Unreadable) as caught:
        read(b"x")
    assert caught.value.code == code


def test_only_waiting_for_the_reader_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    now, ended = [0.0], threading.Event()
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: now[0]))
    clock = patience.Patience(10, ended.set)
    for _page in range(2):
        with clock.waiting():
            now[0] += 4
        now[0] += 100
    assert clock.left == 2 and not ended.is_set()
    with clock.waiting():
        now[0] += 3
    with clock.waiting():
        assert ended.wait(60)


def test_a_reader_that_hangs_is_stopped_in_time(read: Any, reader: Any) -> None:
    """pypdf CVE-2025-62707, CVE-2026-22690."""
    reader("time.sleep(60)")
    with pytest.raises(Unreadable) as caught:
        read(b"x", seconds=0.5)
    assert caught.value.code == "too_slow"


@pytest.mark.parametrize(
    ("statement", "code"),
    [("os.kill(os.getpid(), 11)", "damaged"), ("os.kill(os.getpid(), 9)", "too_complex")],
)
def test_a_reader_that_dies_is_a_crash(read: Any, reader: Any, statement: str, code: str) -> None:
    reader(statement)
    with pytest.raises(Crashed) as caught:
        read(b"x")
    assert caught.value.code == code


@pytest.mark.parametrize(
    "statement",
    [
        "socket.socket()",
        "subprocess.Popen(['true'])",
        "os.system('true')",
        "open('/tmp/written-by-a-reader', 'w')",
    ],
)
def test_a_reader_may_not_reach_out(read: Any, reader: Any, statement: str) -> None:
    reader(statement)
    with pytest.raises((Unreadable, Crashed)):
        read(b"x")
    assert not Path("/tmp/written-by-a-reader").exists()


def test_a_reader_sees_no_secrets(read: Any, reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """LibreChat CVE-2026-32625, LangChain CVE-2025-68664: secrets of the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    reader("yield PageText(3, ' '.join(os.environ))")
    pages = read(b"x")
    assert "KEY" not in pages[1].text and "DATABASE" not in pages[1].text


def test_closing_the_generator_kills_the_child(reader: Any, tmp_path: Path) -> None:
    reader("yield PageText(2, str(os.getpid())); time.sleep(60)")
    path = tmp_path / "file"
    path.write_bytes(b"x")
    frames = extract(path, "pdf")
    next(frames)
    child = int(next(frames).text)  # type: ignore[union-attr]
    frames.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, signal.SIG_DFL)


def test_a_missing_original_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(Unreadable) as caught:
        list(extract(tmp_path / "gone", "pdf"))
    assert caught.value.code == "storage"
