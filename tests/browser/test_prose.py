"""What an answer's text is made of: code, formulas, tables, words from right to left."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from chat.models import Message, Session
from tests.browser.test_answers import fragments
from tests.browser.waiting import soon

pytestmark = [pytest.mark.browser]

SIZES = [{"width": 1280}, {"width": 390, "height": 780, "has_touch": True, "is_mobile": True}]
# As browsers have it at an address that is neither https nor localhost.
OVER_HTTP = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
CODE = "def leaf(n):\n    return 'palm' * n  # " + "long " * 60 + "\n"
FENCED = f"Look:\n\n```python\n{CODE}```\n\nThat is all."
TABLE = (
    "| Year | " + " | ".join(f"A rather wide column {n}" for n in range(9)) + " |\n"
    + "|---|" + "---|" * 9 + "\n"
    + "".join(f"| {1900 + row} | " + " | ".join(f"cell {row}.{n}" for n in range(9)) + " |\n"
              for row in range(60))
)  # fmt: skip
FORMULAS = r"""Energy is $E = mc^2$ and \(\vec{v} \cdot \pmb{w}\), where $x$ is free.

$$
\int_0^1 \frac{x^2}{\sqrt{1 + x}} \, dx
- \sum_{n=1}^{\infty} a_n
= \boxed{\fcolorbox{red}{white}{7}}
$$

In a list:

- first \[ a_1 + a_2 \] and
- $|x|$, then **bold $y_1$**

| a | b |
|---|---|
| $\alpha$ | 2 |

The end of $f(x)=\begin{cases}1\\0\end{cases}$."""
DRAWN = 9
NOT_FORMULAS = r"""It costs $5 and $10, or US$7 to $8-$9 a head, $5/$6 at most, $5 million or 6$.

