"""What the dashboard counts. Whole numbers of everybody, in one query for each table.

Days begin at midnight UTC, as those of budgets do. "Last 7 days" and "last 30 days" are calendar
days with today among them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from chat.models import Citation, Message, Session
from core.errors import Forbidden
from documents.models import QA, Document
from llm.models import ModelCall

DAYS = 30
WEEK = 7


@dataclass(frozen=True, slots=True)
class Day:
    """What students did on one day."""

    on: date
    people: int = 0
    chats: int = 0
    questions: int = 0


@dataclass(frozen=True, slots=True)
class People:
    today: int
    week: int
    everybody: int


@dataclass(frozen=True, slots=True)
class Chats:
    """How many were begun."""

    today: int
    week: int
    ever: int


@dataclass(frozen=True, slots=True)
class Documents:
    ready: int
    failed: int
    reading: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Cost:
    """US dollars; ``unpriced``: calls of this month whose model has no price."""

    today: Decimal
    month: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Answers:
    """Of the last 30 days. ``bare``: no passage of the material stands behind them."""

    whole: int
    bare: int


@dataclass(frozen=True, slots=True)
class Figures:
    people: People
    chats: Chats
    documents: Documents
    cost: Cost
    answers: Answers
    days: list[Day]

    @property
    def today(self) -> Day:
        return self.days[-1]

    @property
    def questions_of_week(self) -> int:
        return sum(day.questions for day in self.days[-WEEK:])


def figures(*, actor: User) -> Figures:
    """Six queries, however much there is. Raises Forbidden for who is no admin."""
    if not actor.is_admin:
        raise Forbidden
    return Figures(_people(), _chats(), _documents(), _cost(), _answers(), _days())


def midnight(days_ago: int = 0) -> datetime:
    day = timezone.localdate() - timedelta(days=days_ago)
    return timezone.make_aware(datetime.combine(day, time()))


def _people() -> People:
    seen = Count("pk", filter=Q(last_active_at__gte=midnight()))
    week = Count("pk", filter=Q(last_active_at__gte=midnight(WEEK - 1)))
    active = User.objects.order_by().filter(is_active=True)
    found = active.aggregate(today=seen, week=week, everybody=Count("pk"))
    return People(**found)


def _chats() -> Chats:
    begun = Session.objects.order_by().aggregate(
        today=Count("pk", filter=Q(started_at__gte=midnight())),
        week=Count("pk", filter=Q(started_at__gte=midnight(WEEK - 1))),
        ever=Count("pk"),
    )
    return Chats(**begun)


def _documents() -> Documents:
    """Questions with their answers are no documents to whoever brought a file."""
    status = Document.Status
    files = Document.objects.order_by().exclude(kind=QA)
    found = {row["status"]: row["n"] for row in files.values("status").annotate(n=Count("pk"))}
    names = (status.PROCESSED, status.FAILED, status.PROCESSING, status.UPLOADED)
    return Documents(*(found.get(name, 0) for name in names))


def _cost() -> Cost:
    month = midnight().replace(day=1)
    found = ModelCall.objects.order_by().filter(created_at__gte=month)
    sums = found.aggregate(
        today=Sum("cost", filter=Q(created_at__gte=midnight())),
        month=Sum("cost"),
        unpriced=Count("pk", filter=Q(cost=None)),
    )
    return Cost(sums["today"] or Decimal(0), sums["month"] or Decimal(0), sums["unpriced"])


def _answers() -> Answers:
    cited = Citation.objects.filter(message=OuterRef("pk"), cited=True)
    whole = Message.objects.order_by().filter(
        role=Message.Role.ASSISTANT,
        status=Message.Status.COMPLETE,
        created_at__gte=midnight(DAYS - 1),
    )
    return Answers(
        **whole.annotate(stands=Exists(cited)).aggregate(
            whole=Count("pk"), bare=Count("pk", filter=Q(stands=False))
        )
    )


def _days() -> list[Day]:
    asked = Message.objects.order_by().filter(
        role=Message.Role.USER, created_at__gte=midnight(DAYS - 1)
    )
    rows = asked.annotate(on=TruncDate("created_at")).values("on")
    found = rows.annotate(
        people=Count("session__user", distinct=True),
        chats=Count("session", distinct=True),
        questions=Count("pk"),
    )
    days = {row["on"]: Day(**row) for row in found}
    first = timezone.localdate() - timedelta(days=DAYS - 1)
    every = [first + timedelta(days=number) for number in range(DAYS)]
    return [days.get(day) or Day(day) for day in every]
