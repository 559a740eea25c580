# SPDX-License-Identifier: Apache-2.0
"""The FHIR API under load: wrk, server and database on one machine, every guard on.

Loads the bundles in the folder that WARDKEEP_BENCH_RECORDS names three times, each time
under new identities, and asks over 16 connections as a program with a contract would.
Beside each rate stands the processor time that a request takes in every process: on a
machine that others use as well, that is the figure to compare. Needs wrk on the PATH.
"""

import bz2
import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from bench._stack import RECORDS, Stack, stack
from support.program import Program

ORGANISATION = "bench"
COPIES = 3
CONNECTIONS = 16
SECONDS = 5
WEB_WORKERS = os.environ.get("WARDKEEP_BENCH_WEB_WORKERS", "1")
"""One, where two cores serve the warden, the database and wrk too: two take a fifth
more of both cores for the same requests."""
_PARTS = ("web", "warden", "database", "wrk")
_UUID = re.compile(rb"(?<!\|)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Behind a bar stands the identifier of a place, which every copy shares."""
_LUA = """
local paths = {%s}
local method, body = "%s", %s
wrk.headers["Authorization"] = "Bearer %s"
wrk.headers["Content-Type"] = "application/fhir+json"
local n = 0
request = function()
  n = n + 1
  local path = paths[(n * 7919) %% #paths + 1]
  return wrk.format(method, path, nil, body)
end
"""
_CODES = ("8302-2", "29463-7", "8867-4", "9279-1", "72514-3", "39156-5")


def run() -> dict[str, float]:
    if not RECORDS.is_dir() or shutil.which("wrk") is None:
        print("  needs wrk, and FHIR bundles in WARDKEEP_BENCH_RECORDS")
        return {}
    with (
        stack(WARDKEEP_WEB_WORKERS=WEB_WORKERS) as made,
        tempfile.TemporaryDirectory() as folder,
    ):
        made.await_ready()
        made.command("organisation", "create", "--slug", ORGANISATION, "--name", "B")
        for number in range(COPIES):
            copy = Path(folder) / str(number)
            _copied(copy, number)
            made.command("import", str(copy), "--organisation", ORGANISATION)
            shutil.rmtree(copy)
        with closing(Program(made, Path(folder), organisation=ORGANISATION)) as asker:
            return _figures(made, asker, Path(folder))


def _copied(folder: Path, number: int) -> None:
    """The bundles with other ids; the first copy keeps those that it has."""
    folder.mkdir()
    for source in sorted(RECORDS.glob("*.json.bz2")):
        text = bz2.decompress(source.read_bytes())
        is_shared = source.name[0] == "0" and "Information" in source.name
        if is_shared and number:
            continue
        if number:
            text = _UUID.sub(lambda found: _other(found[0], number), text)
        (folder / source.name.removesuffix(".bz2")).write_bytes(text)


def _other(id_: bytes, number: int) -> bytes:
    return str(uuid5(NAMESPACE_URL, f"{number} {id_.decode()}")).encode()


def _figures(made: Stack, asker: Program, folder: Path) -> dict[str, float]:
    patients = asker.get("Patient?_count=360").resources
    ids = [one["id"] for one in patients]
    wholes = _about(asker, ids, 340)
    observations = asker.get("Observation?_count=500").ids
    encounters = asker.get("Encounter?_count=500").ids
    names = [_name_query(one) for one in patients]
    mix: list[tuple[str, Sequence[str]]] = [
        (
            "read by id",
            [f"Observation/{one}" for one in observations]
            + [f"Encounter/{one}" for one in encounters],
        ),
        (
            "Observation?patient&_count=50",
            [f"Observation?patient={one}&_count=50" for one in ids],
        ),
        (
            "Observation?code&date",
            [
                f"Observation?code={code}&date=ge{year}-01-01&date=lt{year}-03-01"
                for code in _CODES
                for year in range(2012, 2021)
            ],
        ),
        ("Patient?name&birthdate", names),
        ("$everything of about 340", [f"Patient/{one}/$everything" for one in wholes]),
    ]
    figures: dict[str, float] = {}
    for label, paths in mix:
        figures |= _load(made, asker, folder, label, paths)
    create = json.dumps(_vital_sign(ids[0]))
    figures |= _load(made, asker, folder, "create", ["Observation"], body=create)
    figures["transactions, resources/s"] = _transactions(made, asker)
    figures |= {f"{name}, MB": size for name, size in made.memory().items()}
    return figures


def _name_query(patient: dict[str, Any]) -> str:
    family = patient["name"][0]["family"]
    return f"Patient?name={family}&birthdate={patient['birthDate']}"


def _about(asker: Program, ids: Iterable[str], wanted: int) -> list[str]:
    """Patients whose records have about so many resources."""
    sizes = {}
    for one in list(ids)[:120]:
        counted = asker.get(f"Patient/{one}/*?_summary=count").json["total"]
        sizes[one] = abs(counted - wanted)
    return sorted(sizes, key=lambda one: sizes[one])[:12]


def _vital_sign(patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-11-01T09:41:00+00:00",
        "valueQuantity": {
            "value": 72,
            "unit": "/min",
            "system": "http://unitsofmeasure.org",
            "code": "/min",
        },
    }


def _load(
    made: Stack,
    asker: Program,
    folder: Path,
    label: str,
    paths: Sequence[str],
    *,
    body: str = "",
) -> dict[str, float]:
    asker.sign_in()
    quoted = ",".join(f'"/fhir/{path}"' for path in paths)
    method, sent = ("POST", f"[==[{body}]==]") if body else ("GET", "nil")
    script = folder / "ask.lua"
    script.write_text(_LUA % (quoted, method, sent, asker.token))
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency"]
    before = _spent(made)
    done = subprocess.run(
        [*command, "-s", str(script), made.origin],
        capture_output=True,
        text=True,
        check=True,
    )
    after = _spent(made)
    [requests] = re.findall(r"(\d+) requests in", done.stdout)
    if "Non-2xx" in done.stdout:
        print(done.stdout)
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)
    [slow] = re.findall(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}[slow[1]]
    return {
        f"{label}, req/s": float(rate),
        f"{label}, p99 ms": float(slow[0]) * unit,
        **{
            f"{label}, µs a request: {part}": (after[part] - before[part])
            / int(requests)
            * 1e6
            for part in _PARTS
        },
    }


def _spent(made: Stack) -> dict[str, float]:
    """Seconds of processor time by part, wrk's among them."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {**made.spent(), "wrk": ended.ru_utime + ended.ru_stime}


def _transactions(made: Stack, asker: Program) -> float:
    """Whole patients as transactions, by four clients at once."""
    bundles = []
    for number, source in enumerate(sorted(RECORDS.glob("[1-9a-f]*.json.bz2"))[:24]):
        text = bz2.decompress(source.read_bytes())
        text = _UUID.sub(lambda found: _other(found[0], 9), text)
        bundles.append((number, text))
    resources = sum(len(json.loads(text)["entry"]) for _, text in bundles)
    asker.sign_in()
    began = time.perf_counter()
    workers = [
        threading.Thread(target=_send, args=(made, asker, bundles[start::4]))
        for start in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return resources / (time.perf_counter() - began)


def _send(made: Stack, asker: Program, bundles: Sequence[tuple[int, bytes]]) -> None:
    with closing(asker.twin(made)) as twin:
        for _, text in bundles:
            reply = twin.ask("POST", "", text)
            if reply.status != 200:
                print(reply)
