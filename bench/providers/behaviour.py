"""How a simulated model behaves: said by its id, so that any client can ask for it.

``fake`` and then words with hyphens between; words that are not known mean nothing.

    t<ms> d<ms> n<tokens>   time to the first token, from one to the next, how many
    tool plain              call the first tool offered; never call one. Without either word
                            `document_search` is called where it is offered
    rounds<k> twice         call in k rounds; call twice at once
    same broken unknown     two calls with one id; arguments that are no JSON; a tool nobody offered
    halfcall                the tokens run out in the arguments of a call
    think<k>                k tokens of reasoning first, signed; the signature must come back
    utf split<k> big<k>     letters of several bytes; HTTP chunks of k bytes; one token of k MB
    nousage ping            no usage; a keep-alive comment before each token
    die<k> drop<k> cut<k>   after k tokens: reset the connection; close it; end tidily but early
    hang<k> bad<k> odd<k>   after k tokens: say nothing more; no JSON; JSON that makes no sense
    inband<k>               after k tokens: an error inside the stream
    mute empty page json    never answer; a stream with nothing in it; HTML; an error in JSON as 200
    length filter refuse    end for this reason
    err<status>             an HTTP error; also errspent errkey errlong errmodel errflagged
    after<s> times<k>       with a Retry-After; only the first k requests have the trouble
"""

import re
from dataclasses import dataclass, field, replace

WORD = re.compile(r"([a-z]+)(\d*)")
# Words that go away once `times<k>` requests have had them.
TROUBLES = frozenset(
    "die drop cut hang bad odd inband mute empty page json length filter refuse "
    "err errspent errkey errlong errmodel errflagged".split()
)
# Words that break a stream after so many tokens.
BREAKS = ("die", "drop", "cut", "hang", "bad", "odd", "inband")


@dataclass(frozen=True)
class Behaviour:
    """Times in milliseconds. ``words`` are those of the id that bear no time or count of tokens,
    with their number (0 without one)."""

    first: float = 0.0
    token: float = 0.0
    tokens: int = 60
    words: dict[str, int] = field(default_factory=dict)

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def number(self, word: str, otherwise: int = 0) -> int:
        return self.words.get(word, otherwise)

    def read(self, name: str) -> "Behaviour":
        """This behaviour with what a model's id says otherwise."""
        found = [match.groups() for word in name.split("-")[1:] if (match := WORD.fullmatch(word))]
        words = {word: int(number or 0) for word, number in found}
        return Behaviour(
            first=words.pop("t", self.first),
            token=words.pop("d", self.token),
            tokens=words.pop("n", self.tokens),
            words=words,
        )

    def healed(self) -> "Behaviour":
        """The same without any trouble."""
        kept = {word: number for word, number in self.words.items() if word not in TROUBLES}
        return replace(self, words=kept)
