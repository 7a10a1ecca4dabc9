"""What a search found, kept in Redis for whoever finds it again: a class asks the same question.

Right by construction, whatever changes. The key holds the fingerprint of the documents in scope,
which is read for this asker, now, in the search's own transaction: who may read decides which
documents are in it, and each counts with the transaction that changed its row last. Storing,
reading again, moving and rewriting the postings of a document all change its row. The value holds
numbers; texts are read anew, in the asker's name. See docs/adr/0016.
"""

import hashlib
import json
import logging
from dataclasses import astuple, dataclass
from uuid import UUID

import redis
from django.conf import settings

from core.redis import key, sync_client
from documents import lexical
from rag.candidates import Measured, Wanted
from rag.fusion import Candidate, Ranked, Ranking

log = logging.getLogger(__name__)
# Longer than a lesson; what nobody asks again goes.
SECONDS = 3600
# Below this a search takes hardly longer than asking Redis and reading the texts.
WORTH_IT = 2_000
# Of the code that scores and ranks: kept results of an older one are not found.
VERSION = 2


@dataclass(frozen=True)
class Ranks:
    """The best pages, best first, and how likely the material holds an answer, 0 to 1."""

    ranked: list[Ranked]
    likelihood: float


def name_of(scope: Measured, wanted: Wanted, ranking: Ranking) -> str | None:
    """The key, a keyed hash of the query and the scope; None where keeping is not worth it."""
    if wanted.vector is None or scope.chunks < WORTH_IT:
        return None
    asked = (
        VERSION,
        lexical.VERSION,
        wanted.model_id,
        tuple(wanted.terms.items()),
        wanted.words,
        ranking,
    )
    secret = hashlib.sha256(b"found" + settings.SECRET_KEY.encode()).digest()
    digest = hashlib.blake2b(key=secret, digest_size=20)
    digest.update(repr((asked, scope.fingerprint)).encode())
    digest.update(wanted.vector.astype("<f2").tobytes())
    return key("found", digest.hexdigest())


def get(name: str) -> Ranks | None:
    try:
        found = sync_client().get(name)
        return None if found is None else _read(str(found))
    except (redis.RedisError, OSError) as error:
        log.warning("results are not cached: %s", type(error).__name__)
    except (ValueError, TypeError, LookupError):
        log.warning("a kept result cannot be read")
    return None


def put(name: str, ranks: Ranks) -> None:
    rows = [(*astuple(each.best), each.fused) for each in ranks.ranked]
    try:
        sync_client().set(name, json.dumps([ranks.likelihood, rows], default=str), ex=SECONDS)
    except (redis.RedisError, OSError) as error:
        log.warning("a result was not cached: %s", type(error).__name__)


def _read(text: str) -> Ranks:
    likelihood, rows = json.loads(text)
    ranked = [
        Ranked(
            Candidate(int(chunk), UUID(document), int(page), float(cos), float(bm), float(paged)),
            float(fused),
        )
        for chunk, document, page, cos, bm, paged, fused in rows
    ]
    return Ranks(ranked, float(likelihood))
