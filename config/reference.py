"""/api/schema, and the two pages that show it: /api/docs (Swagger UI) and /api/redoc."""

import json
from functools import cache
from typing import Any

import yaml
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

# Their stylesheets are made in the browser, and ReDoc searches in a worker of its own making.
# Nothing of this applies to any other page; scripts are ours alone here, too.
RELAXED: dict[str, Any] = {
    "style-src": ["'unsafe-inline'"],
    "worker-src": ["blob:"],
}


@cache
def document() -> dict[str, Any]:
    """The same for everybody, so made once in each process."""
    with translation.override("en"):
        made = SchemaGenerator().get_schema(request=None, public=True)
        plain: dict[str, Any] = json.loads(json.dumps(made, default=str))
    return plain


@cache
def _written(kind: str) -> bytes:
    if kind == "yaml":
        text: str = yaml.safe_dump(document(), sort_keys=False, allow_unicode=True)
        return text.encode()
    return json.dumps(document(), ensure_ascii=False).encode()


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3.1 as JSON, or as YAML for ?as=yaml."""
    kind = "yaml" if request.GET.get("as") == "yaml" else "json"
    answer = HttpResponse(_written(kind), content_type=f"application/{kind}")
    answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return _page(request, "reference/docs.html")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    return _page(request, "reference/redoc.html")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    answer: Any = render(request, template)
    answer._csp_update = RELAXED
    # Both write HTML as text. What they show is this document, in which nobody's words stand.
    answer._csp_replace = {"require-trusted-types-for": None}
    return answer  # type: ignore[no-any-return]
