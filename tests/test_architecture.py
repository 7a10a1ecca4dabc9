"""The house keeps its shape: who imports whom, where libraries stay, how long things grow.

DESIGN: `config → analytics → chat → (rag | prompts) → documents → (llm | accounts) → core`.
A rule is changed here, deliberately and with a reason, not by an import somewhere.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A room may import rooms of a higher number only: never sideways, never back.
RANK = {
    "config": 0,
    "analytics": 1,
    "chat": 2,
    "rag": 3,
    "prompts": 3,
    "documents": 4,
    "llm": 5,
    "accounts": 5,
    "core": 6,
}
# The front door of each room: what others may import from it. config wires and may import all.
PUBLIC = {
    "chat": {"models", "services", "queries"},
    "rag": {
        "anchors",
        "binding",
        "marks",
        "queries",
        "quotes",
        "search",
        "services",
        "settling",
        "several",
        "sources",
        "unread",
    },
    "prompts": {"models", "services", "queries"},
    # upload_api, serializers: a chat takes files in the same way and shows the same shape.
    "documents": {
        "models",
        "services",
        "queries",
        "knowledge",
        "lexical",
        "collections",
        "asking",
        "upload_api",
        "serializers",
        "pictures",
        "headings",
        "names",
        "places",
    },
    "llm": {
        "models",
        "services",
        "queries",
        "messages",
        "events",
        "errors",
        "base",
        "loop",
        "fallback",
        "purpose",
        "standing",
        "tokens",
        "tools",
    },
    "accounts": {
        "addresses",
        "credentials",
        "drf",
        "limits",
        "models",
        "ninja",
        "resolve",
        "services",
        "tickets",
        "watching",
    },
}
# Entrances from outside. Nothing but config imports them, not even their own room.
DOORS = {
    "views",
    "api",
    "stream_api",
    "one_shot_api",
    "consumers",
    "admin",
    "urls",
    "tasks",
    "management",
}
DOOR_REASONS = {
    "services -> tasks": "a service enqueues after commit",
    "reembed -> tasks": "services of their own: the same",
    "web -> tasks": "services of their own: the same",
    "mydata -> tasks": "services of their own: the same",
    "knowledge -> tasks": "services of their own: the same",
    "invitations -> tasks": "services of their own: the same",
    "admin -> tasks": "an admin action enqueues",
    "evaluation_api -> tasks": "a run that was started is enqueued",
    "reranker_admin -> tasks": "the runs of a comparison are enqueued",
    "contract -> api": "describes the doors by the shapes they themselves use",
    "urls -> views": "a table of addresses names its views",
}
SDK = {"openai", "anthropic", "google"}
# Libraries that cost tens of megabytes or most of a second: imported where they are first used.
HEAVY = {
    "openvino",
    "onnxruntime",
    "tokenizers",
    "openai",
    "anthropic",
    "google",
    "pypdf",
    "pypdfium2",
    "pypdfium2_raw",
    "py3langid",
    "numpy",
    "charset_normalizer",
    "genai_prices",
    "PIL",
}
LATE_IMPORT_REASONS = {
    "config.apps: documents.switching": "models are not loaded before",
    "config.apps: rag.evaluation.gate": "models are not loaded before",
    "accounts.apps: accounts.checks": "the login library needs the app registry first",
    "accounts.apps: accounts.limits": "the login library reads its limits from the models",
}
# What can open a connection, and the modules that may: each fetches from checked addresses only.
CONNECTING = {
    "httpx2": ("llm/",),
    "httpcore2": ("documents/web/wire.py", "documents/web/fetching.py"),
    "socket": ("documents/web/wire.py", "llm/asking.py", "core/process.py", "config/web.py"),
    **dict.fromkeys(("httpx", "httpcore", "requests", "urllib3", "aiohttp", "ftplib"), ()),
}
CONNECTING_PARTS = {"urllib.request": ("llm/",), "http.client": (), "asyncio.open_connection": ()}
FILE_LINES, FUNCTION_LINES = 300, 45
LONG_REASONS = {
    "config.settings": "one list of settings is searched faster than several files",
}


def sources() -> list[Path]:
    rooms = [path for room in RANK for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in rooms if not {"tests", "migrations"} & set(path.parts)]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    """rooms/module in dots: documents/ingest/pipeline.py → documents.ingest.pipeline."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Every (statement, dotted name) a file imports; `from a import b` gives `a.b`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: import by the full name"
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def crossings() -> Iterator[tuple[Path, int, str]]:
    """(file, line, name) of every import of something of ours."""
    for path in sources():
        for node, name in imports(path):
            if name.partition(".")[0] in RANK:
                yield path, node.lineno, name


def where(path: Path, line: int, text: str) -> str:
    return f"{path.relative_to(ROOT)}:{line}: {text}"


def test_rooms_import_only_to_the_right():
    wrong = [
        where(path, line, name)
        for path, line, name in crossings()
        if (room := name.partition(".")[0]) != (own := path.relative_to(ROOT).parts[0])
        and RANK[room] <= RANK[own]
    ]
    assert not wrong, "\n".join(wrong)


