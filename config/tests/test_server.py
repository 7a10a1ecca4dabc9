"""The server between the wire and Django, with real sockets."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.server import ENVELOPE, _is_upload, _limit
from core.bodies import LONGEST
from documents.pictures import LARGEST
from tests.doors import DOORS
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 8
# An application that counts the body, or answers with many bytes.
APPLICATION = """
async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    size, peak, more = 0, 0, True
    while more:
        message = await receive()
        size, peak = size + len(message["body"]), max(peak, len(message["body"]))
        more = message.get("more_body", False)
    answer = f"{size} {peak}".encode()
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "counting.py").write_text(APPLICATION)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    env = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "MAX_UPLOAD_MB": str(LIMIT_MB)}
    command = ["-m", "config.server", "-b", "127.0.0.1", "-p", str(number)]
    process = subprocess.Popen(
        [sys.executable, *command, "counting:application"], env=env, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                break
            except OSError:
                assert process.poll() is None
        yield number
    finally:
        process.terminate()
        process.wait(PATIENCE)


def exchange(port: int, head: str | bytes, body: bytes = b"") -> tuple[int, bytes]:
    """(status, body) of one request; the server may answer before all of it is sent."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
        sock.sendall(head if isinstance(head, bytes) else head.encode())
        try:
            sock.sendall(body)
        except OSError:
            assert body
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except ConnectionResetError:
            assert answer
    top, _, rest = answer.partition(b"\r\n\r\n")
    return int(top.split()[1]), rest


def post(path: str, length: int | None) -> str:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\n{size}\r\n\r\n"
    )


def test_a_large_body_reaches_the_application_whole_and_in_pieces(port: int) -> None:
    body = os.urandom(2 * 1024 * 1024 + 17)
    status, answer = exchange(port, post("/api/v1/files/upload", len(body)), body)
    size, peak = map(int, answer.split())
    assert (status, size) == (200, len(body))
    assert peak <= 256 * 1024


def test_a_small_body_and_none_at_all(port: int) -> None:
    assert exchange(port, post("/api/v1/auth/login", 5), b"hello") == (200, b"5 5")
    assert exchange(port, post("/api/v1/auth/login", 0)) == (200, b"0 0")


def test_too_large_is_refused_before_the_body_is_sent(port: int) -> None:
    status, answer = exchange(port, post("/api/v1/files/upload", 100 * 1024 * 1024))
    assert status == 413 and json.loads(answer)["code"] == "too_large"


UPLOADS = [
    "/api/v1/files/upload",
    "/api/v1/collections/01a1ffd0-65e5-7000-8000-000000000000/files",
    "/api/v1/chat/sessions/01a1ffd0-65e5-7000-8000-000000000000/files",
]


def test_the_doors_of_uploads_are_the_listed_ones() -> None:
    doors = [door.path.replace("<uuid:", "").replace(">", "") for door in DOORS if door.is_upload]
    assert doors and all(_is_upload(f"/{path}".encode()) for path in doors)
    others = [door.path for door in DOORS if not door.is_upload and door.method != "GET"]
    assert not any(_is_upload(f"/{path}?x=/files".encode()) for path in others)


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "without"])
def test_uploads_may_be_larger_than_the_rest(port: int, length: bool) -> None:
    body = b"x" * 65536 * 112  # 7 MB
    sent = body if length else (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 112 + b"0\r\n\r\n"
    for path in UPLOADS:
        status, _ = exchange(port, post(path, len(body) if length else None), sent)
        assert status == 200, path
    for path in ("/api/v1/auth/login", "/accounts/login/", "/api/v1/chats", "/admin/x/import/"):
        status, answer = exchange(port, post(path, len(body) if length else None), sent)
        assert status == 413 and json.loads(answer)["detail"], path


@pytest.mark.parametrize(("path", "size"), [("/api/v1/files/upload", 9), ("/api/v1/auth/login", 7)])
def test_too_large_without_a_length_is_refused_while_it_arrives(
    port: int, path: str, size: int
) -> None:
    """Django CVE-2026-33034, CVE-2026-5766, LibreChat CVE-2026-54024."""
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    status, _ = exchange(port, post(path, None), piece * (size * 17) + b"0\r\n\r\n")
    assert status == 413


def test_a_picture_may_be_as_large_as_one_and_no_larger() -> None:
    path = b"/api/v1/chat/sessions/0192f3a4-5b6c-7d8e-9f01-23456789abcd/pictures"
    assert _limit(path) == LARGEST + ENVELOPE


def test_two_pictures_of_the_largest_size_fit_into_a_question() -> None:
    needed = len(base64.b64encode(bytes(LARGEST))) * 2 + ENVELOPE
    for path in (b"/api/v1/chat", b"/api/v1/chat?x=1", b"/v1/chat/completions"):
        assert needed < _limit(path) == LONGEST
    assert _limit(b"/api/v1/chat/sessions") < LONGEST


@pytest.mark.parametrize("path", ["/api/v1/files", "/v1/models", "/library/"])
def test_what_no_address_may_hold_is_told_as_everything_else(port: int, path: str) -> None:
    """0x85 gets as far as here; every byte that begins a letter of UTF-8 ends one layer before."""
    for place in (f"{path}\x85", f"{path}?search=\x85"):
        head = f"GET {place} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        status, body = exchange(port, head.encode("latin-1"))
        assert status == 400
        if path == "/library/":
            assert b"<html>" in body
            continue
        told = json.loads(body)
        sentence = told["error"]["message"] if path.startswith("/v1/") else told["detail"]
        assert sentence.endswith("Write them as %C3%A9.")
        assert path.startswith("/v1/") or (told["status"], told["code"]) == (400, "bad_request")
    head = f"GET {path}\u00e9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert exchange(port, head.encode()) == (400, b"")  # Twisted's: see docs/api.md
