"""Whom to ask next: the order, the tasks, and what is left out."""

import pytest
from django.db import IntegrityError, transaction

from llm import services
from llm.models import Fallback, LanguageModel, Provider
from llm.queries import fallback_chain

pytestmark = pytest.mark.django_db


@pytest.fixture
def models():
    """a, b, c, d of one server, in this order."""
    provider = Provider.objects.create(kind="openai_compatible", name="x", base_url="http://x/v1")
    return [
        LanguageModel.objects.create(provider=provider, name=name, display_name=name)
        for name in "abcd"
    ]


def then(model, *fallbacks, task=""):
    for position, fallback in enumerate(fallbacks):
        Fallback.objects.create(model=model, fallback=fallback, position=position, task=task)


def test_nobody_is_asked_next_unless_somebody_is_named(models):
    assert fallback_chain(models[0]) == []


def test_in_their_order_with_one_query(models, django_assert_num_queries):
    a, b, c, d = models
    then(a, d, b, c)
    with django_assert_num_queries(1):
        chain = fallback_chain(a)
        assert [model.provider.name for model in chain] == ["x", "x", "x"]
    assert chain == [d, b, c]


def test_those_for_the_task_come_first_and_nobody_twice(models):
    a, b, c, d = models
    then(a, b, c)
    then(a, d, b, task="reasoning")
    assert fallback_chain(a, "reasoning") == [d, b, c]
    assert fallback_chain(a, "creative") == [b, c]
    assert fallback_chain(a) == [b, c]


def test_of_the_others_those_good_at_the_task_come_first(models):
    a, b, c, d = models
    then(a, b, c, d)
    LanguageModel.objects.filter(pk=d.pk).update(tasks=["creative"])
    assert fallback_chain(a, "creative") == [d, b, c]
    assert fallback_chain(a, "factual") == [b, c, d]


def test_what_cannot_be_asked_is_left_out(models):
    a, b, c, d = models
    then(a, b, c, d)
    LanguageModel.objects.filter(pk=b.pk).update(is_active=False)
    LanguageModel.objects.filter(pk=c.pk).update(is_offered=False)
    assert fallback_chain(a) == [d]
    Provider.objects.update(is_active=False)
    assert fallback_chain(a) == []


def test_a_circle_harms_nobody(models):
    a, b, *_ = models
    then(a, b)
    then(b, a)
    assert fallback_chain(a) == [b] and fallback_chain(b) == [a]


def test_the_built_in_answerer_can_be_the_last_resort(models):
    services.sync_registry()
    quotes = LanguageModel.objects.get(name="quotes")
    then(models[0], models[1], quotes)
    assert fallback_chain(models[0])[-1] == quotes


def test_the_database_refuses_a_model_as_its_own_fallback(models):
    with pytest.raises(IntegrityError), transaction.atomic():
        then(models[0], models[0])
