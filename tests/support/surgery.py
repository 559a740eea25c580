# SPDX-License-Identifier: Apache-2.0
"""A surgery's server, and the repeat caller service's: each Bundle once by its name.

It can lose its first answers, after it has taken what came.
"""

import http.server
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from support.house import free_port
from support.served import Served
from wardkeep.fhir.post.document import Read, read_document
from wardkeep.fhir.post.repeat_calls import NO, answer

Json = dict[str, Any]
SLOW_SECONDS = 4.0


class Surgery:
    """What came, and how often."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.bundles: dict[str, Json] = {}
        self.tries: Counter[str] = Counter()
        self.loses = 0
        self.says: Json | None = answer(NO)
        """Whether somebody rang before; None: nobody waits for so long."""
        self.lock = threading.Lock()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def take(self, name: str, bundle: Json) -> bool:
        """Whether the answer arrives."""
        with self.lock:
            self.tries[name] += 1
            self.bundles.setdefault(name, bundle)
            if self.loses:
                self.loses -= 1
                return False
            return True

    def documents_of(self, family: str) -> list[Read]:
        """Those about somebody."""
        found = [
            read_document(one)
            for one in self.bundles.values()
            if one["type"] == "document" and family in json.dumps(one)
        ]
        return [one for one in found if one is not None]

    def calls_of(self, family: str) -> list[Json]:
        return [
            one
            for one in self.bundles.values()
            if one["type"] == "collection" and family in json.dumps(one)
        ]


@contextmanager
def surgery() -> Iterator[Surgery]:
    made = Surgery(free_port())

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/token"):
                self._says(200, {"access_token": "t", "token_type": "bearer"})
                return
            if self.path.endswith("$repeat-caller"):
                if made.says is None:
                    time.sleep(SLOW_SECONDS)
                self._says(200, made.says or {})
                return
            name = unquote(self.headers["If-None-Exist"])
            if made.take(name, json.loads(body)):
                self._says(201, {"resourceType": "Bundle"})
            else:
                self.close_connection = True
                self.connection.close()

        def _says(self, status: int, said: Json) -> None:
            raw = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", made.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


def introduce(stack: Served, slug: str, there: Surgery, folder: Path) -> None:
    """The organisation's own sending program, and where Puddle Lane's server is."""
    (folder / "keys.json").write_text(
        stack.command("partner", "begin", "--organisation", slug)
    )
    stack.command(
        *("partner", "surgery", "--organisation", slug, "--ods", "Y99999"),
        *("--name", "Puddle Lane Surgery", "--client", "wardkeep"),
        *("--endpoint", f"{there.origin}/fhir"),
        *("--token-url", f"{there.origin}/token"),
    )
