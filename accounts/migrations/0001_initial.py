

import uuid

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import core.ids


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='email address')),
                ('full_name', models.CharField(max_length=150, validators=[django.core.validators.RegexValidator('^[^\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]*$', 'Leave out line breaks and invisible characters.')], verbose_name='full name')),
                ('role', models.CharField(choices=[('student', 'Student'), ('admin', 'Admin'), ('superadmin', 'Superadmin')], db_index=True, default='student', max_length=12, verbose_name='role')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('language', models.CharField(blank=True, choices=[('', 'As the browser says'), ('en', 'English'), ('id', 'Indonesian')], default='', max_length=2, verbose_name='language')),
                ('theme', models.CharField(blank=True, choices=[('', 'As the system says'), ('light', 'Light'), ('dark', 'Dark')], default='', max_length=5, verbose_name='appearance')),
                ('session_stamp', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
                ('last_active_at', models.DateTimeField(editable=False, null=True, verbose_name='last active')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'ordering': ['-created_at', '-id'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='accounts_user_email_whatever_case'), models.CheckConstraint(condition=models.Q(('role__in', ['student', 'admin', 'superadmin'])), name='accounts_user_known_role')],
            },
        ),
        migrations.CreateModel(
            name='ApiLogin',
            fields=[
                ('id', models.UUIDField(default=core.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('refresh_number', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='began')),
                ('used_at', models.DateTimeField(null=True, verbose_name='last refreshed')),
                ('expires_at', models.DateTimeField(db_index=True, verbose_name='expires')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended')),
                ('ended_by', models.CharField(blank=True, choices=[('logout', 'Logged out'), ('reuse', 'An old refresh token was used again'), ('ended', 'Ended with all sessions of the account')], max_length=8, verbose_name='why it ended')),
                ('client', models.CharField(blank=True, max_length=200, verbose_name='program')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_logins', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'API login',
                'verbose_name_plural': 'API logins',
                'ordering': ['-created_at', '-id'],
            },
        ),
    ]
