# SPDX-License-Identifier: Apache-2.0
"""Drills on the ward: a stolen session, races for beds and checks, kills, the caps.

The real processes over HTTP. Each test makes its own people and beds.
"""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from support.at_once import many_at_once
from support.killing import kills
from support.program import Program
from support.served import Served, Visitor, eventually, served
from support.ward_beds import bed_id, now, put_beds, put_in_bed, put_level, stay_in
from support.warden import RunningWarden
from support.wards import (
    OTHER_WARD,
    WARD,
    Worker,
    patient,
    places,
    practitioner,
)
from wardkeep.base.clock import LONDON
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.wards.checks import day_of, read_sheet, sheet_id

HOME = "fernhill"
NIA = Worker("ward_nurse", "Nia Night", "nia")
DAN = Worker("ward_nurse", "Dan Day", "dan")
KIT = Worker("ward_nurse", "Kit Elsewhere", "kit")
MANY = 6
Json = dict[str, Any]


class Ward(NamedTuple):
    """A stack, two nurses of one ward and one of another, and a program."""

    stack: Served
    program: Program
    nia: Visitor
    dan: Visitor
    kit: Visitor


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ward]:
    with served(tmp_path_factory.mktemp("wards"), WARDKEEP_WEB_WORKERS="2") as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (*places(), *map(practitioner, (NIA, DAN, KIT))):
                program.put(one)
            tokens = [stack.sign_in(HOME, [], role="ward_nurse") for _ in range(3)]
            asyncio.run(_work(stack, tokens))
            nia, dan, kit = (Visitor(stack.port, token) for token in tokens)
            with closing(nia), closing(dan), closing(kit):
                yield Ward(stack, program, nia, dan, kit)


