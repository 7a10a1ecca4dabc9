"""What is written, and what is not."""

import ast
import io
import os
import unicodedata
from pathlib import Path

import pytest
from rich.console import Console

from terminal import keeping, words
from terminal.login import checked
from terminal.markdown import Blocks, Rendered
from terminal.safe import clean, line
from terminal.trouble import Trouble

ROOT = Path(__file__).parents[2]


def test_no_control_character_is_left() -> None:
    left = clean("".join(map(chr, range(0x2100))))
    controls = [char for char in left if unicodedata.category(char) == "Cc"]
    assert controls == ["\t", "\n"] and not set("\u202e\u2066\u200f\u2028") & set(left)
    assert line("a\n\x1b[2Jb\tc") == "a [2Jb c"


def test_blocks_end_at_empty_lines_outside_fences() -> None:
    blocks = Blocks()
    text = "One.\n\n```\na\n\nb\n```\n\nTwo **x**\n\nThree"
    out = [blocks.feed(char) for char in text]
    assert [piece for piece in out if piece] == [
        "One.\n\n",
        "```\na\n\nb\n```\n\n",
        "Two **x**\n\n",
    ]
    assert blocks.rest == "Three"
    assert "".join(out) + blocks.rest == text


@pytest.mark.parametrize("columns", [1, 8, 24, 200])
def test_markdown_fits_any_window_and_hides_no_address(columns: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=columns, force_terminal=True, color_system=None)
    console.print(Rendered("# Head\n\n[safe](https://evil.example) List<String> | a |\n\n> q"))
    said = out.getvalue()
    assert "\x1b]8" not in said  # no hyperlink under other words
    if columns > 100:
        assert "evil.example" in said and "List<String>" in said


def test_everything_said_is_said_in_indonesian_too() -> None:
    said = set()
    for path in (ROOT / "terminal").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("say", "add"):
                place = 1 if getattr(node.func, "id", "") == "add" else 0
                if place < len(node.args) and isinstance(node.args[place], ast.Constant):
                    said.add(str(node.args[place].value))  # type: ignore[attr-defined]
    from terminal.showing import UNITS

    assert said | set(UNITS.values()) == set(words.INDONESIAN)
    assert all(text.count("%s") == words.INDONESIAN[text].count("%s") for text in said)


def test_a_login_goes_nowhere_but_where_it_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONTAR_CONFIG", str(tmp_path))
    monkeypatch.delenv("LONTAR_KEY", raising=False)
    keeping.save(keeping.Login("http://127.0.0.1:1", access="a"))
    monkeypatch.setenv("LONTAR_URL", "http://127.0.0.1:2")
    assert keeping.load() is None
    monkeypatch.setenv("LONTAR_URL", "http://127.0.0.1:1/")
    assert keeping.load() is not None
    (tmp_path / "login.json").write_text("[1]")
    with pytest.raises(Trouble):
        keeping.load()
    assert os.listdir(tmp_path) == ["login.json"]


@pytest.mark.parametrize(
    "address", ["ftp://x", "http://", "http://u:p@x", "http://x:0", "http://["]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Trouble):
        checked(address)
    assert checked("lontar.example/") == "https://lontar.example"
