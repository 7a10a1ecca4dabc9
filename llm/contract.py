"""The doors of this room, as core.contract has them."""

from __future__ import annotations

from core.contract import ListOf, Operation, Parameter
from llm import shapes
from llm.metering import reports
from llm.serializers import ModelSerializer, ProviderSerializer

DAYS = Parameter(
    "days", {"type": "integer", "minimum": 1, "maximum": reports.MOST_DAYS, "default": 30}
)
GROUP_BY = Parameter(
    "group_by", {"type": "string", "enum": list(reports.GROUPINGS), "default": "day"}
)
ADMINS = "For admins."
MODEL = "models/{model_id}"
PROVIDER = "providers/{provider_id}"

OPERATIONS = {
    "GET models": Operation(
        "List models",
        ListOf("models", shapes.Model),
        note="Those that can be chosen; admins see all, with their addresses.",
    ),
    "POST models": Operation(
        "Register a model",
        {201: shapes.Model},
        body=ModelSerializer,
        errors=(404, 409),
        note=ADMINS,
        example={"provider": "ollama", "name": "llama3.2"},
    ),
    f"GET {MODEL}": Operation("Get a model", shapes.Model),
    f"PATCH {MODEL}": Operation(
        "Change a model",
        shapes.Model,
        body=ModelSerializer,
        errors=(409,),
        note=ADMINS,
        example={"display_name": "The quick one"},
    ),
    f"DELETE {MODEL}": Operation("Delete a model", errors=(409,), note=ADMINS),
    "GET providers": Operation("List providers", ListOf("providers", shapes.Provider), note=ADMINS),
    "POST providers": Operation(
        "Add a provider",
        {201: shapes.Provider},
        body=ProviderSerializer,
        errors=(409,),
        note=ADMINS,
        example={"kind": "ollama", "name": "Ours", "base_url": "http://gpu:11434"},
    ),
    f"GET {PROVIDER}": Operation("Get a provider", shapes.Provider, note=ADMINS),
    f"PATCH {PROVIDER}": Operation(
        "Change a provider",
        shapes.Provider,
        body=ProviderSerializer,
        errors=(409,),
        note=f"{ADMINS} `api_key`: an empty one is taken out; left away it stays, unless the "
        "address changes.",
        example={"name": "Ours"},
    ),
    f"DELETE {PROVIDER}": Operation("Delete a provider", errors=(409,), note=ADMINS),
    f"POST {PROVIDER}/check": Operation(
        "Check a provider",
        shapes.ProviderCheck,
        is_limited=True,
        note=f"{ADMINS} Asked live; what is wrong is in the answer.",
    ),
    f"POST {PROVIDER}/fetch-models": Operation(
        "Fetch the models of a provider",
        shapes.FetchedModels,
        errors=(424,),
        is_limited=True,
        note=f"{ADMINS} Numbers of models.",
    ),
    "GET usage": Operation(
        "Get usage",
        ListOf("usage", shapes.UsageLine, shapes.UsageOfAll, "Usage"),
        query=(DAYS, GROUP_BY),
        note=ADMINS,
    ),
    "GET usage/me": Operation(
        "Get my usage",
        ListOf("usage", shapes.UsageLine, shapes.OwnUsageRest, "OwnUsage"),
        query=DAYS,
    ),
}
