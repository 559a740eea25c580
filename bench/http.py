# SPDX-License-Identifier: Apache-2.0
"""What HTTP costs by itself: granian with a handler that knows its answer, under wrk.

Below this no request can be, whatever it does. Needs wrk on the PATH.
"""

import re
import resource
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress

from starlette.types import Receive, Scope, Send

from bench._stack import processor_seconds
from support.house import free_port

CONNECTIONS = 16
SECONDS = 3
_BODY = b"{" + b" " * 1_400 + b"}"
_HEADERS = [
    (b"content-type", b"application/fhir+json; charset=utf-8"),
    (b"content-length", b"%d" % len(_BODY)),
    *[(b"x-header-%d" % number, b"as many as an answer has") for number in range(8)],
]
_SERVE = """
from granian.constants import Interfaces, Loops
from granian.server import Server
Server("bench.http:answer", address="127.0.0.1", port={port}, workers=1,
       interface=Interfaces.ASGINL, loop=Loops.uvloop, websockets=False,
       log_enabled=False).serve()
"""


async def answer(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


def run() -> dict[str, float]:
    """Rates, and microseconds of processor time a request."""
    if shutil.which("wrk") is None:
        print("  needs wrk")
        return {}
    port = free_port()
    server = subprocess.Popen([sys.executable, "-c", _SERVE.format(port=port)])
    try:
        address = f"http://127.0.0.1:{port}/fhir/Observation/1"
        _await(address)
        return _figures(server.pid, address)
    finally:
        server.terminate()
        server.wait()


def _await(address: str) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(address):
            return
        time.sleep(0.05)
    raise TimeoutError(address)


def _figures(server: int, address: str) -> dict[str, float]:
    before, asked_before = sum(processor_seconds(server).values()), _wrk_seconds()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = sum(processor_seconds(server).values()) - before
    requests = int(re.findall(r"(\d+) requests in", done.stdout)[0])
    return {
        "an answer that is known already, req/s": requests / SECONDS,
        "µs a request: server": spent / requests * 1e6,
        "µs a request: wrk": (_wrk_seconds() - asked_before) / requests * 1e6,
    }


def _wrk_seconds() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
