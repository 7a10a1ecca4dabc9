"""PostgreSQL's binary COPY: rows of numbers as numpy writes them, thousands at once.

Format: https://www.postgresql.org/docs/current/sql-copy.html ("Binary Format"); pgvector's halfvec
as its `_send` function writes it. Everything is big-endian.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    import numpy

START = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
END = struct.pack(">h", -1)
AT_ONCE = 500


def copy_rows(
    table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Rows of Python values, for what is not only numbers."""
    with _arriving(table, columns) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def copy_blocks(table: str, columns: Sequence[str], blocks: Iterable[bytes]) -> None:
    """Blocks of whole rows, as `vector_rows` makes them."""
    with _arriving(table, columns) as copy:
        copy.write(START)
        for block in blocks:
            copy.write(block)
        copy.write(END)


def vector_rows(
    before: Sequence[int | bytes | numpy.ndarray[Any, Any]],
    vectors: numpy.ndarray[Any, Any],
    after: Sequence[int] = (),
) -> Iterator[bytes]:
    """Rows with a halfvec in them.

    A column beside it is one value for all rows or an array of one for each: bytes and uint8
    arrays as they are, int16 and int64 arrays as such.
    """
    import numpy as np  # noqa: PLC0415

    dimensions = vectors.shape[1]
    for start in range(0, len(vectors), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        fields = [_field(value, part) for value in before]
        fields.append((4 + 2 * dimensions, f">i2,>i2,({dimensions},)>f2", None))
        fields += [_field(value, part) for value in after]
        kinds: list[Any] = [("fields", ">i2")]
        for number, (_size, kind, _value) in enumerate(fields):
            kinds += [(f"size{number}", ">i4"), (f"value{number}", kind)]
        rows = np.zeros(len(vectors[part]), np.dtype(kinds))
        rows["fields"] = len(fields)
        for number, (size, _kind, value) in enumerate(fields):
            rows[f"size{number}"] = size
            if value is not None:
                rows[f"value{number}"] = value
        vector = rows[f"value{len(before)}"]
        vector["f0"], vector["f2"] = dimensions, vectors[part]
        yield rows.tobytes()


def _field(value: Any, part: slice) -> tuple[int, Any, Any]:
    """(bytes, numpy's type, what to write) of one column."""
    import numpy as np  # noqa: PLC0415

    if isinstance(value, bytes):
        return len(value), f"({len(value)},)u1", np.frombuffer(value, np.uint8)
    if isinstance(value, int):
        return 8, ">i8", value
    if value.dtype == np.uint8:
        return value.shape[1], f"({value.shape[1]},)u1", value[part]
    size = value.dtype.itemsize
    return size, f">i{size}", value[part] if value.ndim else value


ARRAY_OF = {"int8": (20, 8, "i"), "int4": (23, 4, "i"), "float4": (700, 4, "f")}
ARRAY = struct.Struct(">6i")


def arrays(kind: str, values: numpy.ndarray[Any, Any], bounds: Sequence[int]) -> Iterator[bytes]:
    """One-dimensional arrays as fields: the values between each bound and the next.

    Per array: its bytes, dimensions, nulls, type, then length and lower bound of the one dimension
    (array_send in PostgreSQL's arrayfuncs.c).
    """
    import numpy as np  # noqa: PLC0415

    oid, size, code = ARRAY_OF[kind]
    items = np.empty(len(values), [("size", ">i4"), ("value", f">{code}{size}")])
    items["size"], items["value"] = size, values
    written, step = items.tobytes(), items.itemsize
    for start, end in itertools.pairwise(bounds):
        if start == end:
            yield struct.pack(">4i", 12, 0, 0, oid)
            continue
        head = ARRAY.pack(20 + (end - start) * step, 1, 0, oid, end - start, 1)
        yield head + written[start * step : end * step]


@contextmanager
def _arriving(table: str, columns: Sequence[str]) -> Iterator[Any]:
    """COPY refuses tables with row-level security: it fills a table of this transaction first."""
    names = ", ".join(f'"{name}"' for name in columns)
    like_it = f'select {names} from "{table}" with no data'  # noqa: S608  names of ours
    into_it = f'insert into "{table}" ({names}) select {names} from arriving'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table arriving on commit drop as {like_it}")
        with cursor.copy(f"copy arriving ({names}) from stdin (format binary)") as copy:
            yield copy
        cursor.execute(into_it)
        cursor.execute("drop table arriving")
