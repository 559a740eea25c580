# SPDX-License-Identifier: Apache-2.0
"""A national data set of many patients: how many a second, and how much memory.

`WARDKEEP_BENCH_PATIENTS` says how many (100,000); a tenth of them is taken first, so
that memory that grows with them would show.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench._stack import Stack, stack
from support.acts import colleague, confirm
from support.warden import RunningWarden
from wardkeep.base import nhs_number
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Created, Done
from wardkeep.disclosure.data_sets import AgreeDataSet, AskDataSet

ORGANISATION = "bench"
PATIENTS = int(os.environ.get("WARDKEEP_BENCH_PATIENTS", "100000"))
A_FILE = 500
FIRST, ALL = "2026-09", "2026-10"
"""Months: a tenth was referred by the end of the first, everybody in the second."""
Json = dict[str, Any]


def run() -> dict[str, float]:
    with stack() as made, tempfile.TemporaryDirectory() as folder:
        made.await_ready()
        made.found(ORGANISATION)
        source = Path(folder) / "in"
        source.mkdir()
        _write(source)
        made.command("import", str(source), "--organisation", ORGANISATION)
        asyncio.run(_agree(made))
        few = _taken(made, FIRST, Path(folder) / "few")
        many = _taken(made, ALL, Path(folder) / "many")
        return {
            "patients": PATIENTS,
            "patients a second": PATIENTS / many[0],
            "MB of the command, a tenth of them": few[1],
            "MB of the command, all of them": many[1],
        }


def _taken(made: Stack, period: str, to: Path) -> tuple[float, float]:
    """Seconds, and the most memory that the command had, in MB."""
    words = ("take", "mhsds", "--organisation", ORGANISATION, "--period", period)
    environment = {**os.environ, "WARDKEEP_DATA": str(made.settings.data)}
    environment.pop("WARDKEEP_BENCH_PATIENTS", None)
    code = (
        "import resource, sys\n"
        "from wardkeep.cli.entrance import main\n"
        "try:\n    main()\n"
        "finally:\n"
        "    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    print('most', used, file=sys.stderr)\n"
    )
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, "dataset", *words, "--to", str(to), "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - began
    _, _, kilobytes = done.stderr.rpartition("most ")
    return seconds, int(kilobytes) / 1024


async def _agree(made: Stack) -> None:
    warden = RunningWarden(made, None)  # type: ignore[arg-type]
    warden.home = ORGANISATION
    first = await colleague(warden, "administrator", origin=made.origin)
    second = await colleague(warden, "privacy_officer", origin=made.origin)
    for period in (FIRST, ALL):
        id_ = new_uuid()
        act = AskDataSet(id=id_, data_set="mhsds", period=period, reason="for a bench")
        await confirm(warden, first, act, Created)
        await confirm(warden, second, AgreeDataSet(id_), Done)
    await warden.door.close()
    await warden.operator.close()


def _write(folder: Path) -> None:
    coding = {"system": "urn:wardkeep:mhsds:service-or-team-type", "code": "A06"}
    team = {
        "resourceType": "HealthcareService",
        "id": "mind",
        "name": "Mind team",
        "type": [{"coding": [coding]}],
    }
    _bundle(folder / "team.json", [team])
    for start in range(0, PATIENTS, A_FILE):
        numbers = range(start, min(start + A_FILE, PATIENTS))
        resources = [one for n in numbers for one in _person(n)]
        _bundle(folder / f"{start:07}.json", resources)


def _person(n: int) -> Iterator[Json]:
    came = "2026-09-10" if n % 10 == 0 else "2026-10-05"
    number = nhs_number.nth_test_number(n + 1)
    yield {
        "resourceType": "Patient",
        "id": f"p-{n}",
        "identifier": [{"system": nhs_number.SYSTEM, "value": number}],
        "name": [{"family": f"Bench{n}"}],
        "birthDate": "1980-02-03",
        "gender": "female",
    }
    yield {
        "resourceType": "ServiceRequest",
        "id": f"r-{n}",
        "status": "active",
        "intent": "order",
        "authoredOn": came,
        "subject": {"reference": f"Patient/p-{n}"},
        "performer": [{"reference": "HealthcareService/mind"}],
    }


def _bundle(path: Path, resources: list[Json]) -> None:
    entries = [
        {
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    path.write_text(json.dumps(bundle))
