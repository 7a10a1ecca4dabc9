"""Lontar over HTTP: tokens kept fresh, errors as sentences."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx2

from terminal import keeping, trouble
from terminal.keeping import Login
from terminal.safe import line
from terminal.trouble import Trouble
from terminal.words import language, say

API = "/api/v1/"
# An answer may begin late and pause long; the server sends a sign of life every 15 seconds.
TIMEOUT = httpx2.Timeout(30.0, read=60.0)
CODES = {401: trouble.LOGGED_OUT, 404: trouble.NOT_FOUND, 429: trouble.LIMITED}


class Client:
    """Of one login. Every call raises Trouble."""

    def __init__(self, login: Login) -> None:
        self.login = login
        self._http = httpx2.Client(
            base_url=login.address,
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={"User-Agent": "lontar-terminal", "Accept-Language": language()},
        )

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **query: Any) -> Any:
        return self.answer("GET", path, params=query).json()

    def post(self, path: str, body: Any = None) -> Any:
        answer = self.answer("POST", path, json=body if body is not None else {})
        return answer.json() if answer.content else None

    def answer(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The whole answer to a request that may be sent twice: with a token that was refreshed."""
        token = self._token()
        answer = self._sent(method, path, token, options)
        if answer.status_code == httpx2.codes.UNAUTHORIZED and self._refreshed(token):
            answer = self._sent(method, path, self._token(), options)
        return required(answer)

    @contextlib.contextmanager
    def stream(self, method: str, path: str, **options: Any) -> Iterator[httpx2.Response]:
        """An answer that is read as it comes. Raises httpx2.TransportError when it breaks off."""
        token = self._token()
        with self._opened(method, path, token, options) as answer:
            if answer.status_code != httpx2.codes.UNAUTHORIZED or not self._refreshed(token):
                if answer.is_error:
                    answer.read()
                yield required(answer)
                return
        with self._opened(method, path, self._token(), options) as answer:
            if answer.is_error:
                answer.read()
            yield required(answer)

    def _opened(self, method: str, path: str, token: str, options: Any) -> Any:
        return self._http.stream(method, API + path, **_with_token(options, token))

    def _sent(self, method: str, path: str, token: str, options: Any) -> httpx2.Response:
        try:
            return self._http.request(method, API + path, **_with_token(options, token))
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise trouble.unreachable(self.login.address) from error

    def _token(self) -> str:
        return self.login.key or self.login.access

    def _refreshed(self, used: str) -> bool:
        """Whether there is another token to try than the one that was refused."""
        if self.login.key or not self.login.refresh:
            return False
        with keeping.alone():
            kept = keeping.load()
            if kept and kept.address == self.login.address and kept.access != used:
                self.login = kept  # another terminal has done it
                return True
            fields = {"refresh_token": self.login.refresh}
            answer = self._sent("POST", "auth/refresh", "", {"json": fields})
            if answer.is_error:
                return False
            pair = answer.json()
            self.login.access, self.login.refresh = pair["access_token"], pair["refresh_token"]
            keeping.save(self.login)
            return True


def _with_token(options: dict[str, Any], token: str) -> dict[str, Any]:
    headers = dict(options.get("headers") or {})
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return {**options, "headers": headers}


def required(answer: httpx2.Response) -> httpx2.Response:
    """The answer, unless it tells of an error."""
    if answer.is_success:
        return answer
    if answer.is_redirect:
        raise Trouble(say("This address leads on to another one. Log in with that one."))
    raise Trouble(sentence(answer), CODES.get(answer.status_code, trouble.FAILED))


def sentence(answer: httpx2.Response) -> str:
    """What the server said, in a line; RFC 9457 where it kept to it."""
    try:
        body = answer.json()
        rows = [f"{row['field']}: {row['message']}" for row in body.get("errors") or ()]
        return line("; ".join(rows) or body["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return say("The server answered %s.") % answer.status_code
