"""schemathesis with the project's own document: what no test thought of, asked of every operation.

`LONTAR_FUZZ=50 python -m pytest tests/test_fuzzing.py` asks deeper: so many requests for each
operation in each phase, and then whole sequences of operations.
"""

import copy
import os
import re
from collections.abc import Iterator
from typing import Any

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from config.reference import document

DEEP = int(os.environ.get("LONTAR_FUZZ", "0"))
SEED = 20261121
LEFT_OUT = {
    "/api/v1/auth/logout": "ends the login that asks",
    "/health": "503 where no worker runs, which is no fault of the door",
}
TOKEN: list[dict[str, Any]] = [{}, {"accessToken": []}]
# Values that fit the document and are refused by a rule that no JSON Schema can tell, as a problem.
FAILED = ["502", "503", "504"]
RULES = ["2xx", "304", "401", "403", "404", "409", "416", "422", "424", "429", "502", "503"]


def run(
    address: str, headers: dict[str, str], ids: dict[str, Any], *, thorough: bool = True
) -> Iterator[str]:
    """What was found, a sentence for each failure; not ``thorough``: by the examples alone."""
    alone = {
        "examples": {"enabled": True},
        "coverage": {"enabled": bool(DEEP)},
        "fuzzing": {"enabled": thorough or bool(DEEP)},
        "stateful": {"enabled": False},
    }
    yield from _found(_config(address, headers, alone, ids))
    if DEEP:
        # In a sequence what was made before is asked for, and no id of ours takes its place.
        off = {name: {"enabled": False} for name in ("examples", "coverage", "fuzzing")}
        sequences = {**off, "stateful": {"enabled": True, "max-steps": 6}}
        yield from _found(_config(address, headers, sequences, {}))


def _found(config: SchemathesisConfig) -> Iterator[str]:
    schema = schemathesis.openapi.from_dict(_asked(), config=config)
    for event in engine.from_schema(schema).execute():
        yield from told(event)


def _config(
    address: str, headers: dict[str, str], phases: dict[str, Any], ids: dict[str, Any]
) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": address,
            "headers": headers,
            "parameters": ids,
            "request-timeout": 20,
            "continue-on-failure": True,
            "workers": 1,
            "generation": {
                "max-examples": DEEP or 2,
                "database": "none",
                "no-shrink": True,
                "deterministic": True,
            },
            "phases": phases,
            "checks": {
                # Said so in the document: a model or a part that does not answer.
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", *FAILED]},
                "positive_data_acceptance": {"expected-statuses": RULES},
            },
            # Their protocol says 400 for what a rule refuses.
            "operations": [
                {
                    "include-path-regex": "^/v1/",
                    "checks": {"positive_data_acceptance": {"expected-statuses": [*RULES, "400"]}},
                }
            ],
            "suppress-health-check": ["all"],
        }
    )


def _asked() -> dict[str, Any]:
    """The document as somebody with an access token reads it."""
    whole = copy.deepcopy(document())
    whole["paths"] = {path: item for path, item in whole["paths"].items() if path not in LEFT_OUT}
    for item in whole["paths"].values():
        for operation in item.values():
            operation["security"] = [one for one in operation["security"] if one in TOKEN]
    return whole


def told(event: Any) -> Iterator[str]:
    """A search asks by its address, and the HTTP server hangs up on one of more than 16 KB."""
    if isinstance(event, events.NonFatalError | events.FatalError):
        line = f"{getattr(event, 'label', '')}: {getattr(event, 'value', event)!r}"
        if not ("rag/search" in line and "RemoteDisconnected" in line):
            yield line
    if isinstance(event, events.ScenarioFinished):
        for case_id, checks in event.recorder.checks.items():
            for check in checks:
                if check.failure_info is not None and not _is_no_fault(event.recorder, check):
                    yield _sentence(event.recorder, case_id, check)


def _is_no_fault(recorder: Any, check: Any) -> bool:
    """Two things schemathesis takes for refusals that were missed.

    A value in the address that was to be refused: ours stood there in its place. And a field that
    its own example has, left out, where the document does not require it.
    """
    message = check.failure_info.failure.message
    if check.name != "negative_data_rejection":
        return False
    left_out = re.search(r"Missing required property: (\w+)$", message)
    if left_out:
        return left_out.group(1) not in _required(*recorder.label.split(" ", 1))
    return "` in path - " in message


def _required(method: str, path: str) -> list[str]:
    """Names of the fields that the JSON body of an operation has to have."""
    whole = document()
    body = whole["paths"][path][method.lower()].get("requestBody", {})
    shape = body.get("content", {}).get("application/json", {}).get("schema", {})
    name = shape.get("$ref", "").rpartition("/")[2]
    required: list[str] = whole["components"]["schemas"].get(name, shape).get("required", [])
    return required


def _sentence(recorder: Any, case_id: str, check: Any) -> str:
    failure = check.failure_info.failure
    answer = recorder.interactions[case_id]
    request, response = answer.request, answer.response
    body = request.body[:300] if request.body else b""
    said = response.content[:300] if response is not None else b""
    status = response.status_code if response is not None else "nothing"
    return (
        f"{check.name}: {recorder.label}: {request.method} {request.uri} {body!r} -> {status} "
        f"{said!r}: {failure.title}: {failure.message[:300]}"
    )
