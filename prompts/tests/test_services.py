"""Exactly one active prompt, whatever happens at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from core.ids import new_id
from prompts import queries, services
from prompts.models import Prompt

TEXTS = {"name": "Finance", "content": "Explain markets."}


@pytest.fixture
def prompt(admin):
    return services.create_prompt(actor=admin, **TEXTS)


def test_the_first_start_brings_a_tutor(db):
    prompt = services.ensure_default_prompt()
    assert queries.active_prompt() == prompt
    assert all([prompt.content, prompt.task, prompt.persona, prompt.mission_objective])
    prompt.clean_fields()


def test_later_starts_keep_the_choice(admin, prompt):
    services.ensure_default_prompt()
    services.activate_prompt(actor=admin, prompt_id=prompt.pk)
    assert services.ensure_default_prompt() == prompt
    assert Prompt.objects.count() == 2


def test_activating_one_retires_the_other(admin, prompt):
    services.ensure_default_prompt()
    services.activate_prompt(actor=admin, prompt_id=prompt.pk)
    assert [row.name for row in Prompt.objects.filter(is_active=True)] == ["Finance"]


def test_the_database_itself_refuses_two_active_ones(prompt):
    services.ensure_default_prompt()
    with pytest.raises(IntegrityError), transaction.atomic():
        Prompt.objects.filter(pk=prompt.pk).update(is_active=True)


@pytest.mark.django_db(transaction=True)
def test_of_many_activations_at_once_all_succeed_and_one_stays(admin):
    prompts = [services.create_prompt(actor=admin, **TEXTS) for _ in range(4)]

    def activate(number):
        try:
            if number % 5 == 4:
                services.ensure_default_prompt()
            else:
                services.activate_prompt(actor=admin, prompt_id=prompts[number % 4].pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(activate, range(24)))
    assert Prompt.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_deleting_while_activating_never_leaves_an_active_ghost(admin):
    services.ensure_default_prompt()
    for _ in range(5):
        prompt = services.create_prompt(actor=admin, **TEXTS)

        def act(service, prompt=prompt):
            try:
                service(actor=admin, prompt_id=prompt.pk)
            except AppError as error:
                return error.code
            finally:
                connection.close()

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(act, [services.activate_prompt, services.delete_prompt]))
        assert Prompt.objects.filter(is_active=True).count() == 1


def test_edits_are_checked_and_trimmed(admin, prompt):
    services.update_prompt(actor=admin, prompt_id=prompt.pk, name="  Money ", task="Ask back.")
    prompt.refresh_from_db()
    assert (prompt.name, prompt.task, prompt.content) == ("Money", "Ask back.", TEXTS["content"])
    for wrong in ({"name": ""}, {"name": "x" * 121}, {"content": " "}, {"task": "x" * 20_001}):
        with pytest.raises(Invalid):
            services.update_prompt(actor=admin, prompt_id=prompt.pk, **wrong)
    with pytest.raises(TypeError):
        services.update_prompt(actor=admin, prompt_id=prompt.pk, is_active=True)


def test_the_active_one_is_not_deleted(admin):
    active = services.ensure_default_prompt()
    with pytest.raises(Conflict):
        services.delete_prompt(actor=admin, prompt_id=active.pk)


def test_an_unused_one_is_deleted(admin, prompt):
    services.delete_prompt(actor=admin, prompt_id=prompt.pk)
    assert not Prompt.objects.exists()


@pytest.mark.parametrize("service", ["get", "update", "activate", "delete"])
def test_students_may_nothing_and_unknown_ids_are_unknown(alice, admin, prompt, service):
    call = getattr(services, f"{service}_prompt")
    with pytest.raises(Forbidden):
        call(actor=alice, prompt_id=prompt.pk)
    with pytest.raises(NotFound):
        call(actor=admin, prompt_id=new_id())
    with pytest.raises(Forbidden):
        services.create_prompt(actor=alice, **TEXTS)
