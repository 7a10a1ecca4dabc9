import pytest

from llm.purpose import task_of


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("Why does ice float on water?", "reasoning"),
        ("Prove that the square root of 2 is irrational.", "reasoning"),
        ("Compare mitosis and meiosis", "reasoning"),
        ("How does a heat pump work?", "reasoning"),
        ("Mengapa langit berwarna biru?", "reasoning"),
        ("Hitunglah luas lingkaran dengan jari-jari 7 cm", "reasoning"),
        ("Bandingkan fotosintesis dan respirasi", "reasoning"),
        ("Write a poem about entropy", "creative"),
        ("Give me an analogy for recursion", "creative"),
        ("Buatkan cerita pendek tentang sel darah", "creative"),
        ("Tuliskan puisi tentang hujan", "creative"),
        ("Who wrote Max Havelaar?", "factual"),
        ("What is osmosis?", "factual"),
        ("Define entropy", "factual"),
        ("Apa itu osmosis?", "factual"),
        ("Sebutkan tiga hukum Newton", "factual"),
        ("Kapan Sumpah Pemuda diikrarkan?", "factual"),
        ("Hello!", "general"),
        ("Terima kasih banyak", "general"),
        ("Tell me more about chapter three", "general"),
        ("", "general"),
    ],
)
def test_the_words_tell_the_task(question, task):
    assert task_of(question) == task


def test_pasted_material_does_not_decide():
    assert task_of("Summarise this: " + "x " * 400 + "why a poem? " + "y " * 400) == "general"
    assert task_of("y " * 5000 + "Why?") == "reasoning"