async def _work(stack: Served, tokens: list[str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts = []
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts.append(seen.account)
    who = [
        (account, (f"Practitioner/{one.practitioner}",))
        for account, one in zip(accounts, (NIA, DAN, KIT), strict=True)
    ]
    teams = (
        ("Heron", (WARD,), tuple(accounts[:2])),
        ("Kestrel", (OTHER_WARD,), (accounts[2],)),
    )
    assert await warden.operator.ask(SetWork(HOME, tuple(who), teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def post(visitor: Visitor, path: str, **fields: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): one for name, one in fields.items()}
    return visitor.ask("POST", path, urlencode({"of-ward": "", **named}).encode())


def value(page: bytes, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"'.encode(), page)
    assert found is not None, page[:3000]
    return found[1].decode()


def stays(program: Program, id_: str) -> list[Json]:
    """Somebody's stays that hold."""
    found = program.search("Encounter", ("patient", id_)).resources
    return [one for one in found if one["status"] in ("in-progress", "onleave")]


def test_a_stolen_session_sees_names_of_its_own_ward_alone(ward: Ward) -> None:
    put_beds(ward.program, "heron", "Thief 1")
    put_in_bed(ward.program, "thief-1", "Strangelove", "Thief 1")
    put_level(ward.program, "thief-1", "eyesight", 30, minutes_ago=5)
    assert b"STRANGELOVE" in ward.nia.get("/wards/heron")
    for path in ("/wards/heron", "/wards/heron/checks", "/wards/heron/beds"):
        status, page = ward.kit.ask("GET", path)
        assert status == 404, path
        assert b"STRANGELOVE" not in page
    # What is sent to open boards has no name, whoever asks for it.
    for path in ("/wards/heron/now", "/wards/heron/checks/now"):
        status, page = ward.kit.ask("GET", path)
        assert b"STRANGELOVE" not in page.upper(), path
    base = "/patients/thief-1/ward"
    for below in ("", "/admit", "/move", "/discharge", "/level", "/check", "/leave"):
        status, page = ward.kit.ask("GET", f"{base}{below}")
        assert status in (303, 403, 404), (below, status)
        assert b"STRANGELOVE" not in page
    before = ward.program.get("Encounter/thief-1-stay").json["meta"]["versionId"]
    which = new_uuid()
    for path, fields in (
        ("/move", {"bed": bed_id("heron", "Thief 1"), "version": before}),
        ("/discharge", {"which": which, "destination": "died", "version": before}),
        (
            "/level",
            {"which": which, "level-before": "thief-1-level", "kind": "general"},
        ),
        ("/check", {"turn": "0", "level": "thief-1-level", "seen": "asleep@bedroom"}),
        ("/expected", {"version": before}),
        ("/back", {}),
    ):
        status, page = post(ward.kit, f"{base}{path}", **fields)
        assert status >= 303, (path, status)
        assert b"STRANGELOVE" not in page
    after = ward.program.get("Encounter/thief-1-stay").json["meta"]["versionId"]
    assert after == before
    sheet = sheet_id("thief-1-level", day_of(now()))
    assert ward.program.get(f"Observation/{sheet}").status == 404
    put_beds(ward.program, "kestrel", "Thief 9")
    bed = f"/wards/heron/beds/{bed_id('heron', 'Thief 1')}"
    assert post(ward.kit, bed, state="closed")[0] == 404
    other = f"/wards/kestrel/beds/{bed_id('heron', 'Thief 1')}"
    assert post(ward.kit, other, state="closed")[0] == 404
    assert post(ward.kit, "/wards/kestrel/beds", which=which, name="Mine")[0] == 403


def test_of_many_who_admit_to_one_bed_one_does(ward: Ward) -> None:
    put_beds(ward.program, "heron", "Race 1")
    people = [f"race-{nth}" for nth in range(MANY)]
    for one in people:
        ward.program.put(patient(one, f"Name{one}"))
    token = ward.stack.sign_in(HOME, people, role="ward_nurse")

    def admit(nth: int) -> tuple[int, bytes]:
        with closing(Visitor(ward.stack.port, token)) as visitor:
            return post(
                visitor,
                f"/patients/{people[nth]}/ward/admit",
                which=new_uuid(),
                bed=bed_id("heron", "Race 1"),
                reason=f"Words of {nth}",
            )

    answers = many_at_once(MANY, admit)
    assert sorted(status for status, _ in answers) == [303, *[422] * (MANY - 1)]
    lost = [page for status, page in answers if status == 422]
    assert all(b"Somebody else was first" in page for page in lost)
    assert all(b"Words of " in page for page in lost)
    assert sum(len(stays(ward.program, one)) for one in people) == 1


def test_nobody_lies_in_two_beds(ward: Ward) -> None:
    names = [f"Two {nth}" for nth in range(MANY)]
    put_beds(ward.program, "heron", *names)
    ward.program.put(patient("two-1", "Twobeds"))
    token = ward.stack.sign_in(HOME, ["two-1"], role="ward_nurse")

    def admit(nth: int) -> int:
        with closing(Visitor(ward.stack.port, token)) as visitor:
            return post(
                visitor,
                "/patients/two-1/ward/admit",
                which=new_uuid(),
                bed=bed_id("heron", names[nth]),
            )[0]

    many_at_once(MANY, admit)
    [stay] = stays(ward.program, "two-1")
    beds = [one for one in stay["location"] if "Two" in one["location"]["display"]]
    assert len(beds) == 1
    # Nor by a program, which is told why.
    second = stay_in("two-1", "heron", names[0])
    reply = ward.program.ask(
        "PUT", "Encounter/two-1-other", second | {"id": "two-1-other"}
    )
    assert reply.status == 422, reply
    assert "lies in" in reply.words


def test_one_due_check_is_recorded_once_however_many_press(ward: Ward) -> None:
    put_beds(ward.program, "heron", "Check 1")
    put_in_bed(ward.program, "check-1", "Checked", "Check 1")
    put_level(ward.program, "check-1", "intermittent", 15, minutes_ago=47)
    page = ward.nia.get("/patients/check-1/ward/check")
    assert b"Check overdue: 32 minutes" in page
    fields = {"turn": value(page, "turn"), "level": value(page, "level")}
    tokens = [
        ward.stack.sign_in(HOME, ["check-1"], role="ward_nurse") for _ in range(MANY)
    ]

    def record(nth: int) -> tuple[int, bytes]:
        with closing(Visitor(ward.stack.port, tokens[nth])) as visitor:
            return post(
                visitor,
                "/patients/check-1/ward/check",
                seen="calm",
                where="garden",
                **fields,
            )

    answers = many_at_once(MANY, record)
    assert {status for status, _ in answers} == {303}
    sheet = sheet_id("check-1-level", day_of(now()))
    said = read_sheet(ward.program.get(f"Observation/{sheet}").json)
    assert said is not None
    [check] = said.checks
    assert check.late_minutes >= 32
    assert check.missed(15) == 2
    page = ward.nia.get("/patients/check-1/ward/check")
    assert b"2 further checks were missed" in page
    # A late entry is one, and says so; before the last check there is none.
    fields["turn"] = value(page, "turn")
    path = "/patients/check-1/ward/check/late"
    status, page = post(
        ward.nia, path, at="00:00", seen="calm", where="garden", **fields
    )
    assert status == 422
    assert post(ward.nia, path, at="", seen="calm", where="", **fields)[0] == 422
    said = read_sheet(ward.program.get(f"Observation/{sheet}").json)
    assert said is not None
    assert len(said.checks) == 1


def test_a_struck_check_stays_readable_and_the_check_is_due_again(ward: Ward) -> None:
    put_beds(ward.program, "heron", "Strike 1")
    put_in_bed(ward.program, "strike-1", "Strickland", "Strike 1")
    put_level(ward.program, "strike-1", "intermittent", 15, minutes_ago=47)
    path = "/patients/strike-1/ward/check"
    page = ward.nia.get(path)
    fields = {"turn": value(page, "turn"), "level": value(page, "level")}
    assert post(ward.nia, path, seen="asleep@bedroom", **fields)[0] == 303
    # The same press again records nothing.
    status, _ = post(ward.nia, path, seen="asleep@bedroom", **fields)
    assert status == 303
    page = ward.nia.get(path)
    check = value(page, "check")
    for _ in range(2):
        assert post(ward.dan, f"{path}/strike", check=check)[0] == 303
    page = ward.nia.get(path)
    assert b"Struck by" in page
    assert b"Check overdue" in page


def test_rewriting_a_stay_makes_nobody_expect_them_by_themselves(ward: Ward) -> None:
    """Whoever moves somebody has them on the handover sheet as before (decision 53)."""
    put_beds(ward.program, "heron", "Tie 1", "Tie 2")
    put_in_bed(ward.program, "tie-1", "Tiedown", "Tie 1")
    sheet = "/handover/Location.heron"
    assert b"TIEDOWN" in ward.nia.get(sheet)
    page = ward.nia.get("/patients/tie-1/ward/move")
    status, _ = post(
        ward.nia,
        "/patients/tie-1/ward/move",
        bed=bed_id("heron", "Tie 2"),
        version=value(page, "version"),
    )
    assert status == 303
    assert b"TIEDOWN" in ward.nia.get(sheet)
    when = {"from": _typed(1), "until": _typed(90)}
    status, page = post(
        ward.nia,
        "/patients/tie-1/ward/leave",
        which=new_uuid(),
        escort="unescorted",
        conditions="To the shop",
        **when,
    )
    assert status == 303, page[:2000]
    page = ward.nia.get("/patients/tie-1/ward")
    found = re.search(rb'action="(/patients/tie-1/ward/leave/[^"]*/out)"', page)
    assert found is not None
    leave = found[1].decode()
    assert post(ward.nia, leave)[0] == 303
    assert stays(ward.program, "tie-1")[0]["status"] == "onleave"
    assert b"TIEDOWN" in ward.nia.get(sheet)
    # Pressed by two at once it is done once, and the way back as well.
    back = leave.replace("/out", "/back")
    many_at_once(2, lambda nth: post((ward.nia, ward.dan)[nth], back)[0])
    [stay] = stays(ward.program, "tie-1")
    assert stay["status"] == "in-progress"
    assert [one["status"] for one in stay["statusHistory"]] == [
        "in-progress",
        "onleave",
    ]
    assert b"TIEDOWN" in ward.nia.get(sheet)


def test_a_leave_is_prolonged_once_by_whoever_may_and_not_once_they_are_back(
    ward: Ward,
) -> None:
    longer = _gone_out(ward)
    version = value(ward.nia.get(longer), "version")
    said = {"until": _typed(90), "why": "The bus; Dr Ash agreed", "version": version}
    for wrong, words in (
        ({"until": _typed(10)}, b"no later than it was"),
        ({"until": _typed(60 * 24 * 40)}, b"no time out from a ward"),
        ({"until": "soon"}, b"a day and a time are missing"),
        ({"why": " "}, b"hy it is prolonged is missing"),
    ):
        status, page = post(ward.nia, longer, **{**said, **wrong})
        assert status == 422, wrong
        assert words in page
    # Whoever has no business there does not, and learns nothing of it
    thief = ward.stack.sign_in(HOME, [], role="doctor")
    with closing(Visitor(ward.stack.port, thief)) as stranger:
        assert post(stranger, longer, **said)[0] in (303, 403, 404)
        assert b"The bus" not in stranger.ask("GET", longer)[1]
    leave = f"ServiceRequest/{longer.split('/')[-2]}"
    assert ward.program.get(leave).json["meta"]["versionId"] == version
    # Of two who press at once one does it
    many_at_once(2, lambda nth: post((ward.nia, ward.dan)[nth], longer, **said)[0])
    stored = ward.program.get(leave).json
    assert int(stored["meta"]["versionId"]) == int(version) + 1
    lines = [it for it in stored["extension"] if it["url"].endswith(":prolonged")]
    assert len(lines) == 1
    page = ward.nia.get("/patients/long-1/ward")
    assert b"The bus; Dr Ash agreed" in page
    assert post(ward.nia, longer.replace("/longer", "/back"))[0] == 303
    version = str(int(version) + 2)
    post(ward.nia, longer, until=_typed(200), why="Late", version=version)
    assert ward.program.get(leave).json["meta"]["versionId"] == version


def _gone_out(ward: Ward) -> str:
    """Somebody goes out on leave; the address at which it is prolonged."""
    put_beds(ward.program, "heron", "Long 1")
    put_in_bed(ward.program, "long-1", "Longleave", "Long 1")
    status, page = post(
        ward.nia,
        "/patients/long-1/ward/leave",
        which=new_uuid(),
        escort="unescorted",
        conditions="To the shop",
        **{"from": _typed(1), "until": _typed(30)},
    )
    assert status == 303, page[:2000]
    page = ward.nia.get("/patients/long-1/ward")
    found = re.search(rb'href="(/patients/long-1/ward/leave/[^"]*/longer)"', page)
    assert found is not None
    longer = found[1].decode()
    assert post(ward.nia, longer.replace("/longer", "/out"))[0] == 303
    return longer


def test_whom_one_admits_oneself_is_ones_own_work_and_a_colleagues_like_any(
    ward: Ward,
) -> None:
    put_beds(ward.program, "heron", "Tie 3")
    sheet = "/handover/Location.heron"
    ward.program.put(patient("tie-2", "Selfmade"))
    _expect(ward, "tie-2", "nia")
    status, page = post(
        ward.nia,
        "/patients/tie-2/ward/admit",
        which=new_uuid(),
        bed=bed_id("heron", "Tie 3"),
    )
    assert status == 303, page[:2000]
    assert b"SELFMADE" not in ward.nia.get(sheet)
    assert b"SELFMADE" in ward.dan.get(sheet)
    assert b"SELFMADE" in ward.nia.get("/wards/heron")


def _expect(ward: Ward, id_: str, practitioner_: str) -> None:
    """A contact of today with this practitioner."""
    ward.program.put(
        {
            "resourceType": "Encounter",
            "id": f"{id_}-contact",
            "status": "in-progress",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{id_}"},
            "period": {"start": now().isoformat()},
            "participant": [
                {"individual": {"reference": f"Practitioner/{practitioner_}"}}
            ],
        }
    )


def _typed(minutes: int) -> str:
    at = now().astimezone(LONDON) + timedelta(minutes=minutes)
    return f"{at:%Y-%m-%dT%H:%M}"


def test_what_was_done_is_undone_once_and_only_where_nobody_wrote_since(
    ward: Ward,
) -> None:
    put_beds(ward.program, "heron", "Undo 1")
    put_in_bed(ward.program, "undo-1", "Undone", "Undo 1")
    put_level(ward.program, "undo-1", "eyesight", 30, minutes_ago=10)
    page = ward.nia.get("/patients/undo-1/ward/discharge")
    status, page = post(
        ward.nia,
        "/patients/undo-1/ward/discharge",
        which=value(page, "which"),
        version=value(page, "version"),
        destination="usual-residence",
    )
    assert status == 303, page[:2000]
    assert stays(ward.program, "undo-1") == []
    assert ward.program.get("Procedure/undo-1-level").json["status"] == "completed"
    board = ward.nia.get("/wards/heron")
    assert b"Just discharged" in board
    step = value(ward.nia.get("/patients/undo-1/ward"), "step")
    path = "/patients/undo-1/ward/undo"
    answers = many_at_once(
        2, lambda nth: post((ward.nia, ward.dan)[nth], path, step=step)
    )
    assert {status for status, _ in answers} == {303}
    [stay] = stays(ward.program, "undo-1")
    assert stay["location"][1]["status"] == "active"
    assert ward.program.get("Procedure/undo-1-level").json["status"] == "in-progress"
    bed = ward.program.get(f"Location/{bed_id('heron', 'Undo 1')}").json
    assert bed["operationalStatus"]["code"] == "U"
    version = stay["meta"]["versionId"]
    assert post(ward.nia, path, step=step)[0] == 303
    [same] = stays(ward.program, "undo-1")
    assert same["meta"]["versionId"] == version


def test_what_a_program_wrote_since_is_not_undone(ward: Ward) -> None:
    put_beds(ward.program, "heron", "Undo 2")
    put_in_bed(ward.program, "undo-2", "Overtaken", "Undo 2")
    path = "/patients/undo-2/ward/undo"
    page = ward.nia.get("/patients/undo-2/ward")
    post(
        ward.nia,
        "/patients/undo-2/ward/expected",
        version=value(page, "version"),
        **{"leaving-day": "24", "leaving-month": "12", "leaving-year": "2099"},
    )
    step = value(ward.nia.get("/patients/undo-2/ward"), "step")
    [stay] = stays(ward.program, "undo-2")
    ward.program.put({**stay, "reasonCode": [{"text": "Changed by a program"}]})
    post(ward.nia, path, step=step)
    [stay] = stays(ward.program, "undo-2")
    assert stay["reasonCode"] == [{"text": "Changed by a program"}]
    assert "2099-12-24" in str(stay["extension"])


def test_a_bed_in_which_somebody_lies_is_not_closed_and_a_closed_one_not_used(
    ward: Ward,
) -> None:
    put_beds(ward.program, "heron", "Shut 1", "Shut 2")
    put_in_bed(ward.program, "shut-1", "Shutin", "Shut 1")
    taken, free = (bed_id("heron", one) for one in ("Shut 1", "Shut 2"))
    post(ward.nia, f"/wards/heron/beds/{taken}", state="closed")
    bed = ward.program.get(f"Location/{taken}").json
    assert bed["operationalStatus"]["code"] == "U"
    post(ward.nia, f"/wards/heron/beds/{free}", state="closed")
    ward.program.put(patient("shut-2", "Shutout"))
    token = ward.stack.sign_in(HOME, ["shut-2"], role="ward_nurse")
    with closing(Visitor(ward.stack.port, token)) as visitor:
        path = "/patients/shut-2/ward/admit"
        assert post(visitor, path, which=new_uuid(), bed=free)[0] == 422
    assert stays(ward.program, "shut-2") == []


def test_people_admitted_while_processes_are_killed_are_there_once(ward: Ward) -> None:
    people = [f"killed-{nth}" for nth in range(8)]
    put_beds(ward.program, "heron", *(f"Kill {nth}" for nth in range(8)))
    for one in people:
        ward.program.put(patient(one, f"Name{one}"))
    token = ward.stack.sign_in(HOME, people, role="ward_nurse")
    killed: list[str] = []
    is_over = threading.Event()
    killer = threading.Thread(target=kills, args=(ward.stack, killed, is_over))
    killer.start()
    which = {one: new_uuid() for one in people}
    try:
        while killer.is_alive():  # whoever pressed presses again
            for nth, who in enumerate(people):
                admits(
                    ward.stack, token, who, which[who], bed_id("heron", f"Kill {nth}")
                )
    finally:
        is_over.set()
        killer.join()
    ward.stack.await_ready()
    assert {"web", "warden", "database"} <= set(killed), killed
    for nth, who in enumerate(people):
        [stay] = stays(ward.program, who)
        assert f"Kill {nth}" in str(stay["location"])


def admits(stack: Served, token: str, who: str, which: str, bed: str) -> None:
    def is_done() -> bool:
        with suppress(OSError), closing(Visitor(stack.port, token)) as visitor:
            path = f"/patients/{who}/ward/admit"
            status, _ = post(visitor, path, which=which, bed=bed)
            time.sleep(0.05)
            return status == 303
        return False

    eventually(is_done, stack.log)
