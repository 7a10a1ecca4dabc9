"""Sliding windows in Redis."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.rates import CHANGED, Rate, _new_stamp, current_stamp, parse, take
from core.redis import key, sync_client

# Windows are long beside what a busy machine may be late by, both in seconds.
HOUR, LATE = 3600, 600


@pytest.fixture
def name():
    return uuid.uuid4().hex


def age(name, rate, seconds):
    """As if what was counted had happened so long before."""
    held = key("rate", name, rate.seconds)
    for member, score in sync_client().zrange(held, 0, -1, withscores=True):
        sync_client().zadd(held, {member: score - seconds * 1000})


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("30/m", Rate(30, 60)),
        (" 10/H ", Rate(10, 3600)),
        ("5/300s", Rate(5, 300)),
        ("0/d", Rate(0, 86400)),
    ],
)
def test_how_a_rate_is_written(text, rate):
    assert parse(text) == rate and parse(str(rate)) == rate


@pytest.mark.parametrize("text", ["", "30", "m", "30/", "-1/m", "1.5/m", "30/w", "30/0m", "9" * 9])
def test_what_is_no_rate(text):
    with pytest.raises(ValueError):
        parse(text)


def test_the_window_slides(name):
    rate = Rate(2, HOUR)
    assert [take({name: rate}) for _ in range(2)] == [0, 0]
    assert HOUR - LATE <= take({name: rate}) <= HOUR
    age(name, rate, HOUR / 2)
    assert HOUR / 2 - LATE <= take({name: rate}) <= HOUR / 2
    age(name, rate, HOUR / 2)
    assert take({name: rate}) == 0


def test_what_one_window_refuses_counts_in_none(name):
    wide, narrow = Rate(100, 60), Rate(1, 60)
    for _ in range(5):
        take({f"{name}-wide": wide, f"{name}-narrow": narrow})
    assert sync_client().zcard(key("rate", f"{name}-wide", 60)) == 1


def test_parallel_uses_never_slip_past_together(name):
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: take({name: Rate(10, HOUR)}), range(60)))
    assert waits.count(0) == 10


def test_nought_forbids_and_no_window_allows(name):
    assert take({name: Rate(0, 60)}) == 60
    assert take({}) == 0


def test_a_lowered_limit_counts_what_was_done_before(name):
    for _ in range(5):
        take({name: Rate(5, HOUR)})
    age(name, Rate(5, HOUR), HOUR / 2)
    assert HOUR / 2 - LATE <= take({name: Rate(2, HOUR)}) <= HOUR / 2


def test_other_rates_are_told_before_anything_is_counted(name):
    stamp = current_stamp()
    _new_stamp()
    assert take({name: Rate(1, 60)}, stamp) == CHANGED
    assert take({name: Rate(1, 60)}, current_stamp()) == 0
    assert take({name: Rate(1, 60)}, current_stamp()) > 0
