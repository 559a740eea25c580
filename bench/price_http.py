# SPDX-License-Identifier: Apache-2.0
"""What the door costs over HTTP: the FHIR API with it, and by its other parts alone.

Two web processes serve one installation. One is as it ships; the other is put together
here, from the same parts, with a warden's client that hands out keys at once. They take
turns under wrk, which has to be on the PATH: one resource by its id, another patient's
each time.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from starlette.types import ASGIApp

from bench._stack import RECORDS, Stack, stack
from bench.price import ORGANISATION, KeysAtHand
from support.house import free_port
from support.program import Program
from wardkeep.assembly import web_process, web_server
from wardkeep.assembly.configuration import load_settings

CONNECTIONS = (1, 16)
ROUNDS, SECONDS = 5, 3
PATIENCE_SECONDS = 30.0
_READS = 500
_SERVE = "from bench.price_http import serve; serve()"
_LUA = """
local paths = {%s}
wrk.headers["Authorization"] = "Bearer %s"
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", paths[(n * 7919) %% #paths + 1])
end
done = function(summary, latency, requests)
  print("p95", latency:percentile(95))
end
"""


def run() -> dict[str, float]:
    if not RECORDS.is_dir():
        print(f"  no folder {RECORDS}: set WARDKEEP_BENCH_RECORDS to FHIR bundles")
        return {}
    with stack(WARDKEEP_WEB_WORKERS="1") as made, tempfile.TemporaryDirectory() as at:
        made.await_ready()
        made.load(ORGANISATION)
        return compare(made, Path(at))


def compare(made: Stack, at: Path) -> dict[str, float]:
    """95th percentiles in milliseconds, medians of the rounds; nothing without wrk."""
    if shutil.which("wrk") is None:
        return {}
    program = Program(made, at, organisation=ORGANISATION)
    with closing(program) as asker, _served_without(made, at / "log") as other:
        return _by_turns(asker, made.origin, other, at)


def _by_turns(asker: Program, origin: str, other: str, at: Path) -> dict[str, float]:
    script = at / "ask.lua"
    found = asker.get(f"Observation?_count={_READS}").ids
    paths = ",".join(f'"/fhir/Observation/{one}"' for one in found)
    script.write_text(_LUA % (paths, asker.token))
    figures: dict[str, float] = {}
    for connections in CONNECTIONS:
        waits: dict[str, list[float]] = {origin: [], other: []}
        for turn in range(ROUNDS + 1):
            for where, kept in waits.items():
                p95 = _p95(where, script, connections)
                if turn:  # the first round warms everything
                    kept.append(p95)
        door, parts = (sorted(one)[ROUNDS // 2] for one in waits.values())
        what = f"one resource over HTTP, {connections} at once"
        figures |= {
            f"{what}: with the door, p95 ms": door,
            f"{what}: its other parts alone, p95 ms": parts,
            f"{what}: times as long": door / parts,
        }
    return figures


def _p95(origin: str, script: Path, connections: int) -> float:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(script)]
    done = subprocess.run(
        [*command, origin], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in done.stdout:
        raise RuntimeError(done.stdout)
    [microseconds] = re.findall(r"p95\s+([\d.]+)", done.stdout)
    return float(microseconds) / 1000


@contextmanager
def _served_without(made: Stack, log: Path) -> Iterator[str]:
    """Another web process over the installation: where it is asked."""
    port = free_port()
    settings = {"WARDKEEP_PORT": str(port), "WARDKEEP_DATA": str(made.settings.data)}
    others = {k: v for k, v in os.environ.items() if not k.startswith("WARDKEEP_")}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE],
            env={**others, "WARDKEEP_WEB_WORKERS": "1", **settings},
            stdout=written,
            stderr=subprocess.STDOUT,
        )
    origin = f"http://localhost:{port}"
    try:
        _await(f"{origin}/fhir/metadata")
        yield origin
    finally:
        process.terminate()
        process.wait()


def _await(address: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(OSError), urlopen(address, timeout=5):
            return
        time.sleep(0.1)
    raise TimeoutError(address)


def serve() -> None:
    """In a process of its own: the web process, put together by `without_door`."""
    web_server.serve_application("bench.price_http:without_door", load_settings())


def without_door() -> ASGIApp:
    """What `make_application` makes, with keys at hand."""
    setattr(web_process, "WardenClient", KeysAtHand)  # noqa: B010 - in place of the usual
    return web_process.make_application()
