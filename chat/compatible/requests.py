"""A request's body: read within a limit, checked, and what is wrong named by its parameter."""

import json
import re
from typing import Annotated, Any, Literal, TypeVar

from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, Field, StrictBool, ValidationError

from chat.compatible.refusals import refused
from core import bodies
from core.sentences import PRINTED, of_pydantic

MOST_MESSAGES, MOST_TOOLS, MOST_STOPS = 2000, 128, 4
NAME = r"^[a-zA-Z0-9_-]{1,64}$"
Body = TypeVar("Body", bound=BaseModel)


def _as_whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# As JSON has them: false is not 0, and 1.0 is one.
Number = Annotated[float, Field(strict=True)]
Whole = Annotated[int, BeforeValidator(_as_whole), Field(strict=True)]


class StreamOptions(BaseModel):
    include_usage: StrictBool = False


class Function(BaseModel):
    name: str = Field(pattern=NAME)
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolIn(BaseModel):
    type: Literal["function"]
    function: Function


class FunctionCall(BaseModel):
    name: str = Field(pattern=NAME)
    arguments: str = ""


class CallIn(BaseModel):
    id: str = Field(min_length=1, max_length=200)
    type: Literal["function"] = "function"
    function: FunctionCall


class ImageUrl(BaseModel):
    url: str
    detail: str | None = None


class PartIn(BaseModel):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | None = None


class SaidIn(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[PartIn] | None = None
    tool_calls: list[CallIn] | None = None
    tool_call_id: str | None = None


class Format(BaseModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None


class CompletionIn(BaseModel):
    """What is not named here is a hint or unknown, and has no effect."""

    model: str = Field(min_length=1, max_length=400, pattern=PRINTED)
    messages: list[SaidIn] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None
    tools: list[ToolIn] | None = Field(None, max_length=MOST_TOOLS)
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: StrictBool | None = None
    max_tokens: Whole | None = Field(None, ge=1, le=2**31)
    max_completion_tokens: Whole | None = Field(None, ge=1, le=2**31)
    temperature: Number | None = Field(None, ge=0, le=2)
    top_p: Number | None = Field(None, ge=0, le=1)
    stop: str | list[str] | None = None
    seed: Whole | None = Field(None, ge=-(2**63), lt=2**63)
    presence_penalty: Number | None = Field(None, ge=-2, le=2)
    frequency_penalty: Number | None = Field(None, ge=-2, le=2)
    response_format: Format | None = None
    n: Whole | None = None
    logprobs: StrictBool | None = None
    top_logprobs: Whole | None = None
    logit_bias: dict[str, Any] | None = None
    modalities: list[str] | None = None
    audio: Any = None
    functions: Any = None
    function_call: Any = None
    web_search_options: Any = None
    # Our own: the list of sources under the answer, for programs that show nothing but text.
    citations_in_text: StrictBool = True


class EmbeddingsIn(BaseModel):
    model: str = Field(min_length=1, max_length=400, pattern=PRINTED)
    input: str | list[str] | list[Whole] | list[list[Whole]]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Whole | None = None
    # As several servers have it: some models embed questions and passages differently.
    input_type: Literal["query", "document", "passage"] = "document"


def read(request: HttpRequest, shape: type[Body]) -> Body:
    """The body of a request; raises AppError with the parameter at fault."""
    data = bodies.whole(request)
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        sentence = _("The body of the request is no JSON that can be read.")
        raise refused(sentence, "", "invalid_json") from error
    if not isinstance(body, dict):
        raise refused(_("The body of the request has to be a JSON object."), "", "invalid_json")
    if b"\\ud" in data.lower():
        body = whole(body)
    try:
        return shape.model_validate(body)
    except ValidationError as error:
        raise _at_fault(error) from error


def whole(value: Any) -> Any:
    """The same value without halves of characters, which nothing can send on."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {whole(name): whole(item) for name, item in value.items()}
    return value


def _at_fault(error: ValidationError) -> Exception:
    first: Any = error.errors(include_url=False, include_input=False)[0]
    # Names of types stand in the path where several may be given.
    names = [str(part) for part in first["loc"] if re.fullmatch(r"\w+", str(part))]
    names = [name for name in names if name not in ("str", "int")]
    param = "".join(f"[{n}]" if n.isdigit() else f".{n}" for n in names).lstrip(".")
    missing = first["type"] == "missing"
    code = "missing_required_parameter" if missing else "invalid_value"
    return refused(f"{param}: {of_pydantic(first)}", param, code)
