"""What went wrong at a provider, told in the one error of this room.

The provider's text decides between codes where its status does not; it is never shown.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import cast

import httpx2

from llm.errors import LLMError, llm_error
from llm.events import Completed, Event
from llm.messages import JSONDict

log = logging.getLogger(__name__)

TOO_LONG = re.compile(
    r"context.{0,12}(?:length|window|size)|maximum context|too many tokens|prompt is too long"
    r"|input is too long|token limit|exceeds? the maximum number of tokens",
    re.IGNORECASE,
)
SPENT = re.compile(
    r"insufficient_quota|spend_limit|billing|credit balance|exceeded your current quota",
    re.IGNORECASE,
)
# Google calls every limit a quota, also the one of this minute.
THIS_MINUTE = re.compile(r"per_?minute", re.IGNORECASE)
RETRY_DELAY = re.compile(r"retryDelay\W{1,5}(\d+(?:\.\d+)?)s")
FILTERED = re.compile(r"content[_ ]filter|content_policy|moderation|flagged", re.IGNORECASE)
BAD_KEY = re.compile(
    r"api_?key_?invalid|api key not valid|invalid[_ ]api[_ ]key|authentication_error", re.IGNORECASE
)
UNKNOWN = re.compile(
    r"model_not_found|model .{0,80}(?:not found|does not exist)|not_found_error", re.IGNORECASE
)
BUSY = re.compile(r"rate_?limit|overloaded|resource_exhausted|too many requests", re.IGNORECASE)
AWAY = re.compile(r"server_error|api_error|internal|unavailable|bad gateway", re.IGNORECASE)

_BY_STATUS = {
    401: "auth",
    402: "spent",
    403: "auth",
    404: "unknown_model",
    408: "timeout",
    409: "unavailable",
    413: "context_too_long",
    504: "timeout",
}


def by_status(status: int, text: str, retry_after: float | None = None) -> LLMError:
    """The error for an HTTP status and whatever the provider wrote with it."""
    if status == 429:
        is_spent = SPENT.search(text) and not THIS_MINUTE.search(text)
        if retry_after is None and (delay := RETRY_DELAY.search(text)):
            retry_after = float(delay.group(1))
        return llm_error("spent" if is_spent else "rate_limited", retry_after)
    if status == 529:
        return llm_error("rate_limited", retry_after)
    if status == 403 and FILTERED.search(text):
        return llm_error("refused")
    if status in _BY_STATUS:
        return llm_error(_BY_STATUS[status], retry_after)
    if status >= 500:
        return llm_error("unavailable", retry_after)
    return llm_error(_meaning(text) or "bad_request")


def by_text(text: str, otherwise: str) -> LLMError:
    """For errors inside a stream, which carry no status."""
    code = _meaning(text) or ("unavailable" if AWAY.search(text) else otherwise)
    return llm_error(code)


def _meaning(text: str) -> str:
    """The code a provider's text stands for, in a stream or with one of the many meanings of 400;
    "" when it tells none."""
    patterns = (
        (TOO_LONG, "context_too_long"),
        (SPENT, "spent"),
        (BAD_KEY, "auth"),
        (BUSY, "rate_limited"),
        (UNKNOWN, "unknown_model"),
        (FILTERED, "refused"),
    )
    return next((code for pattern, code in patterns if pattern.search(text)), "")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from ``retry-after-ms`` or ``retry-after``, which may be a date."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(float(headers[name]) / unit, 0.0)
        except (KeyError, ValueError):
            continue
    try:
        when = parsedate_to_datetime(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


async def whole_answer(response: httpx2.Response) -> JSONDict | None:
    """The answer of a server that was asked for a stream and knows none; None for anything else."""
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        found = json.loads(await response.aread())
    except ValueError:
        return None
    is_answer = isinstance(found, dict) and isinstance(found.get("choices"), list)
    return found if is_answer and not found.get("error") else None


async def require_stream(response: httpx2.Response) -> None:
    """Raise for a 200 that is no stream: an error in JSON, or the page of some proxy."""
    kind = response.headers.get("content-type", "")
    if "json" not in kind and "html" not in kind:
        return
    text = (await response.aread()).decode(errors="replace")
    log.error("a stream was asked for and %s came", kind)
    if "json" in kind and (found := re.search(r'"code":\s*"?(\d{3})\b', text)):
        raise by_status(int(found.group(1)), text, retry_after(response.headers))
    raise by_text(text, "malformed") if "json" in kind else llm_error("malformed")


def broken_connection(error: BaseException, spoken: bool) -> LLMError:
    if isinstance(error, httpx2.TimeoutException):
        return llm_error("timeout")
    return llm_error("interrupted" if spoken else "unavailable")


Translate = Callable[[Exception, bool], LLMError | None]


async def translated(
    events: AsyncIterator[Event], translate: Translate
) -> AsyncGenerator[Event, None]:
    """The events; any exception leaves as an ``LLMError`` caused by it.

    ``translate(error, spoken)`` knows the SDK's own exceptions and answers None for others;
    ``spoken`` tells whether an event had come before.
    """
    spoken = False
    async with aclosing(cast("AsyncGenerator[Event, None]", events)) as stream:
        try:
            async for event in stream:
                if isinstance(event, Completed) and not spoken:
                    _require_reason(event)
                spoken = True
                yield event
        except LLMError:
            raise
        except Exception as error:
            raise _told(error, spoken, translate) from error


def _require_reason(end: Completed) -> None:
    """A stream that breaks off tidily before its first word can be sent for again."""
    if end.stop_reason == "incomplete":
        raise llm_error("interrupted")


@contextmanager
def as_llm_error(translate: Translate) -> Iterator[None]:
    """The same for a call that is not a stream."""
    try:
        yield
    except LLMError:
        raise
    except Exception as error:
        raise _told(error, False, translate) from error


def _told(error: Exception, spoken: bool, translate: Translate) -> LLMError:
    if isinstance(error, httpx2.HTTPError):
        return broken_connection(error, spoken)
    if isinstance(error, json.JSONDecodeError):
        return llm_error("malformed")
    known = translate(error, spoken)
    if known is None:
        log.error("a provider's answer could not be read", exc_info=error)
        known = llm_error("malformed")
    return known
