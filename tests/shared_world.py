"""alice's world, made once for a file of tests: each changes it in a transaction of its own.

A file imports `kept`, `_beneath` and `built`, which is for tests that ask for no `alice` beside it.
For what is committed, as async doors need it, a world is made anew.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from core.testing import person
from tests.world import World, build


class Kept:
    """A transaction around those of tests, with a world in it."""

    def __init__(self) -> None:
        self.world: World | None = None
        self._around = transaction.atomic()

    def begin(self) -> None:
        if self.world is None:
            self._around.__enter__()
            self.world = build(person("alice"))

    def give_up(self) -> None:
        if self.world is not None:
            self.world = None
            transaction.set_rollback(True)
            self._around.__exit__(None, None, None)


def is_committed(item: pytest.Item) -> bool:
    mark = item.get_closest_marker("django_db")
    return bool(mark and mark.kwargs.get("transaction"))


@pytest.fixture(scope="module")
def kept(django_db_setup: None, django_db_blocker: Any) -> Iterator[Kept]:
    held = Kept()
    yield held
    with django_db_blocker.unblock():
        held.give_up()


# Before all that is set up for a function alone, such as the transaction of the test itself.
@pytest.fixture(scope="class", autouse=True)
def _beneath(request: pytest.FixtureRequest, kept: Kept, django_db_blocker: Any) -> None:
    item = request._pyfuncitem
    shares = "built" in item.fixturenames and not is_committed(item)
    with django_db_blocker.unblock():
        kept.begin() if shares else kept.give_up()


@pytest.fixture
def built(request: pytest.FixtureRequest, db: None, kept: Kept) -> World:
    """The rows are there; what a test does to the objects is not seen by the next."""
    return build(person("alice")) if kept.world is None else copy.deepcopy(kept.world)
