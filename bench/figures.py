"""Figures as they are printed: each beside its goal, a ratio above 1 misses it."""


def p95(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def goal(name: str, value: float, limit: float, more: str = "") -> None:
    ratio = value / limit
    show(name, f"{value:8.2f}   goal {limit:g}   ratio {ratio:.2f}   {more}")


def show(name: str, value: str) -> None:
    print(f"{name:52} {value}", flush=True)
