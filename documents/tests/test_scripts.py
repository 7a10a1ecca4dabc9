"""Documents in scripts from right to left, without spaces, and of the archipelago."""

from typing import Any

import pytest

from documents.lexical import document_terms, query_terms
from documents.models import Document
from documents.tests.office import make_docx, p
from rag.search import Wanted, find

pytestmark = pytest.mark.django_db

CHINESE = {
    "北京是中国的首都，也是全国的政治中心。": "中国的首都在哪里？",
    "水稻是东南亚最重要的粮食作物。": "东南亚种什么粮食？",
    "萤火虫发光是因为荧光素与氧气发生反应。": "萤火虫为什么发光？",
    "贝叶经是写在棕榈叶上的手稿。": "贝叶经写在什么上面？",
    "珊瑚虫与藻类共生，藻类为其提供养分。": "谁为珊瑚提供养分？",
    "火山喷发形成了许多岛屿。": "岛屿是怎样形成的？",
}
JAPANESE = {
    "東京は日本の首都であり、最大の都市である。": "日本の首都はどこですか。",
    "蛍の光はルシフェリンの酸化によって生じる。": "蛍はなぜ光るのですか。",
    "貝葉はヤシの葉に書かれた写本である。": "ヤシの葉に書かれたものは何ですか。",
    "稲作は弥生時代に広まった。": "稲作はいつ広まりましたか。",
}
ARABIC = {
    "جاكرتا هي عاصمة إندونيسيا وأكبر مدنها.": "ما العاصمة الإندونيسية؟ جاكرتا أم سورابايا؟",
    "كُتِبَت المخطوطات على أوراق النخيل.": "على ماذا كتبت المخطوطات؟",
    "تضيء اليراعة بسبب تفاعل كيميائي.": "لماذا تضيء اليراعات؟",
    "تنمو أشجار القرم في المياه المالحة.": "أين تنمو شجرة القرم؟",
}
PERSIAN = {
    "تهران پایتخت ایران است.": "پایتخت ایران کجاست؟",
    "نسخه‌های خطی روی برگ نخل نوشته شده‌اند.": "نسخه‌های خطي روي چه نوشته شده‌اند؟",
    "کرم شب‌تاب با واکنش شیمیایی می‌درخشد.": "کرم شب‌تاب چگونه می‌درخشد؟",
}
JAVANESE = {
    "ꦲꦏ꧀ꦱꦫꦗꦮ꧈ꦝꦶꦠꦸꦭꦶꦱ꧀ꦲꦶꦁꦫꦺꦴꦤ꧀ꦠꦭ꧀꧉": "ꦫꦺꦴꦤ꧀ꦠꦭ꧀",
    "ꦥꦫꦶꦏꦢꦶꦥꦸꦤ꧀ꦠꦤ꧀ꦝꦸꦂ꧉": "ꦥꦫꦶ",
}
BALINESE = {
    "ᬅᬓ᭄ᬱᬭᬩᬮᬶᬓᬲᬸᬭᬢᬂ᭟": "ᬅᬓ᭄ᬱᬭ",
    "ᬧᬤᬶᬦᬾᬫᬶᬓᬸᬫ᭟": "ᬧᬤᬶ",
}
ALL = [CHINESE, JAPANESE, ARABIC, PERSIAN, JAVANESE, BALINESE]
NAMES = ["zh", "ja", "ar", "fa", "jv", "ban"]


@pytest.mark.parametrize("pairs", ALL, ids=NAMES)
def test_each_question_finds_its_passage_by_words(pairs: dict[str, str]) -> None:
    passages = {text: document_terms(text, "") for text in pairs}
    for wanted, question in pairs.items():
        terms = query_terms(question)
        scores = {
            text: sum(weights.get(term, 0.0) for term in terms)
            for text, weights in passages.items()
        }
        best = max(scores, key=scores.__getitem__)
        assert scores[best] > 0 and best == wanted, (question, best)


def html(text: str) -> bytes:
    return f"<!doctype html><title>t</title><main><p>{text}</p></main>".encode()


FORMATS = {
    "t.txt": str.encode,
    "t.md": lambda text: f"# {text[:5]}\n\n{text}".encode(),
    "t.html": html,
    "t.docx": lambda text: make_docx(p(text)),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("pairs", ALL, ids=NAMES)
def test_a_document_is_read_as_it_was_written(
    ingest: Any, alice: Any, name: str, pairs: dict[str, str]
) -> None:
    text = " ".join(pairs)
    document: Document = ingest(alice, FORMATS[name](text), name)
    assert document.status == "PROCESSED", document.error
    read = " ".join(document.pages.values_list("text", flat=True))
    for passage in pairs:
        assert passage in read


def test_a_chinese_question_finds_the_chinese_page(ingest: Any, alice: Any, embedder: Any) -> None:
    filler = "这是与问题无关的一段文字，只是为了占据一整页的空间。" * 40
    text = "\n\n".join(f"{filler}\n\n{passage}" for passage in CHINESE)
    document: Document = ingest(alice, text.encode(), "手稿.txt")
    for passage, question in CHINESE.items():
        hits = find(alice, Wanted(query_terms(question), None, 900), top_k=3).hits
        assert any(passage in hit.text for hit in hits), question
        assert hits[0].document_id == document.id


def test_encodings_of_east_asia_are_told_apart(ingest: Any, alice: Any) -> None:
    for number, (encoding, text) in enumerate(
        [("gb18030", "".join(CHINESE)), ("shift_jis", "".join(JAPANESE)), ("big5", BIG)]
    ):
        document = ingest(alice, (text * 5).encode(encoding), f"{number}.txt")
        assert text[:20] in document.pages.first().text, encoding


BIG = "臺北是臺灣的首都，也是政治、經濟與文化的中心。稻米是重要的糧食作物。"