def test_rooms_are_entered_by_the_front_door():
    wrong = []
    for path, line, name in crossings():
        own, room, *rest = path.relative_to(ROOT).parts[0], *name.split(".")
        if room in (own, "core") or own == "config":
            continue
        if not rest or rest[0] not in PUBLIC[room]:
            wrong.append(where(path, line, name))
    assert not wrong, "\n".join(wrong)


def test_the_terminal_client_stands_alone():
    """It may run where there is no Django, and the product runs without it."""
    apart = [path for path in (ROOT / "terminal").rglob("*.py") if "tests" not in path.parts]
    theirs = {*RANK, "launch", "django", "terminal"}
    wrong = [
        where(path, node.lineno, name)
        for path in apart
        for node, name in imports(path)
        if name.partition(".")[0] in theirs - {"terminal"}
    ]
    wrong += [
        where(path, node.lineno, name)
        for path in sources()
        for node, name in imports(path)
        if name.partition(".")[0] == "terminal"
    ]
    assert apart and not wrong, "\n".join(wrong)


def test_doors_import_inward_and_nothing_imports_doors():
    wrong = []
    for path, line, name in crossings():
        own, rest = path.relative_to(ROOT).parts[0], name.split(".")[1:]
        here = path.relative_to(ROOT / own).parts[0].removesuffix(".py")
        if own == "config" or not rest or rest[0] not in DOORS or here == rest[0]:
            continue
        if f"{here} -> {rest[0]}" not in DOOR_REASONS:
            wrong.append(where(path, line, name))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        (SDK, ("llm/providers/", "llm/embeddings/")),
        ({"celery", "kombu"}, ("config/", "/tasks.py")),
        (
            {"channels", "channels_redis"},
            ("config/", "/consumers.py", "core/announce.py"),
        ),
    ],
    ids=["provider SDKs", "Celery", "Channels"],
)
def test_libraries_stay_where_they_belong(libraries, allowed):
    wrong = [
        where(path, node.lineno, name)
        for path in sources()
        for node, name in imports(path)
        if name.partition(".")[0] in libraries
        and not any(part in str(path.relative_to(ROOT)) for part in allowed)
    ]
    assert not wrong, "\n".join(wrong)


def test_connections_are_opened_in_few_places():
    """A second client would be one without the checks of the first (SSRF)."""
    wrong = [
        where(path, node.lineno, name)
        for path in sources()
        for node, name in imports(path)
        for allowed in [
            CONNECTING.get(name.partition(".")[0]),
            *(may for part, may in CONNECTING_PARTS.items() if name.startswith(part)),
        ]
        if allowed is not None and not str(path.relative_to(ROOT)).startswith(allowed or ("-",))
    ]
    assert not wrong, "\n".join(wrong)


def test_only_config_reads_the_environment():
    wrong = [
        where(path, node.lineno, "os.environ")
        for path in sources()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and path.relative_to(ROOT).parts[0] != "config"
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_inside_functions_are_of_heavy_libraries_only():
    wrong = []
    for path in sources():
        late = {
            id(node)
            for function in ast.walk(tree(path))
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        for node, name in imports(path):
            if id(node) in late and name.partition(".")[0] not in HEAVY:
                text = f"{name_of(path)}: {name}"
                if text not in LATE_IMPORT_REASONS:
                    wrong.append(where(path, node.lineno, text))
    assert not wrong, "\n".join(wrong)


def test_heavy_libraries_are_not_imported_at_the_top():
    loaded = HEAVY - {"numpy"}
    wrong = [
        where(path, node.lineno, name)
        for path in sources()
        for node in tree(path).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
        )
        if str(name).partition(".")[0] in loaded and "providers" not in path.parts
    ]
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_stay_short():
    wrong = []
    for path in sources():
        length = len(path.read_text().splitlines())
        if length > FILE_LINES and name_of(path) not in LONG_REASONS:
            wrong.append(where(path, length, "lines in this file"))
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                name = f"{name_of(path)}.{node.name}"
                if length > FUNCTION_LINES and name not in LONG_REASONS:
                    wrong.append(where(path, node.lineno, f"{name} has {length} lines"))
    assert not wrong, "\n".join(wrong)


def test_models_send_no_signals_for_domain_work():
    signals = {"post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed"}
    wrong = [
        where(path, node.lineno, name)
        for path in sources()
        for node, name in imports(path)
        if name.rpartition(".")[2] in signals
    ]
    assert not wrong, "\n".join(wrong)


def test_broad_excepts_log_or_raise():
    """`except Exception` never passes in silence."""
    wrong = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else ""
            if caught not in ("", "Exception", "BaseException"):
                continue
            body = "\n".join(ast.unparse(part) for part in node.body)
            if not any(word in body for word in ("raise", "log.")):
                wrong.append(where(path, node.lineno, f"except {caught}"))
    assert not wrong, "\n".join(wrong)


def test_no_two_advisory_locks_share_a_number():
    numbers: dict[int, str] = {}
    for path in sources():
        for node in tree(path).body:
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
                continue
            name = ast.unparse(node.targets[0])
            if name.endswith("LOCK"):
                mine = f"{name_of(path)}.{name}"
                assert numbers.setdefault(node.value.value, mine) == mine
    assert numbers
