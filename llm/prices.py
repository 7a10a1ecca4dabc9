"""What tokens cost, as the packaged price list (genai-prices) knows it. Works without a network.

Where a price depends on the length of a request, the one for short requests is taken. Prices that
begin on a date are used from that date on: the registry asks again with every synchronisation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from llm.credentials import base_url
from llm.models import LanguageModel

FIELDS = ("input_price", "output_price", "cached_input_price")


@dataclass(frozen=True, slots=True)
class Listed:
    """US dollars for a million tokens; None where the list says nothing."""

    input_price: Decimal | None = None
    output_price: Decimal | None = None
    cached_input_price: Decimal | None = None
    context_window: int | None = None


def listed(name: str, url: str, now: datetime | None = None) -> Listed | None:
    """What the list knows about a model at an address; None for what it does not know.

    The address decides who is paid: a server of one's own costs nothing by this list, whatever
    its models are called.
    """
    from genai_prices import data_snapshot  # noqa: PLC0415

    try:
        _, model = data_snapshot.get_snapshot().find_provider_model(name, None, None, url)
    except LookupError:
        return None
    prices = model.get_prices(now or datetime.now(UTC))
    return Listed(
        input_price=_base(prices.input_mtok),
        output_price=_base(prices.output_mtok),
        cached_input_price=_base(prices.cache_read_mtok),
        context_window=model.context_window,
    )


def _base(price: Any) -> Decimal | None:
    found: Decimal | None = getattr(price, "base", price)
    return found


def refresh(model: LanguageModel, url: str, said: Mapping[str, Decimal | None]) -> bool:
    """Set the prices of ``model`` (without saving) and tell whether they changed.

    ``said`` is what the provider itself lists and goes before the price list. Prices that an
    administrator wrote stay, and so do prices nobody knows a source of.
    """
    if model.price_source == model.PriceSource.OWN:
        return False
    if not model.price_source and any(getattr(model, name) is not None for name in FIELDS):
        return False
    found = listed(model.name, url)
    prices = said if any(said.values()) or found is None else _columns(found)
    if all(price is None for price in prices.values()):
        return False
    new = {**prices, "price_source": model.PriceSource.LISTED}
    changed = any(getattr(model, name) != value for name, value in new.items())
    for name, value in new.items():
        setattr(model, name, value)
    return changed


def refresh_one(model: LanguageModel) -> None:
    """The same for a row that is being saved."""
    refresh(model, base_url(model.provider), {})


def _columns(found: Listed) -> dict[str, Decimal | None]:
    return {name: getattr(found, name) for name in FIELDS}


def mark_own(model: LanguageModel) -> None:
    """After an administrator changed prices: they stay. Without any, the list is asked again."""
    has_price = any(getattr(model, name) is not None for name in FIELDS)
    model.price_source = model.PriceSource.OWN if has_price else model.PriceSource.UNKNOWN
