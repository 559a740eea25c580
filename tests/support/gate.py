# SPDX-License-Identifier: Apache-2.0
"""A server between two sites that loses answers, is silent, or answers as told."""

import http.client
import http.server
import json
import threading
from typing import Any

SILENT_SECONDS = 30.0


class Gate:
    """A server between the two that loses answers, or answers what it is told to."""

    def __init__(self, port: int) -> None:
        self.seen: list[str] = []
        self.plan: list[tuple[int, bytes] | str] = []
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.endswith("/token"):
                    gate.forward(self, port, body)
                    return
                gate.seen.append(self.headers["X-Request-Id"])
                planned = gate.plan.pop(0) if gate.plan else ""
                if isinstance(planned, tuple):
                    gate.answer(self, *planned)
                elif planned == "say nothing":
                    gate.is_over.wait(SILENT_SECONDS)
                    self.close_connection = True
                elif planned == "lose the answer":
                    gate.forward(self, port, body, is_lost=True)
                else:
                    gate.forward(self, port, body)

            def log_message(self, *_: object) -> None:
                pass

        self.is_over = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward(
        self, to: Any, port: int, body: bytes, *, is_lost: bool = False
    ) -> None:
        connection = http.client.HTTPConnection("localhost", port)
        kept = {
            name: value
            for name, value in to.headers.items()
            if name.lower() not in ("host", "connection", "accept-encoding")
        }
        connection.request("POST", to.path, body, kept)
        reply = connection.getresponse()
        said = reply.read()
        connection.close()
        if is_lost:
            to.close_connection = True
            to.connection.close()
            return
        self.answer(to, reply.status, said)

    @staticmethod
    def answer(to: Any, status: int, body: bytes) -> None:
        to.send_response(status)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        to.wfile.write(body)

    def close(self) -> None:
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()


def outcome(error: str, code: str) -> bytes:
    coding = {"system": "https://fhir.nhs.uk/Codesystem/http-error-codes"}
    issue = {
        "severity": "error",
        "code": code,
        "details": {"coding": [{**coding, "code": error}]},
    }
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
