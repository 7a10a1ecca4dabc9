"""What every resource has in common: a page of a list, and a problem."""

from typing import Any

JSON = "application/json"
PROBLEM = {"type", "title", "status", "detail", "code"}


def is_problem(answer: Any, status: int, code: str = "", field: str = "") -> dict[str, Any]:
    """RFC 9457: the media type, the five members, and a sentence that somebody can read."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() >= PROBLEM
    assert body["status"] == status and body["type"] == "about:blank"
    assert body["detail"].strip() and body["detail"][0].isupper()
    if code:
        assert body["code"] == code
    if field:
        assert field in {row["field"] for row in body["errors"]}
        assert all(row.keys() == {"field", "message"} for row in body["errors"])
    return body


def is_paged(client: Any, path: str, name: str, total: int, **query: Any) -> list[Any]:
    """skip and limit as the contract has them; gives the rows of the first page.

    `total` rows, two at least, are there for `query`.
    """
    assert total >= 2
    whole = client.get(path, query).json()
    assert whole.keys() >= {"total", name, "page", "page_size"}
    assert (whole["total"], whole["page"], whole["page_size"]) == (total, 1, 20)
    rows: list[Any] = whole[name]
    second = client.get(path, {**query, "skip": 1, "limit": 1}).json()
    assert (second["total"], second["page"], second["page_size"]) == (total, 2, 1)
    assert second[name] == rows[1:2]
    assert client.get(path, {**query, "limit": 100}).json()[name] == rows
    assert client.get(path, {**query, "skip": total}).json()[name] == []
    for wrong, field in (("0", "limit"), ("101", "limit"), ("-1", "limit"), ("x", "limit")):
        is_problem(client.get(path, {**query, "limit": wrong}), 422, "invalid", field)
    is_problem(client.get(path, {**query, "skip": "-1"}), 422, "invalid", "skip")
    return rows


def same_404(client: Any, method: str, paths: tuple[str, str], body: Any = None) -> None:
    """What is somebody else's answers as what does not exist."""
    kind = {} if method == "get" else {"data": body or {}, "content_type": JSON}
    answers = [getattr(client, method)(path, **kind) for path in paths]
    is_problem(answers[0], 404, "not_found")
    assert answers[0].json() == answers[1].json()
