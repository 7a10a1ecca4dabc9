"""daphne with bodies that stay on disk: `python -m config.server` takes daphne's arguments.

Under stock daphne 4.2 Twisted parses every form in memory, daphne then puts the whole body into a
queue before the application sees a byte of it, a body may have any length, and an answer is
buffered without end for a slow reader: an upload of 240 MB took the web process to 2.9 GB. Here a
body is read from Twisted's temporary file as the application asks for it, one that is too long is
refused while it arrives, and an answer waits for its reader.
"""

import asyncio
import gc
import io
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

# Importing daphne's server installs the asyncio reactor: it must come before anything of Twisted.
from daphne.server import Server  # isort: skip
from daphne import cli, http_protocol

from config import env

Receive = Callable[[], Awaitable[dict[str, Any]]]
PIECE = 256 * 1024
INLINE = 64 * 1024
# What is no upload: forms, JSON, tables of 5 MB. Django's own limit for what it keeps in memory is
# below this.
OTHER_LIMIT = 6 * 1024 * 1024
ENVELOPE = 64 * 1024
# documents.pictures.LARGEST, in its form.
PICTURE_LIMIT = 10 * 1024 * 1024 + ENVELOPE
# core.bodies.LONGEST: files travel inside these, in base64.
WITH_FILES, WITH_FILES_LIMIT = (b"/v1/chat/completions", b"/api/v1/chat"), 28 * 1024 * 1024
# (title, our code, theirs, sentence), where no Django is asked for one.
REFUSALS = {
    400: (
        "Bad Request",
        "bad_request",
        "invalid_request",
        "This address or a header has characters that HTTP does not take. Write them as %C3%A9.",
    ),
    413: (
        "Content Too Large",
        "too_large",
        "request_too_large",
        "This is larger than the server takes. Send less, or split the file.",
    ),
    500: ("Internal Server Error", "internal", "server_error", "That did not work. Try again."),
    503: (
        "Service Unavailable",
        "unavailable",
        "unavailable",
        "A part of Lontar is not answering. Try again in a minute.",
    ),
}


def _upload_limit() -> int:
    return env.number("MAX_UPLOAD_MB", 250) * 1024 * 1024 + ENVELOPE


def _is_upload(path: bytes) -> bool:
    path = path.split(b"?", 1)[0].rstrip(b"/")
    return path == b"/api/v1/files/upload" or (
        path.startswith((b"/api/v1/collections/", b"/api/v1/chat/sessions/"))
        and path.endswith((b"/files", b"/pictures"))
    )


def _limit(path: bytes) -> int:
    bare = path.split(b"?", 1)[0]
    if bare in WITH_FILES:
        return WITH_FILES_LIMIT
    if bare.startswith(b"/api/v1/chat/sessions/") and bare.endswith(b"/pictures"):
        return PICTURE_LIMIT
    return _upload_limit() if _is_upload(path) else OTHER_LIMIT


def _told(status: int, path: bytes) -> tuple[bytes, bytes]:
    """(media type, body), in the words of the API that was asked."""
    title, code, theirs, sentence = REFUSALS[status]
    if path.startswith(b"/v1/"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": sentence, "type": kind, "param": None, "code": theirs}
        return b"application/json", json.dumps({"error": error}).encode()
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    return b"application/problem+json", json.dumps({**body, "detail": sentence}).encode()


def _refusal(path: bytes) -> bytes:
    """A whole answer."""
    kind, body = _told(413, path)
    head = (
        b"HTTP/1.1 413 Content Too Large\r\nContent-Type: %b\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n"
    )
    return head % (kind, len(body)) + body


class Request(http_protocol.WebRequest):
    body: Any = None
    received = 0
    refused = False
    limit = OTHER_LIMIT

    def __init__(self, *args: Any, **options: Any) -> None:
        # Twisted would parse a form into memory, twelve times its size, for nobody.
        super().__init__(*args, parsePOSTFormSubmission=False, **options)

    def gotLength(self, length: int | None) -> None:
        super().gotLength(length)
        self.limit = _limit(self.channel._path)
        if length is not None and length > self.limit:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > self.limit:
            self._refuse()
        if not self.refused:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        if self.refused:
            return
        self.refused = True
        self.channel.transport.write(_refusal(self.channel._path))
        self.channel.transport.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        if not self.refused:
            super().requestReceived(command, path, version)

    def process(self) -> Any:
        self.drained = asyncio.Event()
        self.drained.set()
        if self.received > INLINE:
            self.body, self.content = self.content, io.BytesIO()
            self.body.seek(0)
        return super().process()

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """daphne's own page, for programs in the shape of all other errors."""
        # It takes the path away where that is what is wrong.
        path = self.uri
        if status not in REFUSALS or not path.startswith((b"/api/", b"/v1/")):
            super().basic_error(status, status_text, body)
            return
        kind, said = _told(status, path)
        headers = [(b"Content-Type", kind), (b"Content-Length", b"%d" % len(said))]
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": said})

    def connectionLost(self, reason: Any) -> None:
        if hasattr(self, "drained"):
            self.drained.set()
        super().connectionLost(reason)

    # Twisted calls these when the reader is slower than we are, and when it has caught up.
    def pauseProducing(self) -> None:
        self.drained.clear()

    def resumeProducing(self) -> None:
        self.drained.set()

    def stopProducing(self) -> None:
        self.drained.set()


class PatientServer(Server):
    def __init__(self, application: Any, **options: Any) -> None:
        super().__init__(_lazily(application), **options)

    def run(self) -> None:
        # What is loaded stays: the collector need not look at it again. Answers make many objects
        # and few circles, so it looks more seldom than usual.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        # Threads that hear from the database wait for the loop no longer than this.
        sys.setswitchinterval(0.001)
        super().run()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if getattr(protocol, "body", None) is not None:
            scope["body_file"] = protocol.body
        return super().create_application(protocol, scope)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        streams = isinstance(protocol, Request) and message["type"] == "http.response.body"
        if streams and not message.get("more_body") and protocol.producer is not None:
            protocol.unregisterProducer()
        await super().handle_reply(protocol, message)
        if streams and message.get("more_body") and protocol.channel is not None:
            if protocol.producer is None:
                protocol.registerProducer(protocol, True)
            await protocol.drained.wait()


def _lazily(application: Any) -> Any:
    async def patient(scope: dict[str, Any], receive: Receive, send: Any) -> None:
        body = scope.pop("body_file", None)
        if body is None:
            await application(scope, receive, send)
            return
        try:
            await application(scope, _reader(body, receive), send)
        finally:
            body.close()

    return patient


def _reader(body: Any, receive: Receive) -> Receive:
    whole = False

    async def read() -> dict[str, Any]:
        nonlocal whole
        if whole:
            return await receive()
        piece = await asyncio.to_thread(body.read, PIECE)
        whole = len(piece) < PIECE
        if whole:
            # The empty body daphne put in the queue in place of this one.
            await receive()
        return {"type": "http.request", "body": piece, "more_body": not whole}

    return read


def main() -> None:
    http_protocol.WebRequest = Request
    cli.CommandLineInterface.server_class = PatientServer
    cli.CommandLineInterface().run(sys.argv[1:])


if __name__ == "__main__":
    main()
