import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import core.ids
import prompts.models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Prompt',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('description', models.CharField(blank=True, max_length=500, verbose_name='description')),
                ('content', prompts.models.PromptText(verbose_name='general instruction')),
                ('task', prompts.models.PromptText(blank=True, verbose_name='task')),
                ('persona', prompts.models.PromptText(blank=True, verbose_name='persona')),
                ('mission_objective', prompts.models.PromptText(blank=True, verbose_name='mission objective')),
                ('is_active', models.BooleanField(default=False, editable=False, verbose_name='active')),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='archived')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='changed')),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
            ],
            options={
                'verbose_name': 'prompt',
                'verbose_name_plural': 'prompts',
                'ordering': ['-created_at', '-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('is_active',), name='prompts_one_active'), models.CheckConstraint(condition=models.Q(('is_active', False), ('archived_at', None), _connector='OR'), name='prompts_active_is_not_archived')],
            },
        ),
    ]
