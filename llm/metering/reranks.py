"""Calls of a reranking service, written down as a model's are."""

from __future__ import annotations

from collections.abc import Sequence

from llm.base import Reranker
from llm.metering import ledger
from llm.metering.caller import Caller
from llm.metering.metered import record, watched, whose
from llm.metering.models import ModelCall
from llm.tokens import DEFAULT_BYTES, size


class MeteredReranker:
    """What it cost is not known: services bill by the search. A budget never refuses one."""

    def __init__(self, reranker: Reranker, provider: str, name: str, caller: Caller) -> None:
        self._reranker, self._caller = reranker, caller
        self._provider, self._name = provider, name

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        def write(outcome: str, milliseconds: int, counted: bool) -> None:
            row = ModelCall(
                **whose(self._caller),
                kind=ModelCall.Kind.QUERY,
                provider=self._provider,
                model_name=self._name,
                input_tokens=int(sum(map(size, [query, *texts])) / DEFAULT_BYTES) * counted,
                estimated=True,
                latency_ms=milliseconds,
                outcome=outcome,
            )
            record(ledger.Entry(row))

        with watched(write):
            return await self._reranker.scores(query, texts)
