from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.models import IdempotentRequest

KEEP = timedelta(days=1)


@shared_task(name="core.tasks.forget_requests", expires=600)
def forget_requests() -> int:
    """Drop what is remembered of requests sent more than a day ago; no client repeats those."""
    return IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEEP).delete()[0]
