# SPDX-License-Identifier: Apache-2.0
"""Drills on what urgent care's people put right, and on whoever would hide a patient.

An end is taken back, times are set, a warning is taken off.

The real processes over HTTP: web, warden, worker and database.
"""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.clinic_site import row
from support.midday import noon
from support.program import Program
from support.served import Served, served
from support.urgent import Desk, queue_places, whole_call
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.urgent.case import Case
from wardkeep.fhir.urgent.flags import SYSTEM as CATEGORIES
from wardkeep.fhir.urgent.journey import (
    journey_content,
    journey_id,
    of_journey,
)
from wardkeep.fhir.urgent.queueing import Entry, entry_in, place_of
from wardkeep.fhir.urgent.steps import State, Step
from wardkeep.fhir.urgent.times import (
    ID as TIMES_ID,
    Setting,
    setting_content,
    times_of,
)

HOME = "fernhill"
BOARD = "/urgent-queue"
ANN = Worker("urgent_care_clinician", "Ann Advice", "ann")
BEN = Worker("urgent_care_clinician", "Ben Backup", "ben")
LEE = Worker("shift_lead", "Lee Leads", "lee")
NED = Worker("ward_nurse", "Ned Nurse", "ned")
KIT = Worker("receptionist", "Kit Counter", "kit")
PEOPLE = (ANN, BEN, LEE, NED, KIT)
QUEUES = {"clinician": (ANN, BEN, LEE), "pharmacist": (BEN,)}
MINUTE = timedelta(minutes=1)
Json = dict[str, Any]
_NEXT = "select next_at from urgent.entry where entry = $1"
_OPEN = """
select count(*) as many from urgent.entry where case_key = $1 and is_open
"""


class Shift(NamedTuple):
    stack: Served
    program: Program
    of: dict[str, Desk]


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shift]:
    folder: Path = tmp_path_factory.mktemp("ends")
    with (
        noon() as clock,
        served(folder, WARDKEEP_WEB_WORKERS="1", **clock) as stack,
    ):
        stack.found(HOME)
        with closing(Program(stack, folder, organisation=HOME)) as program:
            for one in (*queue_places(), *map(practitioner, PEOPLE)):
                program.put(one)
            mine = ["flagged"]
            tokens = [stack.sign_in(HOME, mine, role=one.role) for one in PEOPLE]
            asyncio.run(put_to_work(stack, tokens))
            desks = [Desk(stack.port, token) for token in tokens]
            names = [one.practitioner for one in PEOPLE]
            try:
                yield Shift(stack, program, dict(zip(names, desks, strict=True)))
            finally:
                for desk in desks:
                    desk.close()


async def put_to_work(stack: Served, tokens: list[str]) -> None:
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    of: dict[str, str] = {}
    for token, one in zip(tokens, PEOPLE, strict=True):
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        of[one.practitioner] = seen.account
    who = tuple((account, (f"Practitioner/{name}",)) for name, account in of.items())
    teams = tuple(
        (skill, (place_of(skill),), tuple(of[one.practitioner] for one in there))
        for skill, there in QUEUES.items()
    )
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def ring(shift: Shift, id_: str, code: str = "clinician-1h") -> str:
    for one in whole_call(id_, code, given=now() - 5 * MINUTE):
        shift.program.put(one)
    return f"{id_}-entry"


def entry(shift: Shift, id_: str) -> Entry:
    found = entry_in(shift.program.get(f"Task/{id_}").json)
    assert found is not None
    return found


def version(shift: Shift, id_: str) -> str:
    return str(shift.program.get(f"Task/{id_}").json["meta"]["versionId"])


def do(shift: Shift, who: str, id_: str, act: str, **fields: str) -> str:
    """Press what the page has now; where it leads."""
    fields.setdefault("version", version(shift, id_))
    path = f"{BOARD}/cases/{id_}/{act}"
    status, to, page = shift.of[who].press(path, fields)
    assert status == 303, (status, page[:3000])
    return to


def consults(shift: Shift, who: str, id_: str) -> None:
    for step in ("take", "reach"):
        do(shift, who, id_, f"do/{step}")


def places_of(shift: Shift, id_: str) -> list[Json]:
    return shift.program.search("Task", ("patient", id_)).resources