Broken: $\frac{1}{$ and $$\notacommand{x}$$ here. Set `$HOME` and $PATH, see \[1\] and \$3
\(as said before\).

```bash
echo $$ "$a$b" \[ x \]
```

Half: $$ x + y"""
ARABIC = """ورق اللونتار مادة كتابة قديمة في جنوب شرق آسيا. استخدمه الناس قرونا.

1. أولا تجفف الأوراق
2. Then the letters are cut
3. ثم تفرك بالسخام `soot = 1`

> اقتباس من الكتاب

| الكلمة | المعنى |
|---|---|
| lontar | سعف النخل |

An English paragraph stands on its own side."""
WITHOUT_FORMULAS = """
(() => {
  const copy = document.querySelector(".prose").cloneNode(true);
  for (const formula of copy.querySelectorAll(".katex")) formula.remove();
  return copy.textContent;
})()
"""
AT_THE_END = """() => {
  const { scrollHeight, scrollTop, clientHeight } = document.getElementById("scroll");
  return scrollHeight - scrollTop - clientHeight < 5;
}"""
SHIFTS = """
window.__shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    for (const { node } of entry.sources)
      if (node?.parentElement?.closest(".prose"))
        __shifts.push(node.textContent.slice(0, 40));
}).observe({ type: "layout-shift", buffered: true });
"""


def fits(page: Any) -> bool:
    """Nothing makes the page itself scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def loaded(page: Any, part: str) -> bool:
    js = "(part) => performance.getEntriesByType('resource').some((one) => one.name.includes(part))"
    return bool(page.evaluate(js, part))


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
def test_code_is_coloured_copied_and_scrolls_inside(
    alice_visits: Callable[..., Any], play: Any, size: dict[str, Any]
) -> None:
    window = alice_visits(**size, **CLIPBOARD)
    page, go_on = window.page, threading.Event()
    half = FENCED.index("'palm'")
    play([*fragments(FENCED[:half], 5), go_on, *fragments(FENCED[half:], 5)])
    window.ask("Show me code", lambda: page.click("#send"))
    page.wait_for_selector(".code .hl-keyword:text-is('def')")
    page.evaluate("document.querySelector('.code').same = true")
    go_on.set()
    window.answered()
    page.wait_for_selector(".code .hl-string:has-text('palm')")
    assert page.evaluate("document.querySelector('.code').same")  # it only grew
    assert page.inner_text(".code .language") == "Python"
    assert page.evaluate("(({scrollWidth, clientWidth}) => scrollWidth > clientWidth)"
                         "(document.querySelector('.code pre'))")  # fmt: skip
    assert fits(page)
    page.click(".code .copy")
    page.wait_for_selector(".code .copy:has-text('Copied')")
    page.wait_for_selector("#announce:has-text('Copied.')", state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == CODE
    window.clean()


def test_what_is_not_looked_at_is_not_fetched(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(["```nonsense\nx\n```\n\n```\ny\n```\n\nSimple words, $5 and $10."])
    window.ask("Go")
    window.answered()
    assert page.inner_text(".code .language >> nth=0") == "nonsense"
    assert not loaded(page, "highlight.js") and not loaded(page, "katex")
    play(["word\n\n" * 200 + "```js\nlet a = 1;\n```\n\n" + "word\n\n" * 200])
    window.ask("More")
    window.answered()
    page.reload()
    window.answered()
    page.wait_for_function(AT_THE_END)
    assert not loaded(page, "highlight.js")
    page.locator(".answer:last-child .code").scroll_into_view_if_needed()
    page.wait_for_selector(".hl-keyword:text-is('let')")
    window.clean()


@pytest.mark.parametrize("size", [1, 7, 4000])
def test_formulas_are_drawn_and_spoken(
    alice_visits: Callable[..., Any], play: Any, size: int
) -> None:
    window = alice_visits()
    page = window.page
    play(fragments(FORMULAS, size))
    window.ask("Explain")
    window.answered()
    window.has(".prose .katex .katex-html[aria-hidden=true]", DRAWN)
    window.has(".prose .katex math", DRAWN)
    window.has(".prose .formula-box", 2)
    assert page.text_content(".prose annotation >> nth=0") == "E = mc^2"
    assert "$" not in page.evaluate(WITHOUT_FORMULAS)
    # The arrow over v is an image whose width a refused style attribute would have set.
    assert page.evaluate("document.querySelector('.accent-body svg, .accent svg').style.width")
    before = page.inner_html(".prose")
    page.reload()
    window.answered()
    window.has(".prose .katex math", DRAWN)
    soon(lambda: page.inner_html(".prose"), before)
    window.clean()


@pytest.mark.parametrize("size", [1, 4000])
def test_money_and_broken_tex_are_shown_as_typed(
    alice_visits: Callable[..., Any], play: Any, size: int
) -> None:
    window = alice_visits()
    play(fragments(NOT_FORMULAS, size))
    window.ask("How much?")
    window.answered()
    window.has(".prose .katex", 0)
    window.has(".prose code.formula, .prose code.formula-display", 0)
    typed = ("$5 and $10, or US$7 to $8-$9 a head, $5/$6 at most, $5 million or 6$.",
             r"Broken: $\frac{1}{$ and $$\notacommand{x}$$ here.", "$PATH, see [1] and $3",
             r'echo $$ "$a$b" \[ x \]', "Half: $$ x + y")  # fmt: skip
    soon(lambda: [part for part in typed if part not in window.page.inner_text(".prose")], [])
    window.clean()


@pytest.mark.parametrize("size", SIZES, ids=["desktop", "phone"])
def test_a_wide_table_scrolls_in_its_box_below_its_header(
    alice_visits: Callable[..., Any], play: Any, size: dict[str, Any]
) -> None:
    window = alice_visits(**size, **CLIPBOARD)
    page, go_on = window.page, threading.Event()
    half = TABLE.index("| 1930")
    play([TABLE[:half], go_on, *fragments(TABLE[half:], 50)])
    window.ask("Show me a table", lambda: page.click("#send"))
    page.wait_for_selector(".wide td:text-is('1929')")
    page.evaluate("document.querySelector('.wide').scrollLeft = 60")
    go_on.set()
    window.answered()
    box = "document.querySelector('.wide')"
    assert page.evaluate(f"{box}.scrollLeft") == 60  # the reader's place is kept while it grows
    assert fits(page)
    page.evaluate(f"{box}.scrollTo(0, {box}.scrollHeight)")
    # Both at one moment: the page itself may still be following the answer.
    page.wait_for_function(
        """() => Math.abs(document.querySelector(".wide th").getBoundingClientRect().y
             - document.querySelector(".wide").getBoundingClientRect().y) <= 1"""
    )
    page.click(".table .copy")
    page.wait_for_selector(".table .copy:has-text('Copied')")
    lines = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert len(lines) == 61
    assert lines[1].split("\t")[:2] == ["1900", "cell 0.0"]
    page.evaluate(OVER_HTTP)
    page.click(".answer-foot [data-copies=copy]")
    page.wait_for_selector(".answer-foot [data-copies=copy] use[href$=check]", state="attached")
    assert page.evaluate("document.activeElement.dataset.copies") == "copy"
    page.focus("#say")
    page.keyboard.press("Control+V")
    assert page.input_value("#say") == TABLE.strip()
    window.clean()


def test_nothing_jumps_while_it_streams(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page, steps = window.page, [threading.Event() for _ in range(4)]
    parts = fragments(f"{FENCED}\n\n{FORMULAS}\n\nThe last words.", 400)
    play([piece for part, step in zip(parts, [*steps, None], strict=False)
          for piece in [*fragments(part, 9), *([step] if step else [])]]
         + fragments("".join(parts[5:]), 9))  # fmt: skip
    page.evaluate(SHIFTS)
    # On a slow line text is held back for KaTeX, but not for ever: here it has come.
    play.scripts.insert(0, ["First $x$."])
    window.ask("Begin")
    window.has(".answer:not([aria-busy]) .katex", 1)
    page.evaluate("document.fonts.ready.then(() => { __shifts.length = 0; })")
    window.ask("Go on")
    page.wait_for_selector(".code")
    for step in steps:
        step.set()
    window.answered()
    window.has(".prose .katex math", DRAWN + 1)
    assert page.evaluate("__shifts") == []
    window.clean()


def test_arabic_stands_on_the_right(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(fragments(ARABIC, 6))
    window.ask("ما هو اللونتار؟")
    window.answered()
    js = "(selector) => getComputedStyle(document.querySelector(selector)).direction"
    for selector in (".prose ol", ".prose blockquote", ".prose table"):
        assert page.evaluate(js, selector) == "rtl", selector
    assert page.evaluate(js, ".prose code") == "ltr"

    def ends(selector: str, nth: int = 0) -> tuple[float, float]:
        """How far the words of an element begin from its left and its right edge."""
        found = page.evaluate(
            """([selector, nth]) => {
              const element = document.querySelectorAll(selector)[nth];
              const range = document.createRange(); range.selectNodeContents(element);
              const [a, b] = [range.getClientRects(), element.getBoundingClientRect()];
              return [Math.min(...[...a].map((r) => r.left)) - b.left,
                      b.right - Math.max(...[...a].map((r) => r.right))]; }""",
            [selector, nth],
        )
        return found[0], found[1]

    left, right = ends(".prose p")
    assert right < 2 < left
    left, right = ends(".prose p", page.locator(".prose p").count() - 1)
    assert left < 2 < right
    left, right = ends(".prose li")
    assert right < 2 < left
    left, right = ends(".prose li", 1)
    assert left < 2 < right
    # The first column of an Arabic table is the right one.
    first, second = (page.locator(".prose th").nth(n).bounding_box()["x"] for n in (0, 1))
    assert first > second
    window.clean()


def test_a_long_session_is_drawn_from_its_end(alice_visits: Callable[..., Any], play: Any) -> None:
    window = alice_visits()
    page = window.page
    play(["The first answer."])
    window.ask("Begin")
    window.answered()
    session = Session.objects.get()
    parent = session.leaf
    for number in range(120):
        parent = Message.objects.create(
            session=session,
            parent=parent,
            position=number + 3,
            role="assistant" if number % 2 else "user",
            content=f"Message {number}.\n\n" + "Many words that fill the lines. " * 20,
        )
    Session.objects.update(leaf=parent, total_messages=122)
    page.reload()
    page.wait_for_selector(".answer:last-child p >> text=Message 119.")
    window.has(".answer-foot", 61)
    # The reader stands at the end, what is far away is not laid out, and all of it can be reached.
    page.wait_for_function(AT_THE_END)
    page.wait_for_selector("#to-end", state="hidden")
    far = "document.querySelector('.answer p').checkVisibility({ contentVisibilityAuto: true })"
    shown = f"() => {far}"
    soon(lambda: page.evaluate(shown), False)
    page.evaluate("document.getElementById('scroll').scrollTop = 0")
    page.wait_for_function(shown)
    # The browser's own search finds what is not laid out, and brings it into sight.
    page.click("#to-end")
    soon(lambda: page.evaluate(shown), False)
    assert page.evaluate("() => find('The first answer.')")
    page.wait_for_function(shown)
    soon(lambda: page.inner_text(".answer p >> nth=0"), "The first answer.")
    window.clean()
