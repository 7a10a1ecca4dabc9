from typing import Any

from django.core.management.base import BaseCommand

from llm.queries import usable_models
from llm.services import sync_registry


class Command(BaseCommand):
    help = "Register the models that the keys in the environment open. Safe to run at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        sync_registry()
        for model in usable_models():
            self.stdout.write(f"{model.provider.name}: {model.display_name}")
