"""The web processes, with real sockets: one address, one parent, children that come back."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.web import listen
from launch.process import session_members
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
# Says which process answered, and whether it imported it itself.
APPLICATION = """
import os
IMPORTED_BY = os.getpid()

async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    answer = f"{os.getpid()} {IMPORTED_BY}".encode()
    headers = [(b"content-length", str(len(answer)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(port: int, source: str = APPLICATION, processes: int = 2) -> subprocess.Popen[bytes]:
        (tmp_path / "telling.py").write_text(source)
        env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "WEB_PROCESSES": str(processes)}
        command = ["-m", "config.web", "--verbosity", "0", "-b", "127.0.0.1", "-p", str(port)]
        process = subprocess.Popen(
            [sys.executable, *command, "telling:application"], env=env, cwd=tmp_path,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def asked(port: int) -> tuple[int, int]:
    """(who answered, who imported the application); waits as long as the socket lets it."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as wire:
                wire.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = b"".join(iter(lambda: wire.recv(4096), b""))
            who, by = answer.rpartition(b"\r\n\r\n")[2].split()
            return int(who), int(by)
        except (OSError, ValueError):
            assert time.monotonic() < until


def all_who_answer(port: int, count: int = 2) -> set[int]:
    found: set[int] = set()
    until = time.monotonic() + PATIENCE
    while len(found) < count:
        found.add(asked(port)[0])
        assert time.monotonic() < until
    return found


def test_several_answer_and_one_has_loaded_the_application(start: Start) -> None:
    port = free_port()
    parent = start(port)
    answering = all_who_answer(port)
    assert parent.pid not in answering
    assert asked(port)[1] == parent.pid


def test_a_killed_process_is_replaced_and_no_request_is_lost(start: Start) -> None:
    port = free_port()
    start(port)
    first = all_who_answer(port)
    victim = min(first)
    os.kill(victim, signal.SIGKILL)
    second = all_who_answer(port)
    assert victim not in second
    assert max(first) in second


def test_a_polite_stop_ends_all_of_them(start: Start) -> None:
    port = free_port()
    parent = start(port)
    all_who_answer(port)
    parent.terminate()
    assert parent.wait(PATIENCE) == 0
    assert session_members(parent.pid) == []


def test_killing_the_parent_ends_the_children(start: Start) -> None:
    port = free_port()
    parent = start(port)
    all_who_answer(port)
    parent.kill()
    parent.wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while session_members(parent.pid):
        assert time.monotonic() < until


def test_one_process_is_that_process(start: Start) -> None:
    port = free_port()
    parent = start(port, processes=1)
    assert asked(port)[0] == parent.pid


def test_an_application_that_cannot_be_loaded_says_so_and_ends(start: Start) -> None:
    parent = start(free_port(), source="raise RuntimeError('no such luck')")
    assert b"no such luck" in parent.communicate(timeout=PATIENCE)[1]
    assert parent.returncode == 1


def test_children_that_cannot_live_end_the_parent(start: Start) -> None:
    source = f"{APPLICATION}\nos.register_at_fork(after_in_child=lambda: os._exit(7))"
    parent = start(free_port(), source=source)
    said = parent.communicate(timeout=PATIENCE)[1]
    assert (parent.returncode, said.count(b"ended (7)")) == (1, 3)


def test_an_address_in_use_is_not_shared_with_a_stranger() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", other.getsockname()[1], 2)
