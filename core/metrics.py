"""What each process counts: requests, and searches. Sums over all processes by files they share.

Domain figures are not counted here: they stand in the database and in Redis, and config/metrics.py
reads them when it is asked.
"""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "lontar_requests", "Requests answered, by route and status.", ["method", "route", "status"]
)
LATENCY = Histogram(
    "lontar_request_seconds",
    "Seconds from a request to its answer; of a stream, to its beginning.",
    ["method", "route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
SEARCHES = Histogram(
    "lontar_search_seconds",
    "Seconds of a search for passages in the database.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def count(method: str, route: str, status: int, seconds: float) -> None:
    """`route` is the pattern of the address: ids in it would make a figure for every chat."""
    REQUESTS.labels(method, route, str(status)).inc()
    LATENCY.labels(method, route).observe(seconds)
