"""Shows what matters in the log of a part; the whole of it stays in the file.

The parts write into files of their own instead of through us: a slow terminal cannot hold them up.
"""

import re
import time
from pathlib import Path

from launch.console import say

IMPORTANT = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b")
# What a part says while another one is being started again; that one has its own line.
EXPECTED = re.compile(
    r"terminating connection|the database system is|Connection to broker lost|overcommit_memory"
)
LINES_A_SECOND = 5
LONGEST = 300  # characters of a line


class Tail:
    def __init__(self, file: Path, part: str) -> None:
        self.file, self.part = file, part
        self.position = file.stat().st_size if file.exists() else 0
        self.rest = b""
        self.second, self.shown = 0, 0

    def show(self) -> None:
        for line in self._new_lines():
            if IMPORTANT.search(line) and not EXPECTED.search(line) and self._within_limit():
                say(line[:LONGEST], self.part)

    def _new_lines(self) -> list[str]:
        try:
            size = self.file.stat().st_size
        except FileNotFoundError:
            return []
        if size < self.position:  # put aside at a restart
            self.position, self.rest = 0, b""
        if size == self.position:
            return []
        with open(self.file, "rb") as log:
            log.seek(self.position)
            data = self.rest + log.read(256 * 1024)
            self.position = log.tell()
        *lines, self.rest = data.split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def _within_limit(self) -> bool:
        now = int(time.monotonic())
        if now != self.second:
            self.second, self.shown = now, 0
        self.shown += 1
        return self.shown <= LINES_A_SECOND
