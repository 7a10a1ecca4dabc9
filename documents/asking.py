"""Reading in somebody's name, with PostgreSQL's own rules in force (documents/row_security.py)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from accounts.models import User

SET = "select set_config('lontar.reader', %s, true)"


@contextmanager
def reading_as(user: User) -> Iterator[None]:
    """A transaction that sees the texts `user` may read, whatever its queries leave out.

    It writes none of them. Query sets must be evaluated inside.
    """
    nested = connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        before = ""
        if nested:
            cursor.execute("select coalesce(current_setting('lontar.reader', true), '')")
            before = cursor.fetchone()[0]
        cursor.execute(SET, [str(user.pk)])
        yield
        if nested:
            # The setting would last to the end of the transaction around this one.
            cursor.execute(SET, [before])
