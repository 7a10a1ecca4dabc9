from django.db import migrations
from django.db.models import OuterRef, Subquery


def keep_the_newest(apps, schema_editor):
    """Sessions followed their prompt so far: what it says now is what they go on with."""
    newest = apps.get_model("prompts", "PromptVersion").objects.filter(
        prompt=OuterRef("prompt")
    ).order_by("-number")
    sessions = apps.get_model("chat", "Session").objects
    sessions.filter(prompt__isnull=False, prompt_version=None).update(
        prompt_version=Subquery(newest.values("pk")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0008_assistants"),
        ("prompts", "0002_versions"),
    ]

    operations = [migrations.RunPython(keep_the_newest, migrations.RunPython.noop)]
