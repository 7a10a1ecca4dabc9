"""What stands outside of /api/v1/ and belongs to the contract: what watches the machine."""

from typing import Literal

from pydantic import BaseModel

from core.contract import Operation


class PartHealth(BaseModel):
    """All but `ok` is for admins and for this machine itself."""

    ok: bool


class Versioned(PartHealth):
    version: str | None = None


class DatabaseHealth(Versioned):
    pgvector: str | None = None


class WorkersHealth(PartHealth):
    count: int | None = None
    starting: bool | None = None


class FailingModel(BaseModel):
    model: str
    provider: str
    code: str


class ProvidersHealth(PartHealth):
    usable: list[str] | None = None
    well: int | None = None
    failing: list[FailingModel] | None = None


class DiskHealth(PartHealth):
    free_bytes: int | None = None
    total_bytes: int | None = None


class MemoryHealth(PartHealth):
    available_bytes: int | None = None


class ReadingOfScans(PartHealth):
    trouble: str | None = None


class Health(BaseModel):
    status: Literal["healthy", "degraded", "unhealthy"]
    database: DatabaseHealth
    redis: Versioned
    workers: WorkersHealth
    providers: ProvidersHealth
    disk: DiskHealth
    memory: MemoryHealth
    ocr: ReadingOfScans | None = None


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
