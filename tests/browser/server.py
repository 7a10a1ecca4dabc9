"""The whole product on a port of this process: real HTTP, real WebSockets, the test database.

In the process, not beside it, so that a test can script the model and hold an answer open.
"""

import threading
import time

from daphne import http_protocol
from daphne.server import Server

from chat import runner
from config.asgi import application
from config.server import PatientServer, Request
from tests.patience import PATIENCE

_server: Server | None = None
# As in the product: Twisted would read forms itself, and refuse what Django answers.
http_protocol.WebRequest = Request


class AsInTheProduct(PatientServer):
    def run(self) -> None:
        Server.run(self)  # what the process is told besides is not for one that runs tests


def address() -> str:
    """http://127.0.0.1:<port>; the server is started by the first caller and ends with Python."""
    global _server  # noqa: PLW0603 - a reactor cannot be started twice in one process
    if _server is None:
        ready = threading.Event()
        _server = AsInTheProduct(
            application,
            endpoints=["tcp:port=0:interface=127.0.0.1"],
            signal_handlers=False,
            ready_callable=ready.set,
        )
        threading.Thread(target=_server.run, daemon=True, name="daphne").start()
        if not ready.wait(PATIENCE):
            raise RuntimeError("the server of the browser tests did not start")
    host, port = _server.listening_addresses[0]
    return f"http://{host}:{port}"


def come_to_rest() -> None:
    """Wait until no connection and no turn is left: the database is emptied after a test."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not runner._tasks and not _busy():
            return
        time.sleep(0.02)


def _busy() -> bool:
    open_now = list(_server.connections.values()) if _server else []
    calls = [details.get("application_instance") for details in open_now]
    return any(call is not None and not call.done() for call in calls)
