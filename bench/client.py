"""The API as a program uses it; standard library only, so that it measures the server."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any


class Client:
    """One signed-in person."""

    def __init__(self, base: str) -> None:
        self.base, self.token = base, ""
        self.who = {"email": f"{uuid.uuid4().hex}@bench.test", "password": "Plum-tree-42-river"}
        self.call("POST", "/api/v1/auth/register", {**self.who, "full_name": "Bench"})
        self.token = self.call("POST", "/api/v1/auth/login", self.who)["access_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        with self._open(method, path, json.dumps(body).encode() if body is not None else None) as r:
            return json.loads(r.read() or b"null")

    def upload(self, name: str, data: bytes) -> dict[str, Any]:
        mark = uuid.uuid4().hex
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        head += "Content-Type: application/pdf\r\n\r\n"
        form = head.encode() + data + f"\r\n--{mark}--\r\n".encode()
        kind = f"multipart/form-data; boundary={mark}"
        with self._open("POST", "/api/v1/files/upload", form, kind) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found

    def wait_processed(self, file: dict[str, Any], seconds: float = 900) -> dict[str, Any]:
        begin = time.monotonic()
        while file["status"] not in ("PROCESSED", "FAILED") and time.monotonic() < begin + seconds:
            # Asking costs the processors that are measured a percent or two of what was waited.
            time.sleep(max(0.1, min(0.5, (time.monotonic() - begin) / 50)))
            file = self.call("GET", f"/api/v1/files/{file['id']}")
        return file

    def ask(self, question: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The events of one answer in a session of its own, as they arrive."""
        model = self.call("GET", "/api/v1/chat/config")["models"][0]["id"]
        session = self.call("POST", "/api/v1/chat/sessions", {"model_id": model, "title": "bench"})
        path = f"/api/v1/chat/sessions/{session['id']}/messages"
        with self._open("POST", path, json.dumps({"message": question}).encode()) as stream:
            event = ""
            for raw in stream:
                line = raw.decode().rstrip("\n")
                if line.startswith("event:"):
                    event = line[6:].strip()
                elif line.startswith("data:"):
                    yield event, json.loads(line[5:])

    def search(self, query: str) -> Any:
        words = urllib.parse.urlencode({"query": query, "top_k": 5})
        return self.call("POST", f"/api/v1/rag/search?{words}", {})

    def _open(
        self, method: str, path: str, data: bytes | None, kind: str = "application/json"
    ) -> Any:
        request = urllib.request.Request(self.base + path, method=method, data=data)
        if data is not None:
            request.add_header("Content-Type", kind)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        try:
            return urllib.request.urlopen(request, timeout=600)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:400]!r}") from error
