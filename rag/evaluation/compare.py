"""Two runs of one set side by side, and what may be said about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Conflict
from llm.services import trouble_sentence
from rag.evaluation import sets, sheets
from rag.evaluation.metrics import Interval, difference
from rag.evaluation.work import MEASURES
from rag.models import EvaluationRun, Result

# What is judged by; the others are shown.
MAIN = "ndcg@10"
BETTER, WORSE, SAME = "better", "worse", "no_difference"


@dataclass(frozen=True)
class Comparison:
    """`differences`: {measure: second less first, paired over the questions both have}."""

    first: EvaluationRun
    second: EvaluationRun
    count: int
    differences: dict[str, Interval]

    @property
    def verdict(self) -> str:
        main = self.differences[MAIN]
        return BETTER if main.low > 0 else WORSE if main.high < 0 else SAME

    @property
    def sentence(self) -> str:
        main = self.differences[MAIN]
        numbers = {
            "measure": "nDCG@10",
            "points": f"{main.mean * 100:+.1f}",
            "low": f"{main.low * 100:+.1f}",
            "high": f"{main.high * 100:+.1f}",
            "count": self.count,
        }
        sentences = {
            BETTER: _("The second run is better: %(measure)s %(points)s points"),
            WORSE: _("The second run is worse: %(measure)s %(points)s points"),
            SAME: _("No difference can be told: %(measure)s %(points)s points"),
        }
        tail = _("(95%% interval %(low)s to %(high)s, %(count)s questions).")
        return f"{sentences[self.verdict]} {tail}" % numbers


def compare(first: EvaluationRun, second: EvaluationRun) -> Comparison:
    """Raises Conflict for runs that are not done, of two sets, or without a question in common."""
    if first.evaluation_set_id != second.evaluation_set_id:
        raise Conflict(_("These runs are of two sets of questions. Choose two of one set."))
    if {first.status, second.status} != {EvaluationRun.Status.DONE}:
        raise Conflict(_("One of these runs is not done yet. Wait until both are."))
    rows = [dict(_measures(run)) for run in (first, second)]
    both = sorted(rows[0].keys() & rows[1].keys())
    if not both:
        raise Conflict(_("These runs have no question in common."))
    return Comparison(
        first,
        second,
        len(both),
        {
            name: difference([rows[1][q][name] for q in both], [rows[0][q][name] for q in both])
            for name in MEASURES
        },
    )


def _measures(run: EvaluationRun) -> Iterator[tuple[int, dict[str, float]]]:
    yield from Result.objects.filter(run=run).values_list("question_id", "measures").iterator()


def misses(run: EvaluationRun) -> list[dict[str, Any]]:
    """Questions whose page was not among the first ten: what was expected, what was found.

    `document_id` of what was expected is empty where the collection has no such document any more.
    """
    known = sets.document_ids(run.evaluation_set.collection)
    missed = Result.objects.filter(run=run, **{"measures__hit@10": 0.0})
    rows = missed.select_related("question").order_by("question__number")
    return [
        {
            "number": row.question.number,
            "question": row.question.text,
            "expected": [
                {"document": d, "page": p, "document_id": known.get(sheets.key(d), "")}
                for d, p in row.question.expected
            ],
            "found": row.found[:10],
        }
        for row in rows
    ]


def error_of(run: EvaluationRun) -> str:
    """The translated sentence of what went wrong; "" when nothing did."""
    return trouble_sentence(run.error_code) if run.error_code else ""


def table(run: EvaluationRun) -> Iterator[list[Any]]:
    """Rows for a file: a heading, then one for each question."""
    yield ["number", "question", "expected", *MEASURES, "found", "milliseconds"]
    rows = Result.objects.filter(run=run).select_related("question").order_by("question__number")
    for row in rows.iterator():
        yield [
            row.question.number,
            row.question.text,
            "; ".join(f"{d} p. {p}" for d, p in row.question.expected),
            *(row.measures.get(name, "") for name in MEASURES),
            "; ".join(f"{hit['document']} p. {hit['page']}" for hit in row.found[:10]),
            row.milliseconds,
        ]


def shown(run: EvaluationRun) -> list[tuple[str, str, str]]:
    """[(measure, mean, its interval)] in percent; empty while it is not done."""
    return [
        (name, f"{mean * 100:.1f}", f"{low * 100:.1f}–{high * 100:.1f}")
        for name in MEASURES
        if name in run.summary
        for mean, low, high in [run.summary[name]]
    ]
