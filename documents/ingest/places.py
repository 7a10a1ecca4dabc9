"""Places for large files: this worker reads few of them at once, so that small ones get through."""

import threading

LARGE_AT_ONCE = 2
LARGE_PAGES = 60
_places = threading.BoundedSemaphore(LARGE_AT_ONCE)


class NoPlace(Exception):
    """The file turned out to be large while all places for large ones are taken."""


class Place:
    """One of the places, taken at most once."""

    def __init__(self) -> None:
        self.taken = False

    def take(self) -> bool:
        self.taken = self.taken or _places.acquire(blocking=False)
        return self.taken

    def give_back(self) -> None:
        if self.taken:
            _places.release()
