"""Which language a text is in: a two-letter code (ISO 639-1), empty where there is too little."""

SAMPLE = 600
LEAST = 30


def guess(text: str) -> str:
    import py3langid  # noqa: PLC0415

    sample = text[:SAMPLE]
    if sum(map(str.isalpha, sample)) < LEAST:
        return ""
    code, _score = py3langid.classify(sample)
    # Malay and Javanese are what short Indonesian texts are taken for; the stemmer fits them too.
    return "id" if code in ("ms", "jv") else str(code)
