import asyncio

from django.utils import translation
from django.utils.translation import gettext

from core.db import in_thread

SENTENCE = "Log in first, or send a valid access token."


def test_a_thread_speaks_the_language_of_who_asks() -> None:
    """Whatever the thread was asked in before: there is one for each of many at once."""

    async def ask(language: str) -> tuple[str | None, str]:
        with translation.override(language):
            return await in_thread(translation.get_language), await in_thread(gettext, SENTENCE)

    async def all_at_once() -> list[tuple[str | None, str]]:
        return await asyncio.gather(*(ask(language) for language in ["id", "en"] * 20))

    answers = asyncio.run(all_at_once())
    assert [language for language, _ in answers] == ["id", "en"] * 20
    assert {words for language, words in answers if language == "en"} == {SENTENCE}
    assert SENTENCE not in {words for language, words in answers if language == "id"}
