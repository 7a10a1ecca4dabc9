"""What the simulated provider saw, by its own clock."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Record:
    """Times are seconds of the machine's monotonic clock, which all its processes share.

    ``kind``: call (a tool is called), answer, error, mute. ``closed`` is when the client hung up
    before the end. ``sent`` is the body that was received, where bodies are kept.
    """

    protocol: str
    model: str
    mark: str
    received: float = field(default_factory=time.monotonic)
    kind: str = "answer"
    status: int = 200
    first: float | None = None
    last: float | None = None
    ended: float | None = None
    closed: float | None = None
    tokens: int = 0
    sent: Any = None


class Records:
    def __init__(self, keep_bodies: bool) -> None:
        self.keep_bodies = keep_bodies
        self.rows: list[Record] = []
        self.open = self.most_open = 0

    def add(self, protocol: str, model: str, mark: str, body: Any) -> Record:
        sent = body if self.keep_bodies else None
        record = Record(protocol, model, mark, sent=sent)
        self.rows.append(record)
        return record

    def opened(self) -> None:
        self.open += 1
        self.most_open = max(self.open, self.most_open)

    def count(self, model: str, mark: str) -> int:
        return sum(row.model == model and row.mark == mark for row in self.rows)

    def reset(self) -> None:
        self.rows.clear()
        self.most_open = self.open

    def as_json(self) -> dict[str, Any]:
        """Records by their mark ("" for none), in the order they came."""
        marks: dict[str, list[dict[str, Any]]] = {}
        for row in self.rows:
            told = asdict(row)
            del told["sent"]
            told["closed_early"] = row.closed is not None
            marks.setdefault(row.mark, []).append(told)
        return {
            "now": time.monotonic(),
            "cpu_seconds": time.process_time(),
            "requests": len(self.rows),
            "open": self.open,
            "most_open": self.most_open,
            "marks": marks,
        }