def test_an_end_that_moved_a_case_is_taken_back_and_it_waits_in_one_place(
    shift: Shift,
) -> None:
    id_ = ring(shift, "moved")
    consults(shift, "ann", id_)
    to = do(shift, "ann", id_, "end", code="pharmacist-2h", why="Wrong line")
    assert to == f"{BOARD}?of={id_}&said=moved"
    assert f"{BOARD}/cases/{id_}".encode() in shift.of["ann"].get(to)
    assert b"Take the end back" in shift.of["ann"].get(f"{BOARD}/cases/{id_}")
    seen = version(shift, id_)
    assert do(shift, "ann", id_, "take-back").endswith("end-undone")
    again = entry(shift, id_)
    assert (again.state, again.owner.reference) == (
        State.IN_CONSULT,
        "Practitioner/ann",
    )
    assert [one.step for one in again.did][-2:] == [Step.END, Step.UNDO]
    [other] = [one for one in places_of(shift, "moved") if one["id"] != id_]
    assert other["status"] == "cancelled"
    assert row(shift.stack, _OPEN, "Encounter/moved-case")["many"] == 1
    requests = shift.program.search("ServiceRequest", ("patient", "moved")).resources
    assert sorted(one["status"] for one in requests) == ["active", "revoked"]
    # Pressed twice it is once, and then it ends as it was meant to.
    assert do(shift, "ann", id_, "take-back", version=seen).endswith("said=undo")
    to = do(shift, "ann", id_, "end", code="self-care", why="Paracetamol, rest")
    assert "said=ended" in to
    case = shift.program.get("Encounter/moved-case").json
    assert case["status"] == "finished"


def test_an_end_that_closed_a_case_is_taken_back_and_the_case_is_open(
    shift: Shift,
) -> None:
    id_ = ring(shift, "closed")
    known = shift.program.get("Encounter/closed-case").json
    case = Case(id=known["id"], patient="closed", began=now(), taker=Person())
    journey = journey_id(case.id)
    shift.program.put(journey_content(case))
    shift.program.put(of_journey(known, journey))
    consults(shift, "ann", id_)
    before = shift.program.get("Encounter/closed-case").json
    to = do(shift, "ann", id_, "end", code="self-care", why="Rest")
    assert shift.program.get("Encounter/closed-case").json["status"] == "finished"
    assert to == f"{BOARD}?of={id_}&said=ended"
    over = shift.program.get(f"EpisodeOfCare/{journey}").json
    assert over["status"] == "finished"
    assert do(shift, "ann", id_, "take-back").endswith("end-undone")
    after = shift.program.get("Encounter/closed-case").json
    assert {**after, "meta": {}} == {**before, "meta": {}}
    assert entry(shift, id_).is_open
    again = shift.program.get(f"EpisodeOfCare/{journey}").json
    assert again["status"] == "active"
    assert "end" not in again["period"]
    # What the surgery would have been told of it does not go.
    waits = "select count(*) as many from bars.outgoing where about = $1 and {}"
    left = "kind = 'document' and dropped_at is null"
    assert row(shift.stack, waits.format(left), "closed-case")["many"] == 0


def test_whoever_looks_too_far_down_the_queue_is_not_told_that_nobody_waits(
    shift: Shift,
) -> None:
    ring(shift, "further")
    page = shift.of["ben"].get(f"{BOARD}?page=9")
    assert b"Nobody waits so far down any more" in page
    assert b"Nothing else waits" not in page
    assert b"Number 181" not in page
    assert b'href="/urgent-queue?page=8"' in page


def test_what_a_colleague_has_taken_is_not_taken_back(shift: Shift) -> None:
    id_ = ring(shift, "acted")
    consults(shift, "ann", id_)
    do(shift, "ann", id_, "end", code="pharmacist-2h", why="Doses")
    [other] = [one for one in places_of(shift, "acted") if one["id"] != id_]
    do(shift, "ben", other["id"], "do/take")
    assert do(shift, "ann", id_, "take-back").endswith("acted-on")
    assert not entry(shift, id_).is_open
    assert entry(shift, other["id"]).owner.reference == "Practitioner/ben"


def test_a_stolen_session_takes_no_end_of_anybody_else_back(shift: Shift) -> None:
    id_ = ring(shift, "theirs")
    consults(shift, "ann", id_)
    do(shift, "ann", id_, "end", code="self-care", why="Rest")
    before = version(shift, id_)
    for who in ("ben", "lee"):
        page = shift.of[who].ask("GET", f"{BOARD}/cases/{id_}")[1]
        assert b"Take the end back" not in page
        assert do(shift, who, id_, "take-back").endswith("too-late")
    path = f"{BOARD}/cases/{id_}/take-back"
    assert shift.of["ned"].press(path, {"version": before})[0] == 403
    assert version(shift, id_) == before


def set_to(shift: Shift, who: str, **changed: str) -> tuple[int, str, bytes]:
    """Set the times as the page sends them, those changed that are named."""
    stored = shift.program.get(f"Basic/{TIMES_ID}")
    seen = stored.json["meta"]["versionId"] if stored.status == 200 else "0"
    usual = {
        "ring-again": "10",
        "attempts": "3",
        "consultation": "60",
        "action": "30",
        "late": "20",
        "road": "60",
        "home": "45",
    }
    fields = {"version": seen, "why": "Agreed on 1 December", **usual, **changed}
    return shift.of[who].press(f"{BOARD}/times", fields)


