# SPDX-License-Identifier: Apache-2.0
"""Drills on prescriptions and special notes: what a stolen session does with them.

The real processes over HTTP. A thief has the cookie of a clinician and no passkey.
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.prescribing import AMOXICILLIN, DIAZEPAM, ITEMS, typed
from support.program import Program
from support.served import Served, served
from support.urgent import Desk, queue_places, whole_call
from support.ward_beds import now
from support.warden import RunningWarden
from support.wards import Worker, practitioner
from wardkeep.base.ids import new_uuid
from wardkeep.disclosure.answers import Done, SessionView
from wardkeep.disclosure.questions import CheckSession, SetWork
from wardkeep.fhir.prescriptions.formulary import item_content
from wardkeep.fhir.urgent.queueing import place_of
from wardkeep.fhir.urgent.special_note import note_in

HOME = "fernhill"
CLINICIAN = "urgent_care_clinician"
PEOPLE = (
    Worker(CLINICIAN, "Ann Advice", "ann"),
    Worker(CLINICIAN, "Ben Both", "ben"),
    Worker("health_advisor", "Tim Taker", "tim"),
)
SEE_OTHER, FORBIDDEN, MISSING, CONFLICT, WRONG = 303, 403, 404, 409, 422
Json = dict[str, Any]


class Room(NamedTuple):
    """A stack, two clinicians, a call taker, and a program."""

    program: Program
    ann: Desk
    ben: Desk
    tim: Desk


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with served(tmp_path_factory.mktemp("rx")) as stack:
        stack.found(HOME)
        keys: Path = tmp_path_factory.mktemp("keys")
        with closing(Program(stack, keys, organisation=HOME)) as program:
            for one in (*queue_places(), *map(practitioner, PEOPLE)):
                program.put(one)
            for item in ITEMS:
                program.put(item_content(item))
            tokens = [stack.sign_in(HOME, [], role=one.role) for one in PEOPLE]
            asyncio.run(_work(stack, tokens))
            desks = [Desk(stack.port, token) for token in tokens]
            try:
                yield Room(program, *desks)
            finally:
                for desk in desks:
                    desk.close()


async def _work(stack: Served, tokens: list[str]) -> None:
    """Who they are, and that all of them work in the pharmacists' queue."""
    warden = RunningWarden(stack, None)  # type: ignore[arg-type]
    accounts = []
    for token in tokens:
        seen = await warden.door.ask(CheckSession(token), SessionView)
        assert isinstance(seen, SessionView)
        accounts.append(seen.account)
    who = tuple(
        (one, (f"Practitioner/{worker.practitioner}",))
        for one, worker in zip(accounts, PEOPLE, strict=True)
    )
    teams = (("Pharmacists", (place_of("pharmacist"),), tuple(accounts)),)
    assert await warden.operator.ask(SetWork(HOME, who, teams), Done) == Done()
    await warden.door.close()
    await warden.operator.close()


def ring(room: Room, id_: str) -> str:
    """Somebody asked for a medicine, and waits; the address of their case."""
    given = now() - timedelta(minutes=5)
    for one in whole_call(id_, "prescription-next-day", given=given):
        room.program.put(one)
    return f"/urgent-queue/cases/{id_}-entry"


def version(room: Room, reference: str) -> str:
    return str(room.program.get(reference).json["meta"]["versionId"])


def written(room: Room, patient: str) -> list[Json]:
    return room.program.search("MedicationRequest", ("patient", patient)).resources


def prescribe(desk: Desk, patient: str, **form: str) -> tuple[int, str, bytes]:
    fields = {"which": new_uuid()} | form
    entry = fields.pop("entry", "")
    below = f"for/{entry}" if entry else "new"
    return desk.press(f"/patients/{patient}/prescriptions/{below}", fields)


def test_a_stolen_session_alone_neither_prints_nor_gives_a_controlled_drug(
    room: Room,
) -> None:
    case = ring(room, "amber")
    for nth, step in enumerate(("take", "reach"), 1):
        assert (
            room.ann.press(f"{case}/do/{step}", {"version": str(nth)})[0] == SEE_OTHER
        )
    form = typed(DIAZEPAM, entry="amber-entry")
    status, to, page = prescribe(room.ann, "amber", **form)
    assert status == SEE_OTHER, page[-3000:]
    rx = to.partition("?")[0]
    [stored] = written(room, "amber")
    assert stored["status"] == "draft"
    # Both cookies are stolen, and no passkey: each tries all that there is
    for thief in (room.ann, room.ben):
        fields = {"version": version(room, f"MedicationRequest/{stored['id']}")}
        packet = {"batch": "B7", "expires-month": "8", "expires-year": "2028"}
        assert thief.press(f"{rx}/print", fields)[0] == CONFLICT
        assert thief.press(f"{rx}/give", fields | packet)[0] == CONFLICT
        said, to, page = thief.press(f"{rx}/signed", fields)
        assert said in (FORBIDDEN, CONFLICT), (said, to, page[-2000:])
    # Whoever looks after the queue sees that it waits
    assert room.program.get("Task/amber-entry").json["status"] == "on-hold"
    [after] = written(room, "amber")
    assert after["meta"]["versionId"] == "1"
    assert not room.program.search("MedicationDispense", ("patient", "amber")).ids
    shown = room.ben.get(rx).decode()
    assert "Waits for its prescriber’s signature" in shown
    assert "Print this prescription" not in shown


