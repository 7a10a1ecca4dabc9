import os

from celery import Celery

from config import beat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("lontar")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
beat.add_to(app)