def test_times_are_set_in_one_place_and_hold_from_the_next_step_on(
    shift: Shift,
) -> None:
    before = ring(shift, "before")
    do(shift, "ann", before, "do/take")
    promised = row(shift.stack, _NEXT, before)["next_at"]
    wrong = set_to(shift, "lee", **{"ring-again": "0", "home": "900"})
    assert wrong[0] == 422
    assert b"between 2 and 60" in wrong[2]
    assert b"between 10 and 90" in wrong[2]
    own = {"ring-again": "4", "attempts": "2", "late": "33"}
    assert set_to(shift, "lee", **own)[1].endswith("kept")
    # The desk's board of who is late goes by the same number
    assert b"late=33" in shift.of["kit"].get("/bases")
    # What was promised before stays; the next step takes the new times along.
    assert row(shift.stack, _NEXT, before)["next_at"] == promised
    do(shift, "ann", before, "do/no-answer")
    rung = entry(shift, before)
    next_at = row(shift.stack, _NEXT, before)["next_at"]
    assert next_at == rung.changed + 4 * MINUTE
    do(shift, "ann", before, "do/no-answer")
    assert entry(shift, before).is_escalated
    page = shift.of["ann"].get(f"{BOARD}/overdue")
    assert b"within 4 minutes" in page
    assert b"These times were set by" in page
    assert b"Agreed on 1 December" in shift.of["ann"].get(f"{BOARD}/times")
    # Put back as it was shipped, a case says nothing of it any more.
    assert set_to(shift, "lee")[1].endswith("kept")
    assert set_to(shift, "lee")[1].endswith("same")
    page = shift.of["ann"].get(f"{BOARD}/times")
    assert b"rung again within 4 minutes" in page
    do(shift, "ben", ring(shift, "after"), "do/take")
    assert "input" not in shift.program.get("Task/after-entry").json


def test_a_thief_sets_no_times_by_another_role_or_by_a_program(shift: Shift) -> None:
    for who in ("ann", "ned"):
        assert set_to(shift, who, home="90")[0] == 403, who
    assert shift.of["ned"].ask("GET", f"{BOARD}/times")[0] == 403
    forged = Setting(
        times=times_of({"home": 90}), by=Person("Practitioner/lee"), at=now(), why="No"
    )
    refused = shift.program.ask("PUT", f"Basic/{TIMES_ID}", setting_content(forged))
    assert refused.status == 422
    assert "shift lead sets that on a page" in refused.words


def flag(id_: str, code: str, **more: object) -> Json:
    return {
        "resourceType": "Flag",
        "id": id_,
        "status": "active",
        "category": [{"coding": [{"system": CATEGORIES, "code": code}]}],
        "code": {"text": f"Dog that bites, {code}"},
        "subject": {"reference": "Patient/flagged"},
        "period": {"start": "2026-01-01"},
        **more,
    }


def test_a_warning_of_the_scene_is_taken_off_by_whoever_may_write_one(
    shift: Shift,
) -> None:
    person = whole_call("flagged", given=now())[0]
    note = {"url": "urn:wardkeep:special-note:owner", "valueString": "Surgery"}
    for one in (
        person,
        flag("scene", "SS"),
        flag("adjust", "RA"),
        flag("noted", "SS", extension=[note]),
    ):
        shift.program.put(one)

    def ends(who: str, id_: str, verb: str = "end") -> int:
        path = f"/patients/flagged/entries/alert/{id_}/{verb}"
        return shift.of[who].press(path, {"version": "1"})[0]

    for verb in ("end", "mistake"):
        assert ends("ned", "scene", verb) == 403, verb
        assert ends("ned", "noted", verb) == 409, verb
        assert ends("lee", "noted", verb) == 409, verb
    assert shift.program.get("Flag/scene").json["status"] == "active"
    assert shift.program.get("Flag/noted").json["status"] == "active"
    page = shift.of["ned"].get("/patients/flagged/entries/alert/scene")
    assert b"stops each call about this person" in page
    assert b"/alert/scene/end" not in page
    # What stops no call is ended by whoever writes in the record, as before.
    assert ends("ned", "adjust") == 303
    assert ends("lee", "scene") == 303
    assert shift.program.get("Flag/scene").json["status"] == "inactive"
    path = "/patients/flagged/entries/alert/scene/undo"
    assert shift.of["ned"].press(path, {"version": "2"})[0] == 403
