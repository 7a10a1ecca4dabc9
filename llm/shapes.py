"""What the doors of this room answer, for the contract."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from llm.models import Task

Kind = Literal[
    "openai",
    "anthropic",
    "google",
    "ollama",
    "openrouter",
    "huggingface",
    "openai_compatible",
    "builtin",
]
Price = Decimal | None


class Model(BaseModel):
    """`api_endpoint`, `parameters` and `is_offered` are for admins only."""

    id: UUID
    name: str
    display_name: str
    provider: Kind
    provider_id: UUID
    order: int
    is_active: bool
    context_window: int
    max_output_tokens: int | None
    supports_tools: bool
    supports_vision: bool
    supports_reasoning: bool
    tasks: list[Task]
    input_price: Price = Field(description="US dollars for a million tokens.")
    output_price: Price
    cached_input_price: Price
    price_source: Literal["", "listed", "own"]
    status: Literal["ok", "failing", "unknown"] = Field(description="How it answered lately.")
    fallbacks: list[UUID] = Field(description="Models asked next, in this order.")
    task_fallbacks: dict[str, list[UUID]]
    api_endpoint: str | None = None
    parameters: dict[str, Any] | None = None
    is_offered: bool | None = None


class Provider(BaseModel):
    id: UUID
    kind: Kind
    name: str
    base_url: str
    is_active: bool
    order: int
    api_key_set: bool
    api_key_last_four: str
    api_key_source: Literal["stored", "environment", "none", "unreadable"]
    checked_at: datetime | None
    check_ok: bool | None
    check_sentence: str


class ProviderCheck(BaseModel):
    ok: bool
    code: str
    sentence: str
    models: int | None
    checked_at: datetime


class FetchedModels(BaseModel):
    listed: int
    added: int
    offered: int
    gone: int


class UsageTotals(BaseModel):
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    calls_without_price: int


class UsageLine(UsageTotals):
    key: str
    name: str
    latency_ms: int | None
    first_token_ms: int | None


class UsageRest(BaseModel):
    days: int
    since: date
    totals: UsageTotals


class UsageOfAll(UsageRest):
    group_by: Literal["day", "provider", "model", "user", "group"]


class BudgetStanding(BaseModel):
    scope: Literal["user", "group", "everyone"]
    period: Literal["day", "month"]
    limit_usd: Decimal | None
    limit_tokens: int | None
    spent_usd: Decimal | None = Field(description="None where others spent it, too.")
    spent_tokens: int | None
    is_spent: bool
    renews_at: datetime


class OwnUsageRest(UsageRest):
    budgets: list[BudgetStanding]
