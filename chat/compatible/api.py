"""`/v1`: what programs of the OpenAI protocol ask."""

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.addresses import address
from accounts.ninja import caller_auth
from accounts.resolve import Caller
from chat.answering import caller_of
from chat.compatible import embeddings, offered, planning, serving
from chat.compatible.requests import CompletionIn, EmbeddingsIn, read
from chat.compatible.shapes import Shapes
from core.db import in_thread
from core.errors import AppError, NotFound, TooLarge, Unauthenticated
from core.openai_errors import openai_problem

api = NinjaAPI(
    title="Lontar for programs of the OpenAI protocol",
    urls_namespace="openai",
    docs_url=None,
    openapi_url=None,
    auth=caller_auth,
)


@api.exception_handler(AppError)
def _app_error(request: HttpRequest, error: AppError) -> HttpResponse:
    return openai_problem(error)


@api.exception_handler(AuthenticationError)
def _unauthenticated(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return openai_problem(Unauthenticated())


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return openai_problem(TooLarge())


@api.exception_handler(Http404)
@api.exception_handler(HttpError)
@api.exception_handler(ValidationError)
def _odd(request: HttpRequest, error: Exception) -> HttpResponse:
    missing = isinstance(error, Http404)
    return openai_problem(NotFound() if missing else AppError())


@api.get("models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """The assistants and models the caller may ask."""
    data = await in_thread(offered.listed, caller_of(request))
    return JsonResponse({"object": "list", "data": data})


@api.get("models/{path:name}")
async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    """One of them."""
    return JsonResponse(await in_thread(offered.card, caller_of(request), name))


@api.post("chat/completions")
async def completions(request: HttpRequest) -> HttpResponseBase:
    """Answer the messages from the caller's material; a stream of events for `stream: true`."""
    asked = await in_thread(read, request, CompletionIn)
    user = caller_of(request)
    plan = await in_thread(planning.plan, user, address(request), asked)
    if not asked.stream:
        completion, text, thought, ended = await serving.answered(plan)
        return JsonResponse(Shapes().whole(_name(plan, completion), text, thought, ended))
    begun = await serving.begun(plan)
    with_usage = bool(asked.stream_options and asked.stream_options.include_usage)
    caller: Caller = request.caller  # type: ignore[attr-defined]  # caller_auth set it
    name = _name(plan, begun.completion)
    body = serving.events(begun, Shapes(with_usage), name, caller)
    response = StreamingHttpResponse(body, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@api.post("embeddings")
async def embed(request: HttpRequest) -> HttpResponseBase:
    """Vectors of texts, by the model that the material is searched with."""
    asked = await in_thread(read, request, EmbeddingsIn)
    ready = await in_thread(embeddings.prepare, caller_of(request), address(request), asked)
    return JsonResponse(await embeddings.answer(ready))


def _name(plan: planning.Plan, completion: Any) -> str:
    """Who answers: another one where the model that was asked cannot."""
    same = completion.model.pk == plan.chosen.model.pk
    return plan.name if same else str(completion.model.name)
