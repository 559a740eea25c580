# SPDX-License-Identifier: Apache-2.0
"""A drill on national data sets: who gets one, what is in it, and when it is killed.

The real processes. Patients have words in their records that stand nowhere else; what
was written is searched for them.
"""

import asyncio
import csv
import hashlib
import json
import os
import secrets
import signal
import stat
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.acts import ApproveErasure, Colleague, colleague, confirm
from support.served import Served, Visitor, served
from support.warden import RunningWarden
from wardkeep.base import nhs_number
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Answer, Created, Done, SessionView
from wardkeep.disclosure.canaries import CanaryCounts, PlantCanaries
from wardkeep.disclosure.data_sets import AgreeDataSet, AskDataSet
from wardkeep.disclosure.questions import AskErasure, CheckSession

PERIOD = "2026-10"
HERS = "Quixotic"
SEALED = {
    "security": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
            "code": "R",
        }
    ]
}
Json = dict[str, Any]


class Ground(NamedTuple):
    """An organisation of its own with patients, and two people who may agree."""

    stack: Served
    home: str
    folder: Path
    first: Colleague
    second: Colleague


def patient(id_: str, number: int) -> Json:
    value = nhs_number.nth_test_number(700_000 + number)
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": nhs_number.SYSTEM, "value": value}],
        "name": [{"family": f"{HERS}name", "given": ["Test"]}],
        "birthDate": "1980-02-03",
        "gender": "female",
        "address": [{"line": [f"1 {HERS} Lane"], "postalCode": "ZZ99 3WZ"}],
    }


def about(id_: str, to: str = "mind", **more: object) -> list[Json]:
    subject = {"subject": {"reference": f"Patient/{id_}"}}
    referral = {
        "resourceType": "ServiceRequest",
        "id": f"{id_}-referral",
        "status": "active",
        "intent": "order",
        "authoredOn": "2026-10-05T09:00:00+01:00",
        "code": {"text": f"{HERS} assessment"},
        "performer": [{"reference": f"HealthcareService/{to}"}],
        "reasonCode": [{"text": f"{HERS} voices"}],
        **subject,
        **more,
    }
    note = {
        "resourceType": "Composition",
        "id": f"{id_}-note",
        "status": "final",
        "type": {"text": "Note"},
        "date": "2026-10-06T09:00:00+01:00",
        "author": [{"display": "Somebody"}],
        "title": f"{HERS} note",
        **subject,
    }
    return [referral, note]


def team(id_: str, code: str) -> Json:
    coding = {"system": "urn:wardkeep:mhsds:service-or-team-type", "code": code}
    typed = {"type": [{"coding": [coding]}]} if code else {}
    return {
        "resourceType": "HealthcareService",
        "id": id_,
        "active": True,
        "name": f"{id_.title()} team",
        **typed,
    }


