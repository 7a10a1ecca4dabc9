"""The measures, by hand."""

import math

import pytest

from rag.evaluation.metrics import Entry, difference, interval, measures


def entry(key: str, *units: str) -> Entry:
    return Entry(key, frozenset(units))


def test_one_right_entry_in_third_place() -> None:
    found = measures({"c": 1}, [entry("a", "a"), entry("b", "b"), entry("c", "c")])
    assert (found["hit@1"], found["hit@3"], found["hit@10"]) == (0, 1, 1)
    assert found["mrr@10"] == pytest.approx(1 / 3)
    assert found["ndcg@10"] == pytest.approx(1 / math.log2(4))
    assert found["recall@10"] == 1


def test_grades_weigh_and_a_repeated_entry_gains_nothing() -> None:
    gold = {"a": 2, "b": 1}
    found = measures(gold, [entry("b", "b"), entry("b", "b"), entry("a", "a")])
    best = 3 / math.log2(2) + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(2) + 3 / math.log2(3)) / best)
    assert found["recall@10"] == 1 and found["hit@1"] == 1


def test_a_repeat_keeps_its_place_for_hits_but_not_for_distinct_measures() -> None:
    ranked = [entry("x"), entry("x"), entry("x"), entry("a", "a")]
    found = measures({"a": 1}, ranked)
    assert found["hit@3"] == 0 and found["mrr@10"] == pytest.approx(1 / 2)


def test_nothing_found_and_found_too_late() -> None:
    assert set(measures({"a": 1}, []).values()) == {0.0}
    late = [entry(str(n)) for n in range(10)] + [entry("a", "a")]
    assert set(measures({"a": 1}, late).values()) == {0.0}


def test_intervals_hold_the_mean_and_repeat() -> None:
    values = [0.0, 1.0] * 50
    found = interval(values)
    assert found.mean == 0.5 and 0.38 < found.low < 0.46 and 0.54 < found.high < 0.62
    assert interval(values) == found
    assert difference([1.0, 1.0], [0.0, 0.0]).low == 1.0
    with pytest.raises(ValueError, match="no values"):
        interval([])
