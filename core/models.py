"""Requests that were carried out once under an Idempotency-Key."""

from django.db import models


class IdempotentRequest(models.Model):
    # Not a foreign key: core knows no other room. Rows are short-lived.
    user_id = models.UUIDField()
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    result = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key"], name="core_idempotent_key")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}"
