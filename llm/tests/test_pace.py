"""When the streams of a process are read."""

import asyncio

import pytest

from llm.providers.pace import FREE_PIECES, MOST, TICK, Pace, interval


def test_more_streams_are_read_less_often_and_at_the_ticks_of_the_others():
    assert interval(1) == TICK
    waits = [interval(streams) / TICK for streams in range(1, 400)]
    assert waits == sorted(waits) and waits[-1] == MOST
    assert all(wait == int(wait) for wait in waits)


@pytest.mark.parametrize("streams", [1, 25])
async def test_first_pieces_are_read_as_they_come_and_later_ones_together(streams, monkeypatch):
    loop = asyncio.get_running_loop()
    paces = [Pace() for _ in range(streams)]
    assert [paces[0].rest() for _ in range(FREE_PIECES)] == [0.0] * FREE_PIECES
    for pace in paces[1:]:
        [pace.rest() for _ in range(FREE_PIECES)]
    tick = interval(streams)
    start = 1000 * tick
    due = set()
    for number, pace in enumerate(paces):
        now = start + tick * (number + 1) / (streams + 2)
        monkeypatch.setattr(loop, "time", lambda now=now: now)
        rest = pace.rest()
        assert 0 < rest <= tick
        due.add(round(now + rest, 6))
    assert due == {round(start + tick, 6)}


async def test_a_stream_that_ended_no_longer_slows_the_others():
    ended = [Pace() for _ in range(100)]
    last = Pace()
    assert interval(len(last._all)) > TICK
    ended.clear()
    assert interval(len(last._all)) == TICK