def test_a_request_is_answered_and_closed_at_once_and_only_by_whoever_has_it(
    room: Room,
) -> None:
    case = ring(room, "birch")
    entry = {"entry": "birch-entry", **typed(AMOXICILLIN)}
    # Ben has the case: Ann's session neither answers it nor closes it
    taken = room.ben.press(f"{case}/do/take", {"version": "1"})
    assert taken[0] == SEE_OTHER
    status, _, page = prescribe(room.ann, "birch", **entry)
    assert status == WRONG
    assert "The request is not yours" in page.decode()
    assert not written(room, "birch")
    # A case of one patient answers nothing of another
    ring(room, "cedar")
    assert prescribe(room.ben, "cedar", **entry)[0] == MISSING
    which = new_uuid()
    first = prescribe(room.ben, "birch", **entry, which=which)
    again = prescribe(room.ben, "birch", **entry, which=which)
    assert first[0] == again[0] == SEE_OTHER
    assert "said=written" in first[1]
    assert "said=already" in again[1]
    [one] = written(room, "birch")
    assert one["status"] == "active"
    states = {
        reference: room.program.get(reference).json["status"]
        for reference in (
            "Task/birch-entry",
            "ServiceRequest/birch-outcome",
            "Encounter/birch-case",
        )
    }
    assert set(states.values()) == {"completed", "finished"}, states


def test_what_was_printed_is_not_given_too_and_a_stale_page_does_nothing(
    room: Room,
) -> None:
    ring(room, "dill")
    _, to, _ = prescribe(room.ann, "dill", **typed(AMOXICILLIN))
    rx = to.partition("?")[0]
    status, _, page = room.ann.press(f"{rx}/print", {"version": "1"})
    assert status == 200
    paper = page.decode()
    assert "approved stationery" in paper
    assert "Signature of the prescriber" in paper
    assert re.search(r"entry [0-9,]+", paper)
    packet = {"batch": "B7", "expires-month": "8", "expires-year": "2028"}
    assert room.ben.press(f"{rx}/give", {"version": "2", **packet})[0] == CONFLICT
    stale = room.ben.press(f"{rx}/cancel", {"version": "1", "word": "Wrong dose"})
    assert "said=changed" in stale[1]
    gone = room.ben.press(f"{rx}/cancel", {"version": "2", "word": "Wrong dose"})
    assert "said=cancelled" in gone[1]
    # Who cancelled it takes it back, and nobody else
    assert room.ann.press(f"{rx}/undo", {"version": "3"})[0] == CONFLICT
    assert "said=undone" in room.ben.press(f"{rx}/undo", {"version": "3"})[1]
    [one] = written(room, "dill")
    assert one["status"] == "active"


def test_a_stranger_is_not_prescribed_for_and_a_call_taker_prescribes_nothing(
    room: Room,
) -> None:
    room.program.put({"resourceType": "Patient", "id": "stranger", "active": True})
    status, to, _ = prescribe(room.ann, "stranger", **typed(AMOXICILLIN))
    assert (status, to) == (SEE_OTHER, "/patients/stranger")
    assert not written(room, "stranger")
    ring(room, "elder")
    assert prescribe(room.tim, "elder", **typed(AMOXICILLIN))[0] == FORBIDDEN
    note = {"which": new_uuid(), "category": "SS", "words": "A gun."}
    refused = room.tim.press("/patients/elder/special-notes/new", note)
    assert refused[0] == FORBIDDEN


def test_a_false_note_says_who_wrote_it_and_who_took_it_off(room: Room) -> None:
    ring(room, "fern")
    later = now() + timedelta(days=60)
    note = {
        "which": new_uuid(),
        "category": "SS",
        "words": "A man with a gun lives here.",
        "audience": "crews",
        "owner": "Nobody",
        "review-day": str(later.day),
        "review-month": str(later.month),
        "review-year": str(later.year),
        # What a form does not have is not believed
        "author": "Practitioner/ben",
    }
    status, to, page = room.ann.press("/patients/fern/special-notes/new", note)
    assert status == SEE_OTHER, page[-3000:]
    at = to.partition("?")[0]
    shown = room.ben.get(at).decode()
    assert "A man with a gun lives here." in shown
    assert "Written by" in shown
    said = room.ben.press(
        f"{at}/mistake", {"version": "1", "word": "Rang: it is not so"}
    )
    assert "said=mistake" in said[1]
    [flag] = room.program.search("Flag", ("patient", "fern")).resources
    assert flag["status"] == "entered-in-error"
    assert flag["author"]["reference"] == "Practitioner/ann"
    shown = room.ann.get(at).decode()
    assert "Marked as a mistake: Rang: it is not so" in shown
    kept = note_in(flag)
    assert kept is not None
    whose = [one.by.reference for one in kept.steps]
    assert whose == ["Practitioner/ann", "Practitioner/ben"]
