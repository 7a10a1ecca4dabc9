"""An OpenID Connect server that lets everybody in and says of them what a test wants."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from config import social


class OpenID:
    """`said` is what the server says of who logs in; `down` answers 503 to everything."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {}
        self.down = False
        self.asked: list[str] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: OpenID

    def log_message(self, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self.owner.asked.append(address.path)
        if self.owner.down:
            self._answer(503, {})
        elif address.path == "/.well-known/openid-configuration":
            names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            ends = {f"{name}_endpoint": f"{self.owner.url}/{path}" for name, path in names.items()}
            self._answer(200, {"issuer": self.owner.url, **ends})
        elif address.path == "/authorize":
            asked = parse_qs(address.query)
            back = {"code": "good", "state": asked["state"][0]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri'][0]}?{urlencode(back)}")
            self.end_headers()
        else:
            self._answer(200, self.owner.said)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert b"code_verifier=" in body  # PKCE
        self._answer(200, {"access_token": "token", "token_type": "bearer"})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def openid(settings: Any) -> Iterator[OpenID]:
    """The server, set up in the settings as OIDC_SERVER_URL and its like would."""

    made = OpenID()
    given = {
        "OIDC_CLIENT_ID": "lontar",
        "OIDC_CLIENT_SECRET": "hush",
        "OIDC_NAME": "Kampus",
        "OIDC_SERVER_URL": made.url,
    }
    settings.SOCIALACCOUNT_PROVIDERS = social.providers(
        lambda name, default="": given.get(name, default)
    )
    yield made
    made.close()
