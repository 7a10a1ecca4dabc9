from django.apps import AppConfig


class RAGConfig(AppConfig):
    name = "rag"