def bundle(resources: list[Json]) -> bytes:
    entries = [
        {
            "fullUrl": f"urn:uuid:{one['id']}",
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    made = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return json.dumps(made).encode()


def load(ground: Ground) -> None:
    source = ground.folder / "bundles"
    source.mkdir()
    shared = [team("mind", "A06"), team("heart", "")]
    (source / "00-teams.json").write_bytes(bundle(shared))
    people = {
        "ann": about("ann"),
        "ben": about("ben"),
        "nobody": about("nobody"),
        "elsewhere": about("elsewhere", "heart"),
        "hidden": about("hidden", meta=SEALED),
    }
    for number, (id_, more) in enumerate(people.items()):
        made = bundle([patient(id_, number), *more])
        (source / f"{id_}.json").write_bytes(made)
    ground.stack.command("import", str(source), "--organisation", ground.home)


async def people_of(stack: Served, home: str) -> tuple[Colleague, Colleague]:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    warden.home = home
    planted = await warden.operator.ask(PlantCanaries(home, ("nobody",)), CanaryCounts)
    assert isinstance(planted, CanaryCounts), planted
    first = await colleague(warden, "administrator", origin=stack.origin)
    second = await colleague(warden, "privacy_officer", origin=stack.origin)
    await close(warden)
    return first, second


async def close(warden: RunningWarden) -> None:
    await warden.door.close()
    await warden.operator.close()


async def signed(ground: Ground, who: Colleague, act: Any, kind: type[Answer]) -> None:
    warden = RunningWarden(ground.stack, None)  # type: ignore[arg-type]
    answer = await confirm(warden, who, act, kind)
    assert isinstance(answer, kind), answer
    await close(warden)


def agree(ground: Ground, period: str = PERIOD) -> str:
    id_ = new_uuid()
    act = AskDataSet(id=id_, data_set="mhsds", period=period, reason="monthly return")
    asyncio.run(signed(ground, ground.first, act, Created))
    asyncio.run(signed(ground, ground.second, AgreeDataSet(id_), Done))
    return id_


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("data-sets")) as running:
        yield running


@pytest.fixture
def ground(stack: Served, tmp_path: Path) -> Ground:
    home = f"org-{secrets.token_hex(4)}"
    stack.found(home)
    first, second = asyncio.run(people_of(stack, home))
    made = Ground(stack, home, tmp_path, first, second)
    load(made)
    return made


def words(ground: Ground, verb: str, period: str, *more: str) -> list[str]:
    named = ("--organisation", ground.home, "--period", period)
    return ["dataset", verb, "mhsds", *named, *more]


def rows_in(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_without_two_signatures_the_operator_gets_nothing(ground: Ground) -> None:
    to = ground.folder / "unsigned"
    done = ground.stack.run(*words(ground, "take", "2026-09", "--to", str(to)))
    assert done.returncode == 1
    assert "Nobody agreed" in done.stderr
    assert not list(ground.folder.glob("unsigned*"))


def test_a_month_that_is_none_is_told_in_words(ground: Ground) -> None:
    done = ground.stack.run(*words(ground, "check", "November"))
    assert done.returncode == 1
    assert "write it as 2026-11" in done.stderr


def test_what_was_agreed_on_is_written_for_the_operator_alone(ground: Ground) -> None:
    agree(ground)
    to = ground.folder / "mhsds-2026-10"
    told = ground.stack.command(
        *words(ground, "take", PERIOD, "--provider", "RX1", "--to", str(to))
    )
    assert "2 patients" in told
    assert "Heart team" in told, "a team without a type is named"
    assert stat.S_IMODE(to.stat().st_mode) == 0o700
    assert {stat.S_IMODE(one.stat().st_mode) for one in to.iterdir()} == {0o600}
    people = rows_in(to / "MHS001MPI.csv")
    numbers = {nhs_number.nth_test_number(700_000 + n) for n in (0, 1)}
    assert {one["NHSNumber"] for one in people} == numbers
    assert len(rows_in(to / "MHS101Referral.csv")) == 2
    [header] = rows_in(to / "MHS000Header.csv")
    assert header["ReportingPeriodEndDate"] == "2026-10-31"
    holds_its_manifest(to, told)


def holds_its_manifest(folder: Path, told: str) -> None:
    raw = (folder / "manifest.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest() in told
    manifest = json.loads(raw)
    assert manifest["codes_not_checked"]
    for one in manifest["files"]:
        content = (folder / one["name"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]
        assert HERS.encode() not in content, one["name"]
        assert len(rows_in(folder / one["name"])) == one["rows"]
    with zipfile.ZipFile(folder / f"{folder.name}.zip") as packed:
        assert packed.testzip() is None
        assert packed.read("manifest.json") == raw


def test_each_patient_is_in_the_ledger_and_nobody_else(ground: Ground) -> None:
    agree(ground)
    ground.stack.command(*words(ground, "check", PERIOD))
    number = asyncio.run(number_of(ground))
    scoped = ("scope", "--account", "extractor", "--organisation", str(number))
    told = ground.stack.command(*scoped, "--json")
    reached = {one["patient"]: one for one in json.loads(told)["people"]}
    assert set(reached) == {"ann", "ben"}
    types = {ref["type"] for one in reached.values() for ref in one["resources"]}
    assert types <= {"Patient", "ServiceRequest"}


async def number_of(ground: Ground) -> int:
    warden = RunningWarden(ground.stack, None)  # type: ignore[arg-type]
    view = await warden.door.ask(CheckSession(ground.first.token), SessionView)
    assert isinstance(view, SessionView)
    await close(warden)
    return view.organisation


def test_what_is_there_already_is_not_written_over(ground: Ground) -> None:
    agree(ground)
    to = ground.folder / "there"
    to.mkdir()
    (to / "mine.txt").write_text("mine")
    done = ground.stack.run(*words(ground, "take", PERIOD, "--to", str(to)))
    assert done.returncode == 1
    assert "it is there already" in done.stderr
    assert [one.name for one in to.iterdir()] == ["mine.txt"]


def test_killed_it_leaves_nothing_that_looks_finished(ground: Ground) -> None:
    agree(ground)
    tried = (ground.folder / f"killed-{n}" for n in range(5))
    to = next((one for one in tried if is_killed(ground, one)), None)
    assert to is not None, "it was quicker than each kill"
    unfinished = to.with_name(f"{to.name}.unfinished")
    assert not (unfinished / "manifest.json").exists() or not to.exists()
    again = ground.stack.run(*words(ground, "take", PERIOD, "--to", str(to)))
    assert "Nothing of it may be sent" in again.stderr
    for one in unfinished.iterdir():
        one.unlink()
    unfinished.rmdir()
    ground.stack.command(*words(ground, "take", PERIOD, "--to", str(to)))
    assert (to / "manifest.json").exists()


def is_killed(ground: Ground, to: Path) -> bool:
    """Kill what takes a data set as soon as it writes; whether it had not ended."""
    environment = {**os.environ, "WARDKEEP_DATA": str(ground.stack.settings.data)}
    asked = words(ground, "take", PERIOD, "--to", str(to))
    running = subprocess.Popen(
        [sys.executable, "-m", "wardkeep.cli", *asked],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    unfinished = to.with_name(f"{to.name}.unfinished")
    while running.poll() is None and not unfinished.exists():
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    running.wait()
    return not to.exists()


def test_what_was_erased_is_in_no_later_one_and_on_no_list(ground: Ground) -> None:
    stack = ground.stack
    agree(ground)
    stack.command(*words(ground, "check", PERIOD))
    with closing(Visitor(stack.port, ground.first.token)) as first:
        page = first.get("/data-quality").decode()
        assert "2 patients have no ethnic category" in page
    asyncio.run(erase(ground, "ben"))
    told = stack.command(*words(ground, "check", PERIOD))
    assert "1 patient" in told
    told = json.loads(stack.command(*words(ground, "check", PERIOD, "--json")))
    assert told["patients"] == 1


async def erase(ground: Ground, patient: str) -> None:
    warden = RunningWarden(ground.stack, None)  # type: ignore[arg-type]
    made = await warden.door.ask(
        AskErasure(
            ground.first.token, patient, "court-order", "as the court of 1 May ordered"
        ),
        Created,
    )
    assert isinstance(made, Created), made
    done = await ApproveErasure(ground.second.token, made.id).by(warden.door)
    assert done == Done()
    await close(warden)


@pytest.mark.parametrize("role", ["doctor", "receptionist"])
def test_a_stolen_session_of_those_who_decide_nothing_sees_nothing(
    ground: Ground, role: str
) -> None:
    agree(ground)
    ground.stack.command(*words(ground, "check", PERIOD))
    token = ground.stack.sign_in(ground.home, [], role=role)
    with closing(Visitor(ground.stack.port, token)) as thief:
        for path in ("/data-sets", "/data-sets/ask", f"/data-sets/{new_uuid()}"):
            status, page = thief.ask("GET", path)
            assert status == 403, path
            assert b"monthly return" not in page
        # Numbers it may read; which records they are is the team's.
        page = thief.get("/data-quality")
        assert b"/data-quality/" not in page
        assert b"/patients/ann" not in page


def test_a_stolen_session_of_who_decides_agrees_to_nothing(ground: Ground) -> None:
    with closing(Visitor(ground.stack.port, ground.first.token)) as thief:
        fields = {
            "id": new_uuid(),
            "data_set": "mhsds",
            "period": PERIOD,
            "reason": "stolen return",
        }
        page = thief.post("/data-sets/ask", fields)
        assert b"passkey" in page
        sent = urlencode({"act": "", "after": "/", "response": "{}"}).encode()
        status, _ = thief.ask("POST", "/confirm/finish", sent)
        assert status >= 400
        assert b"stolen return" not in thief.get("/data-sets")
        status, _ = thief.ask("GET", "/data-quality/nowhere/mind?rule=no-gender")
        assert status == 404
