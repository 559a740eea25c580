# SPDX-License-Identifier: Apache-2.0
"""A national index that knows nobody, and by the hour is slow or answers nothing.

A neighbour of the product, over HTTP: what it says does not matter to a weekend, that a
call goes on without it does.
"""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

SLOW_SECONDS = 4.0
"""Beyond what anybody waits for."""
_NOBODY = json.dumps(
    {"resourceType": "Bundle", "type": "searchset", "total": 0}
).encode()


class Health(StrEnum):
    """How it is just now."""

    WELL = "well"
    SLOW = "slow"
    DEAD = "dead"


@contextmanager
def index(health: Callable[[], Health]) -> Iterator[str]:
    """Its address; `health` is asked with each question."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = health()
            if now is Health.DEAD:
                self.close_connection = True
                return
            if now is Health.SLOW:
                time.sleep(SLOW_SECONDS)
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(_NOBODY)))
            self.end_headers()
            self.wfile.write(_NOBODY)

        def log_message(self, *_: object) -> None:
            """Nothing: a line for each call is no news."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever asks gives up before a slow answer."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        # By its name: at a number of this machine a demonstration starts its own.
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
