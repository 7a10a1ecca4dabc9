"""What an evaluation found, as rows: each set's measure, ours beside each half alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.evaluation.folders import Question
from rag.evaluation.metrics import Entry, Interval, difference, interval, measures

SHOWN = {
    "pages": ("hit@1", "hit@5", "hit@10", "ndcg@10"),
    "passages": ("ndcg@10", "recall@10", "mrr@10"),
    "spans": ("hit@1", "hit@5", "hit@10"),
}
# What a file may end as: several codes mean one class to a person.
CLASSES = {
    "text": {"text"},
    "no_text": {"no_text", "empty"},
    "encrypted": {"encrypted"},
    "damaged": {"damaged", "empty", "too_complex"},
    "other-format": {"text", "wrong_type", "empty", "no_text", "damaged", "encrypted"},
    "disputed": {"text", "no_text", "empty", "damaged", "encrypted", "wrong_type", "too_complex"},
}


@dataclass(frozen=True)
class Line:
    """`regret` is fused less the better half; None where the halves were not run."""

    measure: str
    count: int
    fused: Interval
    halves: Mapping[str, float]
    regret: Interval | None


def table(
    kind: str, questions: Sequence[Question], runs: Mapping[str, Mapping[str, list[Entry]]]
) -> Iterator[Line]:
    """`runs`: {"fused", "vectors", "words"} → {question id: ranked entries}.

    Counted are questions that have evidence and do not need a picture of the page.
    """
    counted = [q for q in questions if q.gold and not q.needs_picture]
    found = {
        name: [measures(q.gold, run.get(q.id, [])) for q in counted] for name, run in runs.items()
    }
    for name in SHOWN[kind] if counted else ():
        values = {run: [row[name] for row in rows] for run, rows in found.items()}
        fused = values.pop("fused")
        halves = {run: sum(row) / len(row) for run, row in values.items()}
        better = max(halves, key=halves.__getitem__, default="")
        regret = difference(fused, values[better]) if better else None
        yield Line(name, len(counted), interval(fused), halves, regret)


def misplaced(expected: Mapping[str, str], ended: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """{file: (expected, ended)} of those that are not in their class."""
    return {
        file: (wanted, ended.get(file, "missing"))
        for file, wanted in expected.items()
        if ended.get(file, "missing") not in CLASSES.get(wanted, {wanted})
    }
