"""Being a guest: what a site's robots.txt asks for (RFC 9309), and not coming too often."""

import time
from collections.abc import Callable

from django.conf import settings
from django.core.cache import cache
from protego import Protego

from core.redis import key, sync_client
from documents.web.addresses import Target
from documents.web.fetching import ROBOT, Fetcher, Wanted
from documents.web.reasons import FetchFailed

KEPT_SECONDS = 24 * 3600
# RFC 9309, section 2.5: at least so much of a robots.txt is read; what follows is ignored.
READ = 500 * 1024
LARGEST = 4 * 1024 * 1024
LONGEST_DELAY = 30.0
PATIENCE = 90.0


class Manners:
    """For one slice of work; rules of a site are shared by all workers for a day.

    `go_on` is called while waiting and may raise.
    """

    def __init__(self, fetcher: Fetcher, go_on: Callable[[], None] = lambda: None) -> None:
        self._fetcher = fetcher
        self._go_on = go_on
        self._known: dict[str, Protego] = {}

    def permit(self, target: Target) -> None:
        """Wait for the site's next turn. Raises FetchFailed where its owner does not want us."""
        rules = self._rules(target)
        if not rules.can_fetch(target.url, ROBOT):
            raise FetchFailed("robots", target.url)
        self._wait(target, _delay(rules))

    def _rules(self, target: Target) -> Protego:
        rules = self._known.get(target.origin)
        if rules is None:
            text = cache.get(f"web:robots:{target.origin}")
            if text is None:
                text = self._fetch(target)
                cache.set(f"web:robots:{target.origin}", text, KEPT_SECONDS)
            rules = self._known[target.origin] = Protego.parse(text)
        return rules

    def _fetch(self, target: Target) -> str:
        """No robots.txt allows everything; one that cannot be had for now allows nothing for now.

        (RFC 9309, sections 2.3.1.3 and 2.3.1.4.)
        """
        body = bytearray()
        place = Target(target.scheme, target.host, target.port, "/robots.txt")

        def keep(piece: bytes) -> None:
            body.extend(piece[: READ - len(body)])

        self._wait(target, _pause())
        answer = self._fetcher.get(place, keep, Wanted(largest=LARGEST))
        if answer.status >= 500 or answer.status == 429:
            raise FetchFailed("busy", f"robots.txt of {target.origin}: {answer.status}")
        return body.decode("utf-8", errors="replace") if answer.status == 200 else ""

    def _wait(self, target: Target, seconds: float) -> None:
        """Until the site's last request, by any worker, is long enough ago."""
        if seconds <= 0:
            return
        until = time.monotonic() + PATIENCE
        turn, pause = key("web", "turn", target.host), max(1, round(seconds * 1000))
        while not sync_client().set(turn, 1, nx=True, px=pause):
            self._go_on()
            if time.monotonic() > until:
                raise FetchFailed("busy", f"no turn for {target.host}")
            time.sleep(0.1)


def _delay(rules: Protego) -> float:
    asked = float(rules.crawl_delay(ROBOT) or 0)
    return max(_pause(), min(asked, LONGEST_DELAY))


def _pause() -> float:
    return float(settings.WEB_SOURCES_PAUSE)
