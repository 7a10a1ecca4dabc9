"""`lontar` against a running Lontar."""

import io
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.api_keys import make_key
from chat.models import Message, Session
from core.testing import PASSWORD
from documents.tests.test_pictures import drawing
from llm.errors import llm_error
from llm.models import LanguageModel
from terminal import keeping
from terminal.main import main
from tests.patience import PATIENCE
from tests.programs.conftest import Play
from tests.programs.test_openai_sdk import SEARCH

ROOT = Path(__file__).parents[2]
QUESTION = "What does the Calvin cycle build?"
# The terminal becomes its own, so that Ctrl-C is a signal to it.
AT_A_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Lontar:
    """`lontar(*arguments, stdin="")` → (exit code, what it wrote, what it complained)."""

    def __init__(self, address: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
        self.address = address
        self._patch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        self._patch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        code = main(arguments)
        return (code, *self._capsys.readouterr())


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("LONTAR_KEY", "LONTAR_URL", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("LONTAR_CONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture
def lontar(product: str, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Lontar:
    return Lontar(product, monkeypatch, capsys)


@pytest.fixture
def entered(lontar: Lontar, alice: Any) -> Lontar:
    code, out, err = lontar("login", lontar.address, "--email", alice.email, stdin=f"{PASSWORD}\n")
    assert (code, out, err) == (0, f"Logged in as {alice.email}.\n", "")
    return lontar


def kept(config: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((config / "login.json").read_text())
    return found


def test_a_login_is_kept_for_its_owner_alone(entered: Lontar, config: Path) -> None:
    assert stat.S_IMODE((config / "login.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700
    assert PASSWORD not in (config / "login.json").read_text()


def test_wrong_passwords_are_told_in_a_line(lontar: Lontar, alice: Any, config: Path) -> None:
    answer = lontar("login", lontar.address, "--email", alice.email, stdin="nonsense\n")
    assert answer == (3, "", "The email address or the password is not correct.\n")
    assert not (config / "login.json").exists()


def test_an_expired_token_is_renewed_and_logout_ends_all(entered: Lontar, config: Path) -> None:
    before = kept(config)
    keeping.save(keeping.Login(**{**before, "access": "a.b.c"}))
    assert entered("chats")[0] == 0
    after = kept(config)
    assert after["access"] != "a.b.c" and after["refresh"] != before["refresh"]
    assert entered("logout")[:2] == (0, "Logged out.\n")
    assert entered("chats") == (3, "", "You are not logged in. Use: lontar login\n")
    keeping.save(keeping.Login(**after))
    assert entered("chats")[0] == 3


def test_an_api_key_does_as_well(lontar: Lontar, alice: Any, monkeypatch: Any) -> None:
    key = make_key(actor=alice, name="Terminal", scopes=["chat"])[1]
    assert lontar("login", lontar.address, "--key", stdin=f"{key}\n")[0] == 0
    assert lontar("chats")[0] == 0
    code, _out, err = lontar("upload", str(ROOT / "README.md"))
    assert code == 1 and "API key" in err
    assert lontar("logout")[0] == 0
    monkeypatch.setenv("LONTAR_KEY", key)
    monkeypatch.setenv("LONTAR_URL", lontar.address)
    assert lontar("chats")[0] == 0


def test_in_a_pipe_it_is_plain_text_with_its_sources(entered: Lontar, notes: Any) -> None:
    code, out, err = entered("ask", stdin=QUESTION)
    assert (code, err) == (0, "") and "\x1b" not in out
    assert "sugar from carbon dioxide" in out
    assert out.endswith("\nSources\n[1] notes.txt\n")
    assert Session.objects.get().title == QUESTION
    code, out, _ = entered("ask", *QUESTION.split(), "--no-sources")
    assert code == 0 and "Sources" not in out


def test_json_tells_all_and_a_chat_goes_on(entered: Lontar, able: Any, play: Play) -> None:
    play(["One."], ["Two."])
    told = json.loads(entered("ask", "--json", "--model", "campus/able", "First?")[1])
    assert (told["content"], told["status"]) == ("One.", "complete")
    number = entered("ask", "--chat", "1", "Second?")
    assert number[:2] == (0, "Two.\n")
    session = Session.objects.get()
    assert str(session.pk) == told["session_id"] and session.total_messages == 4
    rows = json.loads(entered("chats", "--json")[1])
    assert [row["id"] for row in rows] == [told["session_id"]]
    assert entered("ask", "--chat", told["session_id"][-8:], "x")[0] == 1  # nothing left to play
    code, out, _ = entered("export", "1")
    assert code == 0 and "One." in out
    assert json.loads(entered("export", "1", "--format", "json")[1])


def test_what_goes_wrong_has_a_number(
    entered: Lontar, able: Any, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert entered("ask", stdin="  ")[0] == 2
    assert entered("ask", "--chat", "nowhere", "x")[0] == 5
    assert entered("upload", "/no/such/file")[0] == 2
    play([llm_error("unavailable")])
    code, out, err = entered("ask", "--json", "x")
    assert code == 1 and err == "" and json.loads(out)["error"]["code"] == "unavailable"
    play(["Half"])
    play.scripts[-1].append(llm_error("interrupted"))
    code, out, err = entered("ask", "x")
    assert code == 1 and out.startswith("Half") and "broke off" in err
    login = keeping.load()
    assert login is not None
    login.address = "http://127.0.0.1:9"
    keeping.save(login)
    monkeypatch.setattr("terminal.answers.PAUSES", (0.0,))
    assert entered("ask", "x")[0] == 4


def test_escape_codes_of_others_never_reach_the_terminal(
    entered: Lontar, able: Any, play: Play
) -> None:
    play(["Look\x1b]52;c;aGk=\x07 here\x9b2J\r and\u202e there."])
    assert entered("ask", "x")[1] == "Look]52;c;aGk= here2J and there.\n"


def test_files_are_brought_and_read(entered: Lontar, tmp_path: Path) -> None:
    path = tmp_path / "soil.txt"
    path.write_text("Volcanic soil holds much potassium.")
    code, out, err = entered("upload", str(path), "--wait")
    assert (code, out, err) == (0, "soil.txt: ready\n", "")
    code, out, _ = entered("ask", "What does volcanic soil hold?")
    assert "potassium" in out and "soil.txt" in out
    empty = tmp_path / "empty.txt"
    empty.touch()
    code, out, err = entered("upload", str(empty))
    assert code == 1 and "empty.txt: " in err


def test_a_picture_goes_along(
    entered: Lontar, able: LanguageModel, play: Play, tmp_path: Path
) -> None:
    (tmp_path / "sky.png").write_bytes(drawing((32, 20), "steelblue"))
    (tmp_path / "soil.txt").write_text("Volcanic soil holds much potassium.")
    sky, soil = str(tmp_path / "sky.png"), str(tmp_path / "soil.txt")
    play(["A sky."])
    answer = entered("ask", "What is this?", "--model", "campus/able", "--picture", sky)
    assert answer[:2] == (0, "A sky.\n")
    assert [each["name"] for each in Message.objects.get(role="user").pictures] == ["sky.png"]
    code, _out, err = entered("ask", "And this?", "--picture", soil)
    assert code == 2 and "lontar upload" in err and Message.objects.count() == 2
    assert entered("ask", "x", "--picture", "/no/such/file")[0] == 2


class Typed:
    """A person at a terminal of `columns`."""

    def __init__(self, config: Path, *arguments: str, columns: int = 60, **env: str) -> None:
        self.master, slave = pty.openpty()
        surroundings = {
            "PATH": os.environ["PATH"],
            "LONTAR_CONFIG": str(config),
            "TERM": "xterm-256color",
            "COLUMNS": str(columns),
            "LINES": "30",
            "LANG": "C.UTF-8",
            **env,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", AT_A_TERMINAL, str(ROOT / "terminal"), *arguments],
            stdin=slave, stdout=slave, stderr=slave, env=surroundings, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def wait_for(self, text: str, times: int = 1) -> None:
        """Reads on until the text was written so often; escape codes do not count."""
        while ESCAPES.sub("", self.seen).count(text) < times:
            assert self._read(), self.seen

    def end(self) -> int:
        """What the program ends with, once it closes the terminal."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(PATIENCE)

    def _read(self) -> bool:
        """False when there is nothing more to come."""
        if not select.select([self.master], [], [], PATIENCE)[0]:
            raise AssertionError(self.seen)
        try:
            piece = os.read(self.master, 65536)
        except OSError:  # how Linux tells that the other end is closed
            return False
        self.seen += piece.decode(errors="replace")
        return bool(piece)


@pytest.fixture
def typed(entered: Lontar, config: Path) -> Iterator[Callable[..., Typed]]:
    made: list[Typed] = []

    def begin(*arguments: str, **options: Any) -> Typed:
        made.append(Typed(config, *arguments, **options))
        return made[-1]

    yield begin
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def test_a_conversation_with_markdown_and_sources(
    typed: Callable[..., Typed], able: LanguageModel, notes: Any, play: Play
) -> None:
    play([SEARCH], ["It is **sugar** [1].\n\n", "- one\n- two <b>\n\n```\nx = 1\n\ny = 2\n```\n"])
    here = typed("new", "--model", "campus/able")
    here.wait_for("> ")
    here.type(QUESTION + "\n")
    here.wait_for("[1] notes.txt")
    here.wait_for("\n> ", 2)
    here.type("/sources\n")
    here.wait_for("\n> ", 3)
    here.type("\x04")
    assert here.end() == 0
    plain = ESCAPES.sub("", here.seen)
    assert "It is sugar [1]." in plain and "**" not in plain
    assert " • two <b>" in plain and "y = 2" in plain
    assert plain.count("[1] notes.txt") == 2 and "searching: " in plain


def test_ctrl_c_stops_the_answer_and_not_the_program(
    typed: Callable[..., Typed], able: LanguageModel, play: Play
) -> None:
    play(["Once upon a time. ", threading.Event()], ["Again."])
    here = typed("new", columns=24, NO_COLOR="1")
    here.wait_for("> ")
    here.type("Tell me.\n")
    here.wait_for("upon a time.")
    here.type("\x03")
    here.wait_for("\n> ", 2)
    here.type("And now?\n")
    here.wait_for("\n> ", 3)
    here.type("\x04")
    assert here.end() == 0
    answers = Message.objects.filter(role="assistant").order_by("position")
    assert [answer.status for answer in answers] == ["stopped", "complete"]
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", here.seen)  # no colour was asked for


def test_one_question_that_is_interrupted_says_so(
    typed: Callable[..., Typed], able: LanguageModel, play: Play
) -> None:
    play(["Once upon a time. ", threading.Event()])
    here = typed("ask", "Tell me.")
    here.wait_for("upon a time.")
    here.process.send_signal(signal.SIGINT)
    assert here.end() == 130
