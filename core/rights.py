"""Who may do what only administrators do. The rooms decide what that is."""

from typing import Any, Protocol

from core.errors import Forbidden


class Actor(Protocol):
    """Who asks: any user. This room does not know the accounts room."""

    @property
    def pk(self) -> Any: ...

    @property
    def is_active(self) -> bool: ...

    @property
    def is_admin(self) -> bool: ...


def require_admin(actor: Actor) -> None:
    """Raises Forbidden for everybody but administrators whose account is switched on."""
    if not (actor.is_active and actor.is_admin):
        raise Forbidden
