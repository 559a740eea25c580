# SPDX-License-Identifier: Apache-2.0
"""A journey as the record has it: a call, a clinician who rang back, and what came."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from wardkeep.base.nhs_number import SYSTEM as NHS_NUMBER
from wardkeep.fhir.bars.building import ODS
from wardkeep.fhir.model.person import Person
from wardkeep.fhir.post.journey import Journey, Surgery, journey_of
from wardkeep.fhir.urgent import outcome
from wardkeep.fhir.urgent.case import OPEN, OVER, Case, Outcome, case_content
from wardkeep.fhir.urgent.disposition import DISPOSITIONS
from wardkeep.fhir.urgent.moving import advance
from wardkeep.fhir.urgent.queueing import Did, Entry, entry_content, entry_in, queued
from wardkeep.fhir.urgent.steps import Step

Json = dict[str, Any]
BEGAN = datetime(2026, 11, 28, 19, 30, tzinfo=UTC)
TESS = Person("Practitioner/tess", "Tess Taker")
ANN = Person("Practitioner/ann", "Ann Advice")
PUDDLE = Surgery(code="Y99999", name="Puddle Lane Surgery")
MINUTE = timedelta(minutes=1)


def patient(id_: str = "pat", *, surgery: str = PUDDLE.code) -> Json:
    """Somebody who is registered with Puddle Lane."""
    made: Json = {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": NHS_NUMBER, "value": "9990000042"}],
        "name": [{"use": "official", "family": "Quillfeather", "given": ["Test"]}],
        "gender": "female",
        "birthDate": "1950-02-03",
        "address": [{"line": ["1 Secret Lane"], "postalCode": "XX1 1XX"}],
        "telecom": [{"system": "phone", "value": "07700900123"}],
    }
    if surgery:
        identifier = {"system": ODS, "value": surgery}
        named = {"identifier": identifier, "display": PUDDLE.name}
        made["generalPractitioner"] = [named]
    return made


def case(
    id_: str = "pat", code: str = "clinician-1h", *, is_over: bool = False
) -> Json:
    """The case of a call that came to something five minutes after it was answered."""
    at = BEGAN + 5 * MINUTE
    said = Case(
        id=f"{id_}-case",
        patient=id_,
        began=BEGAN,
        taker=TESS,
        number="07700900123",
        is_patient=False,
        caller="Anne Quillfeather",
        relation="daughter",
        complaint="Chest pain since noon,\nnow <worse> & sweating",
        status=OVER if is_over else OPEN,
        ended=at + 20 * MINUTE if is_over else None,
        outcome=Outcome(
            code=code,
            at=at,
            said="A clinician rings back.",
            advice="Ring 999 if she cannot breathe.",
            by=TESS,
        ),
    )
    return case_content(said)


def waited(
    id_: str = "pat", code: str = "clinician-1h", *, at: datetime = BEGAN + 5 * MINUTE
) -> tuple[Json, Entry]:
    """What the call came to, and its place in a queue."""
    made = queued(
        f"{id_}-case", id_, DISPOSITIONS[code], given=at, author=TESS, why="Chest pain"
    )
    entry = entry_in(made[1])
    assert entry is not None
    named = {**made[0], "id": f"{id_}-first"}
    entry = msgspec.structs.replace(entry, id=f"{id_}-entry", outcome=named["id"])
    return named, entry


def stepped(entry: Entry, *steps: tuple[Step, str], minutes: int = 5) -> Entry:
    """Ann takes each step, so many minutes after the one before."""
    for nth, (step, words) in enumerate(steps, 1):
        at = entry.given + nth * minutes * MINUTE
        moved = advance(entry, Did(step=step, at=at, by=ANN, words=words))
        assert isinstance(moved, Entry), moved
        entry = moved
    return entry


def whole(code: str = "own-surgery-24h", id_: str = "pat") -> list[Json]:
    """All of a journey that ended with a clinician: rung back, and told what to do."""
    first, entry = waited(id_)
    entry = stepped(
        entry,
        (Step.TAKE, ""),
        (Step.REACH, ""),
        (Step.COMFORT, "Feels no worse."),
        (Step.END, f"{DISPOSITIONS[code].words}. Muscular, by examination."),
    )
    last = queued(
        f"{id_}-case",
        id_,
        DISPOSITIONS[code],
        given=entry.did[-1].at,
        author=ANN,
        why="Downgraded: muscular",
        replaces=str(first["id"]),
    )
    assert len(last) == 1, "nobody waits for it"
    return [
        patient(id_),
        case(id_, is_over=True),
        {**first, "status": outcome.COMPLETED},
        entry_content(entry),
        {**last[0], "id": f"{id_}-last"},
    ]


def journey(resources: list[Json], id_: str = "pat") -> Journey:
    found = journey_of(f"{id_}-case", resources)
    assert found is not None
    return found
