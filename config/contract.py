"""What stands outside of /api/v1/ and belongs to the contract: what watches the machine."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.contract import Operation


class Component(BaseModel):
    model_config = ConfigDict(extra="allow")

    ok: bool


class Health(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    database: Component
    redis: Component
    workers: Component
    providers: Component
    disk: Component
    memory: Component
    ocr: Component | None = None


class Readiness(BaseModel):
    status: Literal["ready", "not ready"]


OPERATIONS = {
    "GET /health": Operation(
        "Get the health of the installation",
        {200: Health, 503: Health},
        note="503 when not healthy. Figures only for admins and on the machine itself.",
        is_open=True,
    ),
    "GET /ready": Operation(
        "Ask whether to send people here",
        {200: Readiness, 503: Readiness},
        is_open=True,
    ),
}
