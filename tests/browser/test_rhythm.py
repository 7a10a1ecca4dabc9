"""How a conversation sits on the page and how it sounds."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

SIZES = [{"width": 1280}, {"width": 390, "height": 780, "has_touch": True, "is_mobile": True}]
# Chromium without sound has the interface but no voice: what it would be given is kept.
VOICE = """() => {
  window.__said = [];
  speechSynthesis.speak = (said) => { __said.push(said.text.trim()); said.onend?.(); };
}"""
# At one moment: the page may still follow the answer.
BOXES = """() => [".question", ".prose p", "[data-pen]", ".answer-foot", ".question"]
  .map((name, at) => document.querySelectorAll(name)[at === 4 ? 1 : 0].getBoundingClientRect())
  .map(({ top, bottom }) => [top, bottom])"""
SPOKEN = r"""# Energy

Mass is **energy**: $E = mc^2$ [1] by 1905.

$$\frac{a}{\sqrt{b}}$$

| Year | Leaves |
|---|---|
| 1900 | 12 |

```python
print("never read")
```

- first
- second"""


def stands_close(question: Any, answer: Any, pen: Any, foot: Any, again: Any) -> bool:
    """Each is (top, bottom); the pen is on the leaf of the question, at its end."""
    return (
        16 <= answer[0] - question[1] <= 32
        and question[0] <= pen[0] < question[1]
        and 16 <= again[0] - foot[1] <= 40
    )


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
def test_an_answer_stands_close_below_its_question(
    alice_visits: Callable[..., Any], play: Any, size: dict[str, Any]
) -> None:
    window = alice_visits(**size)
    page = window.page
    for number in range(2):
        play([f"Answer {number}."])
        window.ask(f"Question {number}", lambda: page.click("#send"))
        page.wait_for_selector(f".answer >> text=Answer {number}.")
        window.has(".answer-foot", number + 1)
    soon(lambda: stands_close(*page.evaluate(BOXES)))
    page.tap("[data-pen]") if "has_touch" in size else page.click("[data-pen]")
    page.wait_for_selector(".question-edit textarea:focus")
    window.clean()


def test_a_question_begins_on_the_side_of_its_words(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    play(["A palm."])
    window.ask("ما هو اللونتار؟")
    window.answered()
    js = "getComputedStyle(document.querySelector('.question')).direction"
    assert window.page.evaluate(js) == "rtl"
    window.clean()


def test_read_aloud_says_each_formula_once_and_no_code(
    alice_visits: Callable[..., Any], play: Any
) -> None:
    window = alice_visits()
    page = window.page
    page.evaluate(VOICE)
    play([SPOKEN])
    window.ask("Explain")
    window.answered()
    window.has(".prose .katex", 2)
    page.click(".answer-foot >> [title='Read aloud']")
    page.wait_for_function("() => __said.at(-1) === 'second'")
    assert page.evaluate("__said") == [
        "Energy",
        "Mass is energy: E equals m c to the power of 2 by 1905.",
        "a over the root of b",
        "Year, Leaves",
        "1900, 12",
        "Code, Python.",
        "first",
        "second",
    ]
    page.wait_for_selector(".answer-foot >> [title='Read aloud']")
    window.clean()
