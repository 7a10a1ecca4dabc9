"""Every address of the product, as Django would route it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from ninja.operation import PathView


@dataclass(frozen=True)
class Route:
    path: str
    callback: Any

    @property
    def methods(self) -> set[str] | None:
        """The methods it answers; None for a plain function, which decides by itself."""
        view = getattr(self.callback, "cls", None)
        if view is not None:
            names = {"get", "post", "put", "patch", "delete"}
            return {name.upper() for name in names if hasattr(view, name)}
        for cell in getattr(self.callback, "__closure__", None) or ():
            if isinstance(cell.cell_contents, PathView):
                return {m for op in cell.cell_contents.operations for m in op.methods}
        return None


def routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern).replace("<uuidstr:", "<uuid:")
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield Route(path, pattern.callback)
