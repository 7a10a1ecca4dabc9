from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from documents import switching  # noqa: PLC0415
        from rag.evaluation import gate  # noqa: PLC0415

        # Documents cannot ask the room that measures searches: its measure is handed in here.
        switching.objections = gate.worse_sets
