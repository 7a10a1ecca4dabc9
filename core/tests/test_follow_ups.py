"""Questions as students ask them, one after the other."""

import pytest

from core.comparisons import parts
from core.follow_ups import is_elliptic, stand_alone

# (asked before, the question, what the query has to hold, what it must not)
DIALOGUES = [
    (["Apa fungsi mitokondria?"], "Bagaimana strukturnya?", ["mitokondria", "strukturnya"], []),
    (["Apa fungsi mitokondria?"], "Kalau kloroplas?", ["fungsi", "kloroplas"], []),
    (["Sebutkan sila-sila Pancasila"], "yang kedua apa?", ["Pancasila", "kedua"], []),
    (["Siapa penulis Laskar Pelangi?"], "Kapan dia lahir?", ["Laskar Pelangi", "lahir"], []),
    (["Kapan Perang Diponegoro terjadi?"], "Mengapa?", ["Diponegoro"], []),
    (
        ["Apa hukum Newton kedua?", "Rumusnya?"],
        "Contohnya?",
        ["Newton", "rumusnya", "Contohnya"],
        [],
    ),
    (["Halo", "Apa itu inflasi?"], "Apa penyebabnya?", ["inflasi", "penyebabnya"], ["Halo"]),
    (
        ["Apa fungsi hati?", "Bagaimana proses fotosintesis pada tumbuhan hijau?"],
        "Di mana itu terjadi?",
        ["fotosintesis", "terjadi"],
        ["hati"],
    ),
    (["Apa fungsi hati?"], "Apa itu osmosis?", ["osmosis"], ["hati"]),
    (["Apa fungsi hati?"], "Siapa Soekarno?", ["Soekarno"], ["hati"]),
    (
        ["Apa fungsi hati?"],
        "Bagaimana proses terjadinya hujan di daerah tropis?",
        ["hujan"],
        ["hati"],
    ),
    (["What does the liver do?"], "And the kidneys?", ["liver", "kidneys"], []),
    (["List the laws of thermodynamics"], "and the second?", ["thermodynamics", "second"], []),
    (["Who discovered penicillin?"], "When did he do that?", ["penicillin"], []),
    (["Who discovered penicillin?"], "Why?", ["penicillin"], []),
    (
        ["What is a monad in functional programming?"],
        "Give me an example",
        ["monad", "example"],
        [],
    ),
    (["How do enzymes lower activation energy?"], "What are their limits?", ["enzymes"], []),
    (["What was revenue in 2018?"], "What about 2019?", ["revenue", "2019"], []),
    (["Who discovered penicillin?"], "What is osmosis?", ["osmosis"], ["penicillin"]),
    (
        ["Who discovered penicillin?"],
        "How does a nuclear reactor control fission?",
        ["fission"],
        ["penicillin"],
    ),
    (["Who discovered penicillin?"], "Explain photosynthesis", ["photosynthesis"], ["penicillin"]),
    ([], "and why?", ["and why?"], []),
    (["ok", "thanks"], "why?", ["why?"], ["thanks"]),
]


@pytest.mark.parametrize(("before", "question", "held", "absent"), DIALOGUES)
def test_dialogue(before: list[str], question: str, held: list[str], absent: list[str]) -> None:
    query = stand_alone(question, before)
    assert query.endswith(question)
    assert all(word in query for word in held), query
    assert not any(word in query for word in absent), query


def test_the_heading_helps_only_a_question_without_words_of_its_own() -> None:
    before = ["How do cells make energy?"]
    assert "Electron transport" in stand_alone("explain that further", before, "Electron transport")
    assert "Electron" not in stand_alone("and chloroplasts?", before, "Electron transport")


def test_a_written_query_is_not_written_again() -> None:
    query = stand_alone("Bagaimana strukturnya?", ["Apa fungsi mitokondria?"])
    assert not is_elliptic("Who discovered penicillin in 1928 at St Mary's Hospital?")
    assert stand_alone(query, ["Apa fungsi mitokondria?"]) == query
    query = stand_alone("Why?", ["What does the heart do?"])
    assert stand_alone(query, ["What does the heart do?"]) == query


def test_a_pasted_page_in_the_history_stays_short() -> None:
    assert len(stand_alone("why?", ["word " * 5000])) < 1300


COMPARISONS = [
    ("Bandingkan fotosintesis dan respirasi", ["fotosintesis", "respirasi"]),
    (
        "Bandingkan UU ITE dengan UU PDP dalam hal sanksi",
        ["UU ITE: sanksi", "UU PDP: sanksi"],
    ),
    ("Apa perbedaan antara mitosis dan meiosis?", ["mitosis", "meiosis"]),
    (
        "Apa kata Marx dan Weber tentang agama?",
        ["Marx: agama", "Weber: agama"],
    ),
    ("Compare TCP, UDP and SCTP", ["TCP", "UDP", "SCTP"]),
    ("What is the difference between stacks and queues?", ["stacks", "queues"]),
    (
        "What do Keynes and Hayek say about unemployment?",
        ["Keynes: unemployment", "Hayek: unemployment"],
    ),
    ("How do plants and animals differ in metabolism?", ["plants: metabolism"]),
    ("BERT vs GPT", ["BERT", "GPT"]),
    ("What are salt and pepper?", []),
    ("Compare them", []),
    ("Bagaimana cara kerja jantung dan paru-paru?", []),
    ("Jelaskan perbedaan itu", []),
]


@pytest.mark.parametrize(("question", "wanted"), COMPARISONS)
def test_comparison(question: str, wanted: list[str]) -> None:
    found = parts(question)
    assert found[: len(wanted)] == wanted and bool(found) == bool(wanted)


def test_hostile_lengths_end_soon() -> None:
    assert parts("compare " + "a and " * 4000) == []
    assert parts("x " * 4000 + "vs y") == []
